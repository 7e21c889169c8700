"""The network as the compiled loop reads it: flat arrays and records, nothing that changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.simulation.comeback import acceptance, landings
from solvers.simulation.distributions import Distribution, Kind, constant
from solvers.simulation.network import Network

__all__ = ["Model", "make_model"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Records = NDArray[np.void]
DAY_S = 86_400.0


def _record(*names: str, floats: tuple[str, ...] = ()) -> np.dtype:
    return np.dtype([(n, "i8") for n in names] + [(n, "f8") for n in floats], align=True)


_KLASS = _record("patience", "routes", "routes_stop")
_QUEUE = _record("home", "steps", "steps_stop")
_STANDING = ("reserve", "priority", "after_s", "value", "value_per_s")
_STEP = _record("pool", *_STANDING[:2], floats=_STANDING[2:])
_OFFER = _record("queue", *_STANDING[:2], floats=_STANDING[2:])
_POOL = _record("slots", "unlimited", "first_agent", "offers", "offers_stop", floats=("full_speed",))
_EDGE = _record("to", "delay", "placed", floats=("cumulative",))
_DRAW = _record("kind", "start", "stop", floats=("mean_s", "spread"))


class Model(NamedTuple):
    """Read-only arrays of one network.

    Interval T, one past the last, stands for closed time. `change_s, change_cell, change_end_s` (change,): moments of
    a cycle at which an interval or closed time begins. `rate` (source, T + 1) contacts per second; `entry_*` sparse
    rows of cumulative shares; `route_cumulative` (route, 1), or (route, T + 1) where shares hang on time; `ways`
    (class·(pool + 1) + pool + 1 -> edges) after service or, at 0, abandonment; queues are classes and routes that no
    agent can tell apart, served in order of arrival; `offers` are the queues of each pool. `block` (interval,)
    number of its day, a run without a gap, cut every 24 hours; the `placed` of an edge is 0, or 1 + its row of `accept`
    (row, block). `points` and `lost_points` (class, pool), or (0, 0) where nothing is scored.
    """

    interval_s: float
    cycle_s: float
    starts_s: Floats
    block: Ints
    block_first: Ints
    block_stop: Ints
    change_s: Floats
    change_end_s: Floats
    change_cell: Ints
    rate: Floats
    entry_start: Ints
    entry_class: Ints
    entry_cumulative: Floats
    klass: Records
    route_cumulative: Floats
    route_queue: Ints
    queue: Records
    steps: Records
    offers: Records
    pool: Records
    agents: Floats
    speed: Floats
    service: Ints
    deadline_s: Floats
    ways: Ints
    edges: Records
    draws: Records
    values: Floats
    cumulative: Floats
    weights: Floats
    accept: Floats
    points: Floats
    lost_points: Floats
    curve: Ints
    knots_s: Floats
    bend: Floats


def make_model(network: Network) -> Model:
    """Lay a network out for the compiled loop."""
    klass, route_cumulative, route_queue, queue, steps = _routes(network)
    offers, offer_start = _offers(network, queue, steps)
    draws, values, cumulative = _draws(network.distributions)
    block, first, stop = _blocks(network)
    placed, accept = _acceptance(network, block)
    ways, edges = _edges(network, placed)
    entry_start, entry_class, entry_cumulative = _entry(network.entry)
    closed = np.zeros((len(network.agents), 1))
    weights = np.hstack([np.zeros((len(klass), 1)), np.cumsum(network.comeback, axis=1)])
    calendar = network.calendar
    return Model(
        interval_s=calendar.interval_s,
        cycle_s=calendar.cycle_s,
        starts_s=np.array(calendar.starts_s),
        block=block,
        block_first=first,
        block_stop=stop,
        **_changes(network),
        rate=np.hstack([network.arrivals / calendar.interval_s, np.zeros((len(network.arrivals), 1))]),
        entry_start=entry_start,
        entry_class=entry_class,
        entry_cumulative=entry_cumulative,
        klass=klass,
        route_cumulative=route_cumulative,
        route_queue=route_queue,
        queue=queue,
        steps=steps,
        offers=offers,
        pool=_pools(network, offer_start),
        agents=np.hstack([np.where(np.isinf(network.agents), 0.0, network.agents), closed]),
        speed=np.hstack([closed, np.nan_to_num(network.speed)]),
        service=np.array(network.service),
        deadline_s=np.array(network.deadline_s),
        ways=ways,
        edges=edges,
        draws=draws,
        values=values,
        cumulative=cumulative,
        weights=weights,
        accept=accept,
        **_scores(network),
    )


def _pools(network: Network, offer_start: Ints) -> Records:
    """One record per pool; agents are numbered through all pools, those without limit need no number."""
    unlimited = np.isinf(network.agents).any(axis=1)
    slots = np.where(unlimited, 1, (~np.isnan(network.speed)).sum(axis=1))
    people = np.ceil(np.where(np.isinf(network.agents), 0.0, network.agents).max(axis=1)).astype(np.int64)
    pool = np.zeros(len(slots), dtype=_POOL)
    pool["slots"], pool["unlimited"] = slots, unlimited
    pool["first_agent"] = np.concatenate([[0], np.cumsum(people)[:-1]])
    pool["offers"], pool["offers_stop"] = offer_start[:-1], offer_start[1:]
    pool["full_speed"] = network.speed[np.arange(len(slots)), slots - 1]
    return pool


def _scores(network: Network) -> dict[str, NDArray]:
    scores = network.scores
    if scores is None:
        none, nowhere = np.zeros((0, 0)), np.zeros((0, 0), dtype=np.int64)
        return {"points": none, "lost_points": none, "curve": nowhere, "knots_s": none, "bend": none}
    floats = {"points": scores.served, "lost_points": scores.lost, "knots_s": scores.knots_s, "bend": scores.bend}
    made = {name: np.array(values, dtype=np.float64, order="C") for name, values in floats.items()}
    return made | {"curve": np.array(scores.curve, dtype=np.int64, order="C")}


def _follows(network: Network) -> NDArray[np.bool_]:
    """Tell for each interval if the next one begins where it ends, shape (interval,); False for the last."""
    calendar = network.calendar
    ends = calendar.starts_s + calendar.interval_s
    return np.append(np.abs(calendar.starts_s[1:] - ends[:-1]) <= 1e-6, False)


def _blocks(network: Network) -> tuple[Ints, Ints, Ints]:
    """Number, first interval and one past the last of each interval's day: a run without a gap, cut every 24 hours."""
    calendar, opens = network.calendar, ~np.append(False, _follows(network)[:-1])
    since_s = calendar.starts_s - calendar.starts_s[opens][np.cumsum(opens) - 1]
    day = np.floor((since_s + 1e-6) / DAY_S)
    begins = opens | np.append(False, np.diff(day) > 0)
    starts, number = np.flatnonzero(begins), np.cumsum(begins) - 1
    ends = np.append(starts[1:], len(begins))
    return number.astype(np.int64), starts[number].astype(np.int64), ends[number].astype(np.int64)


