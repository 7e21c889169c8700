"""The jobs a run deals out: pure functions of their arguments that return bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from planner.frontier.objectives import Objectives
from planner.frontier.records import Record, brief, pack
from solvers.flow.bound import Bounded, climb, least_costs
from solvers.flow.covering import day_covers
from solvers.flow.enumerate import enumerate_offer
from solvers.flow.genome import express
from solvers.flow.network import Floats, Ints
from solvers.flow.pins import with_kept
from solvers.flow.polish import polished
from solvers.flow.solution import Instance, Routing, Solution, judge
from solvers.flow.sweep import (
    Crew,
    SweepSettings,
    Target,
    master_of,
    planes_of,
    plans_at,
    staffed_solution,
    sweep_level,
    sweep_points,
)

LEAST_PRICE = 1e-6  # points for all of the least cost: next to nothing, so that every price is bounded


@dataclass(frozen=True)
class Seed:
    """A plan of an earlier run: its routing, the headroom it had, and its people where all its shifts still exist.

    `choice`: names of its initiatives and closed day parts.
    """

    routing: Routing
    headroom: float
    people: tuple[Ints | None, ...] | None
    choice: tuple[str, ...] = ()


def sweep_job(instance: Instance, headroom: float, settings: SweepSettings, objectives: Objectives) -> bytes:
    """Plans and bounds of one headroom level."""
    result = sweep_level(instance, headroom, settings)
    return pack(_briefs(instance, result.solutions, objectives), result.planes, result.cheapest)


def _briefs(instance: Instance, solutions: Iterable[Solution], objectives: Objectives) -> list[Record]:
    return [brief(s, objectives.values(instance, s)) for s in solutions]


def warm_job(instance: Instance, seeds: Sequence[Seed], settings: SweepSettings, objectives: Objectives) -> bytes:
    """Plans of an earlier run: with the people they had, and staffed anew for the headroom they had."""
    covers = day_covers(instance)
    plans: list[Solution] = []
    for seed in seeds:
        routing = with_kept(instance.pins, instance.network, seed.routing)
        if seed.people is not None:
            kept = instance.pins.people if instance.pins is not None else (None,) * len(seed.people)
            people = tuple(own if pinned is None else pinned for own, pinned in zip(seed.people, kept, strict=True))
            plans.append(judge(instance, routing, people, "master"))
        anew = staffed_solution(instance, routing, seed.headroom, covers, settings.classes, "master")
        plans += [] if anew is None else [anew]
    return pack(_briefs(instance, plans, objectives))


def first_job(
    instance: Instance, routing: Routing, headroom: float, settings: SweepSettings, objectives: Objectives
) -> bytes:
    """A first plan, soon: a routing staffed anew and, where that breaks a limit, the master's cheapest point."""
    covers = day_covers(instance)
    plan = staffed_solution(instance, routing, headroom, covers, settings.classes, "master")
    plans = [] if plan is None else [plan]
    if plan is None or not plan.feasible:
        level = master_of(instance).level(headroom, least=headroom)
        cheapest = level.cheapest()
        if cheapest is not None:
            crew, cost = Crew(instance, settings, level), cheapest.cost
            plans += crew.plans(headroom, cost, LEAST_PRICE / cost, cheapest)
    return pack(_briefs(instance, plans, objectives))


def screen_job(instance: Instance, levels: Sequence[float], cost_points: int) -> bytes:
    """Bounds of one portfolio at ascending headroom levels, without plans, in rows.

    Rows: headroom, slope, intercept, cost, cx; slope NaN: the intercept is the least cost (inf: proven that no plan has
    this headroom).
    """
    level = master_of(instance).level(levels[0], least=levels[0])
    rows = []
    for headroom in levels:
        level.move(headroom)
        cheapest, points = sweep_points(level, cost_points)
        if not np.isfinite(cheapest):
            rows += [] if level.failed else [(headroom, np.nan, np.inf, np.nan, np.nan)]
            break
        rows.append((headroom, np.nan, cheapest, np.nan, np.nan))
        flat = level.point(np.inf, LEAST_PRICE / cheapest)
        rows += [astuple(plane) for plane in planes_of([*points, flat] if flat else points)]
    buffer = io.BytesIO()
    np.save(buffer, np.array(rows, dtype=float).reshape(-1, 5), allow_pickle=False)
    return buffer.getvalue()


