"""The random histories are what they claim: truth against simulation, shares as declared, the same bytes per seed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from experience_families import FAMILIES, draw_center
from experience_worlds import make_world


@pytest.mark.parametrize("family", FAMILIES)
def test_a_world_is_what_it_says(family: str) -> None:
    world = make_world(11, family, 40_000)
    rows, center = world.rows, world.center
    assert len(rows) == pytest.approx(40_000, rel=0.2)
    assert rows["started_at"].is_monotonic_increasing
    assert rows["csat"].notna().mean() == pytest.approx(center.response_rate, abs=0.02)
    assert set(rows["csat"].dropna()) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    assert set(world.covariates) <= set(rows)
    assert len(world.truth_scores) == center.reasons * center.channels * center.segments
    assert world.truth_fcr["truth"].between(0.2, 1).all()
    assert (world.truth_waits.groupby("channel")["loss"].first() == 0).all()
    pd.testing.assert_frame_equal(rows, make_world(11, family, 40_000).rows)


@pytest.mark.parametrize("family", FAMILIES)
def test_truth_agrees_with_returns_that_were_drawn(family: str) -> None:
    """Users' own channel: the mean potential resolution of its users is the share of them who did not return."""
    world = make_world(5, family, 60_000)
    first = world.rows.drop_duplicates(["customer_id", "reason"], keep="first")
    assert world.truth_scores["users"].sum() == pytest.approx(0.765 * 60_000, abs=2)
    own = world.truth_fcr.assign(weight=world.truth_fcr["users"])
    share = np.average(own["truth"], weights=own["weight"])
    returned = 1 - world.truth_scores["users"].sum() / len(world.rows)
    assert share == pytest.approx(1 - returned, abs=0.05)
    assert len(first) < len(world.rows)


def test_without_effects_nothing_moves_scores_or_resolution() -> None:
    world = make_world(3, "threshold", 20_000, effects=False)
    assert np.abs(world.truth_moves["score"]).max() < 1e-9
    assert np.abs(world.truth_moves["fcr"]).max() < 1e-9
    assert np.abs(world.truth_waits["loss"]).max() < 1e-9


def test_unknown_families_are_refused() -> None:
    with pytest.raises(ValueError, match="no family 'probit'; there are logit, threshold"):
        draw_center(0, "probit")
