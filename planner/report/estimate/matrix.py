"""The reason x channel matrix: what customers would score there, beside what those who answered did score."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from planner.report.estimate.blocks import Cell, Section, Table
from planner.report.estimate.dots import Axis, interval_dot
from planner.report.estimate.gaps import NEVER, gap_flags, unknown_flag
from planner.report.estimate.numbers import between, count, known, points
from planner.report.estimate.words import FLAGS, MATRIX


def matrix_section(reasons: pd.DataFrame, digits: int, outcome: str, *, surveyed: bool = True) -> Section:
    """Show the potential mean of every reason in every channel, raw beside adjusted.

    Parameters
    ----------
    reasons
        `reason, channel, mean, lower, upper, raw_mean, n_answers, n_contacts, support`, as `ExperienceModel.reasons`.
    digits
        Decimals that mean something on the scale of the outcome.
    outcome
        Its name: decides why a pair that was served may have no estimate.
    surveyed
        False: it is known without a survey.
    """
    reasons = reasons.assign(flag=gap_flags(reasons, outcome))
    seen = reasons[reasons["n_contacts"] > 0]
    channels = list(seen.groupby("channel")["n_contacts"].sum().sort_values(ascending=False, kind="stable").index)
    order = list(seen.groupby("reason")["n_contacts"].sum().sort_values(ascending=False, kind="stable").index)
    axis = _axis(reasons)
    at = {(str(r["reason"]), str(r["channel"])): r for r in reasons.to_dict("records")}
    body = tuple(
        (
            Cell(str(reason), (MATRIX["contacts"].format(n=count(_total(seen, reason))),)),
            *(_cell(at.get((str(reason), str(channel))), axis, digits) for channel in channels),
        )
        for reason in order
    )
    table = Table(MATRIX["title"], (MATRIX["reason"], *map(str, channels)), body)
    terms = tuple((flag, meaning) for flag, meaning in FLAGS.items() if flag in _flags_of(outcome))
    words = f"{MATRIX['help' if surveyed else 'help_recorded']} {MATRIX['picture']}"
    return Section("matrix", MATRIX["title"], words, tables=(table,), folded=False, terms=terms)


def _flags_of(outcome: str) -> tuple[str, ...]:
    """Flags that can occur for an outcome."""
    return ("sparse", "extrapolated", NEVER, unknown_flag(outcome), "model-dependent")


def _total(seen: pd.DataFrame, reason: object) -> float:
    return float(seen.loc[seen["reason"] == reason, "n_contacts"].sum())


def _axis(reasons: pd.DataFrame) -> Axis:
    """One scale for all cells, so that their dots can be compared; single wide intervals do not stretch it."""
    values = reasons[["mean", "raw_mean"]].to_numpy(float).ravel()
    values = values[pd.notna(values)]
    ends = reasons[["lower", "upper"]].to_numpy(float)
    ends = ends[pd.notna(ends).all(axis=1)]
    if len(values) == 0:
        return Axis(0.0, 1.0, 120.0)
    low, high = float(values.min()), float(values.max())
    if len(ends):
        low = min(low, float(pd.Series(ends[:, 0]).quantile(0.1)))
        high = max(high, float(pd.Series(ends[:, 1]).quantile(0.9)))
    return Axis(low, high, 120.0)


def _cell(row: Mapping[Hashable, Any] | None, axis: Axis, digits: int) -> Cell:
    if row is None:
        return Cell("")
    mean, lower, upper, raw, answers = (
        _number(row, name) for name in ("mean", "lower", "upper", "raw_mean", "n_answers")
    )
    flag = "model-dependent" if row.get("model_dependent") and row["support"] == "ok" else str(row["flag"])
    if not known(mean):
        return Cell(MATRIX["nothing"], flag=flag)
    raw_text = MATRIX["raw"].format(raw=points(raw, digits), n=count(answers))
    picture = interval_dot(mean, lower, upper, raw, axis)
    interval = between(lower, upper, digits)
    wide = _number(row, "lower_total"), _number(row, "upper_total")
    biased = (MATRIX["biased"].format(interval=between(*wide, digits)),) if known(wide[0]) else ()
    return Cell(points(mean, digits), (interval, *biased, raw_text), "" if flag == "ok" else flag, picture)


def _number(row: Mapping[Hashable, Any], name: str) -> float:
    value = row.get(name)
    return float(value) if isinstance(value, (int, float)) else float("nan")
