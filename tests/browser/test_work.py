"""Working in the panels, in a blank page in Chromium: ask for work, answer, decide, open a task, search, connect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from devmesh.vocabulary.requests import (
    AnswerQuestion,
    CancelTask,
    DismissAgent,
    PostTask,
    ReprioritiseTask,
    Review,
    SetAnswerRule,
    SetBudget,
    SetGoal,
    ShareDiscovery,
)
from devmesh.vocabulary.terms import AgentState, Budget, LockMode, QuestionKind, TaskState, Verdict
from devmesh_widgets import (
    CommandPanel,
    ConflictsPanel,
    CostsPanel,
    Dashboard,
    EventsPanel,
    InboxPanel,
    KnowledgePanel,
    LocksPanel,
    TasksPanel,
    ToolsPanel,
)
from devmesh_widgets.deeds import Keep, Launch
from devmesh_widgets.rows import AgentRow, ConflictRow, HeaderRow, LockRow, QuestionRow, RuleRow, TaskRow, View, WaitRow
from tests.browser.screen import Screen
from tests.browser.test_panels import CONTRAST, shown, words
from tests.dashboard.payloads import PAYLOADS
from tests.dashboard.rows import Still, view
from tests.dashboard.working import WorkingSource

pytestmark = pytest.mark.browser

OpenScreen = Callable[..., Screen]

TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll('.dm-panel, .dm-row, .dm-card, .dm-detail')]
    .filter((node) => node.scrollWidth > node.clientWidth + 1)
    .map((node) => `${node.className} ${node.scrollWidth} > ${node.clientWidth}`)"""


def source() -> WorkingSource:
    """A mesh that stands still at an eventful moment."""
    return WorkingSource(clock=lambda: 8.0)


def settle(screen: Screen, times: int = 3) -> None:
    """Bring what was asked to the kernel, and its answers to the page."""
    for _ in range(times):
        screen.page.wait_for_timeout(40)
        screen.deliver()


def opened(screen: Screen, kind: Any = Dashboard, made: Any = None) -> Any:
    """A panel on the screen with everything read that it reads by itself; its source."""
    made = made or source()
    shown(screen, kind, made)
    settle(screen)
    return made


# ---- asking for work ----


def test_a_task_is_posted_from_the_command_centre_by_keyboard_alone(open_screen: OpenScreen) -> None:
    """@ offers agents and files; Ctrl+Enter posts; what came of it is said; the field is empty for the next."""
    screen = open_screen()
    made = opened(screen, CommandPanel)
    keys = screen.page.keyboard
    screen.page.get_by_role("textbox", name="What is to be done").focus()
    keys.type("Let @clau")
    settle(screen)
    assert words(screen, ".dm-offer")[0].startswith("claude-1")
    keys.press("Enter")
    keys.type("mend @bask")
    settle(screen)
    keys.press("Tab")
    keys.type("please")
    keys.press("Control+Enter")
    settle(screen)
    (posted,) = made.done
    assert isinstance(posted, PostTask)
    assert posted.prompt == "Let @claude-1 mend @src/shop/basket.py please"
    assert (posted.agents, posted.files, posted.copies, posted.priority) == (
        ("claude-1",), ("src/shop/basket.py",), 1, 3,
    )  # fmt: skip
    assert words(screen, ".dm-panel-command .dm-told") == ["posted task 11"]
    assert screen.page.get_by_role("textbox", name="What is to be done").input_value() == ""


def test_the_fields_of_the_command_centre_are_those_of_the_request(open_screen: OpenScreen) -> None:
    """Priority, review, check, files, a budget, to all; a template fills some; nothing is posted without a text."""
    screen = open_screen()
    made = opened(screen)
    page = screen.page
    page.get_by_role("button", name="Post", exact=True).click()
    assert made.done == []
    assert words(screen, ".dm-panel-command .dm-told") == ["Say what is to be done."]
    page.get_by_label("Start from a usual job").select_option(label="Fix failing tests")
    page.get_by_label("What is to be done").type("the parser's")
    page.get_by_label("Where the work is").fill("src/ tests/")
    page.get_by_label("To agents").fill("all")
    page.get_by_label("Budget, $").fill("2.5")
    page.get_by_label("Priority", exact=True).select_option("1")
    page.get_by_label("a second agent must approve it").check()
    page.get_by_role("button", name="Post", exact=True).click()
    settle(screen)
    (posted,) = made.done
    assert (posted.files, posted.check, posted.priority) == (("src/", "tests/"), "pytest -q", 1)
    assert (posted.copies, posted.review, posted.budget) == (4, True, Budget(dollars=2.5))
    assert posted.prompt.endswith("the parser's")
    page.get_by_label("What is to be done").fill("Make it a shop")
    page.get_by_role("button", name="Let the architect plan it").click()
    settle(screen)
    assert made.done[-1] == SetGoal(text="Make it a shop")


