"""Bounds of plans themselves: below what prices see, true for every plan, sought as long as they narrow gaps."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TESTS))

from hunted_center import CountedWork  # noqa: E402

from planner.frontier.certificate import certify  # noqa: E402
from planner.frontier.records import axes  # noqa: E402
from planner.frontier.tightening import TOGETHER, tighten  # noqa: E402
from planner.frontier.work import Work  # noqa: E402


def test_gaps_narrow_and_no_plan_lies_below_its_bound(hunted) -> None:
    hunt, records, surface = hunted
    tight = tighten(hunt, records, surface)
    there = axes(records)
    before, after = (one.cost_bound(there[:, 0], there[:, 2]) for one in (surface, tight))
    assert (after >= before).all()
    assert (there[:, 1] >= after * (1 - 1e-6)).all()
    corners = tight.pieces[0].corners
    assert len(corners) >= min(TOGETHER, len(records))
    widest = np.sort(there[:, 1] / before - 1)[::-1][:TOGETHER]
    assert np.median(there[:, 1] / after - 1) < np.median(widest)
    was, now = certify(surface, there), certify(tight, there)
    assert now["model"] > was["model"]
    # Whoever misses a corner by a hair is bound by it, too; who has clearly less is not.
    cx, cost, headroom = corners[0]
    near = tight.cost_bound(np.array([cx - 1e-7, cx - 1e-3]), np.array([headroom, headroom]))
    assert near[0] >= cost * (1 - 1e-12)


def test_it_ends_when_it_no_longer_pays_and_when_time_is_over(hunted, monkeypatch) -> None:
    hunt, records, surface = hunted
    monkeypatch.setattr("planner.frontier.tightening.WORTH", 1.0)
    work = CountedWork(1)
    tighten(replace(hunt, work=work), records, surface)
    assert {key.rsplit("/", 1)[0] for key in work.keys} == {"corner/0"}
    late = replace(hunt, work=Work(1, deadline=0.0))
    assert tighten(late, records, surface) is surface


def test_no_more_plans_are_bounded_than_may_be(hunted, monkeypatch) -> None:
    hunt, records, surface = hunted
    (problem,) = hunt.problems
    monkeypatch.setattr(problem.scenario, "frontier", problem.scenario.frontier.model_copy(update={"bound_plans": 2}))
    assert len(tighten(hunt, records, surface).pieces[0].corners) == 2
    monkeypatch.setattr(problem.scenario, "frontier", problem.scenario.frontier.model_copy(update={"bound_plans": 0}))
    assert tighten(hunt, records, surface) is surface
