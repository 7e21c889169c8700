"""The few of many points that fill most volume together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.pareto.dominance import hypervolume
from solvers.problem import Sense

__all__ = ["fullest_subset"]


def fullest_subset(
    points: ArrayLike,
    reference: ArrayLike,
    senses: Sequence[Sense | str],
    most: int,
    *,
    kept: Sequence[int] = (),
    filled: ArrayLike = (),
) -> list[int]:
    """Choose points whose hypervolume together is large, greedily; places in the order they were chosen.

    The volume is submodular, so gains only fall and most are not computed again (Minoux 1978); greedy reaches at least
    1 − 1/e of the best choice (Nemhauser, Wolsey, Fisher 1978; for hypervolume Guerreiro, Fonseca, Paquete 2016). It
    ends where no point adds anything.

    Parameters
    ----------
    points
        Shape (point, objective), finite.
    reference, senses
        As for `hypervolume`.
    most
        Points chosen at most.
    kept
        Places chosen in any case, before all others; the first `most` of them.
    filled
        Points, shape (point, objective), that are there already; what they fill is not worth filling again.
    """
    values: NDArray[np.float64] = np.asarray(points, dtype=np.float64)
    there = np.asarray(filled, dtype=np.float64).reshape(-1, values.shape[1])
    chosen = list(dict.fromkeys(kept))[:most]

    def volume(places: list[int]) -> float:
        return hypervolume(np.vstack([there, values[places]]), reference, senses)

    now = volume(chosen)
    gains = np.array([-1.0 if k in chosen else volume([*chosen, k]) - now for k in range(len(values))])
    asked = np.full(len(values), len(chosen))
    while len(chosen) < min(most, len(values)):
        best = int(gains.argmax())
        if asked[best] != len(chosen):
            gains[best], asked[best] = volume([*chosen, best]) - now, len(chosen)
            continue
        if gains[best] <= 0:
            break
        chosen.append(best)
        now += gains[best]
        gains[best] = -1.0
    return chosen
