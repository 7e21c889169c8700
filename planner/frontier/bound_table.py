"""The outer surface as a table: how it is written, and its two kinds of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:  # whoever only reads a run needs no solver
    from planner.frontier.envelope import Envelope


def bound_table(surface: Envelope | None) -> pd.DataFrame:
    """Write the surface of every portfolio: least costs and planes by level, then corners."""
    rows: list[tuple[str, float, float, float, float]] = []
    for name, piece in () if surface is None else zip(surface.names, surface.pieces, strict=True):
        if piece is None:
            continue
        for k, level in enumerate(piece.levels):
            rows.append((name, level, np.nan, piece.cheapest[k], np.nan))
            rows += [(name, level, s, i, np.nan) for s, i in zip(piece.slopes[k], piece.intercepts[k], strict=True)]
        rows += [(name, headroom, np.nan, cost, cx) for cx, cost, headroom in piece.corners.tolist()]
        if np.isfinite(piece.closed):
            rows.append((name, piece.closed, np.nan, np.inf, np.nan))
    return pd.DataFrame(rows, columns=["choice", "headroom", "slope", "intercept", "from_cx"])


def lines_and_corners(bound: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Divide the table into rows that hold for any CX and those from `from_cx` on, which runs of before do not have."""
    if "from_cx" not in bound:
        bound = bound.assign(from_cx=np.nan)
    corner = bound["from_cx"].notna()
    return bound[~corner], bound[corner]
