"""Eight-hour shifts on the hour: the master on groups of hours against the same on every interval; writes its md."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from full_resolution import full_master  # noqa: E402
from generated_center import MIDDLE, generate  # noqa: E402

from solvers.flow.sweep import master_of, sweep_points  # noqa: E402

REPORT = Path(__file__).with_name("frontier_rigid.md")
BAR = 1e-3
SIZES = {
    "smooth": replace(MIDDLE, rigid=True),
    "rough 0.3": replace(MIDDLE, rigid=True, rough=0.3),
    "rough 0.3, quarter hours": replace(MIDDLE, rigid=True, rough=0.3, per_day=56, interval_min=15),
}


def test_rigid() -> None:
    lines = [
        "# Rigid shifts: groups against full resolution",
        "",
        "Shifts of eight hours that start on the hour; the master's rows on groups of intervals of like demand, and on",
        "every interval of the horizon; day covers are at full resolution in both. Headroom 10 %. Difference: grouped",
        f"less full, of cost at least cost, and of the cost of the full one's middle CX. Bar: {BAR:.1%} of cost.",
        "",
        "| center | groups / intervals | least cost, grouped / full | difference | at the middle CX | processor s |",
        "|---|---|---|---|---|---|",
    ]
    worst = 0.0
    for name, size in SIZES.items():
        instance = generate(size)
        answers, seconds, widths = [], [], []
        for make in (master_of, full_master):
            began = time.process_time()
            master = make(instance)
            answers.append(sweep_points(master.level(0.1), 3))
            seconds.append(time.process_time() - began)
            widths.append(len(master.groups.size))
        (least, points), (least_full, full) = answers
        middle = full[1].cx
        costs = [_cost_at(middle, least_, points_) for least_, points_ in answers]
        change = (least - least_full) / least_full, (costs[0] - costs[1]) / costs[1]
        worst = max(worst, *map(abs, change))
        lines.append(
            f"| {name} | {widths[0]} / {widths[1]} | {least:,.0f} / {least_full:,.0f} | {change[0]:+.3%} | "
            f"{change[1]:+.3%} | {seconds[0]:.1f} / {seconds[1]:.1f} |"
        )
        print(lines[-1], flush=True)
    lines += ["", f"Largest difference: {worst:.3%}."]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _cost_at(cx: float, least: float, points: list) -> float:
    """Bound on the cost of a CX by the planes of points."""
    return max([least, *((cx - p.intercept) / p.slope for p in points if p.slope > 1e-12)]) if points else np.nan
