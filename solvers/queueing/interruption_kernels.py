"""The queue of one priority class, served only while no higher class waits: a queue in a random environment, compiled.

Watched while all servers are busy, the classes above a class form a process of their own. To the class it is an
environment of two states, *nobody above waits* (then servers that free are the class's) and *somebody does*. The first
lasts an exponential time, the second is the first passage of a birth–death chain from 1 to 0: a mixture of
exponentials, replaced here by the mixture of two with the same three moments. What is left is a chain of three phases
by the number waiting, solved level by level. Rates are per unit of time.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.queueing.all_busy import is_saturated

__all__ = ["interrupted_queue"]

Floats = NDArray[np.float64]
_FIRST_LEVELS = 64
_MOST_LEVELS = 1 << 14
_NEGLIGIBLE = 1e-13


@njit(cache=True, error_model="numpy")
def _passage_moments(births: float, capacity: float, theta: float) -> tuple[float, float, float]:
    """First three moments of the time from 1 waiting to 0, births λ, deaths c + jθ from j waiting after the death.

    With φ_j the transform of the time from j to j − 1, φ_j(s)·(λ + d_j + s − λφ_{j+1}(s)) = d_j; differentiated
    at 0 and run down from where deaths outrun births.
    """
    if theta <= 0.0:
        gap = capacity - births
        return 1.0 / gap, 2.0 * capacity / gap**3, 6.0 * capacity * (capacity + births) / gap**5
    j = max(0.0, math.floor((births - capacity) / theta)) + 1.0
    weight = 1.0
    while weight > 1e-17:
        weight *= births / (capacity + j * theta)
        j += 1.0
    one, two, three = 0.0, 0.0, 0.0
    while j >= 1.0:
        death = capacity + j * theta
        through = 1.0 + births * one
        first = through / death
        second = (2.0 * first * through + births * two) / death
        third = (3.0 * second * through + 3.0 * first * births * two + births * three) / death
        one, two, three = first, second, third
        j -= 1.0
    return one, two, three


@njit(cache=True, error_model="numpy")
def _two_phases(moments: tuple[float, float, float]) -> tuple[float, float, float]:
    """Weight of the first phase, and mean times of both, of the mixture of two exponentials with three moments."""
    x, y, z = moments[0], moments[1] / 2.0, moments[2] / 6.0
    if y <= x * x * (1.0 + 1e-9):
        return 1.0, x, x
    total = (z - x * y) / (y - x * x)
    product = total * x - y
    root = math.sqrt(max(0.0, total * total - 4.0 * product))
    long, short = 0.5 * (total + root), 0.5 * (total - root)
    if short <= 0.0 or root <= 0.0:
        return 1.0, x, x
    return (x - short) / (long - short), long, short


@njit(cache=True, error_model="numpy")
def _invert(m: Floats, out: Floats) -> None:
    """Invert a 3 × 3 matrix by cofactors."""
    out[0, 0] = m[1, 1] * m[2, 2] - m[1, 2] * m[2, 1]
    out[0, 1] = m[0, 2] * m[2, 1] - m[0, 1] * m[2, 2]
    out[0, 2] = m[0, 1] * m[1, 2] - m[0, 2] * m[1, 1]
    out[1, 0] = m[1, 2] * m[2, 0] - m[1, 0] * m[2, 2]
    out[1, 1] = m[0, 0] * m[2, 2] - m[0, 2] * m[2, 0]
    out[1, 2] = m[0, 2] * m[1, 0] - m[0, 0] * m[1, 2]
    out[2, 0] = m[1, 0] * m[2, 1] - m[1, 1] * m[2, 0]
    out[2, 1] = m[0, 1] * m[2, 0] - m[0, 0] * m[2, 1]
    out[2, 2] = m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]
    determinant = m[0, 0] * out[0, 0] + m[0, 1] * out[1, 0] + m[0, 2] * out[2, 0]
    for i in range(3):
        for j in range(3):
            out[i, j] /= determinant


@njit(cache=True, error_model="numpy")
def _solve_levels(
    arrival: float, capacity: float, theta: float, phases: Floats, ratios: Floats
) -> tuple[float, float, float]:
    """Mean number waiting, P(free environment, nobody waiting), and what is left at the last level.

    `phases` is the generator of the environment, (3, 3), phase 0 the free one; x_{j+1} = x_j·R_{j+1} with
    R_j = λ(−A_j − R_{j+1}D_{j+1})⁻¹, D_j = jθI + c·e_0e_0ᵀ.
    """
    levels = ratios.shape[0]
    local = np.empty((3, 3))
    inverse = np.empty((3, 3))
    for j in range(levels - 1, -1, -1):
        for a in range(3):
            for b in range(3):
                down = 0.0
                if j + 1 < levels:
                    down = ratios[j + 1, a, b] * ((j + 1) * theta + (capacity if b == 0 else 0.0))
                local[a, b] = -phases[a, b] - down
            local[a, a] += (arrival if j + 1 < levels else 0.0) + j * theta
        if j == 0:
            break
        local[0, 0] += capacity
        _invert(local, inverse)
        for a in range(3):
            for b in range(3):
                ratios[j, a, b] = arrival * inverse[a, b]
    # Level 0: x·local = 0, solved with x_0 = 1.
    determinant = local[1, 1] * local[2, 2] - local[2, 1] * local[1, 2]
    x = np.empty(3)
    x[0] = 1.0
    x[1] = (-local[0, 1] * local[2, 2] + local[2, 1] * local[0, 2]) / determinant
    x[2] = (-local[1, 1] * local[0, 2] + local[0, 1] * local[1, 2]) / determinant
    empty, mass, queue, last = 1.0, x.sum(), 0.0, 0.0
    y = np.empty(3)
    for j in range(1, levels):
        for b in range(3):
            y[b] = x[0] * ratios[j, 0, b] + x[1] * ratios[j, 1, b] + x[2] * ratios[j, 2, b]
        x[:] = y
        last = x[0] + x[1] + x[2]
        mass += last
        queue += j * last
        if mass > 1e200:
            x *= 1e-200
            empty, mass, queue, last = empty * 1e-200, mass * 1e-200, queue * 1e-200, last * 1e-200
    return queue / mass, empty / mass, last / mass


@njit(cache=True, error_model="numpy")
def interrupted_queue(
    arrival: float, theta: float, above: float, theta_above: float, capacity: float, free: float
) -> tuple[float, float]:
    """Mean queue of a class, and P(nobody of it or above waits), both given all servers busy.

    Parameters
    ----------
    arrival, theta
        Arrival and abandonment rate of the class; theta > 0.
    above, theta_above
        Arrival rate of all higher classes, and their common or mean abandonment rate.
    capacity
        Rate at which busy servers free, c.
    free
        P(nobody above waits | all servers busy).

    Returns
    -------
    tuple of float
        Mean number waiting; probability.
    """
    if free <= 0.0 or is_saturated(above, capacity, theta_above):
        return arrival / theta, 0.0
    weight, long, short = _two_phases(_passage_moments(above, capacity, theta_above))
    phases = np.zeros((3, 3))
    phases[0, 1], phases[0, 2], phases[0, 0] = above * weight, above * (1.0 - weight), -above
    phases[1, 0], phases[1, 1] = 1.0 / long, -1.0 / long
    phases[2, 0], phases[2, 2] = 1.0 / short, -1.0 / short
    levels = _FIRST_LEVELS
    while True:
        queue, empty, left = _solve_levels(arrival, capacity, theta, phases, np.empty((levels, 3, 3)))
        if left < _NEGLIGIBLE:
            return queue, empty
        if levels >= _MOST_LEVELS:
            # Thousands wait for certain: what is not served leaves, and the class is never empty.
            return max(0.0, arrival - capacity * free) / theta, 0.0
        levels *= 2
