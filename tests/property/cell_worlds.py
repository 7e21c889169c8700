"""Small random worlds with known potential outcomes, as cells, for tests of the experience estimators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.experience.cells import Cells


@dataclass(frozen=True)
class World:
    """Cells and the truth behind them; truth frames are keyed by label."""

    cells: Cells
    theta: pd.DataFrame
    movers: pd.DataFrame
    returns: pd.DataFrame


def _expit(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def make_world(
    seed: int,
    *,
    contacts: int = 40_000,
    reasons: int = 8,
    channels: int = 3,
    segments: int = 2,
    effect_sd: float = 0.2,
    confounding: float = 1.0,
    covariate: bool = True,
    channel_sd: float = 0.3,
    bins: int = 5,
) -> World:
    """Draw a world: severity drives channel choice, score and resolution; the resolved answer surveys more often."""
    rng = np.random.default_rng([seed, 99])
    r = rng.choice(reasons, contacts, p=rng.dirichlet(np.full(reasons, 4.0)))
    s = rng.choice(segments, contacts)
    z = rng.standard_normal(contacts) + 0.3 * rng.standard_normal(reasons)[r]
    odds = rng.normal(0, 0.7, (reasons, channels))[r] + confounding * np.linspace(0.8, -0.8, channels) * z[:, None]
    odds += rng.gumbel(size=odds.shape)
    c = odds.argmax(axis=1)
    mean = rng.normal(0, 0.3, reasons)[:, None] + rng.normal(0, channel_sd, channels)[None]
    mean = 3.8 + mean + rng.normal(0, effect_sd, (reasons, channels))
    slope = -0.3 + rng.normal(0, effect_sd / 2, channels)
    by_segment = rng.normal(0, 0.1, segments)
    logit = 1.2 + rng.normal(0, 0.4, reasons)[:, None] + rng.normal(0, channel_sd, channels)[None]
    logit = logit + rng.normal(0, effect_sd, (reasons, channels))
    tilt = -0.5 + rng.normal(0, effect_sd / 2, channels)
    p = _expit(logit[r] + z[:, None] * tilt)
    score = mean[r] + z[:, None] * slope + by_segment[s][:, None] - 0.9 * (1 - p)
    solved = rng.random(contacts) < p[np.arange(contacts), c]
    own = mean[r, c] + slope[c] * z + by_segment[s] - 0.9 * ~solved + 0.9 * rng.standard_normal(contacts)
    answered = rng.random(contacts) < _expit(-2.0 + 0.9 * solved)
    rows = pd.DataFrame(
        {
            "reason": [f"r{k}" for k in r],
            "channel": [f"c{k}" for k in c],
            "segment": [f"s{k}" for k in s],
            "pool": [f"p{k}" for k in c],
            "disposition": np.where(rng.random(contacts) < np.where(solved, 0.95, 0.3), "solved", "open"),
            "later": np.where(solved, "no", "yes"),
            "answers": answered.astype(float),
            "sum_score": np.where(answered, own, 0.0),
            "sum_score2": np.where(answered, own**2, 0.0),
            "x": z,
        }
    )
    return World(as_cells(rows, bins if covariate else 0), *_truth(rows, score, p, reasons, channels, (r, s, c)))


def _truth(
    rows: pd.DataFrame, score: np.ndarray, p: np.ndarray, reasons: int, channels: int, at: tuple[np.ndarray, ...]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    r, s, c = at
    theta, movers, returns = [], [], []
    for k in range(reasons):
        for g in range(int(s.max()) + 1):
            here = (r == k) & (s == g)
            for to in range(channels):
                theta.append((f"r{k}", f"s{g}", f"c{to}", score[here, to].mean()))
                returns.append((f"r{k}", f"s{g}", f"c{to}", 1 - p[here, to].mean()))
                for a in range(channels):
                    users = here & (c == a)
                    if a != to and users.any():
                        effect = (score[users, to] - score[users, a]).mean()
                        movers.append((f"r{k}", f"s{g}", f"c{a}", f"c{to}", effect, users.sum()))
    keys = ["reason", "segment", "channel"]
    return (
        pd.DataFrame(theta, columns=[*keys, "truth"]),
        pd.DataFrame(movers, columns=["reason", "segment", "from_channel", "to_channel", "truth", "users"]),
        pd.DataFrame(returns, columns=[*keys, "truth"]),
    )


def as_cells(rows: pd.DataFrame, bins: int) -> Cells:
    """Sum rows to cells, with the covariate `x` cut at its quantiles (no covariate for bins = 0)."""
    frame = rows.assign(
        entry_reason=rows["reason"], stage="first", wait_band=-1, hour_band=-1, contacts=1.0, handled=1.0,
        sum_wait_s=0.0, sum_handle_s=300.0, sum_handle2=90_000.0, sum_x=rows["x"],
    )  # fmt: skip
    covariates = ("x",) if bins else ()
    if bins:
        frame["bin_x"] = np.searchsorted(np.quantile(rows["x"], np.arange(1, bins) / bins), rows["x"])
    cells = Cells(frame, covariates, (1.0, 5.0))
    keys = ["reason", "entry_reason", "channel", "segment", "pool", "stage", "wait_band", "hour_band", "disposition"]
    return Cells(cells.summed([*keys, "later", *cells.bins]), covariates, (1.0, 5.0))


def naive_means(cells: Cells) -> pd.DataFrame:
    """Return the plain mean of the answers per reason, segment and channel."""
    frame = cells.frame.groupby(["reason", "segment", "channel"], as_index=False)[["answers", "sum_score"]].sum()
    return frame.assign(naive=frame["sum_score"] / frame["answers"].where(frame["answers"] > 0))
