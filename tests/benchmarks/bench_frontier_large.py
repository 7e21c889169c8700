"""The planning frontier at full scale: 200 types, 30 pools, 672 quarter hours; writes frontier_large_*.md.

Every plan is whole people on whole shifts, judged by the one evaluator; the bound is the master on true types, one held
program a headroom level, so the certificate covers every plan. Two worker processes, one thread each.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from generated_center import LARGE, Size, generate  # noqa: E402

from planner.frontier.bounds import surface_of  # noqa: E402
from planner.frontier.certificate import OuterSurface, certify  # noqa: E402
from planner.frontier.choose import keep_best  # noqa: E402
from planner.frontier.jobs import sweep_job  # noqa: E402
from planner.frontier.objectives import Objectives  # noqa: E402
from planner.frontier.records import Record, axes, unpack  # noqa: E402
from solvers.executor import local_executor  # noqa: E402
from solvers.flow.decode import even_split  # noqa: E402
from solvers.flow.solution import Instance  # noqa: E402
from solvers.flow.staff import day_covers  # noqa: E402
from solvers.flow.sweep import FLAT, Crew, SweepSettings, master_of  # noqa: E402

REPORT = Path(__file__)
LEVELS, POINTS, WORKERS = (0.0, 0.1, 0.2, 0.3), 11, 2
FIRST_S, ALL_S, PLANS, MEMORY_GB, MEDIAN_GAP = 30.0, 240.0, 40, 1.5, 0.02


@dataclass(frozen=True)
class Level:
    """One headroom level as bytes, processor seconds it took, and the peak memory of its process, GB."""

    data: bytes
    cpu_s: float
    peak_gb: float


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _level(job: tuple[Size, float]) -> Level:
    size, headroom = job
    instance = generate(size)
    began = time.process_time()
    data = sweep_job(instance, headroom, _settings(instance), Objectives())
    return Level(data, time.process_time() - began, _peak_gb())


def _settings(instance: Instance) -> SweepSettings:
    return SweepSettings(POINTS, None, 2, even_split(instance.network))


def _first_plan(size: Size) -> tuple[float, float]:
    """Processor seconds to the first plan of the master, declaration included, and its cost over the point's."""
    instance = generate(size)
    began = time.process_time()
    level = master_of(instance).level(0.1)
    staffed, payroll = instance.network.pools.staffed, instance.payroll
    hours = payroll.contract_h[staffed] * payroll.heads[staffed]
    price = 1e-3 / float(hours @ instance.network.pools.wage_per_h[staffed])
    point = level.point(np.inf, 30.0 * price)
    assert point is not None
    crew = Crew(instance, _settings(instance), level)
    plan = crew.plans(0.1, point.cost, FLAT * price, point)[-1]
    assert plan.feasible
    return time.process_time() - began, plan.cost / point.cost - 1.0


def _compiled() -> None:
    """Load compiled code, which is not part of any time."""
    small = replace(LARGE, reasons=2, segments=1, pools=(2, 1, 1, 0, 1, 1), contacts=4_000.0)
    instance = generate(small)
    sweep_job(instance, 0.1, SweepSettings(2, None, 2, even_split(instance.network)), Objectives())
    day_covers(instance)


@pytest.mark.parametrize("rigid", [False, True], ids=["flexible", "rigid"])
def test_large(rigid: bool) -> None:
    size = replace(LARGE, rigid=rigid)
    _compiled()
    first_s, _ = _first_plan(size)
    print(f"first plan {first_s:.1f} processor s", flush=True)
    load, began = os.getloadavg()[0], time.monotonic()
    done: list[Level] = []
    for level in in_order(_level, [(size, h) for h in LEVELS], local_executor(WORKERS)):
        done.append(level)
        text = _report(size, done, (first_s, time.monotonic() - began, load))
        print("\n" + text, flush=True)
        REPORT.with_name(f"frontier_large_{'rigid' if rigid else 'flexible'}.md").write_text(text, encoding="utf-8")


def in_order(function: Callable, items: Sequence, executor: Executor) -> Iterator:
    """Answers in the order of the items, each as soon as it and those before it are there."""
    for answer in [executor.submit(function, item) for item in items]:
        yield answer.result()


def _gaps(records: list[Record], surface: OuterSurface) -> np.ndarray:
    points = axes(records)
    bound = surface.cost_bound(points[:, 0], points[:, 2])
    return (points[:, 1] - bound) / bound


def _report(size: Size, levels: list[Level], times: tuple[float, float, float]) -> str:
    """The table of the levels done so far."""
    instance = generate(size)
    network, parts = instance.network, [unpack(level.data) for level in levels]
    records = [r for found, _, _ in parts for r in found]
    surface = surface_of([], [(h, least, planes) for h, (_, planes, least) in zip(LEVELS, parts, strict=False)])
    assert surface is not None
    feasible = [r for r in records if r.feasible]
    front = keep_best(records, len(records))
    certificate, gaps = certify(surface, axes(front)), _gaps(front, surface)
    assert (_gaps(feasible, surface) >= -1e-6).all()
    cpu_s, peak_gb = sum(level.cpu_s for level in levels), max(level.peak_gb for level in levels)
    first_s, wall_s, load = times
    catalogue = next(c for c in instance.catalogues if c is not None)
    rows = [
        ("first plan, declaration included, processor seconds", f"{first_s:.1f}", f"<= {FIRST_S:.0f}"),
        (
            "plans evaluated / feasible / on the front",
            f"{len(records)} / {len(feasible)} / {len(front)}",
            f">= {PLANS}",
        ),
        ("processor seconds of all levels, two cores' worth of it", f"{cpu_s:.0f} / {cpu_s / WORKERS:.0f}", "<= 240"),
        ("wall seconds as run", f"{wall_s:.0f}", ""),
        ("peak memory, largest worker / all workers", f"{peak_gb:.2f} / {WORKERS * peak_gb:.2f} GB", f"<= {MEMORY_GB}"),
        ("cost gap, median / 90th percentile", f"{np.median(gaps):.2%} / {np.quantile(gaps, 0.9):.2%}", "<= 2 %"),
        ("certificate: model", f"{certificate['model']:.3f}", ""),
        ("certificate: resolution", f"{certificate['resolution']:.3f}", ""),
    ]
    lines = [
        f"# The frontier at full scale, {'rigid' if size.rigid else 'flexible'} shifts",
        "",
        f"{size.reasons} reasons x {size.segments} segments x 6 channels x {len(network.pools.queue)} pools x",
        f"{network.profile.shape[1]} quarter hours; {len(network.flows.node):,} flows, {size.contacts:,.0f} contacts a",
        f"week, {len(catalogue.paid_h)} shifts a day and pool, demand of each quarter hour and type rough by",
        f"{size.rough:g} (in logs), rosters, four promises. {len(LEVELS)} levels of headroom x {POINTS} costs; every",
        "plan is whole people on shifts; the bound is on true types. Two worker processes on a machine of two cores",
        f"whose load average was {load:.1f} at the start: where other work ran beside it, processor seconds count.",
        "",
        "| what | value | bar |",
        "|---|---|---|",
        *(f"| {what} | {value} | {bar} |" for what, value, bar in rows),
    ]
    return "\n".join(lines) + "\n"
