"""Turn a draft into the arrays of the flow network."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import sparse

from planner.operation.curves import HULL_LINES, bends, convex_hull_lines
from planner.operation.draft import Builder
from planner.operation.people import people_min
from planner.operation.problem import Weights
from planner.scenario.center import Discipline, Pool
from solvers.flow.network import FlowNetwork, Flows, Nodes, Pools, Queue

Weighted = list[tuple[int, float]]
"""Nodes that contacts go on to, with weights."""

QUEUES = {
    Discipline.LIVE_VOICE: Queue.VOICE,
    Discipline.LIVE_CHAT: Queue.CHAT,
    Discipline.DEFERRED: Queue.DEFERRED,
    Discipline.AUTOMATED: Queue.AUTOMATED,
}


def flow_weights(maker: Builder) -> Weights:
    """Link every flow to the rows of the experience model its score comes from."""
    flows = maker.draft.flows
    move = np.array([f["move"] for f in flows], dtype=np.int64)
    start, columns, weights = [0], list[int](), list[float]()
    for flow in flows:
        if flow["move"] >= 0:
            rows, own = maker.channel_weights(*maker.draft.nodes[int(flow["node"])][:2])
            columns += rows
            weights += own.tolist()
        start.append(len(columns))
    base = sparse.csr_array((weights, columns, start), shape=(len(flows), len(maker.outcomes["score"])), dtype=float)
    return Weights(np.array([f["row"] for f in flows], dtype=np.int64), move, base, np.zeros(len(flows)))


def _flows(maker: Builder, weights: Weights) -> Flows:
    """Outcomes of every flow; a mover's score is the old channel's users' in the new one, shifted by the pool."""
    experience = maker.scenario.experience
    comeback = 1.0 - experience.give_up_share.value
    frame = pd.DataFrame(maker.draft.flows)
    known = maker.outcomes["score"].astype(float)
    scores, moved = known[weights.row], weights.move >= 0
    scores[moved] += maker.moves["score"].astype(float)[weights.move[moved]]
    scores[moved] -= weights.base[moved] @ np.nan_to_num(known)
    return Flows(
        node=frame["node"].to_numpy(np.int64),
        pool=frame["pool"].to_numpy(np.int64),
        split=frame["split"].to_numpy(np.int64),
        pair=frame["pair"].to_numpy(np.int64),
        aht_s=frame["aht_s"].to_numpy(float),
        escalate=frame["escalate"].to_numpy(float),
        resolve=1.0 - np.clip(frame["p_return"].to_numpy() / max(comeback, 1e-9), 0.0, 1.0),
        comeback=np.full(len(frame), comeback),
        score=np.clip(scores, *experience.scale),
    )


def _nodes(maker: Builder) -> Nodes:
    columns = list(zip(*maker.draft.nodes, strict=True))
    kind, channel, stage, natural, steer = (np.array(c, dtype=np.int64) for c in columns[:5])
    acceptance, offer_cost, most = (np.array(c, dtype=float) for c in columns[5:])
    return Nodes(kind, channel, stage, natural, steer, acceptance, offer_cost, most)


def network_of(maker: Builder, natural: np.ndarray, weights: Weights) -> FlowNetwork:
    """Arrays of a finished draft; `natural` (type, channel) are the shares customers choose by themselves.

    `weights` say which rows of the experience model scores come from, see `flow_weights`.
    """
    scenario, draft, demand = maker.scenario, maker.draft, maker.demand
    experience = scenario.experience
    knots, bend, slope, offset = _pair_curves(maker)
    flows, served = _next_contacts(maker, _flows(maker, weights))
    splits, pairs = np.array(list(draft.splits), dtype=np.int64), np.array(list(draft.pairs), dtype=np.int64)
    opened = np.array(scenario.horizon.opened())
    floors = [s.cx_min if s.cx_min is not None else -np.inf for s in scenario.segments.values()]
    return FlowNetwork(
        pools=_pools(maker),
        nodes=_nodes(maker),
        flows=flows,
        issues=demand.issues,
        issue_weight=np.ones(len(demand.issues)),
        profile=demand.profile,
        natural=natural,
        served_from=served[0],
        served_to=served[1],
        served_share=served[2],
        redial_to=_redials(maker),
        split_kind=splits[:, 0],
        split_channel=splits[:, 1],
        split_pool=splits[:, 2],
        pair_pool=pairs[:, 0],
        pair_kind=pairs[:, 1],
        wait_knots_s=knots,
        wait_bend=bend,
        wait_hull_slope=slope,
        wait_hull_offset=offset,
        closed=np.zeros((len(maker.pools), scenario.horizon.intervals), dtype=bool),
        people_min=people_min(scenario),
        overflow_from=np.array([maker.pools.index(link.from_pool) for link in scenario.overflow], dtype=np.int64),
        overflow_to=np.array([maker.pools.index(link.to_pool) for link in scenario.overflow], dtype=np.int64),
        segment=np.array([maker.segments.index(s) for _, s in maker.types], dtype=np.int64),
        segment_min=np.array(floors, dtype=float),
        score_given_up=experience.score_given_up.value,
        score_abandoned=experience.score_abandoned.value,
        effort=experience.effort_per_extra_contact,
        abandon_max=scenario.limits.abandon_rate_max,
        interval_s=scenario.horizon.interval_s,
        intervals_per_day=scenario.horizon.intervals_per_day,
        program_cost=sum(part.fixed_cost for pool in scenario.pools.values() for part in pool.day_parts.values()),
        shut=None if opened.all() else ~opened,
    )


