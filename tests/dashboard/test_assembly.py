"""A front end is one ES module made of the files of `static/`, which are modules by themselves."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from devmesh_widgets.actions import ACTIONS
from devmesh_widgets.assembly import STATIC, assemble, parts_of, styles
from devmesh_widgets.deeds import DEEDS


def write(folder: Path, **modules: str) -> Path:
    """Modules with these texts."""
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder


def test_each_part_stands_once_before_whoever_needs_it(tmp_path: Path) -> None:
    """Two modules that need a third get it once."""
    folder = write(
        tmp_path,
        top='import { a } from "./left.js";\nimport { b } from "./right.js";\nexport default a + b;\n',
        left='import { c } from "./deep.js";\nexport const a = c;\n',
        right='import { c } from "./deep.js";\nexport const b = c;\n',
        deep="export const c = 1;\n",
    )
    assert parts_of("top.js", folder) == ["deep.js", "left.js", "right.js", "top.js"]
    text = assemble("top.js", folder)
    assert "import" not in text
    assert re.findall(r"^export.*$", text, re.MULTILINE) == ["export default a + b;"]


def test_a_circle_and_a_foreign_import_are_refused(tmp_path: Path) -> None:
    """Neither can be made into one module."""
    write(
        tmp_path,
        a='import { b } from "./b.js";\n',
        b='import { a } from "./a.js";\n',
        c='import x from "https://x/y.js";\n',
    )
    with pytest.raises(ImportError, match=r"a\.js -> b\.js -> a\.js"):
        assemble("a.js", tmp_path)
    with pytest.raises(ImportError, match=r"c\.js imports"):
        assemble("c.js", tmp_path)


def test_every_module_is_part_of_the_panel_and_no_name_is_taken_twice() -> None:
    """In one scope, two functions of one name would be one function."""
    assert {path.name for path in STATIC.glob("*.js")} == set(parts_of("panel.js"))
    names = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", assemble("panel.js"), re.MULTILINE)
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_the_panels_are_small_text_that_asks_for_nothing_from_elsewhere() -> None:
    """Under 160 kB, no address in it but that of SVG's name, and no way to turn text into markup or code."""
    text = assemble("panel.js") + styles()
    assert len(text.encode()) < 160_000
    assert set(re.findall(r"https?://[^\"'\s)]+", text)) == {"http://www.w3.org/2000/svg"}
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "new Function",
        "@import",
        "url(",
    ):
        assert word not in text


def test_every_button_and_every_form_stands_for_a_request() -> None:
    """The verbs and forms of the front end are those of the tables, none more and none less."""
    text = assemble("panel.js")
    verbs = set(re.findall(r'\{ verb: "(\w+)"', text))
    assert verbs == {action.partition(".")[2] for action in ACTIONS}
    assert set(re.findall(r'lookups\.do\("(\w+)"', text)) == set(DEEDS)


def test_the_modules_are_small() -> None:
    """One noun each: at most 270 lines."""
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in STATIC.glob("*.js")}
    assert {name: length for name, length in lengths.items() if length > 270} == {}
