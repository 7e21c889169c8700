"""Rows on the contacts that come to a pool: rates, contracts, and what facets of waiting count besides load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyomo.core as pyo

Rule = Iterator[tuple[Any, Any]]


def pair_volume(model: Any) -> Rule:
    """volume[p] = Σ_{f ∈ p} flow[f] of pools whose contacts are counted."""
    for p in model.volume:
        yield p, model.volume[p] == pyo.quicksum(model.flow[f] for f in model.flows_in[p])


def pool_arrivals(model: Any) -> Rule:
    """arrivals[g,τ] = patience/interval·Σ_i profile[i,τ]·volume[g,i]: contacts that arrive while one is patient."""
    net = model.net
    for g in model.counted_pools:
        scale = float(net.pools.patience_s[g] / net.interval_s)
        for t in model.times:
            shares = [(float(model.groups.profile[net.pair_kind[p], t]) * scale, p) for p in model.pairs_of[g]]
            yield (
                (g, t),
                model.arrivals[g, t] == pyo.quicksum(share * model.volume[p] for share, p in shares if share > 0),
            )


def automated_rate(model: Any) -> Rule:
    """Σ_i profile[i,τ]·volume[g,i] <= rate_max[g]/(1 + h): sessions, rates and contracts."""
    net = model.net
    for g in map(int, np.flatnonzero(np.isfinite(net.pools.rate_max))):
        for t in model.times:
            arrivals = pyo.quicksum(
                float(model.groups.profile[net.pair_kind[p], t]) * model.volume[p] for p in model.pairs_of[g]
            )
            yield (g, t), arrivals <= float(net.pools.rate_max[g]) * model.shrink


def contract_volume(model: Any) -> Rule:
    """Σ_i volume[g,i] <= contract_max[g]/(1 + h): what a vendor takes."""
    net = model.net
    for g in map(int, np.flatnonzero(np.isfinite(net.pools.contract_max))):
        volume = pyo.quicksum(model.volume[p] for p in model.pairs_of[g])
        yield g, volume <= float(net.pools.contract_max[g]) * model.shrink


def contract_price(model: Any) -> Rule:
    """pay[g] >= slope_k·Σ_i volume[g,i] + offset_k: prices that never fall with volume, and what is committed."""
    net = model.net
    for g in model.pay:
        volume = pyo.quicksum(model.volume[p] for p in model.pairs_of[g])
        lines = zip(net.pools.contract_slope[g], net.pools.contract_offset[g], strict=True)
        for k, (slope, offset) in enumerate(dict.fromkeys(lines)):
            yield (g, k), model.pay[g] >= float(slope) * volume + float(offset)
