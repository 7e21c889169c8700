"""Service level under each definition in use: same queue, other numerators and denominators."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from solvers.queueing.erlang_kernels import erlang_a, erlang_a_service_level, erlang_a_wait_tail
from solvers.queueing.inputs import agent_counts, broadcast, non_negative, patience, positive

__all__ = ["ServiceLevelOf", "ServiceLevels", "service_levels"]

Floats = NDArray[np.float64]


class ServiceLevelOf(StrEnum):
    """Which contacts a service level counts; T is the threshold, t that of short abandons."""

    OFFERED = "offered"
    """Answered within T / all offered."""
    ANSWERED = "answered"
    """Answered within T / answered."""
    WITHOUT_SHORT_ABANDONS = "without_short_abandons"
    """Answered within T / (offered − abandoned within t)."""
    ENDED = "ended"
    """(Answered or abandoned within T) / offered: the law of the wait of all contacts."""


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """One queue's service level by definition; every field has the shape to which the inputs broadcast."""

    offered: Floats
    """Answered within T / all offered; what `Waiting.service_level` holds."""
    answered: Floats
    """Answered within T / answered; NaN when nobody is answered."""
    without_short_abandons: Floats
    """Answered within T / (offered − abandoned within t)."""
    ended: Floats
    """(Answered or abandoned within T) / offered."""
    short_abandons: Floats
    """Abandoned within t / offered."""


@njit(cache=True, error_model="numpy")
def _fill_levels(
    load: Floats, agents: Floats, ratio: Floats, within: Floats, short: Floats, out: NDArray[np.float64]
) -> None:
    for i in range(load.size):
        level = erlang_a_service_level(load[i], agents[i], ratio[i], within[i])
        p_abandon = erlang_a(load[i], agents[i], ratio[i])[2]
        late = erlang_a_wait_tail(load[i], agents[i], ratio[i], within[i]) * math.exp(-ratio[i] * within[i])
        ended = max(level, 1.0 - late)
        gone = 0.0
        if ratio[i] > 0.0:
            tail = erlang_a_wait_tail(load[i], agents[i], ratio[i], short[i]) * math.exp(-ratio[i] * short[i])
            gone = max(0.0, 1.0 - tail - erlang_a_service_level(load[i], agents[i], ratio[i], short[i]))
        unserved = p_abandon >= 1.0 or (agents[i] == 0.0 and load[i] > 0.0)
        out[i, 0] = level
        out[i, 1] = math.nan if unserved else min(1.0, level / (1.0 - p_abandon))
        out[i, 2] = min(1.0, level / (1.0 - gone)) if gone < 1.0 else math.nan
        out[i, 3] = ended
        out[i, 4] = gone


def service_levels(
    arrivals_per_s: ArrayLike,
    aht_s: ArrayLike,
    agents: ArrayLike,
    *,
    patience_s: ArrayLike | None = None,
    answer_within_s: ArrayLike = 20.0,
    short_abandon_s: ArrayLike | None = None,
) -> ServiceLevels:
    """Compute the service level of `waiting` under each common definition.

    With V the offered wait and X patience, P(V > T)·e^{−θT} contacts are still waiting at T, so what is neither
    that nor answered has abandoned (definitions: Jouini, Koole, Roubos 2013). All arguments broadcast.

    Parameters
    ----------
    arrivals_per_s, aht_s, agents, patience_s, answer_within_s
        As in `waiting`.
    short_abandon_s
        t: those who abandon within it do not count against `without_short_abandons`, seconds, ≥ 0; None is
        `answer_within_s`.

    Raises
    ------
    ValueError
        If a value is outside its range, or the shapes do not broadcast.
    """
    shape, (arrivals, aht, staff, leave, within, short) = broadcast(
        arrivals_per_s=non_negative("arrivals_per_s", arrivals_per_s),
        aht_s=positive("aht_s", aht_s),
        agents=agent_counts(agents),
        patience_s=patience(patience_s),
        answer_within_s=non_negative("answer_within_s", answer_within_s),
        short_abandon_s=non_negative(
            "short_abandon_s", answer_within_s if short_abandon_s is None else short_abandon_s
        ),
    )
    out = np.empty((arrivals.size, 5))
    _fill_levels(arrivals * aht, staff, leave * aht, within / aht, short / aht, out)
    return ServiceLevels(*(column.reshape(shape) for column in out.T.copy()))
