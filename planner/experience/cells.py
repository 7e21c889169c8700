"""The table of cells every estimator of this package reads: its columns, its subsets, its coarser sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.experience.model import Stage

KEYS = ("reason", "entry_reason", "channel", "segment", "pool", "stage")
AFTER = ("wait_band", "hour_band", "disposition", "later")
SUMS = ("contacts", "abandoned", "answers", "sum_score", "sum_score2", "sum_wait_s", "sum_handle_s", "sum_handle2")
LATER_NO, LATER_YES, LATER_UNKNOWN = "no", "yes", "unknown"


@dataclass(frozen=True)
class Cells:
    """Sums over contacts that agree in every key.

    Attributes
    ----------
    frame
        One row per cell. Keys: `reason, entry_reason, channel, segment, pool, stage` (text); `wait_band, hour_band`
        (integers, -1 where unknown), `disposition` (text), `later` ("no": nobody came back within the window, "yes",
        "escalated", "unknown": anonymous customer or too close to the end of the data); `bin_<covariate>` (integers, -1
        where missing). Sums: `contacts` (served), `abandoned`, `answers`, `sum_score`, `sum_score2`, `sum_wait_s`
        (served contacts), `sum_handle_s`, `sum_handle2`, and `sum_<covariate>` over served contacts.
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


def standardized(frame: pd.DataFrame, cells: Cells) -> pd.DataFrame:
    """Return the mean of each covariate per row in standard units of the bin means, 0 where it is missing."""
    out = pd.DataFrame(index=frame.index)
    n = frame["contacts"].to_numpy(float)
    for name in cells.covariates:
        known = (frame[f"bin_{name}"].to_numpy() >= 0) & (n > 0)
        mean = np.divide(frame[f"sum_{name}"].to_numpy(float), n, out=np.zeros_like(n), where=known)
        if not known.any():
            out[name] = 0.0
            continue
        center = float(np.average(mean[known], weights=n[known]))
        spread = float(np.sqrt(np.average((mean[known] - center) ** 2, weights=n[known])))
        out[name] = np.where(known, (mean - center) / (spread if spread > 0 else 1.0), 0.0)
    return out