def test_what_was_asked_before_can_be_asked_again(open_screen: OpenScreen) -> None:
    """The list is read when it is opened, and fills the form."""
    screen = open_screen()
    opened(screen, CommandPanel)
    history = screen.page.get_by_label("Ask again for what was asked before")
    history.focus()
    settle(screen)
    history.select_option(label="#3 Write the invoice as PDF")
    assert screen.page.get_by_label("What is to be done").input_value() == "Write the invoice as PDF"
    assert screen.page.get_by_label("Check before it lands").input_value() == "pytest -q"


# ---- answering and deciding ----


def test_a_question_is_answered_by_a_button_and_its_card_goes(open_screen: OpenScreen) -> None:
    """The other stays, with what is typed in it."""
    screen = open_screen()
    made = opened(screen)
    screen.page.get_by_label("Answer to question 2").fill("round them")
    screen.page.get_by_role("button", name="yes", exact=True).click()
    settle(screen)
    assert made.done == [AnswerQuestion(question=1, answer="yes")]
    assert screen.page.locator(".dm-question").count() == 1
    assert screen.page.get_by_label("Answer to question 2").input_value() == "round them"
    screen.page.get_by_label("Answer to question 2").press("Enter")
    settle(screen)
    assert made.done[-1] == AnswerQuestion(question=2, answer="round them")
    assert screen.page.locator(".dm-panel-inbox").is_hidden()


def test_an_answer_can_be_given_for_good(open_screen: OpenScreen) -> None:
    """A rule for this very text; it is listed and can be dropped."""
    screen = open_screen()
    made = opened(screen, InboxPanel)
    card = screen.page.locator(".dm-question").first
    card.get_by_label("always answer this so").check()
    card.get_by_role("button", name="no", exact=True).click()
    settle(screen)
    rule = SetAnswerRule(
        pattern="May I run: pip install python-dateutil", answer="no", question_kind=QuestionKind.PERMISSION
    )
    assert made.done == [rule]
    screen.page.locator(".dm-panel-inbox summary").click()
    assert "→ no" in words(screen, ".dm-rule")[0]
    screen.page.get_by_role("button", name="Drop").click()
    settle(screen)
    assert screen.said[-1]["action"] == "rule.drop" or {"rule.drop"} & {said.get("action") for said in screen.said}


def test_a_change_is_compared_and_approved_or_sent_back_with_remarks(open_screen: OpenScreen) -> None:
    """Base, project and agent side by side; without remarks nothing goes back."""
    screen = open_screen()
    made = opened(screen, ConflictsPanel)
    returned = screen.page.locator(".dm-conflict").nth(1)
    returned.get_by_role("button", name="Compare").click()
    settle(screen)
    returned.get_by_role("combobox").select_option("side")
    assert [text.splitlines()[0] for text in words(screen, ".dm-side pre")] == ["def total(self):"] * 3
    review = screen.page.locator(".dm-conflict").first
    review.get_by_role("button", name="Send back").click()
    assert "remarks" in words(screen, ".dm-conflict .dm-told")[0]
    review.get_by_label("Remarks on change 7").fill("it can exceed the total")
    review.get_by_role("button", name="Send back").click()
    review.get_by_role("button", name="Approve").click()
    settle(screen)
    assert made.asked[-2:] == [
        Review(change=7, verdict=Verdict.CHANGES_WANTED, remarks="it can exceed the total"),
        Review(change=7, verdict=Verdict.APPROVE, remarks="it can exceed the total"),
    ]


