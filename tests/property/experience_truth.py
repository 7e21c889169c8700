"""From a random history to estimates beside the truth: what tests and studies of truth recovery share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from experience_worlds import World

from planner.experience.chance import chance_links
from planner.experience.estimated import Fits, fit_all, move_effects, reading_table, reasons_table
from planner.experience.evidence import gather
from planner.experience.issues import labeled_volumes, with_issues
from planner.history import History, contact_cells, first_contact_volumes, load_history
from planner.history.outcomes import outcome_named

Z90 = 1.6448536269514722
MIN_USERS = 100


@dataclass(frozen=True)
class Found:
    """Estimates of one outcome of a world, each row beside its truth.

    `reasons`, `segments`: `mean, sd, truth, naive`; `moves`: `effect, sd, truth, wrong` (the difference of the
    reason-wide means); `waits`: `channel, loss, sd, truth` per wait band but the first.
    """

    reasons: pd.DataFrame
    segments: pd.DataFrame
    moves: pd.DataFrame
    waits: pd.DataFrame
    fits: Fits


def history_of_world(world: World, folder: Path) -> History:
    """Write a world's rows and load them through the door."""
    path = folder / "contacts.parquet"
    world.rows.to_parquet(path, index=False)
    return load_history(path)


def recover(world: World, history: History, outcome: str, *, seed: int = 0) -> Found:
    """Estimate an outcome (csat or fcr) of a world from its history."""
    source = contact_cells(history, outcome=outcome, covariates=world.covariates)
    evidence = gather(source, None, outcome_named(history, outcome).scale)
    chance = None
    if outcome == "fcr":
        volumes = first_contact_volumes(history, window_days=7.0, interval_min=60)
        chance = chance_links(history, with_issues(labeled_volumes(volumes, None))[0], 7.0, outcome)[0]
    fits = fit_all(evidence.cells, higher_is_better=True, seed=seed, chance=chance)
    truth = world.truth_scores if outcome == "csat" else world.truth_fcr
    reasons = reasons_table(fits).rename(columns={"raw_mean": "naive"})
    segments = reading_table(fits).merge(_naive(fits), on=["reason", "channel", "segment"], how="left")
    return Found(
        reasons=reasons.merge(over_segments(truth), on=["reason", "channel"]),
        segments=segments.merge(truth, on=["reason", "channel", "segment"]),
        moves=_moves(fits, world.truth_moves, segments, "score" if outcome == "csat" else "fcr"),
        waits=_waits(fits, world.truth_waits),
        fits=fits,
    )


def over_segments(truth: pd.DataFrame) -> pd.DataFrame:
    """Mean truth per reason and channel over all people of the reason."""
    weighted = truth.assign(total=truth["truth"] * truth["people"]).groupby(["reason", "channel"], as_index=False)
    sums = weighted[["total", "people"]].sum()
    return sums.assign(truth=sums["total"] / sums["people"])[["reason", "channel", "truth"]]


def _naive(fits: Fits) -> pd.DataFrame:
    sums = fits.asked.frame.groupby(["reason", "channel", "segment"], as_index=False)[["answers", "sum_score"]].sum()
    return sums.assign(naive=sums["sum_score"] / sums["answers"].where(sums["answers"] > 0)).drop(
        columns=["answers", "sum_score"]
    )


def _moves(fits: Fits, truth: pd.DataFrame, segments: pd.DataFrame, column: str) -> pd.DataFrame:
    asked = truth[truth["users"] >= MIN_USERS].rename(columns={"reason": "entry_reason"}).reset_index(drop=True)
    effect, sd, support = move_effects(fits, asked)
    mean = segments.set_index(["reason", "segment", "channel"])["mean"]
    sides = [
        mean.reindex(pd.MultiIndex.from_frame(asked[["entry_reason", "segment", side]])).to_numpy(float)
        for side in ("to_channel", "from_channel")
    ]
    return asked.assign(effect=effect, sd=sd, support=support, truth=asked[column], wrong=sides[0] - sides[1])


def _waits(fits: Fits, truth: pd.DataFrame) -> pd.DataFrame:
    """Read the curves at the mean waits of the true bands, averaged over the users' reasons."""
    users = fits.first.frame.groupby(["reason", "channel"])["contacts"].sum()
    curve, rows = fits.waits.curve, []
    for channel, bands in truth.groupby("channel"):
        at = bands["wait_s"].to_numpy(float)
        parts, weights = [], []
        for reason, own in curve[curve["channel"] == channel].groupby("reason"):
            loss = np.interp(at, own["wait_s"], own["loss"])
            parts.append((loss - loss[0], np.interp(at, own["wait_s"], own["sd"])))
            weights.append(float(users.get((reason, channel), 0.0)))
        loss, sd = np.average(parts, axis=0, weights=weights)
        rows.append(pd.DataFrame({"channel": channel, "loss": loss, "sd": sd, "truth": bands["loss"].to_numpy()})[1:])
    return pd.concat(rows, ignore_index=True)


def rmse(error: pd.Series) -> float:
    """Root of the mean square, missing values left out."""
    return float(np.sqrt(np.nanmean(np.square(error.to_numpy(float)))))


def coverage(frame: pd.DataFrame, value: str = "mean") -> float:
    """Share of known rows whose 90 % interval holds the truth."""
    known = frame[frame[value].notna()]
    return float(((known[value] - known["truth"]).abs() <= Z90 * known["sd"]).mean())


def ratio(frame: pd.DataFrame) -> float:
    """RMSE of the estimate over that of the naive mean, on rows that have both."""
    both = frame[frame["mean"].notna() & frame["naive"].notna()]
    return rmse(both["mean"] - both["truth"]) / rmse(both["naive"] - both["truth"])
