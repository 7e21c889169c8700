"""Overflow of a plan as tables that a routing team can carry out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.frontier.shown import Shown
from planner.operation.problem import FlowProblem
from planner.routing.overflow import ANY, SHARES, TYPES
from solvers.flow.network import Floats
from solvers.flow.spread import link_splits


def overflow_table(shown: Shown) -> pd.DataFrame:
    """Share of a pool's contacts that another pool serves, by link and interval; intervals without any are left out.

    The ranges of a pool's links in an interval follow each other from 0, in the order of the scenario's links.
    """
    problem, over = shown.problem, shown.routing.overflow
    network = problem.network
    if over is None:
        return pd.DataFrame(columns=["plan", *SHARES])
    end = np.zeros_like(over)
    for link, pool in enumerate(network.overflow_from):
        end[link] = over[: link + 1][network.overflow_from[: link + 1] == pool].sum(axis=0)
    links, place = np.nonzero(over[:, network.opened])
    intervals = network.opened[place]
    return pd.DataFrame(
        {
            "plan": shown.key,
            "from_pool": [problem.pools[g] for g in network.overflow_from[links]],
            "to_pool": [problem.pools[g] for g in network.overflow_to[links]],
            "interval": [problem.starts[t].isoformat(timespec="minutes") for t in intervals],
            "share": over[links, intervals],
            "bucket_from": (end - over)[links, intervals],
            "bucket_to": end[links, intervals],
            "contacts": np.round(_sent(shown, over)[links, intervals], 6),
        }
    )


def _sent(shown: Shown, over: Floats) -> Floats:
    """Contacts sent over each link in each interval, shape (link, interval)."""
    network, state = shown.problem.network, shown.evaluation.state
    flows, nodes = network.flows, network.nodes
    group = nodes.kind[flows.node] * network.natural.shape[1] + nodes.channel[flows.node]
    volume = np.bincount(group, state.volume, network.natural.size)
    sent = np.zeros_like(over)
    for link in range(len(over)):
        ours, _ = link_splits(network, link)
        kinds = network.split_kind[ours]
        routed = volume[kinds * network.natural.shape[1] + network.split_channel[ours]] * shown.routing.split[ours]
        sent[link] = over[link] * (routed @ network.profile[kinds])
    return sent


def overflow_types_table(shown: Shown) -> pd.DataFrame:
    """Who may be sent over the links a plan uses, with their priority there; equal segments share a row."""
    problem, rows = shown.problem, []
    network = problem.network
    over = np.zeros((0, 0)) if shown.routing.overflow is None else shown.routing.overflow
    priority = {
        (int(g), int(k)): int(shown.routing.priority[p])
        for p, (g, k) in enumerate(zip(network.pair_pool, network.pair_kind, strict=True))
    }
    for link in np.flatnonzero(over.any(axis=1)):
        ours, _ = link_splits(network, int(link))
        ends = (int(network.overflow_from[link]), int(network.overflow_to[link]))
        ranks = {int(kind): priority[ends[1], int(kind)] for kind in network.split_kind[ours]}
        for reason, segment, rank in _merged(problem, ranks):
            rows.append((shown.key, *(problem.pools[g] for g in ends), reason, segment, rank))
    return pd.DataFrame(rows, columns=["plan", *TYPES])


def _merged(problem: FlowProblem, ranks: dict[int, int]) -> list[tuple[str, str, int]]:
    """Types as (reason, segment, rank); a reason whose segments all agree gets one row for any segment."""
    rows: list[tuple[str, str, int]] = []
    for reason in dict.fromkeys(reason for reason, _ in problem.types):
        own = [(problem.types[k][1], rank) for k, rank in ranks.items() if problem.types[k][0] == reason]
        if len(own) == len(problem.segments) and len({rank for _, rank in own}) == 1:
            rows.append((reason, ANY, own[0][1]))
        else:
            rows += [(reason, segment, rank) for segment, rank in own]
    return rows
