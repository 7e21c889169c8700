"""Find plans: enumerate where the grid is small, else sweep the master, and search on from it.

Initiatives change the coefficients of a center, so every admissible portfolio is a problem of its own. The front is
taken over the plans of all, the bound is the highest of theirs, and plans are aimed at that: the work in plans does not
grow with the number of portfolios.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from planner.frontier.bounds import Aim, Coarse, Rung, aim, bound_rungs, guessed, headline_aims, ladder, surface_of
from planner.frontier.choose import keep_best
from planner.frontier.envelope import Envelope, envelope
from planner.frontier.evolving import Hunt, search_on
from planner.frontier.jobs import Seed, aim_job, first_job, grid_job, screen_job, sweep_job, warm_job
from planner.frontier.objectives import Objectives, objectives_of
from planner.frontier.polishing import polish
from planner.frontier.records import Record, axes, unpack
from planner.frontier.so_far import so_far
from planner.frontier.tightening import tighten
from planner.frontier.work import Work
from planner.operation import portfolio_problems
from planner.operation.problem import FlowProblem
from solvers.flow.enumerate import grid_size, offer_grid
from solvers.flow.network import Floats
from solvers.flow.solution import Routing
from solvers.flow.sweep import Plane, SweepSettings

AIMED, LARGE_AIMED = 10, 3  # targets a job, about; where one takes long, few, or a job would run far past a deadline
GUESSED = 4  # headroom levels between two of the sweep that plans are aimed at before the bound is known
FIRST_LOOK = 40  # plans that are shown while the bound is still sought: looking at more takes longer than it helps
EARLY = 0.8  # of the plans are aimed before the bound is known, the others where these leave most of it open


@dataclass(frozen=True)
class Found:
    """Plans on the frontier in brief, the outer surface, whether every plan of a finite grid was looked at.

    `objectives`: what plans were chosen by on top of CX, cost and headroom; `problems`: one per portfolio of
    initiatives, the first without any; a record's portfolio is an index of them.
    """

    records: tuple[Record, ...]
    surface: Envelope | None
    enumerated: bool
    objectives: Objectives
    problems: tuple[FlowProblem, ...]


class Standing(NamedTuple):
    """Where Today stands: the CX it is judged by, its cost, its headroom, its CX per segment (segment,)."""

    cx: float
    cost: float
    headroom: float
    cx_segment: Floats


def sweep_settings(problem: FlowProblem, fallback: Floats) -> SweepSettings:
    """Settings of the master's sweep from the scenario; `fallback` shares where the master sends nobody."""
    settings = problem.scenario.frontier
    return SweepSettings(settings.cost_points, settings.share_step, settings.priority_classes, fallback)


