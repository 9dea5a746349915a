"""The panels in a blank page in Chromium, both halves real: what is shown, what is pressed, what does not happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from devmesh.vocabulary.requests import CancelTask, ForceRelease, PauseAgent
from devmesh_widgets import Dashboard, EventsPanel, HardwarePanel, LocksPanel, Panel
from devmesh_widgets.rows import AgentRow, EventRow, HeaderRow, Health, LockRow, TaskRow, View, WaitRow
from tests.browser.screen import Screen
from tests.dashboard.payloads import PAYLOADS
from tests.dashboard.rows import Still, agents, events, locks, view
from tests.dashboard.synthetic import SyntheticSource

pytestmark = pytest.mark.browser

OpenScreen = Callable[..., Screen]


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock at zero."""
    return Clock()


def shown(screen: Screen, kind: type[Panel], source: Any) -> Panel:
    """A panel on the screen. The test beats it, no thread does."""
    panel = kind(source)
    panel._pump.add = lambda _: None  # type: ignore[method-assign, assignment]  # the test beats
    screen.show(panel)
    return panel


def words(screen: Screen, selector: str) -> list[str]:
    """The texts of all that match."""
    return [text.strip() for text in screen.page.locator(selector).all_text_contents()]


def test_a_dashboard_shows_the_rows_of_the_source_and_follows_them(open_screen: OpenScreen, clock: Clock) -> None:
    """Agents, tasks, locks, events and the header say what the view says, before and after it changed."""
    screen, source = open_screen(), SyntheticSource(clock=clock)
    shown(screen, Dashboard, source)
    for clock.now in (0.0, 2.0, 7.0):
        screen.deliver()
        now = source.view()
        assert words(screen, ".dm-panel-agents .dm-body .dm-strong") == [row.agent for row in now.agents]
        titles = words(screen, ".dm-panel-tasks .dm-body .dm-row > :nth-child(2)")
        assert sorted(titles) == sorted(row.title for row in now.tasks)
        assert words(screen, ".dm-panel-locks .dm-count") == [str(len(now.locks))]
        assert screen.page.locator(".dm-panel-events .dm-body .dm-row >> nth=0").text_content() is not None
        assert words(screen, ".dm-panel-events .dm-body .dm-row:first-child > :last-child") == [now.events[-1].text]
        assert words(screen, ".dm-counts b")[0] == str(now.header.agents)


