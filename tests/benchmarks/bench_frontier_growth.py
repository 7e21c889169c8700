"""Time and memory of the frontier's stages against pools, reasons and intervals; writes frontier_growth.md and .svg.

Each center runs in a process of its own: declare the master, least cost, a middle point from there, one whole plan.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from generated_center import MIDDLE, Size, generate  # noqa: E402

from solvers.flow.decode import even_split  # noqa: E402
from solvers.flow.solution import Instance  # noqa: E402
from solvers.flow.sweep import FLAT, Crew, SweepSettings, master_of  # noqa: E402

REPORT = Path(__file__).with_name("frontier_growth.md")
STAGES = ("declare", "least cost", "middle point", "whole plan")


def _sizes() -> list[tuple[str, float, Size]]:
    """Axis, factor, center; volume grows with the number of pools, so that pools stay as large as they are."""
    rows = [("pools", 1.0, MIDDLE)]
    for k in (2, 4):
        pools = tuple(n * k if c < 4 else n for c, n in enumerate(MIDDLE.pools))
        rows.append(("pools", float(k), replace(MIDDLE, pools=pools, contacts=k * MIDDLE.contacts)))
    rows += [("reasons", float(k), replace(MIDDLE, reasons=k * MIDDLE.reasons)) for k in (1, 2, 4)]
    for k, minutes in ((1, 30), (2, 15), (3, 10)):
        rows.append(("intervals", float(k), replace(MIDDLE, per_day=28 * k, interval_min=minutes)))
    return rows


def measure(size: Size) -> dict:
    """Processor seconds of the stages, rows and nonzeros of the master, and the peak memory of this process, GB."""
    small = replace(size, reasons=2, pools=(1, 1, 1, 0, 1, 1), contacts=2_000.0, per_day=14, interval_min=60)
    _stages(generate(small))  # compiled
    seconds, shape = _stages(generate(size))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"seconds": seconds, "shape": shape, "peak_gb": peak}


def _stages(instance: Instance) -> tuple[list[float], tuple[int, int, int]]:
    marks = [time.process_time()]
    master = master_of(instance)
    level = master.level(0.1)
    marks.append(time.process_time())
    low = level.cheapest()
    marks.append(time.process_time())
    top = level.point(np.inf, 1e-3 / low.cost)
    tie = FLAT * max(top.cx - low.cx, 1e-6) / max(top.cost - low.cost, 1e-6 * low.cost)
    began = time.process_time()
    point = level.point((low.cost + top.cost) / 2, tie)
    marks.append(marks[-1] + time.process_time() - began)
    began = time.process_time()
    crew = Crew(instance, SweepSettings(3, None, 2, even_split(instance.network)), level)
    assert crew.plans(0.1, point.cost, tie, point)
    marks.append(marks[-1] + time.process_time() - began)
    return list(np.diff(marks)), master.size


def test_growth() -> None:
    rows = []
    for axis, factor, size in _sizes():
        command = [sys.executable, __file__, json.dumps(asdict(size))]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ))
        rows.append((axis, factor, json.loads(answer.stdout.splitlines()[-1])))
        print(rows[-1], flush=True)
    lines = [
        "# Growth of the frontier's stages",
        "",
        "A center of the reference's size (12 reasons x 3 segments, 6 staffed pools, 196 half hours), an axis",
        "multiplied at a time; volume grows with the pools. Processor seconds, compilation left out, a process each.",
        f"Load average of the two-core machine at the end: {os.getloadavg()[0]:.1f}.",
        "",
        "| axis | times | rows / columns / nonzeros | "
        + " | ".join(f"{stage}, s" for stage in STAGES)
        + " | peak, GB |",
        "|---|---|---|" + "---|" * (len(STAGES) + 1),
    ]
    for axis, factor, found in rows:
        shape = " / ".join(f"{n:,}" for n in found["shape"])
        seconds = " | ".join(f"{s:.2f}" for s in found["seconds"])
        lines.append(f"| {axis} | {factor:g} | {shape} | {seconds} | {found['peak_gb']:.2f} |")
    lines += ["", "![Seconds against size](frontier_growth.svg)"]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    REPORT.with_suffix(".svg").write_text(_plot(rows), encoding="utf-8")


def _plot(rows: list) -> str:
    """Seconds of all stages against the factor of each axis."""
    width, height, left, bottom = 480, 300, 50, 40
    most = max(sum(found["seconds"]) for _, _, found in rows) * 1.1
    widest = max(factor for _, factor, _ in rows)

    def at(factor: float, seconds: float) -> tuple[float, float]:
        x = left + (width - left - 90) * (factor - 1) / (widest - 1)
        return x, height - bottom - (height - bottom - 20) * seconds / most

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<path d="M{left} 20V{height - bottom}H{width - 80}" fill="none" stroke="#444"/>',
        f'<text x="{width / 2 - 40}" y="{height - 8}">times the reference</text>',
        '<text x="8" y="14">processor s, declare to plan</text>',
    ]
    for share in (0.0, 0.5, 1.0):
        parts.append(f'<text x="8" y="{at(1, share * most)[1] + 4:.0f}">{share * most:.1f}</text>')
    for factor in (1, 2, 3, 4):
        parts.append(f'<text x="{at(factor, 0)[0] - 3:.0f}" y="{height - bottom + 16}">{factor}</text>')
    for axis, color, mark in (("pools", "#0b6e99", ""), ("reasons", "#b8500b", "6 3"), ("intervals", "#3d7a2a", "2 3")):
        points = [at(factor, sum(found["seconds"])) for name, factor, found in rows if name == axis]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2" stroke-dasharray="{mark}"/>'
        )
        parts.append(f'<text x="{points[-1][0] + 6:.0f}" y="{points[-1][1] + 4:.0f}" fill="{color}">{axis}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps(measure(Size(**(given | {"pools": tuple(given["pools"])})))))
