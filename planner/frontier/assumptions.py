"""What is stated and what is estimated, and how far the headline plan swings over the range of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.frontier.risk import AHT_CV, perturbed
from planner.operation import rebuilt
from planner.operation.problem import FlowProblem
from planner.scenario import Scenario
from planner.scenario.initiatives import CHANGES
from planner.scenario.quantities import Stated
from solvers.flow.solution import Solution, judge

_DRAWS = 400
LEAST_TAKEN = 1e-9  # acceptance that stands for none: a steer that nobody takes is none, and its plan no plan
_Z90 = 1.6448536269514722


@dataclass(frozen=True)
class Assumption:
    """One input: dotted path (or name), value, range, source, and how far the headline plan swings over it.

    A swing is the largest less the smallest of what the plan is at both ends and at the value: where it is best in
    between, the ends may be alike and both far below.
    """

    path: str
    value: float
    low: float
    high: float
    source: str
    swing_cx: float
    swing_cost: float
    swing_headroom: float


def stated_inputs(
    scenario: Scenario, initiatives: Sequence[str] = ()
) -> list[tuple[str, Stated, Callable[[Scenario, float], Scenario]]]:
    """Every stated number with its path and how to change it; effects of the given initiatives alone."""
    found: list[tuple[str, Stated, Callable[[Scenario, float], Scenario]]] = []
    for name, steer in scenario.steers.items():
        change = _changer("steers", name, "acceptance", LEAST_TAKEN)
        found.append((f"steers.{name}.acceptance", steer.acceptance, change))
    for name, pool in scenario.pools.items():
        if pool.staffed:
            found.append((f"pools.{name}.shrinkage", pool.shrinkage, _changer("pools", name, "shrinkage")))
    for name, channel in scenario.channels.items():
        if channel.redial.value > 0:
            found.append((f"channels.{name}.redial", channel.redial, _changer("channels", name, "redial")))
    for key in ("score_given_up", "score_abandoned", "give_up_share"):
        found.append((f"experience.{key}", getattr(scenario.experience, key), _experience_changer(key)))
    for name in initiatives:
        for index, effect in enumerate(scenario.initiatives[name].effects):
            for key in CHANGES:
                stated = getattr(effect, key)
                if stated is not None:
                    place = f"initiatives.{name}.effects.{index}.{key}"
                    found.append((place, stated, _effect_changer(name, index, key)))
    return found


def _changer(group: str, name: str, key: str, least: float = 0.0) -> Callable[[Scenario, float], Scenario]:
    def change(scenario: Scenario, value: float) -> Scenario:
        members = dict(getattr(scenario, group))
        members[name] = members[name].model_copy(update={key: Stated(value=max(value, least))})
        return scenario.model_copy(update={group: members})

    return change


def _experience_changer(key: str) -> Callable[[Scenario, float], Scenario]:
    def change(scenario: Scenario, value: float) -> Scenario:
        experience = scenario.experience.model_copy(update={key: Stated(value=value)})
        return scenario.model_copy(update={"experience": experience})

    return change


def _effect_changer(name: str, index: int, key: str) -> Callable[[Scenario, float], Scenario]:
    def change(scenario: Scenario, value: float) -> Scenario:
        initiative = scenario.initiatives[name]
        effects = list(initiative.effects)
        effects[index] = effects[index].model_copy(update={key: Stated(value=value)})
        members = {**scenario.initiatives, name: initiative.model_copy(update={"effects": tuple(effects)})}
        return scenario.model_copy(update={"initiatives": members})

    return change


def swings(problem: FlowProblem, headline: Solution) -> list[Assumption]:
    """Judge the headline plan at both ends of every range, largest swing in CX first.

    Ranges are those stated by the scenario; of what is estimated, the central 90 %.
    """
    rows = estimated_swings(problem, headline)
    for path, stated, change in stated_inputs(problem.scenario, problem.initiatives):
        low, high = stated.bounds
        ends = [_at(problem, headline, change, value) for value in (low, high)] if high > low else []
        spread = np.ptp([np.array(headline.objectives), *ends], axis=0)
        rows.append(Assumption(path, stated.value, low, high, stated.source, *map(float, spread)))
    return sorted(rows, key=lambda row: (-row.swing_cx, -row.swing_cost, row.path))


def _at(
    problem: FlowProblem, headline: Solution, change: Callable[[Scenario, float], Scenario], value: float
) -> np.ndarray:
    changed = rebuilt(problem, change(problem.scenario, value), problem.experience)
    if len(changed.network.flows.node) != len(problem.network.flows.node):
        return np.full(3, np.nan)
    solution = judge(changed.instance, headline.routing, headline.staffing.people, headline.origin)
    return np.array(solution.objectives)


def estimated_swings(problem: FlowProblem, headline: Solution) -> list[Assumption]:
    """Swings over demand, handle time and, channel by channel, the scores of the experience model.

    Demand and handle time as factors (log-normal, mean 1); a channel's scores move together by their posterior, so that
    CX moves by the quantiles of Σ weight·score over its flows (CX is linear in scores).
    """
    rows, network, scenario = [], problem.network, problem.scenario
    of_demand = "estimated" if scenario.demand.uncertainty is None else "stated"
    of_scores = "estimated" if scenario.history is not None else "stated"
    for name, cv, source in (
        ("demand (factor on the planned)", problem.demand.level_cv, of_demand),
        ("handle time (factor)", AHT_CV, "default"),
    ):
        low, high = _mean_one_range(cv)
        ends = [_scaled(problem, headline, name.startswith("demand"), factor) for factor in (low, high)]
        spread = np.ptp([np.array(headline.objectives), *ends], axis=0)
        rows.append(Assumption(name, 1.0, low, high, source, *map(float, spread)))
    draws = problem.experience.draws(_DRAWS, 0)
    low_end, high_end = problem.scenario.experience.scale
    scores = np.clip(problem.flow_scores(draws.scores.copy(), draws.move_scores), low_end, high_end)
    weight = headline.evaluation.score_weight
    channel = network.nodes.channel[network.flows.node]
    for c, name in enumerate(problem.channels):
        mine = (channel == c) & (weight > 1e-12)
        if mine.any():
            total = float(weight[mine].sum())
            low, high = np.quantile(np.nan_to_num(scores[:, mine]) @ weight[mine], [0.05, 0.95])
            value = float(weight[mine] @ np.nan_to_num(network.flows.score[mine])) / total
            swing = float(high - low)
            rows.append(Assumption(f"scores of {name}", value, low / total, high / total, of_scores, swing, 0.0, 0.0))
    return rows


def _mean_one_range(cv: float) -> tuple[float, float]:
    sigma = float(np.sqrt(np.log1p(cv**2)))
    return tuple(float(np.exp(z * sigma - sigma**2 / 2)) for z in (-_Z90, _Z90))  # type: ignore[return-value]


def _scaled(problem: FlowProblem, headline: Solution, demand: bool, factor: float) -> np.ndarray:
    kinds = np.full(len(problem.types), factor if demand else 1.0)
    network = perturbed(problem.instance, kinds, 1.0 if demand else factor, problem.network.flows.score)
    instance = replace(problem.instance, network=network)
    return np.array(judge(instance, headline.routing, headline.staffing.people, headline.origin).objectives)
