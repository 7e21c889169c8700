"""Complete fronts of public instances, beside PyAUGMECON 2 in exact mode; writes exact_fronts.md.

Processor seconds of one worker each, compilation and imports left out; ours is the best of three turns. The knapsacks
are those that PyAUGMECON ships; its published fronts are the truth. It needs Python 3.12: run this with such a
Python after `pip install 'pyaugmecon[highs,cbc]>=2'`, or name one in AUGMECON_PYTHON.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "unit" / "solvers")]

from front_truth import assignment_rows  # noqa: E402

from solvers.pareto import Front, Milp, enumerate_front, nondominated  # noqa: E402

REPORT = Path(__file__).with_name("exact_fronts.md")
PEER = Path(__file__).with_name("augmecon_peer.py")
PYTHON = os.environ.get("AUGMECON_PYTHON") or (sys.executable if importlib.util.find_spec("pyaugmecon") else None)
COMPLETE = {"2kp50": 35, "2kp100": 121, "2kp250": 568, "3kp40": 389, "3kp50": 1048, "4kp50": 46}
"""Instances whose complete front is published, and its size."""
RACES = ("2kp50", "3kp40")
BAR = 1.5


def peer(*arguments: str) -> dict:
    """Ask the interpreter that has PyAUGMECON; its own scripts folder first, where it looks for CBC."""
    assert PYTHON is not None
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["PATH"] = os.pathsep.join([str(Path(PYTHON).parent), os.environ["PATH"]])
    command = [PYTHON, str(PEER), *arguments]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout.splitlines()[-1])


def timed(milp: Milp, turns: int, **options) -> tuple[Front, float]:
    """The front, and the least processor time of several turns."""
    seconds = []
    for _ in range(turns):
        began = time.process_time()
        front = enumerate_front(milp, **options)
        seconds.append(time.process_time() - began)
    return front, min(seconds)


def knapsack(name: str) -> tuple[Milp, list[list[float]]]:
    given = peer("instance", name)
    milp = Milp(given["values"], ["max"] * len(given["values"]), given["weights"], -np.inf, given["room"], 0, 1, 1)
    return milp, np.unique(np.array(given["front"]), axis=0).tolist()


def row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def table(*head: str) -> list[str]:
    return [row(*head), "|" + "---|" * len(head)]


def completeness() -> list[str]:
    """Every published point is found, and no other."""
    lines = table("instance", "points", "of the published", "boxes searched", "s")
    for name, size in COMPLETE.items():
        milp, published = knapsack(name)
        front, seconds = timed(milp, 1)
        assert len(published) == size, name
        assert front.complete, name
        assert front.points.tolist() == published, name
        lines.append(row(name, len(front.points), len(published), front.searches, f"{seconds:.2f}"))
    return lines


def assignments() -> list[str]:
    """Generated assignments (costs 1 to 20, as is usual): our tree beside the engines, which must agree."""
    lines = [
        "| assignment | points | tree: boxes, s | HiGHS: programs, s | CBC: programs, s |",
        "|---|---|---|---|---|",
    ]
    for objectives, size, engines in ((2, 10, ("highs", "cbc")), (3, 5, ("highs", "cbc")), (3, 10, ()), (3, 15, ())):
        price = np.random.default_rng([objectives, size]).integers(1, 21, (objectives, size * size))
        milp = Milp(price, ["min"] * objectives, assignment_rows(size), 1, 1, 0, 1, 1)
        front, seconds = timed(milp, 1)
        assert front.complete
        cells = [f"{front.searches}, {seconds:.2f}"]
        for engine in engines:
            other, spent = timed(milp, 1, engine=engine)
            assert other.points.tolist() == front.points.tolist(), (objectives, size, engine)
            cells.append(f"{other.searches}, {spent:.2f}")
        cells += ["not run"] * (3 - len(cells))
        lines.append(row(f"{objectives} objectives, {size} × {size}", len(front.points), *cells))
    return lines


def costs(seconds: float, ours: float) -> tuple[str, str]:
    return f"{seconds:.2f}", f"{seconds / ours:.1f}"


def races() -> tuple[list[str], dict[str, float]]:
    """Two objectives against every solver it can use here; three against the two that were fastest on two."""
    lines = table("instance", "who", "points of the front", "programs", "s", "times ours")
    least: dict[str, float] = {}
    names = list(peer("solvers"))
    for name in RACES:
        milp, published = knapsack(name)
        front, ours = timed(milp, 3)
        assert front.points.tolist() == published
        lines.append(row(name, "ours", len(front.points), f"{front.searches} boxes", f"{ours:.2f}", 1))
        if name == RACES[0]:
            for engine in ("highs", "cbc"):
                other, spent = timed(milp, 1, engine=engine)
                assert other.points.tolist() == published
                lines.append(row(name, f"ours, {engine} alone", len(other.points), other.searches, *costs(spent, ours)))
        spent_by = {}
        for solver in names:
            other = peer("solve", name, solver)
            found = {tuple(p) for p in other["points"]} & {tuple(p) for p in published}
            spent_by[solver] = other["seconds"]
            cells = (len(found), other["programs"], *costs(other["seconds"], ours))
            lines.append(row(name, f"PyAUGMECON 2, {solver}", *cells))
        least[name] = min(spent_by.values()) / ours
        names = sorted(spent_by, key=spent_by.__getitem__)[:2]
    return lines, least


def test_exact_fronts() -> None:
    if PYTHON is None:
        pytest.skip("needs pyaugmecon 2 on Python 3.12 or newer: name that python in AUGMECON_PYTHON")
    rng = np.random.default_rng(0)
    enumerate_front(Milp(rng.integers(1, 9, (2, 5)), ["max", "max"], np.ones((1, 5)), 0, 2, 0, 1, 1))  # compiled
    nondominated([[0.0, 1.0]], ["min", "min"])
    bar = f"Bar: {BAR} times faster than its fastest solver here."
    report = ["# Exact fronts", "", *(__doc__ or "").split("\n\n")[1].splitlines(), "", bar]
    race, least = races()
    for title, lines in (("Races", lambda: race), ("No point lost", completeness), ("Assignments", assignments)):
        report += ["", f"## {title}", "", *lines()]
        REPORT.write_text("\n".join(report) + "\n", encoding="utf-8")
    print("\n" + "\n".join(report))
    slow = {name: ratio for name, ratio in least.items() if ratio < BAR}
    assert not slow, f"below the bar: {slow}"
