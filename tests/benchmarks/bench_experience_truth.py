"""How near the truth the experience estimates come, beside what a user would try first; writes experience_truth.md.

PLANNER_BENCH_WORLDS="30,10" sets the numbers of worlds with 1e5 and with 1e6 contacts. Finished worlds are kept in
pytest's cache and are not drawn again unless the estimators, the generators or this benchmark change, so that a run
which was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests" / "property")]

from experience_families import FAMILIES  # noqa: E402
from experience_scoring import OURS, ROWS, Record, world_records  # noqa: E402

REPORT = Path(__file__).with_name("experience_truth.md")
FIRST_SEED = 1_000
"""Seeds of no other test: nothing was chosen by looking at these worlds."""
DEFAULT_WORLDS = "30,10"
ORDER = ("naive mean", "inverse weighting", "regression standardization", ROWS, OURS)
SOURCES = ("planner/experience", "planner/history", "tests/benchmarks", "tests/property")


def _digest() -> str:
    """Fingerprint of everything the figures depend on."""
    files = sorted(path for folder in SOURCES for path in (ROOT / folder).rglob("*.py"))
    whole = hashlib.sha256()
    for path in files:
        whole.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()[:12]


def _plan() -> list[tuple[int, int, str]]:
    """Contacts, seed and family of every world; the families take turns."""
    small, large = (int(part) for part in os.environ.get("PLANNER_BENCH_WORLDS", DEFAULT_WORLDS).split(","))
    worlds = [(100_000, k) for k in range(small)] + [(1_000_000, k) for k in range(large)]
    return [(contacts, FIRST_SEED + k, FAMILIES[k % len(FAMILIES)]) for contacts, k in worlds]


def test_experience_truth(pytestconfig: pytest.Config) -> None:
    digest, records = _digest(), []
    for contacts, seed, family in _plan():
        key = f"experience_truth/{digest}-{contacts}-{seed}"
        found: list[Record] | None = pytestconfig.cache.get(key, None)
        if found is None:
            found = world_records(seed, family, contacts)
            pytestconfig.cache.set(key, found)
            print(f"\n{contacts:,} contacts, {family} world {seed} done", end="")
        records += found
    text = report(pd.DataFrame(records))
    REPORT.write_text(text, encoding="utf-8")
    print("\n" + text)


def report(frame: pd.DataFrame) -> str:
    """Write all tables as Markdown."""
    lines = [
        "# Experience estimates against the truth",
        "",
        "Random centers with known potential outcomes (`tests/property/experience_worlds.py`, families in turn), from",
        "Parquet through `planner.load_history` and `planner.estimate`; written by `make bench`. Ratio: mean over",
        "worlds of RMSE / RMSE of the naive mean. Coverage: share of 90 % intervals that hold the truth, mean over",
        "worlds and, beside it, the lowest of any world. z²: mean of (error / sd)². Seconds: processor time per world",
        "and outcome; for `planner.estimate` of everything it returns, journeys, moves and wait curves included, for",
        "the others of the one table. All methods are scored on the cells for which every one has an answer.",
    ]
    for (contacts, outcome), part in frame.groupby(["contacts", "outcome"], sort=True):
        worlds = part[["seed", "family"]].drop_duplicates().shape[0]
        lines += ["", f"## {outcome.upper()}, {contacts:,} contacts, {worlds} worlds"]
        for level in ("reason x channel", "reason x channel x segment"):
            lines += ["", f"{level}:", "", *_method_table(part[part["level"] == level])]
        lines += _move_lines(part[part["level"] == "moves"]) + _wait_lines(part[part["level"] == "wait curve"])
    return "\n".join(lines) + "\n"


def _method_table(part: pd.DataFrame) -> list[str]:
    lines = ["| method | RMSE | ratio | bias | coverage | lowest | z² | width | seconds |", "|---|" + "---|" * 8]
    for method in ORDER:
        own = part[part["method"] == method]
        if own.empty:
            continue
        if own["rmse"].isna().all():
            lines.append(f"| {method} | failed: {own['failure'].iloc[0]} |" + " |" * 7)
            continue
        mean = own[["rmse", "ratio", "bias", "coverage", "z2", "width", "seconds"]].mean()
        lines.append(
            f"| {method} | {mean['rmse']:.4f} | {mean['ratio']:.2f} | {mean['bias']:+.4f} | {mean['coverage']:.3f} "
            f"| {own['coverage'].min():.2f} | {mean['z2']:.2f} | {mean['width']:.3f} | {mean['seconds']:.1f} |"
        )
    return lines


def _move_lines(part: pd.DataFrame) -> list[str]:
    if part.empty:
        return []
    better = float(np.mean(part["rmse"] < part["wrong"]))
    return [
        "",
        f"Effects of moves (100 users or more): RMSE {part['rmse'].mean():.4f}, coverage {part['coverage'].mean():.3f} "
        f"(lowest {part['coverage'].min():.2f}), z² {part['z2'].mean():.2f}. RMSE of the difference of all customers' "
        f"means: {part['wrong'].mean():.4f}; the contrast is better in {better:.0%} of the worlds.",
    ]


def _wait_lines(part: pd.DataFrame) -> list[str]:
    if part.empty:
        return []
    return [
        "",
        f"Wait curve (loss of bands 2 to 6 against the first, {len(part)} worlds): RMSE {part['rmse'].mean():.4f} of "
        f"losses of {part['wrong'].mean():.2f} (root mean square), coverage {part['coverage'].mean():.3f} (lowest "
        f"{part['coverage'].min():.2f}), bias {part['bias'].mean():+.4f}.",
    ]
