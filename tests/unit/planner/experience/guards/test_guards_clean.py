"""Histories in which nothing is wrong: false alarms are as rare as said, and order does not matter."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import binom
from toy_surveys import as_history, clean_contacts

from planner.experience.guards import FALSE_ALARM_RATE, check_guards
from planner.experience.guards.findings import COLUMNS

HISTORIES = 6


@pytest.mark.slow
def test_false_alarms_are_as_rare_as_said(tmp_path: Path) -> None:
    """At the stated rate, and at eight times of it, where a wrong level would show."""
    found, loose = [], []
    for seed in range(HISTORIES):
        history = as_history(clean_contacts(seed, contacts=16_000), tmp_path)
        table = check_guards(history, outcome="csat", window_days=7, false_alarm_rate=8 * FALSE_ALARM_RATE)
        tested = table[table["level"] != "note"]
        loose.append(len(tested) > 0)
        strict = check_guards(history, outcome="csat", window_days=7) if len(tested) else tested
        found.append((strict["level"] != "note").any())
    assert binom.cdf(sum(found) - 1, HISTORIES, FALSE_ALARM_RATE) < 0.99
    assert binom.cdf(sum(loose) - 1, HISTORIES, 8 * FALSE_ALARM_RATE) < 0.99


def test_the_table_is_the_same_for_rows_in_any_order(tmp_path: Path) -> None:
    frame = clean_contacts(11, contacts=5_000, agents=15)
    frame.loc[(frame["reason"] == "r1") & (frame["day"] >= 84), "reason"] = "new"
    one = check_guards(as_history(frame, tmp_path), outcome="csat", window_days=7, seed=3)
    other = check_guards(
        as_history(frame.sample(frac=1, random_state=1), tmp_path), outcome="csat", window_days=7, seed=3
    )
    assert list(one.columns) == list(COLUMNS)
    pd.testing.assert_frame_equal(one, other)
    assert set(one["level"]) <= {"alarm", "warn", "note"}
    assert one.loc[one["level"] == "note", "p_value"].isna().all()


def test_a_short_history_is_said_to_be_short(tmp_path: Path) -> None:
    table = check_guards(
        as_history(clean_contacts(5, contacts=60, weeks=1, agents=6), tmp_path), outcome="csat", window_days=7
    )
    assert set(table["level"]) == {"note"}
    assert table["finding"].str.contains("not looked at|not compared|not counted").any()
