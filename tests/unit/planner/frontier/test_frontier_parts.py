"""Dominance, names, surfaces, certificates and records, by hand and against simple counting."""

import itertools
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "tests"))

from small_centers import problem_of  # noqa: E402

import planner  # noqa: E402
from planner.errors import PlanError  # noqa: E402
from planner.frontier.bounds import Rung, aim, headline_aims, surface_of  # noqa: E402
from planner.frontier.certificate import OuterSurface, certify, outer_surface  # noqa: E402
from planner.frontier.choose import keep_best  # noqa: E402
from planner.frontier.envelope import Envelope, envelope  # noqa: E402
from planner.frontier.leading import leading_plans, name_plans  # noqa: E402
from planner.frontier.plan_rows import _time_off_h  # noqa: E402
from planner.frontier.records import Record, axes, pack, unpack  # noqa: E402
from planner.frontier.search import _farthest_first  # noqa: E402
from planner.frontier.work import Work  # noqa: E402
from solvers.flow.solution import Routing  # noqa: E402
from solvers.flow.sweep import FLAT, Plane  # noqa: E402

TOY = ROOT / "scenarios" / "minimal.yaml"


def record(cx, cost, headroom, feasible=True, origin="master") -> Record:
    routing = Routing(np.array([0.25, 0.0]), np.array([1.0, 0.5, 0.5]), np.array([0, 1]))
    people = (np.array([[1, 2]]), None, np.array([[3]]))
    return Record(routing, people, (cx, cost, headroom), feasible, origin)


def points(records):
    return [r.objectives for r in records]


def test_of_more_headroom_than_asked_for_no_volume_counts():
    """Plans far beyond what was asked push none of those asked for out, and stay where there is room for them."""
    asked = [(4.0 + 0.01 * k, 1000.0 + 10.0 * k, 0.3 - 0.01 * k) for k in range(20)]
    beyond = [(4.0, 1500.0 + 100.0 * k, 0.5 + 0.1 * k) for k in range(20)]
    plans = [record(*p) for p in asked + beyond]
    drifting, kept = (points(keep_best(plans, 22, asked=most)) for most in (np.inf, 0.3))
    assert sum(p in asked for p in drifting) < 15
    assert sum(p in asked for p in kept) >= 19
    assert beyond[-1] in kept  # the best of an axis
    assert points(keep_best(plans, 100, asked=0.3)) == points(keep_best(plans, 100))


def test_keep_best_by_hand():
    best = [(4.0, 100.0, 0.1), (4.1, 120.0, 0.1), (4.0, 110.0, 0.3)]
    worse = [(3.9, 100.0, 0.1), (4.1, 121.0, 0.05), (4.0, 110.0, 0.2)]
    kept = keep_best([record(*p) for p in [*worse, *best, best[0]]], 10)
    assert points(kept) == sorted(best, key=lambda p: p[1])


def test_keep_best_leaves_out_infeasible_and_endless():
    kept = keep_best(
        [
            record(5.0, 1.0, 1.0, feasible=False),
            record(np.nan, 1.0, 0.0),
            record(5.0, np.inf, 0.0),
            record(3.0, 5.0, 0.0),
        ],
        10,
    )
    assert points(kept) == [(3.0, 5.0, 0.0)]
    assert keep_best([], 5) == []
    assert keep_best([record(1.0, 1.0, 0.0, feasible=False)], 5) == []


@pytest.mark.parametrize("seed", range(6))
def test_keep_best_against_all_pairs(seed):
    rng = np.random.default_rng(seed)
    cloud = [tuple(map(float, p)) for p in rng.integers(1, 9, (60, 3))]
    kept = points(keep_best([record(*p) for p in cloud], 1000))

    def beats(a, b):
        return a[0] >= b[0] and a[1] <= b[1] and a[2] >= b[2] and a != b

    expected = {p for p in cloud if not any(beats(q, p) for q in cloud)}
    assert set(kept) == expected
    assert len(kept) == len(expected)
    few = points(keep_best([record(*p) for p in cloud], 4))
    assert len(few) == min(4, len(expected))
    assert set(few) <= expected


