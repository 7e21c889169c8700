"""Who would be served where: groups of customers, their mix, and what they get in a channel (step F)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.experience.cells import Cells, standardized
from planner.experience.design import Posterior, Targets, make_targets, posterior, posterior_share
from planner.experience.hierarchical import Array
from planner.experience.model import Stage, Support
from planner.experience.scores import CellFit

MIN_USERS = 30
MIN_EFFECTIVE = 20.0
_HEAVY_BIN = 0.2
Z90 = 1.6448536269514722


def population(fit: CellFit, cells: Cells, by: Sequence[str]) -> pd.DataFrame:
    """Return the customers of each group `by`, split by everything the model knows about them.

    Columns: `by`, `reason, segment`, the bins, the standardized covariates and `weight` (contacts).
    """
    keys = list(dict.fromkeys([*by, "reason", "segment", *fit.bins]))
    people = cells.customers.summed(keys)
    people = people[people["contacts"] > 0].reset_index(drop=True)
    frame = pd.concat([people[keys], standardized(people, fit.scales)], axis=1)
    frame["weight"] = people["contacts"]
    return frame


def evaluate(fit: CellFit, pairs: pd.DataFrame, count: int) -> Posterior:
    """Evaluate targets given as pairs `target, weight` with all factors of the design."""
    targets: Targets = make_targets(fit.design, pairs, count, fit.bins, fit.contacts)
    return posterior_share(fit.fit, targets) if fit.logit else posterior(fit.fit, targets)


def answer_variance(fit: CellFit, mean: Array) -> Array:
    """Variance of one answer around its expectation: of a share that at the estimate, p (1 - p)."""
    return mean * (1 - mean) if fit.logit else np.full(len(mean), fit.variance)


def channel_targets(
    fit: CellFit, people: pd.DataFrame, groups: pd.DataFrame, by: Sequence[str], pools: pd.DataFrame
) -> pd.DataFrame:
    """Send groups of people to channels: one target per row of `groups`.

    Parameters
    ----------
    people
        As from `population`, keyed by `by`.
    groups
        Columns `by` and `to_channel`; the target number is the position of the row.
    pools
        As from `pools.complete_pool_mix`: the pools of a channel that would serve a type.
    """
    sent = groups.assign(target=np.arange(len(groups)))[[*by, "to_channel", "target"]]
    pairs = sent.merge(people.drop(columns="channel", errors="ignore"), on=list(by), how="inner")
    pairs = pairs.rename(columns={"to_channel": "channel"})
    keys = [name for name in ("entry_reason", "reason", "segment", "channel") if name in pools]
    pairs = pairs.merge(pools, on=keys, how="inner")
    pairs["weight"] = pairs["weight"] * pairs["share"]
    if "stage" not in pairs:
        pairs["stage"] = Stage.FIRST.value
    return pairs


def support_flags(
    fit: CellFit, first: Cells, rows: pd.DataFrame, people: pd.DataFrame, by: Sequence[str], effective: Array
) -> NDArray[np.str_]:
    """Flag each (reason, segment, to_channel) row of `rows` (step G).

    none: nobody with this reason was ever served there. extrapolated: fewer than 30 were, or nobody of this segment,
    or a severity bin with more than a fifth of the target's people has none of them. sparse: fewer than 20 effective
    answers. ok otherwise.

    Parameters
    ----------
    rows
        Columns `reason` (or `entry_reason`), `to_channel`, `by` and, unless all segments are meant, `segment`.
    people
        The groups of people as from `population`.
    effective
        Effective number of answers behind each row.
    """
    label = "entry_reason" if "entry_reason" in rows else "reason"
    wide = rows.merge(_count(first, [label, "channel"]), how="left", left_on=[label, "to_channel"], right_index=True)
    users = wide["contacts"].fillna(0.0).to_numpy(float)
    keys = [label, "segment"] if "segment" in rows else [label]
    own = rows.merge(_count(first, [*keys, "channel"]), how="left", left_on=[*keys, "to_channel"], right_index=True)
    missing = own["contacts"].fillna(0.0).to_numpy(float) <= 0
    gap = _bin_gap(fit, first, rows, people, by, label)
    flags = np.where(effective < MIN_EFFECTIVE, Support.SPARSE.value, Support.OK.value)
    flags = np.where((users < MIN_USERS) | missing | gap, Support.EXTRAPOLATED.value, flags)
    return np.where(users <= 0, Support.NONE.value, flags)


def _count(cells: Cells, keys: list[str]) -> pd.Series:
    return cells.customers.frame.groupby(keys)["contacts"].sum()


def _bin_gap(
    fit: CellFit, first: Cells, rows: pd.DataFrame, people: pd.DataFrame, by: Sequence[str], label: str
) -> NDArray[np.bool_]:
    """Say for which rows a bin of the strongest covariate with weight above .2 has no user of the channel."""
    if not fit.bins:
        return np.zeros(len(rows), dtype=bool)
    strongest = fit.bins[0]
    mix = people.groupby([*by, strongest], as_index=False)[["weight"]].sum()
    mix["part"] = mix["weight"] / mix.groupby(list(by))["weight"].transform("sum")
    heavy = mix[mix["part"] > _HEAVY_BIN]
    wide = rows.assign(row=np.arange(len(rows)))[list(dict.fromkeys([*by, label, "to_channel", "row"]))]
    wide = wide.merge(heavy, on=list(by), how="inner")
    seen = _count(first, [label, "channel", strongest]).rename("seen")
    wide = wide.merge(seen, how="left", left_on=[label, "to_channel", strongest], right_index=True)
    gap = np.zeros(len(rows), dtype=bool)
    gap[wide.loc[~(wide["seen"] > 0), "row"].to_numpy()] = True
    return gap


def interval_columns(mean: Array, sd: Array) -> dict[str, Array]:
    """Return `lower, upper` of the 90 % interval."""
    return {"lower": mean - Z90 * sd, "upper": mean + Z90 * sd}
