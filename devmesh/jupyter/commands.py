"""What may follow `%devmesh`: every sub-command with its words and its help. What each does is `actions`.

`COMMANDS` is the table that parsing, help, completion and the manual read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from devmesh.jupyter import actions, steering
from devmesh.jupyter.actions import Words
from devmesh.jupyter.parsing import Parser, copies, dollars, positive, priority, seconds, tokens
from devmesh.vocabulary.terms import AgentState, QuestionKind, TaskState


class Argument(NamedTuple):
    """One argument of a sub-command, as argparse takes it; `completes` names what Tab offers for it."""

    names: tuple[str, ...]
    options: dict[str, Any]
    completes: str = ""


class Command(NamedTuple):
    """One sub-command."""

    name: str
    help: str
    does: Callable[[Words], object]
    arguments: tuple[Argument, ...] = ()
    examples: tuple[str, ...] = ()


def argument(*names: str, completes: str = "", **options: Any) -> Argument:
    """An argument, written as for argparse."""
    return Argument(names, options, completes)


_PROJECT = argument("--project", default=".", metavar="FOLDER", completes="path", help="the project (default: here)")
_EXAMINED = argument(
    "--project", metavar="FOLDER", completes="path", help="the project (default: that of the mesh, or here)"
)
_QUICK = argument("--quick", action="store_true", help="leave out the CLIs, which take a while")
_REASON = argument("--reason", default="", help="why, for the record")
_FRAME = argument("--df", action="store_true", help="as a DataFrame")
_NUMBERS = argument("tasks", nargs="+", type=positive, metavar="TASK", completes="task", help="task numbers")
_WHICH = argument("which", nargs="+", metavar="TASK|AGENT", completes="either", help="task numbers or agents")

COMMANDS: Final[tuple[Command, ...]] = (
    Command(
        "start",
        "Start a mesh for a project in this kernel: it is returned, and called `mesh` if that name is free.",
        actions.start,
        (_PROJECT, argument("--port", type=int, help="the port to listen on (default: DEVMESH_WS_PORT, or 7700)")),
        ("%devmesh start", "shop = %devmesh start --project ../shop"),
    ),
    Command(
        "connect",
        "Join the mesh that another kernel or `devmesh serve` runs for a project.",
        actions.connect,
        (_PROJECT,),
    ),
    Command("stop", "Send the agents home and stop the mesh.", actions.stop),
    Command(
        "launch",
        "Start agents, each a process of its own. What follows `--` goes to the tool.",
        actions.launch,
        (
            argument("tools", nargs="+", metavar="TOOL", completes="tool", help="claude, codex, gemini, ..."),
            argument("--count", "-n", type=positive, default=1, help="how many of each (default: 1)"),
            argument("--no-wait", action="store_true", help="do not wait until they have joined"),
            argument(
                "--workspace",
                choices=["own", "shared"],
                help="in copies of their own, or in the project itself, where each edit asks for its lock",
            ),
        ),
        (
            "%devmesh launch claude codex",
            "%devmesh launch scripted --count 3",
            "%devmesh launch claude -- --model opus",
        ),
    ),
    Command(
        "dismiss", "Tell an agent to stop and leave.", actions.dismiss, (argument("agent", completes="agent"), _REASON)
    ),
    Command(
        "task",
        "Post a task: the text is the line's, or the cell's under %%devmesh. A number alone shows that task.",
        actions.task,
        (
            argument("prompt", nargs="*", metavar="TEXT", completes="task", help="what is to be done"),
            argument("--title", default="", help="a short name (default: the first line)"),
            argument(
                "--priority", "-p", type=priority, default=3, metavar="1-5", help="1 is the most urgent (default: 3)"
            ),
            argument(
                "--files", nargs="+", default=(), metavar="PATH", completes="file", help="where the work is expected"
            ),
            argument(
                "--after", nargs="+", type=positive, default=(), metavar="TASK", completes="task", help="wait for these"
            ),
            argument("--review", action="store_true", help="a second agent must approve the change"),
            argument("--check", default="", metavar="COMMAND", help="must pass before the change lands"),
            argument(
                "--agents", nargs="+", default=(), metavar="AGENT", completes="agent", help="only these may have it"
            ),
            argument("--time-limit", type=seconds, metavar="TIME", help="for one attempt: 90s, 10m, 2h"),
            argument("--budget-usd", type=dollars, metavar="DOLLARS", help="paused before it costs more"),
            argument("--budget-tokens", type=tokens, metavar="TOKENS", help="paused before it takes more: 50k, 2M"),
            argument("--to", type=copies, default=1, metavar="N|all", help="so many agents do it, to be compared"),
        ),
        (
            '%devmesh task "Fix the failing tests" --priority 1',
            "%%devmesh task --priority 2 --files src/",
            "%devmesh task 3",
        ),
    ),
    Command(
        "wait",
        "Wait until tasks have ended, with progress. Interrupting the cell stops waiting, not the mesh.",
        actions.wait,
        (
            argument(
                "tasks", nargs="*", type=positive, metavar="TASK", completes="task", help="default: all there are"
            ),
            argument("--timeout", type=seconds, metavar="TIME", help="at most so long: 90s, 10m"),
        ),
    ),
    Command("pause", "Stop tasks where they are, or agents altogether.", actions.pause, (_WHICH,)),
    Command("resume", "Let paused tasks or agents go on.", actions.resume, (_WHICH,)),
    Command("cancel", "End tasks; nothing of them lands.", actions.cancel, (_NUMBERS, _REASON)),
    Command("retry", "Queue failed or cancelled tasks again.", actions.retry, (_NUMBERS,)),
    Command(
        "approve",
        "Let a change in review land.",
        actions.approve,
        (argument("change", type=positive, completes="change"), argument("remarks", nargs="*")),
    ),
    Command(
        "send-back",
        "Give a change back to its agent, with remarks.",
        actions.send_back,
        (argument("change", type=positive, completes="change"), argument("remarks", nargs="*")),
    ),
    Command(
        "compare",
        "The copies of a task posted --to several agents: who did what, at what cost.",
        steering.compare,
        (argument("task", type=positive, completes="task"),),
        ("%devmesh compare 4", "%devmesh approve 7    # the change of the best one"),
    ),
    Command(
        "conflicts",
        "What there are two versions of: to compare, approve, send back. With a name: that one.",
        steering.conflicts,
        (
            argument("name", nargs="*", metavar="NAME", completes="conflict", help="such as: change 3"),
            _FRAME,
        ),
        ("%devmesh conflicts change 3",),
    ),
    Command("inbox", "What tools want to know or to be allowed.", steering.inbox, (_FRAME,)),
    Command(
        "answer",
        "Answer a question of the inbox.",
        steering.answer,
        (
            argument("question", type=positive, completes="question"),
            argument("answer", nargs="*", completes="answer", help="the text, or one of its options"),
        ),
        ("%devmesh answer 3 yes",),
    ),
    Command(
        "rule",
        "Answer by rule: whatever matches the glob gets this answer at once. Without words: the rules.",
        steering.rule,
        (
            argument("pattern", nargs="?", help="a glob over the question's text"),
            argument("answer", nargs="*"),
            argument("--kind", choices=[kind.value for kind in QuestionKind], help="only of these (default: all)"),
            argument("--drop", type=positive, metavar="RULE", completes="rule", help="answer so no more"),
        ),
        ("%devmesh rule '*pip install*' no --kind permission", "%devmesh rule --drop 2"),
    ),
    Command(
        "budget",
        "Limit what the mesh, or one task, may spend. Without words: what it may.",
        steering.budget,
        (
            argument("--usd", type=dollars, metavar="DOLLARS"),
            argument("--tokens", type=tokens, metavar="TOKENS", help="20000, 20k or 1.5M"),
            argument("--task", type=positive, completes="task", help="of this task only"),
            argument("--none", action="store_true", help="no limit any more"),
        ),
        ("%devmesh budget --usd 5", "%devmesh budget --tokens 200k --task 3"),
    ),
    Command("costs", "What the tools say they spent.", steering.costs, (_FRAME,)),
    Command("goal", "Ask the architect for a plan towards a goal.", actions.goal, (argument("text", nargs="*"),)),
    Command("status", "How the mesh stands, in a few lines.", actions.status),
    Command("dashboard", "Everything, live.", actions.dashboard),
    Command("command", "The command centre: a form to ask for work.", steering.command),
    Command("replay", "The run played again on the same panels, by a slider.", steering.replay),
    Command(
        "plot",
        "A picture of what was.",
        steering.plot,
        (argument("noun", choices=steering.PICTURED, help="of what"),),
        ("%devmesh plot tasks",),
    ),
    Command(
        "agents",
        "The agents, live.",
        actions.agents,
        (argument("--state", choices=[state.value for state in AgentState], help="only these, as a DataFrame"), _FRAME),
    ),
    Command(
        "tasks",
        "The tasks, live.",
        actions.tasks,
        (argument("--state", choices=[state.value for state in TaskState], help="only these, as a DataFrame"), _FRAME),
    ),
    Command("locks", "The locks and who waits for them, live.", actions.locks, (_FRAME,)),
    Command("hardware", "The memory ledger, live.", actions.hardware),
    Command("files", "Who holds and who changed which file.", actions.files),
    Command(
        "knowledge", "What was found out; with words, a search.", actions.knowledge, (argument("query", nargs="*"),)
    ),
    Command(
        "audit",
        "What happened, as a DataFrame; `verify`: whether the record is whole and unchanged.",
        actions.audit,
        (
            argument(
                "kind", nargs="?", default="*", metavar="KIND", completes="kind", help="a glob: 'lock_*' (default: all)"
            ),
            argument("--since", metavar="TIME", help="only the last 10m, 2h, or since a time"),
            argument("--limit", type=positive, default=10_000, help="at most so many, the newest (default: 10000)"),
            argument("--verify", action="store_true", help="check that the record is whole"),
        ),
        ("%devmesh audit 'lock_*' --since 10m",),
    ),
    Command("tools", "The CLIs: which are here, their versions, how to get the others.", actions.tools),
    Command("doctor", "Whether this machine has what a mesh needs.", actions.doctor, (_EXAMINED, _QUICK)),
    Command(
        "demo",
        "Three scripted agents at work on a sample project, without any model.",
        actions.demo,
        (argument("--folder", completes="path", help="where to put the project (default: build/demo/...)"),),
    ),
)

BY_NAME: Final = {command.name: command for command in COMMANDS}


def parser_of(command: Command) -> Parser:
    """The parser of one sub-command."""
    epilog = "\n".join(("examples:", *(f"  {line}" for line in command.examples))) if command.examples else None
    parser = Parser(prog=f"%devmesh {command.name}", description=command.help, epilog=epilog)
    for each in command.arguments:
        parser.add_argument(*each.names, **each.options)
    return parser


def overview() -> str:
    """The help of the whole magic."""
    width = max(len(command.name) for command in COMMANDS)
    lines = [f"  {command.name:<{width}}  {command.help}" for command in COMMANDS]
    return "\n".join(
        (
            "Several AI coding CLIs on one project at the same time, seen and steered from here.",
            "",
            "  %devmesh COMMAND ...          %devmesh COMMAND --help says more; Tab completes",
            "  %%devmesh task ...            the cell's text is the task",
            "",
            *lines,
            "",
            "$name and {expression} are replaced by their values, as in any magic. The same in Python:",
            "devmesh.start(), mesh.launch(), mesh.post(), mesh.wait(), mesh.stop().",
        )
    )
