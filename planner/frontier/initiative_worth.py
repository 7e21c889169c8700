"""What each initiative costs a plan and brings it: the plan's routing staffed anew with and without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.frontier.labels import label
from planner.frontier.restaff import sound
from planner.frontier.shown import Shown
from planner.operation.problem import FlowProblem, closing_words
from planner.scenario.initiatives import needed_by
from solvers.flow.covering import Covers

if TYPE_CHECKING:  # workers load this module, and need no tables
    import pandas as pd

COLUMNS = ("plan", "initiative", "chosen", "others", "cost", "saves", "change_cx")


def initiatives_worth(shown: Shown, problems: Sequence[FlowProblem], covers: Covers) -> list[dict[str, Any]]:
    """Worth of every initiative and day part to close, to one plan; what its own choice rules out is left out.

    Both sides are staffed for the plan's headroom by the same method. What is chosen is compared with the plan without
    it and without what requires it; anything else with the plan that has it and all it requires. `cost` is that of the
    difference (negative: closing spares it), `saves` the money per horizon it saves otherwise (negative: it costs).
    """
    known = {problem.choice: problem for problem in problems}
    have, rows = shown.problem.choice, []
    sides = {}
    for name in dict.fromkeys(one for problem in problems for one in problem.choice):
        other = known.get(_other(problems[0], have, name))
        if other is None:
            continue
        for problem in (shown.problem, other):
            if problem.choice not in sides:
                found = sound(problem.instance, shown.routing, shown.evaluation.headroom, covers)
                sides[problem.choice] = found, problem.network.program_cost
        chosen = name in have
        pair = (have, other.choice) if chosen else (other.choice, have)
        (with_it, paid), (without, spared) = sides[pair[0]], sides[pair[1]]
        if with_it is None or without is None:
            continue
        others = ", ".join(one for one in pair[0] if one not in pair[1] and one != name)
        saves = (without.cost - spared) - (with_it.cost - paid)
        money = float(paid - spared), float(saves), float(with_it.cx - without.cx)
        rows.append(dict(zip(COLUMNS, (shown.key, name, chosen, others, *money), strict=True)))
    return rows


def _other(problem: FlowProblem, have: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The choice without something that is chosen, or with something that is not."""
    initiatives = problem.scenario.initiatives
    if name in have:
        return tuple(
            one for one in have if one != name and not (one in initiatives and name in needed_by(initiatives, one))
        )
    wanted = {*have, *(needed_by(initiatives, name) if name in initiatives else [name])}
    closings = [closing_words(key, part) for key, pool in problem.scenario.pools.items() for part in pool.day_parts]
    return tuple(one for one in (*initiatives, *closings) if one in wanted)


def initiative_words(rows: pd.DataFrame, problem: FlowProblem, per: str) -> list[str]:
    """Say what each initiative costs and brings, those of the plan first."""
    currency, lines = problem.scenario.currency, []
    for row in rows.sort_values("chosen", ascending=False, kind="stable").to_dict("records"):
        name = label(problem, "initiatives", row["initiative"])
        more = [label(problem, "initiatives", key) for key in row["others"].split(", ") if key]
        beside = f" (with {' and '.join(more)})" if more else ""
        verb = "saves" if row["saves"] >= 0 else "adds"
        money = f"{np.abs(row['saves']):,.0f} {currency}"
        brings = f"{verb} about {money} of other cost (CX {row['change_cx']:+.3f}), staffed anew"
        if row["chosen"]:
            verb = "costs" if row["cost"] >= 0 else "spares"
            lines.append(f"{name}{beside} {verb} {abs(row['cost']):,.0f} {currency} {per} and {brings}.")
        else:
            would = brings.replace("saves", "save", 1).replace("adds", "add", 1)
            verb = "cost" if row["cost"] >= 0 else "spare"
            lines.append(
                f"Not in this plan: {name}{beside} would {verb} {abs(row['cost']):,.0f} {currency} {per} and {would}."
            )
    return lines
