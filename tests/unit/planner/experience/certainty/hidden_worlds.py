"""Random worlds in which something nobody recorded drives channel choice, or the score itself drives response."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr

from planner.experience.cells import Cells
from planner.experience.certainty.tilt import tilt_shift
from planner.experience.estimated import seen_outcomes

NOISE = 0.8
LOST = 0.8
"""Points lost when the issue is not solved."""


@dataclass(frozen=True)
class HiddenWorld:
    """Cells, rows behind them and the truth: `theta` (reason, segment, channel) and `movers`, keyed by label."""

    cells: Cells
    rows: pd.DataFrame
    theta: pd.DataFrame
    movers: pd.DataFrame


def make_hidden_world(
    seed: int,
    *,
    contacts: int = 40_000,
    reasons: int = 6,
    channels: int = 4,
    known: float = 0.9,
    hidden: float = 0.0,
    tilt: float = 0.0,
    covariate: bool = True,
    response: float = -2.0,
) -> HiddenWorld:
    """Draw a world with one known and one hidden cause of the choice; answers on 1..5.

    `known` and `hidden` scale what each cause does to the choice; both lower the score by about .3 points per standard
    deviation. `tilt`: logits of response per point of the score, beside a part by resolution that is recorded.
    """
    rng = np.random.default_rng([seed, 41])
    r = rng.choice(reasons, contacts, p=rng.dirichlet(np.full(reasons, 5.0)))
    s = rng.choice(2, contacts)
    x = rng.standard_normal(contacts) + 0.3 * rng.standard_normal(reasons)[r]
    u = rng.standard_normal(contacts)
    odds = rng.normal(0, 0.6, (reasons, channels))[r]
    for strength, cause in ((known, x), (hidden, u)):
        odds = odds + strength * _spread_loads(rng, channels) * cause[:, None]
    c = (odds + rng.gumbel(size=odds.shape)).argmax(axis=1)
    level = 3.7 + rng.normal(0, 0.3, (reasons, 1)) + rng.normal(0, 0.25, (1, channels))
    level = level + rng.normal(0, 0.15, (reasons, channels))
    slopes = [-0.3 + rng.normal(0, 0.08, channels) for _ in range(2)]
    latent = level[r] + x[:, None] * slopes[0] + u[:, None] * slopes[1] + rng.normal(0, 0.1, 2)[s][:, None]
    logit = 1.0 + rng.normal(0, 0.3, (reasons, channels))[r] - 0.3 * x[:, None] - 0.3 * u[:, None]
    p = expit(logit)
    expected = p * _answer_mean(latent) + (1 - p) * _answer_mean(latent - LOST)
    at = np.arange(contacts)
    solved = rng.random(contacts) < p[at, c]
    y = np.clip(np.round(latent[at, c] - LOST * ~solved + NOISE * rng.standard_normal(contacts)), 1, 5)
    answered = rng.random(contacts) < expit(response + 0.7 * solved + tilt * (y - 3.5))
    rows = pd.DataFrame(
        {
            "reason": [f"r{k}" for k in r],
            "channel": [f"c{k}" for k in c],
            "segment": [f"s{k}" for k in s],
            "disposition": np.where(rng.random(contacts) < np.where(solved, 0.9, 0.2), "solved", "open"),
            "later": np.where(solved, "no", "yes"),
            "x": x,
            "score": y,
            "answered": answered,
        }
    )
    theta, movers = _truth(rows, expected, channels)
    return HiddenWorld(to_cells(rows, covariate=covariate), rows, theta, movers)


def _spread_loads(rng: np.random.Generator, channels: int) -> np.ndarray:
    return rng.permutation(np.linspace(0.9, -0.9, channels))


def _answer_mean(latent: np.ndarray) -> np.ndarray:
    """Mean of clip(round(latent + noise), 1, 5) = 1 + sum_k P(latent + noise > k + 1/2)."""
    return 1.0 + sum(ndtr((latent - k - 0.5) / NOISE) for k in range(1, 5))


def _truth(rows: pd.DataFrame, expected: np.ndarray, channels: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    keys = ["reason", "segment"]
    names = [f"c{k}" for k in range(channels)]
    frame = pd.concat([rows[[*keys, "channel"]], pd.DataFrame(expected, columns=names)], axis=1)
    theta = frame.groupby(keys, as_index=False)[names].mean()
    theta = theta.melt(keys, names, "channel", "truth")
    own = frame.groupby([*keys, "channel"], as_index=False)[names].mean()
    own["users"] = frame.groupby([*keys, "channel"]).size().to_numpy()
    long = own.melt([*keys, "channel", "users"], names, "to_channel", "value")
    stay = long[long["channel"] == long["to_channel"]].rename(columns={"value": "stay"})
    movers = long.merge(stay[[*keys, "channel", "stay"]], on=[*keys, "channel"])
    movers = movers[movers["channel"] != movers["to_channel"]].rename(columns={"channel": "from_channel"})
    movers = movers.assign(truth=movers["value"] - movers["stay"]).drop(columns=["value", "stay"])
    return theta, movers.rename(columns={"reason": "entry_reason"}).reset_index(drop=True)


def to_cells(rows: pd.DataFrame, *, covariate: bool = True, bins: int = 5) -> Cells:
    """Sum rows to cells; the covariate is cut at its quantiles."""
    answered = rows["answered"].to_numpy(float)
    frame = rows.assign(
        entry_reason=rows["reason"], pool="p" + rows["channel"], stage="first", wait_band=-1, hour_band=-1,
        contacts=1.0, answers=answered, sum_score=answered * rows["score"], sum_score2=answered * rows["score"] ** 2,
        sum_wait_s=0.0, handled=1.0, sum_handle_s=300.0, sum_handle2=90_000.0, sum_x=rows["x"],
    )  # fmt: skip
    frame["bin_x"] = np.searchsorted(np.quantile(rows["x"], np.arange(1, bins) / bins), rows["x"])
    cells = Cells(frame, ("x",) if covariate else (), (1.0, 5.0))
    keys = ["reason", "entry_reason", "channel", "segment", "pool", "stage", "wait_band", "hour_band", "disposition"]
    return Cells(cells.summed([*keys, "later", *cells.bins]), cells.covariates, cells.scale)


def todays_outcomes(world: HiddenWorld) -> pd.DataFrame:
    """Return the outcome rows history suggests, with today's contacts of each."""
    keys = ["reason", "segment", "channel", "pool", "stage"]
    counts = world.cells.frame.drop(columns="reason").rename(columns={"entry_reason": "reason"})
    counts = counts.groupby(keys)["contacts"].sum()
    outcomes = seen_outcomes(world.cells)
    index = pd.MultiIndex.from_frame(outcomes[keys])
    return outcomes.assign(n_contacts=counts.reindex(index).fillna(0.0).to_numpy())


def tilted_cells(cells: Cells, tilt: float, unit: float) -> Cells:
    """Cells whose answers have the mean that all contacts would give; the variance within a cell stays."""
    frame = cells.frame.reset_index(drop=True)
    shift = tilt_shift(frame, cells.scale, tilt / unit)
    n, total = frame["answers"].to_numpy(float), frame["sum_score"].to_numpy(float)
    squares = frame["sum_score2"].to_numpy(float) + 2 * shift * total + n * shift**2
    return replace(cells, frame=frame.assign(sum_score=total + n * shift, sum_score2=squares))
