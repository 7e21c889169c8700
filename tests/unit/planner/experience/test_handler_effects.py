"""Effects of attempts and pools against truth that is declared here."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.experience.cells import Cells
from planner.experience.estimated import Fits, fit_all
from planner.experience.handler_effects import pool_effects, stage_effects

STAGE = {"first": 0.0, "returned": -0.3}
POOL = {"seniors": 0.25, "juniors": 0.0}


def cells(*, waits: bool = True, one: bool = False) -> Cells:
    """Seniors get the hard reason; returned contacts wait longer at the busy hours; both are apart from the effects."""
    rng = np.random.default_rng(5)
    rows = []
    for reason, hard in (("card", 0.0), ("fraud", -0.8)):
        for stage, later in STAGE.items():
            for pool, better in POOL.items():
                for band in range(4):
                    for hour in range(4):
                        near = (1 + (pool == "seniors") * (reason == "fraud") * 3) * (1 + (band == hour))
                        n = (600 if stage == "first" else 150) * near
                        answers = n / 5
                        mean = 4 + hard + later + better - 0.1 * band * waits - 0.1 * hour
                        mean += rng.normal(0, 0.9 / np.sqrt(answers))
                        rows.append((reason, stage, pool, band, hour, n, answers, mean))
    columns = ["reason", "stage", "pool", "wait_band", "hour_band", "contacts", "answers", "mean"]
    frame = pd.DataFrame(rows, columns=columns)
    if one:
        frame = frame[(frame["stage"] == "first") & (frame["pool"] == "seniors")].reset_index(drop=True)
    if not waits:
        frame = frame.assign(wait_band=-1)
    total = frame["mean"] * frame["answers"]
    frame = frame.drop(columns="mean").assign(
        entry_reason=frame["reason"], channel="voice", segment="all", disposition="", later="no",
        sum_score=total, sum_score2=total**2 / frame["answers"] + 0.81 * frame["answers"],
        sum_wait_s=frame["contacts"] * 30.0 * (frame["wait_band"] + 1), handled=0.0, sum_handle_s=0.0, sum_handle2=0.0,
    )  # fmt: skip
    return Cells(frame, (), (1.0, 5.0))


def fits(**kind: bool) -> Fits:
    return fit_all(cells(**kind), higher_is_better=True, seed=0)


@pytest.mark.parametrize("waits", [True, False])
def test_attempts_and_pools_are_found_apart_from_reasons_waits_and_hours(waits: bool) -> None:
    found = fits(waits=waits)
    stages = stage_effects(found).set_index("stage")
    assert list(stages.index) == ["returned"]
    assert stages.loc["returned", "lower"] <= -0.3 <= stages.loc["returned", "upper"]
    assert 0 < stages.loc["returned", "sd"] < 0.1
    pools = pool_effects(found).set_index("pool")
    gap = pools.loc["seniors", "effect"] - pools.loc["juniors", "effect"]
    assert gap == pytest.approx(0.25, abs=0.08)
    share = pools.loc["seniors", "contacts"] / pools["contacts"].sum()
    # Against today's mix the effects of a channel's pools average to nothing.
    assert share * pools.loc["seniors", "effect"] + (1 - share) * pools.loc["juniors", "effect"] == pytest.approx(
        0, abs=0.05
    )


def test_one_stage_and_one_pool_have_no_effects() -> None:
    found = fits(one=True)
    assert stage_effects(found).empty
    assert pool_effects(found).empty
