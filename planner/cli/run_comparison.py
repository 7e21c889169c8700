"""Runs beside each other: what their scenarios differ in, then Today and the plans with a name in each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from planner.cli import console
from planner.cli.comparison import Measure, measures
from planner.cli.plan_page import number
from planner.errors import PlanError
from planner.frontier.frontier import NAMED, Frontier
from planner.report.text import days_of, named_rows
from planner.runs import load_run
from planner.runs.difference import AGAINST, SAME, run_differences
from planner.runs.tables import plain

_AXES = ("cx", "cost", "headroom", "peak_fte", "p_shortfall")


def compare_runs(paths: Sequence[Path], as_json: bool) -> None:
    """Print runs beside each other, differences against the first.

    Raises
    ------
    PlanError
        They are too many, or their money, experience or time is not of one kind.
    """
    if len(paths) > 4:
        raise PlanError(f"compare: {len(paths)} runs are too many to read side by side; name at most 4")
    runs = [load_run(path) for path in paths]
    _check_alike(runs)
    changes = [run_differences(paths[0], path) for path in paths[1:]]
    if as_json:
        facts: list[dict[str, Any]] = [
            {"run": path.as_posix(), "plans": {key: plain(row.to_dict()) for key, row in named_rows(run).items()}}
            for path, run in zip(paths, runs, strict=True)
        ]
        for fact, found in zip(facts[1:], changes, strict=True):
            fact["differences"] = [dataclasses.asdict(one) for one in found]
        console.give_json(facts)
        return
    for path, found in zip(paths[1:], changes, strict=True):
        console.give(console.inert(AGAINST.format(new=path.name, old=paths[0].name)))
        for one in found:
            console.give(console.inert(f"  {one.words}"))
        if not found:
            console.give(f"  {SAME}")
    heads = ["plan", "run", *(measure.title for measure in _shown(runs[0]))]
    console.give_table("Named plans", heads, _rows(paths, runs), left=(0, 1))


def _check_alike(runs: Sequence[Frontier]) -> None:
    """See that figures of runs can stand beside each other."""
    money = sorted({str(run.meta.get("currency", "")) for run in runs})
    if len(money) > 1:
        raise PlanError(f"compare: these runs count in {', '.join(money)}; one currency is needed")
    scales = [tuple(map(float, run.meta["scale"])) for run in runs if run.meta.get("scale") is not None]
    if len(set(scales)) > 1:
        said = " and ".join(f"{low:g}..{high:g}" for low, high in dict.fromkeys(scales))
        raise PlanError(f"compare: these runs score experience on {said}; one scale is needed")
    days = sorted({days_of(run) for run in runs})
    if len(days) > 1:
        raise PlanError(
            f"compare: these runs plan {' and '.join(map(str, days))} days, whose cost is not the same; planner diff "
            "says what their scenarios differ in"
        )


def _shown(frontier: Frontier) -> list[Measure]:
    return [measure for measure in measures(frontier) if measure.column in _AXES]


def _rows(paths: Sequence[Path], runs: Sequence[Frontier]) -> list[list[Any]]:
    rows: list[list[Any]] = []
    shown, named = _shown(runs[0]), [named_rows(run) for run in runs]
    for key, title in NAMED.items():
        first = named[0].get(key)
        for path, found in zip(paths, named, strict=True):
            row = found.get(key)
            if row is None:
                continue
            values = {str(name): value for name, value in row.items()}
            base = None if first is None or path is paths[0] else {str(n): v for n, v in first.items()}
            rows.append([title, path.name, *(_cell(measure, values, base) for measure in shown)])
    return rows


def _cell(measure: Measure, values: dict[str, Any], base: dict[str, Any] | None) -> str:
    value = number(values, measure.column)
    if base is None:
        return measure.write(value)
    change = value - number(base, measure.column)
    written = measure.change(change)
    if not any(char in "123456789" for char in written):
        return f"{measure.write(value)} (same)"
    return f"{measure.write(value)} ({'+' if change > 0 and not written.startswith('+') else ''}{written})"
