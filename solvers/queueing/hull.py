"""The lower convex hull of Erlang A's queue in (agents, load): valid cuts for a linear model."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import ConvexHull

from solvers.queueing.chat_kernels import chat_queue
from solvers.queueing.erlang_kernels import erlang_a
from solvers.queueing.inputs import positive

__all__ = ["Facets", "erlang_a_hull", "queue_hull", "queue_lengths"]

Floats = NDArray[np.float64]
# With more agents than load/0.6, or than load + 6·√load, hardly anybody waits: they teach the hull nothing.
_LOWEST_OCCUPANCY = 0.6
_MOST_SPARE = 6.0
_MOST_NODES = 25 + 41 + 33  # that `_load_nodes` places
_FLOOR = 1e-9
_ROUNDED = 1e-10  # of the largest queue: what Qhull rounds
ONE_AT_A_TIME: Floats = np.ones(1)


@dataclass(frozen=True, slots=True)
class Facets:
    """Planes below the mean queue length: E[Q] ≥ a·agents + b·load + c for each facet."""

    coefficients: Floats
    """Shape (facet, 3): a (contacts per agent), b (contacts per Erlang), c (contacts)."""
    agents_max: int
    """Samples end at so many agents; the planes say nothing for more, hold from load_min/max_occupancy agents on, …"""
    load_max: float
    """… and load_min ≤ load ≤ load_max, Erlang. E[Q] ≥ 0 holds besides and is not among them."""

    def value(self, agents: ArrayLike, load: ArrayLike) -> Floats:
        """Evaluate the bound: the highest plane, or 0; agents and load broadcast."""
        staff, work = np.broadcast_arrays(np.asarray(agents, dtype=np.float64), np.asarray(load, dtype=np.float64))
        best = np.zeros(staff.shape)
        for a, b, c in self.coefficients:
            np.maximum(best, a * staff + b * work + c, out=best)
        return best


@njit(cache=True, error_model="numpy")
def _queue(load: float, agents: float, abandon_ratio: float, speeds: Floats) -> float:
    """Mean queue of agents with slots; `load` in agents at full speed, time in units of the handle time."""
    if speeds.size == 1:
        return float(erlang_a(load, agents, abandon_ratio)[1])
    return float(chat_queue(load * speeds[-1], speeds, agents, abandon_ratio)[1])


@njit(cache=True, error_model="numpy")
def _fill_queues(loads: Floats, agents: Floats, abandon_ratio: Floats, speeds: Floats, out: Floats) -> None:
    for k in range(loads.size):
        out[k] = _queue(loads[k], agents[k], abandon_ratio[k], speeds)


def queue_lengths(loads: Floats, agents: Floats, abandon_ratio: Floats, speeds: Floats) -> Floats:
    """Mean queue that `queue_hull` bounds, contacts, shape of `loads`; fractions of agents mix their neighbors."""
    out = np.empty(loads.size)
    _fill_queues(loads.ravel(), agents.ravel(), abandon_ratio.ravel(), speeds, out)
    return out.reshape(loads.shape)


@njit(cache=True, error_model="numpy")
def _fill_underestimates(nodes: Floats, agents: int, abandon_ratio: float, speeds: Floats, out: Floats) -> None:
    """Lower the queue at each node until the chords between nodes lie below the curve.

    E[Q] is convex in the load, so its chords lie above it. The gap in a cell is then concave and 0 at both ends, and
    its largest value is at most 1/0.8 of the largest of three inner samples. Each node is lowered by the larger gap
    of its two cells.
    """
    gap_before = 0.0
    queue = _queue(nodes[0], float(agents), abandon_ratio, speeds)
    for i in range(nodes.size):
        gap = 0.0
        after = queue
        if i + 1 < nodes.size:
            after = _queue(nodes[i + 1], float(agents), abandon_ratio, speeds)
            for quarter in range(1, 4):
                share = 0.25 * quarter
                inner = _queue(nodes[i] + share * (nodes[i + 1] - nodes[i]), float(agents), abandon_ratio, speeds)
                gap = max(gap, 1.25 * (queue + share * (after - queue) - inner))
        out[i] = queue - max(gap, gap_before)
        queue = after
        gap_before = gap


@njit(cache=True, error_model="numpy")
def _load_nodes(agents: int, load_min: float, load_max: float, abandon_ratio: float) -> Floats:
    """Place loads densely where the queue bends, and thinly elsewhere.

    It bends within a few √n of n, and with patient contacts once more, within a few √(nθ/μ), where waiting passes
    from what chance causes to what abandonment limits.
    """
    spread = math.sqrt(agents + 1.0)
    wide = agents + spread * np.linspace(-4.0, 4.0, 41)
    narrow = agents + spread * math.sqrt(min(abandon_ratio, 1.0)) * np.linspace(-4.0, 4.0, 33)
    bend = np.concatenate((wide, narrow))
    inside = bend[(bend > load_min) & (bend < load_max)]
    return np.unique(np.concatenate((np.linspace(load_min, load_max, 25), inside)))


@njit(cache=True, error_model="numpy")
def _underestimates(
    load_min: float, load_max: float, abandon_ratio: float, fewest: int, most: int, speeds: Floats
) -> Floats:
    """Sample points (agents, load, queue) whose lower hull is below E[Q] everywhere in the box."""
    points = np.empty(((most - fewest + 1) * _MOST_NODES, 3))
    filled = 0
    for staff in range(fewest, most + 1):
        nodes = _load_nodes(staff, load_min, load_max, abandon_ratio)
        queue = np.empty(nodes.size)
        _fill_underestimates(nodes, staff, abandon_ratio, speeds, queue)
        for i in range(nodes.size):
            points[filled, 0], points[filled, 1], points[filled, 2] = staff, nodes[i], queue[i]
            filled += 1
    return points[:filled]


@dataclass(frozen=True)
class _Lower:
    """The lower hull of sample points (agents, load, queue): its planes, and which points each touches."""

    points: Floats
    planes: Floats
    touched: NDArray[np.intp]


def _lower_hull(load_min: float, load_max: float, abandon_ratio: float, max_occupancy: float, speeds: Floats) -> _Lower:
    ample = min(load_max / _LOWEST_OCCUPANCY, load_max + _MOST_SPARE * math.sqrt(load_max))
    agents_max = math.ceil(max(load_max / max_occupancy, ample)) + 1
    fewest = math.floor(load_min / max_occupancy)
    points = _underestimates(load_min, load_max, abandon_ratio, fewest, agents_max, speeds)
    # A queue is at least 0: with these corners planes are at most 0 where the samples end, and so for more agents.
    nobody = [(agents_max + 1.0, load, 0.0) for load in (load_min, load_max)]
    points = np.vstack([points, nobody])
    # Qhull wants coordinates of one size; the largest queue is load_max/abandon_ratio, at no agents.
    scale = np.array([agents_max, load_max, load_max / abandon_ratio])
    hull = ConvexHull(points / scale)
    lower = hull.equations[:, 2] < -_FLOOR
    normal = hull.equations[lower]
    planes = -normal[:, [0, 1, 3]] / normal[:, [2]] * scale[2]
    planes[:, :2] /= scale[:2]
    return _Lower(points, planes, hull.simplices[lower])


def queue_corners(
    load_min: float, load_max: float, abandon_ratio: float, max_occupancy: float, speeds: Floats
) -> Floats:
    """Return points (agents, load, queue) such that a plane below all of them is below E[Q], (point, 3).

    The corners of the lower hull of the samples that `queue_hull` takes, with its parameters.
    """
    lower = _lower_hull(load_min, load_max, abandon_ratio, max_occupancy, speeds)
    return np.asarray(lower.points[np.unique(lower.touched)])


def erlang_a_hull(load_max: float, abandon_ratio: float, max_occupancy: float) -> Facets:
    """Bound the mean queue of Erlang A from below by planes in agents and load, for any load up to `load_max`.

    `queue_hull` from a load of 0 and one contact at a time.
    """
    return queue_hull(0.0, load_max, abandon_ratio, max_occupancy)


def queue_hull(
    load_min: float,
    load_max: float,
    abandon_ratio: float,
    max_occupancy: float,
    speeds: Floats = ONE_AT_A_TIME,
) -> Facets:
    """Bound the mean queue of a live pool from below by planes in agents and load.

    The facets of the lower convex hull of E[Q](agents, load) over load_min ≤ load ≤ load_max and agents from
    load_min/max_occupancy (rounded down) to load_max/0.6 or load_max + 6·√load_max, fractions of agents mixed. E[Q]
    is convex in the load at fixed agents (checked numerically: second differences on 4,001 loads for 1–150 agents and
    abandon ratios 0.05–20), which the samples between the nodes rely on; it is not jointly convex, so the hull is far
    below E[Q] for pools much smaller than load_max: a narrow range of loads makes it close.

    Parameters
    ----------
    load_min, load_max
        Range of the offered load, agents' worth of work at full speed (Erlang for one contact at a time), ≥ 0 and > 0.
    abandon_ratio
        AHT/patience, > 0, AHT of a contact alone.
    max_occupancy
        Largest load per agent the caller will use, > 0: planes that touch the hull only above it are left out.
    speeds
        Total speed of an agent with 1..K contacts relative to one contact alone, shape (K,): Erlang A for (1,).

    Returns
    -------
    Facets
        Possibly none, when hardly anybody waits at this occupancy.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    load_max = float(positive("load_max", load_max))
    abandon_ratio = float(positive("abandon_ratio", abandon_ratio))
    max_occupancy = float(positive("max_occupancy", max_occupancy))
    if not 0.0 <= load_min < load_max:
        raise ValueError(f"load_min = {load_min} — must be at least 0 and below load_max = {load_max}")
    lower = _lower_hull(load_min, load_max, abandon_ratio, max_occupancy, speeds)
    points, touched = lower.points, lower.points[lower.touched]
    planes = lower.planes[(touched[:, :, 1] <= max_occupancy * touched[:, :, 0]).any(axis=1)]
    # Lowered samples let a plane rise by a hair with more agents; turning it level keeps it below.
    planes[:, 0] = np.minimum(planes[:, 0], 0.0)
    return Facets(_above_zero(planes, points, load_max / abandon_ratio), int(points[-1, 0]) - 1, load_max)


def _above_zero(planes: Floats, points: Floats, scale: float) -> Floats:
    """Drop repeated planes and those nowhere above 0 in the box, and take back what Qhull rounds."""
    rounded = np.round(planes / np.abs(planes).max(axis=0, initial=1e-300), 10)
    planes = planes[np.unique(rounded, axis=0, return_index=True)[1]]
    corners = np.array([[n, r] for n in (0.0, points[:, 0].max()) for r in (0.0, points[:, 1].max())])
    highest = (planes[:, :2] @ corners.T + planes[:, 2:]).max(axis=1)
    planes = planes[highest > _FLOOR * scale]
    return planes - np.array([0.0, 0.0, _ROUNDED * scale])
