"""Where nothing has an effect, nothing is found: generated histories through the public doors.

One world of each family, a thousand moves in each; many small worlds are asked of the fits behind the doors, in
`tests/property/test_cell_worlds.py` and `test_experience_truth.py`.
"""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from planner.experience import ExperienceModel

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "property"))

from experience_worlds import make_world  # noqa: E402

Z90 = 1.6448536269514722
WORLDS = [(501, "logit"), (502, "threshold")]


def estimated(rows: pd.DataFrame, covariates: tuple[str, ...], folder: Path) -> ExperienceModel:
    path = folder / "contacts.parquet"
    rows.to_parquet(path)
    return planner.estimate(planner.load_history(path, salt="none"), outcome="csat", covariates=covariates)


def between_channels(model: ExperienceModel) -> list[bool]:
    """Say for every move whether its interval excludes zero."""
    moves = model.moves.dropna(subset=["effect"])
    moves = moves[moves["support"].isin(["ok", "sparse"]) & (moves["from_channel"] < moves["to_channel"])]
    return ((moves["lower"] > 0) | (moves["upper"] < 0)).tolist()


def between_reasons(model: ExperienceModel) -> list[bool]:
    """Say for every two reasons in one channel and segment whether the interval of their difference excludes zero."""
    found = []
    for _, part in model.table.dropna(subset=["mean"]).groupby(["channel", "segment"]):
        for one, other in combinations(part.itertuples(), 2):
            found.append(abs(one.mean - other.mean) > Z90 * np.hypot(one.sd, other.sd))
    return found


@pytest.mark.slow
def test_moves_between_channels_without_effect(tmp_path: Path) -> None:
    """Severity drives choice and score, channels do nothing: naive means differ, moves must not."""
    naive = []
    for seed, family in WORLDS:
        world = make_world(seed, family, 30_000, effects=False)
        assert world.truth_moves["score"].abs().max() < 1e-9
        found = between_channels(estimated(world.rows, world.covariates, tmp_path))
        assert len(found) > 200
        assert np.mean(found) <= 0.10, family
        parts = world.rows.groupby(["reason", "channel"])["csat"].agg(["mean", "std", "count"])
        for _, part in parts[parts["count"] > 30].groupby("reason"):
            for one, other in combinations(part.itertuples(), 2):
                error = np.hypot(one.std / one.count**0.5, other.std / other.count**0.5)
                naive.append(abs(one.mean - other.mean) > Z90 * error)
    assert np.mean(naive) > 0.2


@pytest.mark.slow
def test_shuffled_answers_show_neither_reasons_nor_channels(tmp_path: Path) -> None:
    seed, family = WORLDS[0]
    world = make_world(seed, family, 30_000)
    answered = world.rows["csat"].notna().to_numpy()
    rows = world.rows.copy()
    answers = rows.loc[answered, "csat"].to_numpy()
    rows.loc[answered, "csat"] = np.random.default_rng(seed).permutation(answers)
    model = estimated(rows, world.covariates, tmp_path)
    assert np.mean(between_channels(model)) <= 0.10
    assert np.mean(between_reasons(model)) <= 0.10
