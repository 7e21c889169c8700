"""Sums for the guards and for the value link, recounted by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from planner.errors import HistoryError
from planner.history import surveys
from planner.history.customers import customer_sums
from planner.history.surveys import survey_log


def contact(customer: str | None, at: str, csat: float | None, **more: Any) -> dict[str, Any]:
    row = {"customer_id": customer, "started_at": f"2024-{at}", "channel": "voice", "reason": "fees", "csat": csat}
    return {**row, "agent_id": "a", "resolved": True, "abandoned": False, "wait_s": 0.0, "ces": None, **more}


ROWS = [
    contact("A", "01-01 10:00", 5.0),
    contact("A", "01-02 10:00", 2.0, resolved=False),
    contact("A", "01-20 10:00", None),
    contact("A", "03-20 10:00", 4.0),
    contact("B", "01-03 10:00", None, abandoned=True),
    contact("B", "01-05 10:00", 1.0),
    contact(None, "01-05 11:00", 3.0, resolved=None),
    contact(None, "04-01 10:00", None, channel="chat", agent_id=None),
]


def test_contacts_answers_and_repeats_are_counted(load: Callable) -> None:
    log = survey_log(load(ROWS), outcome="csat", window_days=7)
    assert (log.score, log.period_days, log.periods) == ("csat", 7, 14)
    voice = log.sums(["channel"]).set_index("channel").loc["voice"]
    # The abandoned contact is no chance to answer.
    assert voice["contacts"] == 6
    assert voice["answers"] == 5
    assert voice["s1"] == 15.0
    assert voice["s2"] == 25 + 4 + 16 + 1 + 9
    assert voice["low"] == 2
    assert voice["solved_known"] == 5
    assert voice["solved"] == 4
    # Anonymous contacts are never followed; A came back once.
    assert voice["followed"] == 5
    assert voice["repeats"] == 1
    assert voice["solved_repeats"] == 1
    assert len(log.sums(["agent"])) == 1


def test_weeks_begin_with_the_first_day(load: Callable) -> None:
    log = survey_log(load(ROWS), outcome="csat", window_days=7)
    by_week = log.sums(["period"]).set_index("period")["contacts"].to_dict()
    assert by_week == {0: 4, 2: 1, 11: 1, 13: 1}
    assert str(log.day_of(11)) == "2024-03-18"


def test_the_time_since_the_last_answer_is_known_for_those_who_answered(load: Callable) -> None:
    rows = survey_log(load(ROWS), outcome="csat", window_days=7).table.execute()
    own = rows[rows["reason"].notna() & rows["person"].notna()].sort_values(["person", "period", "answered"])
    gaps = own.groupby("person")["gap_bin"].apply(lambda g: sorted(g.dropna().astype(int))).tolist()
    # After one day (bin 1), eighteen days (bin 4) and 78 days (the open bin).
    assert sorted(gaps, key=len) == [[], [1, 4, 6]]
    assert rows.loc[rows["person"].isna(), ["gap_bin", "recent_answers", "recent_contacts"]].isna().all(axis=None)
    assert sorted(rows["recent_answers"].dropna().astype(int)) == [0, 0, 0, 1, 2]


def test_scales_on_which_low_is_good_are_turned(load: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    effort = replace(surveys.OUTCOMES["ces"], higher_is_better=False)
    monkeypatch.setattr(surveys, "OUTCOMES", {**surveys.OUTCOMES, "ces": effort})
    rows = [{**row, "ces": None if row["csat"] is None else row["csat"] + 2, "csat": None} for row in ROWS]
    # An outcome that is no score looks at the survey with answers.
    log = survey_log(load(rows), outcome="fcr", window_days=7)
    assert log.score == "ces"
    counts = log.score_counts(["channel"]).set_index("score")
    assert counts["points"].to_dict() == {3.0: 5.0, 4.0: 4.0, 5.0: 3.0, 6.0: 2.0, 7.0: 1.0}
    assert counts["low"].to_dict() == {3.0: 0, 4.0: 0, 5.0: 0, 6.0: 1, 7.0: 1}
    assert "high is bad" in log.low_words


def test_pairs_of_score_and_resolution_add_up(load: Callable) -> None:
    log = survey_log(load(ROWS), outcome="csat", window_days=7)
    row = log.pair_sums("resolved", ["channel"]).iloc[0]
    assert row[["n", "s1", "d1", "s2", "d2", "sd"]].tolist() == [4, 12, 3, 46, 3, 10]


def test_without_answers_there_is_no_score(load: Callable) -> None:
    log = survey_log(load([{**row, "csat": None} for row in ROWS]), outcome="fcr", window_days=7)
    assert log.score is None
    assert log.sums(["channel"])["answers"].sum() == 0


def test_an_unknown_outcome_is_refused(load: Callable) -> None:
    with pytest.raises(HistoryError, match="no outcome 'csaat'"):
        survey_log(load(ROWS), outcome="csaat", window_days=7)


def test_contacts_per_customer_are_counted(load: Callable) -> None:
    rows = [{**row, "left": float(row["customer_id"] == "A")} for row in ROWS]
    table = customer_sums(load(rows), window_days=7).sort_values("contacts")
    assert table["contacts"].tolist() == [2, 4]
    assert table["unresolved"].tolist() == [0, 1]
    assert table["abandoned_contacts"].tolist() == [1, 0]
    assert table["later_contacts"].tolist() == [1, 1]
    np.testing.assert_array_equal(table["left"], [0, 1])
