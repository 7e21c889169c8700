"""The loss system: contacts that find every server busy are turned away."""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from solvers.queueing.erlang_kernels import erlang_b
from solvers.queueing.inputs import agent_counts, broadcast, non_negative

__all__ = ["loss_probability"]

Floats = NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def _fill_loss(load: Floats, servers: Floats, out: Floats) -> None:
    for i in range(load.size):
        whole = int(servers[i])
        blocking = erlang_b(load[i], whole)
        above = load[i] * blocking / (whole + 1 + load[i] * blocking)
        out[i] = blocking + (servers[i] - whole) * (above - blocking)


def loss_probability(load_erlang: ArrayLike, servers: ArrayLike) -> Floats:
    """Compute the share of contacts a loss system turns away, by Erlang B.

    B(k) = aB(k−1)/(k + aB(k−1)), B(0) = 1 (Erlang 1917); exact for any law of the holding time. Arguments broadcast.

    Parameters
    ----------
    load_erlang
        Offered load, Erlang, ≥ 0.
    servers
        Servers, lines or sessions, ≥ 0; a fraction mixes the two integers around it.

    Raises
    ------
    ValueError
        If a value is outside its range, or the shapes do not broadcast.
    """
    shape, (load, count) = broadcast(
        load_erlang=non_negative("load_erlang", load_erlang), servers=agent_counts(servers, "servers")
    )
    out = np.empty(load.size)
    _fill_loss(load, count, out)
    return out.reshape(shape)
