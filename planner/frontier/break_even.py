"""From which acceptance a steer, and from which containment an automated pool, pays: staffed anew with and without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planner.frontier.labels import label
from planner.frontier.restaff import sound
from planner.frontier.shown import Shown
from planner.operation.problem import FlowProblem
from solvers.flow.covering import Covers
from solvers.flow.decode import snap_offers
from solvers.flow.network import Bools, Floats, FlowNetwork, Queue
from solvers.flow.solution import Routing

PARTS = 4  # of the range: its ends and what lies between them are tried, for whole people may change sides twice
FINEST = 1 / 32  # of the range: below what anybody knows of an acceptance


@dataclass(frozen=True)
class BreakEven:
    """What a steer (or the offers of an automated pool) saves over its range of acceptance (containment).

    `value` now, `low` and `high` ends of the range, `saves` money at `value` against the same plan without the offers
    (negative: it costs), `change_cx` points it brings, `threshold` the value above which it saves (−inf: wherever it
    was tried in the range, inf: nowhere, NaN: here and there), `falling` True where it pays below it instead, `chosen`
    False where the plan offers nothing of it: then it is what offering it to all, in place of other offers, would save.
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
    chosen: bool = True


@dataclass(frozen=True)
class Asked:
    """What break-even is asked of: `name` and `place` of a steer (acceptance) or a pool (containment).

    `value` now, `low` and `high` ends of its range, `offers` (node,) that go with it; `chosen`: the plan makes them.
    """

    what: str
    name: str
    place: int
    value: float
    low: float
    high: float
    offers: Bools
    chosen: bool = True


def with_acceptance(network: FlowNetwork, steer: int, acceptance: float) -> FlowNetwork:
    """Return the network with another acceptance of a steer."""
    nodes = network.nodes
    accepted = np.where(nodes.steer == steer, acceptance, nodes.acceptance)
    return replace(network, nodes=replace(nodes, acceptance=accepted))


def with_containment(network: FlowNetwork, pool: int, containment: float, volume: Floats | None = None) -> FlowNetwork:
    """Return the network with another share of contacts that an automated pool serves without escalating them.

    Escalation of each of its flows is scaled so that its mean over contacts (`volume` of each flow; None: alike) is
    1 − containment; what returns is a share of those not escalated, so it is scaled with them.
    """
    flows = network.flows
    members = (flows.pool == pool) & (flows.escalate > 0)
    if not members.any():
        return network
    mean = 1.0 - contained(network, pool, volume)
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


def contained(network: FlowNetwork, pool: int, volume: Floats | None = None) -> float:
    """Share of the contacts of a pool's escalating flows (`volume` of each; None: alike) that it keeps; NaN: none."""
    members = (network.flows.pool == pool) & (network.flows.escalate > 0)
    if not members.any():
        return float("nan")
    weight = None if volume is None or volume[members].sum() <= 0 else volume[members]
    return 1.0 - float(np.average(network.flows.escalate[members], weights=weight))


def asked_of(shown: Shown) -> list[Asked]:
    """Return what to seek the break-even of: every steer, every automated pool that contacts can be steered to."""
    problem = shown.problem
    network = problem.network
    nodes, asked = network.nodes, []
    takers = network.first_volume * nodes.acceptance
    possible = (nodes.steer >= 0) & (np.minimum(takers, nodes.most) > 1e-6)
    used = possible & (takers * shown.routing.offer > 1e-6)
    for k, name in enumerate(problem.steers):
        mine = nodes.steer == k
        if (possible & mine).any():
            stated = problem.scenario.steers[name].acceptance
            low, high = stated.bounds if stated.bounds[1] > stated.bounds[0] else (0.0, 1.0)
            asked.append(Asked("acceptance", name, k, stated.value, low, high, *_offers(used, possible, mine)))
    for g in map(int, np.flatnonzero(network.pools.queue == Queue.AUTOMATED)):
        mine = np.isin(np.arange(len(used)), network.flows.node[network.flows.pool == g])
        now = contained(network, g, shown.evaluation.state.volume)
        if (possible & mine).any() and np.isfinite(now):
            asked.append(Asked("containment", problem.pools[g], g, now, 0.0, 1.0, *_offers(used, possible, mine)))
    return asked


def _offers(used: Bools, possible: Bools, mine: Bools) -> tuple[Bools, bool]:
    """The offers of a steer or pool that a plan makes or, where it makes none, could make; whether it makes any."""
    chosen = bool((used & mine).any())
    return (used if chosen else possible) & mine, chosen


