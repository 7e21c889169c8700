"""Objectives beside the three axes: against recounts from tables, against all pairs, and with a user's own function."""

from __future__ import annotations

import dataclasses
import itertools
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "tests"))

from small_centers import problem_of, random_plans, write_center  # noqa: E402

import planner  # noqa: E402
from planner.errors import PlanError, ScenarioError  # noqa: E402
from planner.frontier.choose import keep_best  # noqa: E402
from planner.frontier.objectives import MEASURES, Objectives, load_function, objectives_of  # noqa: E402
from planner.frontier.records import brief, pack, unpack  # noqa: E402
from planner.frontier.risk import Stand, draw_world, risk_of  # noqa: E402
from planner.frontier.shown import show_solution  # noqa: E402
from planner.frontier.tables import service_table, shifts_table, staffing_table  # noqa: E402
from planner.frontier.work import Work  # noqa: E402
from planner.scenario.objectives import AXES, BUILT_IN, TAKEN  # noqa: E402
from solvers.flow.solution import decision_of  # noqa: E402

TOY = ROOT / "scenarios/minimal.yaml"
LITTLE = (
    "frontier.enumerate_max=0",
    "frontier.search_evaluations=0",
    "frontier.bound_plans=0",
    "frontier.cost_points=4",
    "frontier.plans=6",
    "frontier.bound_prices=2",
    "frontier.bound_boxes=2",
    "frontier.bound_steps=1",
    "frontier.risk_draws=6",
)


@pytest.fixture(scope="module")
def center(tmp_path_factory):
    """A small center that starts on a Friday, so that its second day is a Saturday, and some plans of it."""
    path = write_center(tmp_path_factory.mktemp("center"), 4)
    for name in ("demand.csv", "center.yaml"):
        file = path.parent / name
        file.write_text(file.read_text().replace("2026-01-05", "2026-01-09").replace("2026-01-06", "2026-01-10"))
    staffing = path.parent / "staffing.csv"
    head, *rows = staffing.read_text().splitlines()
    staffing.write_text("\n".join([head, *(f"{int(row[0]) + 4}{row[1:]}" for row in rows)]) + "\n")
    problem = problem_of(path)
    return problem, random_plans(problem.instance, 4, 4)


def test_burdens_are_recounted_from_the_tables(center):
    problem, plans = center
    objectives = Objectives(first_weekday=problem.starts[0].weekday())
    assert objectives.first_weekday == 4
    for plan in plans:
        view = show_solution("p", problem, plan)
        shifts = shifts_table(view)
        people = shifts["people"].to_numpy(float)
        begin, end = (pd.to_timedelta(shifts[name] + ":00").dt.total_seconds() / 3600 for name in ("start", "end"))
        saturday = pd.to_datetime(shifts["day"]).dt.day_of_week >= 5
        found = {name: measure(objectives, problem.instance, plan) for name, measure in MEASURES.items()}
        assert found["weekend_share"] == pytest.approx(people[saturday].sum() / people.sum())
        usual = np.maximum(np.minimum(end, 19) - np.maximum(begin, 7), 0)
        assert found["odd_hours"] == pytest.approx(1 - (people @ usual) / (people @ (end - begin)))
        assert found["long_shifts"] == 0.0  # none has more than five hours
        live = [name for name, queue in zip(problem.pools, problem.network.pools.queue, strict=True) if queue <= 1]
        joined = service_table(view).merge(staffing_table(view), on=["plan", "pool", "interval"])
        joined = joined[joined["pool"].isin(live) & (joined["on_task"] > 0) & (joined["offered"] > 0)]
        assert found["occupancy_peak"] == pytest.approx(joined["occupancy"].max(), abs=1e-5)
        mean = np.average(joined["occupancy"], weights=joined["on_task"])
        spread = np.sqrt(np.average((joined["occupancy"] - mean) ** 2, weights=joined["on_task"]))
        assert found["occupancy_spread"] == pytest.approx(spread, abs=1e-5)
        five = [found[n] for n in ("occupancy_peak", "occupancy_spread", "long_shifts", "odd_hours", "weekend_share")]
        assert found["employee_experience"] == pytest.approx(1 - np.mean(five))


