"""Settings come from DEVMESH_* and nowhere else, and what does not fit is said in full."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from devmesh.errors import Code, SettingError
from devmesh.settings import LOCKED_LANES, VARIABLES, Settings, unknown_variables
from devmesh.vocabulary.terms import Lane, Resources

MISFITS = {
    "DEVMESH_WS_PORT": ("77000", "less than or equal to 65535"),
    "DEVMESH_WS_HOST": ("0.0.0.0", "never reachable from another machine"),  # noqa: S104 - refused, that is the point
    "DEVMESH_LOCK_TTL_SEC": ("0", "greater than"),
    "DEVMESH_RAM_GB": ("nan", "finite"),
    "DEVMESH_GPU_VRAM_GB": ("lots", "number"),
    "DEVMESH_PORT_FALLBACK": ("perhaps", "boolean"),
    "DEVMESH_MAX_ATTEMPTS": ("0", "greater than or equal to 1"),
    "DEVMESH_LOG_LEVEL": ("LOUD", "'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'"),
}


def test_without_variables_the_documented_defaults_hold() -> None:
    """Loopback, port 7700, a lease of 30 s renewed every 5 s."""
    settings = Settings.load()
    assert (settings.ws_host, settings.ws_port, settings.http_port, settings.dashboard_port) == (
        "127.0.0.1",
        7700,
        7701,
        7702,
    )
    assert (settings.lock_ttl_sec, settings.heartbeat_sec, settings.orphan_sec) == (30, 5, 120)
    assert (settings.ram_gb, settings.gpu_vram_gb, settings.log_file) == (None, None, None)
    assert settings.locked_lanes == LOCKED_LANES


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Numbers, switches, levels in any case, lists at their commas, paths made absolute."""
    for name, value in {
        "WS_PORT": "0",
        "PORT_FALLBACK": "no",
        "GPU_VRAM_GB": "24",
        "LOG_LEVEL": "debug",
        "LOCKED_LANES": "*.lock, data/** ,",
        "LOG_FILE": "devmesh.log",
    }.items():
        monkeypatch.setenv(f"DEVMESH_{name}", value)
    monkeypatch.chdir(tmp_path)
    settings = Settings.load()
    assert (settings.ws_port, settings.port_fallback, settings.gpu_vram_gb) == (0, False, 24)
    assert (settings.log_level, settings.locked_lanes) == ("DEBUG", ("*.lock", "data/**"))
    assert settings.log_file == tmp_path / "devmesh.log"


def test_a_misspelt_variable_is_known_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tools are told is not misspelt."""
    before = unknown_variables()
    for name in ("DEVMESH_WS_PRT", "DEVMESH_WS_PORT", "DEVMESH_TASK_ID"):
        monkeypatch.setenv(name, "1")
    assert set(unknown_variables()) - set(before) == {"DEVMESH_WS_PRT"}


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """`DEVMESH_WS_PORT= devmesh serve` is no error."""
    monkeypatch.setenv("DEVMESH_WS_PORT", "")
    assert Settings.load().ws_port == 7700


def test_an_argument_goes_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """`devmesh.start(ws_port=0)` means it."""
    monkeypatch.setenv("DEVMESH_WS_PORT", "7800")
    assert Settings.load(ws_port=0).ws_port == 0


@pytest.mark.parametrize(("name", "value", "allowed"), [(name, *rest) for name, rest in MISFITS.items()])
def test_a_misfit_names_the_variable_its_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    """The person can mend it without looking anything up."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as caught:
        Settings.load()
    assert caught.value.field == name
    assert f"{name}={value!r}" in caught.value.message
    assert allowed in caught.value.message
    assert caught.value.code is Code.SETTING


def test_two_heartbeats_fit_into_a_lease() -> None:
    """One lost heartbeat must never cost a lock."""
    with pytest.raises(SettingError, match="at most a third of LOCK_TTL_SEC"):
        Settings.load(lock_ttl_sec=10, heartbeat_sec=4)


def test_an_unknown_setting_is_refused() -> None:
    """A misspelt argument is no silent default."""
    with pytest.raises(SettingError, match="DEVMESH_WS_PROT: there is no such setting"):
        Settings.load(ws_prot=1)


def test_settings_do_not_change() -> None:
    """One frozen value for the whole process."""
    with pytest.raises(ValidationError):
        Settings.load().ws_port = 1  # type: ignore[misc]


def test_the_rules_go_by_the_settings() -> None:
    """Every number of `Limits` that has a variable comes from it."""
    settings = Settings.load(
        lock_ttl_sec=20,
        heartbeat_sec=2,
        heartbeat_grace_sec=7,
        lock_wait_sec=9,
        bid_window_sec=0.1,
        task_limit_sec=60,
        max_attempts=5,
        locked_lanes=("*.lock",),
    )
    limits = settings.limits(Resources(ram_gb=8))
    assert (limits.lease, limits.heartbeat, limits.margin, limits.stall_credit) == (20, 2, 2, 7)
    assert (limits.lock_wait, limits.bid_window, limits.task_limit, limits.attempts) == (9, 0.1, 60, 5)
    assert limits.total.ram_gb == 8
    assert [(policy.glob, policy.lane) for policy in limits.lanes] == [("*.lock", Lane.LOCKED)]


def test_every_variable_is_described() -> None:
    """The table for the README has a name, a default and a sentence for each."""
    assert len(VARIABLES) == len(Settings.model_fields)
    assert not [row.name for row in VARIABLES if not (row.default and row.meaning.endswith("."))]
    assert dict((row.name, row.default) for row in VARIABLES)["DEVMESH_WS_PORT"] == "7700"  # noqa: C402 - reads as the table