def bound_job(instance: Instance, levels: Sequence[float], steps: int, price: float, boxes: int) -> bytes:
    """What no plan exceeds at ascending headroom levels for one price of CX (NaN: the least cost).

    Boxes are solved at every `steps`-th level; between two of these the chord is read.
    """
    rows: list[list[float]] = []
    last: Bounded | None = None
    for k, bound in enumerate(climb(master_of(instance), levels[::steps], price, boxes)):
        if bound is not None and last is not None and bound.chord is not None:
            for level in levels[(k - 1) * steps + 1 : k * steps]:
                part = (level - last.headroom) / (bound.headroom - last.headroom)
                cost = last.point.cost + part * (bound.point.cost - last.point.cost)
                cx = last.point.cx + part * (bound.point.cx - last.point.cx)
                rows.append([level, price, bound.chord.at(level), cost, cx])
        if bound is not None:
            rows.append([bound.headroom, price, bound.value, bound.point.cost, bound.point.cx])
        last = bound
    buffer = io.BytesIO()
    np.save(buffer, np.array(rows, dtype=float).reshape(-1, 5), allow_pickle=False)
    return buffer.getvalue()


def least_cost_job(instance: Instance, asked: Sequence[tuple[float, float]], boxes: int) -> bytes:
    """Least cost of any plan with at least a CX and a headroom, (point,)."""
    buffer = io.BytesIO()
    np.save(buffer, np.array(least_costs(master_of(instance), asked, boxes), dtype=float), allow_pickle=False)
    return buffer.getvalue()


def aim_job(instance: Instance, targets: Sequence[Target], settings: SweepSettings, objectives: Objectives) -> bytes:
    """Plans near points of the outer surface."""
    return pack(_briefs(instance, plans_at(instance, targets, settings), objectives))


def polish_job(instance: Instance, plans: Sequence[Record], settings: SweepSettings, objectives: Objectives) -> bytes:
    """Plans routed anew around their pool sizes; the plan itself where that breaks a limit, so that rows match."""
    before = [record.judged(instance) for record in plans]
    after = polished(instance, before, settings)
    kept = [old if new is None or not new.feasible else new for old, new in zip(before, after, strict=True)]
    return pack(_briefs(instance, kept, objectives))


def grid_job(instance: Instance, offer: Floats, split: Floats, objectives: Objectives) -> bytes:
    """All feasible plans of the decision grid with given offers."""
    return pack(_briefs(instance, enumerate_offer(instance, offer, split), objectives))


def search_job(instance: Instance, genomes: Floats, settings: SweepSettings, objectives: Objectives) -> bytes:
    """Plans of some genomes; infeasible ones stay in, marked, so that rows match genomes."""
    records = []
    for solution in express(instance, genomes, settings):
        if solution is None:
            empty = tuple(
                None if c is None else np.zeros((instance.network.days, len(c.paid_h)), dtype=np.int64)
                for c in instance.catalogues
            )
            network = instance.network
            nowhere = Routing(
                np.zeros(len(network.nodes.kind)),
                np.zeros(len(network.split_kind)),
                np.zeros(len(network.pair_pool), dtype=np.int64),
            )
            unknown = (np.nan,) * len(objectives.names)
            records.append(Record(nowhere, empty, (-np.inf, np.inf, -np.inf), False, "search", unknown))
        else:
            records += _briefs(instance, [solution], objectives)
    return pack(records)
