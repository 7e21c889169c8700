"""The flow network as arrays: what the master, the evaluator and the tests share. No labels, no files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MANY_FLOWS = 5_000  # of a large network


class Queue(IntEnum):
    """Discipline of a pool."""

    VOICE = 0
    CHAT = 1
    DEFERRED = 2
    AUTOMATED = 3


@dataclass(frozen=True)
class Pools:
    """Arrays over pools, axis (pool,).

    `queue` (Queue), `patience_s` (inf: nobody abandons), `redial` (ratio), `shrinkage` (ratio), `occupancy_max`
    (ratio), `speed` (total speed of an agent at full concurrency relative to one contact alone; 1 but for chat),
    `chat_speed` shape (pool, slot) total speed with 1..K contacts, never falling (NaN beyond the cap), `deadline_s`
    (open seconds, inf if none), `rate_max` (contacts per interval, inf if none), money: `wage_per_h`, `contact_cost`,
    `fixed_cost`; of contracts `contract_max` (contacts per horizon, inf if none) and the lines (pool, line)
    `contract_slope`, `contract_offset` whose highest is the money for a volume (0 without one).
    """

    queue: Ints
    patience_s: Floats
    redial: Floats
    shrinkage: Floats
    occupancy_max: Floats
    speed: Floats
    chat_speed: Floats
    deadline_s: Floats
    rate_max: Floats
    wage_per_h: Floats
    contact_cost: Floats
    fixed_cost: Floats
    contract_max: Floats
    contract_slope: Floats
    contract_offset: Floats

    @property
    def contracted(self) -> Bools:
        """Pools paid, or limited, by the volume of the horizon."""
        paid = (self.contract_slope != 0).any(axis=1) | (self.contract_offset != 0).any(axis=1)
        return np.asarray(paid | np.isfinite(self.contract_max))

    def contract_money(self, volume: Floats) -> Floats:
        """Money of contracts for contacts per horizon, shape (pool,)."""
        return np.asarray((self.contract_slope * volume[:, None] + self.contract_offset).max(axis=1))

    @property
    def staffed(self) -> Bools:
        """Pools of people."""
        return np.asarray(self.queue != Queue.AUTOMATED)

    @property
    def waits(self) -> Bools:
        """Pools with a live queue."""
        return np.asarray(self.queue <= Queue.CHAT)


@dataclass(frozen=True)
class Nodes:
    """Arrival nodes, axis (node,): first contacts (type, natural channel, steer or stay), then later contacts.

    `kind` (type index), `channel` (where the contact is served), `stage` (0 first, 1 redialed, 2 returned,
    3 escalated), `natural` (channel a customer chose; -1 for later contacts), `steer` (steer index; -1: stayed or
    later), `acceptance` (share of offered who accept; 1 where nothing is offered), `offer_cost` (money per offer),
    `most` (most contacts per horizon that thin support allows; inf where support is good).
    """

    kind: Ints
    channel: Ints
    stage: Ints
    natural: Ints
    steer: Ints
    acceptance: Floats
    offer_cost: Floats
    most: Floats


@dataclass(frozen=True)
class Flows:
    """Flows, axis (flow,): a node served by a pool.

    `node`, `pool`, `split` (index of its (type, channel, pool) share), `pair` (index of its (pool, type)), `aht_s`,
    `escalate` (share of served), `resolve` (of served, not escalated), `comeback` (of unresolved; the others give
    up), `score` (scale points of a final contact at zero wait).
    """

    node: Ints
    pool: Ints
    split: Ints
    pair: Ints
    aht_s: Floats
    escalate: Floats
    resolve: Floats
    comeback: Floats
    score: Floats

    @property
    def comes_back(self) -> Floats:
        """Share of served contacts that return."""
        return np.asarray((1 - self.escalate) * (1 - self.resolve) * self.comeback)

    @property
    def final_share(self) -> Floats:
        """Share of served contacts that are the last of their issue."""
        return np.asarray((1 - self.escalate) * (self.resolve + (1 - self.resolve) * (1 - self.comeback)))


@dataclass(frozen=True)
class FlowNetwork:
    """Everything the master and the evaluator need, as arrays.

    Axes: type, channel, pool, interval. `issues` (type,) per horizon; `issue_weight` (type,) how often each counts in
    the mean experience (1; more where initiatives prevent others like it); `profile` (type, interval) sums to 1;
    `natural` (type, channel); `served_from, served_to, served_share`: next contacts of served flow -> node (sparse
    triplets sorted by flow, share of served); `redial_to` (flow,) node of those who try again; `split_kind,
    split_channel, split_pool` (split,); `pair_pool, pair_kind` (pair,) of (pool, type), with the wait curve of the
    pair as knots `wait_knots_s` and changes of slope `wait_bend` in points per second, both (pair, knot), and its
    convex lower hull `wait_hull_slope, wait_hull_offset` (pair, line); `closed` bool and `people_min` people scheduled
    at least, both (pool, interval), the latter of live pools while they are open; `overflow_from, overflow_to` (link,)
    pools of one channel, serving no other, that may send contacts over and take them; `segment` (type,) and
    `segment_min` (segment,) floors (-inf: none); scalar scores in scale points; `effort` points per extra contact;
    `abandon_max` ratio; `interval_s`, `intervals_per_day`; `program_cost` money for the horizon that no pool causes;
    `shut` bool (interval,) where the whole center is closed within the frame of its longest day: nobody comes and
    nobody works (None: never).
    """

    pools: Pools
    nodes: Nodes
    flows: Flows
    issues: Floats
    issue_weight: Floats
    profile: Floats
    natural: Floats
    served_from: Ints
    served_to: Ints
    served_share: Floats
    redial_to: Ints
    split_kind: Ints
    split_channel: Ints
    split_pool: Ints
    pair_pool: Ints
    pair_kind: Ints
    wait_knots_s: Floats
    wait_bend: Floats
    wait_hull_slope: Floats
    wait_hull_offset: Floats
    closed: Bools
    people_min: Floats
    overflow_from: Ints
    overflow_to: Ints
    segment: Ints
    segment_min: Floats
    score_given_up: float
    score_abandoned: float
    effort: float
    abandon_max: float
    interval_s: float
    intervals_per_day: int
    program_cost: float = 0.0
    shut: Bools | None = None

    @property
    def opened(self) -> Ints:
        """Intervals in which the center is open, in order, shape (open interval,)."""
        everything = np.arange(self.profile.shape[1])
        return everything if self.shut is None else everything[~self.shut]

    @property
    def flow_kind(self) -> Ints:
        """Type of each flow, shape (flow,)."""
        return np.asarray(self.nodes.kind[self.flows.node])

    @property
    def first_volume(self) -> Floats:
        """Issues that could enter each first node if everybody did, shape (node,); 0 for later nodes."""
        nodes = self.nodes
        first = nodes.stage == 0
        volume = np.zeros(len(nodes.kind))
        volume[first] = self.issues[nodes.kind[first]] * self.natural[nodes.kind[first], nodes.natural[first]]
        return volume

    @property
    def large(self) -> bool:
        """Whether a solver takes seconds for a linear program of it, not hundredths."""
        return len(self.flows.node) > MANY_FLOWS

    @property
    def linked(self) -> Ints:
        """Pools that overflow connects share a number, shape (pool,)."""
        links = (np.ones(len(self.overflow_from)), (self.overflow_from, self.overflow_to))
        size = len(self.pools.queue)
        graph = sparse.coo_matrix(links, shape=(size, size))
        return np.asarray(csgraph.connected_components(graph, directed=False)[1], dtype=np.int64)

    @property
    def counted_issues(self) -> Floats:
        """Issues as they count in the mean experience, shape (type,)."""
        return np.asarray(self.issues * self.issue_weight)

    @property
    def days(self) -> int:
        """Days of the horizon."""
        return self.profile.shape[1] // self.intervals_per_day

    @property
    def wait_max_s(self) -> Floats:
        """Largest mean wait of a flow, shape (pool,): no type may lose more than `abandon_max` while waiting."""
        return np.asarray(np.where(self.pools.waits, self.abandon_max * self.pools.patience_s, 0.0))


@dataclass(frozen=True)
class Promises:
    """Service promises, axis (promise,): kept when the weighted mean over the period meets the target.

    `pools` bool (promise, pool); `measure` 0 service level (at least), 1 mean wait s (at most), 2 abandon rate (at
    most), 3 share within the deadline (at least); `target`; `within_s`; `period_intervals` number of consecutive
    intervals that count together.
    """

    pools: Bools
    measure: Ints
    target: Floats
    within_s: Floats
    period_intervals: Ints


@dataclass(frozen=True)
class Limits:
    """Limits on plans: `budget` money (inf: none), `seat_pools` bool (limit, pool), `seat_max` (limit,) people."""

    budget: float
    seat_pools: Bools
    seat_max: Floats


@dataclass(frozen=True)
class Decision:
    """What a plan decides, as arrays.

    `offer` (node,): share of the customers offered the steer of a steer node (0 elsewhere); `split` (split,): share of
    a (type, channel) that a pool serves, sums to 1; `priority` (pair,): class, 0 is served first; `on_task` (pool,
    interval): agents on task, 0 for automated pools; `overflow` (link, interval): share of the contacts routed to the
    link's first pool in an interval, of types its second pool may serve, that is served by the second, sums to at most
    1 over the links of a pool (None: nobody is sent over).
    """

    offer: Floats
    split: Floats
    priority: Ints
    on_task: Floats
    overflow: Floats | None = None