def test_thinning_keeps_the_ends():
    line = [record(4 + k / 100, 100.0 + k, 0.5 - k / 200) for k in range(50)]
    kept = points(keep_best(line, 5))
    assert points(line)[0] in kept
    assert points(line)[-1] in kept


def test_thinning_keeps_what_fills_most():
    """Of many plans those that cost a tenth more for the same go first."""
    near = [record(4 + k / 40, 100.0 + k * k / 10, 0.5 - k / 80) for k in range(30)]
    far = [record(4 + k / 40 + 0.001, (100.0 + k * k / 10) * 1.1, 0.5 - k / 80) for k in range(30)]
    kept = points(keep_best(near + far, 20))
    assert len(set(kept) & set(points(near))) == 19
    assert {points(far)[-1], points(near)[0]} <= set(kept)


def test_thinning_keeps_the_plans_that_get_a_name():
    """The cheapest plan no worse than Today is a hair beside one that fills as much: it stays all the same."""
    front = [record(4 + k / 100, 100.0 + k, 0.5 - k / 200) for k in range(50)]
    today = (4.13 - 1e-6, 160.0, 0.0)
    for most in (6, 8):
        kept = keep_best(front, most, (), today)
        assert len(kept) == most
        assert points([front[13]])[0] in points(kept)
        assert points([front[13]])[0] not in points(keep_best(front, most))


def test_thinning_many_objectives_keeps_the_best_of_each():
    rng = np.random.default_rng(4)
    gains = rng.uniform(0.05, 1.0, (200, 10))
    gains /= np.linalg.norm(gains, axis=1, keepdims=True)
    many = [replace(record(4 + g[0], 100 - 10 * g[1], g[2]), extra=tuple(g[3:])) for g in gains]
    alike = [replace(record(4.0, 100.0, 0.1), extra=(0.1,) * 3 + tuple(g[6:])) for g in gains]
    assert len(keep_best(alike, 40, ("max",) * 7)) == 40
    kept = keep_best(many, 40, ("max",) * 7)
    assert len(kept) == 40
    best = {id(many[k]) for k in gains.argmax(axis=0)}
    assert best <= {id(one) for one in kept}


def test_names_by_hand():
    """Today: 4.0 at 100 with 10 % headroom."""
    today = (4.0, 100.0, 0.1)
    table = np.array(
        [
            [3.9, 60.0, 0.3],  # cheap, but worse than Today
            [4.0, 80.0, 0.1],  # cheapest no worse than Today
            [4.3, 100.0, 0.0],  # best CX at Today's cost
            [4.0, 95.0, 0.5],  # most resilient within Today's cost and CX
            [4.25, 101.0, 0.45],  # closest to the ideal of (4.4, 60, 0.6)
            [4.4, 300.0, 0.6],
        ]
    )
    assert name_plans(table, today) == {"cheapest": 1, "best_cx": 2, "resilient": 3, "balanced": 4}


def test_no_plan_with_less_headroom_than_today_is_no_worse_or_most_resilient():
    """Today takes 30 % more; the plans take 3 and 20 %, whatever they save."""
    table = np.array([[4.1, 60.0, 0.03], [4.0, 80.0, 0.2]])
    assert name_plans(table, (4.0, 100.0, 0.3)) == {"best_cx": 0}
    assert leading_plans(table, (4.0, 100.0, 0.2)) == {"cheapest": 1, "best_cx": 0, "resilient": 1, "balanced": 0}


def test_names_are_given_once_but_a_plan_is_found_by_each_it_leads_by(quick_run):
    points, today = np.array([[4.2, 90.0, 0.2]]), (4.0, 100.0, 0.1)
    assert name_plans(points, today) == {"cheapest": 0}
    assert leading_plans(points, today) == dict.fromkeys(("cheapest", "best_cx", "resilient", "balanced"), 0)
    found = planner.load_run(quick_run)
    assert len(found.leading) > sum(found.table["name"].isin(list(found.leading))), "here one plan leads by several"
    for name, plan in found.leading.items():
        assert found.plan(name).id == plan
    with pytest.raises(PlanError, match="'best' is not in this run"):
        found.plan("best")


