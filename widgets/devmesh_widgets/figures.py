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
SPAN_LIMIT = 5_000
"Bars of one picture along time, the latest."

WORK, WAIT, PLAN, BAD, GOOD = "#0072b2", "#b9b9b9", "#e69f00", "#d55e00", "#009e73"
"Okabe and Ito's palette: told apart by the colour-blind too."
AGENT_COLOURS = (WORK, PLAN, GOOD, BAD, "#cc79a7", "#56b4e9", "#8a8a8a", "#b5a800")
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
    """Who held which path, who waited for it, and beside it for how long all waited for each path.

    Reads target, agent, mode, granted, ended and, where there is one, waited; draws what goes on up to `until`.
    """
    end = _latest(table, ["granted", "ended"], until)
    waits = _seconds(table, "waited").groupby(table["target"].astype(str)).sum()
    grants = table["target"].astype(str).value_counts()
    often = (
        grants.to_frame().assign(waited=waits).sort_values(["waited", "count"], ascending=False).head(ROW_LIMIT).index
    )
    shown = table[table["target"].isin(often)].tail(SPAN_LIMIT)
    figure = _figure(_title("Locks by path", len(often), len(grants)), height=120 + 24 * len(often))
    waited = shown[_seconds(shown, "waited") > 0]
    if len(waited):
        asked = waited["granted"] - _durations(_seconds(waited, "waited"))
        words = [f"{_plain(agent, 40)} waited" for agent in waited["agent"].astype(object)]
        paths = [_plain(target, 60) for target in waited["target"]]
        figure.add_bar(name="waited", marker_color=WAIT, text=words, **_spans(paths, asked, waited["granted"]))
    for agent, rows in shown.groupby(shown["agent"].astype(str), sort=True):
        paths = [_plain(target, 60) for target in rows["target"]]
        figure.add_bar(
            name=_plain(agent, 40), text=list(rows["mode"].astype(str)), opacity=0.8,
            **_spans(paths, rows["granted"], rows["ended"].fillna(end)),
        )  # fmt: skip
    _along_time(figure)
    if waits.sum() > 0:
        paths = [_plain(path, 60) for path in often]
        contended = {"x": waits.reindex(often), "y": paths, "marker_color": BAD, "showlegend": False, "xaxis": "x2"}
        figure.add_bar(name="waited in all", orientation="h", hovertemplate="%{y}: %{x:.1f} s waited", **contended)
        figure.update_layout(
            xaxis_domain=[0, 0.8], xaxis2={"domain": [0.84, 1], "title": "waited, s", "type": "linear"}
        )
    return figure


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
    """How the work was shared: tasks by agent and how they ended, seconds of work beside them, and how fair that was.

    Reads agent, completed, failed, abandoned and, where there is one, worked. Fairness is Jain's index: 1 when all
    worked equally long, 1/n when one of n did everything.
    """
    shown = table.tail(ROW_LIMIT)
    worked = _seconds(shown, "worked")
    title = _title("Tasks by agent", len(shown), len(table))
    if len(shown) > 1 and worked.sum() > 0:
        title += f", fairness {worked.sum() ** 2 / (len(worked) * (worked**2).sum()):.2f}"
    figure = _figure(title, height=120 + 28 * len(shown))
    names = [_plain(agent, 40) for agent in shown["agent"].astype(str)]
    for column, colour in (("completed", GOOD), ("failed", BAD), ("abandoned", WAIT)):
        figure.add_bar(x=shown[column], y=names, name=column, marker_color=colour, orientation="h")
    if worked.sum() > 0:
        figure.add_bar(x=worked, y=names, name="seconds worked", marker_color=WORK, orientation="h", xaxis="x2")
        figure.update_layout(
            xaxis={"domain": [0, 0.56], "title": "tasks"}, xaxis2={"domain": [0.62, 1], "title": "s", "anchor": "y"}
        )
    return figure.update_layout(barmode="stack").update_yaxes(autorange="reversed")


def costs(table: pd.DataFrame) -> Figure:
    """What was spent over time, added up by agent: dollars above, where tools name them, and tokens below.

    Reads time, agent, input_tokens, output_tokens, dollars.
    """
    shown = table.iloc[:: max(1, -(-len(table) // (8 * POINT_LIMIT)))]
    figure = _figure(_title("Spent", len(shown), len(table)), height=420)
    priced = bool(_seconds(table, "dollars").sum() > 0)
    tokens = _seconds(table, "input_tokens") + _seconds(table, "output_tokens")
    for place, (agent, rows) in enumerate(table.groupby(table["agent"].astype(str), sort=True)):
        drawn = rows.index.intersection(shown.index).union(rows.index[-1:])
        line = {"name": _plain(agent, 40), "legendgroup": str(agent), "line": {"shape": "hv"}, "mode": "lines"}
        line["line"] = {"shape": "hv", "color": AGENT_COLOURS[place % len(AGENT_COLOURS)]}
        times = rows["time"].loc[drawn]
        figure.add_scatter(x=times, y=tokens.loc[rows.index].cumsum().loc[drawn], yaxis="y", **line)
        if priced:
            dollars = _seconds(rows, "dollars").cumsum().loc[drawn]
            figure.add_scatter(x=times, y=dollars, yaxis="y2", showlegend=False, **line)
    figure.update_layout(yaxis={"title": "tokens", "rangemode": "tozero", "domain": [0, 0.46 if priced else 1]})
    if priced:
        figure.update_layout(yaxis2={"title": "dollars", "rangemode": "tozero", "domain": [0.54, 1], "anchor": "x"})
    return figure


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


def _seconds(table: pd.DataFrame, column: str) -> pd.Series[Any]:
    """A column of figures, or of spans in seconds, with nothing missing; zeros where there is no such column."""
    found: Any = table[column] if column in table else table.iloc[:, 0].isna() * 0.0
    if found.dtype.kind == "m":
        found = found.dt.total_seconds()
    figures: pd.Series[Any] = found.astype("float64").fillna(0.0)
    return figures


def _durations(seconds: pd.Series[Any]) -> Any:
    """Seconds as lengths of time, as fine as the record."""
    return (seconds * 1e6).round().astype("int64").astype("timedelta64[us]")


def _plain(value: Any, limit: int) -> str:
    """Text for a label: plotly reads a few tags and entities in them, so none may begin."""
    text = "" if value is None or value != value else " ".join(str(value).split())  # noqa: PLR0124  # a missing value
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return text.replace("&", "&amp;").replace("<", "&lt;")
