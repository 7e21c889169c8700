"""Small worlds of contacts, as rows in canonical columns, with known potential means."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm


def clipped_mean(middle: np.ndarray, sd: float, low: float = 1.0, high: float = 5.0) -> np.ndarray:
    """E[min(max(Y, low), high)] of a normal Y."""
    a, b = (low - middle) / sd, (high - middle) / sd
    inside = middle * (norm.cdf(b) - norm.cdf(a)) - sd * (norm.pdf(b) - norm.pdf(a))
    return inside + low * norm.cdf(a) + high * norm.sf(b)


def make_rows(
    seed: int,
    contacts: int = 20_000,
    *,
    reasons: int = 6,
    channels: int = 3,
    confounding: float = 1.0,
    effect_sd: float = 0.2,
    response: float = -1.0,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows, then the true potential means of score and resolution: `reason, channel, truth`."""
    rng = np.random.default_rng([seed, 41])
    r = rng.choice(reasons, contacts, p=rng.dirichlet(np.full(reasons, 5.0)))
    s = rng.integers(0, 2, contacts)
    x = rng.standard_normal(contacts) + 0.3 * rng.standard_normal(reasons)[r]
    odds = rng.normal(0, 0.6, (reasons, channels))[r] + confounding * np.linspace(0.8, -0.8, channels) * x[:, None]
    c = (odds + rng.gumbel(size=odds.shape)).argmax(axis=1)
    level = 3.8 + rng.normal(0, 0.3, (reasons, 1)) + rng.normal(0, 0.3, channels) * (effect_sd > 0)
    level = level + rng.normal(0, effect_sd, (reasons, channels))
    slope = -0.3 + rng.normal(0, effect_sd / 2, channels)
    logit = 1.0 + rng.normal(0, 0.4, (reasons, 1)) + rng.normal(0, effect_sd, (reasons, channels))
    p = 1 / (1 + np.exp(-(logit[r] - 0.5 * x[:, None])))
    base = level[r] + x[:, None] * slope + 0.1 * s[:, None]
    score = p * clipped_mean(base, 0.8) + (1 - p) * clipped_mean(base - 0.8, 0.8)
    solved = rng.random(contacts) < p[np.arange(contacts), c]
    own = base[np.arange(contacts), c] - 0.8 * ~solved + 0.8 * rng.standard_normal(contacts)
    closed = rng.random(contacts) < np.where(solved, 0.9, 0.2)
    answered = rng.random(contacts) < 1 / (1 + np.exp(-(response + 0.8 * closed)))
    rows = pd.DataFrame(
        {
            "contact_id": [f"k{k}" for k in range(contacts)],
            "customer_id": [f"u{k}" for k in range(contacts)],
            "started_at": pd.Timestamp("2026-01-05") + pd.to_timedelta(rng.uniform(0, 28 * 86_400, contacts), unit="s"),
            "reason": [f"r{k}" for k in r],
            "channel": [f"c{k}" for k in c],
            "segment": [f"s{k}" for k in s],
            "disposition": np.where(closed, "solved", "open"),
            "resolved": solved,
            "wait_s": rng.exponential(60.0, contacts).round(1),
            "csat": np.where(answered, np.clip(own, 1.0, 5.0), np.nan),
            "severity": x.round(4),
        }
    )
    rows["started_at"] = rows["started_at"].dt.round("s")
    labels = [(f"r{k}", f"c{to}") for k in range(reasons) for to in range(channels)]
    truth = pd.DataFrame(labels, columns=["reason", "channel"])
    theta = [score[r == k, to].mean() for k in range(reasons) for to in range(channels)]
    solved_mean = [p[r == k, to].mean() for k in range(reasons) for to in range(channels)]
    return rows, truth.assign(truth=theta), truth.assign(truth=solved_mean)
