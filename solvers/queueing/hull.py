"""The lower convex hull of Erlang A's queue in (agents, load): valid cuts for a linear model."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import ConvexHull

from solvers.queueing.erlang_kernels import erlang_a
from solvers.queueing.inputs import positive

__all__ = ["Facets", "erlang_a_hull"]

Floats = NDArray[np.float64]
# Below this occupancy hardly anybody waits, so more agents than load/0.6 teach the hull nothing.
_LOWEST_OCCUPANCY = 0.6
_FLOOR = 1e-9


@dataclass(frozen=True, slots=True)
class Facets:
    """Planes below the mean queue length: E[Q] ≥ a·agents + b·load + c for each facet."""

    coefficients: Floats
    """Shape (facet, 3): a (contacts per agent), b (contacts per Erlang), c (contacts)."""
    agents_max: int
    """The planes are valid for 0 ≤ agents ≤ agents_max …"""
    load_max: float
    """… and 0 ≤ load ≤ load_max, Erlang. E[Q] ≥ 0 holds besides and is not among them."""

    def value(self, agents: ArrayLike, load: ArrayLike) -> Floats:
        """Evaluate the bound: the highest plane, or 0; agents and load broadcast."""
        staff, work = np.broadcast_arrays(np.asarray(agents, dtype=np.float64), np.asarray(load, dtype=np.float64))
        best = np.zeros(staff.shape)
        for a, b, c in self.coefficients:
            np.maximum(best, a * staff + b * work + c, out=best)
        return best


@njit(cache=True, error_model="numpy")
def _fill_underestimates(nodes: Floats, agents: int, abandon_ratio: float, out: Floats) -> None:
    """Lower the queue at each node until the chords between nodes lie below the curve.

    E[Q] is convex in the load, so its chords lie above it. The gap in a cell is then concave and 0 at both ends, and
    its largest value is at most 1/0.8 of the largest of three inner samples. Each node is lowered by the larger gap
    of its two cells.
    """
    gap_before = 0.0
    queue = erlang_a(nodes[0], float(agents), abandon_ratio)[1]
    for i in range(nodes.size):
        gap = 0.0
        after = queue
        if i + 1 < nodes.size:
            after = erlang_a(nodes[i + 1], float(agents), abandon_ratio)[1]
            for quarter in range(1, 4):
                share = 0.25 * quarter
                inner = erlang_a(nodes[i] + share * (nodes[i + 1] - nodes[i]), float(agents), abandon_ratio)[1]
                gap = max(gap, 1.25 * (queue + share * (after - queue) - inner))
        out[i] = queue - max(gap, gap_before)
        queue = after
        gap_before = gap


def _load_nodes(agents: int, load_max: float, abandon_ratio: float) -> Floats:
    """Place loads densely where the queue bends, and thinly elsewhere.

    It bends within a few √n of n, and with patient contacts once more, within a few √(nθ/μ), where waiting passes
    from what chance causes to what abandonment limits.
    """
    spread = math.sqrt(agents + 1.0)
    wide = agents + spread * np.linspace(-4.0, 4.0, 41)
    narrow = agents + spread * math.sqrt(min(abandon_ratio, 1.0)) * np.linspace(-4.0, 4.0, 33)
    bend = np.concatenate([wide, narrow])
    return np.unique(np.concatenate([np.linspace(0.0, load_max, 25), bend[(bend > 0.0) & (bend < load_max)]]))


def _underestimates(load_max: float, abandon_ratio: float, agents_max: int) -> Floats:
    """Sample points (agents, load, queue) whose lower hull is below E[Q] everywhere in the box."""
    rows = []
    for agents in range(agents_max + 1):
        nodes = _load_nodes(agents, load_max, abandon_ratio)
        queue = np.empty(nodes.size)
        _fill_underestimates(nodes, agents, abandon_ratio, queue)
        rows.append(np.column_stack([np.full(nodes.size, float(agents)), nodes, queue]))
    return np.concatenate(rows)


def erlang_a_hull(load_max: float, abandon_ratio: float, max_occupancy: float) -> Facets:
    """Bound the mean queue of Erlang A from below by planes in agents and load.

    The facets of the lower convex hull of E[Q](agents, load) over 0 ≤ load ≤ load_max and 0 ≤ agents ≤
    load_max/0.6, fractions of agents mixed. E[Q] is convex in the load at fixed agents (checked numerically: second
    differences on 4,001 loads for 1–150 agents and abandon ratios 0.05–20), which the samples between the nodes
    rely on; it is not jointly convex, so the hull is far below E[Q] for pools much smaller than load_max.

    Parameters
    ----------
    load_max
        Largest offered load, Erlang, > 0.
    abandon_ratio
        AHT/patience, > 0.
    max_occupancy
        Largest load per agent the caller will use, > 0: planes that touch the hull only above it are left out. Those
        kept stay valid in the whole box.

    Returns
    -------
    Facets
        Possibly none, when hardly anybody waits at this occupancy.
    """
    load_max = float(positive("load_max", load_max))
    abandon_ratio = float(positive("abandon_ratio", abandon_ratio))
    max_occupancy = float(positive("max_occupancy", max_occupancy))
    agents_max = math.ceil(load_max / min(_LOWEST_OCCUPANCY, max_occupancy)) + 1
    points = _underestimates(load_max, abandon_ratio, agents_max)
    # Qhull wants coordinates of one size; the largest queue is load_max/abandon_ratio, at no agents.
    scale = np.array([agents_max, load_max, load_max / abandon_ratio])
    hull = ConvexHull(points / scale)
    used = points[hull.simplices, 1] <= max_occupancy * points[hull.simplices, 0]
    lower = (hull.equations[:, 2] < -_FLOOR) & used.any(axis=1)
    normal = hull.equations[lower]
    planes = -normal[:, [0, 1, 3]] / normal[:, [2]] * scale[2]
    planes[:, :2] /= scale[:2]
    # Lowered samples let a plane rise by a hair with more agents; turning it level keeps it below.
    planes[:, 0] = np.minimum(planes[:, 0], 0.0)
    return Facets(_above_zero(planes, points, scale[2]), agents_max, load_max)


def _above_zero(planes: Floats, points: Floats, scale: float) -> Floats:
    """Drop repeated planes and those nowhere above 0 in the box, and take back what Qhull rounds."""
    rounded = np.round(planes / np.abs(planes).max(axis=0, initial=1e-300), 10)
    planes = planes[np.unique(rounded, axis=0, return_index=True)[1]]
    corners = np.array([[n, r] for n in (0.0, points[:, 0].max()) for r in (0.0, points[:, 1].max())])
    highest = (planes[:, :2] @ corners.T + planes[:, 2:]).max(axis=1)
    planes = planes[highest > _FLOOR * scale]
    return planes - np.array([0.0, 0.0, 1e-13 * scale])
