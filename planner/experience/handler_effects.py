"""What the attempt and the pool do to a contact's outcome, from the same fit as channels and waits."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from planner.experience.design import Design
from planner.experience.estimated import Fits
from planner.experience.hierarchical import Array, BlockFit
from planner.experience.model import Stage
from planner.experience.targets import interval_columns

_NUMBERS = ["effect", "sd", "lower", "upper", "contacts"]
_Source = tuple[Design, BlockFit, pd.DataFrame]


def stage_effects(fits: Fits) -> pd.DataFrame:
    """Effect of a later attempt against the first, on those who make it, at the same channel, wait and hour.

    Columns: `stage, effect, sd, lower, upper, contacts` (points of the outcome; 90 % interval); no rows where history
    holds one stage only. Customers who come back may differ in what nobody recorded: that is part of the effect.
    """
    found = _source(fits, "stage")
    if found is None or Stage.FIRST.value not in found[0].levels["stage"]:
        return pd.DataFrame(columns=["stage", *_NUMBERS])
    design, fit, groups = found
    later = groups[groups["stage"] != Stage.FIRST.value].reset_index(drop=True)
    change = design.matrix(later) - design.matrix(later.assign(stage=Stage.FIRST.value))
    return _effects(later[["stage"]], later["contacts"].to_numpy(float), change, fit)


def pool_effects(fits: Fits) -> pd.DataFrame:
    """Effect of a pool against today's mix of the pools of its channel, on all contacts of the channel.

    Columns: `channel, pool, effect, sd, lower, upper, contacts` (points of the outcome; 90 % interval); no rows for
    channels with one pool. Pools that get the harder contacts are compared at equal reasons and covariates.
    """
    found = _source(fits, "pool")
    if found is None:
        return pd.DataFrame(columns=["channel", "pool", *_NUMBERS])
    design, fit, groups = found
    served = groups.groupby(["channel", "reason", "pool"], as_index=False)[["contacts"]].sum()
    pools = served[["channel", "pool"]].drop_duplicates()
    pools = pools[pools.groupby("channel")["pool"].transform("size") > 1]
    pairs = pools.merge(served.rename(columns={"pool": "today"}), on="channel").reset_index(drop=True)
    fixed = {name: groups[name].iloc[0] for name in design.levels if name not in ("reason", "channel", "pool")}
    slopes = {term.slope: 0.0 for term in design.terms if term.slope is not None}
    frame = pairs.assign(**fixed, **slopes)
    change = design.matrix(frame) - design.matrix(frame.assign(pool=frame["today"]))
    table = _effects(pairs[["channel", "pool"]], pairs["contacts"].to_numpy(float), change, fit)
    own = served.groupby(["channel", "pool"])["contacts"].sum()
    return table.assign(contacts=own.reindex(pd.MultiIndex.from_frame(table[["channel", "pool"]])).to_numpy(float))


def _source(fits: Fits, factor: str) -> _Source | None:
    """Return the joint fit with waits; without waits that of final contacts, if it is in points."""
    joint, final = fits.waits.joint, fits.final
    found: _Source | None = None
    if joint is not None:
        found = joint.design, joint.fit, joint.split.groups
    elif final is not None and not final.logit:
        found = final.design, final.fit, final.groups
    if found is None or not any(factor in term.factors for term in found[0].terms):
        return None
    return found


def _effects(labels: pd.DataFrame, weight: Array, change: sparse.csr_matrix, fit: BlockFit) -> pd.DataFrame:
    """Weighted mean of changes of design rows per label, with its posterior."""
    code, keys = pd.factorize(pd.MultiIndex.from_frame(labels), sort=True)
    total = np.bincount(code, weights=weight)
    mix = sparse.csr_matrix((weight / total[code], (code, np.arange(len(code)))), shape=(len(keys), len(code)))
    loading = np.asarray((mix @ change).todense())
    means = fit.mean @ loading.T
    effect = means.mean(axis=0)
    sd = np.sqrt(np.maximum(((loading @ fit.covariance[0]) * loading).sum(axis=1) + means.var(axis=0), 0.0))
    named = keys.to_frame(index=False)
    named.columns = pd.Index(list(labels.columns))
    return named.assign(effect=effect, sd=sd, **interval_columns(effect, sd), contacts=total)
