"""Square-root staffing n = a + β√a, and the probability of waiting it stands for."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfcx

from solvers.queueing.inputs import broadcast, non_negative, positive, share

__all__ = ["square_root_agents", "square_root_p_wait"]

Floats = NDArray[np.float64]
# Beyond these safety margins the probability of waiting is 0 or 1 to the last bit, unless patience is extreme.
_WIDEST_BETA = 40.0


def _hazard(x: Floats) -> Floats:
    """Hazard of the standard normal law, φ(x)/(1 − Φ(x)), without cancellation."""
    return math.sqrt(2.0 / math.pi) / erfcx(x / math.sqrt(2.0))


def _p_wait(beta: Floats, ratio: Floats) -> Floats:
    """Garnett's function of β and θ/μ; Halfin and Whitt's, of β > 0, where θ = 0."""
    root = np.sqrt(ratio)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        above = np.where(ratio > 0.0, root * _hazard(beta / root), np.maximum(beta, 0.0))
        return 1.0 / (1.0 + above / _hazard(-beta))


def square_root_p_wait(load_erlang: ArrayLike, agents: ArrayLike, *, abandon_ratio: ArrayLike = 0.0) -> Floats:
    """Approximate the probability of waiting by that of a large pool with the same β = (n − a)/√a.

    P_w ≈ [1 + √r·h(β/√r)/h(−β)]⁻¹ with r = θ/μ and h the hazard of the normal law (Garnett, Mandelbaum, Reiman
    2002); r → 0 gives [1 + βΦ(β)/φ(β)]⁻¹ for β > 0, else 1 (Halfin & Whitt 1981). The error falls like 1/√a. All
    arguments broadcast.

    Parameters
    ----------
    load_erlang
        Offered load a = λ·AHT, Erlang, > 0.
    agents
        On-task agents n, > 0; not necessarily whole.
    abandon_ratio
        r = AHT/patience, ≥ 0; 0 if nobody abandons.

    Raises
    ------
    ValueError
        If a value is outside its range, or the shapes do not broadcast.
    """
    shape, (load, staff, ratio) = broadcast(
        load_erlang=positive("load_erlang", load_erlang),
        agents=positive("agents", agents),
        abandon_ratio=non_negative("abandon_ratio", abandon_ratio),
    )
    return _p_wait((staff - load) / np.sqrt(load), ratio).reshape(shape)


def square_root_agents(load_erlang: ArrayLike, p_wait: ArrayLike, *, abandon_ratio: ArrayLike = 0.0) -> Floats:
    """Staff by the square root: n = a + β√a with the β at which a large pool waits with a given probability.

    The inverse of `square_root_p_wait` in agents, by bisection on β; near-exact, within one agent of the smallest n
    with that P_w (Borst, Mandelbaum, Reiman 2004). All arguments broadcast.

    Parameters
    ----------
    load_erlang
        Offered load a = λ·AHT, Erlang, > 0.
    p_wait
        Largest probability of waiting, in (0, 1).
    abandon_ratio
        r = AHT/patience, ≥ 0; 0 if nobody abandons.

    Returns
    -------
    ndarray
        Agents, not rounded and never below 0: the caller decides whether to round up.

    Raises
    ------
    ValueError
        If a value is outside its range, or the shapes do not broadcast.
    """
    shape, (load, target, ratio) = broadcast(
        load_erlang=positive("load_erlang", load_erlang),
        p_wait=share("p_wait", p_wait, closed=False),
        abandon_ratio=non_negative("abandon_ratio", abandon_ratio),
    )
    reach = _WIDEST_BETA * np.maximum(1.0, np.sqrt(ratio))
    low, high = np.where(ratio > 0.0, -reach, 0.0), reach
    for _ in range(80):
        middle = 0.5 * (low + high)
        waits_more = _p_wait(middle, ratio) > target
        low, high = np.where(waits_more, middle, low), np.where(waits_more, high, middle)
    return np.maximum(load + high * np.sqrt(load), 0.0).reshape(shape)
