"""Search on from plans: an evolutionary search over their genomes, the portfolio of initiatives among the genes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from planner.frontier.certificate import reached
from planner.frontier.choose import keep_best
from planner.frontier.envelope import Envelope
from planner.frontier.jobs import search_job
from planner.frontier.objectives import Objectives
from planner.frontier.records import Record, axes, unpack
from planner.frontier.work import Job, Work
from planner.operation.problem import FlowProblem
from solvers.evolution import Space, evolve
from solvers.flow.genome import encode, space_of
from solvers.flow.network import Floats
from solvers.flow.sweep import SweepSettings

CHUNK = 10
POPULATION = 40
PATIENT = 2 * POPULATION  # plans tried in a row that may bring less than …
WORTH = 5e-4  # … this share of the volume of the plans that stay


@dataclass(frozen=True)
class Hunt:
    """What plans are sought for and with: one problem per portfolio of initiatives, settings, objectives, work."""

    problems: tuple[FlowProblem, ...]
    settings: SweepSettings
    objectives: Objectives
    work: Work

    def records(
        self, stage: str, function: Callable[..., bytes], jobs: Sequence[Job], owners: Sequence[int]
    ) -> list[Record]:
        """Plans of jobs, in order, each of the portfolio that owns its job; none of those that time left out."""
        found = zip(owners, self.work.run(stage, function, jobs), strict=True)
        return [replace(r, portfolio=p) for p, data in found if data is not None for r in unpack(data)[0]]


def search_on(hunt: Hunt, seeds: Sequence[Record], surface: Envelope | None) -> list[Record]:
    """Vary plans; every individual is evaluated by the one evaluator, in chunks of fixed size and one portfolio.

    Where the plans have several portfolios, the last gene chooses one of these. It ends at the budget, or as soon as
    what it brings no longer fills the volume below the `surface`: in a large center that is soon, for people are
    nearly divisible there; in a small one lucky rounding is found for long.
    """
    settings = hunt.problems[0].scenario.frontier
    budget, asked = settings.search_evaluations, max(settings.headroom_levels)
    start = keep_best(seeds, POPULATION, hunt.objectives.senses, asked=asked)
    if budget <= 0 or len(start) < 2 or hunt.work.out_of_time:
        return []
    portfolios = sorted({record.portfolio for record in start})
    network = hunt.problems[0].network
    space, genomes = space_of(network, asked), []
    for record in start:
        genes = encode(network, record.judged(hunt.problems[record.portfolio].instance))
        genomes.append(np.append(genes, portfolios.index(record.portfolio) + 0.5) if len(portfolios) > 1 else genes)
    if len(portfolios) > 1:
        own = space.block.max() + 1
        space = Space(
            np.append(space.lower, 0.0), np.append(space.upper, float(len(portfolios))), np.append(space.block, own)
        )
    crew = _Crew(hunt, portfolios, asked)
    pays = None if surface is None or hunt.objectives.senses else _Paying(crew, surface, seeds)
    evaluations = budget + len(genomes)
    evolve(
        crew.evaluate,
        space,
        np.array(genomes),
        population=POPULATION,
        evaluations=evaluations,
        seed=hunt.work.seed,
        pays=pays,
    )
    return crew.found


class _Paying:
    """Tells after every generation whether the search still adds to the plans that stay.

    Where plans have further axes it cannot: volume here is that of CX, cost and headroom.
    """

    def __init__(self, crew: _Crew, surface: Envelope, seeds: Sequence[Record]) -> None:
        self._crew, self._surface, self._seeds = crew, surface, seeds
        self._most = crew.hunt.problems[0].scenario.frontier.max_plans
        self._volume, self._tried = 0.0, 0

    def __call__(self) -> bool:
        front = keep_best([*self._seeds, *self._crew.found], self._most, asked=self._crew.asked)
        volume = reached(self._surface, axes(front))
        if volume > self._volume * (1.0 + WORTH):
            self._volume, self._tried = volume, self._crew.tried
        return self._crew.tried - self._tried < PATIENT


class _Crew:
    """Evaluates populations as jobs and keeps every feasible plan it meets in `found`.

    More headroom than is `asked` for makes no plan better: else a search drifts to plans that nobody asked for.
    """

    def __init__(self, hunt: Hunt, portfolios: Sequence[int], asked: float) -> None:
        self.hunt, self.portfolios, self.asked = hunt, portfolios, asked
        self.found: list[Record] = []
        self.tried = 0
        self._jobs = 0

    def evaluate(self, genomes: Floats) -> tuple[Floats, Floats]:
        """Minimized objectives (individual, objective) and violations (individual, 1)."""
        records = self._records(genomes)
        self.tried += len(genomes)
        self.found += [r for r in records if r is not None and r.feasible]
        senses = self.hunt.objectives.senses
        signs = np.array([-1.0, 1.0, -1.0, *(1.0 if sense == "min" else -1.0 for sense in senses)])
        nothing = (-1e3, 1e12, -10.0, *(1e12 * signs[3:]))
        rows = [
            (*r.objectives, *r.extra) if r is not None and np.isfinite(r.objectives).all() else nothing for r in records
        ]
        bad = np.array([[0.0 if r is not None and r.feasible else 1.0] for r in records])
        values = np.array(rows, dtype=float)
        values[:, 2] = np.minimum(values[:, 2], self.asked)
        return values * signs, bad

    def _records(self, genomes: Floats) -> list[Record | None]:
        hunt, several = self.hunt, len(self.portfolios) > 1
        place = np.minimum(genomes[:, -1].astype(np.int64), len(self.portfolios) - 1) if several else None
        owner = np.array(self.portfolios)[np.zeros(len(genomes), dtype=np.int64) if place is None else place]
        genes = genomes[:, :-1] if several else genomes
        jobs: list[tuple[str, tuple[Any, ...]]] = []
        members: list[Any] = []
        for p in np.unique(owner):
            own = np.flatnonzero(owner == p)
            for k in range(0, len(own), CHUNK):
                chunk = own[k : k + CHUNK]
                given = (hunt.problems[p].instance, genes[chunk], hunt.settings, hunt.objectives)
                jobs.append((f"search/{self._jobs + len(jobs)}", given))
                members.append(chunk)
        self._jobs += len(jobs)
        records: list[Record | None] = [None] * len(genomes)
        for chunk, data in zip(members, hunt.work.run("search", search_job, jobs), strict=True):
            for place_of, record in zip(chunk, unpack(data)[0] if data is not None else [], strict=False):
                records[place_of] = replace(record, portfolio=int(owner[place_of]))
        return records
