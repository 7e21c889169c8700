"""Waiting when those who abandon call again and those who were served come back."""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from solvers.queueing.erlang_kernels import erlang_a
from solvers.queueing.inputs import agent_counts, broadcast, non_negative, patience, positive, share
from solvers.queueing.steady_state import Waiting, waiting

__all__ = ["with_redials"]

Floats = NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def _fill_total_load(
    fresh: Floats, agents: Floats, ratio: Floats, redial: Floats, reconnect: Floats, out: Floats
) -> None:
    for i in range(fresh.size):
        low = fresh[i]
        high = fresh[i] / (1.0 - max(redial[i], reconnect[i]))
        for _ in range(100):
            middle = 0.5 * (low + high)
            if middle in (low, high):
                break
            p_abandon = erlang_a(middle, agents[i], ratio[i])[2]
            if middle * (1.0 - redial[i] * p_abandon - reconnect[i] * (1.0 - p_abandon)) < fresh[i]:
                low = middle
            else:
                high = middle
        out[i] = 0.5 * (low + high)


def with_redials(
    arrivals_per_s: ArrayLike,
    aht_s: ArrayLike,
    agents: ArrayLike,
    *,
    patience_s: ArrayLike | None,
    redial: ArrayLike,
    reconnect: ArrayLike,
    answer_within_s: ArrayLike = 20.0,
) -> Waiting:
    """Compute the waiting at the arrival rate that redials and reconnects settle at.

    Solves λ_T = λ_0/(1 − p·P_ab − q(1 − P_ab)) with P_ab from Erlang A at λ_T (structure: Ding, Remerova, van der
    Mei, Zwart 2013, arXiv 1311.6248). λ(1 − p·P_ab − q(1 − P_ab)) rises with λ because abandonments grow by no more
    than arrivals do, so there is one solution and bisection finds it. Assumes later contacts are like first ones.

    Parameters
    ----------
    arrivals_per_s
        Fresh contacts per second, ≥ 0.
    aht_s, agents, patience_s, answer_within_s
        As in `waiting`.
    redial
        p: share of those who abandon that contact again, in [0, 1).
    reconnect
        q: share of those who are served that contact again, in [0, 1).

    Returns
    -------
    Waiting
        Per contact, repeats included; `arrivals_per_s` is the total rate λ_T.
    """
    shape, (fresh, aht, staff, leave, again, back) = broadcast(
        arrivals_per_s=non_negative("arrivals_per_s", arrivals_per_s),
        aht_s=positive("aht_s", aht_s),
        agents=agent_counts(agents),
        patience_s=patience(patience_s),
        redial=share("redial", redial, closed=True),
        reconnect=share("reconnect", reconnect, closed=True),
    )
    total = np.empty(fresh.size)
    _fill_total_load(fresh * aht, staff, leave * aht, again, back, total)
    return waiting(
        (total / aht).reshape(shape),
        aht_s,
        agents,
        patience_s=patience_s,
        answer_within_s=answer_within_s,
    )
