"""What nobody could measure, and how far the headline plan swings over the range its owner believes in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planner.operation import build_problem
from planner.operation.problem import FlowProblem
from planner.scenario import Scenario
from planner.scenario.quantities import Stated
from solvers.flow.solution import Solution, judge


@dataclass(frozen=True)
class Assumption:
    """One stated input: its dotted path, value, range, source, and the swings (high − low) of the headline plan."""

    path: str
    value: float
    low: float
    high: float
    source: str
    swing_cx: float
    swing_cost: float
    swing_headroom: float


def stated_inputs(scenario: Scenario) -> list[tuple[str, Stated, Callable[[Scenario, float], Scenario]]]:
    """Every stated number with its path and how to change it."""
    found: list[tuple[str, Stated, Callable[[Scenario, float], Scenario]]] = []
    for name, steer in scenario.steers.items():
        found.append((f"steers.{name}.acceptance", steer.acceptance, _changer("steers", name, "acceptance")))
    for name, pool in scenario.pools.items():
        if pool.staffed:
            found.append((f"pools.{name}.shrinkage", pool.shrinkage, _changer("pools", name, "shrinkage")))
    for name, channel in scenario.channels.items():
        if channel.redial.value > 0:
            found.append((f"channels.{name}.redial", channel.redial, _changer("channels", name, "redial")))
    for key in ("score_given_up", "score_abandoned", "give_up_share"):
        found.append((f"experience.{key}", getattr(scenario.experience, key), _experience_changer(key)))
    return found


def _changer(group: str, name: str, key: str) -> Callable[[Scenario, float], Scenario]:
    def change(scenario: Scenario, value: float) -> Scenario:
        members = dict(getattr(scenario, group))
        members[name] = members[name].model_copy(update={key: Stated(value=value)})
        return scenario.model_copy(update={group: members})

    return change


def _experience_changer(key: str) -> Callable[[Scenario, float], Scenario]:
    def change(scenario: Scenario, value: float) -> Scenario:
        experience = scenario.experience.model_copy(update={key: Stated(value=value)})
        return scenario.model_copy(update={"experience": experience})

    return change


def swings(problem: FlowProblem, headline: Solution) -> list[Assumption]:
    """Judge the headline plan at both ends of every stated range, largest swing in CX first."""
    rows = []
    for path, stated, change in stated_inputs(problem.scenario):
        low, high = stated.bounds
        ends = [_at(problem, headline, change, value) for value in (low, high)] if high > low else []
        spread = np.abs(np.subtract(*ends)) if ends else np.zeros(3)
        rows.append(Assumption(path, stated.value, low, high, stated.source, *map(float, spread)))
    return sorted(rows, key=lambda row: (-row.swing_cx, -row.swing_cost, row.path))


def _at(
    problem: FlowProblem, headline: Solution, change: Callable[[Scenario, float], Scenario], value: float
) -> np.ndarray:
    changed = build_problem(change(problem.scenario, value), problem.experience, problem.demand)
    if len(changed.network.flows.node) != len(problem.network.flows.node):
        return np.full(3, np.nan)
    solution = judge(changed.instance, headline.routing, headline.staffing.people, headline.origin)
    return np.array(solution.objectives)
