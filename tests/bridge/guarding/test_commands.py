"""What shell commands would write: told where it can be told, and never taken for told where it cannot."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, strategies

from devmesh.bridge.guarding.commands import told
from devmesh.bridge.guarding.programs import PROGRAMS, READING, patched

TOLD = {
    "ls -la": [],
    "cat a.txt | grep -n x | sort -u | head -3": [],
    "cat a.txt > /dev/null 2>&1": [],
    "git status --short && git diff a.txt; git log -3": [],
    "rg -n foo src | wc -l": [],
    "find . -name '*.py' -print": [],
    "sed -n 1,5p a.txt": [],
    'echo "it\'s $HOME"': [],
    "echo $(cat a.txt) `ls`": [],
    "cd sub && cat x.txt": [],
    "test -f a.txt || echo no": [],
    "find . | xargs -0 grep x": [],
    "LC_ALL=C sort a.txt": [],
    "echo x > out.txt": ["out.txt"],
    "echo x>out.txt": ["out.txt"],
    "echo x >> a.txt": ["a.txt"],
    "echo x >| 'with space.txt'": ["with space.txt"],
    "ls nothing 2> err.txt": ["err.txt"],
    "ls &> all.txt": ["all.txt"],
    "ls >& all.txt": ["all.txt"],
    "cat <<EOF > out.txt\ntext > not-this.txt\nEOF\necho y > b.txt": ["out.txt", "b.txt"],
    "cat <<'EOF' | tee -a out.txt\n$(rm a.txt)\nEOF\n": ["out.txt"],
    "tee a.txt b.txt < c.txt": ["a.txt", "b.txt"],
    "sed -i 's/a/b/g' a.txt b.txt": ["a.txt", "b.txt"],
    "sed -i -e s/a/b/ -e 2d a.txt": ["a.txt"],
    "mv a.txt c.txt": ["a.txt", "c.txt"],
    "mv a.txt sub": ["a.txt", "sub/a.txt"],
    "cp a.txt b.txt sub/": ["sub/a.txt", "sub/b.txt"],
    "cp -r sub other": ["other/"],
    "rm -rf sub": ["sub/"],
    "rm *.txt": ["a.txt", "b.txt"],
    "touch new.txt": ["new.txt"],
    "truncate -s 0 a.txt": ["a.txt"],
    "dd if=a.txt of=c.txt": ["c.txt"],
    "chmod +x a.txt": ["a.txt"],
    "git checkout -- a.txt": ["a.txt"],
    "git restore a.txt": ["a.txt"],
    "cd sub && echo y > x.txt": ["sub/x.txt"],
    "(cd sub; echo y > x.txt); echo z > y.txt": ["sub/x.txt", "y.txt"],
    "bash -c 'echo x > a.txt'": ["a.txt"],
    "timeout 5 rm a.txt": ["a.txt"],
    "/bin/rm a.txt": ["a.txt"],
    "echo a; \\\nrm a.txt": ["a.txt"],
    "true && echo x > a.txt & wc a.txt": ["a.txt"],
    "apply_patch '*** Begin Patch\n*** Update File: a.txt\n@@\n-x\n+y\n*** Move to: c.txt\n*** End Patch'": [
        "a.txt",
        "c.txt",
    ],
}
UNTOLD = (
    "pytest -q",
    "make",
    "./script.sh",
    "python x.py",
    "python -c \"open('a.txt', 'w').write('x')\"",
    "sed -i s/a/b/ $FILE",
    "sed 's/a/b/w other.txt' a.txt",
    "sed -n '1e rm a.txt' a.txt",
    "sed 's/a/b/;w other.txt' a.txt",
    "rm $(cat list)",
    "echo $(rm a.txt)",
    "echo `tee a.txt`",
    "echo x > $OUT",
    "echo x > {a,b}.txt",
    "cat <(rm a.txt)",
    "diff x >(tee a.txt)",
    "eval 'rm a.txt'",
    "source x.sh",
    ". x.sh",
    "cat() { rm a.txt; }; cat",
    "alias ls='rm a.txt'",
    "PATH=. ls",
    "GIT_EXTERNAL_DIFF=./x git diff",
    "git diff --output=a.txt",
    "git stash",
    "git checkout main",
    "git apply x.patch",
    "git commit -am x",
    "git reset --hard",
    "git -c core.pager=./x log",
    "find . -delete",
    "find . -exec rm {} +",
    "sort -o a.txt a.txt",
    "sort -uo a.txt a.txt",
    "git grep -nOless x",
    "git stash -p",
    "rg --pre ./x foo",
    "xargs rm < list",
    "if true; then rm a.txt; fi",
    "for f in *; do rm $f; done",
    "while true; do rm a.txt; done",
    "cd $DIR && rm a.txt",
    "cd nowhere && echo x > a.txt",
    "true && cd sub; echo x > a.txt",
    "echo 'unclosed",
    "echo x >",
    "cat <<EOF\n$(rm a.txt)\nEOF\n",
    "cat <<EOF\nnever closed",
    "ln -s /etc/passwd x",
    "curl -o a.txt http://127.0.0.1",
    "bash x.sh",
    'bash -c "$CMD"',
    "$CMD a.txt",
    "c?t a.txt",
    '"$(rm a.txt)"',
    "echo ${X:-$(rm a.txt)}",
    "echo $((`rm a.txt`))",
    "patch -p1 < x.diff",
    "vi a.txt",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two texts and a folder."""
    (tmp_path / "a.txt").write_text("a\n")
    (tmp_path / "b.txt").write_text("b\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.txt").write_text("x\n")
    return tmp_path


