"""Generated centers of any size as arrays: the same numbers make the same center. For growth, scale and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.operation.curves import HULL_LINES, bends, convex_hull_lines
from solvers.flow.decode import even_split
from solvers.flow.network import Decision, FlowNetwork, Flows, Limits, Nodes, Pools, Promises, Queue
from solvers.flow.solution import Instance
from solvers.flow.steady_state import steady_state
from solvers.shifts.catalogue import Catalogue, Payroll

VOICE, CHAT, MAIL, VIDEO, PORTAL, ASSISTANT = range(6)
NATURAL = np.array([0.42, 0.20, 0.12, 0.04, 0.12, 0.10])
AHT_S = np.array([760.0, 1200.0, 900.0, 1000.0, 0.0, 0.0])
SCORE = np.array([4.05, 3.85, 3.65, 4.15, 3.55, 3.45])
P_RETURN = np.array([0.10, 0.12, 0.18, 0.08, 0.20, 0.22])
ESCALATE = np.array([0.0, 0.05, 0.0, 0.0, 0.0, 0.28])
PATIENCE_S = np.array([240.0, 400.0, np.inf, 300.0, np.inf, np.inf])
REDIAL = np.array([0.5, 0.35, 0.0, 0.4, 0.0, 0.0])
STEERS = (  # from, to, acceptance, money per offer
    (VOICE, CHAT, 0.22, 0.02),
    (VOICE, PORTAL, 0.20, 0.06),
    (VOICE, ASSISTANT, 0.16, 0.02),
    (CHAT, ASSISTANT, 0.30, 0.01),
    (MAIL, CHAT, 0.30, 0.01),
)
KNOTS_S, LOSS = np.array([0.0, 30.0, 120.0, 300.0]), np.array([0.0, 0.0, 0.35, 0.9])
CHAT_SPEED = np.array([1.0, 1.65, 2.1])
GIVE_UP, STAGE_AHT, STAGE_SCORE = 0.12, np.array([1.0, 1.0, 1.25, 1.2]), np.array([0.0, 0.0, -0.2, -0.1])
CAP = 0.87


@dataclass(frozen=True)
class Size:
    """What a center is as large as.

    `reasons`, `segments`; `pools` per channel (voice, chat, e-mail, video, portal, assistant); `days` of `per_day`
    intervals of `interval_min` from `opens_h`; `contacts` a week; `rough` standard deviation of an interval's demand in
    logs; `rigid`: shifts of eight hours that start on the hour, else of four, six and eight at every quarter or half.
    """

    reasons: int
    segments: int
    pools: tuple[int, int, int, int, int, int]
    contacts: float
    per_day: int
    interval_min: int
    opens_h: float = 0.0
    days: int = 7
    rough: float = 0.1
    rigid: bool = False
    seed: int = 1


LARGE = Size(40, 5, (14, 8, 4, 2, 1, 1), 500_000.0, 96, 15, rough=0.3)
"""40 reasons, 5 segments, 6 channels, 30 pools, 672 quarter hours."""

MIDDLE = Size(12, 3, (3, 2, 1, 0, 1, 1), 40_000.0, 28, 30, opens_h=7.0)
"""The size of the reference center: 36 types, 8 pools, 196 half hours, about 180 people on task at the busiest."""


def generate(size: Size) -> Instance:
    """Make the center of a size; heads, seats and rates are sized by an even split of the load over pools."""
    rng = np.random.default_rng([size.seed, 41])
    channel = np.repeat(np.arange(6), size.pools)
    serves = _serves(size, channel, rng)
    nodes, later = _nodes(size, channel)
    network = _network(size, channel, serves, nodes, later, rng)
    catalogue = shifts(size)
    catalogues = tuple(catalogue if staffed else None for staffed in network.pools.staffed)
    promises, limits = _promises(size, channel), Limits(np.inf, np.zeros((0, len(channel)), dtype=bool), np.zeros(0))
    instance = Instance(network, promises, limits, _payroll(network, np.zeros(len(channel))), catalogues)
    return _sized(instance)


def _serves(size: Size, channel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which reasons each pool may serve, (pool, reason): the first of a channel all, the others some."""
    serves = np.ones((len(channel), size.reasons), dtype=bool)
    for g in range(1, len(channel)):
        if channel[g] == channel[g - 1]:
            serves[g] = rng.random(size.reasons) < rng.uniform(0.03, 0.4)
            serves[g, rng.integers(size.reasons)] = True
    return serves


