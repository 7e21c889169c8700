"""Retained value: against the formula of lifetime value, a run's tables, and off where nothing bears it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import planner
from planner.errors import ScenarioError
from planner.experience.value.clv import retention_value
from planner.frontier.retained import retained_of
from planner.scenario.center import Segment

TOY = Path(__file__).resolve().parents[4] / "scenarios/minimal.yaml"
AXES = "frontier.objectives=[cx, cost, headroom, retained_value]"
MARGIN = "segments.all.value_per_year=200"
LINK = "segments.all.retention={customers: 5000, yearly: 0.9, per_point: {value: 0.02, low: 0.005, high: 0.03}}"
LITTLE = ("frontier.share_step=0.5", "frontier.risk_draws=4")


def segment(per_point: object, customers: float = 1000, margin: float | None = 100, yearly: float = 0.8) -> Segment:
    retention = {"customers": customers, "yearly": yearly, "per_point": per_point, "discount": 0.05}
    return Segment.model_validate({"value_per_year": margin, "retention": retention})


def test_gain_is_the_difference_of_lifetime_values():
    segments = {"a": segment(0.03), "b": Segment(), "c": segment(0.01, customers=50, margin=2000, yearly=0.95)}
    held = retained_of(segments, [3.0, 9.9, 4.0])
    cx = np.array([3.5, 1.0, 3.8])
    truth = 1000 * (retention_value(100, 0.815, 0.05) - retention_value(100, 0.8, 0.05))
    truth += 50 * (retention_value(2000, 0.948, 0.05) - retention_value(2000, 0.95, 0.05))
    assert held.gain(cx) == pytest.approx(truth)
    assert held.gain(np.array([3.0, 2.0, 4.0])) == 0.0


def test_retention_stays_a_share():
    held = retained_of({"a": segment(0.5)}, [3.0])
    assert held.gain(np.array([5.0])) == pytest.approx(
        1000 * (retention_value(100, 1.0, 0.05) - retention_value(100, 0.8, 0.05))
    )


def test_a_range_that_holds_zero_has_no_weight():
    held = retained_of({"a": segment({"value": 0.02, "low": -0.01, "high": 0.05})}, [3.0])
    assert held.gain(np.array([4.0])) == 0.0


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ((AXES,), "rests on no segment"),
        ((LINK,), "write value_per_year beside it"),
        ((AXES, MARGIN, LINK.replace("low: 0.005", "low: 0")), "rests on no segment"),
        ((AXES, MARGIN, LINK.replace("yearly: 0.9", "yearly: 1.2")), "yearly"),
    ],
)
def test_what_bears_no_value_is_refused(overrides, words):
    with pytest.raises(ScenarioError, match=words):
        planner.load_scenario(TOY, overrides)


def test_a_run_shows_what_its_tables_give():
    found = planner.plan(planner.load_scenario(TOY, [*LITTLE, AXES, MARGIN, LINK]), seed=1)
    today = found.plan("today").segments["cx"].iloc[0]
    table = found.table[found.table["origin"] != "today"]
    assert len(table) > 1
    for row in table.itertuples():
        cx = found.plan(row.plan).segments["cx"].iloc[0]
        after = retention_value(200, min(0.9 + 0.02 * (cx - today), 1.0), 0.1)
        assert row.retained_value == pytest.approx(5000 * (after - retention_value(200, 0.9, 0.1)), abs=1e-6)
    assert found.baseline["retained_value"] == 0.0  # what is gained against Today
