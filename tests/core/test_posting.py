"""What may be asked for, and what is refused with the field that does not fit."""

from __future__ import annotations

from devmesh.core.posting import hopeless
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Limits, Resources
from tests.core.rig import Rig, only


def test_a_task_cannot_depend_on_what_does_not_exist() -> None:
    """An unknown dependency is refused, naming the field."""
    rig = Rig()
    refused = only(rig.say(rig.person(), requests.PostTask(prompt="x", depends_on=(9,))), facts.RequestRefused)
    assert (refused.code, refused.field) == ("UNKNOWN", "depends_on")


def test_a_check_that_no_shell_could_run_is_refused() -> None:
    """A NUL cannot be part of a command, so the task is not taken."""
    rig = Rig()
    refused = only(rig.say(rig.person(), requests.PostTask(prompt="x", check="true\0")), facts.RequestRefused)
    assert (refused.code, refused.field) == ("BAD_REQUEST", "check")


def test_what_no_machine_of_ours_has_is_refused() -> None:
    """More memory than there is at all (Rule 6); what only has to wait is taken."""
    rig = Rig(Limits(total=Resources(ram_gb=8)))
    wish = requests.PostTask(prompt="x", needs=Resources(ram_gb=9))
    refused = only(rig.say(rig.person(), wish), facts.RequestRefused)
    assert (refused.code, refused.field, refused.rule) == ("HARDWARE_FULL", "needs", 6)
    assert rig.post(needs=Resources(ram_gb=8))


def test_a_title_is_the_first_line_where_none_is_given() -> None:
    """At most a hundred characters of it."""
    rig = Rig()
    assert rig.state.tasks[rig.post("Fix it\nand more")].posted.title == "Fix it"
    assert rig.state.tasks[rig.post("x" * 300)].posted.title == "x" * 100


def test_what_will_never_be_done_is_named() -> None:
    """Unknown, failed, cancelled, or a review; a task that may still be done is no reason."""
    rig = Rig()
    task = rig.post()
    turn = Turn(rig.state, rig.now)
    assert hopeless(turn, (task,)) is None
    assert hopeless(turn, (task, 9)) == "task 9 does not exist"
    rig.say(rig.person(), requests.CancelTask(task=task))
    assert hopeless(turn, (task,)) == f"task {task} is cancelled"
