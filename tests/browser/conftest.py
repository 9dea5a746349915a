"""A Chromium for the tests that look: one for each file of tests, and only where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from comm.base_comm import CommManager
from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import LAUNCH, MISSING, PROGRAM
from tests.browser.screen import Screen
from tests.dashboard.recorded import recording


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for the tests of one file. No longer: while it is driven, this thread has a running event loop."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**LAUNCH)
        yield browser
        browser.close()


@pytest.fixture
def comms() -> Iterator[CommManager]:
    """A kernel's comms, recorded. None may be open before or after."""
    with recording() as manager:
        yield manager


@pytest.fixture
def open_screen(chromium: Browser, comms: CommManager) -> Iterator[Callable[..., Screen]]:
    """Opens blank pages for panels. At the end nothing of the page went elsewhere, and it complained of nothing."""
    screens: list[Screen] = []

    def open_one(*, theme: str = "light", width: int = 1100, height: int = 1000) -> Screen:
        screens.append(Screen(chromium.new_page(viewport={"width": width, "height": height}), theme=theme))
        return screens[-1]

    yield open_one
    for screen in screens:
        screen.close()
        screen.page.close()
        assert screen.foreign == []
        assert screen.errors == []
