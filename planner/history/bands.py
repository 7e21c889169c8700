"""Where contacts are cut into bands: time of the day, waits per channel, quantiles of the covariates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from planner.history.engine import keep_coded

UNKNOWN = -1
"""Band or bin of a contact whose value is missing."""
OTHERS = "others"
"""Name of the score that stands for all covariates beyond the second in the bins."""

WAIT_QUANTILES = (0.2, 0.4, 0.6, 0.8, 0.95)
SOME_CONTACTS = 50_000
MANY_CONTACTS = 500_000
"""From here on bias no longer hides behind noise, and bins are finer."""
VERY_MANY_CONTACTS = 1_000_000
_BINS, _FINE_BINS = (5, 3, 3), (8, 4, 3)
_HOURS, _FINE_HOURS = 8, 24
_KNOTS = (0.005, 0.02, 0.05, 0.1, 0.16, 0.24, 0.33, 0.42, 0.5, 0.58, 0.67, 0.76, 0.84, 0.9, 0.95, 0.98, 0.995)
_SAMPLE = 400_000
_SCORE_SAMPLE = 100_000


@dataclass(frozen=True)
class Bands:
    """Upper ends of all bands but the last.

    Attributes
    ----------
    hours
        Minutes after midnight.
    waits
        Seconds, per channel.
    bins
        Per binned covariate in its unit; `others` in units of the score below.
    knots
        Per covariate, quantiles in its unit: where its normal score (`normal_score`) has its corners.
    weights, middle
        Per covariate of the score of the others: outcome units per unit, and the value that stands for a missing one.
    """

    hours: tuple[float, ...]
    waits: dict[str, tuple[float, ...]]
    bins: dict[str, tuple[float, ...]]
    knots: dict[str, tuple[float, ...]]
    weights: dict[str, float]
    middle: dict[str, float]


def find_bands(contacts: ibis.Table, rows: int, covariates: tuple[str, ...]) -> Bands:
    """Find the cut points, from a sample that the order of rows cannot change once there are a million contacts.

    Parameters
    ----------
    contacts
        Canonical columns with the outcome `y` (NULL where not known).
    rows
        Number of contacts: from 5e4 on the covariates have 8, 4 and 3 bins instead of 5, 3 and 3 (what is curved
        within a wide bin biases those who move), and from 5e5 on the day has 24 bands instead of 8 (customers change
        with the hour within a band, too, and so do waits).
    covariates
        Strongest first: two are binned; all further ones together, as the best linear predictor of the outcome.
    """
    sample = _kept_sample(contacts, rows, covariates) if rows >= VERY_MANY_CONTACTS else contacts
    numbers = _FINE_BINS if rows >= SOME_CONTACTS else _BINS
    hours = _FINE_HOURS if rows >= MANY_CONTACTS else _HOURS
    weights, middle = _others(contacts, rows, covariates)
    if weights:
        sample = sample.mutate(**{OTHERS: others_score(sample, weights, middle)})
    binned = [*covariates[:2], *([OTHERS] if weights else [])]
    measures = {"minute": minute(sample).cast("float64").quantile(_shares(hours))}
    measures |= {f"cut_{k}": sample[name].quantile(_shares(numbers[k])) for k, name in enumerate(binned)}
    measures |= {f"knots_{k}": sample[name].quantile(list(_KNOTS)) for k, name in enumerate(covariates)}
    row = sample.aggregate(**measures).execute().iloc[0]
    waits = sample.group_by("channel").aggregate(cuts=sample.wait_s.quantile(list(WAIT_QUANTILES)))
    frame = waits.order_by("channel").execute()
    return Bands(
        hours=_distinct(row["minute"]),
        waits={str(item["channel"]): _distinct(item["cuts"]) for item in frame.to_dict("records")},
        bins={name: _distinct(row[f"cut_{k}"]) for k, name in enumerate(binned)},
        knots={name: cuts for k, name in enumerate(covariates) if (cuts := _whole(row[f"knots_{k}"]))},
        weights=weights,
        middle=middle,
    )


def sampled(contacts: ibis.Table, rows: int, wanted: int) -> ibis.Table:
    """Keep about `wanted` of `rows` contacts, chosen by the second they started in: the same ones on every engine."""
    step = rows // wanted
    if step < 2:
        return contacts
    second = contacts.started_at.epoch_seconds().cast("int64")
    # Steps of a minute or an hour are spread evenly too, as the modulus is prime.
    return contacts.filter((second % 1_000_003 * 7_919) % step == 0)


def _kept_sample(contacts: ibis.Table, rows: int, covariates: tuple[str, ...]) -> ibis.Table:
    """Keep the sample on the engine, for it is asked more than once."""
    columns = dict.fromkeys(("started_at", "channel", "wait_s", *covariates))
    some = sampled(contacts, rows, _SAMPLE).select(*columns)
    return keep_coded(contacts.get_backend(), "banded_sample", some, {})


def _others(contacts: ibis.Table, rows: int, covariates: tuple[str, ...]) -> tuple[dict[str, float], dict[str, float]]:
    """Weights of the covariates beyond the second in the best linear predictor of the outcome, on a sample.

    The regression holds the first two covariates, their squares, reasons and channels constant.
    """
    rest = list(covariates[2:])
    if not rest:
        return {}, {}
    known = sampled(contacts.filter(contacts.y.notnull()), rows, _SCORE_SAMPLE)
    frame = known.select("y", "reason", "channel", *covariates).execute().sort_values(["y", *covariates])
    values = frame[list(covariates)].astype(float)
    middle = values.mean().fillna(0.0)
    if len(frame) < 10 * len(covariates):
        return {}, {}
    x = values.fillna(middle).to_numpy()
    labels = (pd.factorize(frame[name], sort=True)[0] for name in ("reason", "channel"))
    slope = _partial_slopes(frame["y"].to_numpy(float), x, [*labels])
    return dict(zip(rest, map(float, slope), strict=True)), {name: float(middle[name]) for name in rest}


def _partial_slopes(y: NDArray[np.float64], x: NDArray[np.float64], labels: list[NDArray[np.intp]]) -> list[float]:
    spread = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    z = (x - x.mean(axis=0)) / spread
    columns = [z[:, 2:], z[:, :2], z[:, :2] ** 2]
    columns += [np.eye(code.max() + 2)[code + 1][:, 1:] for code in labels]
    design = np.column_stack([*columns, np.ones(len(y))])
    gram = design.T @ design + 1e-3 * len(y) * np.eye(design.shape[1]) / 1000
    return list(np.linalg.solve(gram, design.T @ y)[: x.shape[1] - 2] / spread[2:])


def others_score(table: ibis.Table, weights: dict[str, float], middle: dict[str, float]) -> ibis.Value:
    """Weighted sum of the covariates beyond the second; a missing one counts as its mean."""
    total = ibis.literal(0.0)
    for name, weight in weights.items():
        total = total + table[name].fill_null(middle[name]) * weight
    return total


def _shares(bands: int) -> list[float]:
    return [k / bands for k in range(1, bands)]


def _whole(cuts: object) -> tuple[float, ...]:
    """All quantiles of a column, or none where it has no values."""
    found = tuple(cuts) if isinstance(cuts, Iterable) else ()
    return () if any(pd.isna(cut) for cut in found) else tuple(map(_rounded, found))


def _distinct(cuts: object) -> tuple[float, ...]:
    """Equal cuts are one cut."""
    if not isinstance(cuts, Iterable):
        return ()
    return tuple(sorted({_rounded(cut) for cut in cuts if pd.notna(cut)}))


def _rounded(cut: float) -> float:
    """Twelve digits: engines differ in the last one when they interpolate between two values."""
    return float(f"{cut:.12g}")


def normal_score(value: ibis.Value, knots: tuple[float, ...]) -> ibis.Value:
    """Normal quantile of a value's rank, straight between the knots, level beyond them; NULL where it is missing.

    Means of it say the same of a covariate in minutes, in logarithms or in ranks: nothing is assumed of its scale.
    """
    cuts, scores, slopes = (tuple(map(float, part)) for part in normal_corners(knots))
    lines: list[ibis.Value] = [ibis.literal(scores[0])]
    lines += [scores[k] + (value - cuts[k]) * slope for k, slope in enumerate(slopes)]
    return _chosen(value, [*cuts], [*lines, ibis.literal(scores[-1])], ibis.null("float64"))


def normal_corners(
    knots: tuple[float, ...],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Where the normal score has its corners, what it is there, and its slopes between them."""
    corners: dict[float, list[float]] = {}
    for cut, share in zip(knots, _KNOTS, strict=True):
        corners.setdefault(cut, []).append(float(ndtri(share)))
    cuts = np.array(list(corners), dtype=np.float64)
    scores = np.array([sum(found) / len(found) for found in corners.values()], dtype=np.float64)
    return cuts, scores, np.diff(scores) / np.diff(cuts)


