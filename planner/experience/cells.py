"""The table of cells every estimator of this package reads: its columns, its subsets, its coarser sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.experience.model import Stage
from planner.experience.pools import complete_pool_mix
from planner.experience.sums import summed
from planner.history.bands import OTHERS
from planner.history.cells import COVARIATE_SUMS
from planner.history.outcomes import OUTCOMES, OutcomeKind

KEYS = ("reason", "entry_reason", "channel", "segment", "pool", "stage")
AFTER = ("wait_band", "hour_band", "disposition", "later")
OPTIONAL_SUMS = ("sum_ln_wait",)
SUMS = ("contacts", "answers", "sum_score", "sum_score2", "sum_wait_s", "handled", "sum_handle_s", "sum_handle2")
LATER_NO, LATER_YES, LATER_ESCALATED, LATER_UNKNOWN = "no", "yes", "escalated", "unknown"
MIN_CHANNEL_ANSWERS = 30
"""Answers a channel needs at least for an estimate."""


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
        `sum_wait_s`, `handled` (with a handle time), `sum_handle_s`, `sum_handle2` and `sum_<covariate>`; where known
        also `n_<covariate>`, `z_<covariate>` (sum of its normal score) and, of those who answered,
        `n_ans_<covariate>, z_ans_<covariate>`.
    covariates
        Numeric columns known before the channel was chosen, strongest confounder first.
    scale
        Lowest and highest possible score.
    outcome
        What `answers` and `sum_score` are sums of.
    by_hour
        The same served contacts by hour of the day and without severity bins, for the wait curve; None: `frame` itself.
    asked
        The contacts from which the outcome is estimated where that is not `frame`: with those not served, where theirs
        is known; without those so close to the end of the data that nobody knows yet what followed, where what
        followed tells who answers.
    """

    frame: pd.DataFrame
    covariates: tuple[str, ...]
    scale: tuple[float, float]
    outcome: str = "csat"
    by_hour: Cells | None = None
    asked: Cells | None = None

    @property
    def kind(self) -> OutcomeKind:
        """How the outcome is measured."""
        return OUTCOMES[self.outcome].kind if self.outcome in OUTCOMES else OutcomeKind.SCORE

    @property
    def bins(self) -> list[str]:
        """Names of the bin columns there are, strongest covariate first."""
        names = [f"bin_{name}" for name in (*self.covariates, OTHERS)]
        return [name for name in names if name in self.frame]

    @property
    def sums(self) -> list[str]:
        """Names of the columns that add up."""
        extra = [f"{part}_{name}" for name in self.covariates for part in COVARIATE_SUMS]
        return [*SUMS, *(name for name in (*OPTIONAL_SUMS, *extra) if name in self.frame)]

    @cached_property
    def customers(self) -> Cells:
        """The same contacts by what is known before them: many times fewer cells, fine enough for most questions."""
        if not any(name in self.frame for name in AFTER):
            return self
        keys = [*KEYS, *self.bins]
        return replace(self, frame=self.summed(keys), by_hour=None, asked=None)

    @cached_property
    def beginners(self) -> Cells:
        """Customers at the first contact of an issue."""
        people = self.customers
        return people.where(people.frame["stage"] == Stage.FIRST.value)

    @cached_property
    def pools_by_reason(self) -> pd.DataFrame:
        """Pool shares per true reason, segment and channel, see `pools.complete_pool_mix`."""
        return complete_pool_mix(self.customers.frame, "reason")

    @cached_property
    def pools_by_entry_reason(self) -> pd.DataFrame:
        """The same per reason as known when routed."""
        return complete_pool_mix(self.customers.frame, "entry_reason")

    def where(self, mask: pd.Series) -> Cells:
        """Keep the cells where `mask` holds."""
        return replace(self, frame=self.frame[mask].reset_index(drop=True), by_hour=None, asked=None)

    def summed(self, keys: Sequence[str]) -> pd.DataFrame:
        """Sum the cells over everything but `keys`, in sorted order (so the order of rows never matters)."""
        asked = tuple(keys)
        if any(name in self.frame for name in AFTER):
            return summed(self.frame, keys, self.sums)
        if asked not in self._summed:
            self._summed[asked] = summed(self.frame, keys, self.sums)
        return self._summed[asked].copy(deep=False)

    @cached_property
    def _summed(self) -> dict[tuple[str, ...], pd.DataFrame]:
        """Sums of `customers` asked for so far: the same few questions come from many sides."""
        return {}


