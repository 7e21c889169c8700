"""The workbook computes, prints and stays inert; plain tables are whole and harmless."""

from __future__ import annotations

import csv
import io
import re
import time

import openpyxl
import pandas as pd
import pytest
from sample import HOSTILE, sample_frontier

from planner.errors import PlanError
from planner.report import build_payload, summary_lines, write_tables, write_workbook
from planner.report.staffing_sheets import hours_by_day
from planner.report.text import percent, units_of

NAMES = ("=cmd()", HOSTILE, "שלום", "x" * 80, "+1", "http://x.example")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("book") / "plan.xlsx"
    return write_workbook(sample_frontier(30), path).read_bytes()


def opened(data: bytes, values: bool) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(data), data_only=values)


def test_summary_differences_are_formulas_with_cached_values(book: bytes) -> None:
    frontier = sample_frontier(30)
    formulas, values = opened(book, False)["Summary"], opened(book, True)["Summary"]
    row = next(r for r in range(1, 30) if formulas.cell(r, 1).value == "Cost a week")
    assert formulas.cell(row, 4).value == f"=C{row}-$B{row}"
    assert values.cell(row, 2).value == pytest.approx(frontier.baseline["cost"])
    assert values.cell(row, 4).value == pytest.approx(values.cell(row, 3).value - values.cell(row, 2).value)
    assert values.cell(row, 3).value == pytest.approx(frontier.plan("cheapest").cost)


def test_sentences_of_the_summary_wrap_over_its_table(book: bytes) -> None:
    """A sentence that runs on past the table made everything tiny on paper."""
    sheet = opened(book, True)["Summary"]
    last = max(cell.column for cell in sheet[6] if cell.value)
    merged = {(part.min_row, part.min_col, part.max_col) for part in sheet.merged_cells.ranges}
    assert {(row, 1, last) for row in (2, 3, 4)} <= merged
    assert all(sheet.cell(row, 1).alignment.wrap_text for row in (2, 3, 4))


def test_plans_sheet_is_a_table_of_all_plans(book: bytes) -> None:
    frontier, sheet = sample_frontier(30), opened(book, True)["Plans"]
    (table,) = sheet.tables.values()
    assert table.ref == "A1:V32"
    heads = [cell.value for cell in sheet[1]]
    assert "cost ($)" in heads
    cost = [sheet.cell(row, heads.index("cost ($)") + 1).value for row in range(2, 33)]
    assert cost == pytest.approx(list(frontier.table["cost"]))


def test_workbook_page_and_summary_show_the_same_numbers(book: bytes) -> None:
    frontier, sheet = sample_frontier(30), opened(book, True)["Summary"]
    payload, units = build_payload(frontier), units_of(frontier)
    lines = [sheet.cell(row, 1).value for row in (2, 3, 4)]
    assert lines == summary_lines(frontier) == [answer["line"] for answer in payload["headline"]]
    heads = [cell.value for cell in sheet[6]]
    cells = {sheet.cell(row, 1).value: row for row in range(7, 18)}
    for at, head in enumerate(heads, start=1):
        plan = str(head).rpartition("(")[2].rstrip(")")
        if plan not in payload["plans"]["id"]:
            continue
        place = payload["plans"]["id"].index(plan)
        shown = {key: payload["plans"][key][place] for key in ("cx", "cost", "headroom")}
        assert units.money(sheet.cell(cells["Cost a week"], at).value) == units.money(shown["cost"])
        assert units.cx(sheet.cell(cells["CX (CSAT) per issue"], at).value) == units.cx(shown["cx"])
        assert percent(sheet.cell(cells["Headroom"], at).value) == percent(shown["headroom"])


def test_staffing_rules_and_shifts_of_named_plans_are_there(book: bytes) -> None:
    frontier, workbook = sample_frontier(30), opened(book, True)
    plan = frontier.plan("cheapest")
    sheet = workbook[f"Staffing {plan.id}"]
    heads = [cell.value for cell in sheet[1]]
    assert heads[:3] == ["interval", "Billing team, scheduled (people)", "Billing team, on task (people)"]
    people = sum(sheet.cell(row, 2).value for row in range(2, sheet.max_row + 1))
    assert people == plan.staffing.loc[plan.staffing["pool"] == "Billing team", "scheduled"].sum()
    assert workbook[f"Rules {plan.id}"].max_row == len(plan.rules.rows) + 1
    assert workbook[f"Shifts {plan.id}"].max_row == len(plan.shifts) + 1


