"""The outer surface of a choice of portfolios: no plan passes the highest of the surfaces of the portfolios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from planner.frontier.certificate import Floats, OuterSurface


@dataclass(frozen=True)
class Envelope:
    """Upper envelope of one surface per portfolio; it is not concave in cost, so portfolios stay apart.

    `pieces` (portfolio,): its surface, None where no plan of it is possible; `names` (portfolio,): its initiatives in
    words. Reads like an `OuterSurface`: a bound holds for its own and every higher headroom.
    """

    pieces: tuple[OuterSurface | None, ...]
    names: tuple[str, ...]

    @property
    def known(self) -> list[OuterSurface]:
        """Surfaces of the portfolios that a plan may have."""
        return [piece for piece in self.pieces if piece is not None]

    @cached_property
    def levels(self) -> Floats:
        """Headroom levels at which every portfolio is bounded, ascending."""
        least = max(piece.levels[0] for piece in self.known)
        every = np.unique(np.concatenate([piece.levels for piece in self.known]))
        return np.asarray(every[every >= least])

    @cached_property
    def cheapest(self) -> Floats:
        """Least cost of any plan, shape (level,)."""
        return np.array([min(piece.least_cost(level) for piece in self.known) for level in self.levels])

    @cached_property
    def dearest(self) -> Floats:
        """Cost at which CX ends to be worth its money, shape (level,)."""
        return np.array([max(piece.dearest_at(level) for piece in self.known) for level in self.levels])

    def cost_bound(self, cx: Floats, headroom: Floats) -> Floats:
        """Least cost of any plan with at least this CX and headroom, shape (plan,); NaN where none is known."""
        return np.asarray(np.min([piece.cost_bound(cx, headroom) for piece in self.known], axis=0))

    def best_cx(self, level: int, cost: Floats) -> Floats:
        """Largest CX within a cost at a level or above, shape of `cost`; NaN below the least cost."""
        headroom = float(self.levels[level])
        return np.asarray(np.fmax.reduce([piece.best_cx_at(headroom, cost) for piece in self.known]))

    def price(self, cx: float, headroom: float) -> float:
        """Money per point of CX at the bound (its dual); NaN where the surface is flat or unknown."""
        bounds = [piece.cost_bound(np.array([cx]), np.array([headroom]))[0] for piece in self.known]
        if not np.isfinite(bounds).any():
            return float("nan")
        return self.known[int(np.nanargmin(bounds))].price(cx, headroom)

    def with_corners(self, found: Mapping[int, Sequence[tuple[float, float, float]]]) -> Envelope:
        """Add corners (cx, cost, headroom) to the surfaces of portfolios (index)."""
        pieces = list(self.pieces)
        for p, corners in found.items():
            piece = pieces[p]
            if piece is not None:
                pieces[p] = replace(piece, corners=np.vstack([piece.corners, *corners]))
        return replace(self, pieces=tuple(pieces))


def envelope(pieces: tuple[OuterSurface | None, ...], names: tuple[str, ...]) -> Envelope | None:
    """Join the surfaces of portfolios; None where none of them has a plan."""
    return Envelope(pieces, names) if any(piece is not None for piece in pieces) else None