def sorted_cells(cells: Cells) -> Cells:
    """Merge equal cells and put them in one order, so that split or permuted rows give identical estimates."""
    keys = [*KEYS, *AFTER, *cells.bins]
    return replace(cells, frame=cells.summed(keys))


def served_first(cells: Cells) -> Cells:
    """Keep first contacts: what customers experience when they begin an issue."""
    return cells.where(cells.frame["stage"].isin([Stage.FIRST.value, Stage.REDIALED.value]))


def final_contacts(cells: Cells) -> tuple[Cells, str]:
    """Keep contacts after which nobody came back.

    Those of whom nobody knows what followed are kept, too, where a channel has enough answers for an estimate only with
    them: in a short history hardly any contact can be followed. They are then kept in every channel, so that channels
    stay comparable. Where no customer can be followed at all, every contact is kept. A note says what was done.
    """
    later = cells.frame["later"]
    final, either = later == LATER_NO, later.isin([LATER_NO, LATER_UNKNOWN])
    if not final.any():
        return cells, "no customer can be followed: every contact is taken as the last of its issue"
    told, all_told = answers_by_channel(cells.frame[final]), answers_by_channel(cells.frame[either])
    enough = all_told.index[all_told >= MIN_CHANNEL_ANSWERS]
    short = enough[told.reindex(enough).fillna(0.0).to_numpy(float) < MIN_CHANNEL_ANSWERS]
    if not len(short):
        return cells.where(final), ""
    return cells.where(either), (
        f"in {', '.join(sorted(map(str, short)))} fewer than {MIN_CHANNEL_ANSWERS} answers come from contacts of which "
        "it is known that nobody came back: contacts of which nobody knows what followed are taken as the last of "
        "their issue, too, in every channel"
    )


def answers_by_channel(frame: pd.DataFrame) -> pd.Series:
    """Answers in each channel of cells."""
    return frame.groupby("channel", observed=True)["answers"].sum()


_Means = Callable[[pd.DataFrame, str], tuple[NDArray[np.float64], NDArray[np.bool_]]]
Scales = dict[str, tuple[float, float]]
"""Center and spread of each covariate, as normal score or, where there is none, in its own unit."""


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
    return _in_units(frame, scales, _means)


def standardized_answers(frame: pd.DataFrame, scales: Scales) -> pd.DataFrame:
    """Return the same over those who answered; where history does not tell them apart, over all."""
    return _in_units(frame, scales, _answer_means)


def _in_units(frame: pd.DataFrame, scales: Scales, means: _Means) -> pd.DataFrame:
    out = pd.DataFrame(index=frame.index)
    for name, (center, spread) in scales.items():
        mean, known = means(frame, name)
        out[name] = np.where(known & (spread > 0), (mean - center) / (spread if spread > 0 else 1.0), 0.0)
    return out


def _answer_means(frame: pd.DataFrame, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if f"n_ans_{name}" not in frame:
        return _means(frame, name)
    return _ratio(frame[f"z_ans_{name}"], frame[f"n_ans_{name}"])


def _means(frame: pd.DataFrame, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Mean of a covariate (of its normal score, if there) over the contacts of each row for which it is known."""
    if f"z_{name}" in frame:
        return _ratio(frame[f"z_{name}"], frame[f"n_{name}"])
    if f"n_{name}" in frame:
        return _ratio(frame[f"sum_{name}"], frame[f"n_{name}"])
    n = frame["contacts"]
    return _ratio(frame[f"sum_{name}"], n.where(frame[f"bin_{name}"] >= 0, 0.0))


def _ratio(total: pd.Series, count: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    n = count.to_numpy(float)
    known = n > 0
    return np.divide(total.to_numpy(float), n, out=np.zeros_like(n), where=known), known
