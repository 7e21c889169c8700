"""A small generated center in which plans are sought: the hunt, plans of a coarse sweep, and their bound."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "benchmarks"))

from frontier_runs import problem_like  # noqa: E402
from generated_center import MIDDLE, generate  # noqa: E402

from planner.frontier.evolving import Hunt  # noqa: E402
from planner.frontier.objectives import Objectives  # noqa: E402
from planner.frontier.search import _surface, _sweep  # noqa: E402
from planner.frontier.work import Work  # noqa: E402
from solvers.flow.decode import even_split  # noqa: E402
from solvers.flow.sweep import SweepSettings  # noqa: E402

SMALL = replace(MIDDLE, reasons=4, segments=2, pools=(2, 1, 1, 0, 1, 1), contacts=2_500.0, per_day=14, interval_min=60)


class CountedWork(Work):
    """Work that remembers its jobs."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.jobs = []

    def run(self, stage, function, jobs):
        self.jobs += jobs
        return super().run(stage, function, jobs)

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.jobs]


def hunted_center():
    """Hunt, feasible records of its sweep, surface."""
    problem = problem_like(generate(SMALL), headroom_levels=(0.0, 0.15), cost_points=4)
    settings = SweepSettings(4, None, 2, even_split(problem.network))
    hunt = Hunt((problem,), settings, Objectives((), (), ()), CountedWork(1))
    records, coarse = _sweep(hunt, [0.0, 0.15])
    return hunt, [r for r in records if r.feasible], _surface(hunt, coarse, [[]])
