"""Find plans: enumerate where the grid is small, else sweep the master, and search on from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.frontier.bounds import Rung, aim, bound_rungs, surface_of
from planner.frontier.certificate import OuterSurface
from planner.frontier.choose import keep_best
from planner.frontier.jobs import Seed, aim_job, grid_job, search_job, sweep_job, warm_job
from planner.frontier.objectives import Objectives, objectives_of
from planner.frontier.records import Record, axes, unpack
from planner.frontier.work import Work
from planner.operation.problem import FlowProblem
from solvers.evolution import evolve
from solvers.flow.enumerate import grid_size, offer_grid
from solvers.flow.genome import encode, space_of
from solvers.flow.network import Floats
from solvers.flow.sweep import Plane, SweepSettings

CHUNK = 10
AIMED = 10  # targets a job
POPULATION = 40


@dataclass(frozen=True)
class Found:
    """Plans on the frontier in brief, the outer surface, whether every plan of a finite grid was looked at.

    `objectives`: what plans were chosen by on top of CX, cost and headroom.
    """

    records: tuple[Record, ...]
    surface: OuterSurface | None
    enumerated: bool
    objectives: Objectives = Objectives()


def sweep_settings(problem: FlowProblem, fallback: Floats) -> SweepSettings:
    """Settings of the master's sweep from the scenario; `fallback` shares where the master sends nobody."""
    settings = problem.scenario.frontier
    return SweepSettings(settings.cost_points, settings.share_step, settings.priority_classes, fallback)