def _chosen(value: ibis.Value, cuts: list[Any], choices: list[ibis.Value], unknown: ibis.Value) -> ibis.Value:
    """Choice k for values above k of the rising cuts, by halving: an engine looks at few of them per row."""

    def among(low: int, high: int) -> ibis.Value:
        if low == high:
            return choices[low]
        middle = (low + high) // 2
        return ibis.ifelse(value > cuts[middle], among(middle + 1, high), among(low, middle))

    return ibis.ifelse(value.isnull(), unknown, among(0, len(cuts)))


def minute(table: ibis.Table) -> ibis.Value:
    """Minutes after midnight."""
    return table.started_at.hour().cast("int64") * 60 + table.started_at.minute().cast("int64")


def hour_band(minutes: ibis.Value, bands: Bands) -> ibis.Value:
    """Band of the time of day, of minutes after midnight; they are whole, and whole cuts are cheaper to compare."""
    return _band(minutes, [math.floor(cut) for cut in bands.hours])


def wait_band(rows: ibis.Table, bands: Bands) -> ibis.Value:
    """Band of the wait among those of its channel, -1 where it is missing."""
    unknown = _band(rows.wait_s, ())
    own = [(rows.channel == channel, _band(rows.wait_s, cuts)) for channel, cuts in bands.waits.items()]
    return ibis.cases(*own, else_=unknown) if own else unknown


def covariate_bands(rows: ibis.Table, bands: Bands) -> dict[str, ibis.Value]:
    """Bins `bin_<covariate>`, -1 where missing, and normal scores `score_<covariate>`; `others` must be a column."""
    bins = {f"bin_{name}": _band(rows[name], cuts) for name, cuts in bands.bins.items()}
    return bins | {f"score_{name}": normal_score(rows[name], knots) for name, knots in bands.knots.items()}


def _band(value: ibis.Value, cuts: Sequence[float]) -> ibis.Value:
    choices = [ibis.literal(k).cast("int16") for k in range(len(cuts) + 1)]
    return _chosen(value, [*cuts], choices, ibis.literal(UNKNOWN).cast("int16"))
