"""The models of the speed benchmark written for SimPy and Ciw, as somebody who knows these packages would."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import ciw
import simpy


@dataclass(frozen=True)
class Queue:
    """M/M/n+M: rates per second and seconds."""

    rate: float
    aht_s: float
    patience_s: float
    agents: int
    horizon_s: float


def simpy_queue(model: Queue, seed: int) -> tuple[int, float, float]:
    """Run M/M/n+M in SimPy: contacts, share that abandons, mean wait."""
    rng, env = random.Random(seed), simpy.Environment()
    agents = simpy.Resource(env, model.agents)
    came, lost, wait_s = 0, 0, 0.0

    def contact() -> Generator[Any, Any, None]:
        nonlocal lost, wait_s
        began = env.now
        with agents.request() as turn:
            seen = yield turn | env.timeout(rng.expovariate(1 / model.patience_s))
            wait_s += env.now - began
            if turn in seen:
                yield env.timeout(rng.expovariate(1 / model.aht_s))
            else:
                lost += 1

    def source() -> Generator[Any, Any, None]:
        nonlocal came
        while True:
            yield env.timeout(rng.expovariate(model.rate))
            came += 1
            env.process(contact())

    env.process(source())
    env.run(until=model.horizon_s)
    return came, lost / came, wait_s / came


def ciw_queue(model: Queue, seed: int) -> tuple[int, float, float]:
    """Run M/M/n+M in Ciw: contacts, share that reneges, mean wait."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(model.rate)],
        service_distributions=[ciw.dists.Exponential(1 / model.aht_s)],
        reneging_time_distributions=[ciw.dists.Exponential(1 / model.patience_s)],
        number_of_servers=[model.agents],
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(model.horizon_s)
    rows = simulation.get_all_records()
    lost = sum(row.record_type == "renege" for row in rows)
    return len(rows), lost / len(rows), sum(row.waiting_time for row in rows) / len(rows)


@dataclass(frozen=True)
class Week:
    """Types with profiles, skill groups with agents per interval, eligibility and priority.

    `rates[type][interval]` per second, `agents[pool][interval]`, `pools[type]` in order of preference,
    `priority[type]`, `aht_s[type]`, `patience_s[type]`.
    """

    interval_s: float
    rates: list[list[float]]
    agents: list[list[int]]
    pools: list[list[int]]
    priority: list[int]
    aht_s: list[float]
    patience_s: list[float]


class _Center:
    """Agents and waiting contacts of a week in SimPy, with a dispatcher of its own instead of SimPy's resources."""

    def __init__(self, week: Week, seed: int) -> None:
        self.week, self.rng, self.env = week, random.Random(seed), simpy.Environment()
        self.agents = [row[0] for row in week.agents]
        self.busy = [0] * len(week.agents)
        self.lines: list[list[tuple[int, int, Any]]] = [[] for _ in week.agents]
        self.number = itertools.count()
        self.came, self.lost, self.wait_s = [0] * len(week.rates), [0] * len(week.rates), [0.0] * len(week.rates)

    def contact(self, kind: int) -> Generator[Any, Any, None]:
        week, env = self.week, self.env
        pool = next((g for g in week.pools[kind] if self.busy[g] < self.agents[g]), None)
        if pool is None:
            began, turn = env.now, env.event()
            ticket = (week.priority[kind], next(self.number), turn)
            for g in week.pools[kind]:
                heapq.heappush(self.lines[g], ticket)
            left = env.timeout(self.rng.expovariate(1 / week.patience_s[kind]))
            yield turn | left
            self.wait_s[kind] += env.now - began
            if not turn.triggered:
                turn.succeed(-1)  # gone: whoever finds the ticket passes it over
                self.lost[kind] += 1
                return
            pool = turn.value
        else:
            self.busy[pool] += 1
        yield env.timeout(self.rng.expovariate(1 / week.aht_s[kind]))
        self.busy[pool] -= 1
        self.call(pool)

    def call(self, pool: int) -> None:
        """Give free agents of a pool the first who still wait."""
        line = self.lines[pool]
        while line and self.busy[pool] < self.agents[pool]:
            turn = heapq.heappop(line)[2]
            if not turn.triggered:
                self.busy[pool] += 1
                turn.succeed(pool)

    def source(self, kind: int) -> Generator[Any, Any, None]:
        need = self.rng.expovariate(1.0)
        for t, rate in enumerate(self.week.rates[kind]):
            now, stop = t * self.week.interval_s, (t + 1) * self.week.interval_s
            while rate * (stop - now) >= need:
                now += need / rate
                yield self.env.timeout(now - self.env.now)
                self.came[kind] += 1
                self.env.process(self.contact(kind))
                need = self.rng.expovariate(1.0)
            need -= rate * (stop - now)

    def shifts(self) -> Generator[Any, Any, None]:
        for t in range(1, len(self.week.agents[0])):
            yield self.env.timeout(t * self.week.interval_s - self.env.now)
            for g, row in enumerate(self.week.agents):
                self.agents[g] = row[t]
                self.call(g)


