"""Scenario, experience and demand become one flow network."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from planner.demand.model import Demand
from planner.errors import Issue, ScenarioError
from planner.experience.model import STAGES, ExperienceModel, Support
from planner.operation.curves import HULL_LINES, bends, convex_hull_lines
from planner.operation.people import build_catalogue, build_payroll
from planner.operation.problem import FlowProblem, Weights
from planner.scenario import Scenario
from planner.scenario.center import Discipline
from planner.scenario.scenario import Measure, Period
from solvers.flow.network import FlowNetwork, Flows, Limits, Nodes, Pools, Promises, Queue
from solvers.flow.solution import Instance

QUEUES = {
    Discipline.LIVE_VOICE: Queue.VOICE,
    Discipline.LIVE_CHAT: Queue.CHAT,
    Discipline.DEFERRED: Queue.DEFERRED,
    Discipline.AUTOMATED: Queue.AUTOMATED,
}
MEASURES = {
    Measure.SERVICE_LEVEL: 0,
    Measure.ASA_S: 1,
    Measure.ABANDON_RATE: 2,
    Measure.DEADLINE_KEPT: 3,
}
THIN = (Support.SPARSE, Support.EXTRAPOLATED)
THIN_GROWTH = 2.0  # thin support: contacts in a cell may at most double


@dataclass
class _Draft:
    """Lists of nodes and flows while the network is drawn up."""

    nodes: list[tuple[int, int, int, int, int, float, float, float]] = field(default_factory=list)
    later: dict[tuple[int, int, int], int] = field(default_factory=dict)
    flows: list[dict[str, float]] = field(default_factory=list)
    splits: dict[tuple[int, int, int], int] = field(default_factory=dict)
    pairs: dict[tuple[int, int], int] = field(default_factory=dict)
    support: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Builder:
    """Labels, lookups and the draft; used once by `build_problem`."""

    def __init__(self, scenario: Scenario, experience: ExperienceModel, demand: Demand) -> None:
        self.scenario, self.experience, self.demand = scenario, experience, demand
        self.types = demand.types
        self.channels, self.pools = tuple(scenario.channels), tuple(scenario.pools)
        self.segments, self.steers = tuple(scenario.segments), tuple(scenario.steers)
        self.draft = _Draft()
        outcomes = experience.outcomes.reset_index(drop=True)
        keys = zip(outcomes["reason"], outcomes["segment"], outcomes["pool"], outcomes["stage"], strict=True)
        self.row_of = {key: k for k, key in enumerate(keys)}
        self.outcomes = outcomes
        moves = experience.moves
        keys = zip(moves["reason"], moves["segment"], moves["from_channel"], moves["to_channel"], strict=True)
        self.move_of = {key: k for k, key in enumerate(keys)}
        self.channel_of = [self.channels.index(scenario.pools[p].channel) for p in self.pools]

    def serving(self, kind: int, channel: int) -> list[int]:
        """Pools that may serve a type in a channel and whose score is known."""
        reason, segment = self.types[kind]
        found = []
        for g, name in enumerate(self.pools):
            row = self.row_of.get((reason, segment, name, "first"))
            if self.channel_of[g] == channel and row is not None and np.isfinite(self.outcomes["score"].iloc[row]):
                found.append(g)
        return found


def build_problem(scenario: Scenario, experience: ExperienceModel, demand: Demand) -> FlowProblem:
    """Draw up the flow network of a scenario.

    Raises
    ------
    ScenarioError
        A contact type arrives in a channel where no pool with a known score may serve it and nothing takes over.
    """
    maker = _Builder(scenario, experience, demand)
    natural = _natural_with_pools(maker)
    _draw_first_nodes(maker, natural)
    _draw_later_nodes(maker)
    _draw_flows(maker)
    network = _network(maker, natural)
    kinds = tuple(scenario.shifts)
    catalogues: dict[tuple[str, ...], object] = {}
    for pool in scenario.pools.values():
        if pool.staffed and pool.shifts not in catalogues:
            catalogues[pool.shifts] = build_catalogue(scenario, pool, kinds)
    instance = Instance(
        network=network,
        promises=_promises(scenario, maker.pools),
        limits=_limits(scenario, maker.pools),
        payroll=build_payroll(scenario),
        catalogues=tuple(catalogues[p.shifts] if p.staffed else None for p in scenario.pools.values()),  # type: ignore[misc]
    )
    return FlowProblem(
        scenario=scenario,
        experience=experience,
        demand=demand,
        types=maker.types,
        channels=maker.channels,
        pools=maker.pools,
        segments=maker.segments,
        steers=maker.steers,
        promise_names=tuple(scenario.promises),
        seat_names=tuple(scenario.limits.seats),
        shift_kinds=kinds,
        starts=demand.starts,
        instance=instance,
        weights=_weights(maker),
        support=tuple(maker.draft.support),
        notes=tuple(maker.draft.notes),
    )


def _natural_with_pools(maker: _Builder) -> np.ndarray:
    """Natural channel shares; arrivals nobody may serve there are handed to where the channel escalates to."""
    natural = maker.demand.natural.copy()
    goes = {e.from_channel: e.to_channel for e in maker.scenario.escalations}
    for row in maker.experience.escalations.sort_values("share").itertuples():
        goes.setdefault(str(row.channel), str(row.to_channel))
    problems = []
    for kind, (reason, segment) in enumerate(maker.types):
        for c, channel in enumerate(maker.channels):
            if natural[kind, c] <= 0 or maker.serving(kind, c):
                continue
            target = maker.channels.index(goes[channel]) if goes.get(channel) in maker.channels else -1
            if target >= 0 and maker.serving(kind, target):
                natural[kind, target] += natural[kind, c]
                maker.draft.notes.append(
                    f"{reason} / {segment}: no pool may serve it in {channel}; its contacts go to {goes[channel]}"
                )
            elif maker.demand.issues[kind] > 0:
                message = (
                    f"{natural[kind, c]:.1%} of {reason} / {segment} arrive in {channel}, where no pool with a known "
                    "score may serve them; state experience.outcomes (score) for it, let a pool serve it, or add an "
                    "escalation from this channel"
                )
                problems.append(Issue(maker.scenario.name, None, None, f"reasons.{reason}", message))
            natural[kind, c] = 0.0
    if problems:
        raise ScenarioError(problems)
    total = natural.sum(axis=1, keepdims=True)
    return np.asarray(natural / np.where(total > 0, total, 1.0))


def _draw_first_nodes(maker: _Builder, natural: np.ndarray) -> None:
    scenario, draft = maker.scenario, maker.draft
    for kind, (reason, segment) in enumerate(maker.types):
        for a, channel in enumerate(maker.channels):
            if natural[kind, a] <= 0:
                continue
            draft.nodes.append((kind, a, 0, a, -1, 1.0, 0.0, np.inf))
            for k, steer in enumerate(scenario.steers.values()):
                c = maker.channels.index(steer.to_channel)
                offered = (
                    steer.from_channel == channel
                    and (steer.reasons is None or reason in steer.reasons)
                    and (steer.segments is None or segment in steer.segments)
                    and steer.acceptance.value > 0
                )
                if not offered or not maker.serving(kind, c):
                    continue
                most = _most_moved(maker, kind, channel, steer.to_channel, natural)
                draft.nodes.append((kind, c, 0, a, k, steer.acceptance.value, steer.cost_per_offer, most))


def _most_moved(maker: _Builder, kind: int, source: str, target: str, natural: np.ndarray) -> float:
    """Most contacts a steer may move where support of the move is thin: as many as are there today; 0 without any."""
    row = maker.move_of.get((*maker.types[kind], source, target))
    support = Support.NONE if row is None else Support(maker.experience.moves["support"].iloc[row])
    if support is Support.NONE:
        return 0.0
    if support in THIN:
        users = maker.demand.issues[kind] * natural[kind, maker.channels.index(target)]
        return float((THIN_GROWTH - 1.0) * users)
    return np.inf


def _draw_later_nodes(maker: _Builder) -> None:
    draft = maker.draft
    for kind in range(len(maker.types)):
        for c in range(len(maker.channels)):
            if maker.serving(kind, c):
                for stage in (1, 2, 3):
                    draft.later[kind, c, stage] = len(draft.nodes)
                    draft.nodes.append((kind, c, stage, -1, -1, 1.0, 0.0, np.inf))


def _draw_flows(maker: _Builder) -> None:
    draft = maker.draft
    for n, (kind, c, stage, a, steer, *_) in enumerate(draft.nodes):
        reason, segment = maker.types[kind]
        for g in maker.serving(kind, c):
            row = maker.row_of[reason, segment, maker.pools[g], str(STAGES[stage])]
            outcome = maker.outcomes.iloc[row]
            move = -1
            if steer >= 0:
                move = maker.move_of.get((reason, segment, maker.channels[a], maker.channels[c]), -1)
            split = draft.splits.setdefault((kind, c, g), len(draft.splits))
            pair = draft.pairs.setdefault((g, kind), len(draft.pairs))
            draft.flows.append(
                {
                    "node": n,
                    "pool": g,
                    "split": split,
                    "pair": pair,
                    "row": row,
                    "move": move,
                    "aht_s": float(outcome["aht_s"]) if np.isfinite(outcome["aht_s"]) else 0.0,
                    "escalate": float(np.nan_to_num(outcome["p_escalate"])),
                    "p_return": _p_return(maker, kind, c, g, float(np.nan_to_num(outcome["p_return"])), move),
                }
            )
            support = outcome["support"] if move < 0 else maker.experience.moves["support"].iloc[move]
            draft.support.append(str(support))


def _p_return(maker: _Builder, kind: int, c: int, g: int, own: float, move: int) -> float:
    """Share that returns; for those who moved the mover's share, shifted by how far the pool lies from its channel."""
    if move < 0:
        return own
    moved = float(maker.experience.moves["p_return"].iloc[move])
    if not np.isfinite(moved):
        return own
    mean = float(_channel_weights(maker, kind, c) @ np.nan_to_num(maker.outcomes["p_return"].to_numpy(float)))
    return float(np.clip(moved + own - mean, 0.0, 0.95))


