"""Covariates go by any name; what cannot be adjusted for is said, all problems at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.errors import HistoryError
from planner.experience import ExperienceModel, estimate
from planner.history import load_history
from planner.history.covariates import covariate_columns


def write_contacts(folder: Path, name: str = "severity", extra: int = 0) -> Path:
    rng = np.random.default_rng(3)
    n = 1_200
    severity = rng.normal(size=n)
    channel = np.where(severity + rng.normal(size=n) > 0, "voice", "chat")
    score = np.clip((3.6 + 0.4 * (channel == "voice") - 0.5 * severity + rng.normal(0, 0.7, n)).round(), 1, 5)
    frame = pd.DataFrame(
        {
            "contact_id": np.arange(n),
            "customer_id": [f"k{k}" for k in rng.integers(0, n, n)],
            "started_at": pd.Timestamp("2026-03-02") + pd.to_timedelta(np.sort(rng.integers(0, 5e6, n)), unit="s"),
            "reason": rng.choice(["billing", "fault"], n),
            "channel": channel,
            "wait_s": rng.exponential(40, n).round(),
            "csat": np.where(rng.random(n) < 0.5, score, np.nan),
            name: severity.round(3),
        }
    )
    for k in range(extra):
        frame[f"extra{k}"] = rng.normal(size=n).round(3)
    frame.to_parquet(folder / f"{name}.parquet")
    return folder / f"{name}.parquet"


@pytest.fixture(scope="module")
def adjusted(tmp_path_factory: pytest.TempPathFactory) -> ExperienceModel:
    """The estimate with the covariate under a name of its own."""
    return estimate(write_contacts(tmp_path_factory.mktemp("plain")), outcome="csat", covariates=("severity",))


@pytest.mark.slow
def test_the_covariate_matters(tmp_path: Path, adjusted: ExperienceModel) -> None:
    bare = estimate(write_contacts(tmp_path), outcome="csat")
    assert not np.allclose(adjusted.moves["effect"], bare.moves["effect"], atol=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["y", "weight", "target", "bin_x"])
def test_a_name_in_use_here_changes_nothing(tmp_path: Path, adjusted: ExperienceModel, name: str) -> None:
    other = estimate(write_contacts(tmp_path, name), outcome="csat", covariates=(name,))
    pd.testing.assert_frame_equal(adjusted.table, other.table)
    pd.testing.assert_frame_equal(adjusted.moves, other.moves)


@pytest.mark.slow
def test_more_covariates_than_bins_are_adjusted_for(tmp_path: Path, adjusted: ExperienceModel) -> None:
    names = ("severity", "extra0", "extra1")
    model = estimate(write_contacts(tmp_path, extra=2), outcome="csat", covariates=names)
    assert set(model.quality["covariates"]) == set(names)
    assert model.moves["bias_sd"].notna().all()
    assert np.allclose(model.moves["effect"], adjusted.moves["effect"], atol=0.12), "noise beside it changes little"


def test_all_wrong_names_are_said_at_once(tmp_path: Path) -> None:
    history = load_history(write_contacts(tmp_path), salt="pepper")
    with pytest.raises(HistoryError) as found:
        covariate_columns(history, ("severty", "wait_s", "csat", "severity"), outcome="severity")
    words = str(found.value)
    assert "no numeric column 'severty' (did you mean severity?)" in words
    assert "covariates.wait_s" in words
    assert words.count("known only once the contact is over") == 2
    assert "is the outcome itself" in words
    assert covariate_columns(history, ("severity", "severity")) == ("severity",)


def test_a_wrong_covariate_stops_the_estimate(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="no numeric column 'severty'"):
        estimate(write_contacts(tmp_path), outcome="csat", covariates=("severity", "severty"))