def find_plans(problem: FlowProblem, fallback: Floats, work: Work, seeds: list[Seed] | None = None) -> Found:
    """Find the frontier's plans: a coarse sweep, the bound, plans aimed at the bound's surface, a seeded search.

    The result depends on the problem, the seeds and the seed alone, not on workers. With `seeds`, plans of an
    earlier run, these take the place of most of the sweep and of two thirds of the plans that are aimed.
    """
    settings, objectives = sweep_settings(problem, fallback), objectives_of(problem, work.seed)
    levels = sorted(set(problem.scenario.frontier.headroom_levels))
    swept, bounds = _sweep(problem, levels[:1] if seeds else levels, settings, objectives, work)
    warm = _warm(problem, seeds, settings, objectives, work) if seeds else []
    swept = [*swept, *warm]
    rungs = bound_rungs(problem, levels, [p for _, _, planes in bounds for p in planes], work)
    surface = surface_of(rungs, bounds)
    size = grid_size(problem.instance, settings.step)
    if size <= problem.scenario.frontier.enumerate_max and problem.instance.pins is None:
        records = _enumerate(problem, fallback, objectives, work)
        whole = keep_best(records, len(records) + 1, objectives.senses)
        return Found(tuple(whole), surface, not work.skipped, objectives)
    most = problem.scenario.frontier.plans
    aimed = _aimed(problem, surface, rungs, most // 3 if warm else most, settings, objectives, work, axes(warm))
    searched = _search(problem, [*swept, *aimed], settings, objectives, work)
    front = keep_best([*swept, *aimed, *searched], problem.scenario.frontier.max_plans, objectives.senses)
    if problem.instance.pins is not None and problem.instance.pins.complete(problem.network):
        front = [record.named("pinned") for record in front]
    return Found(tuple(front), surface, False, objectives)


Bound = tuple[float, float, list[Plane]]


def _warm(
    problem: FlowProblem, seeds: list[Seed], settings: SweepSettings, objectives: Objectives, work: Work
) -> list[Record]:
    chunks = [seeds[k : k + AIMED] for k in range(0, len(seeds), AIMED)]
    jobs = [(f"warm/{k}", (problem.instance, chunk, settings, objectives)) for k, chunk in enumerate(chunks)]
    return [r for data in work.run("earlier plans", warm_job, jobs) if data is not None for r in unpack(data)[0]]


def _sweep(
    problem: FlowProblem, levels: list[float], settings: SweepSettings, objectives: Objectives, work: Work
) -> tuple[list[Record], list[Bound]]:
    jobs = [(f"sweep/{level!r}", (problem.instance, level, settings, objectives)) for level in _farthest_first(levels)]
    records: list[Record] = []
    bounds: list[Bound] = []
    for (_, (_, level, *_)), data in zip(jobs, work.run("master", sweep_job, jobs), strict=True):
        if data is not None:
            found, planes, cheapest = unpack(data)
            records += found
            bounds.append((float(level), cheapest, planes))
    return records, bounds


def _farthest_first(levels: list[float]) -> list[float]:
    """Order levels so that any prefix is spread out: both ends, then the widest gaps."""
    order = [levels[0], levels[-1]][: len(levels)]
    while len(order) < len(levels):
        order.append(max((x for x in levels if x not in order), key=lambda x: min(abs(x - y) for y in order)))
    return order


def _aimed(
    problem: FlowProblem,
    surface: OuterSurface | None,
    rungs: list[Rung],
    most: int,
    settings: SweepSettings,
    objectives: Objectives,
    work: Work,
    there: Floats,
) -> list[Record]:
    """Plans near the points of the outer surface that fill its volume best, in jobs of fixed size."""
    if surface is None:
        return []
    targets = aim(surface, rungs, most, there)
    chunks = [targets[k : k + AIMED] for k in range(0, len(targets), AIMED)]
    jobs = [(f"aim/{k}", (problem.instance, chunk, settings, objectives)) for k, chunk in enumerate(chunks)]
    return [r for data in work.run("plans", aim_job, jobs) if data is not None for r in unpack(data)[0]]


def _enumerate(problem: FlowProblem, split: Floats, objectives: Objectives, work: Work) -> list[Record]:
    step = problem.scenario.frontier.share_step
    offers = offer_grid(problem.instance, float(step or 1.0))
    jobs = [(f"grid/{k}", (problem.instance, offer, split, objectives)) for k, offer in enumerate(offers)]
    return [r for data in work.run("every plan", grid_job, jobs) if data is not None for r in unpack(data)[0]]


def _search(
    problem: FlowProblem, seeds: list[Record], settings: SweepSettings, objectives: Objectives, work: Work
) -> list[Record]:
    """Vary the master's plans; every individual is evaluated by the one evaluator, in chunks of fixed size."""
    budget = problem.scenario.frontier.search_evaluations
    start = keep_best(seeds, POPULATION, objectives.senses)
    if budget <= 0 or len(start) < 2 or work.out_of_time:
        return []
    instance, network = problem.instance, problem.network
    found: list[Record] = []
    done = [0]

    def evaluate(genomes: Floats) -> tuple[Floats, Floats]:
        chunks = [genomes[k : k + CHUNK] for k in range(0, len(genomes), CHUNK)]
        jobs = [(f"search/{done[0] + k}", (instance, chunk, settings, objectives)) for k, chunk in enumerate(chunks)]
        done[0] += len(chunks)
        records: list[Record | None] = []
        for chunk, data in zip(chunks, work.run("search", search_job, jobs), strict=True):
            records += unpack(data)[0] if data is not None else [None] * len(chunk)
        found.extend(r for r in records if r is not None and r.feasible)
        signs = np.array([-1.0, 1.0, -1.0, *(1.0 if sense == "min" else -1.0 for sense in objectives.senses)])
        nothing = (-1e3, 1e12, -10.0, *(1e12 * signs[3:]))
        rows = [
            (*r.objectives, *r.extra) if r is not None and np.isfinite(r.objectives).all() else nothing for r in records
        ]
        values = np.array(rows, dtype=float)
        bad = np.array([[0.0 if r is not None and r.feasible else 1.0] for r in records])
        return values * signs, bad

    genomes = np.array([encode(network, r.judged(instance)) for r in start])
    evolve(
        evaluate,
        space_of(network),
        genomes,
        population=POPULATION,
        evaluations=budget + len(genomes),
        seed=work.seed,
    )
    return found
