"""Doubly robust means of reason x channel cells from rows: the method DR_EB, as pure functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.experience.rows.design import RowDesign, side_by_side
from planner.experience.rows.ridge import expit, fit_logit, fit_ridge, fit_softmax, softmax
from planner.experience.rows.shrinkage import shrink

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

LEAST_CHOICE = 0.01
LEAST_RESPONSE = 0.005
_CHOICE_SCALE = 4.0
_RESPONSE_SCALE = 2.0
_POOL_WEIGHT = 25.0
_FEW = 30


@dataclass(frozen=True)
class RowData:
    """Contacts as arrays, shape (row,).

    Attributes
    ----------
    reason, channel
        Codes from 0.
    y
        The outcome; NaN where it is not known.
    before, after
        What was known before the channel was chosen, and what came after (None where the outcome is known for all).
    fold
        0 or 1, one fold per customer: nuisance models predict the fold they have not seen.
    """

    reason: Codes
    channel: Codes
    y: Array
    before: RowDesign
    after: RowDesign | None
    fold: Codes

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of reasons and channels."""
        return int(self.reason.max()) + 1, int(self.channel.max()) + 1


@dataclass(frozen=True)
class CellMeans:
    """Potential means, shape (reason, channel): everybody with the reason served in the channel.

    `raw` and `raw_se` are before shrinkage (se inf where nobody answered); `n_effective` is Kish's number of answers;
    `share_clipped` the share of the reason's contacts with less than a 1 % chance of the channel.
    """

    mean: Array
    sd: Array
    raw: Array
    raw_se: Array
    n_effective: Array
    share_clipped: Array


def doubly_robust(data: RowData) -> CellMeans:
    """Estimate E[Y(c) | R = r] for every cell, adjusted for channel choice and for who answers.

    With w1 = 1 / max(e, .01), w2 = w1 / pi and H_w[.] the self-normalized (Hájek) mean over the cell:

        theta = mean over R = r of mu_c(X) + H_w1[m - mu_c] + H_w2[Y - m]
        se^2  = var(mu_c) / n_r + s1^2 sum w1^2 / (sum w1)^2 + s2^2 sum w2^2 / (sum w2)^2

    m is what is expected given everything known, mu_c given what was known before the choice; e is the chance of the
    channel, pi of an answer (clipped at .005). Right if either the means or the chances are (Robins, Rotnitzky & Zhao
    1994); cross-fitted by customer (Chernozhukov et al. 2018); then shrunk (`shrink`). Errors of one customer's
    contacts are taken as independent. Where every outcome is known, m = Y and the last terms vanish.
    """
    known = np.isfinite(data.y)
    unit = max(float(np.std(data.y[known])), 1e-9)
    answered = np.where(known, data.y, 0.0)
    predicted, response = (answered, np.ones(len(known))) if data.after is None else _response_side(data, known, unit)
    choice = softmax(
        data.before.matrix
        @ fit_softmax(data.before.matrix, data.channel, data.shape[1], data.before.scale * _CHOICE_SCALE)
    )
    parts = [_channel(data, c, known, predicted, response, choice[:, c], unit) for c in range(data.shape[1])]
    raw, se, effective, clipped = (np.stack([part[k] for part in parts], axis=1) for k in range(4))
    if not np.isfinite(se).any():
        nothing = np.full(data.shape, np.nan)
        return CellMeans(nothing, nothing, raw, se, effective, clipped)
    mean, sd = shrink(raw, se, unit)
    return CellMeans(mean, sd, raw, se, effective, clipped)


def _response_side(data: RowData, known: NDArray[np.bool_], unit: float) -> tuple[Array, Array]:
    """Expected outcome m and chance of an answer pi of every contact, per channel."""
    assert data.after is not None
    both = side_by_side(data.before, data.after)
    predicted, response = np.full(len(known), np.nan), np.ones(len(known))
    for c in range(data.shape[1]):
        users = np.flatnonzero(data.channel == c)
        answered = known[users]
        if answered.sum() < _FEW:
            continue
        predicted[users] = _crossed(both, data, users, users[answered], np.where(known, data.y, 0.0), unit)
        if not answered.all():
            rows = both.matrix[users]
            effect = fit_logit(rows, answered, both.scale * _RESPONSE_SCALE)
            response[users] = np.maximum(expit(rows @ effect), LEAST_RESPONSE)
    return predicted, response


