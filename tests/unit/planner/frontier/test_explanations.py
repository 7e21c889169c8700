"""What is said of plans, against direct evaluation and loops over tables."""

from __future__ import annotations

import dataclasses
import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))


from planner.frontier.break_even import asked_of, break_even  # noqa: E402
from planner.frontier.changes import (  # noqa: E402
    change_words,
    changes_table,
    cx_by_type,
    gain_words,
    gains_table,
    neighbors_of,
)
from planner.frontier.initiative_worth import COLUMNS, initiative_words  # noqa: E402
from planner.frontier.promise_price import promise_prices, relaxed_target  # noqa: E402
from planner.frontier.promise_slack import slack_table, slack_words  # noqa: E402
from planner.frontier.say_jobs import _to_send, ask  # noqa: E402
from planner.frontier.tables import mix_table, stack, staffing_table  # noqa: E402
from planner.frontier.withstand import Withstood, fewer_staff, weeks_kept, withstood, withstood_words  # noqa: E402
from planner.frontier.work import Work  # noqa: E402
from solvers.flow.covering import day_covers  # noqa: E402
from solvers.flow.evaluate import evaluate  # noqa: E402
from solvers.flow.kept import promises_kept  # noqa: E402
from solvers.flow.solution import judge  # noqa: E402
from solvers.flow.staff import route_and_staff  # noqa: E402


def test_weeks_are_counted_by_evaluating_each(centers):
    rng, verdicts = np.random.default_rng(2), []
    for _, problem, plans in centers:
        weeks = rng.uniform(0.5, 3.0, (7, len(problem.types)))
        seen = dataclasses.replace(problem, demand=dataclasses.replace(problem.demand, weeks=weeks))
        for view in plans:
            kept = weeks_kept(seen, view.decision, view.evaluation.state)
            for week, said in zip(weeks, kept, strict=True):
                network = dataclasses.replace(problem.network, issues=problem.network.issues * week)
                direct = evaluate(network, problem.instance.promises, view.decision, known_headroom=np.nan)
                assert said == all(promises_kept(problem.instance.promises, direct.promise_values))
            verdicts += kept.tolist()
        assert len(weeks_kept(problem, plans[0].decision, plans[0].evaluation.state)) == 0
    assert {True, False} <= set(verdicts)


def test_as_many_may_be_absent_as_leave_headroom(centers):
    for _, problem, plans in centers:
        for view in plans:
            share = fewer_staff(problem, view.decision, view.evaluation.state)

            def room(absent, view=view, problem=problem):
                left = dataclasses.replace(view.decision, on_task=view.decision.on_task * (1 - absent))
                return evaluate(problem.network, problem.instance.promises, left).headroom

            assert (share >= 0) == (view.evaluation.headroom >= 0)
            if np.isfinite(share):
                assert room(share) >= -1e-5
                assert room(share + 2e-3) < 1e-5


def test_withstood_in_words():
    words = withstood_words(Withstood(52, 47, 0.092, ("promise phone",)))
    assert words[0] == "It keeps every promise in 47 of the last 52 weeks and survives 9% fewer people."
    assert words[1] == "As demand grows, the first to give way is promise phone."
    both = withstood_words(Withstood(52, 47, 0.092, ("promise phone", "the limit of desk")))[1]
    assert both == "As demand grows, the first to give way are promise phone and the limit of desk."
    assert len(withstood_words(Withstood(0, 0, np.nan, ()))) == 1
    assert "30 is all the history has" in withstood_words(Withstood(30, 30, 0.1, ("x",)))[0]
    assert withstood_words(Withstood(0, 0, 0.004, ()))[0] == "It can spare nobody."
    assert "would need 12% more people" in withstood_words(Withstood(0, 0, -0.12, ("x",)))[0]
    assert "even with twice the people" in withstood_words(Withstood(0, 0, np.nan, ("x",)))[0]


def test_what_gives_way_first_is_broken_just_beyond(centers):
    """The promise named is missed at a little more demand; where a cap is named, the load there is over it."""
    named = set()
    for _, problem, plans in centers:
        for view in plans:
            said = withstood(view).first
            grown = dataclasses.replace(
                problem.network, issues=problem.network.issues * (1 + view.evaluation.headroom + 2e-3)
            )
            after = evaluate(grown, problem.instance.promises, view.decision, known_headroom=np.nan)
            kept = promises_kept(problem.instance.promises, after.promise_values)
            for name, well in zip(problem.promise_names, kept, strict=True):
                assert (f"promise {name}" in said) == (not well)
            named |= {part.split()[1] for part in said}
            assert said
    assert "limit" in named