def _acceptance(network: Network, block: Ints) -> tuple[Ints, Floats]:
    """Where the chances of each edge stand, 0 or 1 + row, shape (edge,), and the chances, (row, block)."""
    following, calendar = network.following, network.calendar
    _, shape_of = np.unique(network.comeback, axis=0, return_inverse=True)
    landed: dict[int, Floats] = {}
    rows: dict[tuple[int, int], int] = {}
    chances: list[Floats] = []
    place = np.zeros(following.to.size, dtype=np.int64)
    for e in np.flatnonzero(following.placed):
        klass, delay = int(following.to[e]), int(following.delay[e])
        key = (int(shape_of.ravel()[klass]), delay)
        if key not in rows:
            if delay not in landed:
                time = network.distributions[delay] if delay >= 0 else constant(0.0)
                landed[delay] = landings(calendar.starts_s, calendar.interval_s, calendar.cycle_s, block, time)
            rows[key] = len(chances)
            chances.append(acceptance(network.comeback[klass], landed[delay], block))
        place[e] = 1 + rows[key]
    return place, np.array(chances).reshape(len(chances), int(block[-1]) + 1)


def _changes(network: Network) -> dict[str, NDArray]:
    calendar, follows = network.calendar, _follows(network)
    closed = network.arrivals.shape[1]
    begin: list[tuple[float, int]] = []
    if calendar.starts_s[0] > 1e-6:
        begin.append((0.0, closed))
    for t, start in enumerate(calendar.starts_s):
        begin.append((float(start), t))
        end = float(start + calendar.interval_s)
        if not follows[t] and end < calendar.cycle_s - 1e-6:
            begin.append((end, closed))
    moments = np.array([moment for moment, _ in begin])
    return {
        "change_s": moments,
        "change_end_s": np.append(moments[1:], calendar.cycle_s),
        "change_cell": np.array([cell for _, cell in begin], dtype=np.int64),
    }


def _entry(entry: Floats) -> tuple[Ints, Ints, Floats]:
    used = entry > 0.0
    start = np.concatenate([[0], np.cumsum(used.sum(axis=1))]).astype(np.int64)
    column = np.nonzero(used)[1].astype(np.int64)
    cumulative = np.cumsum(entry, axis=1)[used]
    cumulative[start[1:] - 1] = 1.0
    return start, column, cumulative