def find_plans(
    problem: FlowProblem,
    fallback: Floats,
    work: Work,
    seeds: list[Seed] | None = None,
    now: Standing | None = None,
    first_look: Callable[[Found], None] | None = None,
) -> Found:
    """Find the frontier's plans: a first one soon, a coarse sweep, plans, the bound, more, a search, polish.

    Plans come first and the bound of them second, so that whoever stops early has plans from everywhere; on a large
    network those of the sweep, for the bound takes as long as a few more, which would leave it no time. The result
    depends on the problem, the seeds and the seed alone, not on workers. With `seeds`, plans of an earlier run, these
    take the place of most of the sweep and of two thirds of the plans that are aimed. `now`, where Today stands, adds
    plans that are no worse than it, or no dearer. `first_look` is given the plans there are before the bound is known.
    """
    nowhere = np.full(len(problem.network.segment_min), np.nan)
    objectives = objectives_of(problem, work.seed, nowhere if now is None else now.cx_segment)
    hunt = Hunt(portfolio_problems(problem), sweep_settings(problem, fallback), objectives, work)
    budgets, levels = problem.scenario.frontier, sorted(set(problem.scenario.frontier.headroom_levels))
    size = len(hunt.problems) * grid_size(problem.instance, hunt.settings.step)
    if size <= budgets.enumerate_max and problem.instance.pins is None:
        return _every_plan(hunt, levels)
    known = _first(hunt, levels[0])
    known += _warm(hunt, seeds) if seeds else []
    _tell(hunt, known)
    several = len(hunt.problems) > 1
    swept, coarse = ([], _screen(hunt, levels)) if several else _sweep(hunt, levels[:1] if seeds else levels)
    known += swept
    _tell(hunt, known)
    count = budgets.plans // 3 if seeds else budgets.plans
    count += budgets.cost_points * len(levels) if several else 0
    early = 0 if seeds or (_large(hunt) and not several) else round(EARLY * count)
    guess = [guessed(one, ladder(levels, GUESSED)) for one in coarse]
    guessed_surface = _surface(hunt, coarse, guess)
    if guessed_surface is not None:
        known += _planned(hunt, aim(guessed_surface, guess, early, axes(known)), "aim")
        _tell(hunt, known)
    named = None if now is None else now[:3]
    if first_look is not None and not work.out_of_time:
        front = keep_best(known, FIRST_LOOK, hunt.objectives.senses, named, levels[-1])
        if front:
            first_look(Found(tuple(front), None, False, hunt.objectives, hunt.problems))
    rungs = bound_rungs(hunt.problems, levels, coarse, work)
    surface = _surface(hunt, coarse, rungs)
    if surface is not None:
        targets = aim(surface, rungs, count - early, axes(known))
        if now is not None:
            targets += headline_aims(surface, rungs, now.cx, now.cost, problem.scenario.experience.scale)
        known += _planned(hunt, targets, "fill")
    _tell(hunt, known, surface)
    known += search_on(hunt, known, surface)
    if surface is not None and not _large(hunt):
        known += polish(hunt, keep_best(known, budgets.max_plans, hunt.objectives.senses, asked=levels[-1]), surface)
    hunt.work.note = ""
    front = keep_best(known, budgets.max_plans, hunt.objectives.senses, named, levels[-1])
    if surface is not None and front and not _large(hunt):
        surface = tighten(hunt, front, surface)
    if problem.instance.pins is not None and problem.instance.pins.complete(problem.network):
        front = [record.named("pinned") for record in front]
    return Found(tuple(front), surface, False, hunt.objectives, hunt.problems)


def _tell(hunt: Hunt, known: Sequence[Record], surface: Envelope | None = None) -> None:
    """Note what there is by now for whoever waits."""
    hunt.work.note = so_far(known, hunt.objectives.senses, hunt.problems[0].scenario.currency, surface)


def _every_plan(hunt: Hunt, levels: list[float]) -> Found:
    """All plans of a small grid, and the bound of them."""
    records = _enumerate(hunt)
    _tell(hunt, records)
    coarse = _screen(hunt, levels)
    surface = _surface(hunt, coarse, bound_rungs(hunt.problems, levels, coarse, hunt.work))
    hunt.work.note = ""
    whole = keep_best(records, len(records) + 1, hunt.objectives.senses)
    return Found(tuple(whole), surface, not hunt.work.skipped, hunt.objectives, hunt.problems)


def _first(hunt: Hunt, headroom: float) -> list[Record]:
    """A plan before anything else: Today's routing, staffed for the least headroom."""
    network = hunt.problems[0].network
    nobody = np.zeros(len(network.pair_pool), dtype=np.int64)
    routing = Routing(np.zeros(len(network.nodes.kind)), hunt.settings.fallback, nobody)
    given = (hunt.problems[0].instance, routing, headroom, hunt.settings, hunt.objectives)
    found = hunt.work.run("first plan", first_job, [("first plan", given)])
    return [record for data in found if data is not None for record in unpack(data)[0]]


def _warm(hunt: Hunt, seeds: Sequence[Seed]) -> list[Record]:
    """Plans of an earlier run in this one, each with the choice it had if that is still there to make."""
    portfolios = {problem.choice: p for p, problem in enumerate(hunt.problems)}
    size = _job_size(hunt)
    jobs: list[tuple[str, tuple[Any, ...]]] = []
    owners: list[int] = []
    for choice, p in portfolios.items():
        own = [seed for seed in seeds if seed.choice == choice]
        for k in range(0, len(own), size):
            given = (hunt.problems[p].instance, own[k : k + size], hunt.settings, hunt.objectives)
            jobs.append((f"warm/{len(jobs)}", given))
            owners.append(p)
    return hunt.records("earlier plans", warm_job, jobs, owners)


