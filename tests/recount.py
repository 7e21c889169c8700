"""A second, slow and simple evaluator of plans, to check the first one against. Plain Python and NumPy.

It reads what a scenario *states* and shares no code with `solvers.flow` or `solvers.queueing`: waits come from solved
birth–death chains, waiting losses from quadrature, service levels from the chain of a tagged contact, headroom from
bisection. It covers centers like `scenarios/minimal.yaml`: one day, one segment, pools of live voice or live chat, one
shift per pool, outcomes that differ neither by stage nor by how a customer came, no escalations.

Conventions, those of the evaluator:

- A type's contacts (first, moved, redialed, returned) follow the type's one daily profile, whatever their channel.
- Pools of one channel share a reason's contacts as `Routes` says; of those a pool gets in an interval, the stated share
  of overflow is served by the other pool, if that may serve the reason, and is not sent on.
- Unresolved contacts return to the same channel with the same reason: of those served, `p_return`. A share
  `give_up_share` of the unresolved gives up instead, so the resolved share is 1 - p_return / (1 - give_up_share).
- Each interval is stationary. A pool's handle time in an interval is the mean of its mix. Everybody waits in order of
  arrival. A chat agent with k chats works at total speed s_k; chats are spread evenly over agents.
- Abandoned = wait / patience; a share `redial` of them tries again in the same channel. A type's mean wait, loss and
  abandoned share in a pool are means over intervals weighted by what the pool gets of it.
- Points lost by waiting: with probability P(wait) an exponential wait of mean E[W] / P(wait) against the stated
  piecewise-linear curve, flat after its last knot; charged to served contacts that are the last of their issue.
- Score: resolved -> stated score, gives up -> score_given_up, lost for good -> score_abandoned; effort per contact
  beyond the first. CX is the sum over issues divided by issues, at nominal demand.
- Service level: answered within the threshold / offered, weighted by offered contacts over the promise's period.
- Caps compare *offered* seconds of work with agents x total speed at full concurrency x occupancy_max x interval.
- Headroom: largest uniform growth of issues at which caps and promises hold, same people and offers; the caps must hold
  both for the work of the grown center and for today's work times the growth, whichever is more.
- Cost: paid hours x wage, overtime premium, hires x cost_per_hire / amortization weeks (of the horizon's weeks), money
  per contact and offer, fixed cost. In one day every shift needs a head of its own.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

MOST_HEADROOM = 9.0
_remembered = lru_cache(maxsize=200_000)
"""Plans that differ in one pool ask the same of the others, to the last digit."""


@dataclass(frozen=True)
class Desk:
    """A pool and the channel it serves, as stated."""

    channel: str
    reasons: tuple[str, ...]
    chat: tuple[float, ...] | None
    patience_s: float
    redial: float
    occupancy_max: float
    shrinkage: float
    wage_per_h: float
    contact_cost: float
    fixed_cost: float
    on_floor: tuple[float, ...]
    paid_h: float
    heads: float
    contract_h: float
    overtime_premium: float
    hires_max: float
    hire_cost: float
    curve: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Center:
    """A stated center: `first` (reason, channel) -> contacts per interval, `outcome` (reason, pool) -> stated row."""

    reasons: tuple[str, ...]
    channels: tuple[str, ...]
    pools: Mapping[str, Desk]
    first: Mapping[tuple[str, str], np.ndarray]
    outcome: Mapping[tuple[str, str], Mapping[str, float]]
    steers: Mapping[str, object]
    promises: Mapping[str, object]
    give_up: float
    given_up: float
    abandoned: float
    effort: float
    abandon_max: float
    budget: float
    seats: tuple[tuple[tuple[str, ...], float], ...]
    interval_s: float

    def issues(self, reason: str) -> np.ndarray:
        """Issues of a reason per interval."""
        return sum(self.first[reason, c] for c in self.channels)

    def serving(self, reason: str, channel: str) -> list[str]:
        """Pools that may serve a reason in a channel."""
        return [g for g, desk in self.pools.items() if desk.channel == channel and reason in desk.reasons]

    def profile(self, reason: str) -> np.ndarray:
        """Share of a reason's issues per interval."""
        return self._profiles[reason]

    @cached_property
    def _profiles(self) -> dict[str, np.ndarray]:
        return {r: self.issues(r) / self.issues(r).sum() for r in self.reasons}


