"""Truth of random histories of two families is recovered from rows: a quick look; the whole study is a benchmark."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from experience_families import FAMILIES
from experience_truth import Z90, coverage, history_of_world, ratio, recover, rmse
from experience_worlds import make_world

from planner.history import load_history

SMALL = 40_000


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_and_resolution_are_nearer_to_the_truth_than_naive_means(family: str, tmp_path: Path) -> None:
    covered: dict[str, list[float]] = {"csat": [], "fcr": [], "moves": [], "waits": []}
    for seed in (51, 52):
        world = make_world(seed, family, SMALL)
        history = history_of_world(world, tmp_path)
        for outcome, bar in (("csat", 0.8), ("fcr", 0.75)):
            found = recover(world, history, outcome)
            assert found.fits.total is not None
            assert found.fits.total.fit.converged
            assert ratio(found.reasons) < bar
            assert ratio(found.segments) < bar
            covered[outcome].append(coverage(found.reasons))
            covered["moves"].append(coverage(found.moves, "effect"))
            if outcome == "csat":
                covered["waits"].append(coverage(found.waits, "loss"))
                assert rmse(found.waits["loss"] - found.waits["truth"]) < 0.15
    # Two worlds are few: errors are shared by the cells of a channel.
    assert min(min(values) for values in covered.values()) >= 0.6
    assert np.mean([np.mean(values) for values in covered.values()]) >= 0.82


@pytest.mark.parametrize("family", FAMILIES)
def test_without_effects_few_contrasts_exclude_zero(family: str, tmp_path: Path) -> None:
    world = make_world(61, family, SMALL, effects=False)
    history = history_of_world(world, tmp_path)
    for outcome in ("csat", "fcr"):
        moves = recover(world, history, outcome).moves
        assert (moves["effect"].abs() > Z90 * moves["sd"]).mean() <= 0.1


def test_the_order_of_rows_changes_no_estimate(tmp_path: Path) -> None:
    world = make_world(71, "threshold", 12_000)
    one = recover(world, history_of_world(world, tmp_path), "csat")
    world.rows.sample(frac=1, random_state=1).to_parquet(tmp_path / "contacts.parquet", index=False)
    other = recover(world, load_history(tmp_path / "contacts.parquet"), "csat")
    pd.testing.assert_frame_equal(one.reasons, other.reasons)
    pd.testing.assert_frame_equal(one.moves, other.moves)
    pd.testing.assert_frame_equal(one.waits, other.waits)
