"""The workbook template documents itself, validates as it stands, and faults are named by their cell."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import planner
from planner.cli import main
from planner.errors import ScenarioError
from planner.proposal import propose_from_workbook, write_template
from planner.proposal.sheets import SHEETS


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """The template."""
    path = tmp_path / "center.xlsx"
    write_template(path)
    return path


def test_the_template_becomes_a_scenario(book: Path, tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "c"), "--from-xlsx", str(book)]) == 0
    assert main(["validate", str(tmp_path / "c" / "scenario.yaml")]) == 0
    scenario = planner.load_scenario(tmp_path / "c" / "scenario.yaml")
    assert scenario.pools["phone"].wage_per_h == 40
    assert scenario.steers["offer_chat"].acceptance.bounds == (0.3, 0.7)
    patience = scenario.channels["chat"].patience_s
    assert patience is not None
    assert patience.value == 240
    staffing = pd.read_csv(tmp_path / "c" / "data" / "today_staffing.csv")
    # 32 calls of 300 s in 30 minutes, at 80 % occupancy.
    assert staffing.loc[staffing["pool"] == "phone", "scheduled"].tolist() == [round(32 * 300 / 1800 / 0.8, 1)] * 4


def test_every_column_is_documented_on_the_first_sheet(book: Path) -> None:
    opened = openpyxl.load_workbook(book)
    told = [str(row[0]) for row in opened["read me"].iter_rows(values_only=True)]
    for name, columns in SHEETS.items():
        assert [cell.value for cell in opened[name][1]] == list(columns)
        assert all(any(line.startswith(f"{name}.{column}: ") for line in told) for column in columns)


def test_all_faults_are_named_at_once_by_sheet_and_cell(book: Path) -> None:
    opened = openpyxl.load_workbook(book)
    opened["forecast"]["B3"] = None
    opened["roster"]["A1"] = "team"
    del opened["costs"]
    opened.save(book)
    with pytest.raises(ScenarioError) as caught:
        propose_from_workbook(book)
    text = str(caught.value)
    for words in (
        "forecast!reason3: is empty",
        "unknown column 'team'",
        "column 'pool' is missing",
        "no sheet 'costs'",
    ):
        assert words in text


def test_a_text_where_a_number_belongs_and_a_file_that_is_no_workbook(book: Path, tmp_path: Path) -> None:
    opened = openpyxl.load_workbook(book)
    opened["forecast"]["D2"] = "many"
    opened.save(book)
    with pytest.raises(ScenarioError, match="'many' is not a number"):
        propose_from_workbook(book)
    other = tmp_path / "x.xlsx"
    other.write_text("not a workbook", encoding="utf-8")
    with pytest.raises(ScenarioError, match="is no Excel workbook"):
        propose_from_workbook(other)


def test_init_writes_the_template_once(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "s"), "--xlsx"]) == 0
    assert main(["init", str(tmp_path / "s"), "--xlsx"]) == 2
    assert main(["init", str(tmp_path / "s"), "--xlsx", "--from-xlsx", "a.xlsx"]) == 2


def test_a_workbook_runs_by_itself_and_again(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", "center.xlsx", "--dry-run"]) == 0
    made = [path for path in tmp_path.iterdir() if path.name.startswith("center-")]
    assert len(made) == 1
    assert (made[0] / "scenario.yaml").is_file()
    assert main(["run", "center.xlsx", "--dry-run"]) == 0
    assert main(["run", "none.xlsx", "--dry-run"]) == 2
    opened = openpyxl.load_workbook(book)
    opened["costs"]["B2"] = 41
    opened.save(book)
    assert main(["run", "center.xlsx", "--dry-run"]) == 0
    assert len([path for path in tmp_path.iterdir() if path.name.startswith("center-")]) == 2