def break_even(shown: Shown, covers: Covers, asked: Asked) -> BreakEven | None:
    """Money saved over the range: where its sign changes once, the place is halved.

    The range is cut to the values it can be staffed at with and without; None where that is not even the value now.
    """
    what, name, value, low, high = asked.what, asked.name, asked.value, asked.low, asked.high
    saves = _savings(shown, covers, asked)
    found = {at: saves(at) for at in sorted({value, *np.linspace(low, high, PARTS + 1).tolist()})}
    tried = [at for at, (money, _) in found.items() if np.isfinite(money)]
    if value not in tried:
        return None
    (here, change_cx), low, high = found[value], tried[0], tried[-1]
    pays = [found[at][0] > 0 for at in tried]
    turns = [k for k in range(len(tried) - 1) if pays[k] != pays[k + 1]]
    if len(turns) != 1:
        edge = np.nan if turns else -np.inf if pays[0] else np.inf
        return BreakEven(what, name, value, low, high, here, change_cx, edge, chosen=asked.chosen)
    below, above = tried[turns[0]], tried[turns[0] + 1]
    while above - below > FINEST * (high - low):
        middle = (below + above) / 2
        below, above = (middle, above) if (saves(middle)[0] > 0) == pays[0] else (below, middle)
    threshold = (below + above) / 2
    return BreakEven(what, name, value, low, high, here, change_cx, threshold, falling=pays[0], chosen=asked.chosen)


def _savings(shown: Shown, covers: Covers, asked: Asked) -> Callable[[float], tuple[float, float]]:
    """Return what tells of a value the money it saves and the CX it brings, against the plan without the offers."""
    problem = shown.problem

    def priced(at: float, offer: Floats) -> tuple[float, float]:
        network, least = problem.network, max(at, 1e-6)
        if asked.what == "acceptance":
            network = with_acceptance(network, asked.place, least)
        else:
            network = with_containment(network, asked.place, least, shown.evaluation.state.volume)
        routing = Routing(snap_offers(network, offer, None), shown.routing.split, shown.routing.priority)
        instance = replace(problem.instance, network=network)
        found = sound(instance, routing, shown.evaluation.headroom, covers)
        return (np.nan, np.nan) if found is None else (found.cost, found.cx)

    never = np.where(asked.offers, 0.0, shown.routing.offer)
    offered = shown.routing.offer if asked.chosen else _instead(problem.network, asked.offers, never)
    alone = priced(asked.value, never)

    def saves(at: float) -> tuple[float, float]:
        there = priced(at, offered)
        # Without the offer its acceptance changes nothing; the containment of contacts that come by themselves does.
        without = alone if asked.what == "acceptance" else priced(at, never)
        return without[0] - there[0], there[1] - without[1]

    return saves


def _instead(network: FlowNetwork, offers: Bools, offer: Floats) -> Floats:
    """Offers (node,) with some made to every contact they can be made to, in place of what these are offered."""
    nodes = network.nodes
    alike = np.unique(np.column_stack([nodes.kind, nodes.natural]), axis=0, return_inverse=True)[1].ravel()
    return np.where(offers, 1.0, np.where(np.isin(alike, alike[offers]), 0.0, offer))


def break_even_words(one: BreakEven, problem: FlowProblem, per: str) -> str:
    """Say whether and from where on it pays."""
    saves, costs = ("saves", "costs") if one.chosen else ("would save", "would cost")
    money = f"{abs(one.saves):,.0f} {problem.scenario.currency} {per}"
    offering = one.what == "acceptance"
    name = label(problem, "steers" if offering else "pools", one.name)
    lead = f"offering “{name}”" if offering else f"sending contacts to {name}"
    lead = f"{lead[0].upper()}{lead[1:]}" if one.chosen else f"Not in this plan: {lead} instead, wherever it can be,"
    verb = saves if one.saves >= 0 else costs
    now = f"{lead} {verb} {money} at {one.value:.0%} {one.what} (CX {one.change_cx:+.3f}), staffed anew"
    span = f"{one.low:.0%} to {one.high:.0%}"
    if np.isnan(one.threshold):
        return f"{now}; tried from {span} it {saves} here and {costs} there, as whole people fall."
    if np.isinf(one.threshold):
        where = "every" if one.threshold < 0 else "no"
        return f"{now}; it {saves} at {where} {one.what} tried ({span})."
    side = "below" if one.falling else "above"
    edge = f"{one.threshold:.0%}"
    if edge == f"{one.value:.0%}":
        edge = f"{one.threshold:.1%}"
    return f"{now}; it {saves} only {side} {edge} {one.what} (tried: {span})."
