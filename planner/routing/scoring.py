"""Who should serve whom by value: human and automated handling scored apart, and pools by value and capability.

Value routing and the three pools after WFM Labs (Value Routing Model; Three-Pool Architecture), with what their pages
leave open made explicit: weights, polarity, the tie band, and a rule for every (value, capability).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.errors import PlanError

TOP = 10.0
"""Dimensions are scored from 0 to so much."""


class Handling(StrEnum):
    """Kinds of pools."""

    SPECIALIST = "specialist"
    COLLABORATIVE = "collaborative"
    AUTONOMOUS = "autonomous"


@dataclass(frozen=True)
class Dimension:
    """One dimension of value: its name, weight (ratio) and polarity (False: a high score is bad, as effort)."""

    name: str
    weight: float
    higher_is_better: bool = True


@dataclass(frozen=True)
class Scoring:
    """Dimensions whose weights sum to 1, and the tie band: differences up to it are no difference, in score points."""

    dimensions: tuple[Dimension, ...]
    tie_band: float = 1.0

    def __post_init__(self) -> None:
        total = sum(one.weight for one in self.dimensions)
        if not self.dimensions or any(one.weight < 0 for one in self.dimensions) or abs(total - 1) > 1e-9:
            raise PlanError(f"weights {[one.weight for one in self.dimensions]} must be at least 0 and sum to 1")
        if not 0 <= self.tie_band < TOP:
            raise PlanError(f"tie_band = {self.tie_band} must lie in [0, {TOP:g})")

    def value(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Value 0..10 of handling: Σ weight·score, scores shape (..., dimension), bad-is-high ones turned round.

        Raises
        ------
        PlanError
            A score is outside 0..10, or there is not one per dimension.
        """
        given = np.asarray(scores, dtype=float)
        if given.shape[-1:] != (len(self.dimensions),) or not ((given >= 0) & (given <= TOP)).all():
            raise PlanError(f"scores must lie in 0..{TOP:g}, one per dimension ({len(self.dimensions)})")
        up = np.array([one.higher_is_better for one in self.dimensions])
        weights = np.array([one.weight for one in self.dimensions])
        return np.asarray(np.where(up, given, TOP - given) @ weights)

    def handling(self, human: ArrayLike, automated: ArrayLike) -> NDArray[np.str_]:
        """Who should serve: by value(human) − value(automated), people above the tie band, an automaton below it.

        Within the band both work together.
        """
        gain = self.value(human) - self.value(automated)
        choices = [gain > self.tie_band, gain < -self.tie_band]
        kinds = [Handling.SPECIALIST.value, Handling.AUTONOMOUS.value]
        return np.select(choices, kinds, Handling.COLLABORATIVE.value)


@dataclass(frozen=True)
class Thresholds:
    """Edges of the three pools: value 0..10 and capability of automation, ratio."""

    value_specialist: float = 8.0
    value_autonomous: float = 4.0
    capability_specialist: float = 0.3
    capability_autonomous: float = 0.8


def pool_of(value: ArrayLike, capability: ArrayLike, thresholds: Thresholds | None = None) -> NDArray[np.str_]:
    """Return the one pool of every (value, capability), broadcasting.

    Specialists where value >= 8 or capability < 0.3; else autonomous where capability > 0.8 and value <= 4; else
    people and automation together. The published triggers leave (capability > 0.8, 4 < value < 8) and (0.3..0.8, value
    < 4) open; here those are worked on together.

    Raises
    ------
    PlanError
        A value or capability is not a number in its range.
    """
    t = thresholds or Thresholds()
    worth, able = np.broadcast_arrays(np.asarray(value, dtype=float), np.asarray(capability, dtype=float))
    if not (((worth >= 0) & (worth <= TOP)).all() and ((able >= 0) & (able <= 1)).all()):
        raise PlanError("value must lie in 0..10 and capability in 0..1")
    specialist = (worth >= t.value_specialist) | (able < t.capability_specialist)
    autonomous = (able > t.capability_autonomous) & (worth <= t.value_autonomous)
    return np.select(
        [specialist, autonomous], [Handling.SPECIALIST.value, Handling.AUTONOMOUS.value], Handling.COLLABORATIVE.value
    )
