"""Plans beside Today: each result with its difference and whether it is better, in the same numbers everywhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from planner.cli.plan_page import decimal, number, objective_words
from planner.frontier.frontier import NAMED, Frontier
from planner.report.text import percent, units_of


@dataclass(frozen=True, slots=True)
class Measure:
    """One compared result: column of the plan table, words, how it and a change are written, +1 if more is better."""

    column: str
    title: str
    write: Callable[[float], str]
    better: int
    write_change: Callable[[float], str] | None = None

    def change(self, difference: float) -> str:
        """Write a difference: of shares in points."""
        return (self.write_change or self.write)(difference)


def measures(frontier: Frontier) -> tuple[Measure, ...]:
    """Return the compared results, the three axes first; CX a second time where it was scored again."""
    units = units_of(frontier)
    known = frontier.table.get("cx_rescored")
    again = Measure("cx_rescored", f"{units.cx_name}, scored again", units.cx, 1)
    return (
        Measure("cx", units.cx_name, units.cx, 1),
        *((again,) if known is not None and known.notna().any() else ()),
        Measure("cost", f"cost {units.per}", units.money, -1),
        Measure("headroom", "headroom", lambda v: percent(v, 1), 1, _points(1)),
        Measure("peak_fte", "peak FTE", lambda v: decimal(v, 1), -1),
        Measure("p_shortfall", "promise missed", percent, -1, _points(0)),
        Measure("abandon_rate", "abandoned", lambda v: percent(v, 1), -1, _points(1)),
        Measure("hires", "hires", lambda v: decimal(v, 0), -1),
        Measure("overtime_h", "overtime, h", lambda v: decimal(v, 1), -1),
        Measure("p_cx_at_least_today", "CX at least today's", percent, 0),
        *(Measure(name, words, partial(units.objective, name), sense) for name, words, sense in _chosen(frontier)),
    )


def _points(digits: int) -> Callable[[float], str]:
    """Write a difference of shares."""
    return lambda difference: f"{100 * difference:,.{digits}f} pts"


def _chosen(frontier: Frontier) -> list[tuple[str, str, int]]:
    """Objectives on top of the three axes: column, words, +1 where more is better."""
    senses = {o["name"]: 1 if o["sense"] == "max" else -1 for o in frontier.meta.get("objectives") or ()}
    return [(name, words, senses[name]) for name, words in objective_words(frontier).items()]


def compare_rows(
    frontier: Frontier, plans: Sequence[Mapping[str, Any]]
) -> tuple[Sequence[str], list[Sequence[object]]]:
    """Return heads and rows of the comparison: Today, then each plan and its difference."""
    today = _today(frontier)
    heads = ["", "Today"]
    for plan in plans:
        name = NAMED.get(plan.get("name") or "", "")
        heads += [f"{plan['plan']} {name}".strip(), "against Today"]
    rows: list[Sequence[object]] = []
    for measure in measures(frontier):
        base = number(today, measure.column)
        cells: list[object] = [measure.title, measure.write(base)]
        for plan in plans:
            value = number(plan, measure.column)
            tied = measure.column == "cx" and bool(plan.get("ties_with_today"))
            cells += [measure.write(value), _difference(measure, value - base, tied)]
        rows.append(cells)
    rows.append(_words("promises kept", today, plans, "promises_kept"))
    rows.append(_words("proof", today, plans, "status"))
    return heads, rows


def comparison_json(frontier: Frontier, plans: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the comparison as plain JSON: values and differences per measure."""
    from planner.runs.tables import plain

    today = _today(frontier)
    columns = [measure.column for measure in measures(frontier)]
    return {
        "today": plain(today),
        "plans": [
            plain(dict(plan) | {"difference": {c: number(plan, c) - number(today, c) for c in columns}})
            for plan in plans
        ],
    }


def _today(frontier: Frontier) -> dict[str, Any]:
    return {str(name): value for name, value in frontier.baseline.items()}


def _difference(measure: Measure, difference: float, tied: bool) -> str:
    if not math.isfinite(difference) or measure.better == 0:
        return ""
    written = measure.change(difference)
    if difference == 0 or not any(char in "123456789" for char in written):
        return "no change"
    sign = "+" if difference > 0 and not written.startswith("+") else ""
    mark = "≈" if tied else ("✓" if difference * measure.better > 0 else "✗")
    return f"{sign}{written} {mark}"


def _words(title: str, today: Mapping[str, Any], plans: Sequence[Mapping[str, Any]], column: str) -> list[object]:
    def said(plan: Mapping[str, Any]) -> str:
        value = plan.get(column)
        if isinstance(value, str):
            return value
        return "–" if value is None else ("yes" if value else "no")

    cells: list[object] = [title, said(today)]
    for plan in plans:
        cells += [said(plan), ""]
    return cells
