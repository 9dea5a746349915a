"""What is fuzzed: every place where text from outside is read, with good inputs to begin from, and its clean errors."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import cycle
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

import msgspec
from msgspec import inspect

from devmesh.audit.proving import Head
from devmesh.bridge.guarding.dialects import wish_of
from devmesh.bridge.guarding.shell import CannotTell, simple_commands
from devmesh.bridge.guarding.wishes import meaning
from devmesh.bridge.tools import catalogue
from devmesh.bridge.tools.reading import OutputReader
from devmesh.bridge.tools.tool import Wish
from devmesh.core.overlap import overlap
from devmesh.core.targets import canonical, covers, divided, is_directory, is_glob, literal_prefix
from devmesh.errors import BadTarget, Malformed, SettingError, StorageError
from devmesh.repository.notebooks import NotMergeable, merge_notebooks
from devmesh.vocabulary import codec
from devmesh.vocabulary.facts import AnyFact
from devmesh.vocabulary.plain import plain
from devmesh.vocabulary.requests import AnyRequest
from tests.repository.test_notebooks import BASE, A, B, C, code, notebook
from tests.vocabulary.malformed import MALFORMED

TRANSCRIPTS = Path(__file__).parents[1] / "bridge" / "tools" / "transcripts"
REGISTRY = Path(catalogue.__file__).parent / catalogue.REGISTRY


class Target(NamedTuple):
    """One reader of foreign text."""

    read: Callable[[bytes], object]
    "Checks what it makes of the input, too."
    corpus: Callable[[], list[bytes]]
    refuses: tuple[type[Exception], ...]
    "The clean errors. Anything else is a traceback."
    inputs: int
    "In each run of the suite."


# ---- the wire


def example(kind: inspect.Type) -> Any:  # noqa: C901, PLR0911 - one case per kind of type
    """The simplest value of a type."""
    match kind:
        case inspect.Metadata():
            return example(kind.type)
        case inspect.StructType():
            made = {field.encode_name: example(field.type) for field in kind.fields}
            return made | ({kind.tag_field: kind.tag} if kind.tag_field else {})
        case inspect.StrType(pattern=pattern):
            for one in ("a-1", "a" * 40, "a" * 64, "100644", "a/b.py"):
                if pattern is None or re.search(pattern, one):
                    return one
            return "a"
        case inspect.IntType() | inspect.FloatType():
            return kind.ge or 1
        case inspect.BoolType():
            return True
        case inspect.EnumType():
            return next(iter(kind.cls)).value
        case inspect.VarTupleType():
            return [example(kind.item_type)]
        case inspect.UnionType():
            return example(kind.types[0])
    return None


def _requests() -> list[bytes]:
    made = [msgspec.json.encode({"id": 1, "request": example(inspect.type_info(one))}) for one in get_args(AnyRequest)]
    return [*made, *(_bytes(bad.said) for bad in MALFORMED.values() if len(bad.said) < 2000)]


def _facts() -> list[bytes]:
    return [msgspec.json.encode(example(inspect.type_info(one))) for one in get_args(AnyFact)]


def _deliveries() -> list[bytes]:
    recorded = [{"sequence": 1, "fact": msgspec.json.decode(one), "now": 1.5} for one in _facts()]
    return [msgspec.json.encode({"facts": [one], "reply_to": 3}) for one in recorded]


def _lines() -> list[bytes]:
    return [msgspec.json.encode({"sequence": 1, "fact": msgspec.json.decode(one)}) for one in _facts()]


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


def _read(decode: Callable[[bytes], Any]) -> Callable[[bytes], object]:
    def read(data: bytes) -> None:
        taken = decode(data)
        again = decode(codec.encode(taken))
        assert again == taken, "what was taken is not what is written"

    return read


# ---- paths


def _targets() -> list[bytes]:
    texts = "src/app.py src/ ./ src/**/*.py a/[[]id]/p.tsx [!a-z]x? **/c nb.ipynb#intro-1 a/b/c/d **/b/**/c C:/x ../x"
    return [text.encode() for text in [*texts.split(), "\u00e9.py", "e\u0301.py", "notes 12:30.md"]]


def _read_target(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    target = canonical(text)
    assert canonical(target) == target, "spelled again it is another"
    assert not target.startswith("/") and "\\" not in target and "\0" not in target  # noqa: PT018 - one claim
    assert ".." not in target.split("/")
    prefix = literal_prefix(target)
    file, cell = divided(target)
    assert overlap(target, target) and overlap(target, "./") and overlap(file, target)  # noqa: PT018 - one claim
    if not is_glob(target) and not is_directory(target) and not cell:
        assert covers(target, "/".join(prefix))


# ---- what tools write


def _transcripts() -> list[bytes]:
    return [
        line
        for path in sorted(TRANSCRIPTS.iterdir())
        if path.suffix in {".out", ".err"}
        for line in path.read_bytes().splitlines(keepends=True)[:60]
        if len(line) < 4000
    ]


@lru_cache
def _tools() -> Iterator[Any]:
    return cycle([catalogue.find(name) for name in sorted(catalogue.load().tools)])


def _read_output(data: bytes) -> None:
    reader = OutputReader(next(_tools()))
    half = len(data) // 2
    said = [*reader.feed(data[:half]), *reader.feed(data[half:]), *reader.end()]
    judgement = reader.judge(len(said) % 2, data[:500].decode(errors="replace"))
    assert "\n" not in judgement.reason
    assert judgement.success or judgement.reason


def _commands() -> list[bytes]:
    texts = [
        "sed -i 's/a/b/' x.py && cat <<EOF > y\nhello $(date)\nEOF\n",
        "echo \"a $HOME\" >> 'b c' 2>&1 | tee d",
        "(cd src; mv a b)",
        "python - <<'E'\nopen('x','w')\nE",
        "for i in 1 2; do rm $i; done",
        "a=1 b=2 env cp x y",
        "git checkout -- .",
        "x() { :; }",
        'bash -c "echo hi > z"',
        "diff <(a) >(b)",
        "echo ${a:-b} `c` $((1+2)) *.py ~/x {a,b}",
        "cat a\\ b;cat 'c'\"d\"",
    ]
    return [text.encode() for text in texts]


_ROOT = Path("/nowhere/project")


def _read_command(data: bytes) -> None:
    text = data.decode(errors="replace")
    wanted = meaning(Wish(name="Bash", command=text), _ROOT)
    assert all(isinstance(path, str) for path in wanted.inside)
    simple_commands(text)


def _wishes() -> list[bytes]:
    made = [
        {
            "tool_name": "Edit",
            "tool_input": {"file_path": "/p/a.py", "old_string": "a", "new_string": "b"},
            "cwd": "/p",
        },
        {"tool_name": "Bash", "tool_input": {"command": "sed -i s/a/b/ x"}, "cwd": "/p"},
        {"toolName": "create", "toolArgs": '{"path": "b.py"}', "cwd": "/p"},
        {"tool": "apply_patch", "args": {"patch": "*** Begin Patch\n*** Update File: a.py\n@@\n-a\n+b\n*** End Patch"}},
        {"name": "write_file", "arguments": {"paths": ["a", "b"], "file": "c"}},
    ]
    return [msgspec.json.encode(one) for one in made]


def _read_wish(data: bytes) -> None:
    try:
        told = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    wish = wish_of(told)
    assert isinstance(wish, Wish)
    meaning(wish, _ROOT)


# ---- files that a person, or a damaged disk, has written


def _tables() -> list[bytes]:
    return [path.read_bytes() for path in sorted(REGISTRY.glob("*.toml")) if path.stat().st_size < 20_000]


def _read_table(data: bytes) -> None:
    tables = catalogue._decoded(data, "tools.toml")
    catalogue._checked(tables, "tools.toml")


def _notebooks() -> list[bytes]:
    return [BASE, notebook(A, B, code("d", "x")), notebook(C, A), notebook(A, minor=4), b"{}"]


def _read_notebook(data: bytes) -> None:
    merged, conflicts = merge_notebooks(
        (BASE, notebook(A, B, code("d", "x")), data), lambda *texts: (texts[1], 1), ("a", "b", "c")
    )
    assert conflicts >= 0
    assert merged.startswith(b"{")


def _read_plain(data: bytes) -> None:
    shown = plain(data.decode("utf-8", "surrogateescape"))
    assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in shown)
    shown.encode("utf-8", "replace")


TARGETS: Final[dict[str, Target]] = {
    "messages of clients": Target(_read(codec.decode_message), _requests, (Malformed,), 330_000),
    "deliveries": Target(_read(codec.decode_delivery), _deliveries, (Malformed,), 110_000),
    "lines of the mirror": Target(_read(codec.decode_recorded), _lines, (Malformed,), 110_000),
    "facts of the record": Target(_read(codec.decode_fact), _facts, (Malformed,), 110_000),
    "lock targets": Target(_read_target, _targets, (BadTarget,), 120_000),
    "what tools write": Target(_read_output, _transcripts, (), 40_000),
    "shell commands": Target(_read_command, _commands, (CannotTell,), 30_000),
    "what hooks are told": Target(_read_wish, _wishes, (Malformed,), 40_000),
    "the user's own tools": Target(_read_table, _tables, (SettingError, tomllib.TOMLDecodeError), 3_000),
    "notebooks": Target(_read_notebook, _notebooks, (NotMergeable,), 2_000),
    "text for a terminal": Target(_read_plain, _transcripts, (), 40_000),
    "heads of a record": Target(
        lambda data: Head.read(data.decode(errors="replace")), lambda: [b"17:" + b"ab" * 32], (StorageError,), 20_000
    ),
}
"Together with the pairs of targets (`test_pairs.py`) more than a million inputs a run."
