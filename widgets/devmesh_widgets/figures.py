"""Pictures of what is on record: pure functions from a DataFrame of the audit to a plotly figure. They read no file.

Backgrounds are transparent and lines grey, so that a figure fits a light and a dark page. What is left out of a picture
of many rows is said in its title.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Figure = Any
"A plotly figure: plotly is imported when one is drawn, and ships no types."

ROW_LIMIT = 200
"Tasks or targets in one picture."
POINT_LIMIT = 2_000
"Points of one line."

WORK, WAIT, PLAN, BAD, GOOD = "#0072b2", "#b9b9b9", "#e69f00", "#d55e00", "#009e73"
"Okabe and Ito's palette: told apart by the colour-blind too."
COLOURS = {"completed": GOOD, "failed": BAD, "cancelled": "#8a8a8a"}


def tasks(table: pd.DataFrame, until: pd.Timestamp | None = None) -> Figure:
    """Who worked on what and when, with the wait before it. Reads task, title, agent, state, posted, started, ended.

    What goes on is drawn up to `until`, or to the last moment in the table.
    """
    shown = table.tail(ROW_LIMIT)
    end = _latest(shown, ["posted", "started", "ended"], until)
    labels = [f"#{row.task} {_plain(row.title, 40)}" for row in shown.itertuples()]
    figure = _figure(_title("Tasks", len(shown), len(table)), height=120 + 24 * len(shown))
    started, ended = shown["started"].fillna(end), shown["ended"].fillna(end)
    figure.add_bar(name="waited", marker_color=WAIT, **_spans(labels, shown["posted"], started.clip(upper=ended)))
    taken_up = shown[shown["started"].notna()]
    for state, rows in taken_up.groupby(taken_up["state"].astype(str), sort=True):
        at = [labels[index] for index in shown.index.get_indexer(rows.index)]
        begun, over = rows["started"], ended.loc[rows.index]
        agents = [_plain(agent, 40) for agent in rows["agent"].astype(object)]
        figure.add_bar(name=state, marker_color=COLOURS.get(str(state), WORK), text=agents, **_spans(at, begun, over))
    return _along_time(figure)


def locks(table: pd.DataFrame, until: pd.Timestamp | None = None) -> Figure:
    """Who held which path and when. Reads target, agent, mode, granted, ended; draws what goes on up to `until`."""
    end = _latest(table, ["granted", "ended"], until)
    often = table["target"].value_counts().head(ROW_LIMIT).index
    shown = table[table["target"].isin(often)]
    figure = _figure(_title("Locks by path", len(often), table["target"].nunique()), height=120 + 24 * len(often))
    for agent, rows in shown.groupby(shown["agent"].astype(str), sort=True):
        paths = [_plain(target, 60) for target in rows["target"]]
        figure.add_bar(
            name=_plain(agent, 40), text=list(rows["mode"].astype(str)), opacity=0.8,
            **_spans(paths, rows["granted"], rows["ended"].fillna(end)),
        )  # fmt: skip
    return _along_time(figure)


def hardware(table: pd.DataFrame) -> Figure:
    """Memory of the machine over time, used and total. Reads time, event, agent and the ram and vram columns."""
    machine = table[(table["event"].astype(str) == "sampled") & table["agent"].isna()]
    shown = machine.iloc[:: max(1, -(-len(machine) // POINT_LIMIT))]
    figure = _figure(_title("Memory", len(shown), len(machine)), height=360)
    for kind, name, colour in (("ram", "RAM", WORK), ("vram", "GPU memory", GOOD)):
        if shown[f"total_{kind}_gb"].fillna(0).max() > 0:
            figure.add_scatter(x=shown["time"], y=shown[f"{kind}_gb"], name=name, line_color=colour, fill="tozeroy")
            total = {"line_color": colour, "line_dash": "dash", "line_width": 1}
            figure.add_scatter(x=shown["time"], y=shown[f"total_{kind}_gb"], name=f"{name}, total", **total)
    figure.update_yaxes(title="GB", rangemode="tozero")
    return figure


def agents(table: pd.DataFrame) -> Figure:
    """How the work was shared: tasks by agent and how they ended. Reads agent, completed, failed, abandoned."""
    shown = table.tail(ROW_LIMIT)
    figure = _figure(_title("Tasks by agent", len(shown), len(table)), height=120 + 28 * len(shown))
    names = [_plain(agent, 40) for agent in shown["agent"].astype(str)]
    for column, colour in (("completed", GOOD), ("failed", BAD), ("abandoned", WAIT)):
        figure.add_bar(x=shown[column], y=names, name=column, marker_color=colour, orientation="h")
    return figure.update_layout(barmode="stack").update_yaxes(autorange="reversed")


def events(table: pd.DataFrame) -> Figure:
    """What happened when: a point for each fact, in a row for its kind. Reads time, kind, agent."""
    shown = table.iloc[:: max(1, -(-len(table) // POINT_LIMIT))]
    kinds = shown["kind"].astype(str).str.replace("_", " ")
    figure = _figure(_title("Events", len(shown), len(table)), height=160 + 20 * kinds.nunique())
    hints = [_plain(agent, 40) for agent in shown["agent"].astype(object)]
    figure.add_scatter(x=shown["time"], y=kinds, mode="markers", marker={"color": WORK, "size": 6}, text=hints)
    return figure


# ---- what they share ----


def _figure(title: str, height: int) -> Figure:
    plotly: Any = import_module("plotly.graph_objects")
    figure = plotly.Figure()
    figure.update_layout(
        title=title, height=min(2400, height), template="none", barmode="overlay", paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)", font_color="#808080", margin={"l": 20, "r": 20, "t": 60, "b": 40},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"},
    )  # fmt: skip
    figure.update_xaxes(gridcolor="rgba(128,128,128,0.25)", zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor="rgba(128,128,128,0.15)", zeroline=False, automargin=True)
    return figure


def _title(what: str, shown: int, there: int) -> str:
    return what if shown == there else f"{what} ({shown:,} of {there:,} shown)"


def _along_time(figure: Figure) -> Figure:
    return figure.update_xaxes(type="date").update_yaxes(autorange="reversed")


def _spans(labels: list[str], start: pd.Series[Any], end: pd.Series[Any]) -> dict[str, Any]:
    """Bars from start to end: plotly wants the length in milliseconds. What has not begun has none."""
    lengths = (end - start).dt.total_seconds().clip(lower=0) * 1000
    return {
        "y": labels,
        "base": start,
        "x": lengths,
        "orientation": "h",
        "textposition": "inside",
        "hoverinfo": "y+name+text",
    }


def _latest(table: pd.DataFrame, columns: list[str], until: pd.Timestamp | None) -> Any:
    """The last moment there is: what is still going is drawn up to it."""
    last = table[columns].max().max()
    if until is None or (last == last and last > until):  # noqa: PLR0124  # a missing time
        return last
    return until.as_unit("us")  # as fine as the record: a finer moment does not fit into its columns


def _plain(value: Any, limit: int) -> str:
    """Text for a label: plotly reads a few tags and entities in them, so none may begin."""
    text = "" if value is None or value != value else " ".join(str(value).split())  # noqa: PLR0124  # a missing value
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return text.replace("&", "&amp;").replace("<", "&lt;")
