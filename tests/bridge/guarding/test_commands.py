"""What shell commands would write: told where it can be told, and never taken for told where it cannot."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, strategies

from devmesh.bridge.guarding.commands import told
from devmesh.bridge.guarding.programs import PROGRAMS, QUESTIONS, patched
from devmesh.bridge.guarding.reading import ANY_WORDS, READING

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
    "cp -r sub other": ["other/", "other/x.txt"],
    "cp -r sub/. .": ["x.txt"],
    "cp -r sub/. other": ["other/", "other/x.txt"],
    "mv sub other": ["sub/", "sub/x.txt", "other/", "other/x.txt"],
    "rm -rf sub": ["sub/", "sub/x.txt"],
    "rm -- *.txt": ["a.txt", "b.txt"],
    "cd sub && echo y > ../a.txt": ["a.txt"],
    "touch a.txt; cd sub; cd ..; rm b.txt": ["a.txt", "b.txt"],
    "sed -Ei -e s/a/b/ a.txt": ["a.txt"],
    "uniq -f 1 a.txt c.txt": ["c.txt"],
    "mkdir new && cp a.txt new": ["new", "new/a.txt"],
    "mkdir -p n/m; mv a.txt n/": ["n/m", "a.txt", "n/a.txt"],
    "cp a.txt c.txt && echo y > c.txt": ["c.txt", "c.txt"],
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
    "mv sub y; cd sub; echo x > a.txt",
    "rm -r sub; cd sub; touch a.txt",
    "chmod -R a-x sub; cd sub/; touch a.txt",
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
READS = (
    *("ls", "ls -la src", "ls -1 *.py", "ls -R src", "cat -n a.txt b.txt", "cat src/*.py", "head -5 a.txt", "pwd"),
    *("head -n 20 a.txt", "tail -20 a.txt", "tail -n +5 a.txt", "wc -l src/*.py", "grep -rn 'foo' src", "grep -c x a"),
    *(
        "grep -rn --include=*.py foo .",
        "grep -rnE 'a|b' --include='*.py' --exclude-dir=node_modules .",
        "egrep x a.txt",
    ),
    *('grep -n "^foo$" a.txt', "grep -A3 -B3 x a.txt", "grep -il x *", "grep -rn foo . | grep -v bar | wc -l"),
    *("find . -name '*.py' -not -path './node_modules/*'", "find src -type f -maxdepth 2 -newer a.txt"),
    *("find . \\( -name a -o -name b \\) -print0 | xargs -0 grep -l x", "find . -name '*.ts' -size +10k -mtime -3"),
    *("rg -n 'foo' -g '*.py' src", "rg --files", "rg -l foo", "rg -C3 -i --hidden foo", "git status", "git diff"),
    *("git status --short --branch", "git status --porcelain=v1 -uno", "git diff --stat HEAD~1", "git --version"),
    *("git diff --cached -- src", "git diff main...HEAD --name-only", "git --no-pager log --oneline -10", "git tag"),
    *("git log -p -3 -- src/a.py", "git log --format='%h %s' -n 5", "git log --since=yesterday --author=me"),
    *("git log -S foo --oneline", "git show HEAD:src/a.py", "git show --stat", "git blame -L 1,10 a.txt", "git branch"),
    *("git ls-files", "git ls-files -o --exclude-standard", "git grep -n foo", "git grep -nE 'a|b' -- src"),
    *("git rev-parse --abbrev-ref HEAD", "git branch -a", "git branch --show-current", "git remote -v"),
    *("git stash list", "git describe --tags --always", "git merge-base main HEAD", "git cat-file -p HEAD"),
    *("git rev-list --count HEAD", "git shortlog -sne", "sed -n '1,200p' a.txt", "sed -n '/foo/,/bar/p' a.txt"),
    *("sed 's/a/b/g' a.txt", "sed -n '10p;20p' a.txt", "sort -u a.txt", "sort -k2 -t, -nr a.txt", "sort -rn | head"),
    *("sort a.txt | uniq -c | sort -rn", "uniq -c a.txt", "cut -d, -f1,2 a.txt", "cut -d ' ' -f 2 a.txt", "id"),
    *("tr -d '\\r' < a.txt", "tr a-z A-Z", "diff -u a.txt b.txt", "diff -ru src sub", "diff --brief -r src sub"),
    *("cmp a.txt b.txt", "comm -12 a.txt b.txt", "paste a.txt b.txt", "nl -ba a.txt | sed -n '1,20p'", "stat a.txt"),
    *("stat -c %s a.txt", "file a.txt", "file -b --mime-type a.txt", "du -sh .", "du -sh * | sort -h", "df -h"),
    *('echo "---"', "echo -n x; echo -e 'a\\nb'", "printf '%s\\n' a b", 'printf "x\\n"', "printf '%d\\n' 5"),
    *('printf "%s\\n" "$X"', "test -f a.txt && echo yes", "[ -d src ] || echo no", '[ -z "$HOME" ]', "[ 1 -lt 2 ]"),
    *('[ "$(git rev-parse HEAD)" = x ]', "! [ ! -e a.txt ]", "which python3", "command -v node", "type ls", "whoami"),
    *("uname -a", "date", "date +%Y-%m-%d", "date -u +%s", "date -d yesterday +%F", "hexdump -C a.txt", "od -c a.txt"),
    *("strings a.txt", "md5sum a.txt", "sha256sum a.txt b.txt", "base64 a.txt", "jq . a.json", "jq -r '.a[]' a.json"),
    *(
        "tree -L 2",
        "tree -a -I node_modules",
        "basename a/b.txt .txt",
        "dirname a/b",
        "readlink -f a.txt",
        "seq 5 -1 1",
    ),
    *("realpath a.txt", "ps aux", "ps -eo pid,cmd", "free -h", "uptime", "nproc", "sleep 1", "true", "expr 1 + 2"),
    *("cat $(git ls-files)", "wc -l $(find . -name '*.py')", "echo $?", 'echo "$HOME/x"', 'echo "${HOME}" ${X:-y}'),
    *("echo $((1+2))", "cd src && git diff", "cd src; cat a.py; cd ..; ls", "ls src 2>/dev/null", "ls 2>&1 | head"),
    *("cat <<'EOF'\n$(x)\nEOF", "cat <<EOF\nhello $HOME\nEOF", "TZ=UTC date", "timeout 5 ls", "time ls", "tac a.txt"),
    *("rev a.txt", "fold -w 80 a.txt", "column -s, -t a.txt", "tsort a.txt", "zcat a.gz | head", "(cd src && ls)"),
    *("bash -lc \"sed -n '1,5p' a.txt\"", "ls \\\n  -la", "ls | xargs -n1 basename", "ls | xargs -I{} echo {}"),
    *("python3 --version", "set -euo pipefail; ls", "sort -- *.txt", "git diff -- *.txt", "exit 1"),
)
"What coding agents run all day to look around."
ABBREVIATED = (
    *("sort --o=src/a.py src/b.py", "sort --outp=a.txt b.txt", "sort --output a.txt b.txt", "sort -uoa.txt b.txt"),
    *("sort --compress-prog=./x a.txt", "sort --co=./x a.txt", "sort -T . a.txt", "sort --temp=. a.txt"),
    *("git grep --open='touch x; true' a", "git grep --ope=less a", "git grep -Oless a", "git grep -nOless a"),
    *("date --se=2020-01-01", "date --set 2020-01-01", "date -s 2020-01-01", "date -us 2020-01-01", "date -f x"),
    *("date 010100002020", "date -u 010100002020.00", "file --comp", "file -C -m x", "rg --pre=./x a", "rg -z a"),
    *("tree -o a.txt", "tree -RH. -L 1", "fd -x rm", "fd --exec rm", "fd -l x", "zcat --suffix=x a", "diff --pag a b"),
    *("touch --ref=x a.txt", "cp --targ=sub a.txt", "mv -t sub a.txt", "cp -b a.txt b.txt", "cp --back a.txt b.txt"),
    *("mv -S x a.txt b.txt", "cp -l a.txt b.txt", "cp -s a.txt b.txt", "chmod --refer=a.txt b.txt", "truncate -r a b"),
    *("sed --in-place=.old s/a/b/ a.txt", "sed -i.old s/a/b/ a.txt", "sed -ie s/a/b/ a.txt", "sed -f x a.txt"),
    *("sed --fil=x a.txt", "sed -n '/a/w x' a.txt", "sed 's/a/b/e' a.txt", "sed 's/a/b/gw x' a.txt", "sed W a.txt"),
    *("sed '/a\\/p;s,/w x,,' a.txt", "sed '1e' a.txt", "sed 's/a/b/\nw x' a.txt", "sed s/a*/b/ a.txt", "sed r a.txt"),
    *(
        "find . -delete",
        "find . -fprint x",
        "find . -fprint0 x",
        "find . -fprintf x y",
        "find . -fls x",
        "find . -ok ls",
    ),
    *("find . -okdir ls", "find . -execdir ls", "find . -files0-from x", "find -- . -delete", "find . *"),
    *(
        "xargs -a list cat",
        "xargs -I at cat",
        "xargs -I c cat",
        "xargs git diff",
        "xargs sort",
        "xargs -i rm",
        "xargs [ a",
    ),
    *("xargs sed -n p", "xargs -n1 -- rm", "xargs --arg-file=x cat", "xargs --max-a=1 tee", "xargs printf %s"),
    *("git diff --output=a.txt", "git diff --outp=a.txt", "git log --output a.txt", "git diff --ext-diff"),
    *("git show --textconv a", "git log --show-signature", "git log --format=%G?", "git log --pretty='%h %GG'"),
    *("git cat-file --filters a", "git cat-file --textconv a", "git -c core.pager=./x log", "git -C sub log"),
    *("git --exec-path=. log", "git --config-env=core.pager=X log", "git --git-dir=sub log", "git -p log"),
    *("git --paginate log", "git alias", "git help -w log", "git difftool", "git archive HEAD", "git format-patch -1"),
    *("git bundle create x HEAD", "git branch x", "git tag x", "git remote add x y", "git config a b", "git gc"),
    *(
        "git restore ':/'",
        "git restore '*.txt'",
        "git restore -- ':(top)a.txt'",
        "git checkout -- '*'",
        "git restore gone",
    ),
    *("git restore --source=HEAD a.txt", "git restore --pathspec-from-file=x", "git checkout -- :/"),
    *("uniq --unk a", "tee --output-error=warn a.txt", "dd if=a.txt of=~+/b.txt", "dd conv=x *", "dd of=*.txt"),
    *("strings -T x a", "diff -l a b", "hostname x", "env", "env -S 'rm a.txt'", "less a.txt", "man ls", "more a.txt"),
    *("split a.txt", "csplit a.txt 1", "tar cf x.tar a.txt", "tar xf x.tar", "awk '{print > \"x\"}' a.txt", "ed a.txt"),
    *("awk 'BEGIN{system(\"x\")}'", "perl -e 1", "shuf -o a.txt", "xxd -r a b", "install a b", "rsync a b", "nohup ls"),
    *("python-evil --version", "pythonx -V", "cat --unknown a.txt", "ls --hyperlinkx", "grep --writing x a", "wc -Z a"),
    *("sort *.txt", "sed -n p *.txt", "git diff *.txt", "cp * sub", "mv *.txt sub", "chmod +x *", "rg x *"),
    *("sort $X", "sort ${X}.txt", "git log $X", "git branch $X", 'sort "$X"', "sort -- $X", "diff $X a.txt", "rg $X"),
)
"Options that write, run or set something: in full, abbreviated, in a cluster, as a value; and words that may be one."
EVALUATED = (
    *("printf -v 'a[$(touch x)]' y", 'printf -v x y; echo "${x@P}"', "printf -vx y", "printf '%n' 'a[$(touch x)]'"),
    *("printf $F", 'printf "$F"', "printf *", "printf -- $F", "printf '%d' 'a[$(touch x)]'", "printf '%*d' 1 2"),
    *("test -v 'a[$(touch x)]'", "[ -v 'a[$(touch x)]' ]", "[ ! -v 'a[$(touch x)]' ]", "test -R 'a[$(touch x)]'"),
    *("[ 'a[$(touch x)]' -eq 1 ]", "[ $X 'a[$(touch x)]' ]", '[ "$X" "$Y" ]', "[ $X = 1 ]", "[ -n $X ]", '[ -n "$@" ]'),
    *("[ -f a -a -v 'a[$(touch x)]' ]", "test ! * a", "[ -f *.txt ]", "[ -f a", '[ "$X" -gt 1 ]', "[ a $X b ]"),
    *("[[ -v 'a[$(touch x)]' ]]", "[[ 'a[$(touch x)]' -eq 1 ]]", "[[ -f a ]]", "((x))", "(( a[$(touch x)] ))"),
    *("LANG='a[$(touch x)]'; echo $((LANG))", "LANG='a[$(touch x)]'; echo ${HOME:LANG}", "echo $[LANG]", 'echo "$[1]"'),
    *("echo ${LANG[LC_ALL]}", "echo ${!LANG}", "echo ${!L*}", 'echo "${LANG@P}"', "echo ${LANG@E}", "echo ${LANG@A}"),
    *(
        "echo ${X:=y}",
        "echo ${X=y}",
        "echo ${X:-`touch x`}",
        "echo ${X:-$(touch x)}",
        "echo ${X:-${Y}}",
        "echo $((X+1))",
    ),
    *("echo ${X:-'}' } ; touch x ; echo ${X:-'}'} '", 'echo ${X:-"}"}', "echo ${X:-\\}}", "echo ${X?y}"),
    *(
        "let x=1",
        "declare -n x=y",
        "declare -i x=y",
        "typeset x",
        "local x",
        "readonly x=1",
        "export X=1",
        "unset 'a[x]'",
    ),
    *(
        "read x",
        "mapfile x",
        "readarray x",
        "wait -p 'a[$(touch x)]'",
        "getopts a x",
        "coproc ls",
        "exec ls",
        "trap x 0",
    ),
    *("hash -p ./x ls; ls", "enable -f ./x y", "builtin printf -v x y", "command printf -v x y", "shopt -s dotglob"),
    *("set -k; ls", "set -o allexport", "set -- a", "set -f; rm *.txt", "set -n", "exit 'a[$(touch x)]'", "exit $X"),
    *("X=1", "X=1 ls", "X=$(ls) ls", "GIT_PAGER=./x git log", "PAGER=./x git log", "GIT_DIR=sub git log", "IFS=x ls"),
    *(
        "LESSOPEN='|./x' ls",
        "EDITOR=./x ls",
        "LD_PRELOAD=./x.so ls",
        "PYTHONSTARTUP=x ls",
        "BASH_ENV=./x ls",
        "PATH=. ls",
    ),
    *("GREP_OPTIONS=x grep a", "TAR_OPTIONS=x ls", "RIPGREP_CONFIG_PATH=x rg a", "HOME=. ls", "PS4='$(touch x)' ls"),
    *(
        "LC_ALL='-o a.txt' sort b.txt",
        "LANG=../../x ls",
        "TZ=:/etc/passwd date",
        "LANG=-oa.txt; sort $LANG",
        "TERM=~ ls",
    ),
    *("env GIT_PAGER=./x git log", "timeout 5 env X=1 ls", "time -o a.txt ls", "time$X ls", "!$X ls", "nice -n 5 rm a"),
    *(
        "echo $'x'",
        'echo $"x"',
        "bash -c 'echo '*",
        "bash -c $X",
        "bash -c ls -- x",
        "bash -O extglob -c ls",
        "bash --rcfile x",
    ),
    *('echo "$\\\n(touch x)"', "echo $\\\n(touch x)", "echo x >\\\n> a.txt", "l\\\ns"),
    *("echo `echo \\\\'; touch x; echo \\\\'`", 'echo "`echo \\"a\\"`"', "echo `echo \\`ls\\``"),
    *(
        "echo $(echo a # ) '\n touch x # ' ; ( #\n)",
        "echo $(cat <<E\nx\nE)\ntouch x\ncat <<E\nE\n)",
        "echo $(case a in a) ls;; esac)",
    ),
    *("cat <<E\na\\\nE\necho '\nE\ntouch x\necho '", "cat <<E\n${X@P}\nE", "cat <<E\n$((X))\nE", "cat <<E\n$[X]\nE"),
    *("cat <<$X\na\n$X\n", "cat <<E 'a\nb'\nE\n", "echo a\r#; touch x", "echo x >!a.txt", "echo x > ~+/a.txt"),
    *("echo x > ~-/a.txt", "echo x > ~root/a.txt", "rm [^b].txt", "rm [[:alpha:]].txt", "rm '['ab]*", "rm {a,b}.txt"),
    *(
        "rm {}{,a}",
        "rm /*.txt",
        "cd -P; ls",
        "cd -; ls",
        "cd",
        "cd ~root; ls",
        "cd $X",
        "cp -r .. other",
        "cp -rL sub other",
    ),
)
"Words that the shell evaluates once more, variables that a program obeys, and texts that shells read differently."

DIFFERENT = (
    *("touch e\\", "echo x > f\\", "ls 2>&1$X", "ls >&'$(touch x)'", "ls >& 'a b'", "ls >&$X", 'ls >& "$(touch x)"'),
    *("ls >& -v", "echo x > a*", "echo x > *.txt", "time cd sub; touch e", "${X}cd sub; touch e", "cd$X sub; ls"),
    *("timeout 5$X ls x", "python3 -V$X", "command -v$(x) rm", "time$X touch e", "!$X touch e", "echo x >!a.txt"),
)
"What a random text and the real bash and dash found: read in one way here, and in another there."


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


@pytest.mark.parametrize("command", READS)
def test_what_agents_look_around_with_is_let_through(command: str, folder: Path) -> None:
    """It writes nothing, and is told so."""
    (folder / "src").mkdir()
    found = told(command, folder)
    assert (found.untold, found.writes) == ("", [])


@pytest.mark.parametrize("command", ABBREVIATED + EVALUATED + DIFFERENT)
def test_no_word_goes_through_that_is_not_on_a_list(command: str, folder: Path) -> None:
    """Judged only, never run: some of these set the clock."""
    found = told(command, folder)
    assert found.untold or any("touch x" in command and path.endswith("/x") for path in found.writes)


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
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_python_one_liner_names_what_it_opens(folder: Path) -> None:
    """As far as it stands there; that there may be more is said, too."""
    found = told("python3 -c \"open('a.txt', 'w').write('x'); Path('c.txt').write_text('')\"", folder)
    assert found.writes == [f"{folder}/a.txt", f"{folder}/c.txt"]
    assert found.untold


def test_commands_without_end_inside_a_command_are_untold(folder: Path) -> None:
    """Each is looked at in every folder that the command goes to: that must not take for ever."""
    assert not told("echo " + "$(ls) " * 40, folder).untold
    assert told("echo " + "$(ls) " * 4_000, folder).untold
    assert told("cd sub; cd ..; " * 60 + "echo " + "$(ls) " * 60, folder).untold


def test_a_patch_names_its_files() -> None:
    """Added, updated, deleted, and moved to."""
    text = "*** Begin Patch\n*** Add File: a b.py\n+x\n*** Delete File: c\n*** Update File: d\n*** Move to: e/f\n"
    assert patched(text) == ["a b.py", "c", "d", "e/f"]


def test_no_program_is_in_two_tables() -> None:
    """What writes is not said to write nothing."""
    tables = [*READING, *ANY_WORDS, *PROGRAMS, *QUESTIONS]
    assert len(tables) == len(set(tables))


@given(strategies.text(alphabet="ab.txt \n'\"\\$`(){}<>|&;*#~=cdrm-", max_size=60))
def test_any_text_is_answered(text: str) -> None:
    """Never an exception, whatever a model writes."""
    found = told(text, Path("/nowhere"))
    assert isinstance(found.writes, list)
