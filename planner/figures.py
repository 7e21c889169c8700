"""Figures for notebooks (extra `notebook`, Plotly): frontier, effects of moves, wait curves, people over months."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from planner.errors import PlannerError

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

    from planner.experience.model import ExperienceModel
    from planner.frontier.frontier import Frontier

_HIGH, _WIDE = 420, 760


def frontier_figure(frontier: Frontier) -> Figure:
    """Draw every plan as CX against cost, colored by headroom; Today is a cross, plans with a name are labeled.

    Raises
    ------
    PlannerError
        Plotly is not installed.
    """
    draw = _plotly()
    frame, unit = frontier.table, _label(frontier.meta.get("currency", ""))
    plans, today = frame[frame["origin"] != "today"], frontier.baseline
    names = [_label(name) for name in plans["name"].fillna("")]
    points = draw.Scatter(
        x=plans["cost"],
        y=plans["cx"],
        mode="markers+text",
        text=names,
        textposition="top center",
        customdata=[[_label(plan), headroom] for plan, headroom in zip(plans["plan"], plans["headroom"], strict=True)],
        hovertemplate="%{customdata[0]}: CX %{y:.3f}, cost %{x:,.0f}, headroom %{customdata[1]:.0%}<extra></extra>",
        marker={"color": plans["headroom"], "colorbar": {"title": "headroom", "tickformat": ".0%"}, "size": 9},
        name="plans",
    )
    cross = draw.Scatter(
        x=[today["cost"]], y=[today["cx"]], mode="markers+text", text=["Today"], textposition="bottom center",
        marker={"symbol": "x", "color": "black", "size": 11}, name="Today",
    )  # fmt: skip
    return _laid_out(draw.Figure([points, cross]), f"cost, {unit}", "CX")


def moves_figure(model: ExperienceModel) -> Figure:
    """Draw the effect of every move on those who would be moved, points, with 90 % intervals.

    Raises
    ------
    PlannerError
        Plotly is not installed.
    """
    rows = model.moves[model.moves["effect"].notna()].sort_values("effect")
    names = [
        _label(f"{row['reason']}, {row['segment']}: {row['from_channel']} → {row['to_channel']}")
        for row in rows.to_dict("records")
    ]
    draw = _plotly()
    bars = {"array": rows["upper"] - rows["effect"], "arrayminus": rows["effect"] - rows["lower"]}
    points = draw.Scatter(x=rows["effect"], y=names, mode="markers", error_x={"type": "data", **bars})
    figure = _laid_out(draw.Figure([points]), "effect on today's users, points", "")
    figure.add_vline(x=0, line_dash="dot")
    return figure


def wait_figure(model: ExperienceModel) -> Figure:
    """Draw what waiting costs, points against seconds, a line per channel and reason.

    Raises
    ------
    PlannerError
        Plotly is not installed.
    """
    draw = _plotly()
    lines = [
        draw.Scatter(x=curve["wait_s"], y=curve["loss"], mode="lines+markers", name=_label(" ".join(map(str, key))))
        for key, curve in model.wait_curve.groupby(["channel", "reason"], dropna=False)
    ]
    return _laid_out(draw.Figure(lines), "wait, seconds", "points lost")


def gap_figure(table: pd.DataFrame) -> Figure:
    """Draw required and available FTE by month, a pair of lines per pool; `table` as from `planner gap --csv`.

    Raises
    ------
    PlannerError
        Plotly is not installed.
    """
    draw = _plotly()
    dashes: Mapping[str, str] = {"required": "dash", "available": "solid"}
    lines = [
        draw.Scatter(x=rows["month"], y=rows[column], line={"dash": dash}, name=f"{_label(pool)}, {column}")
        for pool, rows in table.groupby("pool", sort=False)
        for column, dash in dashes.items()
    ]
    return _laid_out(draw.Figure(lines), "month", "FTE")


def _plotly() -> Any:
    try:
        import plotly.graph_objects as draw
    except ImportError as err:
        raise PlannerError("figures need Plotly: pip install 'cxfrontier[notebook]'") from err
    return draw


def _laid_out(figure: Any, x: str, y: str) -> Any:
    figure.update_layout(
        xaxis_title=x, yaxis_title=y, height=_HIGH, width=_WIDE, template="plotly_white", margin={"t": 30}
    )
    return figure


def _label(text: object) -> str:
    """Text that Plotly shows as it stands: it reads some HTML in labels."""
    return html.escape(str(text), quote=False)
