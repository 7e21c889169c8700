"""Covers of one pool's needs on every day of a horizon, whatever shifts each day has."""

from __future__ import annotations

import numpy as np

from solvers.shifts.catalogue import Catalogue, Floats, Ints
from solvers.shifts.cover import DayCover


class HorizonCover:
    """The day cover of each day, `days`; days with the same shifts share one, and what it remembers.

    `person_h` is added to the cost of every person, see `DayCover`.
    """

    def __init__(self, catalogue: Catalogue, days: int, person_h: float = 0.0) -> None:
        self.catalogue, self.person_h = catalogue, person_h
        own = catalogue.of_days(days)
        covers = {id(one): DayCover(one, person_h) for one in {id(one): one for one in own}.values()}
        self.days = tuple(covers[id(one)] for one in own)

    def people(self, needs: Floats) -> Ints:
        """People per shift that cover whole-number needs of shape (day, interval of the day), shape (day, shift)."""
        return np.array([cover.people(need) for cover, need in zip(self.days, needs, strict=True)], dtype=np.int64)
