"""Shift covering alone, cost against understaffing, beside warm linear programs of HiGHS; writes shift_cover.md.

Eight pools, one week of quarter hours, 300 shifts a day: 16,800 integer columns. Fifty limits on understaffing, from
nobody short to 15 % of the person-intervals needed. Processor seconds, one thread, compilation left out.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from solvers.highs import HeldProgram, Program
from solvers.shifts.front import Block, CoverFront, cover_front

REPORT = Path(__file__).with_name("shift_cover.md")
QUARTERS, DAYS, SHIFTS, POINTS = 96, 7, 300, 50
MOST_SHORT = 0.15
AGENTS = (60, 35, 20, 45, 15, 80, 10, 25)
"""Size of each pool on a weekday."""

MOST_GAP, MEDIAN_GAP, MOST_TIME = 0.02, 0.01, 2.0


def _shifts(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """300 of the shifts of 4 to 10 hours with early and late breaks, as (shift, quarter), and paid hours."""
    rows, paid_h = [], []
    for length, pause in ((16, 0), (24, 2), (32, 2), (36, 3), (40, 4)):
        for start in range(0, QUARTERS - length + 1, 2):
            for at in (length // 2 - 2, length // 2 + 2) if pause else (0,):
                row = np.zeros(QUARTERS)
                row[start : start + length] = 1.0
                row[start + at : start + at + pause] = 0.0
                rows.append(row)
                paid_h.append((length - pause) / 4)
    chosen = np.sort(rng.choice(len(rows), SHIFTS, replace=False))
    return np.array(rows)[chosen], np.array(paid_h)[chosen]


def _blocks(seed: int) -> list[Block]:
    rng = np.random.default_rng(seed)
    cover, paid_h = _shifts(rng)
    hour = np.arange(QUARTERS) / 4
    shape = 0.08 + np.exp(-(((hour - 11) / 3) ** 2)) + 0.8 * np.exp(-(((hour - 16.5) / 3) ** 2))
    blocks = []
    for pool, agents in enumerate(AGENTS):
        for day in range(DAYS):
            size = agents * (1.0 if day < 5 else 0.5) / 1.1
            need = np.ceil(size * shape * rng.uniform(0.85, 1.15, QUARTERS))
            blocks.append(Block(cover, paid_h * (20 + 2 * pool), np.where(cover.any(axis=0), need, 0.0)))
    return blocks


def _program(blocks: list[Block]) -> Program:
    """All blocks as one linear program: a row per interval, then the understaffing; shifts and people short."""
    intervals = sum(len(b.need) for b in blocks)
    cover = sparse.block_diag([sparse.csr_matrix(b.cover.T) for b in blocks])
    short = sparse.identity(intervals)
    weight = np.concatenate([np.full(len(b.need), b.weight) for b in blocks])
    last = sparse.hstack([sparse.csr_matrix((1, cover.shape[1])), sparse.csr_matrix(weight)])
    matrix = sparse.csr_matrix(sparse.vstack([sparse.hstack([cover, short]), last]))
    cost = np.concatenate([*(b.cost for b in blocks), np.zeros(intervals)])
    lower = np.concatenate([*(b.need for b in blocks), [-np.inf]])
    upper = np.full(intervals + 1, np.inf)
    return Program(cost, matrix, lower, upper, np.zeros(len(cost)), np.full(len(cost), np.inf))


def _warm(blocks: list[Block], limits: np.ndarray) -> tuple[float, np.ndarray]:
    """Seconds and values of one held linear program after another, each from the last basis."""
    held = HeldProgram(_program(blocks))
    last = held.rows - 1
    values = np.zeros(len(limits))
    began = time.process_time()
    for k, limit in enumerate(limits):
        held.set_row(last, -np.inf, float(limit))
        answer = held.solve()
        assert answer.optimal
        values[k] = answer.objective
    return time.process_time() - began, values


def test_shift_cover() -> None:
    blocks = _blocks(1)
    total = sum(b.need.sum() for b in blocks)
    limits = np.linspace(0.0, MOST_SHORT * total, POINTS)
    cover_front(blocks[:2], limits[:2])  # compiled
    began = time.process_time()
    front = cover_front(blocks, limits)
    seconds = time.process_time() - began
    lp_seconds, relaxed = _warm(blocks, limits)
    text = _report(front, total, seconds, lp_seconds, relaxed)
    print("\n" + text)
    REPORT.write_text(text, encoding="utf-8")
    _checked(blocks, front, relaxed)
    if front.gap.max() > MOST_GAP or np.median(front.gap) > MEDIAN_GAP or seconds > MOST_TIME * lp_seconds:
        pytest.fail(f"below the bar: gaps {front.gap.max()}, {np.median(front.gap)}, {seconds} s of {lp_seconds} s")


def _checked(blocks: list[Block], front: CoverFront, relaxed: np.ndarray) -> None:
    """Recount every point; the bound is never above HiGHS's relaxation."""
    for k, people in enumerate(front.people):
        short = sum(np.maximum(b.need - x @ b.cover, 0.0).sum() for b, x in zip(blocks, people, strict=True))
        cost = sum(float(x @ b.cost) for b, x in zip(blocks, people, strict=True))
        assert short <= front.limit[k] + 1e-6
        assert np.isclose(cost, front.cost[k])
    assert (front.bound <= relaxed * (1 + 1e-7)).all()


def _report(front: CoverFront, total: float, seconds: float, lp_seconds: float, relaxed: np.ndarray) -> str:
    columns = len(AGENTS) * DAYS * SHIFTS
    lines = [
        "# Shift covering: cost against understaffing",
        "",
        f"{len(AGENTS)} pools, {DAYS} days of {QUARTERS} quarter hours, {SHIFTS} shifts a day: "
        f"{columns:,} integer columns;",
        f"{POINTS} limits on understaffing up to {MOST_SHORT:.0%} of {total:,.0f} person-intervals. One thread,",
        "processor time, compilation left out. Gap: cost of the whole cover beyond the proven bound.",
        f"Bars: every gap at most {MOST_GAP:.0%}, the median at most {MEDIAN_GAP:.0%}, in at most {MOST_TIME:g} times",
        f"the time of {POINTS} warm linear programs.",
        "",
        "| what | value |",
        "|---|---|",
        f"| whole covers, all limits | {seconds:.1f} s |",
        f"| {POINTS} warm linear programs, HiGHS | {lp_seconds:.1f} s |",
        f"| ratio | {seconds / lp_seconds:.2f} |",
        f"| gap, median / largest | {np.median(front.gap):.3%} / {front.gap.max():.3%} |",
        f"| bound below HiGHS's relaxation, largest | {((relaxed - front.bound) / relaxed).max():.3%} |",
        "",
        "| understaffing allowed | cost | bound | gap |",
        "|---|---|---|---|",
    ]
    for k in range(0, POINTS, 7):
        lines.append(
            f"| {front.limit[k] / total:.2%} | {front.cost[k]:,.0f} | {front.bound[k]:,.0f} | {front.gap[k]:.3%} |"
        )
    return "\n".join(lines) + "\n"
