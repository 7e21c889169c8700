"""Requirements in the layouts of workforce-management suites, read back and compared with the plan."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
from pathlib import Path

import pandas as pd
import pytest

from planner.cli import main
from planner.errors import PlanError
from planner.frontier.frontier import Frontier
from planner.runs import save_frontier
from planner.staffing_exports import WFM_FORMATS, export_requirements, requirements_of

_FLOW = {"reason": "fees", "segment": "all", "from_channel": "voice", "channel": "voice", "pool": "=team"}


@pytest.fixture
def frontier(toy_frontier: Frontier) -> Frontier:
    """A plan with one pool (whose name a spreadsheet would execute), two intervals on each of two days, two flows."""
    at = [f"2026-01-0{day}T{clock}" for day in (5, 6) for clock in ("09:00", "09:30")]
    plan = {"plan": "p001", "pool": "=team", "interval": at}
    staffing = pd.DataFrame(plan | {"on_task": 6.0, "scheduled": 8.0, "required": [4.25, 5.5, 4.0, 5.0]})
    service = pd.DataFrame(plan | {"offered": [10.0, 20.0, 12.5, 17.5], "asa_s": 1.0})
    flows = pd.DataFrame(
        [
            {"plan": "p001", **_FLOW, "stage": "first", "contacts": 50.0, "abandoned": 10.0},
            {"plan": "p001", **_FLOW, "stage": "returned", "contacts": 10.0, "abandoned": 0.0},
        ]
    )
    center = pd.DataFrame([{**_FLOW, "stage": "first", "aht_s": 300.0}, {**_FLOW, "stage": "returned", "aht_s": 400.0}])
    own = {"staffing": staffing, "service": service, "flows": flows, "center_flows": center}
    return dataclasses.replace(toy_frontier, tables={**toy_frontier.tables, **own})


def test_requirements_are_those_of_the_plan(frontier: Frontier) -> None:
    table = requirements_of(frontier, "p001")
    assert table["aht_s"].tolist() == pytest.approx([(40 * 300 + 10 * 400) / 50] * 4)
    assert table["offered"].sum() == 60
    assert (table["end"] - table["start"]).unique().tolist() == [pd.Timedelta(minutes=30)]
    bare = {name: frame for name, frame in frontier.tables.items() if name != "center_flows"}
    with pytest.raises(PlanError, match="earlier version"):
        requirements_of(dataclasses.replace(frontier, tables=bare), "p001")


def test_calabrio_has_no_heads_and_its_own_stamps(frontier: Frontier, tmp_path: Path) -> None:
    path = export_requirements(frontier, "p001", "wfm-calabrio", tmp_path / "c.csv")
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8"))))
    assert rows[0] == ["=team", "20260105 09:00", "20260105 09:30", "10.00", "320.00", "0", "4.25"]
    assert [float(row[6]) for row in rows] == [4.25, 5.5, 4.0, 5.0]
    spans = [[dt.datetime.strptime(text, "%Y%m%d %H:%M") for text in row[1:3]] for row in rows]
    assert all(end - start == dt.timedelta(minutes=30) for start, end in spans)


def test_calabrio_refuses_names_that_become_one(frontier: Frontier) -> None:
    table = requirements_of(frontier, "p001")
    twins = pd.concat([table.assign(pool="x" * 50 + tail) for tail in "ab"])
    with pytest.raises(ValueError, match="first 50 characters"):
        WFM_FORMATS["wfm-calabrio"](twins)


def test_verint_takes_daily_volumes(frontier: Frontier, tmp_path: Path) -> None:
    text = export_requirements(frontier, "p001", "wfm-verint", tmp_path / "v.csv").read_text(encoding="utf-8")
    assert text.split() == ["=team,1-5-2026,30,320", "=team,1-6-2026,30,320"]


def test_tables_for_spreadsheets_are_inert_and_complete(frontier: Frontier, tmp_path: Path) -> None:
    long = pd.read_csv(export_requirements(frontier, "p001", "wfm-long", tmp_path / "l.csv"))
    assert long["queue"].unique().tolist() == ["'=team"]
    assert long["required"].tolist() == [4.25, 5.5, 4.0, 5.0]
    assert long.iloc[0][["date", "start", "end"]].tolist() == ["2026-01-05", "09:00", "09:30"]
    wide = pd.read_csv(export_requirements(frontier, "p001", "wfm-wide", tmp_path / "w.csv"))
    assert wide.columns.tolist() == ["queue", "date", "09:00", "09:30"]
    assert wide[["09:00", "09:30"]].to_numpy().tolist() == [[4.25, 5.5], [4.0, 5.0]]
    with pytest.raises(PlanError, match="wfm-long"):
        export_requirements(frontier, "p001", "wfm-fax", tmp_path / "f.csv")


@pytest.mark.parametrize("form", sorted(WFM_FORMATS))
def test_the_command_writes_every_layout(frontier: Frontier, tmp_path: Path, form: str) -> None:
    run = tmp_path / "wfm-00000000"
    save_frontier(frontier, run)
    target = tmp_path / "out.csv"
    assert main(["export", str(run), "--plan", "p001", "--format", form, "--out", str(target)]) == 0
    assert target.read_text(encoding="utf-8") == WFM_FORMATS[form](requirements_of(frontier, "p001")).replace("\r", "")
    assert main(["export", str(run), "--plan", "p001", "--format", form, "--out", str(target)]) == 2