@pytest.mark.parametrize("command", TOLD)
def test_what_can_be_told_is_told(command: str, folder: Path) -> None:
    """Every file it would write, and no other."""
    found = told(command, folder)
    assert found.untold == ""
    assert [path.removeprefix(f"{folder}/") for path in found.writes] == TOLD[command]


@pytest.mark.parametrize("command", UNTOLD)
def test_what_cannot_be_told_is_never_taken_for_told(command: str, folder: Path) -> None:
    """With a reason in words."""
    assert told(command, folder).untold


@pytest.mark.parametrize("command", sorted(TOLD))
def test_the_shell_itself_writes_no_other_file(command: str, folder: Path) -> None:
    """The claim against the real bash: whatever changed was told."""
    for program in ("apply_patch", "rg"):
        if re.search(rf"\b{program}\b", command) and shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine")
    before = _contents(folder)
    subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, timeout=20, check=False, stdin=subprocess.DEVNULL
    )
    after = _contents(folder)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    writes = told(command, _fresh(folder, before)).writes
    assert all(
        any(
            f"{folder}/{path}" == one or f"{folder}/{path}".startswith(one if one.endswith("/") else f"{one}/")
            for one in writes
        )
        for path in changed
    ), (changed, writes)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _fresh(folder: Path, contents: dict[str, bytes]) -> Path:
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        path.unlink()
    if (folder / "other").is_dir():
        (folder / "other").rmdir()
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_python_one_liner_names_what_it_opens(folder: Path) -> None:
    """As far as it stands there; that there may be more is said, too."""
    found = told("python3 -c \"open('a.txt', 'w').write('x'); Path('c.txt').write_text('')\"", folder)
    assert found.writes == [f"{folder}/a.txt", f"{folder}/c.txt"]
    assert found.untold


def test_a_patch_names_its_files() -> None:
    """Added, updated, deleted, and moved to."""
    text = "*** Begin Patch\n*** Add File: a b.py\n+x\n*** Delete File: c\n*** Update File: d\n*** Move to: e/f\n"
    assert patched(text) == ["a b.py", "c", "d", "e/f"]


def test_no_program_is_in_both_tables() -> None:
    """What writes is not said to write nothing."""
    assert not READING & PROGRAMS.keys()


@given(strategies.text(alphabet="ab.txt \n'\"\\$`(){}<>|&;*#~=cdrm-", max_size=60))
def test_any_text_is_answered(text: str) -> None:
    """Never an exception, whatever a model writes."""
    found = told(text, Path("/nowhere"))
    assert isinstance(found.writes, list)
