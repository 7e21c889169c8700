"""The backtest on the page and in the terminal's words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pandas as pd
import pytest
from toy_frontier import make_frontier

from planner.backtest.summary import SUMMARY_COLUMNS
from planner.frontier.frontier import Frontier
from planner.report import backtest_lines
from planner.report.backtest import (
    ERROR_WIDTH,
    backtest_rows,
    backtest_section,
    error_marks,
    measure_text,
    missed_words,
)
from planner.report.page import render_page

FACTS = {"weeks": ["2026-03-02", "2026-03-09"], "roster": {}, "notes": ["phone: <b>no table</b>"], "refused": None}


def summary(missed: bool = False) -> pd.DataFrame:
    numbers = {
        "intervals": 9,
        "formula": float("nan"),
        "bias": 0.1,
        "tolerance": 0.03,
        "p_value": 0.2,
        "coverage": 0.95,
    }
    rows = [
        ("volume", "forecast", 1234.0, 1250.0, 60.0),
        ("abandon_rate", "forecast", 0.135, 0.208, 0.11),
        ("asa_s", "seen", 47.5, 76.2, 41.4),
    ]
    frame = pd.DataFrame(
        [
            numbers | {"pool": "phone", "measure": m, "volume": v, "seen": s, "predicted": p, "naive": s, "mae": e}
            for m, v, s, p, e in rows
        ]
    )
    frame["missed"] = [False, missed, False]
    frame["mae_naive"], frame["mae_floor"] = 1.2 * frame["mae"], 0.8 * frame["mae"]
    return frame.reindex(columns=list(SUMMARY_COLUMNS))


def run_with(facts: Mapping[str, object] | None, table: pd.DataFrame | None) -> Frontier:
    base = make_frontier(meta={} if facts is None else {"backtest": facts})
    return base if table is None else dataclasses.replace(base, tables={**base.tables, "backtest": table})


@pytest.mark.parametrize(
    ("measure", "value", "text"),
    [
        ("volume", 1234.4, "1,234"),
        ("volume", 12.34, "12.3"),
        ("abandon_rate", 0.1349, "13.5%"),
        ("asa_s", 47.53, "47.5 s"),
        ("asa_s", 1e7, "no end"),
        ("aht_s", 180.2, "180 s"),
        ("score", 3.684, "3.68"),
        ("score", float("nan"), "–"),
    ],
)
def test_values_have_their_unit(measure: str, value: float, text: str) -> None:
    assert measure_text(measure, value) == text


def test_rows_say_what_was_known_and_what_was_missed() -> None:
    rows = backtest_rows(summary(missed=True), {"phone": "Phone team"})
    assert [row["measure"] for row in rows] == ["Contacts a week", "Abandoned", "Mean wait, volume known"]
    assert [row["verdict"] for row in rows] == ["✓ ok", "✗ missed", ""]
    assert rows[1]["cells"][:2] == ["13.5%", "20.8%"]
    assert {row["pool"] for row in rows} == {"Phone team"}
    assert missed_words(summary(missed=True), {}) == ["phone: abandoned predicted 20.8%, seen 13.5%"]


def test_page_opens_with_a_banner_only_where_today_misses() -> None:
    loud = render_page(run_with(FACTS, summary(missed=True)))
    calm = render_page(run_with(FACTS, summary()))
    banner = "Today&#39;s model misses last month"
    assert loud.index(banner) < loud.index("Decision brief")
    assert "phone: abandoned predicted 20.8%, seen 13.5%" in loud
    assert '<details id="backtest" open>' in loud
    assert '<div class="alarm"' not in calm
    assert '<details id="backtest">' in calm
    assert "2 weeks predicted, the first from Monday 2026-03-02" in calm
    assert "&lt;b&gt;no table&lt;/b&gt;" in calm


def test_runs_without_history_or_weeks_say_so_or_nothing() -> None:
    assert backtest_section(run_with(None, None)) == {}
    assert backtest_lines(run_with(None, None)) == []
    assert 'id="backtest"' not in render_page(run_with(None, None))
    refused = run_with({"weeks": [], "refused": "1 complete weeks"}, None)
    assert backtest_lines(refused) == ["No backtest: 1 complete weeks"]
    assert "No backtest: 1 complete weeks" in render_page(refused)
    late = run_with({"weeks": [], "refused": None}, None)
    assert backtest_lines(late) == ["No backtest: the time limit left it out"]


def test_terminal_says_the_same() -> None:
    assert backtest_lines(run_with(FACTS, summary())) == [
        "Backtest of the last 2 weeks: no result of any pool is materially off."
    ]
    lines = backtest_lines(run_with(FACTS, summary(missed=True)))
    assert lines[1:] == ["  phone: abandoned predicted 20.8%, seen 13.5%"]


def test_errors_are_drawn_on_one_scale() -> None:
    marks = error_marks(0.10, 0.20, 0.05)
    assert marks["naive"] == ERROR_WIDTH - 4
    assert marks["error"] - 4 == pytest.approx(2 * (marks["floor"] - 4))
    assert error_marks(float("nan"), float("nan"), float("nan")) == {}
    assert "<circle cx=" in render_page(run_with(FACTS, summary()))