def test_long_and_odd_shifts_by_hand(center):
    """Shifts of 9 and 4 hours, 6:00 to 15:00 and 16:00 to 20:00: work before 7:00 and after 19:00 is odd."""
    problem, plans = center
    catalogue = dataclasses.replace(
        next(c for c in problem.instance.catalogues if c is not None),
        paid_h=np.array([9.0, 4.0]),
        start_min=np.array([360, 960]),
        end_min=np.array([900, 1200]),
    )
    instance = dataclasses.replace(problem.instance, catalogues=(catalogue, None))
    staffing = dataclasses.replace(plans[0].staffing, people=(np.array([[2, 1], [0, 3]]), None))
    plan = dataclasses.replace(plans[0], staffing=staffing)
    assert MEASURES["long_shifts"](Objectives(), instance, plan) == pytest.approx(2 / 6)
    # 2 people with 1 of 9 hours before seven, 4 people with 1 of 4 hours after nineteen
    assert MEASURES["odd_hours"](Objectives(), instance, plan) == pytest.approx((2 * 1 + 4 * 1) / (2 * 9 + 4 * 4))
    nights = dataclasses.replace(catalogue, start_min=np.array([1320, 1080]), end_min=np.array([1860, 1320]))
    over = dataclasses.replace(instance, catalogues=(nights, None))
    # 2 people from 22:00 to 7:00, all of it odd, 4 people from 18:00 to 22:00; then until 8:00, an hour of it not odd
    assert MEASURES["odd_hours"](Objectives(), over, plan) == pytest.approx((2 * 9 + 4 * 3) / (2 * 9 + 4 * 4))
    later = dataclasses.replace(nights, end_min=np.array([1920, 1320]))
    over = dataclasses.replace(instance, catalogues=(later, None))
    assert MEASURES["odd_hours"](Objectives(), over, plan) == pytest.approx((2 * 9 + 4 * 3) / (2 * 10 + 4 * 4))
    assert MEASURES["weekend_share"](Objectives(first_weekday=5), instance, plan) == 1.0
    assert MEASURES["weekend_share"](Objectives(first_weekday=6), instance, plan) == pytest.approx(3 / 6)


def test_every_built_in_objective_is_measured():
    assert set(MEASURES) == set(BUILT_IN)


def test_shortfall_is_that_of_the_risk_stage_under_other_draws(center):
    problem, plans = center
    draws = draw_world(problem, 20, 11)
    objectives = Objectives(("p_shortfall",), ("min",), ("",), draws=draws)
    stands = [
        Stand(decision_of(problem.instance, p.routing, p.staffing.scheduled), p.staffing.scheduled, 0.0, problem)
        for p in plans
    ]
    risk = risk_of(stands, 20, Work(11))
    for plan, kept in zip(plans, risk.kept, strict=True):
        assert objectives.values(problem.instance, plan) == pytest.approx((1 - kept.mean(),))
    chosen = problem.scenario.frontier.model_copy(
        update={"objectives": planner.load_scenario(TOY, OBJECTIVES).frontier.objectives}
    )
    asked = dataclasses.replace(problem, scenario=problem.scenario.model_copy(update={"frontier": chosen}))
    choosing, reported = objectives_of(asked, 3, np.zeros(1)).draws, draw_world(asked, 20, 3)
    assert not np.isclose(choosing.aht, reported.aht).any()


OBJECTIVES = ("frontier.objectives=[cx, cost, headroom, occupancy_spread, p_shortfall]",)


@pytest.mark.parametrize("seed", range(4))
def test_a_plan_better_on_a_fourth_axis_stays(center, seed):
    _, plans = center
    rng = np.random.default_rng(seed)
    cloud = [tuple(map(float, p)) for p in rng.integers(1, 12, (40, 4))]
    records = [dataclasses.replace(brief(plans[0], (p[3],)), objectives=p[:3], feasible=True) for p in cloud]
    kept = {(*r.objectives, *r.extra) for r in keep_best(records, 1000, ("min",))}

    def beats(a, b):
        return a[0] >= b[0] and a[1] <= b[1] and a[2] >= b[2] and a[3] <= b[3] and a != b

    assert kept == {p for p in cloud if not any(beats(q, p) for q in cloud)}
    assert len(kept) > len(keep_best([dataclasses.replace(r, extra=()) for r in records], 1000))
    few = {(*r.objectives, *r.extra) for r in keep_best(records, 6, ("min",))}
    assert len(few) == min(6, len(kept))
    assert few <= kept


