"""Experience estimates on public contact logs: effects known to be there are found, and none where there is none.

The files are found in the folder named by PLANNER_EVAL_DATA, or beside the repository; without it these tests are
skipped.
"""

from __future__ import annotations

import os
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from planner.experience import ExperienceModel
from planner.experience.rows import row_check
from planner.history import History

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("PLANNER_EVAL_DATA") or ROOT.parent / "shared" / "data")
Z90 = 1.6448536269514722

pytestmark = [
    pytest.mark.evaluation,
    pytest.mark.skipif(not DATA.is_dir(), reason="set PLANNER_EVAL_DATA to the folder of the evaluation data"),
]


@cache
def loaded(name: str) -> History:
    path = DATA / f"{name}.parquet"
    if not path.exists():
        pytest.skip(f"{path.name} is not in the evaluation data")
    return planner.load_history(path, ROOT / "scenarios" / "mappings" / f"{name}.yaml", salt="evaluation")


@cache
def estimated(name: str) -> ExperienceModel:
    return planner.estimate(loaded(name), outcome="csat")


def excluding_zero(model: ExperienceModel) -> list[bool]:
    """Say for every contrast (channels within a reason, reasons within a channel) whether its interval excludes 0."""
    moves = model.moves.dropna(subset=["effect"])
    moves = moves[moves["from_channel"] < moves["to_channel"]]
    found = ((moves["lower"] > 0) | (moves["upper"] < 0)).tolist()
    for _, part in model.table.dropna(subset=["mean"]).groupby(["channel", "segment"]):
        for one, other in combinations(part.itertuples(), 2):
            found.append(abs(one.mean - other.mean) > Z90 * np.hypot(one.sd, other.sd))
    return found


def test_generated_scores_show_no_effect() -> None:
    """Scores of this log were drawn without regard to reason and channel."""
    found = excluding_zero(estimated("multichannel_calls_10k"))
    assert len(found) >= 12
    assert np.mean(found) <= 0.10


def test_generated_scores_look_the_same_from_rows() -> None:
    checked = row_check(
        loaded("multichannel_calls_10k"), estimated("multichannel_calls_10k").table, outcome="csat"
    ).dropna(subset=["mean"])
    # Means of a declared scale are compared where both methods read it alike.
    rows = checked["mean_rows"]
    assert rows.between(5.2, 6.0).all()
    assert (rows.max() - rows.min()) < 2 * Z90 * checked["sd_rows"].max()


@pytest.mark.parametrize("channel", ["voice", "callback"])
def test_slow_answers_cost_points(channel: str) -> None:
    """Raw means fall from 4.52 (within 2 minutes) to 3.31 (after a day); reasons and channels explain some of it."""
    curve = estimated("shopzilla_csat").wait_curve
    own = curve[(curve["channel"] == channel) & (curve["reason"] == "Returns")].sort_values("wait_s")
    assert (own["loss"].diff().dropna() >= 0).all()
    last = own.iloc[-1]
    assert last["wait_s"] > 86_400
    assert last["loss"] - Z90 * last["sd"] > 0
    assert 0.6 <= last["loss"] <= 1.4
    hour = own[own["wait_s"] <= 3_600].iloc[-1]
    assert hour["loss"] - Z90 * hour["sd"] > 0


def test_the_ranking_of_reasons_is_that_of_their_answers() -> None:
    rows = loaded("shopzilla_csat").materialize()
    raw = rows[rows["channel"] == "voice"].groupby("reason")["csat"].agg(["mean", "count"])
    raw = raw[raw["count"] >= 300]["mean"]
    table = estimated("shopzilla_csat").table
    voice = table[table["channel"] == "voice"].set_index("reason")
    assert len(raw) >= 7
    assert voice["mean"].reindex(raw.index).corr(raw, method="spearman") >= 0.9
    best, worst = voice.loc["Returns"], voice.loc["Cancellation"]
    assert worst["upper"] < voice.loc["Order Related", "lower"]
    assert voice.loc["Order Related", "upper"] < best["lower"]


def test_thin_cells_are_flagged_and_wide() -> None:
    table = estimated("shopzilla_csat").table.set_index(["reason", "channel"])
    assert table.loc[("Cancellation", "email"), "support"] == "extrapolated"
    assert table.loc[("Onboarding related", "email"), "support"] == "none"
    assert table.loc[("Cancellation", "email"), "sd"] > 1.5 * table.loc[("Returns", "email"), "sd"]


def test_what_is_missing_is_said() -> None:
    model, quality = estimated("shopzilla_csat"), loaded("shopzilla_csat").quality
    notes = " ".join(model.notes)
    assert "no customer is identified" in notes
    assert "who chooses which channel is not adjusted for" in notes
    assert "no segment" in notes
    missing = set(pd.DataFrame(quality.missing)["column"])
    assert {"customer_id", "segment", "handle_s", "abandoned", "resolved"} <= missing
    assert model.moves["p_return"].isna().all()


def test_rows_and_cells_agree_about_the_shop() -> None:
    table = row_check(loaded("shopzilla_csat"), estimated("shopzilla_csat").table, outcome="csat")
    assert len(table) >= 30
    assert table["model_dependent"].mean() <= 0.1
