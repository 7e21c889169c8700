"""Means of a composite over all segments are the weighted parts, adjusted and raw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.experience import estimate
from planner.history import load_history


@pytest.mark.slow
def test_reasons_of_a_composite_are_the_weighted_sums_of_its_parts(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    n = 3_000
    frame = pd.DataFrame(
        {
            "contact_id": np.arange(n),
            "customer_id": [f"k{k}" for k in rng.integers(0, n, n)],
            "started_at": pd.Timestamp("2026-03-02")
            + pd.to_timedelta(np.sort(rng.integers(0, 5_000_000, n)), unit="s"),
            "reason": rng.choice(["billing", "fault"], n),
            "channel": rng.choice(["voice", "chat"], n),
            "segment": rng.choice(["a", "b"], n),
            "resolved": rng.random(n) < 0.7,
            "csat": np.where(rng.random(n) < 0.4, rng.integers(1, 6, n), np.nan),
        }
    )
    frame.to_parquet(tmp_path / "contacts.parquet")
    history = load_history(tmp_path / "contacts.parquet", salt="pepper")
    whole = estimate(history, outcome="composite:csat=3,resolved=1").reasons
    csat, resolved = (estimate(history, outcome=name).reasons for name in ("csat", "resolved"))
    keys = ["reason", "channel"]
    assert (whole[keys].to_numpy() == csat[keys].to_numpy()).all()
    for name in ("mean", "raw_mean"):
        wanted = 0.75 * (csat[name] - 1) / 4 + 0.25 * resolved[name]
        assert np.allclose(whole[name], wanted)
    assert (whole["n_answers"] == np.minimum(csat["n_answers"], resolved["n_answers"])).all()
