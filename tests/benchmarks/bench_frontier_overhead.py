"""What one more point costs beside the solver's own time, at the size of 476,000 nonzeros; writes its md.

The master of a large center is held in HiGHS, and rows that no plan can reach are added until it has that many
nonzeros. Then nothing changes but the ceiling on cost, by so little that the solver has nothing to do.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

sys.path.insert(0, str(Path(__file__).parents[1]))

from generated_center import LARGE, generate  # noqa: E402

from solvers.flow.sweep import master_of  # noqa: E402
from solvers.highs import HeldProgram, Program  # noqa: E402

REPORT = Path(__file__).with_name("frontier_overhead.md")
NONZEROS, POINTS, BAR_MS = 476_000, 50, 5.0
SIZE = replace(LARGE, reasons=20)


def test_overhead() -> None:
    master = master_of(generate(SIZE))
    rows, width = master.rows, len(master.col_lower)
    missing = max(0, NONZEROS - rows.matrix.nnz)
    rng = np.random.default_rng(1)
    per_row = 200
    count = -(-missing // per_row)
    columns = np.concatenate([rng.choice(width, per_row, replace=False) for _ in range(count)])
    pointer = np.arange(0, per_row * count + 1, per_row)
    idle = sparse.csr_matrix((np.ones(len(columns)), columns, pointer), shape=(count, width))
    cost_row = sparse.csr_matrix(([1.0], ([0], [master.columns["cost"][None]])), shape=(1, width))
    matrix = sparse.vstack([rows.matrix, idle, cost_row], format="csr")
    objective = np.zeros(width)
    objective[master.columns["cost"][None]] = 1.0
    held = HeldProgram(
        Program(
            objective,
            matrix,
            np.concatenate([rows.lower, np.full(count + 1, -np.inf)]),
            np.concatenate([rows.upper, np.full(count, 1e12), [np.inf]]),
            master.col_lower,
            master.col_upper,
        )
    )
    answer = held.solve()
    assert answer.optimal
    last = matrix.shape[0] - 1
    engine = held._highs
    times, inside = [], []
    for k in range(POINTS):
        began = time.process_time()
        held.set_row(last, -np.inf, answer.objective * (2.0 + 1e-3 * k))
        here = held.solve()
        whole = 1000 * (time.process_time() - began)
        began = time.process_time()
        engine.run()  # the same again: what the solver itself takes to see that there is nothing to do
        inside.append(1000 * (time.process_time() - began))
        times.append(whole)
        assert here.optimal
        assert here.objective == pytest.approx(answer.objective, rel=1e-9)
    beside = np.array(times) - np.array(inside)
    text = "\n".join(
        [
            "# Overhead of a point beside the solver's work",
            "",
            f"{matrix.nnz:,} nonzeros, {matrix.shape[0]:,} rows, {matrix.shape[1]:,} columns, held in HiGHS; a ceiling",
            f"on cost that is never tight is moved {POINTS} times, so that a solve makes no pivot. Processor time of",
            "moving it, the solve and reading columns and duals; and of a run of the solver that finds nothing new.",
            f"Load average of the two-core machine: {os.getloadavg()[0]:.1f}.",
            "",
            "| what | median, ms | largest, ms | bar |",
            "|---|---|---|---|",
            f"| a point in all | {np.median(times):.1f} | {max(times):.1f} | |",
            f"| the solver's run | {np.median(inside):.1f} | {max(inside):.1f} | |",
            f"| interface: the rest | {np.median(beside):.1f} | {beside.max():.1f} | <= {BAR_MS:.0f} |",
        ]
    )
    print("\n" + text)
    REPORT.write_text(text + "\n", encoding="utf-8")
