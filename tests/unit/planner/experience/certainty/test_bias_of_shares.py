"""The bias of shares: an unseen cause half as strong as the known one makes sampling intervals short, not the total."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.experience import estimate

CONTACTS, REASONS, CHANNELS = 15_000, 4, 3


def resolved_world(seed: int, unseen: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Contacts whose resolution and channel depend on a known severity and on an unseen one; and the true moves."""
    rng = np.random.default_rng(seed)
    known, hidden = rng.normal(size=CONTACTS), rng.normal(size=CONTACTS)
    reason = rng.integers(0, REASONS, CONTACTS)
    pull = (0.8 * known + 1.6 * unseen * hidden)[:, None] * np.linspace(1, -1, CHANNELS)
    channel = (pull + rng.gumbel(size=(CONTACTS, CHANNELS))).argmax(axis=1)
    level = 1.0 + rng.normal(0, 0.3, (REASONS, CHANNELS))
    p = 1 / (1 + np.exp(-(level[reason] - (0.7 * known + 0.7 * unseen * hidden)[:, None])))
    solved = rng.random(CONTACTS) < p[np.arange(CONTACTS), channel]
    started = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 5e6, CONTACTS)), unit="s")
    rows = pd.DataFrame(
        {
            "contact_id": np.arange(CONTACTS),
            "customer_id": [f"k{k}" for k in range(CONTACTS)],
            "started_at": started,
            "reason": [f"r{k}" for k in reason],
            "channel": [f"c{k}" for k in channel],
            "severity": known.round(3),
            "resolved": solved,
        }
    )
    truth = [
        (f"r{r}", f"c{a}", f"c{c}", float((p[users, c] - p[users, a]).mean()))
        for r in range(REASONS)
        for a in range(CHANNELS)
        for c in range(CHANNELS)
        if a != c
        for users in [(reason == r) & (channel == a)]
    ]
    return rows, pd.DataFrame(truth, columns=["reason", "from_channel", "to_channel", "truth"])


def covered(folder: Path, unseen: float) -> tuple[float, float]:
    """Shares of true moves inside the sampling interval and inside the total one.

    Of four worlds each one alone passes, and each alone fails where the total has no bias in it.
    """
    found = []
    for seed in range(2):
        rows, truth = resolved_world(seed, unseen)
        path = folder / f"world{seed}.parquet"
        rows.to_parquet(path)
        moves = estimate(path, outcome="resolved", covariates=("severity",)).moves
        both = moves.merge(truth, on=["reason", "from_channel", "to_channel"], validate="one_to_one")
        assert len(both) == len(truth)
        found.append((both["truth"].between(both["lower"], both["upper"]).mean(),
                      both["truth"].between(both["lower_total"], both["upper_total"]).mean()))  # fmt: skip
    plain, total = np.mean(found, axis=0)
    return float(plain), float(total)


@pytest.mark.slow
def test_a_hidden_cause_is_in_the_total_interval(tmp_path: Path) -> None:
    plain, total = covered(tmp_path, unseen=0.5)
    assert plain < 0.65
    assert total > 0.8


@pytest.mark.slow
def test_without_a_hidden_cause_sampling_is_enough(tmp_path: Path) -> None:
    plain, total = covered(tmp_path, unseen=0.0)
    assert plain > 0.83
    assert total >= plain