def test_further_objectives_travel_between_processes(center):
    _, plans = center
    records = [brief(plan, (0.1 * k, -2.0)) for k, plan in enumerate(plans)]
    back, _, _ = unpack(pack(records))
    assert [r.extra for r in back] == [r.extra for r in records]
    assert [r.extra for r in unpack(pack([brief(plans[0])]))[0]] == [()]


def test_a_run_keeps_and_shows_a_users_own_objective(tmp_path):
    """A function beside the scenario counts the people on the phone; plans are kept for having few of them."""
    for file in ("data/minimal_demand.csv", "data/minimal_today_routing.csv", "data/minimal_today_staffing.csv"):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / file).write_bytes((ROOT / "scenarios" / file).read_bytes())
    (tmp_path / "toy.yaml").write_bytes(TOY.read_bytes())
    (tmp_path / "mine.py").write_text(
        "def phones(instance, solution):\n    return solution.staffing.people[0].sum()\n"
        "def broken(instance, solution):\n    return 1 / 0\n"
        "def nothing(instance, solution):\n    return float('nan')\n"
    )

    def scenario(function, sense="min"):
        chosen = f"frontier.objectives=[cx, cost, headroom, {{name: phones, sense: {sense}, function: '{function}'}}]"
        return planner.load_scenario(tmp_path / "toy.yaml", [*LITTLE, chosen])

    found = planner.plan(scenario("mine:phones"), seed=1)
    table = found.table[found.table["origin"] != "today"]
    assert np.isnan(found.baseline["phones"])
    assert set(found.table) - {*AXES, *BUILT_IN, "phones"} <= TAKEN
    for row in table.itertuples():
        on_phone = found.plan(row.plan).shifts.query("pool == 'phone'")["people"].sum()
        assert row.phones == on_phone
    worth = table[["cx", "cost", "headroom", "phones"]].to_numpy(float) * np.array([1, -1, 1, -1])
    for a, b in itertools.permutations(worth, 2):
        assert not ((a >= b).all() and (a > b).any())
    assert found.meta["objectives"] == [{"name": "phones", "sense": "min", "function": "mine:phones"}]
    assert found.nearest({"phones": 0}).summary["phones"] == table["phones"].min()
    for function, words in (
        ("mine:broken", "ZeroDivisionError"),
        ("mine:nothing", "gave nan — must be a finite number"),
        ("mine:absent", "absent"),
        ("no_such_module:f", "no_such_module"),
    ):
        with pytest.raises(PlanError, match=words):
            planner.plan(scenario(function), seed=1)


def test_a_users_file_may_hold_dataclasses_and_is_read_anew_when_it_changes(tmp_path):
    file = tmp_path / "mine.py"
    postponed = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    weight = "@dataclass\nclass Weight:\n    kg: float = 1.0\n"
    file.write_text(f"{postponed}{weight}def weigh(instance, solution):\n    return Weight().kg\n")
    assert load_function("mine:weigh", str(tmp_path))(None, None) == 1.0
    file.write_text("def weigh(instance, solution):\n    return 2.0\n")
    os.utime(file, ns=(0, 1))  # clocks may be coarser than two writes
    assert load_function("mine:weigh", str(tmp_path))(None, None) == 2.0
    with pytest.raises(PlanError, match="mine has no 'absent'"):
        load_function("mine:absent", str(tmp_path))


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ("[cx, cost]", "leaves out headroom"),
        ("[cx, cost, headroom, cx]", "names cx twice"),
        ("[cx, cost, headroom, joy]", "unknown objective 'joy'"),
        ("[cx, cost, headroom, {name: joy, function: 'a:b'}]", "needs a sense"),
        ("[cx, cost, headroom, {name: odd_hours, sense: max}]", "the other way round"),
        ("[cx, cost, headroom, {name: odd_hours, sense: min, function: 'a:b'}]", "is built in"),
        ("[cx, cost, headroom, {name: hires, sense: min, function: 'a:b'}]", "'hires' is another figure of every plan"),
    ],
)
def test_wrong_objectives_are_refused(chosen, words):
    with pytest.raises(ScenarioError) as caught:
        planner.load_scenario(TOY, [f"frontier.objectives={chosen}"])
    assert words in str(caught.value)
