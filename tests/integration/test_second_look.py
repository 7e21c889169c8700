"""A small center with a history, from contacts to report: chosen with one half, scored again, bridged to its survey."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from toy_history import write_toy_history  # noqa: E402

import planner  # noqa: E402
from planner.cli import main  # noqa: E402
from planner.frontier.frontier import Frontier  # noqa: E402

LITTLE = ("--set", "frontier.risk_draws=5", "--set", "frontier.max_plans=12", "--set", "frontier.share_step=null",
          "--set", "frontier.plans=10", "--set", "frontier.search_evaluations=0", "--set", "frontier.bound_steps=1",
          "--set", "frontier.bound_plans=0",
          "--set", "frontier.cost_points=3", "--seed", "4")  # fmt: skip

pytestmark = pytest.mark.slow


def run(folder: Path, workers: int) -> Path:
    scenario = write_toy_history(folder)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main(["--quiet", "run", str(scenario), "--out", str(folder / "r"), "--workers", str(workers), *LITTLE])
    assert code == 0
    return Path(out.getvalue().strip())


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return run(tmp_path_factory.mktemp("one"), 1)


@pytest.fixture(scope="module")
def found(path: Path) -> Frontier:
    return planner.load_run(path)


def test_two_workers_in_another_folder_give_the_same_bytes(path, tmp_path) -> None:
    other = run(tmp_path, 2)
    assert other.name == path.name
    for file in sorted((path / "tables").iterdir()):
        assert file.read_bytes() == (other / "tables" / file.name).read_bytes(), file.name
    assert (path / "result.json").read_bytes() == (other / "result.json").read_bytes()


def test_both_numbers_are_kept_for_every_plan_and_today(found) -> None:
    table = found.table
    assert table[["cx", "cx_rescored", "gain", "gain_rescored"]].notna().all(axis=None)
    np.testing.assert_allclose(table["gain"], table["cx"] - found.baseline["cx"], atol=1e-12)
    np.testing.assert_allclose(table["gain_rescored"], table["cx_rescored"] - found.baseline["cx_rescored"], atol=1e-12)
    assert (table["cx"] - table["cx_rescored"]).abs().between(1e-6, 0.3).all()


def test_optimism_is_the_mean_difference_over_plans(found) -> None:
    plans = found.table[found.table["origin"] != "today"]
    second = found.meta["rescored"]
    assert second["plans"] == len(plans)
    assert second["optimism"] == pytest.approx((plans["gain"] - plans["gain_rescored"]).mean(), abs=1e-12)
    assert second["lower"] < second["optimism"] < second["upper"]
    assert 0 < second["sd"] < 0.1
    assert any("one half of the customers" in note for note in found.meta["notes"])


def test_the_bridge_leads_from_the_file_to_the_axis(found, path) -> None:
    contacts = pd.read_csv(path.parents[1] / "contacts.csv")
    bridge = found.tables["bridge"]
    assert bridge["value"].iloc[0] == pytest.approx(contacts["csat"].mean(), abs=1e-9)
    assert bridge["change"].sum() == pytest.approx(found.baseline["cx"], abs=1e-9)
    assert bridge.set_index("step")["change"]["Other modeling"] == pytest.approx(0, abs=1e-8)
    words = found.explain("today")
    assert "Survey mean" in words
    assert f"{found.baseline['cx']:.3f}  CX of Today" in words


def test_report_and_workbook_show_both(found, path, tmp_path) -> None:
    page = tmp_path / "report.html"
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["--quiet", "report", str(path), "-o", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert 'id="bridge"' in text
    assert "Scored again by other customers" in text
    assert f"{found.baseline['cx']:.3f}" in text