def test_gains_add_up_to_cx(centers):
    for _, problem, plans in centers:
        gains = gains_table(plans)
        for view in plans:
            own = gains[gains["plan"] == view.key]
            assert (own["cx"] * own["issues"]).sum() / own["issues"].sum() == pytest.approx(view.evaluation.cx)
            by_segment = own.assign(points=own["cx"] * own["issues"]).groupby("segment")[["points", "issues"]].sum()
            for s, segment in enumerate(problem.segments):
                mean = by_segment.loc[segment, "points"] / by_segment.loc[segment, "issues"]
                assert mean == pytest.approx(view.evaluation.cx_segment[s])
        np.testing.assert_allclose(
            gains.loc[gains["plan"] == "p1", "change"], cx_by_type(plans[1]) - cx_by_type(plans[0])
        )
    made = pd.DataFrame({"reason": ["a", "b", "c"], "segment": "s", "issues": [1.0, 10, 1], "change": [0.5, 0.1, -0.2]})
    assert gain_words(made) == [
        "Those who gain most: b, s (+0.100); a, s (+0.500).",
        "Those who lose most: c, s (-0.200).",
    ]


def test_neighbors_by_loops():
    rng = np.random.default_rng(8)
    plans = pd.DataFrame(rng.integers(0, 9, (12, 3)).astype(float), columns=["cx", "cost", "headroom"])
    plans.insert(0, "plan", ["today", *(f"p{k}" for k in range(1, 12))])
    plans["origin"] = ["today", *["master"] * 11]
    found = neighbors_of(plans).set_index(["plan", "against"])
    rows = {row.plan: (row.cx, row.cost, row.headroom) for row in plans.itertuples()}
    span = [
        max(r[k] for n, r in rows.items() if n != "today") - min(r[k] for n, r in rows.items() if n != "today")
        for k in range(3)
    ]
    tests = {"cheaper": lambda a, b: b[1] < a[1], "better": lambda a, b: b[0] > a[0], "safer": lambda a, b: b[2] > a[2]}
    for plan, mine in rows.items():
        if plan == "today":
            continue
        assert found.loc[(plan, "today"), "other"] == "today"
        for kind, allowed in tests.items():
            far = {
                other: sum(((a - b) / s) ** 2 for a, b, s in zip(theirs, mine, span, strict=True))
                for other, theirs in rows.items()
                if other != "today" and allowed(mine, theirs)
            }
            assert ((plan, kind) in found.index) == bool(far)
            if far:
                row = found.loc[(plan, kind)]
                assert far[row["other"]] == pytest.approx(min(far.values()))
                np.testing.assert_allclose(
                    row[["cx", "cost", "headroom"]].to_numpy(float), np.subtract(rows[row["other"]], mine)
                )


def test_a_neighbor_that_costs_as_much_is_not_said_to_cost_nothing_less():
    rows = [("p1", "better", "p2", 0.01, -0.2, 0.0), ("p1", "safer", "p3", 0.0, 7.0, 0.1)]
    neighbors = pd.DataFrame(rows, columns=["plan", "against", "other", "cx", "cost", "headroom"])
    changes = pd.DataFrame(columns=["plan", "against", "other", "what", "name", "here", "there", "change"])
    assert change_words(neighbors, changes, "EUR", {}) == [
        "The nearest plan with more CX, p2, costs as much, CX +0.010, headroom ±0.0 points.",
        "The nearest plan with more headroom, p3, costs 7 EUR more, CX ±0.000, headroom +10.0 points.",
    ]


def test_changes_are_differences_of_the_tables(centers):
    _, problem, plans = centers[0]
    staffing, mix = stack([staffing_table(v) for v in plans]), stack([mix_table(v) for v in plans])
    pairs = pd.DataFrame({"plan": ["p1", "p2"], "against": ["cheaper", "better"], "other": ["p0", "p3"]})
    chosen = pd.DataFrame({"plan": ["p0", "p1", "p2", "p3"], "initiatives": ["", "", "guide, fix", "fix"]})
    chosen["closed"] = ["", "", "a closed night", "a closed night"]
    tables = {"neighbors": pairs, "staffing": staffing, "channel_mix": mix, "plans": chosen}
    found = changes_table(tables, 1.0).set_index(["plan", "what", "name"])
    assert found.xs("initiative", level="what")["change"].to_dict() == {("p2", "guide"): 1.0}
    nothing = {**tables, "plans": chosen.assign(initiatives="", closed="").astype("string")}
    assert not (changes_table(nothing, 1.0)["what"] == "initiative").any()
    some = {**tables, "plans": chosen.assign(initiatives=["a", "", "", "a"], closed="").astype("string")}
    mine = changes_table(some, 1.0).query("what == 'initiative'")
    assert mine[["plan", "name", "change"]].to_numpy().tolist() == [["p1", "a", -1.0], ["p2", "a", -1.0]]
    for plan, other in (("p1", "p0"), ("p2", "p3")):
        for pool in problem.pools:
            own = staffing[staffing["pool"] == pool].groupby("plan")["scheduled"].sum()
            hours = [float(own.get(p, 0.0)) for p in (plan, other)]
            if abs(hours[0] - hours[1]) >= 0.05:
                assert found.loc[(plan, "staff", pool), "change"] == pytest.approx(hours[0] - hours[1], abs=1e-3)
            else:
                assert (plan, "staff", pool) not in found.index
        to_bot = mix.query("reason == 'order' and from_channel == 'voice' and channel == 'bot'")
        issues = to_bot.groupby("plan")["issues"].sum()
        moved = {p: float(issues.get(p, 0.0)) for p in (plan, other)}
        if abs(moved[plan] - moved[other]) >= 0.5:
            here = found.loc[(plan, "move", "order: voice to bot")]
            assert here["change"] == pytest.approx(moved[plan] - moved[other], abs=1e-3)