def _sweep(hunt: Hunt, levels: list[float]) -> tuple[list[Record], list[Coarse]]:
    """Plans and coarse bounds of the only portfolio, level by level."""
    instance = hunt.problems[0].instance
    jobs = [
        (f"sweep/{levels[k]!r}", (instance, levels[k], hunt.settings, hunt.objectives)) for k in _farthest_first(levels)
    ]
    records: list[Record] = []
    bounds: list[tuple[float, float, tuple[Plane, ...]]] = []
    for (_, (_, level, *_)), data in zip(jobs, hunt.work.run("master", sweep_job, jobs), strict=True):
        if data is not None:
            found, planes, cheapest = unpack(data)
            records += found
            bounds.append((float(level), cheapest, tuple(planes)))
    return records, [Coarse(tuple(bounds))]


def _screen(hunt: Hunt, levels: list[float]) -> list[Coarse]:
    """Coarse bounds of every portfolio."""
    points = hunt.problems[0].scenario.frontier.cost_points
    jobs = [(f"screen/{p}", (one.instance, levels, points)) for p, one in enumerate(hunt.problems)]
    return [_coarse(data) for data in hunt.work.run("master", screen_job, jobs)]


def _coarse(data: bytes | None) -> Coarse:
    if data is None:
        return Coarse(())
    rows = np.load(io.BytesIO(data), allow_pickle=False)
    swept, closed = [], np.inf
    for headroom, least in rows[np.isnan(rows[:, 1])][:, [0, 2]]:
        if np.isinf(least):
            closed = float(headroom)
            continue
        own = rows[(rows[:, 0] == headroom) & ~np.isnan(rows[:, 1])]
        planes = tuple(Plane(*map(float, row)) for row in own)
        swept.append((float(headroom), float(least), planes))
    return Coarse(tuple(swept), closed)


def _surface(hunt: Hunt, coarse: Sequence[Coarse], rungs: Sequence[Sequence[Rung]]) -> Envelope | None:
    pieces = [surface_of(own, one.swept, one.closed) for one, own in zip(coarse, rungs, strict=True)]
    return envelope(tuple(pieces), tuple(", ".join(problem.choice) for problem in hunt.problems))


def _farthest_first(places: Sequence[float]) -> list[int]:
    """Order points so that any first few are spread out, both ends first, then the widest gaps; which ones they are."""
    left = list(range(len(places)))
    order = left[:1] + left[1:][-1:]
    while len(order) < len(places):
        rest = (k for k in left if k not in order)
        order.append(max(rest, key=lambda k: min(abs(places[k] - places[j]) for j in order)))
    return order


def _planned(hunt: Hunt, targets: Sequence[Aim], stage: str) -> list[Record]:
    """Plans near targets, in jobs of one portfolio and like size; any first few jobs are spread over all headroom."""
    jobs: list[tuple[str, tuple[Any, ...]]] = []
    owners: list[int] = []
    for p in sorted({portfolio for portfolio, _ in targets}):
        own = sorted((t for portfolio, t in targets if portfolio == p), key=lambda one: (one.headroom, one.cost))
        size = _even(len(own), _job_size(hunt))
        for k in range(0, len(own), size):
            given = (hunt.problems[p].instance, own[k : k + size], hunt.settings, hunt.objectives)
            jobs.append((f"{stage}/{len(jobs)}", given))
            owners.append(p)
    order = _farthest_first(range(len(jobs)))
    return hunt.records("plans", aim_job, [jobs[k] for k in order], [owners[k] for k in order])


def _large(hunt: Hunt) -> bool:
    return hunt.problems[0].network.large


def _job_size(hunt: Hunt) -> int:
    return LARGE_AIMED if _large(hunt) else AIMED


def _even(count: int, size: int) -> int:
    """Size of jobs, about the wanted one, with which two workers end together: an even number of like jobs."""
    return max(1, -(-count // (2 * max(1, round(count / (2 * size))))))


def _enumerate(hunt: Hunt) -> list[Record]:
    jobs: list[tuple[str, tuple[Any, ...]]] = []
    owners: list[int] = []
    for p, problem in enumerate(hunt.problems):
        for k, offer in enumerate(offer_grid(problem.instance, float(hunt.settings.step or 1.0))):
            jobs.append((f"grid/{p}/{k}", (problem.instance, offer, hunt.settings.fallback, hunt.objectives)))
            owners.append(p)
    return hunt.records("every plan", grid_job, jobs, owners)
