"""From which acceptance a steer, and from which containment an automated pool, pays: staffed anew with and without."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.frontier.labels import label
from planner.frontier.restaff import restaffed
from planner.frontier.shown import Shown
from planner.operation.problem import FlowProblem
from solvers.flow.decode import snap_offers
from solvers.flow.network import Bools, Floats, FlowNetwork, Queue
from solvers.flow.solution import Routing
from solvers.flow.staff import Covers

HALVINGS = 5  # of the range: 1/32 of it is below what anybody knows of an acceptance


@dataclass(frozen=True)
class BreakEven:
    """What a steer (or the offers of an automated pool) saves over its range of acceptance (containment).

    `value` now, `low` and `high` ends of the range, `saves` money at `value` against the same plan without the offers
    (negative: it costs), `change_cx` points it brings, `threshold` the value above which it saves (−inf: everywhere in
    the range, inf: nowhere in it), `falling` True where it pays below the threshold instead.
    """

    what: str
    name: str
    value: float
    low: float
    high: float
    saves: float
    change_cx: float
    threshold: float
    falling: bool = False


@dataclass(frozen=True)
class Asked:
    """What break-even is asked of: `name` and `place` of a steer (acceptance) or a pool (containment).

    `value` now, `low` and `high` ends of its range, `offers` (node,) that go with it.
    """

    what: str
    name: str
    place: int
    value: float
    low: float
    high: float
    offers: Bools


def with_acceptance(network: FlowNetwork, steer: int, acceptance: float) -> FlowNetwork:
    """Return the network with another acceptance of a steer."""
    nodes = network.nodes
    accepted = np.where(nodes.steer == steer, acceptance, nodes.acceptance)
    return replace(network, nodes=replace(nodes, acceptance=accepted))


def with_containment(network: FlowNetwork, pool: int, containment: float) -> FlowNetwork:
    """Return the network with another share of contacts that an automated pool serves without escalating them.

    Escalation of each of its flows is scaled so that the mean over flows is 1 − containment; what returns is a share of
    those not escalated, so it is scaled with them.
    """
    flows = network.flows
    members = (flows.pool == pool) & (flows.escalate > 0)
    if not members.any():
        return network
    mean = float(flows.escalate[members].mean())
    after = flows.escalate.copy()
    after[members] = np.clip(flows.escalate[members] * (1 - containment) / mean, 0.0, 1.0)
    if containment <= 0:
        after[members] = 1.0
    stage = network.nodes.stage[network.served_to]
    origin = network.served_from
    up = after[origin] / np.maximum(flows.escalate[origin], 1e-300)
    stay = (1 - after[origin]) / np.maximum(1 - flows.escalate[origin], 1e-300)
    scale = np.where(members[origin], np.where(stage == 3, up, stay), 1.0)
    return replace(network, flows=replace(flows, escalate=after), served_share=network.served_share * scale)


def contained(network: FlowNetwork, pool: int) -> float:
    """Mean share of contacts that a pool's escalating flows keep; NaN where none escalates."""
    members = (network.flows.pool == pool) & (network.flows.escalate > 0)
    return 1.0 - float(network.flows.escalate[members].mean()) if members.any() else float("nan")


def asked_of(shown: Shown) -> list[Asked]:
    """Return what to seek the break-even of: every steer a plan uses, every automated pool it steers contacts to."""
    problem = shown.problem
    network = problem.network
    nodes, asked = network.nodes, []
    used = nodes.steer >= 0
    used &= network.first_volume * shown.routing.offer * nodes.acceptance > 1e-6
    for k, name in enumerate(problem.steers):
        mine = used & (nodes.steer == k)
        if mine.any():
            stated = problem.scenario.steers[name].acceptance
            low, high = stated.bounds if stated.bounds[1] > stated.bounds[0] else (0.0, 1.0)
            asked.append(Asked("acceptance", name, k, stated.value, low, high, mine))
    for g in map(int, np.flatnonzero(network.pools.queue == Queue.AUTOMATED)):
        mine = used & np.isin(np.arange(len(used)), network.flows.node[network.flows.pool == g])
        now = contained(network, g)
        if mine.any() and np.isfinite(now):
            asked.append(Asked("containment", problem.pools[g], g, now, 0.0, 1.0, mine))
    return asked


def break_even(shown: Shown, covers: Covers, asked: Asked) -> BreakEven | None:
    """Money saved over the range: the ends, then halving where their signs differ; None where one cannot be staffed."""
    what, name, value, low, high = asked.what, asked.name, asked.value, asked.low, asked.high
    problem, changed = shown.problem, with_acceptance if what == "acceptance" else with_containment

    def priced(at: float, offer: Floats) -> tuple[float, float]:
        network = changed(problem.network, asked.place, max(at, 1e-6))
        routing = Routing(snap_offers(network, offer, None), shown.routing.split, shown.routing.priority)
        instance = replace(problem.instance, network=network)
        found = restaffed(instance, routing, shown.evaluation.headroom, covers)
        return (np.nan, np.nan) if found is None else (found.cost, found.cx)

    never = np.where(asked.offers, 0.0, shown.routing.offer)
    alone = priced(value, never)

    def saves(at: float) -> tuple[float, float]:
        there = priced(at, shown.routing.offer)
        # Without the offer its acceptance changes nothing; the containment of contacts that come by themselves does.
        without = alone if what == "acceptance" else priced(at, never)
        return without[0] - there[0], there[1] - without[1]

    here, change_cx = saves(value)
    bottom, top = saves(low)[0], saves(high)[0]
    if not np.isfinite([here, bottom, top]).all():
        return None
    if (bottom > 0) == (top > 0):
        edge = -np.inf if bottom > 0 else np.inf
        return BreakEven(what, name, value, low, high, here, change_cx, edge)
    inside = (low, high)
    for _ in range(HALVINGS):
        middle = (inside[0] + inside[1]) / 2
        same = (saves(middle)[0] > 0) == (bottom > 0)
        inside = (middle, inside[1]) if same else (inside[0], middle)
    edge = (inside[0] + inside[1]) / 2
    return BreakEven(what, name, value, low, high, here, change_cx, edge, falling=bool(bottom > 0))


def break_even_words(one: BreakEven, problem: FlowProblem, per: str) -> str:
    """Say whether and from where on it pays."""
    verb = "saves" if one.saves >= 0 else "costs"
    money = f"{abs(one.saves):,.0f} {problem.scenario.currency} {per}"
    offering = one.what == "acceptance"
    name = label(problem, "steers" if offering else "pools", one.name)
    lead = f"Offering “{name}”" if offering else f"Sending contacts to {name}"
    now = f"{lead} {verb} {money} at {one.value:.0%} {one.what} (CX {one.change_cx:+.3f}), staffed anew"
    span = f"{one.low:.0%} to {one.high:.0%}"
    if one.threshold == -np.inf:
        return f"{now}; it saves at every {one.what} in its range ({span})."
    if one.threshold == np.inf:
        return f"{now}; it saves at no {one.what} in its range ({span})."
    side = "below" if one.falling else "above"
    return f"{now}; it saves only {side} {one.threshold:.0%} {one.what} (range {span})."
