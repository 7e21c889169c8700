"""What the master answers with, and the room it is asked to leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.flow.network import Floats
from solvers.highs import Basis


@dataclass(frozen=True)
class MasterPoint:
    """One optimum of the master: axes, flows, waits, heads, and the plane that bounds every plan in its box.

    For all plans with at least this headroom and pool sizes in the box: cx <= intercept + slope·cost. `heads` (pool,):
    people the paid hours and working days ask for, before rounding; `sizes`, `unseen_wait_h` (queued pool,): work, and
    waiting the facets leave out, hours; `wait_price` (queued pool,): money an hour of waiting costs here; `work_price`
    (pool, type) pairs: money that one more hour of handling takes there at the same CX, 0 where work is free; `basis`:
    where the solver stood, to start from for like points.
    """

    headroom: float
    cx: float
    cost: float
    slope: float
    intercept: float
    flow: Floats
    wait: Floats
    heads: Floats
    sizes: Floats
    unseen_wait_h: Floats
    wait_price: Floats
    work_price: Floats
    basis: Basis

    def intercept_of(self, price: float) -> float:
        """Bound on cx − price·cost in the point's box, or on −cost where price is NaN."""
        return -self.intercept if np.isnan(price) else self.intercept


@dataclass(frozen=True)
class Room:
    """Shares of the limits that the master may use, so that rounding has room: `heads` (pool,), `seats`, `budget`."""

    heads: Floats
    seats: Floats
    budget: float = 1.0