def test_every_sort_of_conflict_can_be_decided(open_screen: OpenScreen) -> None:
    """What came back: the project's version stays, after a question. A write behind the gate: kept or undone."""
    screen = open_screen()
    made = opened(screen, ConflictsPanel)
    returned, write = screen.page.locator(".dm-conflict").nth(1), screen.page.locator(".dm-conflict").nth(2)
    for _ in range(2):  # the first opens the question, the second is its answer
        returned.get_by_role("button", name="Keep the project's").last.click()
    write.get_by_role("button", name="Have it undone").click()
    settle(screen)
    write.get_by_role("button", name="Keep it").click()
    settle(screen)
    assert made.asked[-1] == CancelTask(task=4, reason="cancelled from the dashboard")
    undo, keep = made.done
    assert "Undo what that write did" in undo.prompt
    assert (undo.files, undo.priority) == (("src/shop/basket.py",), 2)
    assert keep == Keep(write=1)


# ---- a task opened ----


def test_a_task_is_opened_by_click_and_by_enter_and_closed_by_escape(open_screen: OpenScreen) -> None:
    """Its leaves are tabs that arrows turn; the focus goes back to where it came from."""
    screen = open_screen()
    made = opened(screen, TasksPanel)
    screen.page.locator(".dm-panel-tasks .dm-grid").focus()
    screen.page.keyboard.press("Enter")
    settle(screen)
    assert screen.page.get_by_role("tab", selected=True).inner_text() == "Output"
    assert "20 passed in 0.84s" in screen.page.get_by_role("tabpanel").inner_text()
    screen.page.get_by_role("tab", selected=True).focus()
    screen.page.keyboard.press("ArrowRight")
    settle(screen)
    assert "dm-diff-add" in (screen.page.locator(".dm-diff-line").nth(7).get_attribute("class") or "")
    for name, says in (("Prompt", "Keep the rounding"), ("Bids", "I wrote the basket"), ("Facts", "task posted")):
        screen.page.get_by_role("tab", name=name).click()
        settle(screen)
        assert says in screen.page.get_by_role("tabpanel").inner_text()
    screen.page.get_by_role("tab", name="Check and review").click()
    settle(screen)
    assert "The discount can exceed the total." in screen.page.get_by_role("tabpanel").inner_text()
    screen.page.get_by_label("Priority: 1 is the most urgent").select_option("1")
    settle(screen)
    assert made.done == [ReprioritiseTask(task=1, priority=1)]
    screen.page.keyboard.press("Escape")
    assert screen.page.locator(".dm-detail").is_hidden()
    assert screen.page.evaluate("() => document.activeElement.className") == "dm-grid"


def test_a_change_in_review_is_approved_from_its_diff(open_screen: OpenScreen) -> None:
    """With remarks; the answer is said beside the task."""
    screen = open_screen()
    made = opened(screen, TasksPanel)
    screen.page.locator(".dm-panel-tasks .dm-body .dm-row").first.click()
    screen.page.get_by_role("tab", name="Diff").click()
    settle(screen)
    screen.page.get_by_label("Remarks").fill("good")
    screen.page.get_by_role("button", name="Approve").click()
    settle(screen)
    assert made.done == [Review(change=7, verdict=Verdict.APPROVE, remarks="good")]


def test_the_board_shows_every_task_in_the_column_of_its_state(open_screen: OpenScreen) -> None:
    """And a card opens its task."""
    screen = open_screen()
    made = opened(screen, TasksPanel)
    screen.page.get_by_role("button", name="Board").click()
    settle(screen, 1)
    assert screen.page.locator(".dm-panel-tasks .dm-grid").is_hidden()
    cards = screen.page.locator(".dm-task-card")
    assert cards.count() == len(made.view().tasks)
    assert "#1 Fix the failing parser tests" in screen.page.get_by_label("At work", exact=True).inner_text()
    cards.first.click()
    settle(screen)
    assert screen.page.locator(".dm-detail").is_visible()
    screen.page.get_by_role("button", name="List").click()
    assert screen.page.locator(".dm-panel-tasks .dm-grid").is_visible()


