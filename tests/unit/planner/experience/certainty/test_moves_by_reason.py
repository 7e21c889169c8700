"""Moves of a whole reason: the mean of its segments' effects, with errors they share counted once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import Known

from planner.experience.certainty.pilots import pilot_designs
from planner.experience.certainty.reasons import moves_by_reason
from planner.experience.certainty.weekly import weekly_volumes
from planner.experience.estimated import move_effects

PAIR = ["reason", "from_channel", "to_channel"]


@pytest.fixture(scope="module")
def by_segment(known: Known) -> pd.DataFrame:
    moves = known.bias.moves
    _, sd, _ = move_effects(known.fits, moves.rename(columns={"reason": "entry_reason"}))
    users = known.world.rows.groupby(["reason", "segment", "channel"]).size()
    at = pd.MultiIndex.from_frame(moves[["reason", "segment", "from_channel"]])
    return moves.assign(sd=sd, users=users.reindex(at).to_numpy())


def test_effects_are_means_over_the_users_of_all_segments(known: Known, by_segment: pd.DataFrame) -> None:
    got = moves_by_reason(known.fits, known.bias).set_index(PAIR)
    for key, rows in by_segment.groupby(PAIR):
        assert got.loc[key, "effect"] == pytest.approx(np.average(rows["effect"], weights=rows["users"]), abs=1e-9)
        assert got.loc[key, "bias_response"] == pytest.approx(
            np.average(rows["bias_response"], weights=rows["users"]), abs=1e-9
        )
        assert got.loc[key, "people"] == pytest.approx(rows["users"].sum())


def test_shared_error_does_not_average_out(known: Known, by_segment: pd.DataFrame) -> None:
    """Between the sd of independent segments and that of one error common to all."""
    got = moves_by_reason(known.fits, known.bias).set_index(PAIR)
    for key, rows in by_segment.groupby(PAIR):
        share = rows["users"] / rows["users"].sum()
        independent, common = np.sqrt((share**2 * rows["sd"] ** 2).sum()), (share * rows["sd"]).sum()
        assert 0.99 * independent < got.loc[key, "sd"] < 1.01 * common
        # One unseen cause for all segments of a pair: it does not average out at all.
        assert got.loc[key, "bias_unseen"] == pytest.approx((share * rows["bias_unseen"]).sum())


def test_unknown_segments_are_left_out(known: Known) -> None:
    moves = known.bias.moves.copy()
    gone = (moves["reason"] == "r0") & (moves["segment"] == "s1")
    moves.loc[gone, "effect"] = np.nan
    got = moves_by_reason(known.fits, replace(known.bias, moves=moves)).set_index(PAIR)
    alone = moves[(moves["reason"] == "r0") & (moves["segment"] == "s0")].set_index(PAIR)
    for key in alone.index:
        assert got.loc[key, "effect"] == pytest.approx(alone.loc[key, "effect"])
    assert moves_by_reason(known.fits, replace(known.bias, moves=moves.assign(effect=np.nan))).empty


def test_a_pilot_of_the_whole_reason_is_sooner_done(known: Known) -> None:
    cells = known.world.cells
    whole = moves_by_reason(known.fits, known.bias)
    weekly = weekly_volumes(cells, 1.0, by_segment=False)
    assert weekly["contacts_per_week"].sum() == pytest.approx(cells.frame["contacts"].sum())
    designs = pilot_designs(whole, weekly, 1.0)
    assert len(designs)
    assert set(designs["segment"]) == {"all segments"}
    one = designs.iloc[0]
    part = pilot_designs(
        whole[(whole[PAIR] == one[PAIR]).all(axis=1)].assign(segment="s0"), weekly_volumes(cells, 1.0), 1.0
    ).iloc[0]
    assert one["weeks"] < part["weeks"]
