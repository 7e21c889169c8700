"""What a search has found while it still runs: a line for whoever waits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner.frontier.certificate import gaps_under
from planner.frontier.choose import keep_best
from planner.frontier.envelope import Envelope
from planner.frontier.records import Record, axes


def so_far(records: Sequence[Record], senses: Sequence[str], currency: str, surface: Envelope | None = None) -> str:
    """Say how many plans there are that none beats, and from where to where they reach; nothing without a plan.

    With the `surface`, the bound, also what they cost above it: (cost − bound)/bound, median. `senses` are those of
    the records' further objectives.
    """
    front = keep_best(records, len(records), senses)
    if not front:
        return ""
    points = axes(front)
    cx, cost, headroom = ((float(axis.min()), float(axis.max())) for axis in points.T)
    count = "1 plan" if len(points) == 1 else f"{len(points)} plans"
    money, score, share = _between(*cost, ",.0f"), _between(*cx, ".2f"), _between(*headroom, ".0%")
    told = f"{count} so far: {money} {currency}, CX {score}, headroom {share}"
    if surface is None:
        return told
    gap = gaps_under(surface, points)
    return told if np.isnan(gap).all() else f"{told}; half of them cost at most {np.nanmedian(gap):.1%} above the bound"


def _between(least: float, most: float, spec: str) -> str:
    ends = dict.fromkeys([format(least, spec), format(most, spec)])
    return " to ".join(ends)