def test_slack_is_that_of_the_worst_period(centers):
    for _, problem, plans in centers:
        promises = problem.instance.promises
        for view in plans:
            table = slack_table(view).set_index("promise")
            for k, name in enumerate(problem.promise_names):
                values = view.evaluation.promise_values[k]
                least = promises.measure[k] in (0, 3)
                worst = np.nanmin(values - promises.target[k]) if least else np.nanmin(promises.target[k] - values)
                row = table.loc[name]
                assert row["slack"] == pytest.approx(worst)
                assert promises.pools[k][problem.pools.index(row["pool"])]
            words = slack_words(table.reset_index(), dict(zip(problem.promise_names, promises.measure, strict=True)))
            assert len(words) == len(table)
            assert sum("missed by" in line for line in words) == (table["slack"] < -1e-9).sum()


def test_jobs_are_sent_arrays_alone(centers):
    for _, problem, plans in centers:
        assert b"pandas" in pickle.dumps(problem.experience.outcomes)
        assert b"pandas" not in pickle.dumps((_to_send(plans[0]), problem.to_send))


def test_prices_are_differences_of_two_staffings(centers):
    saved = []
    for _, problem, plans in centers:
        view, instance = plans[0], problem.instance
        covers, target = day_covers(instance), view.evaluation.headroom
        now = judge(instance, *route_and_staff(instance, view.routing, target, covers), "x").cost
        for k, row in enumerate(promise_prices(view, covers)):
            weaker = instance.promises.target.copy()
            weaker[k] = row["relaxed"]
            eased = dataclasses.replace(instance, promises=dataclasses.replace(instance.promises, target=weaker))
            then = judge(eased, *route_and_staff(eased, view.routing, target, covers), "x").cost
            assert row["saves"] == pytest.approx(max(0.0, now - then), abs=1e-6)
            saved.append(row["saves"])
        promises = instance.promises
        assert relaxed_target(promises, 0) == pytest.approx(promises.target[0] - 0.05)
        assert relaxed_target(promises, 1) == pytest.approx(promises.target[1] + 0.05)
    assert len(saved) == 3 * len(centers)


def test_jobs_answer_as_the_functions_do(centers):
    """Through bytes, to the last bit and type; nothing where the time is over before the first job."""
    _, problem, plans = centers[0]
    covers, view = day_covers(problem.instance), plans[0]
    said = ask([problem], plans, view.key, Work(0))
    assert said.prices(view.key).to_dict("records") == promise_prices(view, covers)
    assert len(said.prices(view.key)) == len(problem.promise_names)
    found = [break_even(view, covers, asked) for asked in asked_of(view)]
    assert said.break_evens(view.key) == [one for one in found if one is not None] != []
    for other in plans:
        assert said.withstood(other.key) == withstood(other)
    late = Work(0, deadline=-np.inf)
    nothing = ask([problem], plans, view.key, late)
    assert nothing.withstood(view.key) is None
    assert nothing.prices(view.key).empty
    assert len(late.skipped) == len(plans) + len(asked_of(view)) + sum(one.people is not None for one in plans)


def test_what_spares_money_is_not_said_to_cost_less_than_nothing(centers):
    _, problem, _ = centers[0]
    row = ("p1", "late", True, "", -25.0, 10.0, 0.01)
    both = pd.DataFrame([row, (*row[:2], False, *row[3:])], columns=list(COLUMNS))
    assert initiative_words(both, problem, "a day") == [
        "late spares 25 USD a day and saves about 10 USD of other cost (CX +0.010), staffed anew.",
        "Not in this plan: late would spare 25 USD a day and save about 10 USD of other cost (CX +0.010), "
        "staffed anew.",
    ]
