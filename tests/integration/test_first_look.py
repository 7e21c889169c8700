"""What is shown while a run still goes on: true plans, no claim that nobody checked yet, and no trace in the result."""

from pathlib import Path

import pandas as pd
import pytest

from planner import load_scenario, plan
from planner.report import write_report

CENTER = Path(__file__).resolve().parents[2] / "scenarios/night.yaml"


@pytest.fixture(scope="module")
def both():
    """The first look and the frontier it came before."""
    seen = []
    whole = plan(load_scenario(CENTER), seed=1, first_look=seen.append)
    (early,) = seen
    return early, whole


def test_looking_changes_nothing(both) -> None:
    _, whole = both
    alone = plan(load_scenario(CENTER), seed=1)
    pd.testing.assert_frame_equal(whole.table, alone.table)
    assert whole.meta == alone.meta
    assert whole.explanations == alone.explanations


def test_the_plans_seen_first_keep_promises_and_are_matched_in_the_end(both) -> None:
    early, whole = both
    plans, last = early.table.query("origin != 'today'"), whole.table.query("origin != 'today'")
    assert len(plans) >= 5
    promised = early.tables["promises"].query("plan != 'today'")
    assert promised["kept"].all()
    assert set(promised["plan"]) == set(plans["plan"])
    for row in plans.itertuples():
        as_good = (last["cx"] >= row.cx - 1e-9) & (last["cost"] <= row.cost + 1e-6)
        assert (as_good & (last["headroom"] >= min(row.headroom, 0.3) - 1e-6)).any()
    pd.testing.assert_series_equal(
        early.baseline[["cx", "cost", "headroom"]], whole.baseline[["cx", "cost", "headroom"]]
    )


def test_nothing_is_claimed_that_was_not_looked_at(both, tmp_path: Path) -> None:
    early, whole = both
    assert early.meta["so_far"]
    assert "so_far" not in whole.meta
    assert not early.certificate
    plans = early.table.query("origin != 'today'")
    assert plans["gap"].isna().all()
    assert plans["p_shortfall"].isna().all()
    assert set(plans["status"]) == {"found"}
    page = write_report(early, tmp_path / "early.html").read_text(encoding="utf-8")
    assert "The run still goes on." in page
    assert "None yet: the run still goes on." in page
    assert "no time yet to see which inputs" in page
    assert "--by NAME" not in page
    final = write_report(whole, tmp_path / "final.html").read_text(encoding="utf-8")
    assert "still goes on" not in final.split("<script")[0]
    assert "--by NAME" in final
