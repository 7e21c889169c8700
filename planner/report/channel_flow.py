"""Channels before and after as a flow picture: where customers come to, and where a plan serves them."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

from planner.frontier.frontier import Frontier
from planner.report.part_words import FLOWS
from planner.report.text import label_of

WIDTH, HEIGHT = 540.0, 230.0
"""Size of a picture, pixels."""
_BAR, _LEFT, _RIGHT, _GAP, _TOP = 10.0, 150.0, 390.0, 9.0, 6.0
_LEAST = 0.001
_LONGEST = 18


def moved_issues(frontier: Frontier, plan: str) -> pd.DataFrame:
    """Issues per horizon from the channel customers come to (rows) to the one that serves them (columns), by title."""
    mix = frontier.tables.get("channel_mix")
    if mix is None or mix.empty:
        return pd.DataFrame()
    own = mix[mix["plan"] == plan]
    order = list(dict.fromkeys([*mix["from_channel"], *mix["channel"]]))
    wide = own.pivot_table(index="from_channel", columns="channel", values="issues", aggfunc="sum", observed=True)
    wide = wide.reindex(index=order, columns=order).fillna(0.0)
    names = [label_of(frontier.meta, "channels", channel) for channel in order]
    return pd.DataFrame(wide.to_numpy(float), index=names, columns=names)


def share_moved(moves: pd.DataFrame) -> float:
    """Share of issues that are served in another channel than they came to."""
    values = moves.to_numpy(float)
    return float(1.0 - np.trace(values) / values.sum()) if values.sum() > 0 else 0.0


def flow_picture(moves: pd.DataFrame, title: str) -> str:
    """Draw a table of moves as SVG text: bars of channels on both sides, bands between them; names are escaped."""
    values = moves.to_numpy(float)
    total = values.sum()
    if not total > 0:
        return ""
    per_issue = (HEIGHT - 2 * _TOP - _GAP * (len(values) - 1)) / total
    starts, ends = (_places(values.sum(axis=axis), per_issue) for axis in (1, 0))
    parts, said = [], []
    left, right = starts.copy(), ends.copy()
    for a, b in np.argwhere(values > _LEAST * total):
        size = values[a, b] * per_issue
        parts.append(_band(left[a], right[b], size, "stays" if a == b else "moves"))
        left[a], right[b] = left[a] + size, right[b] + size
        if a != b:
            told = {"from": moves.index[a], "to": moves.columns[b], "issues": f"{values[a, b]:,.0f}"}
            said.append(FLOWS["said"].format(**told))
    for axis, places, x, anchor in ((1, starts, _LEFT - _BAR, "end"), (0, ends, _RIGHT, "start")):
        text_x = x - 6 if anchor == "end" else x + _BAR + 6
        sums = values.sum(axis=axis)
        for name, place, amount in zip(moves.index, places, sums, strict=True):
            parts.append(_bar(str(name), (x, text_x), place, (amount, amount * per_issue), anchor))
    return (
        f'<svg class="flows" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title><desc>{escape('; '.join(said))}</desc>{''.join(parts)}</svg>"
    )


def _places(sums: np.ndarray, per_issue: float) -> np.ndarray:
    """Upper edge of each bar, shape (channel,)."""
    heights = sums * per_issue + _GAP
    return _TOP + np.concatenate([[0.0], np.cumsum(heights)[:-1]])


def _band(y1: float, y2: float, size: float, kind: str) -> str:
    middle = (_LEFT + _RIGHT) / 2
    upper = f"M{_LEFT:g} {y1:.1f}C{middle:g} {y1:.1f} {middle:g} {y2:.1f} {_RIGHT:g} {y2:.1f}"
    lower = f"V{y2 + size:.1f}C{middle:g} {y2 + size:.1f} {middle:g} {y1 + size:.1f} {_LEFT:g} {y1 + size:.1f}Z"
    return f'<path class="{kind}" d="{upper}{lower}"/>'


def _bar(name: str, xs: tuple[float, float], y: float, size: tuple[float, float], anchor: str) -> str:
    (x, text_x), (amount, height) = xs, size
    short = name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
    if amount < 0.5:
        return ""
    label = f'<text x="{text_x:g}" y="{y + height / 2 + 4:.1f}" text-anchor="{anchor}">{escape(short)}'
    return f'<rect x="{x:g}" y="{y:.1f}" width="{_BAR:g}" height="{max(height, 1):.1f}"/>{label} {amount:,.0f}</text>'
