"""A plan, or Today, as tables and words need it; workers load this, and need not what tables are made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from solvers.flow.evaluate import Evaluation
from solvers.flow.network import Decision, Floats
from solvers.flow.solution import PeopleCost, Routing, Solution, decision_of

if TYPE_CHECKING:
    from planner.operation.problem import FlowProblem
    from planner.operation.today import Today


class Shown:
    """One plan (or Today) as the tables need it."""

    def __init__(
        self,
        key: str,
        problem: FlowProblem,
        routing: Routing,
        scheduled: Floats,
        decision: Decision,
        evaluation: Evaluation,
        people: tuple[Any, ...] | None,
        people_cost: PeopleCost | None,
        wages: Floats,
        premium: Floats,
    ) -> None:
        self.key, self.problem, self.routing, self.scheduled = key, problem, routing, scheduled
        self.decision, self.evaluation, self.people = decision, evaluation, people
        self.people_cost, self.wages, self.premium = people_cost, wages, premium


def show_solution(key: str, problem: FlowProblem, solution: Solution) -> Shown:
    """Prepare a plan for the tables."""
    scheduled = solution.staffing.scheduled
    decision = decision_of(problem.instance, solution.routing, scheduled)
    return Shown(
        key,
        problem,
        solution.routing,
        scheduled,
        decision,
        solution.evaluation,
        solution.staffing.people,
        solution.people_cost,
        solution.people_cost.wages,
        solution.people_cost.premium,
    )


def show_today(problem: FlowProblem, today: Today) -> Shown:
    """Prepare Today for the tables."""
    routing = today.routing
    decision = routing.with_people(today.on_task)
    wages = problem.network.pools.wage_per_h * today.paid_h
    return Shown(
        "today", problem, routing, today.scheduled, decision, today.evaluation, None, None, wages, today.premium
    )


def period_labels(problem: FlowProblem, promise: int) -> list[str]:
    """Name the periods of a promise: the start of an interval, the date of a day, else the period's own word.

    Of several weeks the date of the first day stands behind the word.
    """
    period = str(problem.scenario.promises[problem.promise_names[promise]].period)
    begins = problem.starts[:: int(problem.instance.promises.period_intervals[promise])]
    names = {"interval": "{:%Y-%m-%dT%H:%M}", "day": "{:%Y-%m-%d}", "week": "week of {:%Y-%m-%d}"}
    if period == "week" and len(begins) == 1:
        return ["week"]
    return [names.get(period, period).format(begin) for begin in begins]


def periods(problem: FlowProblem, promise: int, values: Floats) -> list[tuple[str, float]]:
    """Pair the name and the value of each period of a promise in which the center opens."""
    length = int(problem.instance.promises.period_intervals[promise])
    open_ = np.bincount(problem.network.opened // length, minlength=len(values)) > 0
    named = zip(period_labels(problem, promise), values, open_, strict=True)
    return [(label, float(value)) for label, value, there in named if there]
