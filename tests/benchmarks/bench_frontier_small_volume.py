"""A fifth of the volume: how far plans are from the bound where pools are small, and why; writes its md."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from frontier_runs import Run, judged, problem_like, run  # noqa: E402
from generated_center import MIDDLE, Size, generate  # noqa: E402

from planner.frontier.rounding import rounding_words  # noqa: E402
from solvers.flow.evaluate import Evaluation  # noqa: E402
from solvers.flow.rounding import rounding_of  # noqa: E402

REPORT = Path(__file__).with_name("frontier_small_volume.md")
SETTINGS = {"headroom_levels": (0.0, 0.15), "cost_points": 3, "plans": 8}
BAR = 0.07


def test_small_volume() -> None:
    lines = [
        "# A fifth of the volume: the gap and its reason",
        "",
        "A generated center of the reference's size and the same with a fifth of its contacts; plans from the",
        "product's own search and its bound at default settings. Gap: cost over the bound at a plan's",
        "CX and headroom. Rounding: relaxed covers of whole people over those of fractions of people, same load, hires",
        "included, over the same bound. Medians.",
        f"Bar: a gap of at most {BAR:.0%} at a fifth of the volume.",
        "",
        "| contacts a week | people at the busiest | plans | gap, median / 90th percentile | rounding | processor s |",
        "|---|---|---|---|---|---|",
    ]
    words = []
    for size in (MIDDLE, replace(MIDDLE, contacts=MIDDLE.contacts / 5)):
        row, told = _row(size)
        lines.append(row)
        words += ["", f"Said of the second: {told}" if len(words) else f"Said of the first: {told}"]
        print(row, told, flush=True)
    REPORT.write_text("\n".join([*lines, *words]) + "\n", encoding="utf-8")


def _row(size: Size) -> tuple[str, str]:
    instance = generate(size)
    made: Run = run(instance, 1, **SETTINGS)
    solutions = judged(made.found.records, instance)
    points, gaps = made.points, made.gaps
    bound = made.found.surface.cost_bound(points[:, 0], points[:, 2])
    part = np.array([rounding_of(instance, s).money for s in solutions]) / bound
    evaluations: list[Evaluation] = [s.evaluation for s in solutions]
    assert all(e.kept for e in evaluations)
    people = max(float(s.staffing.scheduled.sum(axis=0).max()) for s in solutions)
    told = rounding_words([problem_like(instance)] * len(solutions), solutions, made.found.surface) or "nothing"
    return (
        f"| {size.contacts:,.0f} | {people:.0f} | {len(points)} | {np.median(gaps):.1%} / {np.quantile(gaps, 0.9):.1%} "
        f"| {np.median(part):.1%} | {made.cpu_s:.0f} |"
    ), told