@pytest.mark.parametrize("width", [420, 600, 900, 1400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_overflows_at_any_width(open_screen: OpenScreen, clock: Clock, width: int, theme: str) -> None:
    """No scroll bar sideways, and every row ends within its table."""
    screen = open_screen(width=width, theme=theme)
    shown(screen, Dashboard, SyntheticSource(clock=clock))
    too_wide = """() => [document.documentElement, ...document.querySelectorAll('.dm-panel, .dm-grid, .dm-row')]
        .filter((node) => node.scrollWidth > node.clientWidth + 1)
        .map((node) => `${node.className} ${node.scrollWidth} > ${node.clientWidth}`)"""
    assert screen.page.evaluate(too_wide) == []
    cut = """() => [...document.querySelectorAll('.dm-actions button')]
        .filter((node) => node.getBoundingClientRect().right > node.closest('.dm-grid').getBoundingClientRect().right)
        .length"""
    assert screen.page.evaluate(cut) == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_word_has_enough_contrast(open_screen: OpenScreen, clock: Clock, theme: str) -> None:
    """WCAG AA: 4.5 to 1 for text against the sheet it stands on."""
    screen = open_screen(theme=theme)
    source = SyntheticSource(clock=clock)
    source.lose()
    shown(screen, Dashboard, source)
    weak = screen.page.evaluate(CONTRAST)
    assert weak == []


def test_text_of_an_agent_is_only_ever_text(open_screen: OpenScreen) -> None:
    """A corpus of markup, script, terminal control and formulas in every field: nothing fires, nothing is fetched."""
    screen = open_screen()
    shown(screen, Dashboard, Still(_hostile()))
    for button in screen.page.locator(".dm-panel-locks .dm-button").all()[:2]:
        button.click()
    screen.page.mouse.move(300, 300)
    screen.page.wait_for_timeout(200)
    assert screen.page.evaluate("() => window.fired") is None
    assert (
        screen.page.evaluate(
            "() => document.querySelectorAll('.dm-root :is(script, img, iframe, a, style, link, h1)').length"
        )
        == 0
    )
    text = screen.page.locator(".dm-root").inner_text()
    assert "<script>window.fired = 1</script>" in text
    assert not set("\x1b\x07\u202e\u2066\u0000") & set(text)


def _hostile() -> View:
    some = PAYLOADS
    return View(
        now=1.0,
        header=HeaderRow(project=some[0], url=some[1], note=some[2], health=Health.LOST),
        agents=tuple(AgentRow(agent=text, tool=text, model=text, task=1, title=text) for text in some[:9]),
        tasks=tuple(TaskRow(task=n, title=text, agent=text, files=(text,)) for n, text in enumerate(some, 1)),
        locks=tuple(LockRow(token=n, target=text, mode="read", agent=text) for n, text in enumerate(some, 1)),  # type: ignore[arg-type]
        waits=tuple(WaitRow(ticket=n, targets=(text,), mode="read", agent=text) for n, text in enumerate(some, 1)),  # type: ignore[arg-type]
        events=tuple(EventRow(sequence=n, at=0.0, kind="x", agent=text, text=text) for n, text in enumerate(some, 1)),
    )


def test_ten_thousand_locks_are_a_handful_of_nodes(open_screen: OpenScreen) -> None:
    """Only the rows in sight exist, and not many more are in the page; all can be scrolled to, by keyboard too."""
    screen, rows = open_screen(width=700), sorted(locks(10_000), key=lambda row: row.target)
    panel = shown(screen, LocksPanel, Still(view(locks=tuple(rows))))
    assert words(screen, ".dm-count") == ["10,000"]
    assert screen.page.locator(".dm-body .dm-row").count() < 30
    for place, move in ((5_000, "grid.scrollTop = 5000 * 28"), (9_999, "grid.scrollTop = 1e9")):
        screen.page.evaluate(f"() => {{ const grid = document.querySelector('.dm-grid'); {move}; }}")
        row = screen.page.locator(f".dm-body [aria-rowindex='{place + 2}']")
        assert row.locator("xpath=./*[2]").inner_text() == "…"
        screen.page.wait_for_timeout(150)
        screen.deliver()
        assert row.locator("xpath=./*[2]").get_attribute("title") == rows[place].target
        assert row.get_by_role("button").get_attribute("aria-label") == f"Take away the lock on {rows[place].target}"
    assert panel._feed.rows < 500
    screen.page.locator(".dm-grid").first.focus()
    screen.page.keyboard.press("Home")
    screen.page.wait_for_timeout(250)
    screen.deliver()
    assert words(screen, ".dm-body .dm-row:first-child .dm-base") == [rows[0].target.removeprefix("src/")]


def test_a_missing_update_is_asked_for(open_screen: OpenScreen) -> None:
    """The server dropped a message: the front end notices by the number, asks, and is right again."""
    screen, source = open_screen(), Still(view(agents=agents("a")))
    panel = shown(screen, Dashboard, source)
    source.shown = view(agents=agents("a", "b"))
    panel.beat(source.view())
    panel.comm.forget()  # this one is lost
    source.shown = view(agents=agents("a", "b", "c"))
    screen.deliver()
    assert {"kind": "gap"} in screen.said
    screen.deliver()
    assert words(screen, ".dm-panel-agents .dm-body .dm-strong") == ["a", "b", "c"]


def test_a_button_shows_that_it_is_pending_until_the_row_changes(open_screen: OpenScreen, clock: Clock) -> None:
    """Pressed, passed on, done: the mark goes when the agent is paused."""
    screen, source = open_screen(), SyntheticSource(clock=clock)
    shown(screen, Dashboard, source)
    screen.page.get_by_role("button", name="Pause codex-1").click()
    screen.page.evaluate("() => new Promise(requestAnimationFrame)")
    assert words(screen, ".dm-panel-agents .dm-pending") == ["sent"]
    screen.deliver()
    assert source.asked == [PauseAgent(agent="codex-1")]
    assert words(screen, ".dm-pending") == []
    assert screen.page.get_by_role("button", name="Resume codex-1").count() == 1


def test_a_refusal_is_said_beside_the_table(open_screen: OpenScreen) -> None:
    """In the mesh's own words, and the row is as it was."""
    screen, source = open_screen(), Still(view(agents=agents("a")))
    source.refusal = "it is not yours to pause"
    shown(screen, Dashboard, source)
    screen.page.get_by_role("button", name="Pause a").click()
    screen.deliver()
    screen.page.evaluate("() => new Promise(requestAnimationFrame)")
    assert words(screen, ".dm-panel-agents .dm-notice") == ["Pause a: it is not yours to pause"]


def test_a_lock_is_taken_away_only_with_a_reason_and_by_keyboard_too(open_screen: OpenScreen) -> None:
    """Tab to the table, down to the row, tab to its button, Enter, a reason, Enter."""
    screen, source = open_screen(), Still(view(locks=locks(3)))
    shown(screen, LocksPanel, source)
    screen.page.locator(".dm-grid").first.focus()
    for key in ("ArrowDown", "Tab", "Enter"):
        screen.page.keyboard.press(key)
    screen.page.keyboard.press("Enter")  # without a reason nothing is sent
    assert source.asked == []
    screen.page.keyboard.type("its agent hangs")
    screen.page.keyboard.press("Enter")
    screen.deliver()
    assert source.asked == [ForceRelease(token=2, reason="its agent hangs")]


def test_what_ends_work_asks_first(open_screen: OpenScreen, clock: Clock) -> None:
    """Cancel is a question; Escape is no, the button is yes."""
    screen, source = open_screen(), SyntheticSource(clock=clock)
    shown(screen, Dashboard, source)
    button = screen.page.get_by_role("button", name="Cancel #4")
    button.click()
    screen.page.keyboard.press("Escape")
    assert source.asked == []
    button.click()
    screen.page.get_by_role("button", name="Cancel it").click()
    screen.deliver()
    assert source.asked == [CancelTask(task=4, reason="cancelled from the dashboard")]


def test_a_lost_coordinator_is_said_and_so_is_its_return(open_screen: OpenScreen, clock: Clock) -> None:
    """By every panel, also one that shows locks alone."""
    screen, source = open_screen(), SyntheticSource(clock=clock)
    shown(screen, LocksPanel, source)
    assert screen.page.locator(".dm-banner").is_hidden()
    source.lose()
    clock.now += 12.0
    screen.deliver()
    assert words(screen, ".dm-banner")[0].startswith("Coordinator lost 12 s ago")
    source.lose(Health.LIVE)
    screen.deliver()
    assert words(screen, ".dm-banner") == ["The coordinator is back. The rows are live again."]


def test_a_machine_without_a_gpu_says_so(open_screen: OpenScreen, clock: Clock) -> None:
    """In words, without an empty bar."""
    screen = open_screen()
    shown(screen, HardwarePanel, SyntheticSource(clock=clock, gpu=False))
    meter = screen.page.locator(".dm-meter").nth(1)
    assert "No GPU found" in meter.inner_text()
    assert meter.get_by_role("meter").count() == 0


def test_an_empty_mesh_says_what_to_do_next(open_screen: OpenScreen) -> None:
    """With the line to type."""
    screen = open_screen()
    shown(screen, Dashboard, Still(view()))
    assert "%devmesh launch claude" in words(screen, ".dm-panel-agents .dm-empty")[0]
    assert "%devmesh task" in words(screen, ".dm-panel-tasks .dm-empty")[0]


def test_skipped_events_are_counted_in_words(open_screen: OpenScreen) -> None:
    """A burst that no screen can show is not hidden."""
    screen, source = open_screen(), Still(view(events=events(1, 3)))
    shown(screen, EventsPanel, source)
    source.shown = view(events=events(1, 1_003, "x" * 200))
    screen.deliver()
    assert "skipped here" in words(screen, ".dm-note")[0]


def test_a_grid_tells_a_screen_reader_what_it_is(open_screen: OpenScreen, clock: Clock) -> None:
    """Roles, counts, the active row, a name for every button, and rows in the order in which they are seen."""
    screen = open_screen()
    shown(screen, Dashboard, SyntheticSource(clock=clock))
    grid = screen.page.get_by_role("grid", name="Tasks")
    assert grid.get_attribute("aria-rowcount") == "11"
    indices = [int(row.get_attribute("aria-rowindex") or 0) for row in grid.locator(".dm-body [role=row]").all()]
    assert indices == sorted(indices)
    assert (
        grid.locator(f'[id="{grid.get_attribute("aria-activedescendant")}"]').get_attribute("aria-selected") == "true"
    )
    names = [button.get_attribute("aria-label") for button in screen.page.locator(".dm-button").all()]
    assert all(names)


def test_closing_the_view_says_so(open_screen: OpenScreen, clock: Clock) -> None:
    """The panel stops sending."""
    screen = open_screen()
    panel = shown(screen, Dashboard, SyntheticSource(clock=clock))
    screen.page.evaluate("() => window.unmountAll()")
    assert [said["kind"] for said in screen.said if said["kind"] != "look"] == ["open", "closed"]
    assert not panel._presence.anybody(panel._clock())


CONTRAST = """() => {
  const parse = (text) => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const over = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)' && colour !== 'transparent' && !colour.includes(' / 0')) return colour;
    }
    return 'white';
  };
  const light = (rgb) => rgb.map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, index) => sum + c * [0.2126, 0.7152, 0.0722][index], 0);
  const blend = (front, back) => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    for (const colour of [back, front]) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const found = new Set();
  for (const node of document.querySelectorAll('.dm-root *')) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.getClientRects().length) continue;
    const back = over(node);
    const [a, b] = [light(blend(getComputedStyle(node).color, back)), light(parse(back))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.add(`${node.className} ${ratio.toFixed(2)}`);
  }
  return [...found];
}"""
