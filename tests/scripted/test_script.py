"""A script reads well in a prompt, and what cannot be read is named by its line."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from devmesh.scripted.performing import GRAMMAR
from devmesh.scripted.script import ScriptError, Step, find_script, parse

PROMPT = """\
Mend the total.

```python
this is no script
```

```script
say first
```
Some words.
~~~script
say second
~~~

```script review
answer fine
```
"""

MISTAKES = {
    "sing": "line 1: no such verb: 'sing'",
    "# nothing\n| text": "line 2: text before the first verb",
    "say x\nwith": "line 2: 'with' needs a text above it",
    "delete": "line 1: delete needs to be told what",
    "replace a.txt\n| old": "line 1: replace takes 2 texts, and has 1",
    "or say x": "line 1: 'or' needs a step above it",
    "delete a.txt\n| text": "line 1: delete takes 0 texts, and has 1",
}


def test_blocks_of_one_kind_are_one_script() -> None:
    """Those for work, those for a review; other code is left alone."""
    assert find_script(PROMPT) == "say first\nsay second"
    assert find_script(PROMPT, "review") == "answer fine"
    assert find_script(PROMPT, "plan") is None


def test_without_a_kind_the_only_script_is_meant() -> None:
    """A prompt for a review alone needs no flag."""
    assert find_script("```script review\nanswer fine\n```") == "answer fine"
    assert find_script("```script review\nx\n```\n```script plan\ny\n```") is None


@pytest.mark.parametrize("margin", ["", "  ", "> ", "> > "])
def test_a_quoted_or_indented_block_is_found(margin: str) -> None:
    """A reviewer is shown the author's prompt as a quotation."""
    quoted = "\n".join(margin + line for line in ("```script", "append a.txt", "|   x", "```", "after"))
    assert find_script(quoted) == "append a.txt\n|   x"


@pytest.mark.parametrize("fence", ["```", "````", "~~~"])
def test_a_script_inside_quoted_data_is_only_text(fence: str) -> None:
    """What another agent wrote is never performed, however it looks."""
    quoted = f"{fence}data\n```script\nsay theirs\n```\n{fence if fence != '```' else ''}\n"
    assert find_script(f"{quoted}\n```script\nsay mine\n```") == "say mine"


def test_a_block_that_is_not_closed_reaches_to_the_end() -> None:
    """A prompt that was cut off is still tried."""
    assert find_script("```script\nsay x\nsay y") == "say x\nsay y"


def test_a_script_is_steps_with_texts_and_alternatives() -> None:
    """The margin is taken off, indentation and empty lines of a text stay, comments go."""
    steps = parse(
        "# a comment\nreplace a b.txt\n|   old\n|\nwith\n|new\n\nor append a b.txt\n| ```\nsay one two", GRAMMAR
    )
    assert steps == (
        Step(
            "replace",
            "a b.txt",
            (("  old", ""), ("new",)),
            2,
            (Step("append", "a b.txt", (("```",),), 8),),
        ),
        Step("say", "one two", (), 10),
    )


def test_a_text_may_be_replaced_by_nothing() -> None:
    """`with` and no line below it removes the old text."""
    (step,) = parse("replace a.txt\n| old\nwith", GRAMMAR)
    assert step.blocks == (("old",), ())


@pytest.mark.parametrize(("text", "said"), MISTAKES.items())
def test_a_mistake_is_named_with_its_line(text: str, said: str) -> None:
    """So that it can be mended in the cell."""
    with pytest.raises(ScriptError) as caught:
        parse(text, GRAMMAR)
    assert str(caught.value).startswith(said)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never another exception."""
    find_script(text)
    with suppress(ScriptError):
        parse(text, GRAMMAR)
