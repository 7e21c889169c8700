"""What a plan's experience is worth through customers who stay: lifetime value against Today, as modeled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.scenario.center import Segment
from solvers.flow.network import Floats


@dataclass(frozen=True)
class Retained:
    """Customers and how their staying answers to experience, one entry per segment with a link that has weight.

    `segment` its index among the segments, `customers` count, `margin` money per customer and year, `yearly` share who
    stay a year at the experience `cx_today`, `per_point` change of that share per scale point of CX, `discount` a year.
    """

    segment: tuple[int, ...]
    customers: tuple[float, ...]
    margin: tuple[float, ...]
    yearly: tuple[float, ...]
    per_point: tuple[float, ...]
    discount: tuple[float, ...]
    cx_today: tuple[float, ...]

    def gain(self, cx_segment: Floats) -> float:
        """Lifetime value of all customers at the experience of a plan less that at Today's, money.

        `sum over segments of customers (CLV(r + g (CX - CX today)) - CLV(r))` with `CLV(r) = m r / (1 + d - r)`
        (Gupta and Lehmann, 2003) and the retention kept within [0, 1].

        Parameters
        ----------
        cx_segment
            Expected experience per segment of the scenario, scale points, shape (segment,).
        """
        chosen = np.asarray(cx_segment, float)[list(self.segment)]
        before, per_point = np.array(self.yearly), np.array(self.per_point)
        after = np.clip(before + per_point * (chosen - np.array(self.cx_today)), 0.0, 1.0)
        margin, discount = np.array(self.margin), np.array(self.discount)
        worth = margin * (after / (1 + discount - after) - before / (1 + discount - before))
        return float(np.array(self.customers) @ worth)


def retained_of(segments: Mapping[str, Segment], cx_today: Sequence[float] | Floats) -> Retained:
    """Read the links of segments that state one with weight; `cx_today` (segment,) is where they hold."""
    rows = [
        (k, link.customers, float(segment.value_per_year or 0.0), link.yearly.value, link.per_point.value,
         link.discount, float(cx_today[k]))
        for k, segment in enumerate(segments.values())
        if (link := segment.retention) is not None and link.has_weight
    ]  # fmt: skip
    columns = list(zip(*rows, strict=True)) or [()] * 7
    return Retained(*columns)
