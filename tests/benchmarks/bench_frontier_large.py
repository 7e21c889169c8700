"""The planning frontier at full scale: 200 types, 30 pools, 672 quarter hours; writes frontier_large_*.md.

The product's own search under a time limit of four minutes of two workers. The workers' clock is processor time (see
`processor_clock`). Every plan is whole people on shifts, judged by the one evaluator; the bound is on true types.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from frontier_runs import problem_like  # noqa: E402
from generated_center import LARGE, Size, generate  # noqa: E402
from processor_clock import ClockedWork, peak_gb  # noqa: E402

from planner.frontier.certificate import certify  # noqa: E402
from planner.frontier.records import Record, axes, unpack  # noqa: E402
from planner.frontier.search import Found, find_plans  # noqa: E402
from solvers.flow.decode import even_split  # noqa: E402
from solvers.flow.solution import Instance  # noqa: E402

REPORT = Path(__file__)
WORKERS, FIRST_S, ALL_S, PLANS, MEMORY_GB = 2, 30.0, 240.0, 40, 1.5
SETTINGS = {
    "headroom_levels": (0.0, 0.1, 0.2, 0.3),
    "cost_points": 6,
    "plans": 40,
    "bound_steps": 1,
    "bound_prices": 6,
    "bound_boxes": 1,
    "search_evaluations": 0,
}
SMALL = SETTINGS | {"headroom_levels": (0.0,), "cost_points": 2, "plans": 2, "bound_prices": 2}


def _search(size: Size, settings: dict, limit_s: float) -> tuple[Instance, Found, ClockedWork]:
    instance = generate(size)
    work = ClockedWork(0, workers=WORKERS, limit_s=limit_s)
    return instance, find_plans(problem_like(instance, **settings), even_split(instance.network), work), work


@pytest.mark.parametrize("rigid", [False, True], ids=["flexible", "rigid"])
def test_large(rigid: bool) -> None:
    size = replace(LARGE, rigid=rigid)
    tiny = replace(size, reasons=2, segments=1, pools=(2, 1, 1, 0, 1, 1), contacts=40_000.0)
    _search(tiny, SMALL, np.inf)  # compiled code is loaded, which is not part of any time
    load = os.getloadavg()[0]
    text = _report(size, *_search(size, SETTINGS, ALL_S), load)
    print("\n" + text, flush=True)
    REPORT.with_name(f"frontier_large_{'rigid' if rigid else 'flexible'}.md").write_text(text, encoding="utf-8")


def _plans(work: ClockedWork) -> list[tuple[float, Record]]:
    """Plans in the order of the clock: when the job that found each ended."""
    jobs = sorted((when, key) for key, when in work.ended.items() if key.split("/")[0] not in ("bound", "screen"))
    return [(when, record) for when, key in jobs for record in unpack(work.answers[key])[0]]


def _report(size: Size, instance: Instance, found: Found, work: ClockedWork, load: float) -> str:
    plans = _plans(work)
    feasible = [when for when, record in plans if record.feasible]
    in_time = [when for when, _ in plans if when <= ALL_S]
    points, surface = axes(found.records), found.surface
    assert surface is not None
    certificate, gaps = certify(surface, points), points[:, 1] / surface.cost_bound(points[:, 0], points[:, 2]) - 1.0
    assert np.nanmin(gaps) >= -1e-6
    enough = f"{plans[PLANS - 1][0]:.0f}" if len(plans) >= PLANS else "–"
    fortieth = f"{enough} s, {len(in_time)} by {ALL_S:.0f} s"
    rows = [
        ("first valid plan", f"{feasible[0]:.1f} s", f"<= {FIRST_S:.0f} s"),
        (f"{PLANS}th evaluated plan", fortieth, f"<= {ALL_S:.0f} s"),
        ("plans evaluated / feasible / on the front", f"{len(plans)} / {len(feasible)} / {len(points)}", f">= {PLANS}"),
        ("end", f"{work.clock_s:.0f} s", f"<= {ALL_S:.0f} s"),
        ("peak memory of a process that did every job", f"{peak_gb():.2f} GB", ""),
        (f"the same for {WORKERS} workers", f"{WORKERS * peak_gb():.2f} GB", f"<= {MEMORY_GB} GB"),
        ("cost gap, median / 90th percentile", f"{np.nanmedian(gaps):.2%} / {np.nanquantile(gaps, 0.9):.2%}", "<= 2 %"),
        ("certificate: model", f"{certificate['model']:.3f}", ""),
        ("certificate: resolution", f"{certificate['resolution']:.3f}", ""),
    ]
    return "\n".join([*_heading(size, instance, load), *_table("what | value | bar", rows), "", *_stages(work)]) + "\n"


def _heading(size: Size, instance: Instance, load: float) -> list[str]:
    network = instance.network
    catalogue = next(c for c in instance.catalogues if c is not None)
    levels, points, aimed = len(SETTINGS["headroom_levels"]), SETTINGS["cost_points"], SETTINGS["plans"]
    return [
        f"# The frontier at full scale, {'rigid' if size.rigid else 'flexible'} shifts",
        "",
        f"{size.reasons} reasons x {size.segments} segments x 6 channels x {len(network.pools.queue)} pools x",
        f"{network.profile.shape[1]} quarter hours; {len(network.flows.node):,} flows, {size.contacts:,.0f} contacts a",
        f"week, {len(catalogue.paid_h)} shifts a day and pool, demand of each quarter hour and type rough by",
        f"{size.rough:g} (in logs), rosters, four promises. {levels} levels of headroom x {points} costs, then",
        f"{aimed} points of the surface to aim plans at, once its bound is taken at {SETTINGS['bound_prices']} prices",
        "and two more. Every plan is whole people on shifts; the bound is on true types. No job starts that would",
        f"probably end after {ALL_S:.0f} s. Seconds are processor seconds of {WORKERS} workers, dealt as they come",
        f"free; other work ran beside them (load {load:.1f} at the start, 2 cores), which makes each one longer.",
        "",
    ]


def _stages(work: ClockedWork) -> list[str]:
    rows = [
        (one.name, f"{one.began_s:.0f}–{one.ended_s:.0f} s", str(len(one.jobs_s)), f"{sum(one.jobs_s):.0f} s")
        for one in work.stages
        if one.jobs_s
    ]
    return _table("stage | clock | jobs run | processor seconds", rows)


def _table(heading: str, rows: list[tuple[str, ...]]) -> list[str]:
    width = heading.count("|") + 1
    return [f"| {heading} |", "|---" * width + "|", *(f"| {' | '.join(row)} |" for row in rows)]
