"""An earlier run to start from: its plans as seeds, and parts of one of them that must stay."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.errors import PlanError
from planner.frontier.held import Held
from planner.frontier.jobs import Seed
from planner.frontier.records import Record
from planner.frontier.what_if import pins_of
from planner.operation.problem import FlowProblem
from planner.scenario.quantities import clock_text
from solvers.flow.decode import normalize_split, snap_offers
from solvers.flow.headroom import HEADROOM_TOLERANCE
from solvers.flow.network import Floats, FlowNetwork, Ints
from solvers.flow.pins import Pins, faults
from solvers.flow.solution import Routing
from solvers.shifts.catalogue import Catalogue

Names = dict[tuple[object, ...], int]


@dataclass(frozen=True)
class Earlier:
    """The held model of an earlier run, and the parts of one of its plans to keep (`keep` empty: nothing)."""

    held: Held
    plan: str = ""
    keep: tuple[str, ...] = ()


def with_kept_parts(problem: FlowProblem, earlier: Earlier) -> FlowProblem:
    """Pin the kept parts in a problem, matched by name.

    Raises
    ------
    PlanError
        A part has no place in the problem, or contradicts it.
    """
    if not earlier.keep:
        return problem
    pins = pins_of(earlier.held, earlier.held.plan(earlier.plan), earlier.keep)
    if pins is None:
        return problem
    moved = _moved(problem, earlier.held, pins)
    found = faults(problem.network, moved)
    if found:
        raise PlanError("\n".join(_fault_words(problem, *fault) for fault in found))
    return replace(problem, instance=replace(problem.instance, pins=moved))


def seeds_of(problem: FlowProblem, earlier: Earlier, fallback: Floats) -> list[Seed]:
    """Plans of an earlier run in the problem's arrays, matched by name."""
    places = _places(problem, earlier.held)
    return [_seed(problem, earlier.held, places, record, fallback) for record in earlier.held.plans.values()]


def seed_of(problem: FlowProblem, earlier: Earlier, fallback: Floats) -> Seed:
    """One plan of an earlier run in the problem's arrays; its people are None where a shift is not there any more."""
    record = earlier.held.plan(earlier.plan)
    return _seed(problem, earlier.held, _places(problem, earlier.held), record, fallback)


def _seed(problem: FlowProblem, held: Held, places: _Places, record: Record, fallback: Floats) -> Seed:
    network = problem.network
    offer = _taken(places.nodes, record.routing.offer, len(network.nodes.kind), 0.0)
    split = _taken(places.splits, record.routing.split, len(network.split_kind), 0.0)
    priority = np.zeros(len(network.pair_pool), dtype=np.int64)
    for before, now in places.pairs:
        priority[now] = record.routing.priority[before]
    routing = Routing(
        snap_offers(network, np.where(network.nodes.steer >= 0, offer, 0.0), None),
        normalize_split(network, split, fallback),
        priority,
    )
    people = _people(problem, held, places, record)
    chosen = held.portfolios[record.portfolio]
    return Seed(routing, max(0.0, record.objectives[2] - HEADROOM_TOLERANCE), people, chosen)


def _people(problem: FlowProblem, held: Held, places: _Places, record: Record) -> tuple[Ints | None, ...] | None:
    """People of an earlier plan on the same shifts; None where a pool or a shift is not there any more."""
    there = {now: before for before, now in places.pools}
    people: list[Ints | None] = []
    for g, catalogue in enumerate(problem.instance.catalogues):
        before = there.get(g)
        if catalogue is None:
            people.append(None)
            continue
        if before is None or held.instance.catalogues[before] is None:
            return None
        try:
            people.append(_moved_shifts(problem, held, before, g, record.people[before]))
        except PlanError:
            return None
    return tuple(people)


@dataclass(frozen=True)
class _Places:
    """(earlier index, index now) of nodes, splits, pairs and pools that both have by name."""

    nodes: list[tuple[int, int]]
    splits: list[tuple[int, int]]
    pairs: list[tuple[int, int]]
    pools: list[tuple[int, int]]


def _places(problem: FlowProblem, held: Held) -> _Places:
    labels = held.labels
    before = _names(held.instance.network, labels.pairs, labels.channels, labels.pools, labels.steers)
    now = _names(problem.network, list(problem.types), problem.channels, problem.pools, problem.steers)
    return _Places(
        *[
            [(k, there[name]) for name, k in here.items() if name in there]
            for here, there in zip(before, now, strict=True)
        ]
    )


