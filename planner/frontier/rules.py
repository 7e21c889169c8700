"""Ordered routing rules out of a plan's offers, shares and priorities."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from planner.operation.problem import FlowProblem
from planner.routing.facts import ANY
from planner.routing.table import rounded
from solvers.flow.solution import Routing

COLUMNS = [
    "rule",
    "entry_reason",
    "channel",
    "segment",
    "offer_from",
    "offer_to",
    "pool_from",
    "pool_to",
    "pool",
    "priority",
    "channel_offer",
    "overflow_pool",
    "overflow_after_s",
    "why",
]
CRUMB = 1e-6


def rules_of(problem: FlowProblem, routing: Routing) -> pd.DataFrame:
    """Write a plan's routing as first-hit rules, closed by a default row.

    Every (reason, segment, channel) has a range of the offer bucket per steer (and one for no offer) and a range of
    the pool bucket per pool. Reasons or segments that share the same answer share a row.
    """
    blocks: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for kind in range(len(problem.types)):
        for c in range(len(problem.channels)):
            pools = _pool_ranges(problem, routing, kind, c)
            if pools:
                blocks[kind, c] = [
                    {**offer, **pool} for offer in _offer_ranges(problem, routing, kind, c) for pool in pools
                ]
    rows = _merge(problem, blocks)
    rows += _defaults(problem, blocks)
    frame = pd.DataFrame(rows)
    frame = rounded(frame)
    frame["overflow_pool"] = None
    frame["overflow_after_s"] = None
    frame.insert(0, "rule", np.arange(1, len(frame) + 1))
    return frame[COLUMNS]


def _offer_ranges(problem: FlowProblem, routing: Routing, kind: int, c: int) -> list[dict[str, Any]]:
    nodes = problem.network.nodes
    steered = np.flatnonzero((nodes.steer >= 0) & (nodes.kind == kind) & (nodes.natural == c))
    edges: list[float] = [0.0]
    offers: list[str | None] = []
    for n in steered:
        if routing.offer[n] > CRUMB:
            edges.append(min(1.0, edges[-1] + float(routing.offer[n])))
            offers.append(problem.scenario.steers[problem.steers[int(nodes.steer[n])]].to_channel)
    if 1.0 - edges[-1] > CRUMB:
        edges.append(1.0)
        offers.append(None)
    else:
        edges[-1] = 1.0
    return [
        {"offer_from": a, "offer_to": b, "channel_offer": o} for (a, b), o in zip(pairwise(edges), offers, strict=True)
    ]


def _pool_ranges(problem: FlowProblem, routing: Routing, kind: int, c: int) -> list[dict[str, Any]]:
    network = problem.network
    members = np.flatnonzero((network.split_kind == kind) & (network.split_channel == c))
    members = members[routing.split[members] > CRUMB]
    if len(members) == 0:
        return []
    share = routing.split[members] / routing.split[members].sum()
    edges = np.concatenate([[0.0], np.cumsum(share)])
    edges[-1] = 1.0
    rows = []
    for k, split in enumerate(members):
        g = int(network.split_pool[split])
        pair = int(np.flatnonzero((network.pair_pool == g) & (network.pair_kind == kind))[0])
        rows.append(
            {
                "pool_from": float(edges[k]),
                "pool_to": float(edges[k + 1]),
                "pool": problem.pools[g],
                "priority": int(routing.priority[pair]),
            }
        )
    return rows


def _merge(problem: FlowProblem, blocks: dict[tuple[int, int], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """One row per range; a reason whose segments all agree gets one row for any segment."""
    rows = []
    reasons = list(dict.fromkeys(reason for reason, _ in problem.types))
    for c, channel in enumerate(problem.channels):
        for reason in reasons:
            kinds = [k for k, (r, _) in enumerate(problem.types) if r == reason and (k, c) in blocks]
            if len(kinds) == len(problem.segments) and all(blocks[k, c] == blocks[kinds[0], c] for k in kinds):
                rows += [_row(reason, channel, ANY, part) for part in blocks[kinds[0], c]]
            else:
                rows += [_row(reason, channel, problem.types[k][1], part) for k in kinds for part in blocks[k, c]]
    return rows


def _row(reason: str, channel: str, segment: str, part: dict[str, Any]) -> dict[str, Any]:
    why = f"{reason} in {channel} goes to {part['pool']}"
    if part["pool_to"] - part["pool_from"] < 1 - CRUMB:
        why += f" for {part['pool_to'] - part['pool_from']:.0%} of contacts"
    if part["channel_offer"]:
        why += f"; {part['offer_to'] - part['offer_from']:.0%} are offered {part['channel_offer']}"
    return {"entry_reason": reason, "channel": channel, "segment": segment, **part, "why": why}


def _defaults(problem: FlowProblem, blocks: dict[tuple[int, int], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """A row per channel for unknown reasons or segments (its most used pool), then one for everything else."""
    volume: dict[tuple[int, str], float] = {}
    for (kind, c), parts in blocks.items():
        for part in parts:
            weight = (part["pool_to"] - part["pool_from"]) * (part["offer_to"] - part["offer_from"])
            key = (c, part["pool"])
            volume[key] = volume.get(key, 0.0) + weight * float(problem.network.issues[kind] + 1e-9)
    whole = {"offer_from": 0.0, "offer_to": 1.0, "pool_from": 0.0, "pool_to": 1.0, "priority": 0, "channel_offer": None}
    humans = {p for p, pool in problem.scenario.pools.items() if pool.staffed}
    rows = []
    for c, channel in enumerate(problem.channels):
        here = {pool: v for (cc, pool), v in volume.items() if cc == c}
        if here:
            pool = max(here, key=lambda p: (p in humans, here[p], p))
            rows.append(
                {
                    "entry_reason": ANY,
                    "channel": channel,
                    "segment": ANY,
                    **whole,
                    "pool": pool,
                    "why": f"reason or segment unknown: the pool that serves most of {channel}",
                }
            )
    overall: dict[str, float] = {}
    for (_, pool), v in volume.items():
        overall[pool] = overall.get(pool, 0.0) + v
    pool = max(overall, key=lambda p: (p in humans, overall[p], p))
    rows.append(
        {"entry_reason": ANY, "channel": ANY, "segment": ANY, **whole, "pool": pool, "why": "default: everything else"}
    )
    return rows
