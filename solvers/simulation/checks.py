"""What a network must be like to be simulated; every problem names the argument, the index and the value."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import MatrixRankWarning, spsolve

if TYPE_CHECKING:
    from solvers.simulation.network import Network

__all__ = ["check_network"]

_ROUNDING = 1e-9
_MOST_POLICIES = 50


def _refuse(name: str, values: NDArray, bad: NDArray[np.bool_], allowed: str) -> None:
    """Raise for the first bad element of an array."""
    if bad.any():
        index = np.argwhere(bad)[0]
        place = ", ".join(str(int(i)) for i in index)
        raise ValueError(f"{name}[{place}] = {values[tuple(index)]:g} — must be {allowed}")


def _shape(name: str, values: NDArray, wanted: tuple[int, ...], axes: str) -> None:
    if values.shape != wanted:
        raise ValueError(f"{name} of shape {values.shape} — must have shape {wanted}: ({axes})")


def _finite(name: str, values: NDArray) -> None:
    _refuse(name, values, ~(np.isfinite(values) & (values >= 0.0)), "a finite number of at least 0")


def _index(name: str, values: NDArray, stop: int, least: int = 0) -> None:
    _refuse(name, values, (values < least) | (values >= stop), f"between {least} and {stop - 1}")


def check_network(network: Network) -> None:
    """Refuse a network that cannot be simulated, with a ValueError."""
    _check_calendar(network)
    _check_shapes(network)
    _check_people(network)
    _check_times(network)
    _check_routes(network)
    _check_following(network)
    _check_scores(network)


def _check_calendar(network: Network) -> None:
    calendar = network.calendar
    for name in ("interval_s", "cycle_s"):
        value = getattr(calendar, name)
        if not (np.isfinite(value) and value > 0.0):
            raise ValueError(f"{name} = {value!r} — must be a finite number above 0")
    starts = calendar.starts_s
    _shape("starts_s", starts, (network.arrivals.shape[-1],), "interval")
    if starts.size == 0:
        raise ValueError("arrivals — must have at least one interval")
    _finite("starts_s", starts)
    short = np.append(np.diff(starts), calendar.cycle_s - starts[-1]) < calendar.interval_s * (1 - _ROUNDING)
    _refuse("starts_s", starts, short, f"at least interval_s = {calendar.interval_s:g} before what follows it")


def _check_shapes(network: Network) -> None:
    sources, intervals = network.arrivals.shape
    pools, classes = network.agents.shape[0], network.service.shape[0]
    if not sources or not classes or not pools:
        raise ValueError(f"{sources} sources, {classes} classes, {pools} pools — there must be one of each")
    _shape("agents", network.agents, (pools, intervals), "pool, interval")
    _shape("entry", network.entry, (sources, classes), "source, class")
    _shape("patience", network.patience, (classes,), "class")
    _shape("comeback", network.comeback, (classes, intervals), "class, interval")
    for name in ("service", "priority", "value", "value_per_s", "reserve", "deadline_s"):
        _shape(name, getattr(network, name), (classes, pools), "class, pool")
    if network.speed.ndim != 2 or network.speed.shape[0] != pools or network.speed.shape[1] == 0:
        raise ValueError(f"speed of shape {network.speed.shape} — must have shape ({pools}, K): (pool, slot), K >= 1")


def _check_people(network: Network) -> None:
    _finite("arrivals", network.arrivals)
    _finite("entry", network.entry)
    total = network.entry.sum(axis=1)
    _refuse("entry sum", total, np.abs(total - 1.0) > _ROUNDING, "1: every contact is of some class")
    _refuse("agents", network.agents, ~(network.agents >= 0.0), "at least 0")
    mixed = np.isinf(network.agents).any(axis=1, keepdims=True) & ~np.isinf(network.agents)
    _refuse("agents", network.agents, mixed, "inf in every interval of the pool or in none")
    known = ~np.isnan(network.speed)
    _refuse("speed", network.speed, known & ~(np.isfinite(network.speed) & (network.speed > 0.0)), "above 0")
    _refuse("speed", network.speed[:, :1], ~known[:, :1], "a speed with one contact; NaN stands beyond the cap only")
    _refuse("speed", network.speed[:, 1:], known[:, 1:] & ~known[:, :-1], "NaN, as the slot before it is")


def _check_times(network: Network) -> None:
    count = len(network.distributions)
    _index("service", network.service, count, -1)
    _index("patience", network.patience, count, -1)
    mean = np.array([d.mean_s for d in network.distributions] + [1.0])
    endless = ~np.isfinite(mean[network.service]) & (network.service >= 0)
    _refuse("service", network.service, endless, "a distribution with a finite mean")
    stuck = np.array([d.mean_s == 0.0 for d in network.distributions] + [False])
    _refuse("patience", network.patience, stuck[network.patience], "a distribution with a mean above 0")
    _finite("comeback", network.comeback)
    for name in ("value", "value_per_s"):
        values = getattr(network, name)
        _refuse(name, values, ~np.isfinite(values), "finite")
    _refuse("reserve", network.reserve, network.reserve < 0, "at least 0")
    _refuse("deadline_s", network.deadline_s, ~(network.deadline_s > 0.0), "above 0, or inf for none")


def _check_routes(network: Network) -> None:
    routes = network.routes
    count, classes = routes.of_class.size, network.service.shape[0]
    by_interval = routes.share.ndim == 2
    shape = (count, network.arrivals.shape[1]) if by_interval else (count,)
    _shape("routes.share", routes.share, shape, "route, interval" if by_interval else "route")
    if routes.pool.ndim != 2 or routes.pool.shape != routes.after_s.shape or routes.pool.shape[0] != count:
        raise ValueError(
            f"routes.pool {routes.pool.shape}, routes.after_s {routes.after_s.shape} — must both be ({count}, step)"
        )
    _index("routes.of_class", routes.of_class, classes)
    _index("routes.pool", routes.pool, network.agents.shape[0], -1)
    _finite("routes.share", routes.share)
    used = routes.pool >= 0
    _refuse("routes.pool", routes.pool[:, :1], ~used[:, :1], "a pool: every route has a first step")
    _refuse("routes.pool", routes.pool[:, 1:], used[:, 1:] & ~used[:, :-1], "-1, as the step before it is")
    _finite("routes.after_s", np.where(used, routes.after_s, 0.0))
    _refuse("routes.after_s", routes.after_s[:, :1], routes.after_s[:, :1] != 0.0, "0: the first step is open at once")
    unable = used & (network.service[routes.of_class[:, None], routes.pool] < 0)
    _refuse("routes.pool", routes.pool, unable, "a pool that can serve the class")
    total = np.zeros((classes, *shape[1:]))
    np.add.at(total, routes.of_class, routes.share)
    _refuse("routes.share sum of class", total, np.abs(total - 1.0) > _ROUNDING, "1")
    _check_served(network)


def _check_served(network: Network) -> None:
    """Refuse contacts that can neither be served nor leave."""
    routes = network.routes
    empty = network.agents.sum(axis=1) == 0.0
    ends = np.array([d.ends for d in network.distributions] + [False])
    leaves = ends[network.patience]
    taken = routes.share.reshape(routes.of_class.size, -1).max(axis=1, initial=0.0) > 0.0
    lost = (empty[routes.pool] | (routes.pool < 0)).all(axis=1) & ~leaves[routes.of_class] & taken
    if lost.any():
        route = int(np.flatnonzero(lost)[0])
        pool, kind = int(routes.pool[route, 0]), int(routes.of_class[route])
        raise ValueError(
            f"agents[{pool}] = 0 in every interval — class {kind} never leaves and has no other pool; "
            "give it an agent or a patience"
        )


def _check_following(network: Network) -> None:
    edges, classes, pools = network.following, network.service.shape[0], network.agents.shape[0]
    count = edges.of_class.size
    for name in ("pool", "to", "share", "delay", "placed"):
        _shape(f"following.{name}", getattr(edges, name), (count,), "edge")
    _index("following.of_class", edges.of_class, classes)
    _index("following.to", edges.to, classes)
    _index("following.pool", edges.pool, pools, -1)
    _index("following.delay", edges.delay, len(network.distributions), -1)
    _finite("following.share", edges.share)
    mean = np.array([d.mean_s for d in network.distributions] + [0.0])
    _refuse("following.delay", edges.delay, ~np.isfinite(mean[edges.delay]), "a distribution with a finite mean")
    total = np.bincount(edges.of_class * (pools + 1) + edges.pool + 1, edges.share, classes * (pools + 1))
    total = total.reshape(classes, pools + 1)
    if (total > 1.0 + _ROUNDING).any():
        kind, pool = (int(i) for i in np.argwhere(total > 1.0 + _ROUNDING)[0])
        after = f"served by pool {pool - 1}" if pool else "abandoned"
        raise ValueError(f"following.share of class {kind}, {after}, sums to {total[kind, pool]:g} — must be at most 1")
    _check_ends(network)


def _check_scores(network: Network) -> None:
    scores = network.scores
    if scores is None:
        return
    shape = (network.service.shape[0], network.agents.shape[0])
    for name in ("served", "lost", "curve"):
        _shape(f"scores.{name}", getattr(scores, name), shape, "class, pool")
    _shape("scores.bend", scores.bend, scores.knots_s.shape, "curve, knot")
    _index("scores.curve", scores.curve, len(scores.knots_s), -1)
    for name in ("served", "lost", "bend"):
        values = getattr(scores, name)
        _refuse(f"scores.{name}", values, ~np.isfinite(values), "finite")
    _finite("scores.knots_s", scores.knots_s)


def _check_ends(network: Network) -> None:
    """Refuse a network in which a contact can circle forever.

    However the contacts of a class end – at the pool or in the abandonment that breeds most – the expected number of
    contacts per issue, v = 1 + max_e P_e v, must be finite. Policy iteration (Howard 1960); for a chosen policy P ≥ 0
    the spectral radius is below 1 exactly if (I − P)v = 1 has a positive solution.
    """
    edges, classes, pools = network.following, network.service.shape[0], network.agents.shape[0]
    if not edges.of_class.size:
        return
    ways = pools + 1
    rows = edges.of_class * ways + edges.pool + 1
    every = sp.csr_matrix((edges.share, (rows, edges.to)), shape=(classes * ways, classes))
    here = np.arange(classes) * ways
    choice = np.asarray(every.sum(axis=1)).reshape(classes, ways).argmax(axis=1)
    for _ in range(_MOST_POLICIES):
        policy = every[here + choice]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MatrixRankWarning)  # a singular system is an answer: it circles
            contacts = np.atleast_1d(spsolve(sp.identity(classes, format="csc") - policy.tocsc(), np.ones(classes)))
        circles = ~(np.isfinite(contacts) & (contacts >= 1.0 - _ROUNDING) & (contacts < 1.0 / _ROUNDING))
        if circles.any():
            values, vectors = np.linalg.eig(policy.toarray())
            worst = int(np.abs(values).argmax())
            kind = int(np.abs(vectors[:, worst]).argmax())
            raise ValueError(
                f"following.share: from class {kind} contacts can follow each other forever (spectral radius "
                f"{abs(values[worst]):.4g}) — must be below 1"
            )
        value = (every @ contacts).reshape(classes, ways)
        better = value.argmax(axis=1)
        stays = value[np.arange(classes), choice] >= value.max(axis=1) - 1e-12 * contacts
        if stays.all():
            return
        choice = np.where(stays, choice, better)
