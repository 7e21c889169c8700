"""The survey's means counted again from rows, and the estimated ones from their table."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from toy_history import write_toy_history  # noqa: E402

import planner  # noqa: E402
from planner.experience import model_for  # noqa: E402
from planner.experience.results import SurveyMeans  # noqa: E402
from planner.experience.survey import survey_means, waited_loss  # noqa: E402
from planner.history.journeys import stitch_issues  # noqa: E402
from planner.history.scenario_history import history_of  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def center(tmp_path_factory):
    scenario = planner.load_scenario(write_toy_history(tmp_path_factory.mktemp("toy"), 3000))
    history = history_of(scenario)
    model = model_for(scenario, history, seed=1)
    return history, model, survey_means(history, scenario, model, seed=1)


@pytest.fixture(scope="module")
def rows(center) -> pd.DataFrame:
    return stitch_issues(center[0], 7.0).execute()


def test_counted_means_are_those_of_the_rows(center, rows) -> None:
    found: SurveyMeans = center[2]
    answered = rows[rows["csat"].notna()]
    assert found.answers == len(answered)
    assert found.reported == pytest.approx(answered["csat"].mean(), abs=1e-9)
    assert found.planned == pytest.approx(found.reported, abs=1e-12)  # everything is served and in the plan
    last = answered[~answered["later"] & ~answered["censored"]]
    assert found.final == pytest.approx(last["csat"].mean(), abs=1e-9)


def test_estimated_mean_is_over_all_final_contacts(center, rows) -> None:
    _, model, found = center
    last = rows[~rows["later"] & ~rows["censored"]]
    keys = ["reason", "channel", "pool", "stage"]
    counts = last.groupby(keys).size()
    score = model.outcomes.set_index(keys)["score"]
    expected = float(np.average(score.reindex(counts.index), weights=counts))
    assert found.everyone == pytest.approx(expected, abs=1e-9)
    assert found.everywhere == pytest.approx(expected, abs=1e-9)  # both channels have a survey
    # Answers are missing at random here: the estimate of everybody is near the mean of those who answered.
    assert found.everyone == pytest.approx(found.unwaited, abs=0.03)


def test_lost_points_are_looked_up_by_band() -> None:
    cells = pd.DataFrame(
        {"reason": ["a", "a", "b"], "channel": ["voice"] * 3, "wait_band": [0, 1, -1], "contacts": [1.0, 2.0, 3.0]}
    )
    losses = pd.DataFrame({"reason": ["a"] * 2, "channel": ["voice"] * 2, "wait_band": [0, 1], "loss": [0.0, 0.3]})
    assert waited_loss(cells, losses).tolist() == [0.0, 0.3, 0.0]
