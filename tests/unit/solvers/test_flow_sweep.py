"""Plans of targets: what was solved before is a start, not a part of the answer, and nothing is made twice."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import problem_of, write_center  # noqa: E402

from solvers.flow import sweep  # noqa: E402
from solvers.flow.decode import even_split  # noqa: E402
from solvers.flow.solution import Routing  # noqa: E402
from solvers.flow.sweep import Crew, SweepSettings, Target, master_of, plans_at  # noqa: E402
from solvers.highs import HeldProgram  # noqa: E402


@pytest.fixture(scope="module", params=[1, 2, 3])
def instance(request, tmp_path_factory):
    """A small center."""
    return problem_of(write_center(tmp_path_factory.mktemp("center"), request.param)).instance


@pytest.fixture
def settings(instance):
    """No steps of offers, two classes."""
    return SweepSettings(4, None, 2, even_split(instance.network))


def targets_of(instance) -> list[Target]:
    """Three costs at each of two headrooms, and one below the least cost before them."""
    found = []
    for headroom in (0.05, 0.15):
        least = master_of(instance).level(headroom).cheapest().cost
        found += [Target(headroom, part * least, 1e-3 / least) for part in (0.9, 1.02, 1.1, 1.3)]
    return found


def test_what_was_asked_before_costs_a_target_nothing(instance, settings) -> None:
    """The best fit of every target alone is among the plans of all: the optima are the same wherever a solve starts.

    Of optima that are equally good one or the other is found, so only the last plans are compared. Shares are as exact
    as the solver (1e-7), and headroom, which is found to 1e-6, follows them.
    """
    targets = targets_of(instance)
    together = np.array([plan.objectives for plan in plans_at(instance, targets, settings)])
    alone = [plans_at(instance, [target], settings) for target in targets]
    assert alone[0] == alone[4] == []  # nothing is that cheap
    for plans in [*alone[1:4], *alone[5:]]:
        assert np.isclose(together, plans[-1].objectives, rtol=1e-6, atol=5e-6).all(axis=1).any()


def test_a_routing_that_more_room_leaves_as_it_is_is_staffed_once(instance, settings, monkeypatch) -> None:
    staffed, rounds = [], []
    real, closer = sweep.staffed_solution, sweep._closer
    monkeypatch.setattr(sweep, "staffed_solution", lambda *given: (staffed.append(1), real(*given))[1])
    monkeypatch.setattr(sweep, "_closer", lambda i, room, *given: (rounds.append(closer(i, room, *given)), room)[1])
    level = master_of(instance).level(0.05)
    cheapest = level.cheapest()
    plans = Crew(instance, settings, level).plans(0.05, 1.1 * cheapest.cost, 1e-3 / cheapest.cost, None)
    assert len(rounds) == sweep.ROOM_ROUNDS
    assert len(plans) == len(staffed) == 1


def test_a_target_without_a_plan_costs_no_cold_solve(instance, settings, monkeypatch) -> None:
    """Below the least cost a hot start finds nothing: plans need no proof, and the next starts from the last point."""
    targets = targets_of(instance)
    starts, get_ready = [], HeldProgram._get_ready
    monkeypatch.setattr(
        HeldProgram, "_get_ready", lambda self, *, hot: (starts.append(hot), get_ready(self, hot=hot))[1]
    )
    alone = plans_at(instance, [targets[1], targets[2]], settings)
    made = plans_at(instance, [targets[1], targets[0], targets[2]], settings)
    assert len(made) == len(alone)
    assert starts.count(False) == 2  # the first of either


def test_routings_are_the_same_but_for_rounding() -> None:
    one = Routing(np.array([0.5]), np.array([0.3, 0.7]), np.zeros(2, dtype=np.int64))
    assert one.same_as(replace(one, split=one.split + 1e-12))
    assert not one.same_as(replace(one, split=one.split + 1e-6))
    assert not one.same_as(replace(one, offer=one.offer + 1e-6))
    assert not one.same_as(replace(one, priority=np.array([0, 1])))
    over = replace(one, overflow=np.zeros((1, 2)))
    assert not one.same_as(over)
    assert over.same_as(replace(over, overflow=over.overflow + 1e-12))
    assert not over.same_as(replace(over, overflow=over.overflow + 0.1))
