"""From labeled cells to the blocks of the hierarchical model and back to labeled targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.experience.hierarchical import Array, Block, BlockFit

_TIME_SHARED_CONTACTS = 5e5
_PART = 65_536


@dataclass(frozen=True, slots=True)
class Term:
    """A family of effects: one per combination of the labels of `factors`, times the column `slope` if named.

    `scale` is the prior scale of their standard deviation in units of one score's standard deviation (or logits).
    """

    factors: tuple[str, ...]
    scale: float
    slope: str | None = None
    fixed: bool = False

    @property
    def name(self) -> str:
        """Readable name, `reason:channel*severity`."""
        return (":".join(self.factors) or "constant") + (f"*{self.slope}" if self.slope else "")


@dataclass(frozen=True)
class Design:
    """Terms with the labels of each factor; turns frames into blocks with the same columns every time."""

    terms: tuple[Term, ...]
    levels: Mapping[str, pd.Index]
    unit: float

    def blocks(self, frame: pd.DataFrame) -> list[Block]:
        """Return one block per term; every label must be known.

        Raises
        ------
        ValueError
            A label the design does not know.
        """
        codes = {name: self._codes(frame, name) for name in {f for term in self.terms for f in term.factors}}
        return [self._block(term, codes, frame) for term in self.terms]

    def _codes(self, frame: pd.DataFrame, name: str) -> NDArray[np.int32]:
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            place = self.levels[name].get_indexer(column.cat.categories)
            found = np.append(place, -1)[column.cat.codes.to_numpy()]
        elif column.dtype.kind == "i" and self.levels[name].dtype.kind == "i":
            levels, values = self.levels[name].to_numpy(), column.to_numpy()
            found = np.minimum(np.searchsorted(levels, values), len(levels) - 1)
            found = np.where(levels[found] == values, found, -1)
        else:
            found = self.levels[name].get_indexer(pd.Index(column))
        if (found < 0).any():
            raise ValueError(f"{name}: unknown labels {list(column[found < 0].unique())[:5]}")
        return found.astype(np.int32)

    def _block(self, term: Term, codes: Mapping[str, NDArray[np.int32]], frame: pd.DataFrame) -> Block:
        code = np.zeros(len(frame), dtype=np.int32)
        size = 1
        for name in term.factors:
            code = code * len(self.levels[name]) + codes[name]
            size *= len(self.levels[name])
        slope = None if term.slope is None else frame[term.slope].to_numpy(float)
        return Block(term.name, code, size, term.scale * self.unit, slope, term.fixed)

    def matrix(self, frame: pd.DataFrame) -> sparse.csr_matrix:
        """Return the design rows of a frame, sparse, shape (row, column)."""
        return stack(self.blocks(frame), len(frame))


def stack(blocks: Sequence[Block], rows: int) -> sparse.csr_matrix:
    """Put blocks side by side as one sparse matrix, shape (row, column)."""
    offsets = np.concatenate([[0], np.cumsum([block.size for block in blocks])])
    columns, values = np.empty((rows, len(blocks)), dtype=np.int32), np.ones((rows, len(blocks)))
    for k, block in enumerate(blocks):
        columns[:, k] = block.codes + offsets[k]
        if block.slope is not None:
            values[:, k] = block.slope
    pointer = np.arange(rows + 1, dtype=np.int32) * len(blocks)
    return sparse.csr_matrix((values.ravel(), columns.ravel(), pointer), shape=(rows, int(offsets[-1])))


def predictor(blocks: Sequence[Block], effects: Array, rows: int) -> Array:
    """Linear predictor of design rows, shape (row,), without their matrix."""
    out, start = np.zeros(rows), 0
    for block in blocks:
        moved = effects[start : start + block.size][block.codes]
        out += moved if block.slope is None else moved * block.slope
        start += block.size
    return out


def make_design(frame: pd.DataFrame, terms: Sequence[Term], unit: float) -> Design:
    """Build a design with the labels found in `frame`; terms of a factor with one label only are left out."""
    names = {factor for term in terms for factor in term.factors}
    levels = {name: pd.Index(sorted(frame[name].unique())) for name in sorted(names)}
    useful = [t for t in terms if all(len(levels[f]) > 1 for f in t.factors) and _moves(frame, t)]
    return Design(tuple(useful), levels, unit)


def _moves(frame: pd.DataFrame, term: Term) -> bool:
    return term.slope is None or bool(frame[term.slope].abs().max() > 0)


def score_terms(covariates: Sequence[str], bins: Sequence[str], *, pools: bool, stages: bool) -> list[Term]:
    """List the terms known before the contact, with the prior scales of the measured default.

    Parameters
    ----------
    covariates
        Columns with the mean of each covariate, strongest confounder first.
    bins
        Their bin columns, in that order; covariates beyond the second may share one.
    pools, stages
        Whether a channel has several pools, and the contacts several stages.
    """
    rc = ("reason", "channel")
    terms = [
        Term((), 3.0, fixed=True),
        Term(("channel",), 0.5),
        Term(("reason",), 0.5),
        Term(rc, 0.3),
        Term(("segment",), 0.3),
        Term(("segment", "channel"), 0.15),
        Term(("reason", "segment"), 0.1),
    ]
    if pools:
        terms += [Term(("pool",), 0.2), Term(("pool", "reason"), 0.1)]
    if stages:
        terms += [Term(("stage",), 0.3), Term(("stage", "channel"), 0.15)]
    if not bins:
        # Without covariates a cell is a target: its misfit is part of what is asked for, not noise around it.
        terms.append(Term((*rc, "segment"), 0.1))
    for k, name in enumerate(covariates):
        strongest = k == 0
        # What a covariate does everywhere is no deviation to be shrunk: those who answer least are off by it most.
        terms += [Term((), 1.0, slope=name, fixed=True)]
        terms += [Term(("channel",), 0.3 if strongest else 0.15, slope=name), Term(("reason",), 0.1, slope=name)]
        terms += [Term(rc, 0.1, slope=name)] if strongest else []
    for k, name in enumerate(bins):
        terms += [Term((name,), 0.1 if k else 0.2), Term((name, "channel"), 0.1 if k else 0.2)]
        terms += [] if k else [Term(("reason", name), 0.1)]
    # Covariates need not add up: what two of them do together is no channel's doing.
    terms += [Term(pair, 0.15) for pair in combinations(bins, 2)]
    if len(bins) > 1:
        terms.append(Term((bins[0], bins[1], "channel"), 0.1))
    return terms


def after_terms(covariates: Sequence[str] = ()) -> list[Term]:
    """List the terms known only after the contact, for the response side: never part of a channel's effect.

    Near an end of the scale an unresolved contact costs other points than in its middle, so what is known afterwards
    may count for more or less with the reason and with each covariate.
    """
    after = ("disposition", "later")
    return [
        Term(("disposition",), 0.7),
        Term(("disposition", "channel"), 0.2),
        Term(("disposition", "reason"), 0.2),
        Term(("later",), 0.5),
        Term(("later", "channel"), 0.2),
        Term(("later", "reason"), 0.1),
        Term(("disposition", "later"), 0.2),
        *(Term((factor,), 0.1, slope=name) for factor in after for name in covariates),
    ]


def wait_terms(slopes: Sequence[str]) -> list[Term]:
    """List the terms of waits and hours; `slopes` move the loss of a band (its own wait, the customers' covariates)."""
    bands = ("channel", "wait_band")
    return [
        Term(("wait_band",), 0.3),
        Term(bands, 0.3),
        Term(("reason", "wait_band"), 0.05),
        Term(("hour_band",), 0.2),
        Term(("channel", "hour_band"), 0.1),
        *(Term(bands, 0.05, slope=name) for name in slopes),
    ]


@dataclass(frozen=True)
class Targets:
    """Weighted means of linear predictors: what a group of customers would get somewhere.

    Attributes
    ----------
    blocks
        Design columns of every (target, kind of customer) pair, as in `Design.blocks`.
    target, weight
        Shape (pair,): number of the target, and its weight there; the weights of a target sum to 1.
    residual_weight
        Shape (target,): sum of squared weights, factor of the cell residual variance.
    """

    blocks: tuple[Block, ...]
    target: NDArray[np.intp]
    weight: Array
    residual_weight: Array

    def mean(self, value: Array) -> Array:
        """Weighted mean over the pairs of each target, shape (target,)."""
        return np.asarray(
            np.bincount(self.target, weights=self.weight * value, minlength=len(self.residual_weight)), np.float64
        )

    def loading(self, weight: Array) -> Array:
        """Sum design rows per target with these weights, shape (target, column): no matrix of the pairs is made."""
        count = len(self.residual_weight)
        parts = []
        for block in self.blocks:
            place = self.target * block.size + block.codes
            value = weight if block.slope is None else weight * block.slope
            flat = np.bincount(place, weights=value, minlength=count * block.size)
            parts.append(flat.reshape(count, block.size))
        return np.concatenate(parts, axis=1) if parts else np.zeros((count, 0))

    def predictors(self, effects: Array) -> Iterator[tuple[slice, Array]]:
        """Linear predictors of the pairs under several sets of effects, a part of the pairs at a time.

        Parameters
        ----------
        effects
            Shape (set, column).

        Yields
        ------
            Which pairs, and their predictors, shape (pair, set).
        """
        ends = np.cumsum([block.size for block in self.blocks])
        tables = [np.ascontiguousarray(part.T) for part in np.split(effects, ends[:-1], axis=1)]
        for start in range(0, len(self.target), _PART):
            part = slice(start, start + _PART)
            yield part, self._predictors_of(part, tables, len(effects))

    def _predictors_of(self, part: slice, tables: Sequence[Array], sets: int) -> Array:
        eta = np.zeros((len(self.target[part]), sets))
        for block, table in zip(self.blocks, tables, strict=True):
            moved = table[block.codes[part]]
            if block.slope is not None:
                moved *= block.slope[part, None]
            eta += moved
        return eta


def make_targets(design: Design, pairs: pd.DataFrame, count: int, bins: Sequence[str], contacts: float) -> Targets:
    """Build targets from pairs with columns `target, weight` and every factor and slope of the design.

    With many contacts the misfit of the model no longer averages out over the cells of one severity bin: its weight
    is then summed within bins of the strongest covariate before squaring.
    """
    target = pairs["target"].to_numpy(np.intp)
    weight = pairs["weight"].to_numpy(float)
    total = np.bincount(target, weights=weight, minlength=count)
    weight = weight / np.where(total > 0, total, 1.0)[target]
    squares, at = weight, target
    if bins and contacts >= _TIME_SHARED_CONTACTS:
        code, found = pd.factorize(pairs[bins[0]])
        squares = np.bincount(target * len(found) + code, weights=weight, minlength=count * len(found))
        at = np.repeat(np.arange(count), len(found))
    residual = np.asarray(np.bincount(at, weights=squares**2, minlength=count), np.float64)
    return Targets(tuple(design.blocks(pairs)), target, weight, residual)


@dataclass(frozen=True)
class Posterior:
    """Mean and sd of targets with what is needed to draw them jointly."""

    mean: Array
    sd: Array
    loading: Array
    residual_weight: Array
    fit: BlockFit

    def draw(self, n: int, seed: int) -> Array:
        """Draw the targets jointly, shape (draw, target)."""
        rng = np.random.default_rng([seed, 13])
        components = len(self.fit.mean)
        root = np.linalg.cholesky(_jittered(self.fit.covariance[0]))
        out = np.empty((n, len(self.mean)))
        for k in range(components):
            picked = np.arange(k, n, components)
            if len(picked):
                normal = rng.standard_normal((len(picked), root.shape[0]))
                effects = self.fit.mean[k] + normal @ root.T
                noise = rng.standard_normal((len(picked), len(self.mean)))
                spread = np.sqrt(self.fit.residual[k] * self.residual_weight)
                out[picked] = effects @ self.loading.T + noise * spread
        return out + self._center()

    def _center(self) -> Array:
        middle = self.fit.mean.mean(axis=0) @ self.loading.T
        return np.asarray(self.mean - middle)


def _jittered(covariance: Array) -> Array:
    return covariance + 1e-10 * float(np.trace(covariance)) / len(covariance) * np.eye(len(covariance))


def _variances(loading: Array, covariance: Array) -> Array:
    """diag(L V L'), shape (target,): effects that vary with no other one (levels without rows) are summed apart."""
    alone = np.count_nonzero(covariance, axis=0) <= 1
    if not alone.any():
        return np.asarray(((loading @ covariance) * loading).sum(axis=1))
    rest = np.flatnonzero(~alone)
    inner = np.ascontiguousarray(loading[:, rest])
    together = ((inner @ covariance[np.ix_(rest, rest)]) * inner).sum(axis=1)
    return np.asarray(together + loading[:, alone] ** 2 @ np.diag(covariance)[alone])


def posterior(fit: BlockFit, targets: Targets) -> Posterior:
    """Posterior of linear targets: theta = center + L u, var = L V L' + ex sum w^2, over the mixture."""
    loading = targets.loading(targets.weight)
    means = fit.mean @ loading.T
    mean = fit.center + means.mean(axis=0)
    variance = _variances(loading, fit.covariance[0])
    variance += fit.residual.mean() * targets.residual_weight + means.var(axis=0)
    return Posterior(mean, np.sqrt(np.maximum(variance, 0.0)), loading, targets.residual_weight, fit)


def posterior_share(fit: BlockFit, targets: Targets) -> Posterior:
    """Posterior of shares modeled on the logit scale: theta = sum w expit(eta), L = sum w p(1 - p) Z."""
    count, middle = len(targets.residual_weight), np.empty(len(targets.target))
    means = np.zeros((len(fit.mean), count))
    for part, p in targets.predictors(fit.mean):
        _to_shares(p, fit.center)
        middle[part] = p.mean(axis=1)
        p *= targets.weight[part, None]
        for k in range(len(means)):
            means[k] += np.bincount(targets.target[part], weights=p[:, k], minlength=count)
        del p
    slope = middle * (1 - middle)
    loading = targets.loading(targets.weight * slope)
    variance = _variances(loading, fit.covariance[0]) + means.var(axis=0)
    residual = targets.residual_weight * targets.mean(slope) ** 2
    variance += fit.residual.mean() * residual
    return Posterior(means.mean(axis=0), np.sqrt(np.maximum(variance, 0.0)), loading, residual, fit)


def _to_shares(eta: Array, center: float) -> None:
    """Turn predictors on the logit scale into shares 1 / (1 + exp(-(eta + center))), where they stand."""
    eta += center
    np.negative(eta, out=eta)
    np.exp(eta, out=eta)
    eta += 1
    np.divide(1, eta, out=eta)


def contrast(a: Posterior, rows: NDArray[np.intp], against: NDArray[np.intp]) -> tuple[Array, Array]:
    """Mean and sd of differences of targets of one posterior; shared error cancels.

    The cell residual of the two sides counts twice: they are different cells.
    """
    loading = a.loading[rows] - a.loading[against]
    variance = _variances(loading, a.fit.covariance[0])
    variance += (a.fit.mean @ loading.T).var(axis=0)
    variance += a.fit.residual.mean() * (a.residual_weight[rows] + a.residual_weight[against])
    return a.mean[rows] - a.mean[against], np.sqrt(np.maximum(variance, 0.0))


def with_covariance(fit: BlockFit, extra: Array) -> BlockFit:
    """Add a covariance of the effects that comes from elsewhere to the fit."""
    return replace(fit, covariance=fit.covariance + extra[None])