class _Resources(_Center):
    """The same week with SimPy's own means: a priority resource per skill group, requests that are withdrawn.

    A contact asks every group that may serve it and takes what is granted first; agents who are off duty are held by
    requests of the highest priority, which the resource grants when an agent has finished.
    """

    def __init__(self, week: Week, seed: int) -> None:
        super().__init__(week, seed)
        self.groups = [simpy.PriorityResource(self.env, max(row)) for row in week.agents]
        self.off: list[list[Any]] = [[] for _ in week.agents]
        for g in range(len(week.agents)):
            self.roster(g, 0)

    def roster(self, g: int, t: int) -> None:
        away = max(self.week.agents[g]) - self.week.agents[g][t]
        while len(self.off[g]) < away:
            self.off[g].append(self.groups[g].request(priority=-1))
        while len(self.off[g]) > away:
            held = self.off[g].pop()
            if held.triggered:
                self.groups[g].release(held)
            else:
                held.cancel()

    def contact(self, kind: int) -> Generator[Any, Any, None]:
        week, env = self.week, self.env
        began = env.now
        asked = [self.groups[g].request(priority=week.priority[kind]) for g in week.pools[kind]]
        left = env.timeout(self.rng.expovariate(1 / week.patience_s[kind]))
        yield env.any_of([*asked, left])
        self.wait_s[kind] += env.now - began
        mine = next((request for request in asked if request.triggered), None)
        for request in asked:
            if request is not mine:
                if request.triggered:
                    request.resource.release(request)
                else:
                    request.cancel()
        if mine is None:
            self.lost[kind] += 1
            return
        yield env.timeout(self.rng.expovariate(1 / week.aht_s[kind]))
        mine.resource.release(mine)

    def shifts(self) -> Generator[Any, Any, None]:
        for t in range(1, len(self.week.agents[0])):
            yield self.env.timeout(t * self.week.interval_s - self.env.now)
            for g in range(len(self.week.agents)):
                self.roster(g, t)


def simpy_week(week: Week, seed: int) -> tuple[int, float, float]:
    """Run a week with SimPy's resources: contacts, share that abandons, mean wait."""
    return _run(_Resources(week, seed))


def simpy_week_by_hand(week: Week, seed: int) -> tuple[int, float, float]:
    """Run a week in SimPy with a dispatcher by hand: contacts, share that abandons, mean wait."""
    return _run(_Center(week, seed))


def _run(center: _Center) -> tuple[int, float, float]:
    for kind in range(len(center.week.rates)):
        center.env.process(center.source(kind))
    center.env.process(center.shifts())
    center.env.run()
    came = sum(center.came)
    return came, sum(center.lost) / came, math.fsum(center.wait_s) / came


Peer = Callable[[Any, int], tuple[int, float, float]]
