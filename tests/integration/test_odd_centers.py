"""Centers at the edge: one pool, hours or reasons without demand, an axis that cannot vary. A plan or a sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from small_centers import write_center, write_one_pool  # noqa: E402

import planner  # noqa: E402
from planner.errors import ScenarioError  # noqa: E402
from planner.simulation.simulated import SimulationSettings, simulate_plan  # noqa: E402

QUICK = (
    "frontier.search_evaluations=0", "frontier.plans=4", "frontier.risk_draws=2", "frontier.bound_steps=1",
    "frontier.cost_points=2", "frontier.bound_boxes=2", "frontier.headroom_levels=[0, 0.2]", "frontier.bound_plans=0",
)  # fmt: skip


def planned(path: Path, *overrides: str):
    return planner.plan(planner.load_scenario(path, (*QUICK, *overrides)), seed=1)


def without_demand(folder: Path, matching: str) -> None:
    """Set the demand of rows that hold a text to zero."""
    path = folder / "demand.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    rows = [row.rpartition(",")[0] + ",0" if matching in row else row for row in rows]
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")


def sound(frontier) -> None:
    """Plans exist, none lies below its bound, and everything said is a number or says that it is none."""
    rows = frontier.table[frontier.table["origin"] != "today"]
    assert len(rows) >= 1
    assert (rows["cost"] >= rows["cost_bound"] * (1 - 1e-6)).all()
    assert np.isfinite(rows[["cx", "cost", "headroom"]].to_numpy()).all()
    assert "nan" not in frontier.meta["certificate_words"]


def test_one_pool_only(tmp_path):
    sound(planned(write_one_pool(tmp_path, p_return=0.1, redial=0.3)))


def test_an_experience_that_cannot_vary(tmp_path):
    path = write_one_pool(tmp_path, p_return=0.0, redial=0.0)
    same = ("experience.wait_loss=[]", "experience.score_given_up.value=4.2", "experience.score_abandoned.value=4.2")
    found = planned(path, *same)
    sound(found)
    assert found.table["cx"].to_numpy() == pytest.approx(4.2)


@pytest.mark.parametrize("matching", ["fault", "2026-01-05"])
def test_a_reason_or_a_day_without_demand(tmp_path, matching):
    path = write_center(tmp_path, 3)
    without_demand(tmp_path, matching)
    sound(planned(path))


def test_no_demand_at_all_is_said(tmp_path):
    path = write_one_pool(tmp_path, p_return=0.1, redial=0.3)
    without_demand(tmp_path, "2026")
    with pytest.raises(ScenarioError, match="all contacts are 0; there is nothing to plan"):
        planned(path)


def test_a_queue_without_end_is_said_and_no_mean_is_made_of_it(tmp_path):
    """Fifty people where eighty are needed, and nobody gives up: no steady state, and a simulation that never ends."""
    path = write_one_pool(tmp_path, p_return=0.1, redial=0.0, patience_s=None)
    enough = planned(path)
    assert not any("grows without end" in note for note in enough.meta["notes"])
    staffing = tmp_path / "staffing.csv"
    staffing.write_text(staffing.read_text(encoding="utf-8").replace(",130", ",50"), encoding="utf-8")
    found = planned(path)
    (said,) = [note for note in found.meta["notes"] if "grows without end" in note]
    assert "in 2 of 2 intervals (first 2026-01-05 09:00)" in said
    assert "channels.voice.patience_s" in said
    settings = SimulationSettings(replications=2, seed=1)
    assert len(simulate_plan(found, "today", settings).cx) == 0
    assert len(simulate_plan(enough, "today", settings).cx) > 0
