"""Every command that has data to give gives it as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import shlex
from pathlib import Path

import pytest
from page_runner import LITTLE, ROOT, quick_library
from typer.main import get_command
from world import RUN, settle

from planner.cli import main
from planner.cli.app import app

GROUP = get_command(app)
FLAGS = ("--json", "--csv")
NO_DATA = {
    "init": "writes a folder and prints the path of the scenario",
    "export": "writes files, in CSV or JSON by --format, and prints their paths",
    "report": "writes a page and prints its path",
    "schema": "prints a JSON Schema, which no table holds",
    "serve": "prints its address",
}
ASKED = {
    "demo": "--scenario minimal --workers 1",
    "import": "aggregate intervals.csv --out asked{flag}",
    "validate": "center/scenario.yaml",
    "diff": "center/scenario.yaml next/scenario.yaml",
    "run": "center/scenario.yaml",  # complete already
    "brief": "RUN",
    "frontier": "RUN",
    "show": "RUN p001",
    "explain": "RUN best_cx",
    "compare": "RUN p001 p002",
    "gap": "RUN --plan p001 --attrition 0.3",
    "what-if": "RUN --plan p001 --volume +5%",
    "adopt": "RUN --plan today --by me --why so",
    "doctor": "",
}
ELSEWHERE = {
    "estimate": "tests/integration/test_cli_estimate.py",
    "backtest": "tests/integration/test_cli_backtest.py",
    "simulate": "tests/unit/planner/simulation/test_plan_simulation.py",
}
"""Slow ones, whose JSON and CSV are read by a test of their own."""


def _options(name: str) -> set[str]:
    return {option for parameter in GROUP.commands[name].params for option in parameter.opts}  # type: ignore[attr-defined]


def test_every_command_has_both_or_a_reason() -> None:
    assert {*ASKED, *ELSEWHERE, *NO_DATA} == set(GROUP.commands)  # type: ignore[attr-defined]
    assert [name for name in (*ASKED, *ELSEWHERE) if not set(FLAGS) <= _options(name)] == []
    assert [name for name in NO_DATA if set(FLAGS) & _options(name)] == []
    for name, file in ELSEWHERE.items():
        text = (ROOT / file).read_text(encoding="utf-8")
        assert all(f'"{word}"' in text for word in (name, *FLAGS)), file


@pytest.mark.slow
def test_every_command_gives_json_and_csv(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(world, tmp_path, made="")
    monkeypatch.chdir(tmp_path)
    for name, asked in ASKED.items():
        for flag in FLAGS:
            words = shlex.split(asked.replace("RUN", RUN).replace("{flag}", flag))
            more = LITTLE if name == "run" else ()
            with quick_library(tmp_path / "library"):
                code = main([name, *words, flag, *more])
            given = capsys.readouterr()
            assert code == 0, f"{name} {flag}: {given.err}"
            if flag == "--json":
                json.loads(given.out, parse_constant=lambda word: pytest.fail(f"{word} is no strict JSON"))
            else:
                rows = list(csv.reader(io.StringIO(given.out)))
                assert len(rows) > 1 or name == "validate", name
                assert {len(row) for row in rows} == {len(rows[0])}, name