def _channel_weights(maker: _Builder, kind: int, c: int) -> np.ndarray:
    """Weights over outcome rows that give a channel's mean over its pools (by contacts; equal where none are known)."""
    reason, segment = maker.types[kind]
    rows = [maker.row_of[reason, segment, maker.pools[g], "first"] for g in maker.serving(kind, c)]
    contacts = np.nan_to_num(maker.outcomes["n_contacts"].to_numpy(float)[rows])
    share = contacts / contacts.sum() if contacts.sum() > 0 else np.full(len(rows), 1 / len(rows))
    weights = np.zeros(len(maker.outcomes))
    weights[rows] = share
    return weights


def _weights(maker: _Builder) -> Weights:
    flows = maker.draft.flows
    move = np.array([f["move"] for f in flows], dtype=np.int64)
    base = np.zeros((len(flows), len(maker.outcomes)))
    for f in np.flatnonzero(move >= 0):
        kind, c = maker.draft.nodes[int(flows[f]["node"])][:2]
        base[f] = _channel_weights(maker, kind, c)
    return Weights(np.array([f["row"] for f in flows], dtype=np.int64), move, base)


def _network(maker: _Builder, natural: np.ndarray) -> FlowNetwork:
    scenario, draft, demand = maker.scenario, maker.draft, maker.demand
    experience = scenario.experience
    nodes = list(zip(*draft.nodes, strict=True))
    comeback = 1.0 - experience.give_up_share.value
    frame = pd.DataFrame(draft.flows)
    weights = _weights(maker)
    scores = maker.outcomes["score"].to_numpy(float)[weights.row]
    moved = weights.move >= 0
    moves = maker.experience.moves["score"].to_numpy(float)
    mean = weights.base[moved] @ np.nan_to_num(maker.outcomes["score"].to_numpy(float))
    scores[moved] += moves[weights.move[moved]] - mean
    low, high = experience.scale
    knots, bend, slope, offset = _pair_curves(maker)
    resolve = 1.0 - np.clip(frame["p_return"].to_numpy() / max(comeback, 1e-9), 0.0, 1.0)
    flows = Flows(
        node=frame["node"].to_numpy(np.int64),
        pool=frame["pool"].to_numpy(np.int64),
        split=frame["split"].to_numpy(np.int64),
        pair=frame["pair"].to_numpy(np.int64),
        aht_s=frame["aht_s"].to_numpy(float),
        escalate=frame["escalate"].to_numpy(float),
        resolve=resolve,
        comeback=np.full(len(frame), comeback),
        score=np.clip(scores, low, high),
    )
    flows, served = _next_contacts(maker, flows)
    splits, pairs = np.array(list(draft.splits), dtype=np.int64), np.array(list(draft.pairs), dtype=np.int64)
    floors = [s.cx_min if s.cx_min is not None else -np.inf for s in scenario.segments.values()]
    return FlowNetwork(
        pools=_pools(maker),
        nodes=Nodes(*(np.array(c, dtype=np.int64) for c in nodes[:5]), *(np.array(c, dtype=float) for c in nodes[5:])),
        flows=flows,
        issues=demand.issues,
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
        segment=np.array([maker.segments.index(s) for _, s in maker.types], dtype=np.int64),
        segment_min=np.array(floors, dtype=float),
        score_given_up=experience.score_given_up.value,
        score_abandoned=experience.score_abandoned.value,
        effort=experience.effort_per_extra_contact,
        abandon_max=scenario.limits.abandon_rate_max,
        interval_s=scenario.horizon.interval_s,
        intervals_per_day=scenario.horizon.intervals_per_day,
    )


