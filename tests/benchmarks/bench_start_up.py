"""How long people wait before anything is computed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "arguments", "bar_s"),
    [
        ("help", ["--help"], 0.7),
        ("validate", ["validate", str(ROOT / "scenarios" / "minimal.yaml")], 1.5),
        ("schema", ["schema"], 1.5),
    ],
)
def test_start_up(name: str, arguments: list[str], bar_s: float) -> None:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "planner", *arguments], cwd=ROOT, check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    print(f"\n{name}: best of 5 {min(times):.2f} s (bar {bar_s} s)")
    assert min(times) <= bar_s
