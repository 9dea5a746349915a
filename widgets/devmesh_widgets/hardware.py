"""The panel of memory: what agents use and what was set aside for them, of RAM and of the GPU."""

from __future__ import annotations

from devmesh_widgets.panel import Panel
from devmesh_widgets.picture import Column, Table, Tables
from devmesh_widgets.rows import HardwareRow
from devmesh_widgets.wording import DASH, share


def _gpu(row: HardwareRow, amount: float) -> str:
    return share(amount, row.vram_total_gb) if row.gpu else DASH


TABLES: Tables = {
    "hardware": Table(
        "Hardware",
        "Not measured yet.",
        (
            Column("RAM used by agents", lambda row, _: share(row.ram_used_gb, row.ram_total_gb)),
            Column("RAM declared", lambda row, _: share(row.ram_reserved_gb, row.ram_total_gb)),
            Column("GPU", lambda row, _: row.gpu or "no GPU"),
            Column("GPU memory used", lambda row, _: _gpu(row, row.vram_used_gb)),
            Column("GPU memory declared", lambda row, _: _gpu(row, row.vram_reserved_gb)),
        ),
    )
}


class HardwarePanel(Panel):
    """Live bars of memory, with what it was over the last minutes."""

    shows = ("hardware",)
    sections = ("hardware", "samples")
    columns = TABLES
