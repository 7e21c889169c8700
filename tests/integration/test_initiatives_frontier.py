"""Initiatives as decisions: the front is the best of all portfolios, and nothing passes the bound."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import planner
from planner.frontier.bounds import Coarse, _leading, _loose_rows, bound_rungs
from planner.frontier.certificate import certify, outer_surface
from planner.frontier.choose import keep_best
from planner.frontier.envelope import Envelope, envelope
from planner.frontier.records import axes
from planner.frontier.search import Found, find_plans
from planner.frontier.work import Work
from planner.operation import portfolio_problems, under_initiatives
from solvers.flow.decode import even_split
from solvers.flow.solution import judge
from solvers.flow.sweep import Plane

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from small_centers import problem_of, random_plans, write_center  # noqa: E402

IMPROVE = Path(__file__).resolve().parents[2] / "scenarios" / "improve.yaml"
SMALL = (
    "pools.phone.roster.hires_max=0",
    "pools.desk.roster.hires_max=0",
    "pools.phone.roster.heads=5",
    "frontier.share_step=1",
    "frontier.headroom_levels=[0]",
)


def found_for(path: Path, *overrides: str) -> Found:
    problem = problem_of(path, *overrides)
    return find_plans(problem, even_split(problem.network), Work(1))


def points_of(found: Found) -> np.ndarray:
    points = axes(found.records)
    return points[np.lexsort(points.T)]


@pytest.fixture(scope="module")
def small() -> Found:
    found = found_for(IMPROVE, *SMALL)
    assert found.enumerated
    return found


def test_the_front_is_the_best_of_every_portfolio_planned_alone(small: Found) -> None:
    """Brute force: the same center with each portfolio's network and no initiative left to decide, then the union."""
    union = []
    for p, problem in enumerate(small.problems):
        bare = problem.scenario.model_copy(update={"initiatives": {}})
        alone = dataclasses.replace(problem, scenario=bare, initiatives=())
        found = find_plans(alone, even_split(problem.network), Work(1))
        assert found.enumerated
        union += [dataclasses.replace(record, portfolio=p) for record in found.records]
    best = axes(keep_best(union, len(union) + 1))
    np.testing.assert_array_equal(points_of(small), best[np.lexsort(best.T)])
    assert {()} < {small.problems[r.portfolio].initiatives for r in small.records}


def test_no_plan_of_any_portfolio_passes_the_bound(small: Found) -> None:
    points = axes(small.records)
    bound = small.surface.cost_bound(points[:, 0], points[:, 2])
    assert (points[:, 1] >= bound * (1 - 1e-6)).all()
    owner = [r.portfolio for r in small.records]
    for k, p in enumerate(owner):
        piece = small.surface.pieces[p]
        assert points[k, 1] >= piece.cost_bound(points[k : k + 1, 0], points[k : k + 1, 2])[0] * (1 - 1e-6)


def test_names_and_order_of_initiatives_change_nothing(small: Found, tmp_path: Path) -> None:
    text = IMPROVE.read_text(encoding="utf-8").replace("extends: minimal", f"extends: {IMPROVE.parent}/minimal")
    head, rest = text.split("initiatives:", 1)
    block, tail = rest.split("\nfrontier:", 1)
    entries = ["  " + part for part in block.split("\n  ")[1:]]
    starts = [k for k, line in enumerate(entries) if not line.startswith("    ")]
    parts = ["\n".join(entries[a:b]) for a, b in zip(starts, [*starts[1:], None], strict=True)]
    assert len(parts) == 3
    turned = "\n".join(reversed(parts))
    for old, new in (("bill_layout", "zz"), ("fault_guide", "guide"), ("chat_coaching", "aa")):
        turned = turned.replace(old, new)
    path = tmp_path / "turned.yaml"
    path.write_text(f"{head}initiatives:\n{turned}\nfrontier:{tail}", encoding="utf-8")
    np.testing.assert_allclose(points_of(found_for(path, *SMALL)), points_of(small), rtol=1e-12, atol=2e-5)


def test_one_more_initiative_never_makes_the_front_worse(small: Found, tmp_path: Path) -> None:
    problem = problem_of(IMPROVE, *SMALL)
    fewer = {name: one for name, one in problem.scenario.initiatives.items() if name == "fault_guide"}
    bare = dataclasses.replace(problem, scenario=problem.scenario.model_copy(update={"initiatives": fewer}))
    less = points_of(find_plans(bare, even_split(problem.network), Work(1)))
    more = points_of(small)
    for cx, cost, headroom in less:
        better = (more[:, 0] >= cx - 1e-9) & (more[:, 1] <= cost + 1e-9) & (more[:, 2] >= headroom - 2e-5)
        assert better.any()
    assert len(more) > len(less) / 2


