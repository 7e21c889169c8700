"""The whole study of truth recovery: random histories of two families, reason x channel means against the bars.

`PLANNER_STUDY` names the sizes to run (all: `100000,1000000`); each writes `tests/benchmarks/experience_study_SIZE.md`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))

from experience_families import FAMILIES
from experience_truth import coverage, history_of_world, ratio, recover, rmse
from experience_worlds import make_world

SIZES = tuple(int(size) for size in os.environ.get("PLANNER_STUDY", "100000,1000000").split(","))


@pytest.mark.parametrize(
    ("contacts", "seeds", "bars", "cover"),
    [(100_000, range(101, 116), (0.60, 0.55, 0.11), (0.87, 0.95)),
     (1_000_000, range(201, 206), (0.40, 0.33, 0.05), (0.86, 0.96))],
)  # fmt: skip
def test_the_study(
    contacts: int, seeds: range, bars: tuple[float, float, float], cover: tuple[float, float], tmp_path: Path
) -> None:
    if contacts not in SIZES:
        pytest.skip(f"{contacts:,} contacts are not asked for: PLANNER_STUDY")
    rows = []
    for seed in seeds:
        for family in FAMILIES:
            world = make_world(seed, family, contacts)
            history = history_of_world(world, tmp_path)
            row: dict[str, float | str] = {"seed": seed}
            for outcome in ("csat", "fcr"):
                found = recover(world, history, outcome)
                z = (found.reasons["mean"] - found.reasons["truth"]) / found.reasons["sd"]
                row |= {f"{outcome}_ratio": ratio(found.reasons), f"{outcome}_covered": coverage(found.reasons),
                        f"{outcome}_z2": float((z**2).mean()), f"{outcome}_segments": coverage(found.segments),
                        f"{outcome}_moves": coverage(found.moves, "effect")}  # fmt: skip
                own, wrong = (rmse(found.moves[name] - found.moves["truth"]) for name in ("effect", "wrong"))
                row[f"{outcome}_better"] = float(own < wrong)
                if outcome == "csat":
                    row |= {"waits": rmse(found.waits["loss"] - found.waits["truth"]),
                            "waits_covered": coverage(found.waits, "loss")}  # fmt: skip
            rows.append(row | {"family": family})
            write_table(pd.DataFrame(rows), contacts)
    study = pd.DataFrame(rows)
    mean = study.mean(numeric_only=True)
    write_table(study, contacts)
    assert mean["csat_ratio"] <= bars[0]
    assert mean["fcr_ratio"] <= bars[1]
    assert mean["waits"] <= bars[2]
    assert mean["waits_covered"] >= 0.85
    for outcome in ("csat", "fcr"):
        assert cover[0] <= mean[f"{outcome}_covered"] <= cover[1]
        assert study[f"{outcome}_covered"].min() >= 0.60
        assert mean[f"{outcome}_segments"] >= 0.86
        assert mean[f"{outcome}_moves"] >= 0.85
        assert mean[f"{outcome}_better"] >= 0.8
        assert 0.8 <= mean[f"{outcome}_z2"] <= 1.25


def write_table(study: pd.DataFrame, contacts: int) -> None:
    """Write every world and the mean, after each world, so that a stopped study keeps what it has."""
    labels = ["family", "seed"]
    numbers = [name for name in study.columns if name not in labels]
    lines = [
        f"# Truth recovery at {contacts:,} contacts, {len(study)} worlds",
        "",
        "Nominal 90 % intervals; `ratio`: RMSE over that of the naive cell mean; `better`: moves nearer to the truth",
        "than the difference of reason-wide means; `waits`: RMSE of the wait loss, points.",
        "",
        "| " + " | ".join([*labels, *numbers]) + " |",
        "|" + "---|" * (len(labels) + len(numbers)),
    ]
    for row in study.to_dict("records"):
        lines.append(
            "| " + " | ".join([str(row["family"]), str(row["seed"]), *(f"{row[n]:.3f}" for n in numbers)]) + " |"
        )
    mean = study[numbers].mean()
    lines.append("| mean | | " + " | ".join(f"{mean[n]:.3f}" for n in numbers) + " |")
    path = Path(__file__).parent / f"experience_study_{contacts}.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