def _crossed(design: RowDesign, data: RowData, targets: Codes, sources: Codes, y: Array, unit: float) -> Array:
    """Predict `targets` from the `sources` of the other fold."""
    out = np.empty(len(targets))
    for fold in (0, 1):
        learn = sources[data.fold[sources] != fold]
        if len(learn) < _FEW:
            learn = sources
        effect = fit_ridge(design.matrix[learn], y[learn] - y[learn].mean(), design.scale * unit)
        here = data.fold[targets] == fold
        out[here] = y[learn].mean() + design.matrix[targets[here]] @ effect
    return out


def _channel(
    data: RowData, c: int, known: NDArray[np.bool_], predicted: Array, response: Array, chance: Array, unit: float
) -> tuple[Array, Array, Array, Array]:
    """theta, se, effective answers and clipped share of every reason in one channel."""
    reasons = data.shape[0]
    users = np.flatnonzero(data.channel == c)
    everybody = np.bincount(data.reason, minlength=reasons)
    clipped = _by(data.reason, (chance < LEAST_CHOICE).astype(float), reasons) / np.maximum(everybody, 1)
    if len(users) < _FEW or not np.isfinite(predicted[users]).all():
        return np.full(reasons, np.nan), np.full(reasons, np.inf), np.zeros(reasons), clipped
    mu = _crossed(data.before, data, np.arange(len(known)), users, predicted, unit)
    w1 = 1 / np.maximum(chance[users], LEAST_CHOICE)
    first = _hajek(data.reason[users], predicted[users] - mu[users], w1, reasons)
    mean_mu = _by(data.reason, mu, reasons) / np.maximum(everybody, 1)
    var_mu = _by(data.reason, (mu - mean_mu[data.reason]) ** 2, reasons) / np.maximum(everybody, 1)
    theta, variance, effective = mean_mu + first[0], var_mu / np.maximum(everybody, 1) + first[1], first[2]
    if data.after is not None:
        answers = users[known[users]]
        w2 = w1[known[users]] / response[answers]
        second = _hajek(data.reason[answers], data.y[answers] - predicted[answers], w2, reasons)
        theta, variance, effective = theta + second[0], variance + second[1], second[2]
    return theta, np.sqrt(variance), effective, clipped


def _hajek(group: Codes, value: Array, weight: Array, groups: int) -> tuple[Array, Array, Array]:
    """Self-normalized mean per group, its variance (inf where the group is empty) and Kish's effective number.

    s^2 = (nu s_cell^2 + 25 s_pool^2) / (nu + 25), nu = n_eff - 1, s_cell^2 weighted by w^2.
    """
    w, w2 = _by(group, weight, groups), _by(group, weight**2, groups)
    some = w > 0
    mean = np.divide(_by(group, weight * value, groups), w, out=np.zeros(groups), where=some)
    rest = weight**2 * (value - mean[group]) ** 2
    own = np.divide(_by(group, rest, groups), w2, out=np.zeros(groups), where=some)
    pooled = float(rest.sum() / max(w2.sum(), 1e-300))
    effective = np.divide(w**2, w2, out=np.zeros(groups), where=some)
    degrees = np.maximum(effective - 1, 0.0)
    spread = (degrees * own + _POOL_WEIGHT * pooled) / (degrees + _POOL_WEIGHT)
    variance = np.divide(spread, effective, out=np.full(groups, np.inf), where=some)
    return mean, variance, effective


def _by(group: Codes, value: Array, groups: int) -> Array:
    return np.asarray(np.bincount(group, weights=value, minlength=groups))