def _redials(maker: _Builder) -> np.ndarray:
    """Node of those who try again: `redialed` after a first contact, the same stage after a later one."""
    target = []
    for flow in maker.draft.flows:
        kind, c, stage = maker.draft.nodes[int(flow["node"])][:3]
        target.append(maker.draft.later[kind, c, max(stage, 1)])
    return np.array(target, dtype=np.int64)


def _next_contacts(maker: _Builder, flows: Flows) -> tuple[Flows, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Sparse next contacts of served flows; escalations without a pool that could take over become none."""
    returns = _destinations(maker.experience.returns, ("reason", "channel"), ("to_reason", "to_channel"))
    escalations = _destinations(maker.experience.escalations, ("channel",), ("to_channel",))
    escalate = flows.escalate.copy()
    comes_back = flows.comes_back
    triplets: list[tuple[int, int, float]] = []
    for f, n in enumerate(flows.node):
        kind, c = maker.draft.nodes[int(n)][:2]
        (reason, segment), channel = maker.types[kind], maker.channels[c]
        if escalate[f] > 0:
            goes = [
                (maker.draft.later.get((kind, maker.channels.index(t[0]), 3)), w)
                for t, w in escalations.get((channel,), [])
                if t[0] in maker.channels
            ]
            goes = [(m, w) for m, w in goes if m is not None]
            total = sum(w for _, w in goes)
            if total <= 0:
                escalate[f] = 0.0
            triplets += [(f, int(m), escalate[f] * w / total) for m, w in goes if m is not None and total > 0]
        back = comes_back[f] / max(1e-12, 1 - flows.escalate[f]) * (1 - escalate[f])
        goes = [(_later(maker, r, segment, ch), w) for (r, ch), w in returns.get((reason, channel), [])]
        goes = [(m, w) for m, w in goes if m is not None] or [(maker.draft.later[kind, c, 2], 1.0)]
        total = sum(w for _, w in goes)
        triplets += [(f, int(m), back * w / total) for m, w in goes if m is not None and back > 0]
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


def _later(maker: _Builder, reason: str, segment: str, channel: str) -> int | None:
    if channel not in maker.channels or (reason, segment) not in maker.types:
        return None
    return maker.draft.later.get((maker.types.index((reason, segment)), maker.channels.index(channel), 2))


def _destinations(
    frame: pd.DataFrame, keys: tuple[str, ...], to: tuple[str, ...]
) -> dict[tuple[str, ...], list[tuple[tuple[str, ...], float]]]:
    found: dict[tuple[str, ...], list[tuple[tuple[str, ...], float]]] = {}
    for row in frame.to_dict("records"):
        target = (tuple(str(row[t]) for t in to), float(row["share"]))
        found.setdefault(tuple(str(row[k]) for k in keys), []).append(target)
    return found


def _pair_curves(maker: _Builder) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Wait curve of each (pool, type): knots and bends, and the lines of its convex lower hull."""
    groups = {key: part for key, part in maker.experience.wait_curve.groupby(["reason", "channel"])}
    patience = dict(zip(maker.experience.patience["channel"], maker.experience.patience["patience_s"], strict=True))
    curves = []
    for g, kind in maker.draft.pairs:
        part = groups.get((maker.types[kind][0], maker.channels[maker.channel_of[g]]))
        knots = np.array([0.0]) if part is None else part["wait_s"].to_numpy(float)
        loss = np.array([0.0]) if part is None else part["loss"].to_numpy(float)
        channel = maker.channels[maker.channel_of[g]]
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


def _pools(maker: _Builder) -> Pools:
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
    )


def _promises(scenario: Scenario, pools: tuple[str, ...]) -> Promises:
    length = {
        Period.INTERVAL: 1,
        Period.DAY: scenario.horizon.intervals_per_day,
        Period.WEEK: scenario.horizon.intervals,
        Period.MONTH: scenario.horizon.intervals,
    }
    rows = list(scenario.promises.values())
    return Promises(
        pools=np.array([[p in row.pools for p in pools] for row in rows], dtype=bool).reshape(len(rows), len(pools)),
        measure=np.array([MEASURES[row.measure] for row in rows], dtype=np.int64),
        target=np.array([row.target for row in rows], dtype=float),
        within_s=np.array([row.answer_within_s for row in rows], dtype=float),
        period_intervals=np.array([length[row.period] for row in rows], dtype=np.int64),
    )


def _limits(scenario: Scenario, pools: tuple[str, ...]) -> Limits:
    seats = list(scenario.limits.seats.values())
    budget = scenario.limits.budget_max
    return Limits(
        budget=np.inf if budget is None else budget,
        seat_pools=np.array([[p in s.pools for p in pools] for s in seats], dtype=bool).reshape(len(seats), len(pools)),
        seat_max=np.array([s.max for s in seats], dtype=float),
    )
