"""A small history with hostile names and known channel effects, studied once."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pandas as pd

from planner.experience.study import Study, study
from planner.history import load_history

HOSTILE = "fault </script><img src=x onerror=alert(1)>"
FORMULA = "=cmd()"


def contacts(n: int = 6_000) -> pd.DataFrame:
    """Voice scores a point above bot, waits cost 0.3 points a minute, hard cases choose voice."""
    rng = np.random.default_rng(11)
    severity = rng.normal(size=n)
    channel = np.where(0.3 * severity + rng.normal(size=n) > 0, "voice", "bot")
    wait = np.where(channel == "voice", rng.exponential(60, n), 0.0).round()
    score = 4.2 - 1.0 * (channel == "bot") - 0.4 * severity - 0.005 * wait + rng.normal(0, 0.7, n)
    started = pd.Timestamp("2026-03-02") + pd.to_timedelta(np.sort(rng.integers(0, 90 * 86_400, n)), unit="s")
    return pd.DataFrame(
        {
            "contact_id": np.arange(n),
            "customer_id": [f"k{k}" for k in rng.integers(0, n // 2, n)],
            "started_at": started,
            "reason": rng.choice([HOSTILE, FORMULA, "billing"], n, p=[0.2, 0.2, 0.6]),
            "channel": channel,
            "wait_s": wait,
            "handle_s": rng.exponential(300, n).round() + 5,
            "agent_id": [f"a{k}" for k in rng.integers(0, 20, n)],
            "severity": severity.round(3),
            "csat": np.where(rng.random(n) < 0.3, np.clip(score.round(), 1, 5), np.nan),
        }
    )


@functools.cache
def studied(folder: Path) -> Study:
    """Study the sample; the folder holds its file."""
    path = folder / "contacts.parquet"
    contacts().to_parquet(path)
    return study(load_history(path, salt="pepper"), outcome="csat", covariates=("severity",), seed=1)
