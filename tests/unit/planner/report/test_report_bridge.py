"""The bridge and the second look as the page and the workbook show them."""

from __future__ import annotations

import dataclasses
import io
import re

import numpy as np
import openpyxl
import pytest
from sample import HOSTILE, sample_frontier

from planner.frontier.frontier import Frontier
from planner.report import build_payload, summary_lines, write_workbook
from planner.report.bridge import WIDTH, bridge_rows, second_look
from planner.report.page import render_page
from planner.report.text import units_of


def rescored(frontier: Frontier, lost: float = 0.03) -> Frontier:
    """Give every plan but Today so many points less when scored again."""
    table = frontier.table.copy()
    table["gain"] = table["cx"] - table["cx"].iloc[0]
    table["cx_rescored"] = table["cx"] - np.where(table["origin"] == "today", 0.0, lost)
    table["gain_rescored"] = table["cx_rescored"] - table["cx_rescored"].iloc[0]
    meta = {**frontier.meta, "rescored": {"optimism": lost, "words": "Scored again, they gain -0.030 less."}}
    return dataclasses.replace(frontier, tables={**frontier.tables, "plans": table}, meta=meta)


def test_rows_lead_from_the_survey_to_today_without_empty_steps() -> None:
    frontier = sample_frontier(10)
    rows = bridge_rows(frontier, units_of(frontier))
    assert [row["step"] for row in rows] == ["Survey mean", "Per issue", "Non-response", "Lost", "CX of Today"]
    assert [row["change"] for row in rows] == ["", "+0.060", "−0.160", "−0.200", ""]
    assert [row["value"] for row in rows] == ["4.100", "4.160", "4.000", "3.800", "3.800"]
    assert [row["kind"] for row in rows] == ["start", "up", "down", "down", "end"]


def test_bars_stand_where_the_steps_are_and_are_as_long_as_their_changes() -> None:
    frontier = sample_frontier(10)
    start, up, down, last, end = bridge_rows(frontier, units_of(frontier))
    assert up["x"] == pytest.approx(start["mark"], abs=0.02)
    assert up["x"] + up["width"] == pytest.approx(up["mark"], abs=0.02)
    assert down["x"] == down["mark"]
    assert down["x"] + down["width"] == pytest.approx(up["mark"], abs=0.02)
    assert last["width"] / down["width"] == pytest.approx(0.20 / 0.16, rel=0.01)
    assert end["mark"] == last["mark"]
    assert all(0 <= row["x"] <= row["x"] + row["width"] <= WIDTH for row in (start, up, down, last, end))


def test_without_a_survey_nothing_is_drawn() -> None:
    frontier = sample_frontier(5, without=("bridge",))
    assert bridge_rows(frontier, units_of(frontier)) == []
    assert 'id="bridge"' not in render_page(frontier)


def test_page_draws_one_bar_a_step() -> None:
    page = render_page(sample_frontier(10))
    assert len(re.findall(r'class="fall"', page)) == 5
    assert len(re.findall(r'<svg class="fall"[^>]*><rect', page)) == 3


def test_names_of_steps_cannot_act() -> None:
    frontier = sample_frontier(5)
    hostile = frontier.tables["bridge"].assign(step=HOSTILE, words=HOSTILE)
    page = render_page(dataclasses.replace(frontier, tables={**frontier.tables, "bridge": hostile}))
    assert HOSTILE not in page


def test_second_look_shows_both_gains_of_named_plans() -> None:
    frontier = rescored(sample_frontier(40))
    found = second_look(frontier, units_of(frontier))
    assert found["words"] == "Scored again, they gain −0.030 less."
    named = frontier.table[(frontier.table["name"] != "") & (frontier.table["origin"] != "today")]
    assert len(found["rows"]) == len(named)
    for row, (_, plan) in zip(found["rows"], named.iterrows(), strict=True):
        assert row["gain"].replace("−", "-") == f"{plan['gain']:+.3f}"
        assert row["again"].replace("−", "-") == f"{plan['gain_rescored']:+.3f}"
    assert second_look(sample_frontier(5), units_of(frontier)) == {}


def test_leaders_read_the_second_number_beside_the_first() -> None:
    frontier = rescored(sample_frontier(40))
    best = frontier.plan("best_cx")
    line = summary_lines(frontier)[1]
    assert units_of(frontier).cx(best.gain_rescored, signed=True) + " scored again by other customers" in line
    assert not any("scored again" in line for line in summary_lines(sample_frontier(40)))


def test_compare_gets_the_row_only_where_there_is_a_second_number() -> None:
    assert "cx_again" in build_payload(rescored(sample_frontier(5)))["plans"]
    bare = sample_frontier(5)
    unknown = dataclasses.replace(bare, tables={**bare.tables, "plans": bare.table.assign(cx_rescored=np.nan)})
    assert "cx_again" not in build_payload(unknown)["plans"]


def test_workbook_has_the_bridge_on_a_sheet_of_its_own(tmp_path) -> None:
    data = write_workbook(rescored(sample_frontier(10)), tmp_path / "plan.xlsx").read_bytes()
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    sheet = book["Bridge"]
    assert [cell.value for cell in sheet[1]][:3] == ["step", "change (points)", "value (points)"]
    changes = [sheet.cell(row, 2).value for row in range(2, 7)]
    assert sum(changes) == pytest.approx(sheet.cell(6, 3).value)
    labels = [book["Summary"].cell(row, 1).value for row in range(7, 12)]
    assert "CX (CSAT), scored again" in labels
    bare = write_workbook(sample_frontier(5, without=("bridge",)), tmp_path / "bare.xlsx").read_bytes()
    assert "Bridge" not in openpyxl.load_workbook(io.BytesIO(bare)).sheetnames


def test_the_page_tells_why_without_the_lines_of_the_bridge() -> None:
    frontier = sample_frontier(5)
    told = dataclasses.replace(frontier, explanations={"today": "Today, as it runs.\n   4.100  Survey mean: ..."})
    assert build_payload(told)["details"]["why"] == {"today": "Today, as it runs."}
