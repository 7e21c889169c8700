"""Today's people: none while the center is closed, in plans and in what a backtest is told."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from small_centers import problem_of  # noqa: E402

import planner  # noqa: E402
from planner.backtest.center import facts_of  # noqa: E402
from planner.operation.today import baseline  # noqa: E402
from planner.scenario.tables import read_today_routing  # noqa: E402

WEEK = Path(__file__).resolve().parents[4] / "scenarios/weekdays.yaml"


@pytest.mark.parametrize("measured", [True, False])
def test_people_seen_while_closed_are_left_out_and_counted(measured: bool) -> None:
    """A history in which eight people stand on the phones all week, round the frame of the longest day."""
    problem = problem_of(WEEK)
    intervals = np.arange(problem.network.profile.shape[1])
    staffing = pd.DataFrame({"pool": "phone", "interval": intervals, "scheduled": 8.0, "on_task": 7.0})
    if not measured:
        staffing = staffing.drop(columns="on_task")
    today = baseline(problem, staffing, read_today_routing(problem.scenario))
    opened = np.array(problem.scenario.horizon.opened())
    assert opened.sum() == 88
    np.testing.assert_array_equal(today.scheduled[0], np.where(opened, 8.0, 0.0))
    np.testing.assert_array_equal(today.on_task[0], np.where(opened, 7.0 if measured else 8.0, 0.0))
    assert today.notes[0] == "208 hours of Today's people lie outside the opening hours of their day: left out"
    assert today.paid_h[0] == pytest.approx(8 * 44)
    assert (today.evaluation.state.arrivals[0][:, ~opened] == 0).all()


def test_a_backtest_takes_usual_days_for_how_a_weekday_is_staffed() -> None:
    """The holiday says nothing of Tuesdays; Saturdays are as they are."""
    stated = facts_of(planner.load_scenario(WEEK)).staffing
    assert stated is not None
    by_day = stated[stated["pool"] == "phone"].groupby("weekday")["scheduled"].sum()
    assert by_day.index.tolist() == [0, 2, 3, 4, 5, 6]
    assert by_day[5] == 8 * 8
    assert by_day[6] == 0
