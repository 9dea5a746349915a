"""What runs cost: told as it grows, each part once."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.bridge import spending
from devmesh.bridge.spending import Meter
from devmesh.bridge.tools.tool import UsageCounted
from devmesh.vocabulary.requests import ReportUsage
from tests.bridge.rig import WireServer, linked, serving
from tests.coordinator.rig import looped


def told(server: WireServer) -> list[tuple[int, int, float | None]]:
    """What was reported: tokens read, tokens written, dollars."""
    requests = [message.request for message in server.heard]
    return [(one.input_tokens, one.output_tokens, one.dollars) for one in requests if isinstance(one, ReportUsage)]


@looped
async def test_only_what_came_since_the_last_report_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool says its run's total; two runs of one attempt add up, and nothing is told twice."""
    monkeypatch.setattr(spending, "PERIOD", 60.0)
    async with serving(home) as server, linked(home) as link:
        meter = Meter(link, 1, 1, "gpt")
        meter.begin_run()
        meter.counted(UsageCounted(10, 1, 0.1))
        await server.heard_of(ReportUsage, 1)
        meter.counted(UsageCounted(30, 2, 0.25))
        meter.counted(UsageCounted(40, 3, 0.3))
        await meter.end_run()
        await meter.end_run()
        meter.begin_run()
        meter.conversation = "talk-2"
        meter.counted(UsageCounted(5, 5, 0.5))
        await meter.end_run()
        await meter.close()
        assert told(server) == [(10, 1, 0.1), (30, 2, pytest.approx(0.2)), (5, 5, 0.5)]
        last = (await server.heard_of(ReportUsage, 3))[-1]
        assert (last.model, last.conversation) == ("gpt", "talk-2")


@looped
async def test_a_run_that_goes_on_is_told_of_at_intervals(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without waiting for its end."""
    monkeypatch.setattr(spending, "PERIOD", 0.05)
    async with serving(home) as server, linked(home) as link:
        meter = Meter(link, 1, 1)
        for number in (1, 2, 3):
            meter.counted(UsageCounted(number, 0))
            await server.heard_of(ReportUsage, number)
        assert told(server) == [(1, 0, None)] * 3
        await meter.close()


@looped
async def test_a_figure_that_goes_back_is_not_believed(home: Path) -> None:
    """And one that knows no price is no price of nothing."""
    async with serving(home) as server, linked(home) as link:
        meter = Meter(link, 1, 1)
        meter.counted(UsageCounted(10, 4, 0.5))
        await meter.end_run()
        meter.counted(UsageCounted(6, 5))
        await meter.close()
        assert told(server) == [(10, 4, 0.5), (0, 1, 0.0)]
