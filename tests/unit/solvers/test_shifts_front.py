"""Fronts of cost against understaffing: scipy's integer programs point by point, linear bounds, and bad input."""

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, linprog, milp

from solvers.errors import NoSolution
from solvers.shifts.front import Block, cover_front


def world(seed):
    """Two to four blocks of runs of intervals, some with a hole, with weights and costs of their own."""
    rng = np.random.default_rng(seed)
    blocks = []
    for _ in range(int(rng.integers(2, 5))):
        intervals = int(rng.integers(4, 9))
        rows, cost = [], []
        for _ in range(10):
            start = int(rng.integers(0, intervals - 1))
            row = np.zeros(intervals)
            row[start : start + int(rng.integers(1, intervals))] = 1
            if row.sum() > 3:
                row[start + 1] = 0
            rows.append(row)
            cost.append(row.sum() * rng.uniform(0.9, 1.2))
        rows += list(np.eye(intervals))
        cost += [1.6] * intervals
        need = rng.integers(0, 8, intervals).astype(float)
        blocks.append(Block(np.array(rows), np.array(cost), need, float(rng.uniform(0.5, 2.0))))
    return rng, blocks


def whole_program(blocks, limit):
    """Cost, rows and bounds of the program of all blocks: shifts first, then people short, block by block."""
    widths = [len(b.cost) + len(b.need) for b in blocks]
    rows = np.zeros((sum(len(b.need) for b in blocks) + 1, sum(widths)))
    cost, least = np.zeros(sum(widths)), np.full(len(rows), -np.inf)
    row, column = 0, 0
    for block, width in zip(blocks, widths, strict=True):
        shifts, intervals = block.cover.shape
        cost[column : column + shifts] = block.cost
        rows[row : row + intervals, column : column + width] = np.hstack([block.cover.T, np.eye(intervals)])
        rows[-1, column + shifts : column + width] = -block.weight
        least[row : row + intervals] = block.need
        row, column = row + intervals, column + width
    least[-1] = -limit
    return cost, rows, least


@pytest.mark.parametrize("seed", range(6))
def test_between_the_bound_and_the_optimum(seed):
    """bound <= relaxation <= integer optimum <= cost found, which is within 6 % of it on these handfuls of people."""
    rng, blocks = world(seed)
    total = sum(b.weight * b.need.sum() for b in blocks)
    limits = np.concatenate([[0.0], np.sort(rng.uniform(0, 0.5 * total, 5))])
    front = cover_front(blocks, limits, starts=16)
    assert (front.short <= limits + 1e-9).all()
    assert (np.diff(front.cost) <= 1e-9).all()
    for k, limit in enumerate(limits):
        cost, rows, least = whole_program(blocks, limit)
        relaxed = linprog(cost, A_ub=-rows, b_ub=-least).fun
        optimum = milp(cost, constraints=LinearConstraint(rows, least), integrality=np.ones(len(cost))).fun
        assert front.bound[k] <= relaxed + 1e-7
        assert front.bound[k] >= 0.98 * relaxed
        assert optimum - 1e-7 <= front.cost[k] <= 1.06 * optimum + 1e-9
        people = front.people[k]
        short = sum(b.weight * np.maximum(b.need - x @ b.cover, 0.0).sum() for b, x in zip(blocks, people, strict=True))
        assert short == pytest.approx(front.short[k])
        assert sum(float(x @ b.cost) for b, x in zip(blocks, people, strict=True)) == pytest.approx(front.cost[k])


def test_many_people_leave_hardly_a_gap():
    """Hundreds of people in eight blocks: every proven gap is below 1 %, the median below .5 %."""
    rng = np.random.default_rng(4)
    rows = [
        [1.0 if s <= t < s + n and t != s + 4 else 0.0 for t in range(24)] for n in (8, 10) for s in range(24 - n + 1)
    ]
    cover = np.array(rows)
    need = [np.ceil(40 * np.exp(-(((np.arange(24) - 11) / 7) ** 2)) * rng.uniform(0.8, 1.2, 24)) for _ in range(8)]
    blocks = [Block(cover, cover.sum(axis=1), each) for each in need]
    front = cover_front(blocks, np.linspace(0, 0.2 * sum(each.sum() for each in need), 12))
    assert (front.gap >= -1e-9).all()
    assert front.gap.max() < 0.01
    assert np.median(front.gap) < 0.005


def test_everybody_short():
    """A limit as large as the need costs nothing."""
    _, blocks = world(1)
    total = sum(b.weight * b.need.sum() for b in blocks)
    front = cover_front(blocks, np.array([total]))
    assert front.cost.tolist() == [0.0]
    assert front.bound.tolist() == [0.0]


def test_bad_input_is_named():
    good = Block(np.eye(2), np.ones(2), np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="limits"):
        cover_front([good], np.array([-1.0]))
    with pytest.raises(ValueError, match="blocks is empty"):
        cover_front([], np.array([1.0]))
    with pytest.raises(ValueError, match=r"blocks\[1\].*positive"):
        cover_front([good, Block(np.eye(2), np.array([0.0, 1.0]), good.need)], np.array([1.0]))
    with pytest.raises(ValueError, match=r"blocks\[0\].*1\.5"):
        cover_front([Block(np.eye(2), np.ones(2), np.array([1.5, 0.0]))], np.array([1.0]))
    nobody = Block(np.array([[1.0, 0.0]]), np.ones(1), np.array([1.0, 1.0]))
    with pytest.raises(NoSolution, match=r"limit 0\.0"):
        cover_front([nobody], np.array([0.0, 1.0]))
    assert cover_front([nobody], np.array([1.0])).short.tolist() == [1.0]
