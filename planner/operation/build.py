"""Scenario, experience and demand become one flow network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.demand.model import Demand
from planner.errors import Issue, ScenarioError
from planner.experience.model import ExperienceModel
from planner.operation.arrays import flow_weights, network_of
from planner.operation.draft import Builder, draw_first_nodes, draw_flows, draw_later_nodes, natural_with_pools
from planner.operation.endings import check_endings
from planner.operation.people import build_catalogue, build_payroll
from planner.operation.problem import FlowProblem
from planner.operation.taken_over import check_taken_over
from planner.scenario import Scenario
from planner.scenario.scenario import Measure, Period
from solvers.flow.network import FlowNetwork, Limits, Promises
from solvers.flow.solution import Instance
from solvers.shifts.catalogue import WEEK, Catalogue

MEASURES = {
    Measure.SERVICE_LEVEL: 0,
    Measure.ASA_S: 1,
    Measure.ABANDON_RATE: 2,
    Measure.DEADLINE_KEPT: 3,
}


def build_problem(scenario: Scenario, experience: ExperienceModel, demand: Demand) -> FlowProblem:
    """Draw up the flow network of a scenario.

    Raises
    ------
    ScenarioError
        A contact type arrives in, or is escalated to, a channel where no pool with a known score may serve it and
        nothing takes over; contacts lead to contacts without end; or low scores are the good ones.
    """
    _refuse_low_is_good(scenario)
    maker = Builder(scenario, experience, demand)
    natural = natural_with_pools(maker)
    draw_first_nodes(maker, natural)
    draw_later_nodes(maker)
    draw_flows(maker)
    check_taken_over(maker)
    weights = flow_weights(maker)
    network = network_of(maker, natural, weights)
    check_endings(maker, network)
    kinds = tuple(scenario.shifts)
    own = _catalogues(scenario, kinds)
    instance = Instance(
        network=_closed_without_shifts(network, own),
        promises=build_promises(scenario, maker.pools),
        limits=_limits(scenario, maker.pools),
        payroll=build_payroll(scenario),
        catalogues=own,
    )
    return FlowProblem(
        scenario=scenario,
        experience=experience,
        demand=demand,
        types=maker.types,
        channels=maker.channels,
        pools=maker.pools,
        segments=maker.segments,
        steers=maker.steers,
        promise_names=tuple(scenario.promises),
        seat_names=tuple(scenario.limits.seats),
        shift_kinds=kinds,
        starts=demand.starts,
        instance=instance,
        weights=weights,
        support=tuple(maker.draft.support),
        limits=tuple(maker.draft.limits),
        notes=tuple(maker.draft.notes),
    )


def _closed_without_shifts(network: FlowNetwork, catalogues: tuple[Catalogue | None, ...]) -> FlowNetwork:
    """Close live pools on open days that have none of their shifts where links take their contacts elsewhere."""
    closed = network.closed.copy()
    days = np.bincount(network.opened // network.intervals_per_day, minlength=network.days) > 0
    for g in map(int, np.unique(network.overflow_from)):
        catalogue = catalogues[g]
        if catalogue is not None:
            idle = days & ~catalogue.worked(network.days).any(axis=1)
            closed[g] |= np.repeat(idle, network.intervals_per_day)
    if not closed.any():
        return network
    return replace(network, closed=closed, people_min=np.where(closed, 0.0, network.people_min))


def _refuse_low_is_good(scenario: Scenario) -> None:
    if not scenario.experience.higher_is_better:
        low, high = scenario.experience.scale
        message = (
            "is false: plans maximize the score, so a scale on which low is good would be planned upside down; "
            f"turn the score around ({low + high:g} - score) and leave this out"
        )
        raise ScenarioError([Issue(scenario.name, None, None, "experience.higher_is_better", message)])


def _catalogues(scenario: Scenario, kinds: tuple[str, ...]) -> tuple[Catalogue | None, ...]:
    """Catalogue of shifts of every pool, None where nobody works; pools with the same shifts share one."""
    made: dict[tuple[str, ...], Catalogue] = {}
    for pool in scenario.pools.values():
        if pool.staffed and pool.shifts not in made:
            made[pool.shifts] = build_catalogue(scenario, pool, kinds)
    return tuple(made[pool.shifts] if pool.staffed else None for pool in scenario.pools.values())


def build_promises(scenario: Scenario, pools: tuple[str, ...]) -> Promises:
    """Promises over pools as arrays; a week is seven days from the first on, or the horizon where that is shorter."""
    per_day = scenario.horizon.intervals_per_day
    length = {
        Period.INTERVAL: 1,
        Period.DAY: per_day,
        Period.WEEK: min(WEEK * per_day, scenario.horizon.intervals),
        Period.MONTH: scenario.horizon.intervals,
    }
    rows = list(scenario.promises.values())
    return Promises(
        pools=np.array([[p in row.pools for p in pools] for row in rows], dtype=bool).reshape(len(rows), len(pools)),
        measure=np.array([MEASURES[row.measure] for row in rows], dtype=np.int64),
        target=np.array([row.target for row in rows], dtype=float),
        within_s=np.array([row.answer_within_s for row in rows], dtype=float),
        period_intervals=np.array([length[row.period] for row in rows], dtype=np.int64),
    )


def _limits(scenario: Scenario, pools: tuple[str, ...]) -> Limits:
    seats = list(scenario.limits.seats.values())
    budget = scenario.limits.budget_max
    return Limits(
        budget=np.inf if budget is None else budget,
        seat_pools=np.array([[p in s.pools for p in pools] for s in seats], dtype=bool).reshape(len(seats), len(pools)),
        seat_max=np.array([s.max for s in seats], dtype=float),
    )