def test_a_board_of_a_thousand_tasks_is_paged_through(open_screen: OpenScreen) -> None:
    """Every task can be reached, few are told, the columns count all of them, and a card far back opens its task."""
    screen = open_screen()
    states = (TaskState.QUEUED, TaskState.WORKING, TaskState.CLAIMED, TaskState.COMPLETED, TaskState.FAILED)
    rows = tuple(TaskRow(task=n, title=f"job {n}", state=states[n % 5], since=float(n)) for n in range(1, 2_001))
    panel = shown(screen, TasksPanel, Still(view(tasks=rows)))
    screen.page.get_by_role("button", name="Board").click()
    settle(screen, 6)
    assert words(screen, ".dm-column-head .dm-count") == ["400", "800", "0", "400", "400"]
    done = screen.page.get_by_label("Done", exact=True)
    assert done.locator(".dm-task-title").first.inner_text() == "#1998 job 1998"
    for _ in range(15):
        done.get_by_role("button", name="Further in Done").click()
        settle(screen, 4)
    assert done.locator(".dm-task-title").last.inner_text() == "#3 job 3"
    assert done.get_by_role("button", name="Further in Done").is_disabled()
    assert screen.page.get_by_label("At work", exact=True).locator(".dm-task-card").count() == 25
    assert panel._feed.rows < 800
    done.locator(".dm-task-card").last.click()
    assert screen.page.get_by_label("Task 3", exact=True).is_visible()


# ---- looking things up ----


def test_events_are_filtered_searched_and_paged_back(open_screen: OpenScreen) -> None:
    """From the record, not only what the page holds; an event opens as it is on record."""
    screen = open_screen()
    made = opened(screen, EventsPanel)
    screen.page.get_by_label("Which events").select_option(label="locks")
    settle(screen)
    assert (made.looked[-1].what, made.looked[-1].key) == ("events", "lock_*")
    screen.page.get_by_label("Search all events").fill("merged")
    screen.page.wait_for_timeout(400)
    settle(screen)
    assert made.looked[-1].words == "merged"
    found = screen.page.get_by_role("grid", name="Events found")
    assert {text.strip() for text in found.locator(".dm-body .dm-row > :last-child").all_text_contents()} == {
        "3 files landed, 1 merged"
    }
    found.locator(".dm-body .dm-row").first.click()
    settle(screen)
    assert '"target": "src/shop/basket.py"' in screen.page.locator(".dm-whole pre").inner_text()
    screen.page.get_by_label("Search all events").fill("")
    screen.page.get_by_label("Which events").select_option("")
    screen.page.wait_for_timeout(400)
    settle(screen)
    assert screen.page.get_by_role("grid", name="Events", exact=True).is_visible()
    screen.page.get_by_role("button", name="Older").click()
    settle(screen)
    assert made.looked[-1].before == min(row.sequence for row in made.view().events)
    screen.page.get_by_role("button", name="Back to now").click()
    settle(screen)
    assert screen.page.get_by_role("grid", name="Events", exact=True).is_visible()


def test_knowledge_is_searched_read_and_shared(open_screen: OpenScreen) -> None:
    """With its source; the text is folded until it is wanted."""
    screen = open_screen()
    made = opened(screen, KnowledgePanel)
    assert words(screen, ".dm-finding strong") == [
        "Prices are stored in cents",
        "pytest needs --import-mode=importlib here",
    ]
    screen.page.locator(".dm-finding summary").first.click()
    assert "price_cents" in screen.page.locator(".dm-finding pre").first.inner_text()
    screen.page.get_by_label("Search what was found out").fill("cents")
    screen.page.wait_for_timeout(400)
    settle(screen)
    assert made.looked[-1].words == "cents"
    screen.page.get_by_text("Share something").click()
    screen.page.get_by_label("Title").fill("Dates")
    screen.page.get_by_label("What was found out", exact=True).fill("are UTC")
    screen.page.get_by_role("button", name="Share").click()
    settle(screen)
    assert made.done == [ShareDiscovery(title="Dates", text="are UTC")]


def test_a_tool_is_connected_and_an_agent_of_it_disconnected(open_screen: OpenScreen) -> None:
    """Those here with their version, the others with how to get them; looked for again when told to."""
    screen = open_screen()
    made = opened(screen, ToolsPanel)
    assert words(screen, ".dm-tools strong")[:3] == ["Claude Code", "Codex CLI", "Gemini CLI"]
    screen.page.get_by_label("How many agents of Codex CLI").select_option("2")
    screen.page.locator(".dm-tool", has_text="Codex CLI").get_by_role("button", name="Connect").click()
    settle(screen)
    assert made.done == [Launch(tool="codex", count=2)]
    screen.page.get_by_role("button", name="claude-1").click()
    settle(screen)
    assert isinstance(made.asked[-1], DismissAgent)
    screen.page.get_by_text("Others, and how to get them").click()
    assert screen.page.get_by_text("uv tool install aider-chat").is_visible()
    screen.page.get_by_role("button", name="Look again").click()
    settle(screen)
    assert made.looked[-1].words == "again"