INITIATIVES = {
    "guide": {"cost": 90, "effects": [{"pools": ["phone"], "handle_time": -0.08, "unresolved": -0.2}]},
    "fix": {"cost": 200, "effects": [{"reasons": ["fault"], "volume": -0.12}], "excludes": ["guide"]},
    "course": {"cost": 60, "requires": ["guide"], "effects": [{"channels": ["voice"], "score": 0.08}]},
    "waste": {"cost": 900, "effects": [{"handle_time": 0.05}]},
}
BUDGETS = (
    "frontier.headroom_levels=[0, 0.15]",
    "frontier.cost_points=4",
    "frontier.plans=10",
    "frontier.bound_prices=3",
    "frontier.bound_boxes=3",
    "frontier.search_evaluations=24",
    "frontier.bound_plans=0",
)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Found, list[str]]:
    path = write_center(tmp_path_factory.mktemp("improved"), 1)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["initiatives"] = INITIATIVES
    path.write_text(json.dumps(document), encoding="utf-8")
    problem, kept = problem_of(path, *BUDGETS), _Kept()
    return find_plans(problem, even_split(problem.network), Work(1, checkpoint=kept)), kept.keys


class _Kept:
    """A checkpoint that remembers which jobs were run."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def get(self, key: str) -> None:
        return None

    def put(self, key: str, data: bytes) -> None:
        self.keys.append(key)


def test_swept_plans_are_valid_and_the_waste_is_left_out(swept) -> None:
    found, _ = swept
    assert not found.enumerated
    assert len(found.problems) == 8
    for record in found.records:
        problem = found.problems[record.portfolio]
        again = judge(problem.instance, record.routing, record.people, record.origin)
        np.testing.assert_allclose(again.objectives, record.objectives, rtol=1e-9, atol=2e-5)
        assert again.feasible
        assert "waste" not in problem.initiatives
    chosen = {found.problems[r.portfolio].initiatives for r in found.records}
    assert any(chosen - {()})
    points = axes(found.records)
    bound = found.surface.cost_bound(points[:, 0], points[:, 2])
    assert (points[:, 1] >= bound * (1 - 1e-6)).all()
    ratio = certify(found.surface, points)["ratio"]
    assert 0.3 < ratio < 1.0


def test_random_plans_of_every_portfolio_obey_the_bound(swept) -> None:
    found, _ = swept
    for problem in found.problems:
        plans = [plan for plan in random_plans(problem.instance, 9, 6) if plan.feasible]
        points = np.array([plan.objectives for plan in plans]).reshape(-1, 3)
        bound = found.surface.cost_bound(points[:, 0], points[:, 2])
        assert (points[points[:, 2] >= 0, 1] >= bound[points[:, 2] >= 0] * (1 - 1e-6)).all()


def test_work_does_not_grow_with_portfolios(swept) -> None:
    """As many plans are aimed at as without initiatives, and boxes are opened for the leading portfolios alone."""
    found, keys = swept
    assert sum(key.startswith("screen/") for key in keys) == 8
    assert sum(key == "first plan" for key in keys) == 1
    assert 0 < sum(key.startswith(("aim/", "fill/")) for key in keys) <= 16
    closely = [key.split("/") for key in keys if key.startswith("bound/")]
    prices = {price for _, _, price in closely}
    assert len(prices) == 5  # three, one next to nothing, and the least cost
    assert len(closely) < 8 * len(prices) / 2
    # Out of time before anything was screened: nothing is bounded, nothing fails.
    again = bound_rungs(found.problems, [0.0, 0.15], [Coarse(())] * 8, Work(1))
    assert again == [[]] * 8


def test_envelope_by_hand() -> None:
    """Without: cost >= 100, cx <= 3 + 0.01·cost. With: cost >= 120, cx <= 3.3 + 0.005·cost, no headroom of 0.3."""
    without = outer_surface([(0.0, 100.0, [Plane(0.0, 0.01, 3.0, 150.0, 4.5)])])
    more = outer_surface([(0.0, 120.0, [Plane(0.0, 0.005, 3.3, 150.0, 4.05)])], closed=0.3)
    both = envelope((without, more, None), ("", "guide", "gone"))
    assert isinstance(both, Envelope)
    assert both.levels.tolist() == [0.0]
    np.testing.assert_allclose(both.cost_bound(np.array([3.95, 3.95, 4.5]), np.array([0.0, 0.3, 0.1])), [100, 100, 150])
    np.testing.assert_allclose(both.cost_bound(np.array([4.2]), np.array([0.1])), [120.0])
    np.testing.assert_allclose(both.best_cx(0, np.array([90.0, 110.0, 130.0, 40.0])), [np.nan, 4.1, 4.3, np.nan])
    assert both.price(4.2, 0.1) == pytest.approx(100.0)
    assert envelope((None,), ("",)) is None


def test_coarse_bounds_at_other_prices_and_rungs_by_hand() -> None:
    """cx <= 3 + 0.01·cost and cx <= 4 + 0.001·cost, cost >= 100: they meet at 111.1; dearer than 0.01 nothing pays."""
    planes = (Plane(0.0, 0.01, 3.0, 100.0, 4.0), Plane(0.0, 0.001, 4.0, 150.0, 4.15))
    coarse = Coarse(((0.0, 100.0, planes),), closed=0.3)
    for price, value, cost, cx in (
        (0.005, 4 + 1 / 9 - 0.005 * 1000 / 9, 1000 / 9, 4 + 1 / 9),
        (0.02, 2.0, 100.0, 4.0),
        (0.0005, np.inf, 1000 / 9, 4 + 1 / 9),
    ):
        rows = _loose_rows(coarse, [0.0, 0.15, 0.3], price)
        expected = [[level, price, value, cost, cx] for level in (0.0, 0.15)]
        np.testing.assert_allclose(rows, expected, rtol=1e-9)
    least = _loose_rows(coarse, [0.0], np.nan)
    assert least[0, 2:4].tolist() == [-100.0, 100.0]


def test_leading_bounds_are_those_highest_somewhere() -> None:
    """Rows: headroom, price, value. At 0 the first leads, at 0.1 the second; once tight, the next highest leads."""
    rows = {
        (0, 0): np.array([[0.0, 1.0, 5.0], [0.1, 1.0, 3.0]]),
        (1, 0): np.array([[0.0, 1.0, 4.0], [0.1, 1.0, 4.0]]),
        (2, 0): np.array([[0.0, 1.0, 1.0], [0.1, 1.0, 1.0]]),
    }
    assert _leading(rows, {(0, 0), (1, 0), (2, 0)}) == [(0, 0), (1, 0)]
    rows[0, 0][:, 2] = 2.0
    assert _leading(rows, {(1, 0), (2, 0)}) == [(1, 0)]
    assert _leading(rows, {(2, 0)}) == []


def test_a_run_shows_simulates_and_explains_its_initiatives() -> None:
    scenario = planner.load_scenario(IMPROVE, (*SMALL, "frontier.risk_draws=6"))
    frontier = planner.plan(scenario, seed=1)
    named = frontier.table[(frontier.table["name"] != "") & (frontier.table["initiatives"] != "")]
    assert len(named)
    plan = frontier.plan(named["plan"].iloc[0])
    chosen = plan.summary["initiatives"].split(", ")
    problem = under_initiatives(portfolio_problems(problem_of(IMPROVE, *SMALL))[0], tuple(chosen))
    costs = plan.costs
    paid = costs.loc[costs["item"] == "initiative"].set_index("pool")["amount"]
    assert paid.to_dict() == {name: scenario.initiatives[name].cost for name in chosen}
    assert costs["amount"].sum() == pytest.approx(plan.summary["cost"], abs=1e-6)
    # The formulas and the simulation speak of the same center: its own demand and handle times.
    flows = plan.flows
    assert flows.loc[flows["stage"] == "first", "contacts"].sum() == pytest.approx(problem.network.issues.sum())
    agreement = frontier.tables["agreement"]
    assert not agreement["failed"].any()
    offered = agreement[(agreement["plan"] == plan.id) & (agreement["measure"] == "asa_s")]
    assert len(offered)
    says = frontier.tables["says"]
    words = " ".join(says[(says["plan"] == plan.id) & (says["topic"] == "initiatives")]["words"])
    titles = [scenario.initiatives[name].title for name in chosen]
    assert all(title in words for title in titles)
    assert all(title in frontier.explain(plan.id) for title in titles)
    worth = frontier.tables["initiatives"]
    assert (worth["cost"] > 0).all()
    assumed = frontier.tables["assumptions"]["input"]
    assert frontier.tables["bound"]["choice"].nunique() > 1
    assert assumed.is_unique
