"""The contacts that checks look at: whole customers, the same ones however they are picked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.history import load_history
from planner.history.columns import PERSON, ROW
from planner.history.picked import MOST_ROWS
from planner.history.sample import sampled, sampled_contacts

ROWS = 160_000


@pytest.mark.parametrize("anonymous", [0.0, 0.3, 0.8])
def test_picked_rows_are_whole_customers_and_those_the_engine_would_pick(tmp_path: Path, anonymous: float) -> None:
    rng = np.random.default_rng(3)
    customers = np.where(rng.random(ROWS) < anonymous, None, rng.integers(0, 40_000, ROWS).astype(str).astype(object))
    rows = pd.DataFrame(
        {
            "contact_id": np.arange(ROWS),
            "customer_id": customers,
            "started_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 5_000_000, ROWS), "s"),
            "channel": "voice",
            "reason": "fees",
        }
    )
    rows.to_parquet(tmp_path / "h.parquet", index=False)
    history = load_history(tmp_path / "h.parquet", salt="s")
    asked = set(sampled(history).select(ROW).execute()[ROW])
    picked = set(sampled_contacts(history, 7.0).select(ROW).execute()[ROW])
    assert picked == asked
    assert 0.95 * MOST_ROWS < len(picked) < 1.05 * MOST_ROWS
    if anonymous < 0.5:
        who = history.contacts.select(ROW, PERSON).execute()
        inside = who[ROW].isin(picked)
        assert not set(who[PERSON][inside].dropna()) & set(who[PERSON][~inside].dropna())
