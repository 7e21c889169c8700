"""Cover the need of one pool on one day with whole people on whole shifts, at least paid time.

min paid·x, cover'x >= need, x integer (Dantzig 1954). The linear relaxation is held per catalogue and solved for each
need in turn; its floor is completed greedily and pruned.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy import sparse

from solvers.errors import NoSolution
from solvers.highs import HeldProgram, Program
from solvers.shifts.catalogue import Catalogue, Floats, Ints


@njit(cache=True)
def _complete(cover: Floats, paid: Floats, need: Floats, people: Ints) -> None:
    """Add shifts by need covered per paid hour until nothing is missing, then drop and shrink what is not needed."""
    n_shifts, n_intervals = cover.shape
    there = np.zeros(n_intervals)
    for j in range(n_shifts):
        if people[j] > 0:
            there += people[j] * cover[j]
    while True:
        best, best_value = -1, 0.0
        for j in range(n_shifts):
            gain = 0.0
            for t in range(n_intervals):
                if need[t] > there[t]:
                    gain += cover[j, t] * min(1.0, need[t] - there[t])
            value = gain / paid[j]
            if value > best_value + 1e-12:
                best, best_value = j, value
        if best < 0:
            break
        people[best] += 1
        there += cover[best]
    for j in np.argsort(-paid, kind="mergesort"):
        while people[j] > 0:
            slack = there - cover[j] - need
            if slack.min() >= 0.0:
                people[j] -= 1
                there -= cover[j]
                continue
            other = _cheaper(cover, paid, need, there, j)
            if other < 0:
                break
            people[j] -= 1
            people[other] += 1
            there += cover[other] - cover[j]


@njit(cache=True)
def _cheaper(cover: Floats, paid: Floats, need: Floats, there: Floats, j: int) -> int:
    """Return the cheapest shift that can stand in for one of shift j, or -1."""
    best = -1
    for k in range(paid.size):
        if paid[k] < paid[j] - 1e-9 and (best < 0 or paid[k] < paid[best] - 1e-9):
            fits = True
            for t in range(need.size):
                if there[t] - cover[j, t] + cover[k, t] < need[t]:
                    fits = False
                    break
            if fits:
                best = k
    return best


class DayCover:
    """Covers of one catalogue: the linear program is held, answers are remembered by need.

    Programs start from the last basis, so which of several best covers is found depends on what was asked before: use
    one object per job, and the job is a pure function.

    `person_h` is added to the cost of every person: paid hours + person_h·people are least, so that the larger it is,
    the fewer people work longer shifts.
    """

    def __init__(self, catalogue: Catalogue, person_h: float = 0.0) -> None:
        self.catalogue = catalogue
        self.cost = catalogue.paid_h + person_h
        n_shifts, n_intervals = catalogue.cover.shape
        self._rows = np.arange(n_intervals, dtype=np.int32)
        self._open = np.full(n_intervals, np.inf)
        self._program = Program(
            cost=self.cost,
            matrix=sparse.csr_matrix(catalogue.cover.T),
            row_lower=np.zeros(n_intervals),
            row_upper=self._open,
            lower=np.zeros(n_shifts),
            upper=np.full(n_shifts, np.inf),
        )
        self._held = HeldProgram(self._program)
        self._known: dict[bytes, Ints] = {}
        self._priced: dict[bytes, tuple[float, Floats]] = {}

    def price(self, need: Floats) -> tuple[float, Floats]:
        """Least cost of the relaxation and its duals u >= 0, shape (interval of the day,).

        For *any* need', paid hours + person_h·people >= u·need': the day-cover cut (Benders 1962).
        """
        key = need.tobytes()
        if key not in self._priced:
            self._held.set_rows(self._rows, need, self._open)
            answer = self._held.solve()
            if not answer.optimal:
                raise NoSolution(
                    f"no shift covers interval(s) {np.flatnonzero((need > 0) & ~self.catalogue.reachable)}"
                )
            self._priced[key] = (answer.objective, np.maximum(answer.row_dual, 0.0))
            floor = np.floor(answer.x + 1e-7).astype(np.int64)
            _complete(self.catalogue.cover, self.cost, need, floor)
            self._known[key] = floor
        return self._priced[key]

    def people(self, need: Floats) -> Ints:
        """People per shift that cover a whole-number need, shape (shift,)."""
        if not need.any():
            return np.zeros(len(self.catalogue.paid_h), dtype=np.int64)
        self.price(need)
        return self._known[need.tobytes()].copy()
