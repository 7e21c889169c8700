"""What must not change the toy's frontier, and what may only improve it: workers, names, money, more options."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from planner.demand import demand_for
from planner.experience import model_for
from planner.frontier.records import axes
from planner.frontier.search import find_plans
from planner.frontier.work import Work
from planner.operation import build_problem

pytestmark = pytest.mark.slow

TOY = Path(__file__).resolve().parents[2] / "scenarios/minimal.yaml"

MONEY = {
    "pools.phone.wage_per_h": 40,
    "pools.desk.wage_per_h": 36,
    "pools.phone.roster.cost_per_hire": 520,
    "pools.desk.roster.cost_per_hire": 520,
    "steers.offer_chat.cost_per_offer": 0.05,
}
HALVES = "frontier.share_step=0.5"  # steers in halves: fewer plans
SMALL = ("pools.phone.roster.hires_max=0", "pools.desk.roster.hires_max=0")


def found_for(*overrides, path=TOY):
    """The enumerated front and the surface without risk and tables."""
    scenario = planner.load_scenario(path, overrides)
    experience = model_for(scenario, None, seed=1)
    problem = build_problem(scenario, experience, demand_for(scenario, None, experience))
    found = find_plans(problem, np.ones(len(problem.network.split_kind)), Work(1))
    assert found.enumerated
    return found


def points_of(found) -> np.ndarray:
    points = axes(found.records)
    return points[np.lexsort(points.T)]


def weakly_dominated(point: np.ndarray, front: np.ndarray) -> bool:
    """Headroom is bisected to 1e-5, CX and cost are exact to rounding."""
    return bool(
        ((front[:, 0] >= point[0] - 1e-9) & (front[:, 1] <= point[1] + 1e-9) & (front[:, 2] >= point[2] - 2e-5)).any()
    )


@pytest.fixture(scope="module")
def halves():
    return planner.load_scenario(TOY, (HALVES,))


@pytest.fixture(scope="module")
def planned(halves):
    return planner.plan(halves, seed=1)


@pytest.fixture(scope="module")
def plain():
    return found_for(HALVES)


def test_another_seed_gives_the_same_enumerated_plans(halves, planned):
    """Chance enters the risk columns only."""
    other = planner.plan(halves, seed=2)
    same = ["plan", "name", "cx", "cost", "headroom", "peak_fte", "status", "gap", "origin"]
    pd.testing.assert_frame_equal(planned.table[same], other.table[same], check_exact=True)
    assert not planned.risk.equals(other.risk)


@pytest.mark.parametrize("factor", [0.01, 1000.0])
def test_money_scales_the_cost_axis_only(plain, factor):
    scaled = found_for(HALVES, *(f"{key}={value * factor!r}" for key, value in MONEY.items()))
    points, others = points_of(plain), points_of(scaled)
    assert len(points) == len(others)
    np.testing.assert_allclose(others[:, 1], points[:, 1] * factor, rtol=1e-12)
    np.testing.assert_array_equal(others[:, [0, 2]], points[:, [0, 2]])
    bound = plain.surface.cost_bound(points[:, 0], points[:, 2])
    scaled_bound = scaled.surface.cost_bound(points[:, 0], points[:, 2])
    np.testing.assert_allclose(scaled_bound, bound * factor, rtol=1e-6)


def test_names_and_order_of_reasons_do_not_matter(plain, tmp_path):
    """billing becomes zoning, fault becomes accident, and accident is listed first."""
    shutil.copytree(TOY.parent / "data", tmp_path / "data", ignore=shutil.ignore_patterns("generated"))
    text = TOY.read_text(encoding="utf-8")
    first, second = "  billing: {title: Billing question}\n", "  fault: {title: Report a fault}\n"
    assert first + second in text
    text = text.replace(first + second, second + first)
    names = {"billing": "zoning", "fault": "accident"}
    for old, new in names.items():
        text = text.replace(f"{old}: {{title", f"{new}: {{title").replace(f"reason: {old}", f"reason: {new}")
    (tmp_path / "toy.yaml").write_text(text, encoding="utf-8")
    for file in (tmp_path / "data").glob("minimal_*.csv"):
        content = file.read_text(encoding="utf-8")
        for old, new in names.items():
            content = content.replace(old, new)
        file.write_text(content, encoding="utf-8")
    points, others = points_of(plain), points_of(found_for(HALVES, path=tmp_path / "toy.yaml"))
    assert len(points) == len(others)
    np.testing.assert_allclose(others[:, :2], points[:, :2], rtol=1e-9)
    np.testing.assert_allclose(others[:, 2], points[:, 2], atol=2e-5)


def test_a_hire_more_loses_no_point():
    fewer, more = points_of(found_for(*SMALL)), points_of(found_for("pools.phone.roster.hires_max=1", SMALL[1]))
    assert len(fewer) > 10
    assert all(weakly_dominated(point, more) for point in fewer)
    assert not all(weakly_dominated(point, fewer) for point in more)


def test_another_steer_loses_no_point():
    """Offers to billing alone, then a steer of its own for faults on top."""
    only = "steers.offer_chat.reasons=[billing]"
    added = (
        "steers.offer_fault={from_channel: voice, to_channel: chat, offered_at: menu, reasons: [fault], "
        "acceptance: {value: 0.5, source: test}, cost_per_offer: 0.01}"
    )
    fewer, more = points_of(found_for(*SMALL, only)), points_of(found_for(*SMALL, only, added))
    assert len(fewer) > 5
    assert all(weakly_dominated(point, more) for point in fewer)
    assert not all(weakly_dominated(point, fewer) for point in more)


@pytest.mark.parametrize("looser", ["promises.phone_80_20.target=0.7", "pools.desk.roster.heads=5"])
def test_looser_rules_lose_no_point(looser):
    tight, loose = points_of(found_for(*SMALL)), points_of(found_for(*SMALL, looser))
    assert all(weakly_dominated(point, loose) for point in tight)
    assert not all(weakly_dominated(point, tight) for point in loose)
