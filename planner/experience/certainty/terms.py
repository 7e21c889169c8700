"""How changes of an outcome are called in words: points of a score, or a share."""

from __future__ import annotations

from dataclasses import dataclass

from planner.history.outcomes import OutcomeKind


@dataclass(frozen=True, slots=True)
class Terms:
    """How words call an outcome.

    Attributes
    ----------
    change
        Unit behind a change of the outcome.
    digits
        Decimals of a change.
    surveyed
        False: the outcome is known without a survey.
    sign
        -1: little is good, and a gain is a fall of the outcome.
    """

    change: str = " points"
    digits: int = 2
    surveyed: bool = True
    sign: float = 1.0

    def size(self, value: float) -> str:
        """Write the size of a change with its unit."""
        return f"{value:.{self.digits}f}{self.change}"

    def gain(self, value: float) -> str:
        """Write a gain as the change of the outcome that it is."""
        return f"{self.sign * value:+.{self.digits}f}{self.change}"


def terms_of(kind: OutcomeKind, scale: tuple[float, float], *, higher_is_better: bool = True) -> Terms:
    """Choose the terms of an outcome: on a scale of 0 to 1 it is a share."""
    unit, digits = (" in the share", 3) if scale == (0.0, 1.0) else (" points", 2)
    return Terms(unit, digits, kind is OutcomeKind.SCORE, 1.0 if higher_is_better else -1.0)