def test_sheets_print_on_full_width_and_long_ones_on_one_page(book: bytes) -> None:
    """The brief upright on one page, plans with what is read of them, and of every interval no more than a page."""
    workbook = opened(book, False)
    assert workbook.sheetnames[:2] == ["Decision brief", "Summary"]
    for sheet in workbook:
        first = sheet.title == "Decision brief"
        assert sheet.page_setup.orientation == ("portrait" if first else "landscape")
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        cut = bool(sheet.print_area) and sheet.title != "Plans"
        fit = sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight  # None: one
        assert fit == (None, None if first or cut else 0), sheet.title
        if not first and sheet.max_row > 60 and sheet.title != "Read me":
            assert re.search(r"\$1:\$[A-Z]+\$46$", sheet.print_area), sheet.title
            assert f"45 of {sheet.max_row - 1} rows" in sheet.oddFooter.left.text
    plans = workbook["Plans"]
    assert plans.print_area.endswith("$A$1:$N$32")
    assert [cell.value for cell in plans[1]][:5] == ["plan", "name", "cx (points)", "cost ($)", "headroom (%)"]
    assert "14 of" in plans.oddFooter.left.text


def test_days_sum_up_the_intervals(book: bytes) -> None:
    """Half hours of everybody scheduled, by hand; more than two weeks go by weeks."""
    frontier = sample_frontier(30)
    sheet = opened(book, True)["Staffing by day"]
    heads = [cell.value for cell in sheet[1]]
    assert heads[:3] == ["plan", "pool", "Mon 05 Jan"]
    assert heads[-1] == "hours in all"
    for plan, pool, *hours in sheet.iter_rows(min_row=2, values_only=True):
        own = frontier.plan(plan).staffing
        own = own[own["pool"] == pool]
        by_day = own["scheduled"].groupby(own["interval"].dt.date).sum() / 2
        assert hours == pytest.approx([*by_day.round(), round(by_day.sum())])
    weekly = hours_by_day(sample_frontier(2, days=21).tables["staffing"], ["p002", "today"])
    assert list(weekly) == ["plan", "pool", "Mon 05 Jan", "Mon 12 Jan", "Mon 19 Jan", "hours in all"]
    assert list(dict.fromkeys(weekly["plan"])) == ["p002", "today"]


def test_read_me_carries_the_run(book: bytes) -> None:
    cells = {cell.value for row in opened(book, True)["Read me"].iter_rows() for cell in row}
    assert {"0a1b2c3d", "f00dcafe", "headroom"} <= cells


def test_same_run_gives_the_same_bytes(book: bytes, tmp_path) -> None:
    time.sleep(1.1)
    assert write_workbook(sample_frontier(30), tmp_path / "again.xlsx").read_bytes() == book


def test_hostile_names_are_text(tmp_path) -> None:
    path = write_workbook(sample_frontier(6, pools=NAMES, meta={"title": "=1+1"}), tmp_path / "x.xlsx")
    workbook = openpyxl.load_workbook(path)
    formulas = [c.value for s in workbook for row in s.iter_rows() for c in row if c.data_type == "f"]
    assert all(value[1] in "CEGIK" for value in formulas)
    assert not [c for s in workbook for row in s.iter_rows() for c in row if c.hyperlink]


def test_chosen_plans_stand_beside_today_once(tmp_path) -> None:
    path = write_workbook(sample_frontier(9), tmp_path / "x.xlsx", plans=["p002", "today", "p002", "p005"])
    sheet = openpyxl.load_workbook(path)["Summary"]
    heads = [cell.value for cell in sheet[6] if cell.value]
    assert heads[:2] == ["Result", "Today"]
    assert [plan for plan in ("p002", "p005") if sum(plan in head for head in heads) == 1] == ["p002", "p005"]
    assert len(heads) == 6


@pytest.mark.parametrize("n", [0, 1])
def test_small_frontiers_make_a_workbook(n: int, tmp_path) -> None:
    bare = sample_frontier(n, without=("staffing", "shifts"))
    assert write_workbook(bare, tmp_path / "x.xlsx").stat().st_size > 5000


def test_an_unknown_plan_is_refused(tmp_path) -> None:
    with pytest.raises(PlanError, match="'p999' is not in this run"):
        write_workbook(sample_frontier(3), tmp_path / "x.xlsx", plans=["p999"])


def test_tables_are_whole_and_harmless(tmp_path) -> None:
    frontier = sample_frontier(6, pools=NAMES)
    paths = write_tables(frontier, "cheapest", tmp_path)
    assert {path.name for path in paths} >= {"staffing.csv", "shifts.csv", "costs.csv"}
    staffing = pd.read_csv(tmp_path / "staffing.csv")
    assert set(staffing["plan"]) == {frontier.plan("cheapest").id}
    assert staffing["scheduled"].sum() == frontier.plan("cheapest").staffing["scheduled"].sum()
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [
            cell for cell in cells if cell.startswith(("=", "+", "@")) or cell.startswith("-") and not _number(cell)
        ]


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_tables_need_a_folder_and_staffing(tmp_path) -> None:
    with pytest.raises(PlanError, match="cannot write here"):
        write_tables(sample_frontier(2), "today", tmp_path / "missing")
    with pytest.raises(PlanError, match="has no staffing"):
        write_tables(sample_frontier(2, without=("staffing",)), "today", tmp_path)
