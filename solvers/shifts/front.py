"""Paid cost against understaffing: whole covers for many limits at once, each with a proven gap.

min Σ cost·x with Σ weight·max(0, need − cover'x) <= limit over blocks (a pool on a day) that only the limit ties
together. At a price of understaffing the blocks fall apart (Everett 1963; Geoffrion 1974): each is a cover with one
more column an interval, a person missing. Prices are found by weighing the two objectives (Aneja and Nair 1979) until
the bound is tight. Whole people come from dives, at each price and at budgets of a block between two prices; a limit
is met by choosing one cover per block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numba import njit

from solvers.errors import NoSolution
from solvers.shifts.catalogue import Floats, Ints
from solvers.shifts.dive import best_dive, objective
from solvers.shifts.simplex import Columns, columns_of, reoptimize, set_need, slack_basis

STARTS = 4
MOST_PRICES = 60
MOST_PARTS = 24  # budgets of a block between two prices

Option = tuple[float, float, Ints]
"""A whole cover of one block: cost, weighted shortness, people per shift."""


@dataclass(frozen=True)
class Block:
    """A pool on a day.

    `cover` (shift, interval), `cost` (shift,), whole `need` (interval,), `weight` of a person short in an interval.
    """

    cover: Floats
    cost: Floats
    need: Floats
    weight: float = 1.0


@dataclass(frozen=True)
class CoverFront:
    """One whole cover per limit, arrays over limits: `cost` paid, weighted `short` <= `limit`, `bound` on any cost.

    `people` per limit and block, shape (shift,).
    """

    limit: Floats
    cost: Floats
    short: Floats
    bound: Floats
    people: tuple[tuple[Ints, ...], ...]

    @property
    def gap(self) -> Floats:
        """Cost beyond the bound as a share of it, shape (limit,)."""
        return np.asarray((self.cost - self.bound) / np.maximum(self.bound, 1e-12))


@dataclass(frozen=True)
class _Priced:
    """All blocks at one price: paid cost and weighted shortness of the relaxation, arrays over blocks."""

    price: float
    costs: Floats
    shorts: Floats

    @property
    def cost(self) -> float:
        """Paid cost of the relaxation."""
        return float(self.costs.sum())

    @property
    def short(self) -> float:
        """Shortness of the relaxation."""
        return float(self.shorts.sum())

    @property
    def value(self) -> float:
        """Cost and priced shortness: for any limit, value − price·limit is a bound on cost (weak duality)."""
        return self.cost + self.price * self.short


@njit(cache=True)
def _short_columns(cover: Floats, cost: Floats, short_cost: float, budget: float) -> tuple[Columns, Floats]:
    """Columns of shifts and of people short, with a last row that keeps those within a budget (inf: no such row)."""
    n_shifts, n_intervals = cover.shape
    rows = n_intervals + (1 if np.isfinite(budget) else 0)
    columns = np.zeros((n_shifts + n_intervals, rows))
    columns[:n_shifts, :n_intervals] = cover
    prices = np.full(n_shifts + n_intervals, short_cost)
    prices[:n_shifts] = cost
    for t in range(n_intervals):
        columns[n_shifts + t, t] = 1.0
        if rows > n_intervals:
            columns[n_shifts + t, n_intervals] = -1.0
    return columns_of(columns), prices


@njit(cache=True)
def _priced_block(cover: Floats, cost: Floats, need: Floats, short_cost: float) -> tuple[float, float]:
    """Relaxed value and people short of one block at a price; NaN where nothing covers it."""
    columns, prices = _short_columns(cover, cost, short_cost, np.inf)
    inverse, reduced, basis = slack_basis(columns, prices)
    value = np.zeros(need.size)
    set_need(inverse, need, value)
    if reoptimize(columns, inverse, reduced, value, basis) < 0:
        return np.nan, np.nan
    short = 0.0
    for row in range(need.size):
        if cost.size <= basis[row] < prices.size:
            short += value[row]
    return objective(value, basis, prices), short


@njit(cache=True)
def _budgeted_block(cover: Floats, cost: Floats, need: Floats, budget: float, starts: int) -> tuple[Ints, bool]:
    """People of the best of a few dives with at most `budget` people short, and if there are any."""
    columns, prices = _short_columns(cover, cost, 0.0, budget)
    inverse, reduced, basis = slack_basis(columns, prices)
    wanted = np.zeros(need.size + 1)
    wanted[: need.size] = need
    wanted[need.size] = -budget
    value = np.zeros(need.size + 1)
    set_need(inverse, wanted, value)
    if reoptimize(columns, inverse, reduced, value, basis) < 0:
        return np.zeros(cost.size, dtype=np.int64), False
    people, least = best_dive(columns, inverse, reduced, value, basis, prices, wanted, 0.0, starts)
    return people[: cost.size], least < np.inf


def _at_price(blocks: Sequence[Block], price: float) -> _Priced:
    rows = [_priced_block(block.cover, block.cost, block.need, price * block.weight) for block in blocks]
    short = np.array([missing * block.weight for block, (_, missing) in zip(blocks, rows, strict=True)])
    return _Priced(price, np.array([value for value, _ in rows]) - price * short, short)


def _prices(blocks: Sequence[Block], limits: Floats, tolerance: float) -> list[_Priced]:
    """Prices at which the bound on every limit is within a tolerance of the relaxation, from the dearest down.

    Between neighbors the price is their slope; where the relaxation at it lies within the tolerance of their chord, or
    no limit asks, the pair is done.
    """
    dearest = max(float(block.cost.max() / block.weight) for block in blocks)
    found = [_at_price(blocks, 1.01 * dearest), _at_price(blocks, 0.0)]
    pairs = [(found[0], found[1])]
    while pairs and len(found) < MOST_PRICES:
        tight, loose = pairs.pop(0)
        drop = loose.short - tight.short
        if drop <= 1e-9 or tight.short >= limits.max() or loose.short <= limits.min():
            continue
        price = (tight.cost - loose.cost) / drop
        here = _at_price(blocks, price)
        found.append(here)
        chord = tight.cost + price * tight.short
        if chord - here.value > tolerance * max(here.cost, 1e-12):
            pairs += [(tight, here), (here, loose)]
    return sorted(found, key=lambda priced: -priced.price)


def cover_front(
    blocks: Sequence[Block], limits: Floats, *, tolerance: float = 1e-3, starts: int = STARTS
) -> CoverFront:
    """Cover the blocks at least paid cost for every limit on understaffing.

    Parameters
    ----------
    blocks
        What there is to cover; costs positive, needs whole numbers.
    limits
        Most weighted person-intervals short over all blocks, shape (limit,), not negative.
    tolerance
        Share of the cost that the bound may lie below the relaxation.
    starts
        Dives per block and price.

    Returns
    -------
    CoverFront
        `bound` is max over the prices λ of Σ relaxed values − λ·limit: no whole cover within the limit costs less.

    Raises
    ------
    ValueError
        A limit, cost or weight is out of range.
    NoSolution
        An interval with need is in no shift and nobody may be short.
    """
    limits = np.asarray(limits, dtype=np.float64)
    _check(blocks, limits)
    blocks = [replace(b, cover=np.ascontiguousarray(b.cover, float), cost=np.asarray(b.cost, float)) for b in blocks]
    priced = _prices(blocks, limits, tolerance)
    bound = np.max([[p.value - p.price * limit for limit in limits] for p in priced], axis=0)
    step = tolerance * float(np.median(np.maximum(bound, 0.0)))
    options = [_options(block, _budgets(block, k, priced, limits, step), starts) for k, block in enumerate(blocks)]
    chosen = [_choose(options, float(limit)) for limit in limits]
    picks = [[options[k][i] for k, i in enumerate(pick)] for pick in chosen if pick is not None]
    if len(picks) < len(limits):
        raise NoSolution(f"no cover is within the limit {limits[[pick is None for pick in chosen]].min()}")
    return CoverFront(
        limits,
        np.array([sum(cost for cost, _, _ in pick) for pick in picks]),
        np.array([sum(short for _, short, _ in pick) for pick in picks]),
        np.maximum(bound, 0.0),
        tuple(tuple(people for _, _, people in pick) for pick in picks),
    )


def _check(blocks: Sequence[Block], limits: Floats) -> None:
    if limits.ndim != 1 or not len(limits) or not (limits >= 0).all():
        raise ValueError(f"limits must be one or more numbers, none negative: {limits}")
    if not blocks:
        raise ValueError("blocks is empty: there is nothing to cover")
    for k, block in enumerate(blocks):
        if not (block.cost > 0).all() or block.weight <= 0:
            raise ValueError(
                f"blocks[{k}]: costs and weight must be positive, found {block.cost.min()}, {block.weight}"
            )
        if (block.need != np.floor(block.need)).any() or (block.need < 0).any():
            raise ValueError(f"blocks[{k}]: need must be whole numbers, none negative: {block.need}")


def _budgets(block: Block, k: int, priced: Sequence[_Priced], limits: Floats, step: float) -> Floats:
    """People short to try for a block: those at each price a limit asks for, more where cost falls over a step."""
    asked = [p for p, below in zip(priced, [0.0, *(p.short for p in priced)], strict=False) if below <= limits.max()]
    shorts = np.array([0.0, *(p.shorts[k] for p in asked)]) / block.weight
    costs = np.array([asked[0].costs[k], *(p.costs[k] for p in asked)])
    order = np.argsort(shorts, kind="stable")
    shorts, costs = shorts[order], costs[order]
    budgets = [shorts]
    for low, high, drop in zip(shorts, shorts[1:], costs[:-1] - costs[1:], strict=False):
        parts = int(min(np.ceil(drop / max(step, 1e-12)), np.floor(high - low), MOST_PARTS))
        budgets.append(np.linspace(low, high, parts + 1)[1:-1] if parts > 1 else np.zeros(0))
    return np.unique(np.floor(np.concatenate(budgets) + 1e-6))


def _options(block: Block, budgets: Floats, starts: int) -> list[Option]:
    """Whole covers of one block that no other beats, least short first."""
    found = []
    for budget in budgets:
        people, there = _budgeted_block(block.cover, block.cost, block.need, float(budget), starts)
        if there:
            short = float(np.maximum(block.need - people @ block.cover, 0.0).sum()) * block.weight
            found.append((float(people @ block.cost), short, people))
    found.sort(key=lambda option: (option[1], option[0]))
    kept: list[Option] = []
    for option in found:
        if not kept or option[0] < kept[-1][0] - 1e-9:
            kept.append(option)
    return kept


def _hull(options: Sequence[Option]) -> list[int]:
    """Indices of options on the lower hull of cost against shortness."""
    hull: list[int] = []
    for i in range(len(options)):
        while len(hull) > 1 and _slope(options[hull[-2]], options[i]) >= _slope(options[hull[-2]], options[hull[-1]]):
            hull.pop()
        hull.append(i)
    return hull


def _slope(tight: Option, loose: Option) -> float:
    """Cost saved per person-interval short."""
    return (tight[0] - loose[0]) / max(loose[1] - tight[1], 1e-12)


def _choose(options: Sequence[Sequence[Option]], limit: float) -> list[int] | None:
    """Choose a cover per block: steps along the hulls that save most per shortness, then what else fits (Dantzig 1957).

    None where even the covers least short exceed the limit.
    """
    if not all(options):
        return None
    left = limit - sum(each[0][1] for each in options)
    if left < -1e-9:
        return None
    pick = [0] * len(options)
    steps = []
    for k, each in enumerate(options):
        hull = _hull(each)
        steps += [(-_slope(each[i], each[j]), k, j) for i, j in zip(hull, hull[1:], strict=False)]
    for _, k, j in sorted(steps):
        longer = options[k][j][1] - options[k][pick[k]][1]
        if longer <= left + 1e-9:
            left -= longer
            pick[k] = j
    while True:
        fits = [
            (options[k][pick[k]][0] - option[0], -k, j)
            for k, each in enumerate(options)
            for j, option in enumerate(each)
            if option[1] - each[pick[k]][1] <= left + 1e-9 and option[0] < each[pick[k]][0] - 1e-9
        ]
        if not fits:
            return pick
        _, k, j = max(fits)
        left -= options[-k][j][1] - options[-k][pick[-k]][1]
        pick[-k] = j
