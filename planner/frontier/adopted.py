"""The plan adopted from an earlier run, in the new world beside Today, and how far every plan would move from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from planner.frontier.earlier import Earlier, seed_of
from planner.frontier.frontier import Frontier
from planner.frontier.shown import show_solution
from planner.frontier.tables import mix_table, shifts_table
from planner.operation.problem import FlowProblem
from solvers.flow.network import Floats
from solvers.flow.solution import judge

KEY = "adopted"
SHIFT = ["pool", "day", "shift", "start", "end"]
MOVE = ["reason", "segment", "from_channel", "channel"]


@dataclass(frozen=True)
class Adopted:
    """A plan that was adopted: the held model of its run with its id, and the facts of the decision as plain JSON."""

    earlier: Earlier
    decision: Mapping[str, Any]


def with_adopted(frontier: Frontier, problems: Sequence[FlowProblem], adopted: Adopted, fallback: Floats) -> Frontier:
    """Add the table `adopted` and the decision; the plan is evaluated like any other, its people as they were.

    `problems`: one per portfolio of initiatives, the first without any. Where a pool, a shift or an initiative of the
    plan is not there any more it cannot be evaluated; the decision then says so.
    """
    facts = dict(adopted.decision)
    seed = seed_of(problems[0], adopted.earlier, fallback)
    problem = next((one for one in problems if one.choice == seed.choice), None)
    if seed.people is None or problem is None:
        return replace(frontier, meta={**frontier.meta, KEY: facts | {"evaluated": False}})
    solution = judge(problem.instance, seed.routing, seed.people, KEY)
    shown = show_solution(KEY, problem, solution)
    shifts, mix = shifts_table(shown), mix_table(shown)
    own = {
        "plan": KEY,
        "cx": solution.cx,
        "cost": solution.cost,
        "headroom": solution.evaluation.headroom,
        "feasible": solution.feasible,
        "promises_kept": solution.evaluation.kept,
        "hires": float(solution.people_cost.hires.sum()),
        "shifts_added": 0,
        "shifts_removed": 0,
        "issues_moved": 0.0,
    }
    plans, tables = frontier.table, frontier.tables
    rows = [own]
    for row in plans.to_dict("records"):
        added, removed = shift_distance(shifts, tables["shifts"][tables["shifts"]["plan"] == row["plan"]])
        moved = mix_distance(mix, tables["channel_mix"][tables["channel_mix"]["plan"] == row["plan"]])
        today = row["origin"] == "today"  # whose people are known by interval, not by shift
        axes = {axis: row[axis] for axis in ("plan", "cx", "cost", "headroom", "promises_kept", "hires")}
        changed = {"shifts_added": None if today else added, "shifts_removed": None if today else removed}
        rows.append({**own, **axes, "feasible": bool(row["promises_kept"]), **changed, "issues_moved": moved})
    table = pd.DataFrame(rows)
    for column in ("shifts_added", "shifts_removed"):
        table[column] = table[column].astype(float)
    return replace(frontier, tables={**tables, KEY: table}, meta={**frontier.meta, KEY: facts | {"evaluated": True}})


def shift_distance(base: pd.DataFrame, other: pd.DataFrame) -> tuple[int, int]:
    """People on shifts that `other` has more than `base`, and fewer, summed over pool, day and shift."""
    difference = _by(other, SHIFT, "people").sub(_by(base, SHIFT, "people"), fill_value=0)
    return int(difference.clip(lower=0).sum()), int(-difference.clip(upper=0).sum())


def mix_distance(base: pd.DataFrame, other: pd.DataFrame) -> float:
    """Issues served in another channel than under `base`: ½ Σ |difference| over reason, segment and both channels."""
    difference = _by(other, MOVE, "issues").sub(_by(base, MOVE, "issues"), fill_value=0)
    return round(float(difference.abs().sum()) / 2, 4)


def _by(frame: pd.DataFrame, keys: list[str], value: str) -> pd.Series:
    return frame.groupby(keys, observed=True)[value].sum()