def test_voluntary_time_off_by_hand():
    """Six contracts of 2 h, four of them paid, at most half an hour off each: 3 h; all paid: none."""
    problem = problem_of(
        TOY, "pools.phone.roster.time_off_h_per_week_max=0.5", "pools.desk.roster.time_off_h_per_week_max=0"
    )
    assert _time_off_h(problem, np.array([8.0, 4.0])) == pytest.approx(3.0)
    assert _time_off_h(problem, np.array([10.0, 4.0])) == pytest.approx(2.0)
    assert _time_off_h(problem, np.array([14.0, 4.0])) == 0.0


def surface() -> OuterSurface:
    """Two levels: at 0 cost >= 100 and cx <= 3 + 0.01·cost; at 0.2 cost >= 120 and cx <= 2.9 + 0.01·cost, cx <= 4.5.

    CX ends to be worth its money at 150 and 160.
    """
    built = outer_surface(
        [
            (0.2, 120.0, [Plane(0.2, 0.01, 2.9, 140.0, 4.3), Plane(0.2, 0.0, 4.5, 160.0, 4.5)]),
            (0.0, 100.0, [Plane(0.0, 0.01, 3.0, 150.0, 4.5)]),
            (0.4, np.nan, []),
        ]
    )
    assert built is not None
    return built


def test_cost_bound_by_hand():
    bound = surface().cost_bound(np.array([3.5, 4.2, 4.2, 3.5, 4.2]), np.array([0.1, 0.1, 0.3, 0.2, -0.1]))
    #  level 0: 100 by the least cost; 120 by the plane; level 0.2: 130 by its plane; 120; no level at all
    np.testing.assert_allclose(bound, [100.0, 120.0, 130.0, 120.0, np.nan])


def test_best_cx_by_hand():
    built = surface()
    assert built.dearest.tolist() == [150.0, 160.0]
    np.testing.assert_allclose(built.best_cx(0, np.array([90.0, 100.0, 150.0])), [np.nan, 4.0, 4.5])
    np.testing.assert_allclose(built.best_cx(1, np.array([110.0, 120.0, 200.0])), [np.nan, 4.1, 4.5])


def test_corners_bind_plans_with_as_much_cx_and_headroom():
    """From a CX of 4 and a headroom of 0.1 on nothing costs less than 126: by the planes alone it is 110."""
    built = replace(surface(), corners=np.array([[4.0, 126.0, 0.1]]))
    cx, headroom = np.array([4.0, 4.2, 3.9, 4.0, 4.4]), np.array([0.1, 0.1, 0.1, 0.05, 0.2])
    np.testing.assert_allclose(built.cost_bound(cx, headroom), [126.0, 126.0, 100.0, 100.0, 150.0])
    costs = np.array([110.0, 125.0, 126.0, 130.0])
    np.testing.assert_allclose(built.best_cx(0, costs), [4.1, 4.25, 4.26, 4.3])  # its headroom is not asked for there
    np.testing.assert_allclose(built.best_cx(1, costs), [np.nan, 4.0, 4.16, 4.2])
    both = envelope((built, surface()), ("one", "other"))
    np.testing.assert_allclose(both.cost_bound(cx, headroom), surface().cost_bound(cx, headroom))
    again = both.with_corners({1: [(4.0, 121.0, 0.1)]})
    assert again.cost_bound(cx[:1], headroom[:1]).tolist() == [121.0]  # the lower of the two


def test_a_higher_level_is_never_cheaper():
    built = outer_surface([(0.0, 120.0, []), (0.2, 110.0, [])])
    assert built is not None
    assert built.cheapest.tolist() == [120.0, 120.0]
    assert built.dearest.tolist() == [120.0, 110.0]  # no planes: each level ends where it begins
    assert outer_surface([(0.0, np.nan, [])]) is None


