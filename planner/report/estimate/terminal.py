"""The matrix of the reading page as lines for a terminal."""

from __future__ import annotations

import pandas as pd

from planner.report.estimate.numbers import DASH, count, known, points

_MARKS = {"ok": "", "sparse": " s", "extrapolated": " x", "none": ""}


def matrix_rows(reasons: pd.DataFrame, digits: int) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows: adjusted mean ± half its 90 % interval (raw mean, answers); s sparse, x extrapolated."""
    seen = reasons[reasons["n_contacts"] > 0]
    channels = list(seen.groupby("channel")["n_contacts"].sum().sort_values(ascending=False, kind="stable").index)
    order = list(seen.groupby("reason")["n_contacts"].sum().sort_values(ascending=False, kind="stable").index)
    at = {(row["reason"], row["channel"]): row for row in reasons.to_dict("records")}
    rows = [[str(reason), *(_cell(at.get((reason, channel)), digits) for channel in channels)] for reason in order]
    return ["reason", *map(str, channels)], rows


def _cell(row: dict[object, object] | None, digits: int) -> str:
    mean = float("nan") if row is None else float(str(row["mean"]))
    if row is None or not known(mean):
        return DASH
    half = (float(str(row["upper"])) - float(str(row["lower"]))) / 2
    raw, answers = float(str(row["raw_mean"])), float(str(row["n_answers"]))
    mark = _MARKS.get(str(row["support"]), "")
    return f"{points(mean, digits)} ±{points(half, digits)} ({points(raw, digits)}, {count(answers)}){mark}"
