"""The fitter of scores can be exchanged, and the full posterior says what it needs."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planner.errors import PlannerError
from planner.experience import estimate
from planner.experience import prepared as preparing
from planner.experience.hierarchical import BlockFit, fit_blocks
from planner.experience.scores import Fitter


def write_contacts(folder: Path) -> Path:
    rng = np.random.default_rng(8)
    n = 1_500
    frame = pd.DataFrame(
        {
            "contact_id": np.arange(n),
            "customer_id": [f"k{k}" for k in rng.integers(0, n, n)],
            "started_at": pd.Timestamp("2026-03-02") + pd.to_timedelta(np.sort(rng.integers(0, 5e6, n)), unit="s"),
            "reason": rng.choice(["billing", "fault"], n),
            "channel": rng.choice(["voice", "chat"], n),
            "csat": np.where(rng.random(n) < 0.5, rng.integers(1, 6, n), np.nan),
        }
    )
    frame.to_parquet(folder / "contacts.parquet")
    return folder / "contacts.parquet"


def test_both_scores_are_fitted_by_the_fitter_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def counted(*args: Any, **options: Any) -> BlockFit:
        calls.append(len(args[0]))
        return fit_blocks(*args, **options)

    fitter: Fitter = counted
    monkeypatch.setattr("planner.experience.bayes.sample_blocks", fitter)
    path = write_contacts(tmp_path)
    sampled = estimate(path, outcome="csat", full_posterior=True)
    assert len(calls) == 2, "first contacts, and final ones"
    plain = estimate(path, outcome="csat")
    pd.testing.assert_frame_equal(sampled.table, plain.table)
    assert preparing.fit_blocks is fit_blocks


@pytest.mark.skipif(importlib.util.find_spec("numpyro") is not None, reason="numpyro is installed")
def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(PlannerError, match="bayes"):
        estimate(write_contacts(tmp_path), outcome="csat", full_posterior=True)
