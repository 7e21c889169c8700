"""The master as a Pyomo model: its columns, and the rows of every constraint family."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pyomo.core as pyo

from solvers.flow.families import FAMILIES
from solvers.flow.groups import time_groups
from solvers.flow.network import Floats, FlowNetwork, Limits
from solvers.flow.one_split import divided_splits
from solvers.flow.queues import queued_pools
from solvers.flow.stations import counted_pools
from solvers.shifts.catalogue import Payroll

_POSITIVE = {"domain": pyo.NonNegativeReals}


def declare(network: FlowNetwork, limits: Limits, payroll: Payroll, paid_ratio: Floats, longest_h: Floats) -> Any:
    """Declare the columns of the master as a Pyomo model without rows.

    `paid_ratio` (pool,): least paid hours per person and interval on the floor; `longest_h` (pool,): most paid hours
    of a shift. `model.shrink` is 1/(1 + h).
    """
    model = pyo.ConcreteModel()
    model.net, model.limits, model.payroll = network, limits, payroll
    model.paid_ratio, model.longest_h = paid_ratio, longest_h
    model.groups = time_groups(network)
    model.times = range(len(model.groups.size))
    pools, flows = network.pools, network.flows
    model.flows_at = _members(flows.node, len(network.nodes.kind))
    model.flows_in = _members(flows.pair, len(network.pair_pool))
    model.pairs_of = _members(network.pair_pool, len(pools.queue))
    model.onward_from, model.onward_to = onward_groups(network)
    model.queued_pools = queued_pools(network)
    model.counted_pools = counted_pools(network, model.queued_pools)
    model.overflow_ratio = overflow_ratios(network)
    model.shrink = pyo.Param(mutable=True, initialize=1.0)
    _declare_flows(model, network)
    _declare_people(model, network, payroll)
    model.cx = pyo.Var(range(len(network.segment_min)))
    model.cx_mean = pyo.Var()
    model.staff = pyo.Var()
    model.cost = pyo.Var()
    model.goal = pyo.Objective(expr=model.cost)
    return model


def _declare_flows(model: Any, network: FlowNetwork) -> None:
    """Columns of contacts: flows, how they wait and are split, the work they bring and what spills over."""
    pools, flows = network.pools, network.flows
    queued = np.isin(flows.pool, model.queued_pools)
    curved = queued & (network.wait_hull_slope.max(axis=1, initial=0.0)[flows.pair] > 0)
    counted = np.isfinite(pools.rate_max) | pools.contracted | np.isin(np.arange(len(pools.queue)), model.counted_pools)
    links = range(len(network.overflow_from))
    model.flow = pyo.Var(range(len(flows.node)), **_POSITIVE)
    model.wait = pyo.Var([int(f) for f in np.flatnonzero(queued)], **_POSITIVE)
    model.loss = pyo.Var([int(f) for f in np.flatnonzero(curved)], **_POSITIVE)
    model.share = pyo.Var(divided_splits(network), bounds=(0.0, 1.0))
    model.onward = pyo.Var(range(len(model.onward_to)), **_POSITIVE)
    model.work = pyo.Var(range(len(network.pair_pool)), **_POSITIVE)
    model.volume = pyo.Var([int(p) for p in np.flatnonzero(counted[network.pair_pool])], **_POSITIVE)
    model.pay = pyo.Var([int(g) for g in np.flatnonzero(pools.contracted)], **_POSITIVE)
    model.total = pyo.Var(model.queued_pools, **_POSITIVE)
    model.surge = pyo.Var(links, model.times, **_POSITIVE)
    model.ebb = pyo.Var(links, model.times, **_POSITIVE)
    model.gain = pyo.Var(links, model.times)


def _declare_people(model: Any, network: FlowNetwork, payroll: Payroll) -> None:
    """Columns of people: those on the floor against those needed, the queue they leave, and the payroll."""
    staffed = [int(g) for g in np.flatnonzero(network.pools.staffed)]
    rostered = [g for g in staffed if payroll.rostered[g]]
    model.short = pyo.Var(model.queued_pools, **_POSITIVE)
    model.excess = pyo.Var(model.queued_pools, **_POSITIVE)
    model.offered = pyo.Var(staffed, model.times, **_POSITIVE)
    model.crew = pyo.Var(staffed, model.times, **_POSITIVE)
    model.queue = pyo.Var(model.queued_pools, model.times, **_POSITIVE)
    model.arrivals = pyo.Var(model.counted_pools, model.times, **_POSITIVE)
    model.paid = pyo.Var(staffed, range(network.days), **_POSITIVE)
    model.people = pyo.Var(staffed, range(network.days), **_POSITIVE)
    model.overtime = pyo.Var(rostered, **_POSITIVE)
    model.hires = pyo.Var(rostered, **_POSITIVE)


def onward_groups(network: FlowNetwork) -> tuple[list[list[tuple[int, float]]], list[list[tuple[int, float]]]]:
    """Group the next contacts of flows that go to the same nodes in the same proportions, stage by stage.

    Returns, per group, (flow, share of its served contacts that goes on) and (node, part of the group), which keeps
    the rows of later nodes short.
    """
    onward: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
    for f, n, share in zip(network.served_from, network.served_to, network.served_share, strict=True):
        if share > 0:
            onward[int(f), int(network.nodes.stage[n])].append((int(n), float(share)))
    found: dict[tuple[tuple[int, float], ...], tuple[list[tuple[int, float]], list[tuple[int, float]]]] = {}
    for (f, _), parts in onward.items():
        total = sum(share for _, share in parts)
        scaled = [(n, share / total) for n, share in parts]
        alike = tuple((n, round(part, 12)) for n, part in scaled)
        found.setdefault(alike, ([], scaled))[0].append((f, total))
    return [sources for sources, _ in found.values()], [targets for _, targets in found.values()]


def overflow_ratios(network: FlowNetwork) -> list[tuple[float, float]]:
    """Least and most agents a link's contacts take in the pool that gets them, for one in the pool that sends.

    Over the flows of nodes both pools serve; agents at full concurrency, so chat pools compare by their speeds.
    """
    flows, speed = network.flows, network.pools.speed
    work = {
        (int(n), int(g)): float(aht_s / speed[g])
        for n, g, aht_s in zip(flows.node, flows.pool, flows.aht_s, strict=True)
    }
    ratios = []
    for here, there in zip(map(int, network.overflow_from), map(int, network.overflow_to), strict=True):
        found = [work[n, there] / time for (n, g), time in work.items() if g == here and (n, there) in work]
        ratios.append((min(found, default=1.0), max(found, default=1.0)))
    return ratios


def _members(keys: Any, count: int) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = defaultdict(list, {k: [] for k in range(count)})
    for position, key in enumerate(keys):
        groups[int(key)].append(position)
    return groups


def add_families(model: Any, families: Any = FAMILIES) -> None:
    """Add the rows of constraint families, one indexed constraint each; `model.row_keys` says what each row is of."""
    model.row_keys = {}
    for family in families:
        block = pyo.ConstraintList()
        model.add_component(family.__name__, block)
        keys = model.row_keys[family.__name__] = []
        for key, row in family(model):
            if row is not True:
                block.add(row)
                keys.append(key)
