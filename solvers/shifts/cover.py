"""Cover the need of one pool on one day with whole people on whole shifts, at least paid time.

min paid·x, cover'x >= need, x integer (Dantzig 1954). The linear relaxation prices a need; the best of several dives
from it is the cover.
"""

from __future__ import annotations

import numpy as np

from solvers.errors import NoSolution, SolverFailed
from solvers.shifts.catalogue import Catalogue, Floats, Ints
from solvers.shifts.dive import best_dive, objective
from solvers.shifts.simplex import columns_of, reoptimize, set_need, slack_basis

STARTS = 8  # dives per need: the mean excess over the optimum is .12 %, and .10 % with twice as many
FEW_STARTS = 2  # .15 % over the relaxation against .07 % with eight, in less than half of a long time
LARGE_DAY = 20_000  # shifts times intervals of a day whose dives take long

State = tuple[Floats, Floats, Ints]
"""Where the simplex stands: inverse of the basis, reduced costs, basic columns; see `simplex.slack_basis`."""


class DayCover:
    """Covers of one catalogue; answers are remembered by need and do not depend on what was asked before.

    `person_h` is added to the cost of every person: paid hours + person_h·people are least, so that the larger it is,
    the fewer people work longer shifts.
    """

    def __init__(self, catalogue: Catalogue, person_h: float = 0.0) -> None:
        self.catalogue, self.person_h = catalogue, person_h
        self.cost = catalogue.paid_h + person_h
        self._columns = columns_of(np.ascontiguousarray(catalogue.cover, dtype=np.float64))
        self._step = common_step(self.cost)
        self._starts = STARTS if catalogue.cover.size <= LARGE_DAY else FEW_STARTS
        self._root = slack_basis(self._columns, self.cost)
        self._reachable = catalogue.reachable
        self._at(self._reachable.astype(np.float64), self._root)
        self._known: dict[bytes, Ints] = {}
        self._priced: dict[bytes, tuple[float, Floats]] = {}

    def _at(self, need: Floats, state: State) -> Floats:
        """Solve the relaxation for a need in place; values of the basic columns."""
        inverse, reduced, basis = state
        value = np.zeros(len(need))
        set_need(inverse, need, value)
        unreachable = (need[~self._reachable] > 0).any()
        pivots = -1 if unreachable else reoptimize(self._columns, inverse, reduced, value, basis)
        if pivots == -2:
            raise SolverFailed(f"the cover of a day with {need.max():.3g} people at most does not settle")
        if pivots < 0:
            raise NoSolution(f"no shift covers interval(s) {np.flatnonzero((need > 0) & ~self._reachable)}")
        return value

    def start(self) -> State:
        """Return the basis of an even need, from which every need is solved unless another is given."""
        inverse, reduced, basis = self._root
        return inverse.copy(), reduced.copy(), basis.copy()

    def price(self, need: Floats) -> tuple[float, Floats]:
        """Least cost of the relaxation and its duals u >= 0, shape (interval of the day,).

        For *any* need', paid hours + person_h·people >= u·need': the day-cover cut (Benders 1962).
        """
        key = need.tobytes()
        if key not in self._priced:
            cost, _, dual = self.relaxed(need, self.start())
            self._priced[key] = (cost, dual)
        return self._priced[key]

    def relaxed(self, need: Floats, state: State) -> tuple[float, float, Floats]:
        """Cost and people of the relaxation, and its duals; solved from a state, which it leaves at this need."""
        _, reduced, basis = state
        value = self._at(need, state)
        people = float(value[basis < len(self.cost)].sum())
        return objective(value, basis, self.cost), people, np.maximum(reduced[len(self.cost) :], 0.0)

    def people(self, need: Floats) -> Ints:
        """People per shift that cover a whole-number need, shape (shift,)."""
        if not need.any():
            return np.zeros(len(self.catalogue.paid_h), dtype=np.int64)
        key = need.tobytes()
        if key not in self._known:
            inverse, reduced, basis = state = self.start()
            value = self._at(need, state)
            self._known[key], least = best_dive(
                self._columns, inverse, reduced, value, basis, self.cost, need, self._step, self._starts
            )
            if not np.isfinite(least):
                raise NoSolution(f"no dive ends in a cover of need {need}")
        return self._known[key].copy()


def common_step(cost: Floats) -> float:
    """Largest multiple of a minute of which every cost in hours is a multiple; 0 if costs are not whole minutes."""
    minutes = np.round(cost * 60.0)
    if (np.abs(cost * 60.0 - minutes) > 1e-6).any():
        return 0.0
    return float(np.gcd.reduce(minutes.astype(np.int64))) / 60.0