def _nodes(size: Size, channel: np.ndarray) -> tuple[Nodes, np.ndarray]:
    """First nodes, stayed and steered, then later ones; `later` (type, channel, stage) says where those are."""
    there = np.bincount(channel, minlength=6) > 0
    steers = [(k, *steer) for k, steer in enumerate(STEERS) if there[steer[0]] and there[steer[1]]]
    rows: list[tuple] = []
    later = np.full((size.reasons * size.segments, 6, 4), -1, dtype=np.int64)
    for kind in range(size.reasons * size.segments):
        for a in np.flatnonzero(there):
            rows.append((kind, a, 0, a, -1, 1.0, 0.0, np.inf))
            rows += [(kind, to, 0, a, k, share, cost, np.inf) for k, at, to, share, cost in steers if at == a]
    for kind in range(len(later)):
        for c in np.flatnonzero(there):
            for stage in (1, 2, 3):
                later[kind, c, stage] = len(rows)
                rows.append((kind, c, stage, -1, -1, 1.0, 0.0, np.inf))
    columns = list(zip(*rows, strict=True))
    whole, real = [np.array(c, dtype=np.int64) for c in columns[:5]], [np.array(c, dtype=float) for c in columns[5:]]
    return Nodes(*whole, *real), later


def _network(
    size: Size, channel: np.ndarray, serves: np.ndarray, nodes: Nodes, later: np.ndarray, rng: np.random.Generator
) -> FlowNetwork:
    kinds, pools = len(later), len(channel)
    reason = np.arange(kinds) // size.segments
    able = serves[:, reason[nodes.kind]].T & (channel[None, :] == nodes.channel[:, None])
    node, pool = np.nonzero(able)
    kind, c, stage = nodes.kind[node], nodes.channel[node], nodes.stage[node]
    split_key, split = np.unique((kind * 6 + c) * pools + pool, return_inverse=True)
    pair_key, pair = np.unique(pool * kinds + kind, return_inverse=True)
    flows = _flows(size, (node, pool, split, pair), (kind, c, stage), rng)
    redial_to = later[kind, c, np.maximum(stage, 1)]
    served = _onward(flows, kind, c, later, np.bincount(channel, minlength=6) > 0)
    knots, bend, slope, offset = _curves(len(pair_key), channel[pair_key // kinds])
    issues, profile, natural = _demand(size, channel, rng)
    nobody = np.zeros((len(channel), profile.shape[1]))
    return FlowNetwork(
        _pools(channel, rng), nodes, flows, issues, np.ones(kinds), profile, natural, *served, redial_to,
        split_key // pools // 6, split_key // pools % 6, split_key % pools, pair_key // kinds, pair_key % kinds,
        knots, bend, slope, offset, nobody > 0, nobody, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64),
        np.arange(kinds) % size.segments, np.full(size.segments, -np.inf), 2.3, 1.6, 0.0, 0.25,
        60.0 * size.interval_min, size.per_day,
    )  # fmt: skip


def _flows(
    size: Size, places: tuple[np.ndarray, ...], of: tuple[np.ndarray, np.ndarray, np.ndarray], rng: np.random.Generator
) -> Flows:
    """Outcomes of flows: reasons differ in length and score, pools in speed and quality, segments in score."""
    (node, pool, split, pair), (kind, c, stage) = places, of
    reason, segment = kind // size.segments, kind % size.segments
    hard = rng.normal(0.0, 1.0, size.reasons)
    speed, quality = rng.normal(0.0, 0.08, pool.max() + 1), rng.normal(0.0, 0.08, pool.max() + 1)
    fit = rng.normal(0.0, 0.12, (size.reasons, 6))
    digital = np.array([0.10, 0.0, 0.0, 0.12, -0.25, -0.30])
    score = SCORE[c] - 0.05 * hard[reason] + digital[c] * hard[reason] + fit[reason, c] + quality[pool]
    score = np.clip(score + 0.06 * (segment - (size.segments - 1) / 2) + STAGE_SCORE[stage], 2.4, 5.0)
    aht_s = AHT_S[c] * np.exp(0.25 * hard[reason] + speed[pool] + 0.5 * quality[pool]) * STAGE_AHT[stage]
    p_return = np.clip(P_RETURN[c] + 0.03 * hard[reason] + 0.02 * (stage == 2), 0.02, 0.3)
    escalate = np.where(stage == 3, 0.0, np.clip(ESCALATE[c] * (1.0 + 0.3 * hard[reason]), 0.0, 0.6))
    comeback = np.full(len(node), 1.0 - GIVE_UP)
    return Flows(node, pool, split, pair, aht_s, escalate, 1.0 - p_return / (1.0 - GIVE_UP), comeback, score)


def _onward(
    flows: Flows, kind: np.ndarray, c: np.ndarray, later: np.ndarray, there: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Next contacts of served flows: escalated to the phone and the chat, returned to their channel or the phone."""
    f = np.arange(len(kind))
    parts = [
        (f, later[kind, VOICE, 3], flows.escalate * (0.7 if there[CHAT] else 1.0)),
        (f, later[kind, c, 2], flows.comes_back * np.where(c == VOICE, 1.0, 0.6)),
        (f, later[kind, VOICE, 2], flows.comes_back * np.where(c == VOICE, 0.0, 0.4)),
    ]
    if there[CHAT]:
        parts.append((f, later[kind, CHAT, 3], flows.escalate * 0.3))
    source, target, share = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((target, source))
    order = order[share[order] > 0]
    return source[order], target[order], share[order]


def _curves(pairs: int, channel: np.ndarray) -> tuple[np.ndarray, ...]:
    waits = np.isfinite(PATIENCE_S[channel])
    slope, offset = np.zeros((pairs, HULL_LINES)), np.zeros((pairs, HULL_LINES))
    for c in np.unique(channel[waits]):
        lines = convex_hull_lines(KNOTS_S, LOSS, float(PATIENCE_S[c]))
        here = channel == c
        slope[here, : len(lines)], offset[here, : len(lines)] = lines[:, 0], lines[:, 1]
    bend = np.where(waits[:, None], bends(KNOTS_S, LOSS), 0.0)
    return np.tile(KNOTS_S, (pairs, 1)), bend, slope, offset


def _demand(size: Size, channel: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Issues of types, their profiles (two peaks a day, quiet nights and weekends) and natural channels."""
    kinds = size.reasons * size.segments
    weight = np.outer(rng.lognormal(0.0, 0.8, size.reasons), rng.dirichlet(np.full(size.segments, 4.0))).ravel()
    hour = size.opens_h + (np.arange(size.per_day) + 0.5) * size.interval_min / 60
    lead = rng.uniform(-1.5, 1.5, (kinds, 1))
    early, late = np.exp(-(((hour - 10.5 - lead) / 2.6) ** 2)), np.exp(-(((hour - 16.0 - lead) / 2.8) ** 2))
    curve = 0.03 + early + rng.uniform(0.5, 1.1, (kinds, 1)) * late
    week = np.array([1.12, 1.05, 1.0, 1.0, 0.97, 0.5, 0.35])[np.arange(size.days) % 7]
    noise = np.exp(size.rough * rng.normal(size=(kinds, size.days, size.per_day)))
    profile = (week[None, :, None] * curve[:, None, :] * noise).reshape(kinds, -1)
    there = np.bincount(channel, minlength=6) > 0
    natural = rng.dirichlet(40.0 * NATURAL, size.reasons)[np.arange(kinds) // size.segments] * there
    contacts_per_issue = 1.21  # returns, escalations, redials
    issues = size.contacts * size.days / 7 / contacts_per_issue * weight / weight.sum()
    return issues, profile / profile.sum(axis=1, keepdims=True), natural / natural.sum(axis=1, keepdims=True)


def _pools(channel: np.ndarray, rng: np.random.Generator) -> Pools:
    staffed = channel < PORTAL
    queue = np.array([Queue.VOICE, Queue.CHAT, Queue.DEFERRED, Queue.VOICE, Queue.AUTOMATED, Queue.AUTOMATED])[channel]
    return Pools(
        queue=queue.astype(np.int64),
        patience_s=PATIENCE_S[channel],
        redial=REDIAL[channel],
        shrinkage=np.where(staffed, rng.uniform(0.27, 0.33, len(channel)), 0.0),
        occupancy_max=np.where(channel == MAIL, 0.95, CAP),
        speed=np.where(channel == CHAT, CHAT_SPEED[-1], 1.0),
        chat_speed=np.where((channel == CHAT)[:, None], CHAT_SPEED, np.nan),
        deadline_s=np.where(channel == MAIL, 12 * 3600.0, np.inf),
        rate_max=np.full(len(channel), np.inf),
        wage_per_h=np.where(staffed, rng.uniform(23.0, 38.0, len(channel)).round(1), 0.0),
        contact_cost=np.array([0.12, 0.08, 0.0, 0.3, 0.08, 0.45])[channel],
        fixed_cost=np.where(staffed, 0.0, 4_000.0),
        contract_max=np.full(len(channel), np.inf),
        contract_slope=np.zeros((len(channel), 1)),
        contract_offset=np.zeros((len(channel), 1)),
    )


def shifts(size: Size) -> Catalogue:
    """Shifts of a day: eight hours on the hour with an early or late lunch, or four, six and eight at any time."""
    step, per_h = size.interval_min, 60 // size.interval_min
    kinds = [(8, lunch) for lunch in (3.5, 4.5)]
    if not size.rigid:
        kinds = [(4, 0.0), (6, 2.5), (6, 3.0), *((8, lunch) for lunch in (3.0, 3.5, 4.0, 4.5))]
    cover, paid_h, start, end, kind = [], [], [], [], []
    for k, (length_h, lunch_h) in enumerate(kinds):
        for begin in range(0, size.per_day - length_h * per_h + 1, per_h if size.rigid else 1):
            row = np.zeros(size.per_day)
            row[begin : begin + length_h * per_h] = 1.0
            if lunch_h:
                away = begin + round(lunch_h * per_h)
                row[away : away + max(1, per_h // 2)] = 0.0
            cover.append(row)
            paid_h.append(length_h - (0.5 if lunch_h else 0.0))
            start.append(60 * size.opens_h + begin * step)
            end.append(60 * size.opens_h + begin * step + 60 * length_h)
            kind.append(k)
    times = (np.array(values, dtype=np.int64) for values in (start, end, kind))
    return Catalogue(np.array(cover), np.array(paid_h), *times)


def _promises(size: Size, channel: np.ndarray) -> Promises:
    """80 % in 20 s on the phone a week, in 30 s in the chat a week, few lost, e-mail in time."""
    rows = [(VOICE, 0, 0.8, 20.0), (CHAT, 0, 0.8, 30.0), (VOICE, 2, 0.08, 0.0), (MAIL, 3, 0.95, 0.0)]
    return Promises(
        np.array([channel == c for c, *_ in rows]),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows]),
        np.array([row[3] for row in rows]),
        np.full(len(rows), size.days * size.per_day, dtype=np.int64),
    )


def _payroll(network: FlowNetwork, heads: np.ndarray) -> Payroll:
    """Contracts of 37.5 hours and five days a week; nine hires a head, and a hundred: demand may go anywhere."""
    staffed, weeks = network.pools.staffed, network.days / 7
    return Payroll(
        heads=np.where(staffed, heads, np.inf),
        contract_h=np.where(staffed, 37.5 * weeks, np.inf),
        days=np.full(len(heads), max(1, round(5 * weeks)), dtype=np.int64),
        week_days=np.full(len(heads), 5),
        rest_min=np.full(len(heads), 660.0),
        overtime_h=np.where(staffed, 4.0 * weeks, 0.0),
        overtime_premium=np.full(len(heads), 0.25),
        time_off_h=np.full(len(heads), 6.0 * weeks),
        hires_max=np.where(staffed, 9 * heads + 100, np.inf),
        hire_cost=np.full(len(heads), 120.0 * weeks),
    )


def _sized(instance: Instance) -> Instance:
    """Give pools the heads that the load of an even split asks for, and automated ones a fifth more than they get."""
    network = instance.network
    pools = network.pools
    routing = np.zeros(len(network.nodes.kind)), even_split(network), np.zeros(len(network.pair_pool), dtype=np.int64)
    nobody_waits = replace(network, pools=replace(pools, queue=np.full_like(pools.queue, Queue.AUTOMATED)))
    state = steady_state(nobody_waits, Decision(*routing, np.zeros((len(pools.queue), network.profile.shape[1]))))
    per_head = 37.5 * network.days / 7 * 3600 * pools.occupancy_max * (1 - pools.shrinkage) * pools.speed
    payroll = _payroll(network, np.ceil(state.work_s.sum(axis=1) / per_head))
    rate = np.where(pools.staffed, np.inf, 1.6 * state.arrivals.sum(axis=1).max(axis=1))
    return replace(instance, network=replace(network, pools=replace(pools, rate_max=rate)), payroll=payroll)
