"""What waiting costs in points: a rising curve per reason and channel, apart from who calls at busy hours."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from planner.experience.cells import Cells
from planner.experience.design import Design, make_design, wait_terms
from planner.experience.hierarchical import Array, BlockFit, fit_blocks
from planner.experience.response import (
    Split,
    adjust,
    answer_shift,
    before_terms,
    fit_response,
    score_unit,
    split_cells,
    with_response_error,
)
from planner.history.outcomes import OutcomeKind

MIN_WITHIN_HOUR = 0.2
MIN_ANSWERS = 100
FLAT_WAIT_S = 3600.0
_DRAWS = 8
CURVE_COLUMNS = ["reason", "channel", "wait_s", "loss", "sd"]


@dataclass(frozen=True)
class _Joint:
    """The joint fit of channels, waits, hours, pools and attempts, and the cells it came from."""

    cells: Cells
    split: Split
    design: Design
    fit: BlockFit


@dataclass(frozen=True)
class WaitCurves:
    """Wait curves and what was found on the way.

    Attributes
    ----------
    curve
        `reason, channel, wait_s, loss, sd`, as in `ExperienceModel.wait_curve`.
    band_loss
        `reason, channel, wait_band, loss`: points lost in each band of today's waits.
    within_hour
        Share of the variance of ln(wait) within hours of the day, per channel (ratio).
    notes
        Channels without a curve and why.
    """

    curve: pd.DataFrame
    band_loss: pd.DataFrame
    within_hour: dict[str, float]
    notes: tuple[str, ...]
    joint: _Joint | None = None


def fit_wait_curves(cells: Cells, *, higher_is_better: bool = True, seed: int = 0) -> WaitCurves:
    """Estimate wait curves jointly with channels, reasons, customers and hours of the day.

    Losses are contrasts of wait bands with a channel's shortest band, within hour bands (people who call at peak hours
    are other customers), made monotone by weighted isotonic regression (Barlow et al. 1972) and taken to be 0 up
    to the mean wait of the shortest band. Knots lie at the mean waits of the bands. A channel gets no curve where
    less than a fifth of the variance of ln(wait) lies within hours, or where fewer than 100 answers carry a wait.
    The sd is that before the monotone fit.
    """
    bands = _band_means(cells)
    within = {str(channel): within_hour_share(part) for channel, part in cells.frame.groupby("channel", sort=True)}
    usable, notes = _usable(cells, bands, within)
    reasons = sorted(cells.frame["reason"].unique())
    joint = _fit(cells, usable, seed) if usable else None
    rows: list[tuple[str, str, float, float, float]] = []
    losses: list[tuple[str, str, int, float]] = []
    found = pd.DataFrame(columns=["reason", "channel"])
    if joint is not None:
        own = bands[bands["channel"].isin(usable)]
        found = _losses(joint, own, reasons, 1.0 if higher_is_better else -1.0)
    curves = {key: part for key, part in found.groupby(["reason", "channel"])}
    for channel in sorted(cells.frame["channel"].unique()):
        own = bands[bands["channel"] == channel]
        knots = own["wait_s"].to_numpy(float)
        for reason in reasons:
            if channel not in usable:
                rows += [(reason, channel, 0.0, 0.0, 0.0), (reason, channel, FLAT_WAIT_S, 0.0, 0.0)]
                losses += [(reason, channel, int(band), 0.0) for band in own["wait_band"]]
                continue
            part = curves[(reason, channel)]
            sd = part["sd"].to_numpy(float)
            loss = _rising(part["raw"].to_numpy(float), sd)
            losses += [(reason, channel, int(b), float(x)) for b, x in zip(own["wait_band"], loss, strict=True)]
            start = [(reason, channel, 0.0, 0.0, 0.0)] if knots[0] > 0 else []
            rows += start + [(reason, channel, *map(float, k)) for k in zip(knots, loss, sd, strict=True)]
    curve = pd.DataFrame(rows, columns=CURVE_COLUMNS).astype({"wait_s": float, "loss": float, "sd": float})
    band_loss = pd.DataFrame(losses, columns=["reason", "channel", "wait_band", "loss"])
    band_loss = band_loss.astype({"wait_band": int, "loss": float})
    return WaitCurves(curve, band_loss, within, notes, joint)


def with_stated(waits: WaitCurves, stated: pd.DataFrame, cells: Cells) -> WaitCurves:
    """Put stated curves in the place of the estimated ones of their channels, in what today's waits cost, too.

    The same curve then takes past waits out of a score and modeled waits off it. A band costs what the stated curve
    says at the mean wait of its contacts, by reason and channel: exact where the curve is straight within the band.

    Parameters
    ----------
    stated
        `reason, channel, wait_s, loss, sd` as in `ExperienceModel.wait_curve`: the stated curves only.
    cells
        The contacts whose waits are taken out of their scores.
    """
    channels = set(stated["channel"])
    if not channels:
        return waits
    keys = ["reason", "channel", "wait_band"]
    means = cells.where((cells.frame["wait_band"] >= 0) & cells.frame["channel"].isin(channels)).summed(keys)
    means = means[means["contacts"] > 0]
    wait_s = (means["sum_wait_s"] / means["contacts"]).to_numpy(float)
    curves = {key: part.sort_values("wait_s") for key, part in stated.groupby(["reason", "channel"])}
    pairs = zip(means["reason"], means["channel"], strict=True)
    lost = [_read(curves.get(pair), at) for pair, at in zip(pairs, wait_s, strict=True)]
    own = means[keys].assign(loss=np.array(lost, dtype=float))
    rest, kept = (frame[~frame["channel"].isin(channels)] for frame in (waits.curve, waits.band_loss))
    return replace(
        waits,
        curve=pd.concat([rest, stated[CURVE_COLUMNS]], ignore_index=True),
        band_loss=pd.concat([kept, own], ignore_index=True).astype({"wait_band": int, "loss": float}),
    )


def _read(curve: pd.DataFrame | None, wait_s: float) -> float:
    """Loss of a curve at a wait, points: straight between its knots, flat after the last."""
    return 0.0 if curve is None else float(np.interp(wait_s, curve["wait_s"], curve["loss"]))


def _band_means(cells: Cells) -> pd.DataFrame:
    """Mean wait of each channel's bands, seconds, strictly rising; unknown bands are left out."""
    means = cells.where(cells.frame["wait_band"] >= 0).summed(["channel", "wait_band"])
    means = means[means["contacts"] > 0].reset_index(drop=True)
    means["wait_s"] = means["sum_wait_s"] / means["contacts"]
    rising = means.groupby("channel")["wait_s"].diff().fillna(1.0) > 0
    return means.loc[rising, ["channel", "wait_band", "wait_s", "contacts", "answers"]].reset_index(drop=True)


