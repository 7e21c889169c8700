"""The search for further plans ends at its budget, or as soon as it no longer pays."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from hunted_center import CountedWork  # noqa: E402

from planner.frontier.certificate import reached  # noqa: E402
from planner.frontier.choose import keep_best  # noqa: E402
from planner.frontier.evolving import POPULATION, search_on  # noqa: E402
from planner.frontier.records import axes  # noqa: E402
from solvers.evolution import Space, evolve  # noqa: E402


@pytest.mark.parametrize("worth", [1.0, -1.0])
def test_a_search_that_brings_nothing_ends_and_one_that_pays_uses_its_budget(hunted, monkeypatch, worth) -> None:
    """With gains nobody reaches it ends once it was patient for so many plans; below zero any gain is enough."""
    hunt, records, surface = hunted
    patient, budget = 30, 90
    monkeypatch.setattr("planner.frontier.evolving.WORTH", worth)
    monkeypatch.setattr("planner.frontier.evolving.PATIENT", patient)
    (problem,) = hunt.problems
    frontier = problem.scenario.frontier.model_copy(update={"search_evaluations": budget})
    monkeypatch.setattr(problem.scenario, "frontier", frontier)
    work = CountedWork(1)
    found = search_on(replace(hunt, work=work), records, surface)
    generation = len(keep_best(records, POPULATION, asked=0.15))
    tried = sum(len(genomes) for _, (_, genomes, *_) in work.jobs)
    if worth > 0:
        assert generation + patient <= tried < generation + patient + generation
    else:
        assert generation + budget <= tried < generation + budget + generation
    assert found
    assert reached(surface, axes([*records, *found])) >= reached(surface, axes(records))


def test_it_is_asked_after_the_seeds_and_after_every_generation() -> None:
    seen: list[int] = []

    def evaluate(genomes):
        seen.append(len(genomes))
        return np.column_stack([genomes[:, 0], 1 - genomes[:, 0]]), np.zeros((len(genomes), 1))

    space = Space(np.zeros(2), np.ones(2), np.zeros(2, dtype=np.int64))
    answers = iter([True, True, False])
    seeds = np.random.default_rng(0).random((8, 2))
    evolve(evaluate, space, seeds, population=8, evaluations=800, seed=1, pays=lambda: next(answers))
    assert seen[0] == 8
    assert len(seen) == 3  # seeds, two generations
    seen.clear()
    evolve(evaluate, space, seeds, population=8, evaluations=40, seed=1)
    assert sum(seen) >= 40
