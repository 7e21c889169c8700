"""The table of cells every estimator of this package reads: its columns, its subsets, its coarser sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.experience.model import Stage

KEYS = ("reason", "entry_reason", "channel", "segment", "pool", "stage")
AFTER = ("wait_band", "hour_band", "disposition", "later")
SUMS = ("contacts", "answers", "sum_score", "sum_score2", "sum_wait_s", "handled", "sum_handle_s", "sum_handle2")
LATER_NO, LATER_YES, LATER_ESCALATED, LATER_UNKNOWN = "no", "yes", "escalated", "unknown"


@dataclass(frozen=True)
class Cells:
    """Sums over contacts that agree in every key.

    Attributes
    ----------
    frame
        One row per cell. Keys: `reason, entry_reason, channel, segment, pool, stage` (text); `wait_band, hour_band`
        (integers, -1 where unknown), `disposition` (text), `later` ("no": nobody came back within the window, "yes",
        "escalated", "unknown": anonymous customer or too close to the end of the data); `bin_<covariate>` (integers, -1
        where missing). Sums over served contacts: `contacts`, `answers`, `sum_score`, `sum_score2`,
        `sum_wait_s`, `handled` (with a handle time), `sum_handle_s`, `sum_handle2` and `sum_<covariate>`.
    covariates
        Numeric columns known before the channel was chosen, strongest confounder first.
    scale
        Lowest and highest possible score.
    """

    frame: pd.DataFrame
    covariates: tuple[str, ...]
    scale: tuple[float, float]

    @property
    def bins(self) -> list[str]:
        """Names of the bin columns."""
        return [f"bin_{name}" for name in self.covariates]

    @property
    def covariate_sums(self) -> list[str]:
        """Names of the columns with sums of covariates."""
        return [f"sum_{name}" for name in self.covariates]

    def where(self, mask: pd.Series) -> Cells:
        """Keep the cells where `mask` holds."""
        return Cells(self.frame[mask].reset_index(drop=True), self.covariates, self.scale)

    def summed(self, keys: Sequence[str]) -> pd.DataFrame:
        """Sum the cells over everything but `keys`, in sorted order (so the order of rows never matters)."""
        return self.frame.groupby(list(keys), sort=True, as_index=False)[[*SUMS, *self.covariate_sums]].sum()


def sorted_cells(cells: Cells) -> Cells:
    """Merge equal cells and put them in one order, so that split or permuted rows give identical estimates."""
    keys = [*KEYS, *AFTER, *cells.bins]
    return Cells(cells.summed(keys), cells.covariates, cells.scale)


def served_first(cells: Cells) -> Cells:
    """Keep first contacts: what customers experience when they begin an issue."""
    return cells.where(cells.frame["stage"].isin([Stage.FIRST.value, Stage.REDIALED.value]))


def final_contacts(cells: Cells) -> tuple[Cells, str]:
    """Keep contacts after which nobody came back; all of them, with a note, where no customer can be followed."""
    final = cells.frame["later"] == LATER_NO
    if final.any():
        return cells.where(final), ""
    return cells, "no customer can be followed: every contact is taken as the last of its issue"


Scales = dict[str, tuple[float, float]]
"""Center and spread of each covariate, in its own unit."""


def covariate_scales(frame: pd.DataFrame, covariates: Sequence[str]) -> Scales:
    """Center and spread of the row means of each covariate over contacts; (0, 0) where it is never known."""
    scales: Scales = {}
    for name in covariates:
        mean, known = _means(frame, name)
        if not known.any():
            scales[name] = (0.0, 0.0)
            continue
        weight = frame["contacts"].to_numpy(float)[known]
        center = float(np.average(mean[known], weights=weight))
        scales[name] = (center, float(np.sqrt(np.average((mean[known] - center) ** 2, weights=weight))))
    return scales


def standardized(frame: pd.DataFrame, scales: Scales) -> pd.DataFrame:
    """Return the mean of each covariate per row in standard units, 0 where it is missing or does not vary."""
    out = pd.DataFrame(index=frame.index)
    for name, (center, spread) in scales.items():
        mean, known = _means(frame, name)
        out[name] = np.where(known & (spread > 0), (mean - center) / (spread if spread > 0 else 1.0), 0.0)
    return out


def _means(frame: pd.DataFrame, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    n = frame["contacts"].to_numpy(float)
    known = (frame[f"bin_{name}"].to_numpy() >= 0) & (n > 0)
    total = frame[f"sum_{name}"].to_numpy(float)
    return np.divide(total, n, out=np.zeros_like(n), where=known), known
