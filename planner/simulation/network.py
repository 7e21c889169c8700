"""A plan of a run as a network of queues: demand and rules say who comes, the center's tables what happens then."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import PlanError
from planner.frontier.frontier import Frontier, Plan, with_initiatives
from planner.simulation.center import NODE
from planner.simulation.scores import scores_of
from planner.simulation.shares import Lane, rule_shares
from solvers.simulation import (
    Distribution,
    Network,
    NextContacts,
    Routes,
    constant,
    exponential,
    log_normal,
    make_network,
)

DAY_S = 86_400.0
MOST_REDIAL = 1.0 - 1e-6  # a simulation ends, even of customers who always try again


@dataclass(frozen=True)
class Assumptions:
    """What runs do not record, seconds and ratios.

    `handle_cv` coefficient of variation of handle times (None: exponential, as the evaluator assumes), `redial_s` mean
    time until somebody who gave up tries again, `return_days` mean time until an unsolved issue comes back.
    """

    handle_cv: float | None = None
    redial_s: float = 600.0
    return_days: float = 2.0

    def words(self) -> str:
        """Say it in one sentence."""
        handle = "exponential" if self.handle_cv is None else f"log-normal (cv {self.handle_cv:g})"
        return (
            f"Assumed: {handle} handle times and exponential patience around the run's means; those who give up try "
            f"again after {self.redial_s / 60:g} min on average, unsolved issues come back after {self.return_days:g} "
            "days at the weekdays and times of day of their type."
        )


@dataclass(frozen=True)
class PlanNetwork:
    """A network with the labels of its pools and intervals (local starts), its classes and what serves them."""

    network: Network
    pools: tuple[str, ...]
    intervals: tuple[str, ...]
    nodes: pd.DataFrame
    flows: pd.DataFrame


def plan_network(frontier: Frontier, plan: Plan, assumptions: Assumptions) -> PlanNetwork:
    """Make the network of a plan.

    Sources are reasons × segments × the channel customers choose, so that all plans of a run meet the same customers;
    classes are the rows of `NODE`.

    Raises
    ------
    PlanError
        The run is from before simulations, or its plan leaves contacts that nobody ever serves.
    """
    if "center_flows" not in frontier.tables:
        raise PlanError("this run does not hold what a simulation needs; run the scenario again with this version")
    made = _Maker(frontier, plan, assumptions)
    try:
        network = made.network()
    except ValueError as err:
        raise PlanError(f"plan {plan.id} cannot be simulated: {err}") from err
    return PlanNetwork(network, made.pools, made.intervals, made.nodes, made.tables["center_flows"])


class _Maker:
    """Labels and lookups while the network is made."""

    def __init__(self, frontier: Frontier, plan: Plan, assumptions: Assumptions) -> None:
        self.plan, self.assumptions = plan, assumptions
        own = {
            name: with_initiatives(frontier.tables[name], plan) for name in ("center_flows", "center_next", "demand")
        }
        self.tables = {**frontier.tables, **own}
        pools = self.tables["center_pools"]
        self.pools = tuple(pools["pool"])
        self.pool_of = {name: g for g, name in enumerate(self.pools)}
        self.intervals = tuple(plan.service["interval"].drop_duplicates())
        self.days = int(frontier.meta["days"])
        self.interval_s = float(frontier.meta["interval_min"]) * 60.0
        flows = self.tables["center_flows"]
        self.nodes = flows[[*NODE, "acceptance"]].drop_duplicates(NODE).reset_index(drop=True)
        self.node_of = {key: k for k, key in enumerate(self.nodes[NODE].itertuples(index=False, name=None))}
        self.flow_node = np.array([self.node_of[key] for key in flows[NODE].itertuples(index=False, name=None)])
        self.flow_pool = flows["pool"].map(self.pool_of).to_numpy(np.int64)
        self.distributions: list[Distribution] = []
        self._numbers: dict[Distribution, int] = {}
        keys = self.nodes[["reason", "segment", "channel"]].itertuples(index=False, name=None)
        rules = plan.rules
        self.shares = {key: rule_shares(rules, *key) for key in dict.fromkeys(keys)}
        self.overflow = rules.overflow
        self.sent = self._sent()

    def number(self, distribution: Distribution) -> int:
        """Index of a distribution, entered when it is new."""
        if distribution not in self._numbers:
            self._numbers[distribution] = len(self.distributions)
            self.distributions.append(distribution)
        return self._numbers[distribution]

    def network(self) -> Network:
        """Put it all together."""
        arrivals, entry, comeback = self._demand()
        pools = self.tables["center_pools"]
        service, patience = self._service(), self._patience()
        routes, priority = self._routes()
        following = self._following()
        deadline = np.tile(pools["deadline_s"].to_numpy(float), (len(self.nodes), 1))
        return make_network(
            interval_s=self.interval_s,
            starts_s=self._starts(),
            cycle_s=self.days * DAY_S,
            arrivals=arrivals,
            entry=entry,
            agents=self._agents(),
            speed=pools[[c for c in pools.columns if c.startswith("speed_")]].to_numpy(float),
            service=service,
            patience=patience,
            routes=routes,
            priority=priority,
            following=following,
            deadline_s=deadline,
            comeback=comeback,
            scores=scores_of(self.tables, self.flow_node, self.flow_pool, (len(self.nodes), len(self.pools))),
            distributions=tuple(self.distributions),
        )

    def _starts(self) -> NDArray[np.float64]:
        """Seconds of the clock since the first midnight; hours that a change of clocks repeats or skips are not."""
        stamps = [dt.datetime.fromisoformat(text).replace(tzinfo=None) for text in self.intervals]
        midnight = dt.datetime.combine(stamps[0].date(), dt.time())
        starts = np.array([(stamp - midnight).total_seconds() for stamp in stamps])
        # Nights of the last day would lie beyond the horizon: there time begins with the first opening.
        return starts - starts[0] if starts[-1] >= self.days * DAY_S else starts

    def _demand(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Arrivals (source, interval), entry (source, class), and the profile of each class's type as its weights."""
        demand = self.tables["demand"]
        keys = ["reason", "segment", "channel"]
        wide = demand.pivot_table(index=keys, columns="interval", values="mean", aggfunc="sum", sort=False)
        wide = wide.reindex(columns=list(self.intervals)).fillna(0.0)
        entry = np.zeros((len(wide), len(self.nodes)))
        for s, key in enumerate(wide.index):
            self._enter(entry[s], *key)
        by_type = wide.groupby(level=["reason", "segment"], sort=False).sum()
        types = pd.MultiIndex.from_frame(self.nodes[["reason", "segment"]])
        comeback = by_type.reindex(types).fillna(0.0).to_numpy(float)
        return wide.to_numpy(float), entry, comeback

    def _enter(self, row: NDArray[np.float64], reason: str, segment: str, channel: str) -> None:
        """Share a source among those who stay and those who accept what the rules offer them."""
        steered = self.nodes[
            (self.nodes["reason"] == reason)
            & (self.nodes["segment"] == segment)
            & (self.nodes["from_channel"] == channel)
            & (self.nodes["steer"] != "")
        ]
        left = 1.0
        for offer, share in self.shares[reason, segment, channel].offers.items():
            moved = steered[steered["channel"] == offer]
            if offer is not None and len(moved):
                row[moved.index[0]] += share * float(moved["acceptance"].iloc[0])
                left -= share * float(moved["acceptance"].iloc[0])
        row[self.node_of[reason, segment, channel, "", channel, "first"]] = left

    def _service(self) -> NDArray[np.int64]:
        service = np.full((len(self.nodes), len(self.pools)), -1, dtype=np.int64)
        handle_s = self.tables["center_flows"]["aht_s"].to_numpy(float)
        for node, pool, aht_s in zip(self.flow_node, self.flow_pool, handle_s, strict=True):
            service[node, pool] = self.number(self._handle(aht_s))
        return service

    def _handle(self, aht_s: float) -> Distribution:
        cv = self.assumptions.handle_cv
        if aht_s <= 0.0:
            return constant(0.0)
        return exponential(aht_s) if cv is None else log_normal(aht_s, cv)

    def _patience(self) -> NDArray[np.int64]:
        """Patience by class: that of the pools of its channel, which share it."""
        of_pool = self.tables["center_pools"]["patience_s"].to_numpy(float)
        patience = np.full(len(self.nodes), -1, dtype=np.int64)
        for node, pool in zip(self.flow_node, self.flow_pool, strict=True):
            if np.isfinite(of_pool[pool]):
                patience[node] = self.number(exponential(of_pool[pool]))
        return patience

    def _routes(self) -> tuple[Routes, NDArray[np.int64]]:
        of_class: list[int] = []
        share: list[NDArray[np.float64]] = []
        steps: list[list[tuple[int, float]]] = []
        priority = np.zeros((len(self.nodes), len(self.pools)), dtype=np.int64)
        for k, key in enumerate(self.nodes[["reason", "segment", "channel"]].itertuples(index=False, name=None)):
            for (pool, rank, overflow, after_s), part in self._lanes(*key):
                of_class.append(k)
                share.append(part)
                steps.append([(self.pool_of[pool], 0.0)])
                priority[k, self.pool_of[pool]] = rank
                if overflow is not None:
                    steps[-1].append((self.pool_of[overflow], after_s))
                    priority[k, self.pool_of[overflow]] = rank
        width = max(len(step) for step in steps)
        padded = [step + [(-1, 0.0)] * (width - len(step)) for step in steps]
        pool_steps = np.array([[g for g, _ in step] for step in padded], dtype=np.int64)
        after = np.array([[s for _, s in step] for step in padded])
        shares = np.array(share) if self.overflow is not None else np.array(share)[:, 0]
        return Routes(np.array(of_class), shares, pool_steps, after), priority

    def _lanes(self, reason: str, segment: str, channel: str) -> list[tuple[Lane, NDArray[np.float64]]]:
        """Lanes of a type in a channel with their shares by interval; what overflow sends has a lane of its own."""
        lanes = self.shares[reason, segment, channel].lanes
        found: list[tuple[Lane, NDArray[np.float64]]] = []
        for lane, part in lanes.items():
            stays = np.full(len(self.intervals), part / sum(lanes.values()))
            for (source, target), over in self.sent.items():
                rank = None
                if self.overflow is not None and source == lane[0]:
                    rank = self.overflow.priority(source, target, reason, segment)
                if rank is not None:
                    moved = over * part / sum(lanes.values())
                    stays = stays - moved
                    found.append(((target, rank, None, 0.0), moved))
            found.append((lane, np.maximum(stays, 0.0)))
        return found

    def _sent(self) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Shares sent over each link by interval."""
        if self.overflow is None:
            return {}
        return {
            (str(source), str(target)): rows.set_index("interval")["share"]
            .reindex(self.intervals)
            .fillna(0.0)
            .to_numpy(float)
            for (source, target), rows in self.overflow.shares.groupby(["from_pool", "to_pool"], sort=False)
        }

    def _following(self) -> NextContacts:
        """Returns and escalations after service, redials after abandonment."""
        flows, after = self.tables["center_flows"], self.tables["center_next"]
        back = self.number(exponential(self.assumptions.return_days * DAY_S))
        again = self.number(exponential(self.assumptions.redial_s))
        rows: list[tuple[int, int, int, float, int, bool]] = []
        later = after[["to_reason", "to_segment", "to_channel", "to_stage"]].itertuples(index=False, name=None)
        for flow, share, (reason, segment, channel, stage) in zip(
            after["flow"].to_numpy(np.int64), after["share"].to_numpy(float), later, strict=True
        ):
            to = self.node_of[reason, segment, "", "", channel, stage]
            at_once = stage == "escalated"
            pool = int(self.flow_pool[flow])
            rows.append((int(self.flow_node[flow]), pool, to, share, -1 if at_once else back, not at_once))
        redial = np.minimum(self.tables["center_pools"]["redial"].to_numpy(float), MOST_REDIAL)
        seen: set[int] = set()
        for flow, (node, pool) in enumerate(zip(self.flow_node, self.flow_pool, strict=True)):
            if redial[pool] > 0.0 and node not in seen:
                seen.add(int(node))
                row = flows.iloc[flow]
                to = self.node_of[row["reason"], row["segment"], "", "", row["channel"], row["redial_stage"]]
                rows.append((int(node), -1, to, float(redial[pool]), again, False))
        columns = list(zip(*rows, strict=True)) if rows else [()] * 6
        of_class, pools, to_class = (np.array(c, dtype=np.int64) for c in columns[:3])
        return NextContacts(
            of_class, pools, to_class, np.array(columns[3], dtype=float), np.array(columns[4], dtype=np.int64),
            np.array(columns[5], dtype=bool),
        )  # fmt: skip

    def _agents(self) -> NDArray[np.float64]:
        """Agents on task per pool and interval; automated pools have as many as it takes."""
        place = {start: t for t, start in enumerate(self.intervals)}
        agents = np.zeros((len(self.pools), len(self.intervals)))
        staffing = self.plan.staffing
        rows = staffing["pool"].map(self.pool_of).to_numpy(np.int64)
        agents[rows, staffing["interval"].map(place).to_numpy(np.int64)] = staffing["on_task"].to_numpy(float)
        agents[(self.tables["center_pools"]["queue"] == "automated").to_numpy()] = np.inf
        return agents