def _redials(maker: Builder) -> np.ndarray:
    """Node of those who try again: `redialed` after a first contact, the same stage after a later one."""
    target = []
    for flow in maker.draft.flows:
        kind, c, stage = maker.draft.nodes[int(flow["node"])][:3]
        target.append(maker.draft.later[kind, c, max(stage, 1)])
    return np.array(target, dtype=np.int64)


def _next_contacts(maker: Builder, flows: Flows) -> tuple[Flows, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Sparse next contacts of served flows; escalations without a pool that could take over become none."""
    returns = _destinations(maker.experience.returns, ("reason", "channel"), ("to_reason", "to_channel"))
    escalations = _destinations(maker.experience.escalations, ("channel",), ("to_channel",))
    escalate = flows.escalate.copy()
    comes_back = flows.comes_back
    triplets: list[tuple[int, int, float]] = []
    known: dict[tuple[int, int], tuple[Weighted, Weighted]] = {}
    for f, n in enumerate(flows.node):
        kind, c = maker.draft.nodes[int(n)][:2]
        if (kind, c) not in known:
            (reason, segment), channel = maker.types[kind], maker.channels[c]
            known[kind, c] = (
                _those_there((_escalated(maker, kind, t[0]), w) for t, w in escalations.get((channel,), [])),
                _those_there((_later(maker, r, segment, ch), w) for (r, ch), w in returns.get((reason, channel), []))
                or [(maker.draft.later[kind, c, 2], 1.0)],
            )
        over, again = known[kind, c]
        if escalate[f] > 0:
            total = sum(w for _, w in over)
            if total <= 0:
                escalate[f] = 0.0
            triplets += [(f, m, escalate[f] * w / total) for m, w in over if total > 0]
        back = comes_back[f] / max(1e-12, 1 - flows.escalate[f]) * (1 - escalate[f])
        total = sum(w for _, w in again)
        triplets += [(f, m, back * w / total) for m, w in again if back > 0]
    table = np.array(triplets, dtype=float).reshape(-1, 3)
    fixed = Flows(
        flows.node,
        flows.pool,
        flows.split,
        flows.pair,
        flows.aht_s,
        escalate,
        flows.resolve,
        flows.comeback,
        flows.score,
    )
    return fixed, (table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2])


def _those_there(goes: Iterable[tuple[int | None, float]]) -> Weighted:
    return [(node, weight) for node, weight in goes if node is not None]


def _escalated(maker: Builder, kind: int, channel: str) -> int | None:
    return maker.draft.later.get((kind, maker.channel_at[channel], 3)) if channel in maker.channel_at else None


def _later(maker: Builder, reason: str, segment: str, channel: str) -> int | None:
    if channel not in maker.channel_at or (reason, segment) not in maker.type_at:
        return None
    return maker.draft.later.get((maker.type_at[reason, segment], maker.channel_at[channel], 2))


def _destinations(
    frame: pd.DataFrame, keys: tuple[str, ...], to: tuple[str, ...]
) -> dict[tuple[str, ...], list[tuple[tuple[str, ...], float]]]:
    found: dict[tuple[str, ...], list[tuple[tuple[str, ...], float]]] = {}
    for row in frame.to_dict("records"):
        target = (tuple(str(row[t]) for t in to), float(row["share"]))
        found.setdefault(tuple(str(row[k]) for k in keys), []).append(target)
    return found


def _pair_curves(maker: Builder) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Wait curve of each (pool, type): knots and bends, and the lines of its convex lower hull."""
    nothing = np.array([0.0])
    groups = {
        key: (part["wait_s"].to_numpy(float), part["loss"].to_numpy(float))
        for key, part in maker.experience.wait_curve.groupby(["reason", "channel"])
    }
    patience = dict(zip(maker.experience.patience["channel"], maker.experience.patience["patience_s"], strict=True))
    curves = []
    for g, kind in maker.draft.pairs:
        channel = maker.channels[maker.channel_of[g]]
        knots, loss = groups.get((maker.types[kind][0], channel), (nothing, nothing))
        curves.append((knots, loss, patience.get(channel, np.inf)))
    width = max((len(k) for k, *_ in curves), default=1)
    knots_s, bend = np.zeros((len(curves), width)), np.zeros((len(curves), width))
    slope, offset = np.zeros((len(curves), HULL_LINES)), np.zeros((len(curves), HULL_LINES))
    known: dict[tuple[bytes, bytes, float], np.ndarray] = {}
    for p, (knots, loss, longest) in enumerate(curves):
        knots_s[p, : len(knots)] = knots
        bend[p, : len(knots)] = bends(knots, loss)
        key = (knots.tobytes(), loss.tobytes(), float(longest))
        if key not in known:
            known[key] = convex_hull_lines(knots, loss, longest)
        lines = known[key]
        slope[p, : len(lines)], offset[p, : len(lines)] = lines[:, 0], lines[:, 1]
    return knots_s, bend, slope, offset


def _pools(maker: Builder) -> Pools:
    scenario, pools = maker.scenario, list(maker.scenario.pools.values())
    patience = dict(zip(maker.experience.patience["channel"], maker.experience.patience["patience_s"], strict=True))
    slots = max([len(p.chat.total_speed) for p in pools if p.chat] + [1])
    chat_speed = np.full((len(pools), slots), np.nan)
    for g, pool in enumerate(pools):
        if pool.chat is not None:
            chat_speed[g, : len(pool.chat.total_speed)] = pool.chat.total_speed
    live = [p.discipline in (Discipline.LIVE_VOICE, Discipline.LIVE_CHAT) for p in pools]
    wait_s = [
        float(patience.get(p.channel, np.inf)) if is_live else np.inf for p, is_live in zip(pools, live, strict=True)
    ]
    redial = [
        scenario.channels[p.channel].redial.value if is_live else 0.0 for p, is_live in zip(pools, live, strict=True)
    ]
    lines = _contract_lines(pools)
    return Pools(
        queue=np.array([QUEUES[p.discipline] for p in pools], dtype=np.int64),
        patience_s=np.where(np.isfinite(wait_s), wait_s, np.inf),
        redial=np.array(redial),
        shrinkage=np.array([p.shrinkage.value if p.staffed else 0.0 for p in pools]),
        occupancy_max=np.array([p.occupancy_max for p in pools]),
        speed=np.array([p.chat.total_speed[-1] if p.chat else 1.0 for p in pools]),
        chat_speed=chat_speed,
        deadline_s=np.array([p.deadline_h * 3600 if p.deadline_h else np.inf for p in pools]),
        rate_max=np.array([p.max_contacts_per_interval or np.inf for p in pools]),
        wage_per_h=np.array([p.wage_per_h for p in pools]),
        contact_cost=np.array([p.cost_per_contact for p in pools]),
        fixed_cost=np.array([p.fixed_cost for p in pools]),
        contract_max=np.array([p.contract.max_contacts or np.inf if p.contract else np.inf for p in pools]),
        contract_slope=lines[:, :, 0],
        contract_offset=lines[:, :, 1],
    )


def _contract_lines(pools: list[Pool]) -> np.ndarray:
    """Lines of the contracts of pools, shape (pool, line, 2): slope and offset; the last one is repeated to fill up."""
    found = [p.contract.lines if p.contract else [(0.0, 0.0)] for p in pools]
    width = max(len(lines) for lines in found)
    return np.array([[*lines, *[lines[-1]] * (width - len(lines))] for lines in found], dtype=float)