def within_hour_share(frame: pd.DataFrame) -> float:
    """Share of the variance of ln(1 + wait) that lies within hour bands (ratio; NaN without waits).

    The waits of a band count as its mean wait; the remaining spread inside a band is not seen.
    """
    known = frame[(frame["wait_band"] >= 0) & (frame["contacts"] > 0)]
    if known.empty:
        return float("nan")
    band = known.groupby("wait_band")[["sum_wait_s", "contacts"]].sum()
    level = known["wait_band"].map((band["sum_wait_s"] / band["contacts"]).to_dict()).to_numpy(float)
    level = np.log1p(level)
    weight = known["contacts"].to_numpy(float)
    total = np.average((level - np.average(level, weights=weight)) ** 2, weights=weight)
    if total <= 0:
        return float("nan")
    work = pd.DataFrame({"hour": known["hour_band"].to_numpy(), "w": weight, "wx": weight * level})
    hour = work.groupby("hour")[["w", "wx"]].transform("sum")
    return float(np.average((level - (hour["wx"] / hour["w"]).to_numpy()) ** 2, weights=weight) / total)


def _usable(cells: Cells, bands: pd.DataFrame, within: dict[str, float]) -> tuple[list[str], tuple[str, ...]]:
    usable, notes = [], []
    for channel in sorted(cells.frame["channel"].unique()):
        own = bands[bands["channel"] == channel]
        answers = float(own["answers"].sum())
        if len(own) < 2 or not within[channel] >= 0:
            notes.append(f"{channel}: no wait curve, its waits do not vary")
        elif answers < MIN_ANSWERS:
            notes.append(f"{channel}: no wait curve, {answers:.0f} answers carry a wait ({MIN_ANSWERS} are needed)")
        elif within[channel] < MIN_WITHIN_HOUR:
            notes.append(
                f"{channel}: no wait curve, only {within[channel]:.0%} of the variation of waits lies within hours"
            )
        else:
            usable.append(channel)
    return usable, tuple(notes)


def _fit(cells: Cells, usable: list[str], seed: int) -> _Joint:
    """Fit scores, carried from the answers to all contacts, on everything known up to the end of the wait.

    What is known only afterwards (resolution, closing code) is averaged over: it is part of what waiting costs.
    A cell's own wait within its band, and the covariates of its customers, may change the loss of a band: peak hours
    wait longer in the last band, and customers near the end of the scale have less to lose.
    """
    keep = cells.where((cells.frame["wait_band"] >= 0) & cells.frame["channel"].isin(usable))
    keys = ["reason", "channel", "segment", "pool", "stage", *keep.bins, "wait_band", "hour_band"]
    split = split_cells(keep, keys)
    own = _own_wait(split.groups)
    split = replace(
        split,
        groups=split.groups.assign(own_wait=own),
        fine=split.fine.assign(own_wait=own[split.fine["group"].to_numpy()]),
    )
    slopes = ("own_wait", *keep.covariates[:1])
    terms = [*before_terms(split.groups, keep), *wait_terms(slopes)]
    if cells.kind is not OutcomeKind.SCORE:
        y, v, known, unit, response, shift = *_plain(split.groups), None, None
    else:
        response = fit_response(split, terms)
        adjusted = adjust(split, response)
        y, v, known, unit, shift = (
            adjusted.y,
            adjusted.v,
            adjusted.known,
            response.unit,
            answer_shift(split, response, adjusted),
        )
    design = make_design(split.groups, terms, unit)
    kept = split.groups[known].reset_index(drop=True)
    fit = fit_blocks(y[known], v[known], design.blocks(kept), draws=_DRAWS, seed=seed)
    if response is not None and shift is not None:
        fit = with_response_error(fit, design.matrix(kept), v[known], shift[known], response)
    return _Joint(keep, split, design, fit)


