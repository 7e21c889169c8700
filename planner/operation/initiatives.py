"""What initiatives and closed day parts make of a flow network: the same nodes and flows with other coefficients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.experience.model import ExperienceModel
from planner.operation.build import build_problem
from planner.operation.endings import check_initiatives
from planner.operation.problem import FlowProblem
from planner.scenario import Scenario
from planner.scenario.day_parts import Closing, closings, intervals_of
from planner.scenario.initiatives import Effect, portfolios
from solvers.flow.network import Bools, Floats, FlowNetwork

ESCALATED = 3  # stage of those who were escalated


def portfolio_problems(problem: FlowProblem) -> tuple[FlowProblem, ...]:
    """Make one problem of each choice the scenario admits: a portfolio of initiatives, and day parts to close.

    The first one, without initiatives and with every pool open, is `problem`.

    Raises
    ------
    ScenarioError
        Under some initiatives contacts lead to contacts without end.
    """
    chosen = [under_initiatives(problem, one) for one in portfolios(problem.scenario.initiatives)]
    for one in chosen[1:]:
        check_initiatives(problem.network, one.network, problem.scenario.name, one.initiatives)
    return tuple(under_closings(one, closed) for closed in closings(problem.scenario) for one in chosen)


def under_closings(problem: FlowProblem, closed: tuple[Closing, ...]) -> FlowProblem:
    """Return a problem with every pool open as it is with some closed in parts of the day: nobody there, no cost."""
    if not closed:
        return problem
    network, horizon = problem.network, problem.scenario.horizon
    shut, spared = network.closed.copy(), 0.0
    for pool, name in closed:
        part = problem.scenario.pools[pool].day_parts[name]
        by_day = shut[problem.pools.index(pool)].reshape(horizon.days, horizon.intervals_per_day)
        by_day[:, list(intervals_of(horizon, part))] = True
        spared += part.fixed_cost
    network = replace(
        network,
        closed=shut,
        people_min=np.where(shut, 0.0, network.people_min),
        program_cost=network.program_cost - spared,
    )
    return replace(problem, instance=replace(problem.instance, network=network), closed=closed)


def under_initiatives(problem: FlowProblem, chosen: tuple[str, ...]) -> FlowProblem:
    """Return a problem without initiatives as it is under some; ratios of effects multiply, points add up.

    With factor v of volume, h of handle time, u of the unresolved, e of the escalated and shift s of the score:
    issues[i]·natural[i,a] → v·issues[i]·natural[i,a];  aht → h·aht;  1 − resolve → min(1, u·(1 − resolve));
    escalate → min(1, e·escalate);  score → score + s, on the scale. What thin support lets move stays the same share.

    An issue that no longer arises counts in the mean experience as those of its type that do: preventing issues changes
    what they cost, and CX only through shorter waits. Else preventing easy issues would seem to harm customers.
    """
    if not chosen:
        return problem
    effects = [effect for name in chosen for effect in problem.scenario.initiatives[name].effects]
    network, volume = problem.network, np.ones(problem.network.natural.shape)
    factors = {name: np.ones(len(network.flows.node)) for name in ("handle_time", "unresolved", "escalated")}
    shift = np.zeros(len(network.flows.node))
    for effect in effects:
        of_flow = _flows_of(problem, effect)
        for name, factor in factors.items():
            factor[of_flow] *= 1.0 + _value(effect, name)
        shift[of_flow] += _value(effect, "score")
        volume[_arrivals_of(problem, effect)] *= 1.0 + _value(effect, "volume")
    cost = sum(problem.scenario.initiatives[name].cost for name in chosen)
    network = _with_volume(_with_outcomes(network, **factors), volume)
    scores = np.clip(network.flows.score + shift, *problem.scenario.experience.scale)
    network = replace(network, flows=replace(network.flows, score=scores), program_cost=network.program_cost + cost)
    return replace(
        problem,
        instance=replace(problem.instance, network=network),
        weights=replace(problem.weights, shift=shift),
        initiatives=chosen,
    )


def rebuilt(problem: FlowProblem, scenario: Scenario, experience: ExperienceModel) -> FlowProblem:
    """Draw a problem up again from another scenario or experience, with the same initiatives and day parts closed.

    Raises
    ------
    ScenarioError
        The scenario and the experience model do not fit together.
    """
    again = under_initiatives(build_problem(scenario, experience, problem.demand), problem.initiatives)
    return under_closings(again, problem.closed)


def _value(effect: Effect, name: str) -> float:
    stated = getattr(effect, name)
    return 0.0 if stated is None else float(stated.value)


def _flows_of(problem: FlowProblem, effect: Effect) -> Bools:
    """Flows whose served contacts an effect changes, shape (flow,)."""
    network = problem.network
    kind, channel = network.flow_kind, network.nodes.channel[network.flows.node]
    return np.asarray(
        _types_of(problem, effect)[kind]
        & _listed(problem.channels, effect.channels)[channel]
        & _listed(problem.pools, effect.pools)[network.flows.pool]
    )


def _arrivals_of(problem: FlowProblem, effect: Effect) -> Bools:
    """Types and the channels customers choose by themselves whose volume an effect changes, shape (type, channel)."""
    return np.asarray(_types_of(problem, effect)[:, None] & _listed(problem.channels, effect.channels)[None, :])


def _types_of(problem: FlowProblem, effect: Effect) -> Bools:
    reasons, segments = zip(*problem.types, strict=True)
    return np.asarray(_listed(reasons, effect.reasons) & _listed(segments, effect.segments))


def _listed(labels: tuple[str, ...], wanted: tuple[str, ...] | None) -> Bools:
    return np.array([wanted is None or label in wanted for label in labels], dtype=bool)


def _with_outcomes(network: FlowNetwork, handle_time: Floats, unresolved: Floats, escalated: Floats) -> FlowNetwork:
    """Scale handle times, what is not resolved and what is escalated; next contacts follow what they come from."""
    before = network.flows
    after = replace(
        before,
        aht_s=before.aht_s * handle_time,
        resolve=1.0 - np.minimum((1.0 - before.resolve) * unresolved, 1.0),
        escalate=np.minimum(before.escalate * escalated, 1.0),
    )
    returned = _ratio(after.comes_back, before.comes_back)
    up = _ratio(after.escalate, before.escalate)
    origin, stage = network.served_from, network.nodes.stage[network.served_to]
    scale = np.where(stage == ESCALATED, up[origin], returned[origin])
    return replace(network, flows=after, served_share=network.served_share * scale)


def _with_volume(network: FlowNetwork, volume: NDArray[np.float64]) -> FlowNetwork:
    """Scale the issues of each type and chosen channel, shape (type, channel), and what may move of them."""
    arrivals = network.natural * volume
    total = arrivals.sum(axis=1)
    nodes, first = network.nodes, network.nodes.stage == 0
    most = nodes.most.copy()
    most[first] *= volume[nodes.kind[first], nodes.natural[first]]
    left = _ratio(total, network.natural.sum(axis=1))
    return replace(
        network,
        issues=network.issues * left,
        issue_weight=network.issue_weight / left,
        natural=arrivals / np.where(total > 0, total, 1.0)[:, None],
        nodes=replace(nodes, most=most),
    )


def _ratio(after: Floats, before: Floats) -> Floats:
    return np.asarray(np.divide(after, before, out=np.ones_like(before), where=before > 0))
