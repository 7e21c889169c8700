"""Service that is not exponential: what its spread does to waits and abandonment.

The density of the offered wait keeps its shape with the exponent divided by s = 1 + 0.4·(2G − 1), G the Gini
coefficient of the service time (½ for exponential service, hence s = 1). A log-normal service of coefficient of
variation 1.2 behaves like an exponential one; the textbook factor (1 + cv²)/2 is worse than no correction above 1,
because patience hides the long tail. The service level keeps s = 1.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf, gammaln

from solvers.queueing.all_busy import all_busy_sums, answered_wait
from solvers.queueing.erlang_kernels import erlang_b, wait_probability
from solvers.queueing.inputs import non_negative, positive

__all__ = ["gamma_gini", "lognormal_gini", "sample_gini", "service_scale"]

Floats = NDArray[np.float64]


def lognormal_gini(cv: ArrayLike) -> Floats:
    """Gini coefficient of a log-normal law, erf(σ/2) with σ² = ln(1 + cv²); cv ≥ 0."""
    return np.asarray(erf(np.sqrt(np.log1p(non_negative("cv", cv) ** 2)) / 2.0))


def gamma_gini(cv: ArrayLike) -> Floats:
    """Gini coefficient of a gamma law of shape k = 1/cv², Γ(k + ½)/(√π·kΓ(k)); cv > 0."""
    shape = 1.0 / positive("cv", cv) ** 2
    return np.asarray(np.exp(gammaln(shape + 0.5) - gammaln(shape)) / (math.sqrt(math.pi) * shape))


def sample_gini(service_s: ArrayLike) -> float:
    """Gini coefficient of observed service times, mean |x − y|/(2·mean), seconds, ≥ 0 and not all 0."""
    values = np.sort(non_negative("service_s", service_s).ravel())
    if values.size < 2 or values[-1] <= 0.0:
        raise ValueError(f"service_s of size {values.size} — must hold two service times at least, one above 0")
    rank = np.arange(1.0, values.size + 1.0)
    return float(2.0 * (rank @ values) / (values.size * values.sum()) - (values.size + 1.0) / values.size)


def service_scale(gini: ArrayLike) -> Floats:
    """Return s = 1 + 0.4·(2G − 1) for a Gini coefficient in [0, 1)."""
    values = non_negative("service_gini", gini)
    return 1.0 + 0.4 * (2.0 * values - 1.0)


@njit(cache=True, error_model="numpy")
def spread_erlang_a(load: float, agents: float, ratio: float, scale: float) -> tuple[float, float]:
    """Mean queue and mean of (wait × served), in AHT, of an Erlang A whose service is not exponential.

    "Rates λ/s and c/s, queue times s": the density of the offered wait with its exponent divided by s; needs ratio > 0.
    """
    whole = int(agents)
    queue, answered = 0.0, 0.0
    for step in range(2):
        servers = whole + step
        portion = agents - whole if step == 1 else 1.0 - (agents - whole)
        if portion <= 0.0:
            continue
        if servers == 0:
            queue += portion * load / ratio
            continue
        capacity = float(servers)
        p_wait = wait_probability(erlang_b(load, servers), all_busy_sums(load, capacity, ratio)[0])
        length = scale * all_busy_sums(load / scale, capacity / scale, ratio)[1]
        queue += portion * min(p_wait * length, load / ratio)
        answered += portion * p_wait * answered_wait(load / scale, capacity / scale, ratio)
    return queue, answered
