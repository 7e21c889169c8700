"""What the search of one box {f < u} brings; objectives are minimized here."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["BoxAnswer", "BoxStatus", "Floor"]

Floats = NDArray[np.float64]


class BoxStatus(StrEnum):
    """What is known about a box after its search."""

    EMPTY = "empty"
    EFFICIENT = "efficient"
    INCUMBENT = "incumbent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Floor:
    """Every feasible point f of a box has weights·f ≥ value; weights are above 0."""

    weights: Floats
    value: float


@dataclass(frozen=True, slots=True)
class BoxAnswer:
    """A point of the box with its solution, or the proof that there is none, or neither in the given time."""

    status: BoxStatus
    point: Floats | None = None
    """Shape (objective,), whole numbers."""
    solution: Floats | None = None
    """Shape (variable,)."""
    gap: float = 0.0
    """(weighted sum − its proven bound)/max(1, |weighted sum|); above 0 for an incumbent only."""
    floor: Floor | None = None