def test_who_waits_for_whom_is_a_graph_and_where_is_a_heatmap(open_screen: OpenScreen) -> None:
    """The graph says itself to a screen reader; the heat is the tree of the project."""
    screen = open_screen()
    made = WorkingSource(clock=lambda: 0.0)
    waits = (
        WaitRow(ticket=1, targets=("src/",), mode=LockMode.WRITE, agent="codex-1", behind=("claude-1", "gemini-1")),
    )
    still = Still(view(waits=waits))
    still.look, still.do = made.look, made.do  # type: ignore[attr-defined]
    opened(screen, LocksPanel, still)
    label = screen.page.locator(".dm-wait-graph").get_attribute("aria-label") or ""
    assert label == "codex-1 waits for claude-1 (src/); codex-1 waits for gemini-1 (src/)"
    screen.page.get_by_text("Where they got into each other's way").click()
    settle(screen)
    assert words(screen, ".dm-heat-name") == ["src/", "shop/", "basket.py", "search.py"]
    assert words(screen, ".dm-heat-words")[2] == "6 waits · 33 s"


def test_costs_are_shown_and_limited(open_screen: OpenScreen) -> None:
    """By task, dearest first; the budget of the mesh is read and set."""
    screen = open_screen()
    made = opened(screen, CostsPanel)
    assert "$1.37 of $5.00, 184k tokens" in screen.page.locator(".dm-place").inner_text()
    assert words(screen, ".dm-panel-costs .dm-body .dm-row:first-child > :last-child") == ["$0.80"]
    screen.page.get_by_text("Budget of the mesh").click()
    assert screen.page.get_by_label("Dollars").input_value() == "5"
    screen.page.get_by_label("Dollars").fill("8")
    screen.page.get_by_role("button", name="Set").click()
    settle(screen)
    assert made.done == [SetBudget(budget=Budget(dollars=8.0))]


def test_a_parked_agent_says_why_and_when_it_is_tried_again(open_screen: OpenScreen) -> None:
    """In its row; what the canary found is in the badge's hint; it can be resumed at once."""
    screen = open_screen()
    opened(screen)
    assert any(text.startswith("rate limit: 60 requests a minute; again in") for text in words(screen, ".dm-text"))
    hint = screen.page.locator(".dm-panel-agents .dm-cell", has_text="enforced").get_attribute("title") or ""
    assert "shell: refused" in hint
    assert screen.page.get_by_role("button", name="Resume gemini-1").count() == 1


def test_a_mesh_that_cannot_be_asked_says_so(open_screen: OpenScreen) -> None:
    """A picture of a mesh, or one that is replayed: its forms refuse in words, and nothing breaks."""
    screen = open_screen()
    opened(screen, Dashboard, Still(view()))
    screen.page.get_by_label("What is to be done").fill("x")
    screen.page.get_by_role("button", name="Post", exact=True).click()
    settle(screen)
    assert words(screen, ".dm-panel-command .dm-told") == ["only a mesh that runs can be asked this"]


# ---- all of it ----