@dataclass(frozen=True)
class Routes:
    """Share of a reason's contacts in a channel by (reason, pool), evenly where left out; and of a pool's contacts that
    another serves, (from pool, to pool) -> share per interval.
    """

    split: Mapping[tuple[str, str], float] = field(default_factory=dict)
    overflow: Mapping[tuple[str, str], np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """Contacts of a (reason, pool) per interval; and per pool and interval: arrivals, offered seconds, waits."""

    comes: Mapping[tuple[str, str], np.ndarray]
    arrivals: Mapping[str, np.ndarray]
    work_s: Mapping[str, np.ndarray]
    p_wait: Mapping[str, np.ndarray]
    wait_s: Mapping[str, np.ndarray]

    def volume(self, reason: str, pool: str) -> float:
        """Contacts of a reason that a pool gets."""
        return float(self.comes[reason, pool].sum())

    def lost(self, reason: str, pool: str, patience_s: float) -> float:
        """Abandoned share of a reason's contacts in a pool; 0 without any."""
        comes = self.comes[reason, pool]
        return float(comes @ self.wait_s[pool]) / patience_s / float(comes.sum()) if comes.any() else 0.0


@dataclass(frozen=True)
class Recount:
    """What a plan does, counted again."""

    state: State
    cx: float
    cost: float
    hires: Mapping[str, int]
    values: Mapping[str, tuple[float, ...]]
    feasible: bool


def center_of(scenario, folder: Path) -> Center:
    """Read the stated tables; `folder` is where the scenario file lies."""
    horizon = scenario.horizon
    assert horizon.days == 1, "the recount knows one day"
    assert len(scenario.segments) == 1, "the recount knows one segment"
    assert scenario.demand.counts == "issues"
    count = round((horizon.closes - horizon.opens) / horizon.interval_min)
    first = {(r, c): np.zeros(count) for r in scenario.reasons for c in scenario.channels}
    with (folder / scenario.demand.source).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            hour, minute = row["interval_start"].split(" ")[1].split(":")
            t = (int(hour) * 60 + int(minute) - horizon.opens) // horizon.interval_min
            first[row["reason"], row["channel"]][t] += float(row["contacts"]) * (1 + scenario.demand.growth)
    outcome = {
        (r, p): _stated_outcome(scenario, r, pool.channel, p)
        for r in scenario.reasons
        for p, pool in scenario.pools.items()
    }
    budget = scenario.limits.budget_max
    return Center(
        reasons=tuple(scenario.reasons),
        channels=tuple(scenario.channels),
        pools={name: _desk(scenario, pool, count) for name, pool in scenario.pools.items()},
        first=first,
        outcome=outcome,
        steers=scenario.steers,
        promises=scenario.promises,
        give_up=scenario.experience.give_up_share.value,
        given_up=scenario.experience.score_given_up.value,
        abandoned=scenario.experience.score_abandoned.value,
        effort=scenario.experience.effort_per_extra_contact,
        abandon_max=scenario.limits.abandon_rate_max,
        budget=math.inf if budget is None else budget,
        seats=tuple((s.pools, s.max) for s in scenario.limits.seats.values()),
        interval_s=horizon.interval_min * 60.0,
    )


def _stated_outcome(scenario, reason: str, channel: str, pool: str) -> dict[str, float]:
    found: dict[str, float] = {"p_return": 0.0, "p_escalate": 0.0}
    for row in scenario.experience.outcomes:
        assert row.stage is None, "the recount knows one set of outcomes for all stages"
        wanted = ((row.reason, reason), (row.channel, channel), (row.pool, pool))
        if all(stated in (None, own) for stated, own in wanted):
            for name in ("aht_s", "score", "p_return", "p_escalate"):
                if getattr(row, name) is not None:
                    found[name] = getattr(row, name)
    assert found["p_escalate"] == 0, "the recount knows no escalations"
    return found


def _desk(scenario, pool, count: int) -> Desk:
    channel, horizon = scenario.channels[pool.channel], scenario.horizon
    shift = scenario.shifts[pool.shifts[0]]
    assert len(pool.shifts) == 1, "the recount knows one shift per pool"
    assert shift.starts.first == shift.starts.last
    begin, floor = shift.starts.first, []
    for t in range(count):
        clock = horizon.opens + t * horizon.interval_min
        there = begin <= clock and clock + horizon.interval_min <= begin + shift.length_h * 60
        for pause in shift.breaks:
            away = begin + pause.after_h * 60
            there = there and not (away < clock + horizon.interval_min and clock < away + pause.length_min)
        floor.append(float(there))
    roster = pool.roster
    curve = [(0.0, 0.0)]
    for stated in scenario.experience.wait_loss:
        if stated.channel == pool.channel:
            curve = list(zip(stated.wait_s, stated.loss, strict=True))
    return Desk(
        channel=pool.channel,
        reasons=tuple(scenario.reasons) if pool.reasons is None else pool.reasons,
        chat=tuple(pool.chat.total_speed) if pool.chat else None,
        patience_s=math.inf if channel.patience_s is None else channel.patience_s.value,
        redial=channel.redial.value,
        occupancy_max=pool.occupancy_max,
        shrinkage=pool.shrinkage.value,
        wage_per_h=pool.wage_per_h,
        contact_cost=pool.cost_per_contact,
        fixed_cost=pool.fixed_cost,
        on_floor=tuple(floor),
        paid_h=shift.length_h - sum(p.length_min / 60 for p in shift.breaks if not p.paid),
        heads=math.inf if roster is None else roster.heads,
        contract_h=math.inf if roster is None else roster.contract_h_per_week / roster.days_per_week,
        overtime_premium=0.0 if roster is None else roster.overtime_premium,
        hires_max=math.inf if roster is None else roster.hires_max,
        hire_cost=0.0
        if roster is None
        else roster.cost_per_hire / roster.hire_amortization_weeks / roster.days_per_week,
        curve=tuple(curve),
    )


def chain(rate: float, aht_s: float, agents: int, patience_s: float, chat: tuple[float, ...] | None):
    """Solve the birth–death chain of contacts in a pool; P(n) for n = 0.., and the number that fill all slots."""
    speeds = np.array((0.0, *(chat or (1.0,)), 0.0))  # of an agent with so many contacts; nobody has more than fit
    slots = agents * (len(speeds) - 2)
    each, more = np.divmod(np.arange(1, slots + 1), agents)
    busy = (more * speeds[each + 1] + (agents - more) * speeds[each]) / aht_s
    room = 64
    while True:
        death = np.append(busy, agents * speeds[-2] / aht_s + np.arange(1, room + 1) / patience_s)
        log = np.append(0.0, np.cumsum(np.log(rate / death)))
        ends = (log < np.maximum.accumulate(log) - 50)[slots + 1 :] & (rate < death[slots:])
        if ends.any():
            break
        room *= 2
    log = log[: slots + 2 + int(ends.argmax())]
    weight = np.exp(log - log.max())
    return weight / weight.sum(), slots


@_remembered
def waiting(rate: float, aht_s: float, agents: int, patience_s: float, chat: tuple[float, ...] | None):
    """Probability of waiting and mean wait (s) of all contacts."""
    if rate <= 0:
        return 0.0, 0.0
    if agents == 0:
        return 1.0, patience_s
    share, slots = chain(rate, aht_s, agents, patience_s, chat)
    queue = float(np.arange(len(share) - slots) @ share[slots:])
    return float(share[slots:].sum()), queue / rate


@_remembered
def answered_within(
    rate: float, aht_s: float, agents: int, patience_s: float, chat: tuple[float, ...] | None, within_s: float
) -> float:
    """Share of offered contacts answered in time: a tagged contact moves up, is answered or leaves (uniformization)."""
    if rate <= 0:
        return 1.0
    if agents == 0:
        return 0.0
    share, slots = chain(rate, aht_s, agents, patience_s, chat)
    ahead = share[slots:]  # probability of finding so many waiting ahead, all slots taken
    theta, full = 1.0 / patience_s, agents * (chat or (1.0,))[-1] / aht_s
    places = np.arange(len(ahead))
    forward = full + places * theta  # one place up; from place 0 into service
    clock = float((forward + theta).max())
    here, answered = ahead.copy(), 0.0
    total, poisson, step = 0.0, math.exp(-clock * within_s), 0
    covered = poisson
    while True:
        total += poisson * answered
        if 1.0 - covered < 1e-13 and step > clock * within_s:
            break
        moved = here * forward / clock
        answered += moved[0]
        here = here * (1 - (forward + theta) / clock)
        here[:-1] += moved[1:]
        step += 1
        poisson *= clock * within_s / step
        covered += poisson
    return float(share[:slots].sum() + total + (1.0 - covered) * answered)


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)