def _routes(network: Network) -> tuple[Records, Floats, Ints, Records, Records]:
    """Number the queues: routes of classes that have the same steps and the same standing in every pool."""
    routes = network.routes
    order = np.argsort(routes.of_class, kind="mergesort")
    share = routes.share.reshape(routes.of_class.size, -1)
    order = order[share[order].max(axis=1, initial=0.0) > 0.0]
    known: dict[tuple[tuple[float, ...], ...], int] = {}
    rows: list[tuple[tuple[float, ...], ...]] = []
    queue_of = np.zeros(order.size, dtype=np.int64)
    for place, route in enumerate(order):
        kind = routes.of_class[route]
        standing = tuple(
            (
                float(g),
                float(network.reserve[kind, g]),
                float(network.priority[kind, g]),
                float(routes.after_s[route, s]),
                float(network.value[kind, g]),
                float(network.value_per_s[kind, g]),
            )
            for s, g in enumerate(routes.pool[route])
            if g >= 0
        )
        queue_of[place] = known.setdefault(standing, len(known))
        if len(known) > len(rows):
            rows.append(standing)
    queue, steps_of = np.zeros(len(rows), dtype=_QUEUE), [step for row in rows for step in row]
    sizes = np.array([len(row) for row in rows], dtype=np.int64)
    queue["steps_stop"] = np.cumsum(sizes)
    queue["steps"] = queue["steps_stop"] - sizes
    queue["home"] = [int(row[0][0]) for row in rows]
    steps = np.zeros(len(steps_of), dtype=_STEP)
    for name, column in zip(("pool", *_STANDING), np.array(steps_of).T, strict=True):
        steps[name] = column
    klass = np.zeros(network.service.shape[0], dtype=_KLASS)
    klass["patience"] = network.patience
    kinds = routes.of_class[order]
    klass["routes"] = np.searchsorted(kinds, np.arange(len(klass)), side="left")
    klass["routes_stop"] = np.searchsorted(kinds, np.arange(len(klass)), side="right")
    if share.shape[1] > 1:
        share = np.hstack([share, share[:, -1:]])  # closed time
    cumulative = np.concatenate([np.cumsum(share[order[k["routes"] : k["routes_stop"]]], axis=0) for k in klass])
    cumulative[klass["routes_stop"] - 1] = 1.0
    return klass, cumulative, queue_of, queue, steps


def _offers(network: Network, queue: Records, steps: Records) -> tuple[Records, Ints]:
    of_queue = np.repeat(np.arange(len(queue)), queue["steps_stop"] - queue["steps"])
    order = np.argsort(steps["pool"], kind="mergesort")
    offers = np.zeros(len(steps), dtype=_OFFER)
    offers["queue"] = of_queue[order]
    for name in _STANDING:
        offers[name] = steps[name][order]
    start = np.searchsorted(steps["pool"][order], np.arange(network.agents.shape[0] + 1)).astype(np.int64)
    return offers, start


def _edges(network: Network, placed: Ints) -> tuple[Ints, Records]:
    following, ways = network.following, network.agents.shape[0] + 1
    row = following.of_class * ways + following.pool + 1
    order = np.argsort(row, kind="mergesort")
    order = order[following.share[order] > 0.0]
    edges = np.zeros(order.size, dtype=_EDGE)
    edges["to"], edges["delay"], edges["placed"] = following.to[order], following.delay[order], placed[order]
    start = np.searchsorted(row[order], np.arange(network.service.shape[0] * ways + 1)).astype(np.int64)
    total = np.concatenate([[0.0], np.cumsum(following.share[order])])
    edges["cumulative"] = total[1:] - np.repeat(total[start[:-1]], np.diff(start))
    return start, edges


def _draws(distributions: tuple[Distribution, ...]) -> tuple[Records, Floats, Floats]:
    draws = np.zeros(len(distributions), dtype=_DRAW)
    values: list[float] = []
    cumulative: list[float] = []
    for row, item in zip(draws, distributions, strict=True):
        row["kind"], row["mean_s"], row["start"] = int(item.kind), item.mean_s, len(values)
        if item.kind is Kind.LOG_NORMAL:
            row["spread"] = np.sqrt(np.log1p(item.cv**2))
        elif item.kind is Kind.GAMMA:
            row["spread"] = 1.0 / item.cv**2
        values += item.values_s
        cumulative += item.cumulative
        row["stop"] = len(values)
    return draws, np.array(values, dtype=np.float64), np.array(cumulative, dtype=np.float64)