@pytest.mark.parametrize("width", [420, 600, 900, 1400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_opened_fits_and_can_be_read(open_screen: OpenScreen, width: int, theme: str) -> None:
    """Nothing runs over sideways, every word has contrast, every control has a name."""
    screen = open_screen(width=width, theme=theme)
    opened(screen)
    page = screen.page
    page.locator(".dm-panel-tasks .dm-body .dm-row").first.click()
    page.get_by_role("tab", name="Diff").click()
    page.get_by_role("button", name="Board").click()
    for button in page.locator(".dm-conflict button", has_text="Compare").all():
        button.click()
    for summary in page.locator("summary").all():
        if summary.is_visible():
            summary.click()
    settle(screen)
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate(CONTRAST) == []
    nameless = """() => [...document.querySelectorAll('.dm-root :is(button, input, select, textarea)')]
        .filter((node) => !(node.getAttribute('aria-label') || node.labels?.length || node.textContent.trim()))
        .map((node) => node.outerHTML.slice(0, 80))"""
    assert page.evaluate(nameless) == []


def test_text_of_an_agent_is_only_ever_text_wherever_it_is_looked_up(open_screen: OpenScreen) -> None:
    """The corpus in every row, every lookup and every card: nothing fires, nothing is fetched."""
    screen = open_screen()
    made = Hostile()
    opened(screen, Dashboard, made)
    page = screen.page
    page.locator(".dm-panel-tasks .dm-body .dm-row").first.click()
    for tab in page.get_by_role("tab").all():
        tab.click()
        settle(screen)
    for button in page.locator(".dm-conflict button", has_text="Compare").all()[:6]:
        button.click()
    for summary in page.locator("summary").all():
        if summary.is_visible():
            summary.click()
    page.get_by_label("What is to be done").type("@x")
    page.get_by_label("Search all events").fill("x")
    page.wait_for_timeout(400)
    settle(screen)
    for choice in page.locator(".dm-conflict select").all():
        choice.select_option("side")
    page.get_by_role("button", name="Board").click()
    page.get_by_label("Ask again for what was asked before").focus()
    settle(screen)
    assert page.evaluate("() => window.fired") is None
    foreign = "() => document.querySelectorAll('.dm-root :is(script, img, iframe, a, style, link, h1)').length"
    assert page.evaluate(foreign) == 0
    text = page.locator(".dm-root").inner_text()
    assert text.count("<script>window.fired = 1</script>") > 10
    assert not set("\x1b\x07\u202e\u2066\u0000") & set(text)


class Hostile(Still):
    """Every text in it is one of the corpus."""

    def __init__(self) -> None:
        some = PAYLOADS
        super().__init__(
            View(
                now=1.0,
                header=HeaderRow(project=some[0], discoveries=1),
                agents=tuple(
                    AgentRow(agent=text, tool=text, parked=text, state=AgentState.PARKED, probes=(text,))
                    for text in some[:6]
                ),
                tasks=tuple(TaskRow(task=n, title=text, agent=text, held_up=text) for n, text in enumerate(some, 1)),
                locks=tuple(
                    LockRow(token=n, target=text, mode=LockMode.READ, agent=text) for n, text in enumerate(some, 1)
                ),
                waits=tuple(
                    WaitRow(ticket=n, targets=(text,), mode=LockMode.READ, agent=text, behind=(text, "b"))
                    for n, text in enumerate(some, 1)
                ),
                questions=tuple(
                    QuestionRow(question=n, agent=text, text=text, options=(text, "no") if n % 2 else (), default=text)
                    for n, text in enumerate(some, 1)
                ),
                rules=tuple(RuleRow(rule=n, pattern=text, answer=text, kind=text) for n, text in enumerate(some, 1)),
                conflicts=tuple(
                    ConflictRow(conflict=f"change {n}", title=text, agent=text, message=text, files=(text,), sort=sort)
                    for n, text in enumerate(some, 1)
                    for sort in [("review", "returned", "write")[n % 3]]
                ),
            )
        )

    def look(self, look: Any, told: Callable[[object], None], /) -> None:
        """The corpus, in the shape of what is asked."""
        told(_poisoned(look.what))

    def do(self, request: object, told: Callable[[object], None], /) -> None:
        """Refuse, in the words of the corpus."""
        told(LookupError(PAYLOADS[0]))


def _poisoned(what: str) -> Any:
    from tests.dashboard.working import FOUND

    every = "\n".join(PAYLOADS)
    if what == "paths":
        return list(PAYLOADS)
    if what == "events":
        return [{"sequence": n, "at": 0.0, "kind": text, "agent": text, "task": None, "text": text}
                for n, text in enumerate(PAYLOADS, 1)]  # fmt: skip
    return _replaced(FOUND[what], every)


def _replaced(value: Any, text: str) -> Any:
    if isinstance(value, str):
        return text
    if isinstance(value, list):
        return [_replaced(item, text) for item in value]
    if isinstance(value, dict):
        return {name: _replaced(item, text) for name, item in value.items()}
    return value
