"""From a table of customers to the design of the hazard model, and what it becomes when an exposure is set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

_MOST_DOSES = 3
_LEAST_ROWS = 30
_MOST_COUNTS = 40
_BINS = 5
_MOST_LABELS = 60


@dataclass(frozen=True)
class HazardDesign:
    """Columns of a hazard model.

    Attributes
    ----------
    matrix
        Shape (row, column); the first column is the constant.
    places
        Exposure -> its columns.
    doses
        Exposure -> lower ends of its dose bins (one indicator each); empty for an exposure that enters as a number.
    """

    matrix: np.ndarray
    places: dict[str, list[int]]
    doses: dict[str, tuple[float, ...]]

    def with_dose(self, exposure: str, dose: int) -> np.ndarray:
        """Return the design as if every row had one dose of an exposure: 0 none, 1 the first bin, and so on."""
        out = self.matrix.copy()
        columns = self.places[exposure]
        out[:, columns] = 0.0
        if dose:
            out[:, columns[dose - 1]] = 1.0
        return out

    def shifted(self, exposure: str) -> np.ndarray:
        """Return the design with one unit more of an exposure that enters as a number."""
        out = self.matrix.copy()
        out[:, self.places[exposure]] += 1.0
        return out


def hazard_design(
    frame: pd.DataFrame, exposures: Sequence[str], covariates: Sequence[str], period: str | None
) -> HazardDesign:
    """Build the design: constant, months, covariates, exposures.

    Counts enter as indicators of 1, 2 and 3 or more (fewer where a dose has under 30 rows), so no shape is assumed;
    other exposures as numbers. Numeric covariates enter as a line and as indicators of their fifths, labels as
    indicators (the sixty most frequent; the rest is one).
    """
    parts = [np.ones((len(frame), 1))]
    if period is not None:
        parts.append(_indicators(frame[period]))
    parts += [_covariate(frame[name]) for name in covariates]
    places: dict[str, list[int]] = {}
    doses: dict[str, tuple[float, ...]] = {}
    width = sum(part.shape[1] for part in parts)
    for name in exposures:
        block, doses[name] = _exposure(frame[name])
        places[name] = list(range(width, width + block.shape[1]))
        width += block.shape[1]
        parts.append(block)
    return HazardDesign(np.hstack(parts), places, doses)


def _exposure(column: pd.Series) -> tuple[np.ndarray, tuple[float, ...]]:
    x = column.to_numpy(float)
    counts = bool((x >= 0).all() and (x == np.rint(x)).all() and x.max(initial=0) <= _MOST_COUNTS)
    if not counts:
        return x[:, None], ()
    starts = [k for k in range(1, _MOST_DOSES + 1) if (x >= k).sum() >= _LEAST_ROWS] or [1]
    while len(starts) > 1 and ((x >= starts[-2]) & (x < starts[-1])).sum() < _LEAST_ROWS:
        starts.pop()
    ends = [*starts[1:], np.inf]
    block = [(x >= start) & (x < end) for start, end in zip(starts, ends, strict=True)]
    return np.column_stack(block).astype(float), tuple(float(start) for start in starts)


def _covariate(column: pd.Series) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return _indicators(column)
    x = column.to_numpy(float)
    spread = x.std()
    if not spread > 0:
        return np.empty((len(x), 0))
    cuts = np.unique(np.quantile(x, np.arange(1, _BINS) / _BINS))
    bins = np.searchsorted(cuts, x, side="left")
    line = ((x - x.mean()) / spread)[:, None]
    if len(np.unique(x)) <= 2:
        return line
    return np.hstack([line, _indicators(pd.Series(bins))])


def _indicators(column: pd.Series) -> np.ndarray:
    labels = column.astype("string").fillna("(missing)")
    counts = labels.value_counts()
    order = sorted(counts.index, key=lambda name: (-counts[name], name))[:_MOST_LABELS]
    # The most frequent label is the reference; labels beyond the limit share one column.
    block = [labels.eq(name).to_numpy() for name in order[1:]]
    if len(counts) > _MOST_LABELS:
        block.append(~labels.isin(order).to_numpy())
    return np.column_stack(block).astype(float) if block else np.empty((len(labels), 0))