def _names(
    network: FlowNetwork,
    types: list[tuple[str, str]],
    channels: tuple[str, ...],
    pools: tuple[str, ...],
    steers: tuple[str, ...],
) -> tuple[Names, Names, Names, Names]:
    nodes = network.nodes
    node: Names = {
        (types[i], channels[c], int(e), channels[a] if a >= 0 else "", steers[s] if s >= 0 else ""): k
        for k, (i, c, e, a, s) in enumerate(
            zip(nodes.kind, nodes.channel, nodes.stage, nodes.natural, nodes.steer, strict=True)
        )
    }
    split: Names = {
        (types[i], channels[c], pools[g]): k
        for k, (i, c, g) in enumerate(zip(network.split_kind, network.split_channel, network.split_pool, strict=True))
    }
    pair: Names = {
        (pools[g], types[i]): k for k, (g, i) in enumerate(zip(network.pair_pool, network.pair_kind, strict=True))
    }
    return node, split, pair, {(name,): g for g, name in enumerate(pools)}


def _taken(places: list[tuple[int, int]], values: Floats, size: int, default: float) -> Floats:
    found = np.full(size, default)
    for before, now in places:
        found[now] = values[before]
    return found


def _moved(problem: FlowProblem, held: Held, pins: Pins) -> Pins:
    """Pins of the earlier arrays in the problem's."""
    places, network = _places(problem, held), problem.network
    none = Pins.none(network)
    priority = none.priority.copy()
    for before, now in places.pairs:
        priority[now] = pins.priority[before]
    people = list(none.people)
    there = dict(places.pools)
    for g in pins.pools:
        name = held.labels.pools[g]
        if g not in there or problem.instance.catalogues[there[g]] is None:
            raise PlanError(f"the shifts of pool {name!r} cannot be kept: the scenario has no such pool of people")
        people[there[g]] = _moved_shifts(problem, held, g, there[g], pins.people[g])
    offer = _taken(places.nodes, pins.offer, len(network.nodes.kind), np.nan)
    split = _taken(places.splits, pins.split, len(network.split_kind), np.nan)
    return Pins(offer, split, priority, tuple(people))


def _moved_shifts(problem: FlowProblem, held: Held, before: int, now: int, counts: Ints | None) -> Ints:
    old, new = held.instance.catalogues[before], problem.instance.catalogues[now]
    if counts is None or old is None or new is None:
        raise PlanError(f"pool {held.labels.pools[before]!r} has no shifts to keep")
    days = len(counts)
    if problem.network.days != days:
        raise PlanError(f"shifts of {days} days cannot be kept in a horizon of {problem.network.days} days")
    place = {name: k for k, name in enumerate(_shift_names(new, problem.shift_kinds))}
    moved = np.zeros((days, len(new.paid_h)), dtype=np.int64)
    for k, name in enumerate(_shift_names(old, held.labels.shift_kinds)):
        if not counts[:, k].any():
            continue
        if name not in place:
            kind, start, end = name
            raise PlanError(
                f"pool {held.labels.pools[before]!r} keeps people on shift {kind!r} from {clock_text(start)} to "
                f"{clock_text(end)}, which the scenario does not have"
            )
        moved[:, place[name]] += counts[:, k]
    if new.misses(moved):
        day, k = np.argwhere(~new.worked(days) & (moved > 0))[0]
        kind, start, end = _shift_names(new, problem.shift_kinds)[int(k)]
        date = problem.starts[int(day) * problem.network.intervals_per_day].date()
        raise PlanError(
            f"pool {held.labels.pools[before]!r} keeps people on shift {kind!r} from {clock_text(start)} to "
            f"{clock_text(end)} on {date.isoformat()}, a day that does not have it"
        )
    return moved


def _shift_names(catalogue: Catalogue, kinds: tuple[str, ...]) -> list[tuple[str, int, int]]:
    return [
        (kinds[int(kind)], int(start), int(end))
        for kind, start, end in zip(catalogue.kind, catalogue.start_min, catalogue.end_min, strict=True)
    ]


def _fault_words(problem: FlowProblem, what: str, where: int, amount: float) -> str:
    network = problem.network
    if what == "shares":
        reason, segment = problem.types[int(network.split_kind[where])]
        channel = problem.channels[int(network.split_channel[where])]
        return f"kept shares of {reason}/{segment} in {channel} sum to {amount:.0%}, not 100 %; keep fewer of them"
    reason, segment = problem.types[int(network.nodes.kind[where])]
    steer = problem.steers[int(network.nodes.steer[where])]
    if what == "offers":
        return f"kept offers to {reason}/{segment} sum to {amount:.0%}; a customer gets one offer at most"
    return f"the kept offer of {steer} to {reason}/{segment} is more than history supports (at most {amount:.0%})"
