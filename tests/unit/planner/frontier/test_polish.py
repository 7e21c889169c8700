"""Polished plans: near enough to see its waits, the master finds cheaper routing where pools are small."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TESTS), str(TESTS / "benchmarks")]

from generated_center import generate  # noqa: E402
from hunted_center import SMALL, CountedWork  # noqa: E402

from planner.frontier.certificate import reached  # noqa: E402
from planner.frontier.polishing import A_JOB, TOGETHER, WORTH, polish  # noqa: E402
from planner.frontier.records import axes, brief  # noqa: E402
from solvers.flow.decode import even_split  # noqa: E402
from solvers.flow.polish import AROUND, polished  # noqa: E402
from solvers.flow.sweep import SweepSettings, master_of, sweep_level  # noqa: E402


def test_polished_plans_are_plans_near_those_they_come_from(hunted) -> None:
    hunt, records, surface = hunted
    instance = hunt.problems[0].instance
    before = [record.judged(instance) for record in records]
    after = polished(instance, before, hunt.settings)
    assert len(after) == len(before)
    pools, found = master_of(instance).level(0.0).queued_pools, 0
    for old, new in zip(before, after, strict=True):
        if new is None or not new.feasible:
            continue
        found += 1
        again = brief(new).judged(instance)
        assert again.objectives == pytest.approx(new.objectives, rel=1e-9)
        assert new.evaluation.headroom >= old.evaluation.headroom - 1e-6
        # Waits and whole people move sizes a little after the master; it does not leave the box by itself.
        sizes = [one.evaluation.state.work_s[pools].sum(axis=1) for one in (old, new)]
        busy = sizes[0] > 0.05 * sizes[0].sum()
        assert (np.abs(np.log(sizes[1][busy] / sizes[0][busy])) < np.log(AROUND) + 0.1).all()
        cx, cost, headroom = new.objectives
        assert cost >= surface.cost_bound(np.array([cx]), np.array([headroom]))[0] * (1 - 1e-6)
    assert found >= 0.8 * len(before)


def test_polished_plans_leave_room_for_whole_people(monkeypatch) -> None:
    """With a few people less on the payroll fractions of people fit it, and whole ones do not at once."""
    instance = generate(replace(SMALL, contacts=12_000.0))
    settings = SweepSettings(4, None, 2, even_split(instance.network))
    plans = sweep_level(instance, 0.1, settings).solutions

    def kept() -> int:
        count = 0
        for share, plan in itertools.product((0.99, 0.98, 0.97), plans):
            needed = np.where(np.isfinite(instance.payroll.heads), plan.people_cost.heads_needed, np.inf)
            few = replace(instance.payroll, heads=np.round(share * needed), hires_max=np.zeros(len(needed)))
            (new,) = polished(replace(instance, payroll=few), [plan], settings)
            count += new is not None and new.feasible
        return count

    with_room = kept()
    monkeypatch.setattr("solvers.flow.sweep.ROOM_ROUNDS", 1)
    assert with_room > kept()


def test_the_widest_gaps_of_small_centers_come_closer_to_the_bound(hunted) -> None:
    hunt, records, surface = hunted
    made = polish(hunt, records, surface)
    assert len(made) >= TOGETHER
    points, new = axes(records), axes(made)
    gaps, less = (one[:, 1] / surface.cost_bound(one[:, 0], one[:, 2]) - 1 for one in (points, new))
    widest = np.sort(gaps)[::-1]
    assert np.median(widest[:TOGETHER] - less[:TOGETHER]) > 0.005
    assert reached(surface, np.vstack([points, new])) > reached(surface, points) * (1 + WORTH)


def test_few_are_tried_where_nothing_is_gained(hunted, monkeypatch) -> None:
    """The same plans with a bound on gains nobody reaches: the rest is left alone, and what was tried is kept."""
    hunt, records, surface = hunted
    monkeypatch.setattr("planner.frontier.polishing.WORTH", 1.0)
    work = CountedWork(1)
    made = polish(replace(hunt, work=work), records, surface)
    assert len(made) == TOGETHER
    assert work.keys == [f"polish/0/{k}" for k in range(TOGETHER // A_JOB)]
