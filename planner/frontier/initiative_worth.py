"""What each initiative costs a plan and brings it: the plan's routing staffed anew with and without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from planner.frontier.labels import label
from planner.frontier.restaff import restaffed
from planner.frontier.tables import Shown
from planner.operation.problem import FlowProblem
from planner.scenario.initiatives import Initiative, needed_by
from solvers.flow.staff import Covers

COLUMNS = ("plan", "initiative", "chosen", "others", "cost", "saves", "change_cx")


def initiatives_table(shown: Shown, problems: Sequence[FlowProblem], covers: Covers) -> pd.DataFrame:
    """Worth of every initiative to one plan; those that its own initiatives exclude are left out.

    Both sides are staffed for the plan's headroom by the same method. A chosen initiative is compared with the plan
    without it and without those that require it; another one with the plan that has it and all it requires.
    `cost` is that of the difference, `saves` the money per horizon it saves otherwise (negative: it costs more).
    """
    known = {problem.initiatives: problem for problem in problems}
    have, rows = shown.problem.initiatives, []
    sides = {}
    for name in shown.problem.scenario.initiatives:
        other = known.get(_other(shown.problem.scenario.initiatives, have, name))
        if other is None:
            continue
        for problem in (shown.problem, other):
            if problem.initiatives not in sides:
                found = restaffed(problem.instance, shown.routing, shown.evaluation.headroom, covers)
                sides[problem.initiatives] = found, problem.network.program_cost
        chosen = name in have
        pair = (have, other.initiatives) if chosen else (other.initiatives, have)
        (with_it, paid), (without, spared) = sides[pair[0]], sides[pair[1]]
        if with_it is None or without is None:
            continue
        others = ", ".join(one for one in pair[0] if one not in pair[1] and one != name)
        saves = (without.cost - spared) - (with_it.cost - paid)
        rows.append((shown.key, name, chosen, others, paid - spared, saves, with_it.cx - without.cx))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _other(initiatives: Mapping[str, Initiative], have: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The portfolio without an initiative that is chosen, or with one that is not."""
    if name in have:
        return tuple(one for one in have if name not in needed_by(initiatives, one))
    wanted = {*have, *needed_by(initiatives, name)}
    return tuple(one for one in initiatives if one in wanted)


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
            lines.append(f"{name}{beside} costs {row['cost']:,.0f} {currency} {per} and {brings}.")
        else:
            would = brings.replace("saves", "save", 1).replace("adds", "add", 1)
            lines.append(
                f"Not in this plan: {name}{beside} would cost {row['cost']:,.0f} {currency} {per} and {would}."
            )
    return lines