def test_certificate_of_plans_on_the_surface():
    """Plans on the bound have model 1; missing ones cost resolution; a plan off the bound costs model."""
    built = surface()
    cost = np.array([100.0, 120.0, 140.0, 160.0])
    on_it = np.array(
        [[built.best_cx(k, np.array([c]))[0], c, level] for k, level in enumerate((0.0, 0.2)) for c in cost[k:]]
    )
    full = certify(built, on_it)
    assert full["model"] == pytest.approx(1.0, abs=1e-9)
    assert 0.4 < full["resolution"] <= 1.0
    fewer = certify(built, on_it[:3])
    assert fewer["resolution"] < full["resolution"]
    off = on_it.copy()
    off[:, 1] += 5.0
    assert certify(built, off)["model"] < 1.0
    for found in (full, fewer):
        assert found["ratio"] == pytest.approx(found["model"] * found["resolution"])
        assert found["reference"] == full["reference"]  # plans cannot move it
    dense = np.linspace(100.0, 160.0, 300)
    many = np.array(
        [[built.best_cx(k, np.array([c]))[0], c, level] for k, level in enumerate((0.0, 0.2)) for c in dense]
    )
    assert full["resolution"] < certify(built, many[np.isfinite(many[:, 0])])["resolution"] <= 1.0


def test_records_come_back_from_bytes():
    records = [record(4.0, 100.0, 0.1), record(-np.inf, np.inf, -np.inf, feasible=False, origin="search")]
    planes = [Plane(0.1, np.nan, 3.0, 90.0, 3.5), Plane(0.1, 0.2, 0.3, 12.5, 2.8)]
    back, back_planes, cheapest = unpack(pack(records, planes, 12.5))
    assert cheapest == 12.5
    assert [p.headroom for p in back_planes] == [0.1, 0.1]
    assert np.isnan(back_planes[0].slope)
    assert back_planes[1] == planes[1]
    for one, other in zip(records, back, strict=True):
        assert one.objectives == other.objectives
        assert (one.feasible, one.origin) == (other.feasible, other.origin)
        for name in ("offer", "split", "priority"):
            np.testing.assert_array_equal(getattr(one.routing, name), getattr(other.routing, name))
        assert other.people[1] is None
        np.testing.assert_array_equal(one.people[0], other.people[0])
        np.testing.assert_array_equal(one.people[2], other.people[2])
    assert pack(records, planes, 12.5) == pack(records, planes, 12.5)


def test_overflow_comes_back_from_bytes():
    """Beside plans that send nobody, which have none before and after."""
    sends, plain = record(4.0, 100.0, 0.1), record(3.0, 90.0, 0.1)
    share = np.array([[0.1, 0.0, 1.0], [0.0, 1 / 3, 0.0]])
    sends = replace(sends, routing=replace(sends.routing, overflow=share))
    for records in ([sends, plain], [plain, sends]):
        back = {r.objectives[1]: r.routing.overflow for r in unpack(pack(records))[0]}
        assert np.array_equal(back[100.0], share)
        assert back[90.0] is None


def test_no_records_come_back_as_none():
    records, planes, cheapest = unpack(pack([]))
    assert records == []
    assert planes == []
    assert np.isnan(cheapest)
    assert axes([]).shape == (0, 3)


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_levels_farthest_first(count):
    levels = [k / 10 for k in range(count)]
    order = [levels[k] for k in _farthest_first(levels)]
    assert sorted(order) == levels
    assert order[0] == levels[0]
    assert order[:2] == [levels[0], levels[-1]][:count]
    for k in range(2, count):
        rest = [x for x in levels if x not in order[:k]]
        gap = {x: min(abs(x - y) for y in order[:k]) for x in rest}
        assert gap[order[k]] == max(gap.values())


class Kept(dict):
    def get(self, key):
        return super().get(key)

    def put(self, key, data):
        self[key] = data


def double(number: int) -> bytes:
    return str(2 * number).encode()


@pytest.mark.parametrize("threads", [None, 3])
def test_jobs_run_in_order_and_finished_ones_are_kept(threads):
    told, kept = [], Kept({"b": b"known"})
    executor = None if threads is None else ThreadPoolExecutor(threads)
    work = Work(1, executor, lambda *news: told.append(news), kept)
    jobs = [(key, (k,)) for k, key in enumerate("abc")]
    assert work.run("stage", double, jobs) == [b"0", b"known", b"4"]
    assert dict(kept) == {"a": b"0", "b": b"known", "c": b"4"}
    assert [news[1] for news in told] == [1, 2, 3]
    assert work.skipped == []


