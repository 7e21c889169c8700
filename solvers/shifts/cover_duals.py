"""What is known of the covers of one catalogue: duals bound other needs from below, covers scaled up from above."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solvers.errors import NoSolution, SolverFailed
from solvers.shifts.catalogue import Bools, Catalogue, Floats
from solvers.shifts.cover import DayCover, State

DRIFTED = 1e-6  # share of a price by which its duals may miss it before a day is solved afresh


class CoverDuals:
    """Relaxed covers of a fixed list of days, whose needs change, at several weights of a person.

    For duals u found at any need, paid hours + weight·people >= u·need (Benders 1962). A cover of need n', scaled by
    max n/n', covers n, so that a day whose need hardly changed is not priced again; one
    that did is priced from where it stood.
    """

    def __init__(self, covers: Sequence[DayCover], days: int) -> None:
        self.covers = tuple(covers)
        intervals = self.catalogue.cover.shape[1]
        self._known = [np.zeros((0, intervals)) for _ in covers]
        self._need = np.zeros((len(covers), days, intervals))
        self._paid = np.full((len(covers), days), np.inf)
        self._people = np.zeros((len(covers), days))
        self._states: dict[tuple[int, int], State] = {}

    @property
    def catalogue(self) -> Catalogue:
        """The shifts."""
        return self.covers[0].catalogue

    def best(self, weight: int, days: Bools, needs: Floats, enough: Floats) -> tuple[Floats, Floats]:
        """Bound covers of some days from below at the weight-th weight: values and their duals, (day of the list,).

        Parameters
        ----------
        weight
            Index of the weight.
        days
            Which days these are, bool (day,).
        needs, enough
            Their needs, shape (day of the list, interval), and values (day of the list,) that need not be exceeded
            further: a known dual that exceeds them will do, and a day whose cover costs no more is not priced.
        """
        value, dual = np.zeros(len(needs)), np.zeros_like(needs)
        if len(self._known[weight]):
            values = needs @ self._known[weight].T
            place = values.argmax(axis=1)
            value, dual = values[np.arange(len(needs)), place], self._known[weight][place]
        open_ = (value <= enough) & (self._at_most(weight, days, needs) > enough)
        list_of = np.flatnonzero(days)
        found = []
        for k in np.flatnonzero(open_):
            value[k], dual[k] = self._priced(weight, int(list_of[k]), needs[k])
            if value[k] > enough[k]:
                found.append(dual[k].copy())
        if found:
            self._known[weight] = np.vstack([self._known[weight], np.unique(np.array(found), axis=0)])
        return value, dual

    def _at_most(self, weight: int, days: Bools, needs: Floats) -> Floats:
        """Cost of the cheapest cover known, scaled to each need, at a weight."""
        least = np.full(len(needs), np.inf)
        for k in range(len(self.covers)):
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.where(needs > 0.0, needs / self._need[k][days], 0.0).max(axis=1, initial=0.0)
                cost = self._paid[k][days] + self.covers[weight].person_h * self._people[k][days]
                least = np.fmin(least, np.where(np.isfinite(cost), ratio * cost, np.inf))
        return least

    def _priced(self, weight: int, day: int, need: Floats) -> tuple[float, Floats]:
        """Price a need; duals are scaled down by what rounding put them above the cost of a shift."""
        cover = self.covers[weight]
        price, people, dual = self._from_where_it_stood(weight, day, need)
        self._need[weight, day] = need
        self._paid[weight, day], self._people[weight, day] = price - cover.person_h * people, people
        above = float((cover.catalogue.cover @ dual / cover.cost).max(initial=0.0))
        dual = dual / max(1.0, above)
        return float(dual @ need), dual

    def _from_where_it_stood(self, weight: int, day: int, need: Floats) -> tuple[float, float, Floats]:
        """Relax the cover of a day from its last basis, or afresh where that has lost its digits."""
        cover, state = self.covers[weight], self._states.get((weight, day))
        if state is not None:
            try:
                price, people, dual = cover.relaxed(need, state)
            except (NoSolution, SolverFailed):
                price, people, dual = np.inf, 0.0, np.zeros_like(need)
            if abs(float(dual @ need) - price) <= DRIFTED * price < np.inf:
                return price, people, dual
        state = self._states[weight, day] = cover.start()
        return cover.relaxed(need, state)