def _plain(groups: pd.DataFrame) -> tuple[Array, Array, NDArray[np.bool_], float]:
    """Means of an outcome that needs no answer, their variances, which are known, and the sd of one contact."""
    n, total = groups["answers"].to_numpy(float), groups["sum_score"].to_numpy(float)
    unit = score_unit(groups)
    known = n > 0
    safe = np.where(known, n, 1.0)
    return total / safe, unit**2 / safe, known, unit


def _own_wait(groups: pd.DataFrame) -> Array:
    """Mean of ln(1 + wait) of each group less that of its channel's band, in units of ln seconds."""
    n = groups["contacts"].to_numpy(float)
    if "sum_ln_wait" not in groups:
        return np.zeros(len(groups))
    total = groups["sum_ln_wait"].to_numpy(float)
    sums = groups.groupby(["channel", "wait_band"])[["sum_ln_wait", "contacts"]].transform("sum")
    return np.asarray(total / n - (sums["sum_ln_wait"] / sums["contacts"]).to_numpy(float))


def _contrasts(joint: _Joint, bands: pd.DataFrame, reasons: list[str]) -> tuple[pd.DataFrame, Array]:
    """Loadings of the loss of each reason, channel and band against the channel's first, by today's users."""
    groups, names = joint.split.groups, list(joint.cells.covariates)
    weighted = groups[["reason", "channel", "contacts"]].copy()
    weighted[names] = groups[names].mul(groups["contacts"], axis=0)
    by_pair = weighted.groupby(["reason", "channel"])[["contacts", *names]].sum()
    by_channel = weighted.groupby("channel")[["contacts", *names]].sum()
    rows = pd.DataFrame({"reason": reasons}).merge(bands[["channel", "wait_band"]], how="cross")
    rows["first"] = rows["channel"].map(bands.groupby("channel")["wait_band"].first())
    users = by_pair.reindex(pd.MultiIndex.from_frame(rows[["reason", "channel"]]))
    general = by_channel.reindex(rows["channel"])
    for name in names:
        own, all_users = users[name] / users["contacts"], general[name] / general["contacts"]
        rows[name] = np.where(users["contacts"] > 0, own, all_users)
    fixed = {name: groups[name].iloc[0] for name in joint.design.levels if name not in rows}
    rows = rows.assign(own_wait=0.0, **fixed)
    there = joint.design.matrix(rows)
    here = joint.design.matrix(rows.assign(wait_band=rows["first"]))
    return rows[["reason", "channel", "wait_band"]], np.asarray((there - here).todense())


def _losses(joint: _Joint, bands: pd.DataFrame, reasons: list[str], sign: float) -> pd.DataFrame:
    """Loss and sd (before the curve is made to rise) per reason, channel and wait band."""
    rows, loading = _contrasts(joint, bands, reasons)
    means = -sign * joint.fit.mean @ loading.T
    variance = ((loading @ joint.fit.covariance[0]) * loading).sum(axis=1) + means.var(axis=0)
    return rows.assign(raw=means.mean(axis=0), sd=np.sqrt(np.maximum(variance, 0.0)))


def _rising(raw: Array, sd: Array) -> Array:
    """Weighted isotonic regression from 0 at the first band."""
    loss = np.zeros(len(raw))
    weights = 1.0 / np.maximum(sd[1:], 1e-6) ** 2
    loss[1:] = np.maximum(isotonic_regression(raw[1:], weights=weights).x, 0.0)
    return loss


def mean_loss(curves: WaitCurves, cells: Cells, by: list[str]) -> pd.Series:
    """Mean points lost by waiting over today's contacts of each group `by` (which holds reason and channel)."""
    seen = cells.summed([*dict.fromkeys([*by, "reason", "channel", "wait_band"])])
    joined = seen.merge(curves.band_loss, on=["reason", "channel", "wait_band"], how="left")
    joined["lost"] = joined["contacts"] * joined["loss"].fillna(0.0)
    total = joined.groupby(by)[["lost", "contacts"]].sum()
    return total["lost"] / total["contacts"].where(total["contacts"] > 0)
