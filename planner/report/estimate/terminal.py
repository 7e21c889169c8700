"""The matrix of the reading page as lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from planner.report.estimate.numbers import DASH, count, known, points
from planner.report.estimate.words import MATRIX_MARKS

_MARKS = {"ok": "", "sparse": " s", "extrapolated": " x", "none": ""}


def matrix_rows(reasons: pd.DataFrame, digits: int) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows: adjusted mean ± half its 90 % interval (raw mean, answers); s sparse, x extrapolated."""
    seen = reasons[reasons["n_contacts"] > 0]
    channels = list(seen.groupby("channel")["n_contacts"].sum().sort_values(ascending=False, kind="stable").index)
    order = list(seen.groupby("reason")["n_contacts"].sum().sort_values(ascending=False, kind="stable").index)
    at = {(row["reason"], row["channel"]): row for row in reasons.to_dict("records")}
    rows = [[str(reason), *(_cell(at.get((reason, channel)), digits) for channel in channels)] for reason in order]
    return ["reason", *map(str, channels)], rows


def matrix_legend(rows: Sequence[Sequence[str]]) -> str:
    """Explain the marks that stand in the rows; "" where there are none."""
    cells = [cell for row in rows for cell in row[1:]]
    ends = {mark for mark in MATRIX_MARKS if any(cell == mark or cell.endswith(f" {mark}") for cell in cells)}
    return "; ".join(f"{mark}: {words}" for mark, words in MATRIX_MARKS.items() if mark in ends)


def _cell(row: dict[object, object] | None, digits: int) -> str:
    mean = float("nan") if row is None else float(str(row["mean"]))
    if row is None or not known(mean):
        return DASH
    half = (float(str(row["upper"])) - float(str(row["lower"]))) / 2
    raw, answers = float(str(row["raw_mean"])), float(str(row["n_answers"]))
    mark = _MARKS.get(str(row["support"]), "")
    return f"{points(mean, digits)} ±{points(half, digits)} ({points(raw, digits)}, {count(answers)}){mark}"
