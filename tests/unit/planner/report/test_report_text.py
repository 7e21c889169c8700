"""Numbers and sentences that the command line, the page and the workbook share."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sample import sample_frontier

from planner.frontier.frontier import Frontier
from planner.report import headline, summary_lines
from planner.report.text import named_rows, percent, times_in, units_of


def with_plans(frontier: Frontier, **columns: object) -> Frontier:
    return dataclasses.replace(frontier, tables={**frontier.tables, "plans": frontier.table.assign(**columns)})


def test_three_lines_name_plan_money_experience_headroom_and_people() -> None:
    frontier = sample_frontier(60)
    lines = summary_lines(frontier)
    cheapest = frontier.plan("cheapest")
    saved = 112_000 - cheapest.cost
    assert len(lines) == 3
    assert lines[0].startswith(f"Cheapest no worse than today ({cheapest.id}): saves ${saved:,.0f} a week")
    assert "doable this week" in lines[0]
    assert "CX +" in lines[1]
    assert "(Today 4%)" in lines[2]


@pytest.mark.parametrize("n", [0, 1, 12])
def test_small_frontiers_still_give_three_lines(n: int) -> None:
    assert len(summary_lines(sample_frontier(n))) == 3


def test_a_plan_that_leads_twice_is_told_once() -> None:
    lines = summary_lines(with_plans(sample_frontier(1), cx=[3.8, 3.9], cost=[112e3, 100e3], headroom=[0.04, 0.1]))
    assert lines[0].startswith("Cheapest no worse than today (p001): saves $12,000 a week (10.7%)")
    assert lines[1:] == [
        f"{title}: the same plan as “Cheapest no worse than today” (p001)."
        for title in ("Best CX at today's cost", "Most resilient")
    ]


def test_a_plan_without_its_name_is_found_by_its_rule() -> None:
    frontier = sample_frontier(60)
    nameless = with_plans(frontier, name=np.where(frontier.table["name"] == "today", "today", None))
    table = frontier.table.iloc[1:]
    good, within = table[table["cx"] >= 3.8], table[table["cost"] <= 112_000]
    safe, cheap = good[good["headroom"] >= 0.04], within[within["cx"] >= 3.8]
    assert headline(nameless)[0]["plan"] == safe.loc[safe["cost"].idxmin(), "plan"]
    assert headline(nameless)[1]["plan"] == within.loc[within["cx"].idxmax(), "plan"]
    assert headline(nameless)[2]["plan"] == cheap.loc[cheap["headroom"].idxmax(), "plan"]
    assert list(named_rows(nameless)) == ["today"]


def test_hires_are_named_by_pool() -> None:
    frontier = sample_frontier(60)
    hiring = frontier.table[frontier.table["hires"] > 1]["plan"].iloc[0]
    renamed = with_plans(frontier, name=np.where(frontier.table["plan"] == hiring, "resilient", ""))
    assert "hires in Billing team" in headline(renamed)[2]["doable"]


def test_hires_without_their_table_are_still_counted() -> None:
    frontier = sample_frontier(60, without=("hires",))
    hiring = frontier.table[frontier.table["hires"] > 1]["plan"].iloc[0]
    renamed = with_plans(frontier, name=np.where(frontier.table["plan"] == hiring, "resilient", ""))
    assert headline(renamed)[2]["doable"].startswith("needs ")


def test_gaps_are_dashes_and_never_zero() -> None:
    frontier = with_plans(sample_frontier(20), p_cx_at_least_today=np.nan, committed=np.nan)
    answer = headline(frontier)[0]
    assert answer["split"] == ""
    assert "cases" not in answer["cx"]
    assert percent(float("nan")) == "–"


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.0, "none of 60 cases simulated"),
        (0.001, "1 of 60 cases simulated"),
        (0.15, "9 of 60 cases simulated"),
        (59 / 60, "59 of 60 cases simulated"),
        (0.999, "59 of 60 cases simulated"),
        (1.0, "all 60 cases simulated"),
    ],
)
def test_shares_are_frequencies_and_never_surer_than_the_draws(probability: float, words: str) -> None:
    assert times_in(probability, 60) == words


def test_where_the_draws_are_not_known_all_is_practically_all() -> None:
    assert [times_in(share) for share in (0.0, 1.0)] == ["practically no case", "practically all cases"]
    assert [times_in(share) for share in (0.01, 0.97)] == ["1 of 20 cases", "19 of 20 cases"]


def test_units_follow_currency_horizon_and_range() -> None:
    units = units_of(sample_frontier(40, currency="CHF", days=1))
    assert units.money(-1234.4) == "-CHF 1,234"
    assert units.per == "a day"
    assert units.cx(0.0001, signed=True) == "0.00"
    assert units_of(sample_frontier(40, currency="EUR")).money(5) == "€5"
    fortnight = units_of(sample_frontier(5, days=14))
    assert (fortnight.per, fortnight.horizons) == ("in 14 days", "periods of 14 days")


def test_small_money_keeps_its_cents() -> None:
    frontier = sample_frontier(5)
    assert units_of(with_plans(frontier, cost=frontier.table["cost"] / 1000)).money(12.5) == "$12.50"


def test_missing_tables_do_not_matter() -> None:
    frontier = sample_frontier(5)
    bare = dataclasses.replace(frontier, tables={"plans": pd.DataFrame(frontier.table)}, meta={})
    assert len(summary_lines(bare)) == 3


@pytest.mark.parametrize(("idle", "words"), [(5_000.0, "$9,000 a week less"), (30_000.0, "$16,000 a week more")])
def test_a_saving_is_told_with_the_payroll_it_leaves_idle(idle: float, words: str) -> None:
    frontier = with_plans(sample_frontier(1), cx=[3.8, 3.9], cost=[112e3, 100e3], idle_payroll=[2e3, idle])
    line = summary_lines(frontier)[0]
    owed = (
        f"until the payroll follows, ${idle:,.0f} a week is owed on top to people it does not schedule (Today $2,000)"
    )
    assert f"{owed}: {words} than Today in all" in line
    assert "owed" not in summary_lines(with_plans(frontier, idle_payroll=[2e3, 2e3]))[0]
    even = summary_lines(with_plans(frontier, idle_payroll=[2e3, 14e3 + 0.2]))[0]
    assert "(Today $2,000): as much as Today in all" in even
