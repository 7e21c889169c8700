"""What waiting costs in points: a rising curve per reason and channel, apart from who calls at busy hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from planner.experience.cells import Cells, covariate_scales, standardized
from planner.experience.design import Design, Term, make_design, score_terms
from planner.experience.hierarchical import Array, BlockFit, fit_blocks

MIN_WITHIN_HOUR = 0.2
MIN_ANSWERS = 100
FLAT_WAIT_S = 3600.0
_SD_FLOOR = 0.06
CURVE_COLUMNS = ["reason", "channel", "wait_s", "loss", "sd"]


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


def fit_wait_curves(cells: Cells, *, higher_is_better: bool = True, seed: int = 0) -> WaitCurves:
    """Estimate wait curves jointly with channels, reasons, customers and hours of the day.

    Losses are contrasts of wait bands with a channel's shortest band, within hour bands (people who call at peak hours
    are other customers), made monotone by weighted isotonic regression (Barlow et al. 1972) and taken to be 0 up
    to the mean wait of the shortest band. Knots lie at the mean waits of the bands. A channel gets no curve where
    less than a fifth of the variance of ln(wait) lies within hours, or where fewer than 100 answers carry a wait.
    The sd is that before the monotone fit, and at least 6 % of the loss.
    """
    bands = _band_means(cells)
    within = {str(channel): within_hour_share(part) for channel, part in cells.frame.groupby("channel", sort=True)}
    usable, notes = _usable(cells, bands, within)
    reasons = sorted(cells.frame["reason"].unique())
    channels = sorted(cells.frame["channel"].unique())
    rows: list[tuple[str, str, float, float, float]] = []
    losses: list[tuple[str, str, int, float]] = []
    fitted = _fit(cells, usable, seed) if usable else None
    for channel in channels:
        own = bands[bands["channel"] == channel]
        for reason in reasons:
            if fitted is None or channel not in usable:
                rows += [(reason, channel, 0.0, 0.0, 0.0), (reason, channel, FLAT_WAIT_S, 0.0, 0.0)]
                losses += [(reason, channel, int(band), 0.0) for band in own["wait_band"]]
                continue
            knots, loss, sd = _curve(*fitted, reason, channel, own, 1.0 if higher_is_better else -1.0)
            losses += [(reason, channel, int(b), float(x)) for b, x in zip(own["wait_band"], loss, strict=True)]
            start = [(reason, channel, 0.0, 0.0, 0.0)] if knots[0] > 0 else []
            rows += start + [(reason, channel, *map(float, k)) for k in zip(knots, loss, sd, strict=True)]
    curve = pd.DataFrame(rows, columns=CURVE_COLUMNS).astype({"wait_s": float, "loss": float, "sd": float})
    band_loss = pd.DataFrame(losses, columns=["reason", "channel", "wait_band", "loss"])
    band_loss = band_loss.astype({"wait_band": int, "loss": float})
    return WaitCurves(curve, band_loss, within, notes)


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


def _fit(cells: Cells, usable: list[str], seed: int) -> tuple[Design, BlockFit]:
    keys = ["reason", "channel", "segment", "pool", *cells.bins, "wait_band", "hour_band"]
    keep = cells.where((cells.frame["wait_band"] >= 0) & cells.frame["channel"].isin(usable))
    frame = keep.summed(keys)
    frame = frame[frame["answers"] > 0].reset_index(drop=True)
    frame = pd.concat([frame, standardized(frame, covariate_scales(frame, cells.covariates))], axis=1)
    n, total, squares = (frame[name].to_numpy(float) for name in ("answers", "sum_score", "sum_score2"))
    unit = float(np.sqrt(squares.sum() / n.sum() - (total.sum() / n.sum()) ** 2))
    several = bool((frame.groupby("channel")["pool"].nunique() > 1).any())
    terms = [
        *score_terms(cells.covariates, pools=several, stages=False),
        Term(("channel", "wait_band"), 0.3),
        Term(("reason", "wait_band"), 0.05),
        Term(("hour_band",), 0.2),
        Term(("channel", "hour_band"), 0.1),
    ]
    design = make_design(frame, terms, max(unit, 1e-3))
    blocks = design.blocks(frame)
    rough = fit_blocks(total / n, unit**2 / n, blocks, draws=0, max_steps=8)
    predicted = rough.center + design.matrix(frame) @ rough.mean[0]
    rest = float((squares - 2 * predicted * total + predicted**2 * n).sum())
    variance = max(rest / max(n.sum() - rough.edf, n.sum() / 4), (0.05 * unit) ** 2)
    return design, fit_blocks(total / n, variance / n, blocks, start=rough.log_variance, seed=seed)


def _curve(
    design: Design, fit: BlockFit, reason: str, channel: str, own: pd.DataFrame, sign: float
) -> tuple[Array, Array, Array]:
    """Knots, losses and their sd of one reason and channel, at the mean waits of the bands."""
    loading = np.stack([_band_row(design, reason, channel, band) for band in own["wait_band"]])
    loading -= loading[0]
    means = -sign * fit.mean @ loading.T
    raw = means.mean(axis=0)
    variance = ((loading @ fit.covariance[0]) * loading).sum(axis=1) + means.var(axis=0)
    sd = np.sqrt(np.maximum(variance, 0.0))
    weights = 1.0 / np.maximum(sd[1:], 1e-6) ** 2
    loss = np.zeros(len(raw))
    loss[1:] = np.maximum(isotonic_regression(raw[1:], weights=weights).x, 0.0)
    return own["wait_s"].to_numpy(float), loss, np.maximum(sd, _SD_FLOOR * loss)


def _band_row(design: Design, reason: str, channel: str, band: int) -> NDArray[np.float64]:
    """Return the columns of the wait terms for one band, shape (column,)."""
    labels: dict[str, object] = {"reason": reason, "channel": channel, "wait_band": band}
    parts = []
    for term in design.terms:
        sizes = [len(design.levels[f]) for f in term.factors]
        row = np.zeros(int(np.prod(sizes, dtype=int)))
        if "wait_band" in term.factors:
            codes = [int(design.levels[f].get_indexer(pd.Index([labels[f]]))[0]) for f in term.factors]
            row[int(np.ravel_multi_index(codes, sizes))] = 1.0
        parts.append(row)
    return np.concatenate(parts)


def mean_loss(curves: WaitCurves, cells: Cells, by: list[str]) -> pd.Series:
    """Mean points lost by waiting over today's contacts of each group `by` (which holds reason and channel)."""
    seen = cells.summed([*dict.fromkeys([*by, "reason", "channel", "wait_band"])])
    joined = seen.merge(curves.band_loss, on=["reason", "channel", "wait_band"], how="left")
    joined["lost"] = joined["contacts"] * joined["loss"].fillna(0.0)
    total = joined.groupby(by)[["lost", "contacts"]].sum()
    return total["lost"] / total["contacts"].where(total["contacts"] > 0)
