"""axe-core finds nothing wrong with the dashboard, nor with any panel alone, in the light and in the dark."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

import devmesh_widgets
from devmesh_widgets import Dashboard, Panel
from tests.browser.screen import Screen
from tests.browser.test_work import OpenScreen, opened, settle
from tests.dashboard.rows import Still, view
from tests.dashboard.working import WorkingSource

pytestmark = pytest.mark.browser

PANELS = sorted(
    (
        kind
        for kind in vars(devmesh_widgets).values()
        if isinstance(kind, type) and issubclass(kind, Panel) and kind is not Panel
    ),
    key=lambda kind: kind.__name__,
)
PAGE_RULES = ("page-has-heading-one", "landmark-one-main", "region")
"Rules about a whole page, which is not ours: a panel stands in a notebook."
TWICE = "landmark-unique"
"What cannot be kept when the same panel is shown twice."


def found(screen: Screen, part: str = ".dm-root", *besides: str) -> list[str]:
    """What axe finds wrong with a part of the page, in words."""
    options = {"resultTypes": ["violations"], "rules": {rule: {"enabled": False} for rule in (*PAGE_RULES, *besides)}}
    violations = Axe().run(screen.page, context=part, options=options).response["violations"]
    return [f"{one['id']}: {node['target']} {node['html'][:120]}" for one in violations for node in one["nodes"]]


@pytest.mark.parametrize("kind", PANELS, ids=lambda kind: kind.__name__)
def test_a_panel_alone_has_no_faults(open_screen: OpenScreen, kind: type[Panel]) -> None:
    """With rows and with none, both on one page, so that no id may be there twice; in the light and in the dark."""
    screen = open_screen(width=900)
    for made in (WorkingSource(clock=lambda: 8.0), Still(view())):
        opened(screen, kind, made)
    for light in ("true", "false"):
        screen.page.evaluate("(light) => { document.body.dataset.jpThemeLight = light; }", light)
        assert found(screen, ".dm-root", TWICE) == []


@pytest.mark.parametrize(("theme", "width"), [("light", 600), ("dark", 1400)])
def test_a_dashboard_at_work_has_no_faults(open_screen: OpenScreen, theme: str, width: int) -> None:
    """All folded out: versions side by side, a search, a fact, questions before actions, a task on every leaf."""
    screen = open_screen(theme=theme, width=width)
    opened(screen)
    for fold in screen.page.locator(".dm-root summary:visible").all():
        fold.click()
    opens_all(screen)
    assert found(screen) == []
    for leaf in screen.page.get_by_role("tab").all():
        leaf.click()
        settle(screen)
        assert found(screen, ".dm-detail") == []
    screen.page.get_by_role("button", name="Board").click()
    screen.page.get_by_role("textbox", name="What is to be done").type("@")
    settle(screen)
    assert found(screen) == []


def opens_all(screen: Screen) -> None:
    """What opens on a press."""
    page = screen.page
    page.get_by_role("button", name="Compare").first.click()
    page.get_by_label("Which events").select_option(label="locks")
    page.locator(".dm-panel-locks .dm-button").first.click()
    page.locator(".dm-panel-agents .dm-button").last.click()
    page.locator(".dm-panel-agents .dm-body .dm-row").first.click()
    page.locator(".dm-panel-tasks .dm-body .dm-row").first.click()
    settle(screen)
    page.get_by_label(re.compile("How .* is shown")).first.select_option(label="Side by side")
    page.locator(".dm-panel-events .dm-body .dm-row:visible").first.click()
    settle(screen)


def test_a_lost_mesh_has_no_faults(open_screen: OpenScreen) -> None:
    """Its banner included."""
    screen = open_screen(theme="dark")
    source = WorkingSource(clock=lambda: 8.0)
    source.lose()
    opened(screen, Dashboard, source)
    assert found(screen) == []
