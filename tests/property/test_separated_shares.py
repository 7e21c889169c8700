"""Shares of worlds in which some channels have no event, or nothing but events: truth is recovered and covered."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from planner.experience.cells import Cells
from planner.experience.estimated import fit_all, reasons_table

REASONS, BINS = 8, 5
Z90 = 1.645
WORLDS = [
    {"bot": 0.15, "voice": 0.0, "email": 0.0, "self": 0.0, "chat": 0.05},
    {"bot": 1.0, "voice": 0.6, "chat": 0.8},
    {"bot": 0.0, "voice": 1.0, "chat": 0.5, "email": 0.0},
    {"bot": 2e-4, "voice": 0.3, "chat": 1e-3, "email": 0.02},
]
PLAIN = [{"bot": 0.15, "voice": 0.02, "chat": 0.05}, {"voice": 0.7, "chat": 0.8, "bot": 0.5}]


def world(rates: dict[str, float], seed: int, contacts: int) -> tuple[Cells, pd.DataFrame]:
    """Cells, and the true share of every reason and channel over all customers of the reason.

    The severe choose some channels more often, and severity and the reason move shares on the logit scale; a share
    of 0 or 1 stays what it is.
    """
    rng = np.random.default_rng([seed, 17])
    names = np.array(sorted(rates))
    level = np.array([rates[name] for name in names])
    inside = (level > 0) & (level < 1)
    x = rng.standard_normal(contacts)
    reason = rng.choice(REASONS, contacts, p=rng.dirichlet(np.full(REASONS, 4.0)))
    taste = rng.normal(0, 0.5, (REASONS, len(names)))[reason] + x[:, None] * rng.normal(0, 0.5, len(names))
    channel = (taste + rng.gumbel(size=taste.shape)).argmax(axis=1)
    base = logit(np.where(inside, level, 0.5)) + rng.normal(0, 0.4, REASONS)[:, None]
    base = base + rng.normal(0, 0.15, (REASONS, len(names)))
    slope = 0.3 + rng.normal(0, 0.1, len(names))
    p = np.where(inside, expit(base[reason] + x[:, None] * slope), level)
    event = rng.random(contacts) < p[np.arange(contacts), channel]
    bins = np.searchsorted(np.quantile(x, np.arange(1, BINS) / BINS), x)
    rows = pd.DataFrame({"reason": reason, "channel": names[channel], "bin_x": bins, "sum_score": event, "sum_x": x})
    frame = rows.assign(contacts=1.0).groupby(["reason", "channel", "bin_x"], as_index=False).sum()
    frame = frame.assign(
        reason=frame["reason"].map("r{}".format), answers=frame["contacts"], sum_score2=frame["sum_score"],
        entry_reason=frame["reason"].map("r{}".format), segment="all", pool=frame["channel"], stage="first",
        wait_band=-1, hour_band=-1, disposition="", later="no", sum_wait_s=0.0, handled=0.0, sum_handle_s=0.0,
        sum_handle2=0.0,
    )  # fmt: skip
    means = pd.DataFrame(p).groupby(reason).mean().to_numpy()
    truth = pd.DataFrame(
        [(f"r{k}", name, means[k, c]) for k in range(REASONS) for c, name in enumerate(names)],
        columns=["reason", "channel", "truth"],
    )
    return Cells(frame, ("x",), (0.0, 1.0), "transferred"), truth


def recovered(rates: dict[str, float], seed: int, contacts: int) -> pd.DataFrame:
    """Estimates beside the truth."""
    cells, truth = world(rates, seed, contacts)
    fits = fit_all(cells, higher_is_better=False, seed=seed)
    assert fits.total is not None
    assert fits.total.fit.converged
    found = reasons_table(fits).merge(truth, on=["reason", "channel"])
    users = found.groupby("channel")["n_contacts"].transform("sum")
    return found.assign(error=found["mean"] - found["truth"], users=users, seed=seed)


@pytest.mark.parametrize("rates", WORLDS)
@pytest.mark.parametrize("contacts", [3_000, 60_000])
def test_intervals_cover_the_truth_beside_channels_without_any_event(rates: dict[str, float], contacts: int) -> None:
    found = pd.concat([recovered(rates, seed, contacts) for seed in range(6)], ignore_index=True)
    inside = np.abs(found["error"]) <= Z90 * found["sd"]
    assert inside.mean() >= 0.84
    separated = found["truth"].isin([0.0, 1.0])
    assert inside[~separated].mean() >= 0.8
    # Of a rate of which nothing was seen in n, 3/n is the 95 % limit: three times that, or a third, would be wrong.
    limit = (np.abs(found["error"]) + Z90 * found["sd"]) * found["users"]
    by_channel = limit[separated].groupby([found.loc[separated, "channel"], found.loc[separated, "seed"]]).mean()
    assert by_channel.between(1, 9).all()
    assert (found["n_effective"] < 3 * contacts).all()
    assert (np.abs(found["error"]) < 4 * found["sd"] + 5 / found["users"]).all()


@pytest.mark.parametrize("rates", PLAIN)
def test_intervals_cover_the_truth_without_separation(rates: dict[str, float]) -> None:
    found = pd.concat([recovered(rates, seed, 20_000) for seed in range(6)])
    assert (np.abs(found["error"]) <= Z90 * found["sd"]).mean() >= 0.84
