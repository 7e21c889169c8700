"""The decision brief: its figures are recounted from the tables, one by one, and its words say what they are."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sample import HOSTILE, POOLS, REASONS, sample_frontier

from planner.report.brief import build_brief, headroom_words, input_words, months_and_years, proof_words, short_money
from planner.report.first_steps import first_steps, new_offers
from planner.report.page import render_page
from planner.report.text import units_of

NAMES = ("cheapest", "best_cx", "resilient", "")


def row_of(brief: dict[str, Any], label: str) -> list[dict[str, Any]]:
    (row,) = [row for row in brief["rows"] if row["label"] == label]
    return list(row["cells"])


def with_tables(frontier: Any, **tables: pd.DataFrame) -> Any:
    return dataclasses.replace(frontier, tables={**frontier.tables, **tables})


def test_money_of_a_year_is_the_weeks_times_365_over_7() -> None:
    frontier = sample_frontier(40)
    plans = frontier.table.assign(idle_payroll=[4000.0, *np.linspace(0, 9000, 40)])
    brief = build_brief(with_tables(frontier, plans=plans))
    known = plans.set_index("plan")
    for place, head in enumerate(brief["heads"]):
        own = known.loc[head["plan"] or "today"]
        for label, amount in (
            ("Cost a year", own["cost"]),
            ("of it committed", own["committed"]),
            ("of it avoidable", own["avoidable"]),
            ("Paid while payroll stays", own["cost"] + own["idle_payroll"]),
        ):
            assert row_of(brief, label)[place]["text"] == f"${amount * 365 / 7 / 1e6:,.2f}M", (label, head)
        if place:
            saved = (own["cost"] - known.loc["today", "cost"]) * 365 / 7
            cell = row_of(brief, "Cost a year")[place]
            sign, verdict = ("−", "better") if saved < 0 else ("+", "worse")
            assert cell["verdict"] == verdict
            assert cell["delta"] in (f"{sign}${round(abs(saved), -3):,.0f}", f"{sign}${abs(saved) / 1e6:,.2f}M")


def test_committed_and_avoidable_make_up_the_cost() -> None:
    table = sample_frontier(40).table
    np.testing.assert_allclose(table["committed"] + table["avoidable"], table["cost"])


def test_satisfied_customers_are_issues_by_their_place_on_the_scale() -> None:
    frontier = sample_frontier(40)
    brief = build_brief(frontier)
    for place, head in enumerate(brief["heads"]):
        own = frontier.tables["segments"].query("plan == @plan", local_dict={"plan": head["plan"] or "today"})
        week = sum(n * (cx - 1) / 4 for n, cx in zip(own["issues"], own["cx"], strict=True))
        cell = row_of(brief, "Satisfied a month")[place]
        assert cell["text"] == f"{round(week * 365 / 7 / 12, -1):,.0f}"
        assert cell["delta"] in ("", "±0") or cell["delta"].endswith("0")  # in tens, too
    unknown = build_brief(dataclasses.replace(frontier, meta={**frontier.meta, "scale": None}))
    assert "Satisfied a month" not in [row["label"] for row in unknown["rows"]]


def test_who_loses_is_recounted_from_reasons_and_segments() -> None:
    frontier = sample_frontier(12)
    (_, cell, *_) = row_of(build_brief(frontier), "Who loses")
    assert cell["lines"][0] == "56% of issues score lower, most of all:"  # 3 of 4 reasons, 75 % of each
    assert len(cell["lines"]) == 4
    assert cell["lines"][1] == f"{REASONS[0]}, basic (−0.05; {4900 * 0.75 * 365 / 7 / 12:,.0f} a month)"
    gains = frontier.tables["gains"]
    happy = with_tables(frontier, gains=gains.assign(change=gains["change"].clip(lower=0.0)))
    assert row_of(build_brief(happy), "Who loses")[1]["text"] == "no reason and segment scores lower"


def test_missed_promises_are_told_of_the_draws_and_of_the_horizon() -> None:
    frontier = sample_frontier(4, days=14, meta={"risk": {"draws": 10}})
    plans = frontier.table.assign(p_shortfall=[0.0, 0.1, 0.9, 1.0, 0.5], name=["today", *NAMES], headroom=0.1)
    told = [cell["text"] for cell in row_of(build_brief(with_tables(frontier, plans=plans)), "A promise is missed")]
    assert told == [
        "in none of 10 simulated periods of 14 days",
        "in 1 of 10 simulated periods of 14 days",
        "in 9 of 10 simulated periods of 14 days",
        "in all 10 simulated periods of 14 days",
    ]
    assert "planned periods of 14 days like this one" in build_brief(frontier)["notes"][0]


def test_a_plan_without_headroom_says_why_it_misses_promises_it_keeps_as_planned() -> None:
    frontier = sample_frontier(4, meta={"risk": {"draws": 10}})
    headroom = [-0.4, 0.0, 0.1, 0.0, 0.0]
    plans = frontier.table.assign(p_shortfall=[0.9, 0.1, 0.9, 0.0, 0.5], name=["today", *NAMES], headroom=headroom)
    told = [cell["lines"] for cell in row_of(build_brief(with_tables(frontier, plans=plans)), "A promise is missed")]
    assert [len(lines) for lines in told] == [1, 2, 1, 1]
    assert told[1][1].startswith("without headroom, weeks busier than planned")


def test_words_of_headroom_and_certificate() -> None:
    assert headroom_words(0.154) == "absorbs 15% more demand"
    assert headroom_words(-0.44) == "keeps caps and promises only at 44% less demand"
    assert headroom_words(0.0003) == "just keeps caps and promises as planned"
    # (cost - bound) / bound = 25 %: an equal plan costs at least 80 %, so it is 20 % cheaper at most.
    assert proof_words(pd.Series({"status": "within_gap", "gap": 0.25})) == "an equal plan can be 20.0% cheaper at most"
    assert proof_words(pd.Series({"status": "proven", "gap": 0.0})).startswith("proven")
    assert proof_words(pd.Series({"status": "found", "gap": np.nan})).startswith("found by search")


def test_five_assumptions_with_the_largest_swing_on_any_axis() -> None:
    frontier = sample_frontier(40)
    spread = {axis: float(np.ptp(frontier.table[axis])) for axis in ("cx", "cost", "headroom")}
    rows = [(f"input {k}", 1.0, 0.9, 1.1, "stated", 0.01 * k, 0.0, 0.0) for k in range(6)]
    rows += [("pools.voice.shrinkage", 0.3, 0.27, 0.33, "stated", 0.0, 0.9 * spread["cost"], 0.0)]
    rows += [("demand (factor on the planned)", 1.0, 0.92, 1.08, "estimated", 0.0, 0.0, 0.8 * spread["headroom"])]
    table = pd.DataFrame(rows, columns=frontier.tables["assumptions"].columns)
    found = build_brief(with_tables(frontier, assumptions=table))["assumptions"]
    said = [row["input"] for row in found["rows"]]
    assert said == ["Shrinkage: voice", "Demand, times the planned", "input 5", "input 4", "input 3"]
    assert found["rows"][0]["range"] == "27% to 33%"
    assert found["rows"][0]["swing"] == f"cost ${0.9 * spread['cost']:,.0f} a week"
    assert found["rows"][1]["swing"] == f"headroom {80 * spread['headroom']:.0f} points"
    assert frontier.plan("cheapest").id in found["help"]
    few = build_brief(with_tables(frontier, assumptions=table.iloc[[0, 5, 6]]))["assumptions"]
    assert [row["input"] for row in few["rows"]] == ["Shrinkage: voice", "input 5"]  # input 0 moves nothing
    none = build_brief(with_tables(frontier, assumptions=table.iloc[[0]]))["assumptions"]
    assert (none["rows"], none["help"]) == ([], "This run holds no assumptions whose range moves a result.")


def test_inputs_have_words() -> None:
    titles = {"steers": {"menu": "Menu"}, "channels": {"voice": "Phone"}, "initiatives": {"a.b": "Guide"}}
    meta = {"titles": titles}
    assert input_words(meta, "steers.menu.acceptance") == "Acceptance: Menu"
    assert input_words(meta, "scores of voice") == "Scores: Phone"
    assert input_words(meta, "channels.voice.redial") == "Callers who try again: Phone"
    assert input_words(meta, "initiatives.a.b.effects.0.unresolved") == (
        "Guide: change of contacts not resolved the first time"
    )
    assert input_words(meta, "initiatives.bot.effects.0.aht") == "initiatives.bot.effects.0.aht"


def test_first_steps_are_hires_idle_people_offers_and_rules() -> None:
    frontier = sample_frontier(40)
    plan = frontier.plan("cheapest").id
    hires = pd.DataFrame(
        [(plan, POOLS[0], 40.0, 52.0, 12.0), (plan, POOLS[1], 30.0, 30.0, 0.0), (plan, POOLS[2], 12.0, 5.0, 0.0)],
        columns=["plan", "pool", "heads", "needed", "hires"],
    )
    lines = first_steps(with_tables(frontier, hires=hires), plan)
    assert lines[:3] == [f"12 hires: 12 {POOLS[0]}", f"no shifts for 7 people: 7 {POOLS[2]}", "offers: voice to chat"]
    # Today and the plans follow the same rules in the sample: nothing to route anew.
    assert len(lines) == 3
    steers = {"reason": list(REASONS), "segment": "all", "from_channel": "voice", "channel": "chat", "steer": "menu"}
    known = with_tables(frontier, center_flows=pd.DataFrame(steers))
    titled = dataclasses.replace(known, meta={**known.meta, "titles": {"steers": {"menu": "Chat in the menu"}}})
    assert new_offers(titled, plan) == ["Chat in the menu"]
    assert new_offers(titled, "today") == []


def test_changed_rules_are_counted_with_their_contacts() -> None:
    frontier = sample_frontier(40)
    plan, rules = frontier.plan("cheapest").id, frontier.tables["rules"].copy()
    rules.loc[(rules["plan"] == plan) & (rules["rule"] == 1), "pool"] = POOLS[1]
    lines = first_steps(with_tables(frontier, rules=rules), plan)
    assert lines[-1] == "new routing for 10% of contacts, 1 of 4 kinds"  # 40 % of one of four equal reasons


def test_a_plan_with_two_titles_stands_once_and_a_missing_one_is_said() -> None:
    frontier = sample_frontier(40)
    plans = frontier.table.copy()
    others = plans.index[1:]
    plans.loc[others, "cost"] = np.linspace(120_000, 150_000, len(others))
    plans.loc[others, "name"] = ""
    plans.loc[others[0], ["cx", "cost", "headroom", "name"]] = [3.99, 100_000.0, 0.4, "cheapest"]
    brief = build_brief(with_tables(frontier, plans=plans))
    (head,) = brief["heads"][1:]
    assert head["title"] == "Cheapest no worse than today · Best CX at today's cost · Most resilient"
    assert brief["missing"] == []
    plans["cost"] = [112_000.0, *np.linspace(120_000, 150_000, len(others))]
    plans["cx"], plans["name"] = [3.8, *([3.7] * len(others))], ["today", *([""] * len(others))]
    none = build_brief(with_tables(frontier, plans=plans))
    assert len(none["missing"]) == 3
    assert none["ask"].startswith("None: no plan of this run beats Today")


def test_best_balance_is_not_in_the_brief_but_below_with_its_rule() -> None:
    page = render_page(sample_frontier(40)).split('id="data"')[0]
    top, below = page.split('id="glance"')
    assert "balance" not in top.split('id="brief"')[1]
    assert "one view of balance, not an optimum" in below


def test_a_month_and_a_day_make_a_year_too() -> None:
    for days, years in ((7, 365 / 7), (6, 365 / 7), (5, 365 / 7), (1, 365.0), (4, 365 / 4), (30, 365 / 30)):
        frontier = sample_frontier(3, meta={"days": days})
        assert months_and_years(frontier) == pytest.approx((years / 12, years))


def test_short_money_keeps_what_a_leader_reads() -> None:
    units = units_of(sample_frontier(3))
    told = [short_money(units, v) for v in (21_794_325.0, -2_147_480.0, 401_600.0, 9_876.0, float("nan"))]
    assert told == ["$21.79M", "-$2.15M", "$402,000", "$9,876", "–"]


def test_hostile_and_long_names_are_cut_and_inert() -> None:
    long = "x" * 80
    frontier = sample_frontier(12, pools=(HOSTILE, long, *POOLS[2:]))
    gains = frontier.tables["gains"].replace(REASONS[0], HOSTILE)
    page = render_page(with_tables(frontier, gains=gains)).split('id="data"')[0]
    brief = page.split('id="brief"')[1].split("</section>")[0]
    assert "<img" not in brief
    assert long not in brief