@_remembered
def expected_loss(mean_s: float, curve: tuple[tuple[float, float], ...]) -> float:
    """Integrate an exponential density of the given mean against a piecewise-linear curve, flat after its end."""
    total, last = 0.0, curve[-1]
    for (a, u), (b, v) in zip(curve, curve[1:], strict=False):
        edges = np.linspace(a, b, 2 + int((b - a) / mean_s))
        half = np.diff(edges)[:, None] / 2
        x = edges[:-1, None] + half * (1 + _NODES)
        height = u + (v - u) * (x - a) / (b - a)
        total += float((half * _WEIGHTS * height * np.exp(-x / mean_s) / mean_s).sum())
    return total + last[1] * math.exp(-last[0] / mean_s)


def first_contacts(center: Center, offers: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """First contacts per (reason, channel) after steers; offers are (reason, steer) -> share offered."""
    first = {key: float(contacts.sum()) for key, contacts in center.first.items()}
    for (reason, name), share in offers.items():
        steer = center.steers[name]
        moved = float(center.first[reason, steer.from_channel].sum()) * share * steer.acceptance.value
        first[reason, steer.from_channel] -= moved
        first[reason, steer.to_channel] += moved
    return first


EVENLY = Routes()


def settle(
    center: Center,
    offers: Mapping[tuple[str, str], float],
    people: Mapping[str, int],
    growth: float = 0.0,
    guess: State | None = None,
    routes: Routes = EVENLY,
) -> State:
    """Find the contacts and waits that repeat themselves."""
    first = first_contacts(center, offers)
    state = guess
    for _ in range(500):
        comes = _coming(center, first, growth, state, routes)
        now = _serve(center, people, comes)
        if state is not None:
            change = max(
                np.abs(now.wait_s[g] - state.wait_s[g]).max() / desk.patience_s for g, desk in center.pools.items()
            )
            if change < 1e-13:
                return now
        state = now
    raise AssertionError("the recount found no steady state")


def _coming(
    center: Center, first: Mapping[tuple[str, str], float], growth: float, state: State | None, routes: Routes
) -> dict[tuple[str, str], np.ndarray]:
    """Contacts of a (reason, pool) per interval if customers wait as in a state; None: nobody waits."""
    comes = {}
    for (r, c), start in first.items():
        pools = center.serving(r, c)
        share = {g: routes.split.get((r, g), 1.0 / len(pools)) * center.profile(r) for g in pools}
        sent = {link: share[link[0]] * over for link, over in routes.overflow.items() if set(link) <= set(pools)}
        for (a, b), part in sent.items():
            share[a], share[b] = share[a] - part, share[b] + part
        again = 0.0
        for g in pools:
            lost = (0.0 if state is None else state.wait_s[g]) / center.pools[g].patience_s
            next_one = center.outcome[r, g]["p_return"] * (1 - lost) + center.pools[g].redial * lost
            again += float((share[g] * next_one).sum())
        for g in pools:
            comes[r, g] = share[g] * start * (1 + growth) / (1 - again)
    return comes


def nobody_waits(center: Center, offers: Mapping[tuple[str, str], float]) -> State:
    """Contacts and work without waits, the least there can be: giving up brings more contacts than being served."""
    assert all(row["p_return"] <= center.pools[g].redial for (_, g), row in center.outcome.items())
    comes = _coming(center, first_contacts(center, offers), 0.0, None, EVENLY)
    work = {
        g: sum(n * center.outcome[r, g]["aht_s"] for (r, pool), n in comes.items() if pool == g) for g in center.pools
    }
    return State(comes, {}, work, {}, {})


def _serve(center: Center, people: Mapping[str, int], comes: Mapping[tuple[str, str], np.ndarray]) -> State:
    """Let contacts wait in every pool and interval."""
    arrivals, work, p_wait, wait = {}, {}, {}, {}
    for g, desk in center.pools.items():
        own = {r: contacts for (r, pool), contacts in comes.items() if pool == g}
        arrivals[g] = sum(own.values())
        work[g] = sum(contacts * center.outcome[r, g]["aht_s"] for r, contacts in own.items())
        both = [
            waiting(n / center.interval_s, s / n if n else 1.0, round(people[g] * f), desk.patience_s, desk.chat)
            for n, s, f in zip(arrivals[g], work[g], desk.on_floor, strict=True)
        ]
        p_wait[g], wait[g] = np.array(both).T
    return State(comes, arrivals, work, p_wait, wait)


def promise_values(center: Center, people: Mapping[str, int], state: State) -> dict[str, tuple[float, ...]]:
    """Value of each promise per period."""
    values = {}
    for name, promise in center.promises.items():
        count = len(next(iter(state.arrivals.values())))
        length = 1 if str(promise.period) == "interval" else count
        good, offered = np.zeros(count), np.zeros(count)
        for g in promise.pools:
            desk = center.pools[g]
            for t in range(count):
                n, s = state.arrivals[g][t], state.work_s[g][t]
                if str(promise.measure) == "service_level":
                    agents = round(people[g] * desk.on_floor[t])
                    rate = n / center.interval_s
                    quality = answered_within(
                        rate, s / n if n else 1.0, agents, desk.patience_s, desk.chat, promise.answer_within_s
                    )
                elif str(promise.measure) == "asa_s":
                    quality = state.wait_s[g][t]
                else:
                    quality = state.wait_s[g][t] / desk.patience_s
                good[t] += n * quality
                offered[t] += n
        values[name] = tuple((good.reshape(-1, length).sum(axis=1) / offered.reshape(-1, length).sum(axis=1)).tolist())
    return values


def within_caps(center: Center, people: Mapping[str, int], state: State, times: float = 1.0) -> bool:
    """Tell if the work of a state, so many times over, stays below every occupancy cap."""
    for g, desk in center.pools.items():
        speed = desk.chat[-1] if desk.chat else 1.0
        room = np.array(desk.on_floor) * people[g] * speed * desk.occupancy_max * center.interval_s
        if (state.work_s[g] * times > room * (1 + 1e-9)).any():
            return False
    return True


def holds(center: Center, people: Mapping[str, int], state: State) -> bool:
    """Tell if every occupancy cap and every promise holds."""
    if not within_caps(center, people, state):
        return False
    for name, values in promise_values(center, people, state).items():
        promise = center.promises[name]
        least = str(promise.measure) == "service_level"
        if any((promise.target - v if least else v - promise.target) > 1e-9 for v in values):
            return False
    return True


def headroom(
    center: Center,
    offers: Mapping[tuple[str, str], float],
    people: Mapping[str, int],
    low: float = -1.0,
    high: float = MOST_HEADROOM,
    tolerance: float = 1e-7,
    routes: Routes = EVENLY,
) -> float:
    """Largest growth of demand that holds, between `low`, which must hold, and `high`, by bisection."""
    today, guess = settle(center, offers, people, routes=routes), None
    while high - low > tolerance:
        middle = (low + high) / 2
        kept = within_caps(center, people, today, 1 + middle)
        if kept:
            guess = settle(center, offers, people, middle, guess, routes)
            kept = holds(center, people, guess)
        low, high = (middle, high) if kept else (low, middle)
    return low


def experience(center: Center, state: State) -> float:
    """Score points per issue."""
    points = contacts = issues = 0.0
    for g, desk in center.pools.items():
        by_interval = np.zeros(len(state.p_wait[g]))
        for t, (p, w) in enumerate(zip(state.p_wait[g], state.wait_s[g], strict=True)):
            by_interval[t] = p * expected_loss(w / p, desk.curve) if p > 1e-12 else 0.0
        for r in (r for r in center.reasons if state.comes.get((r, g), np.zeros(1)).any()):
            row, volume, lost = center.outcome[r, g], state.volume(r, g), state.lost(r, g, desk.patience_s)
            served = volume * (1 - lost)
            unresolved = row["p_return"] / (1 - center.give_up)
            gives_up = unresolved * center.give_up
            points += served * (1 - unresolved) * row["score"] + served * gives_up * center.given_up
            points += volume * lost * (1 - desk.redial) * center.abandoned
            points -= served * (1 - unresolved + gives_up) * float(state.comes[r, g] @ by_interval) / volume
            contacts += volume
    issues = sum(float(center.issues(r).sum()) for r in center.reasons)
    return (points - center.effort * (contacts - issues)) / issues


def money(center: Center, offers: Mapping[tuple[str, str], float], people: Mapping[str, int], state: State):
    """Total cost and hires per pool."""
    total, hires = 0.0, {}
    for g, desk in center.pools.items():
        hires[g] = max(0, int(people[g] - desk.heads)) if math.isfinite(desk.heads) else 0
        paid = people[g] * desk.paid_h
        overtime = max(0.0, paid - (desk.heads + hires[g]) * desk.contract_h)
        total += desk.wage_per_h * (paid + desk.overtime_premium * overtime) + desk.hire_cost * hires[g]
        total += desk.fixed_cost + desk.contact_cost * float(state.arrivals[g].sum())
    for (reason, name), share in offers.items():
        steer = center.steers[name]
        total += share * float(center.first[reason, steer.from_channel].sum()) * steer.cost_per_offer
    return total, hires


def recount(
    center: Center,
    offers: Mapping[tuple[str, str], float],
    people: Mapping[str, int],
    routes: Routes = EVENLY,
) -> Recount:
    """Count a plan again at nominal demand."""
    assert all(desk.shrinkage == 0 for desk in center.pools.values()), "the recount knows whole agents on task"
    state = settle(center, offers, people, routes=routes)
    cost, hires = money(center, offers, people, state)
    limits = all(hires[g] <= desk.hires_max for g, desk in center.pools.items())
    limits &= all(sum(people[g] for g in pools) <= most for pools, most in center.seats)
    guarded = all(
        state.lost(r, g, center.pools[g].patience_s) <= center.abandon_max + 1e-9
        for r, g in state.comes
        if state.volume(r, g) > 1e-6
    )
    return Recount(
        state=state,
        cx=experience(center, state),
        cost=cost,
        hires=hires,
        values=promise_values(center, people, state),
        feasible=bool(limits and guarded and cost <= center.budget and holds(center, people, state)),
    )
