"""The product's own search for plans on instances that are arrays only, and what it reached."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from planner.frontier.certificate import certify
from planner.frontier.records import Record, axes
from planner.frontier.search import Found, find_plans
from planner.frontier.work import Work
from planner.scenario.scenario import FrontierSettings
from solvers.flow.decode import even_split
from solvers.flow.solution import Instance


@dataclass(frozen=True)
class Run:
    """What a search found, and the processor seconds it took."""

    found: Found
    cpu_s: float

    @property
    def points(self) -> np.ndarray:
        """Objectives of the plans on the front, (plan, 3)."""
        return axes(self.found.records)

    @property
    def gaps(self) -> np.ndarray:
        """Cost over the bound at each plan's CX and headroom, less 1."""
        points = self.points
        bound = self.found.surface.cost_bound(points[:, 0], points[:, 2])
        return points[:, 1] / bound - 1.0

    @property
    def certificate(self) -> dict:
        return dict(certify(self.found.surface, self.points))


def problem_like(instance: Instance, **settings) -> SimpleNamespace:
    """What the search reads of a problem."""
    scenario = SimpleNamespace(
        frontier=FrontierSettings(**settings),
        folder=Path("."),
        currency="EUR",
        initiatives={},
        pools={},
        segments={},
    )
    pools = tuple(f"pool_{g}" for g in range(len(instance.catalogues)))
    return SimpleNamespace(
        scenario=scenario,
        instance=instance,
        network=instance.network,
        pools=pools,
        starts=[dt.datetime(2026, 1, 5)],
        choice=(),
    )


def run(instance: Instance, seed: int, **settings) -> Run:
    """Find plans in this process."""
    began = time.process_time()
    found = find_plans(problem_like(instance, **settings), even_split(instance.network), Work(seed))
    return Run(found, time.process_time() - began)


def judged(records: tuple[Record, ...], instance: Instance) -> list:
    return [record.judged(instance) for record in records]