@pytest.mark.parametrize("threads", [None, 2])
def test_no_job_starts_after_the_deadline(threads):
    executor = None if threads is None else ThreadPoolExecutor(threads)
    work = Work(1, executor, deadline=time.monotonic() - 1, checkpoint=Kept({"a": b"known"}))
    assert work.run("stage", double, [("a", (1,)), ("b", (2,))]) == [b"known", None]
    assert work.skipped == ["b"]


class Clock:
    """Time that passes only where a job takes it."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s

    def take(self, seconds: float) -> bytes:
        self.now_s += seconds
        return b"done"


@pytest.mark.parametrize("threads", [None, 1])
def test_no_job_starts_that_would_run_past_the_deadline(threads, monkeypatch):
    """Jobs of 2 s and 5 s to go: two end, the third would not; none is held ready; later stages are not kept."""
    clock, kept = Clock(), Kept()
    monkeypatch.setattr("planner.frontier.work.time", clock)
    executor = None if threads is None else ThreadPoolExecutor(threads)
    work = Work(1, executor, deadline=clock.now_s + 5.0, checkpoint=kept)
    assert work.run("stage", clock.take, [(key, (2.0,)) for key in "abcdef"]) == [b"done", b"done", *[None] * 4]
    assert work.longest_s == {"stage": 2.0}
    assert work.run("stage", clock.take, [("g", (0.0,))]) == [None]
    assert work.run("other stage", clock.take, [("h", (2.0,)), ("i", (0.5,))]) == [b"done", None]
    assert work.skipped == [*"cdefgi"]
    assert list(kept) == ["a", "b"]  # what "h" was given may lack what was left out
    assert work.out_of_time


def test_axes_keep_the_order():
    records = [record(*p) for p in itertools.product((1.0, 2.0), (3.0,), (0.5,))]
    assert axes(records).tolist() == [[1.0, 3.0, 0.5], [2.0, 3.0, 0.5]]


def test_headlines_aim_at_today_s_cx_and_at_its_cost() -> None:
    """A surface cx <= 3 + cost/100 from a cost of 50: CX 3.8 costs 80; for a cost of 120 there is 4.2."""
    rung = Rung(0.0, 50.0, (Plane(0.0, 0.01, 3.0, 150.0, 4.5),))
    empty = Rung(0.1, 50.0, ())
    piece = surface_of([rung, empty], [])
    assert piece is not None
    aims = headline_aims(Envelope((None, piece), ("", "x")), [[], [rung, empty]], 3.8, 120.0, (1.0, 5.0))
    assert {portfolio for portfolio, _ in aims} == {1}
    costs = sorted(target.cost for _, target in aims)
    assert costs == pytest.approx([80.5, 81.5, 82.0, 82.5, 83.0, 84.0, 114.0, 116.4, 118.8])
    assert all(target.headroom == 0.0 and target.tie == pytest.approx(FLAT * 0.01) for _, target in aims)
    # On a scale of other units the same plans are aimed at.
    wide = Rung(0.0, 50.0, (Plane(0.0, 0.5, 100.0, 150.0, 175.0),))
    stretched = surface_of([wide], [])
    assert stretched is not None
    again = headline_aims(Envelope((stretched,), ("",)), [[wide]], 140.0, 120.0, (0.0, 200.0))
    assert [target.cost for _, target in again] == pytest.approx([target.cost for _, target in aims])
    # What lies beyond the surface is not aimed at.
    assert len(headline_aims(Envelope((piece,), ("",)), [[rung]], 9.0, 120.0, (1.0, 5.0))) == 3
    assert headline_aims(Envelope((piece,), ("",)), [[rung]], 9.0, 10.0, (1.0, 5.0)) == []


def test_no_plan_is_aimed_at_where_no_plan_is_that_cheap() -> None:
    """A headroom no plan has: its least cost, 200, is that of leaving its box, beyond its dearest point, 150."""
    low, high = (
        Rung(0.0, 50.0, (Plane(0.0, 0.01, 3.0, 150.0, 4.5),)),
        Rung(0.2, 200.0, (Plane(0.2, 0.01, 2.8, 150.0, 4.3),)),
    )
    surface = Envelope((surface_of([low, high], []),), ("",))
    aims = aim(surface, [[low, high]], 30)
    assert len(aims) > 10
    assert {target.headroom for _, target in aims if target.cost < 199} == {0.0}
