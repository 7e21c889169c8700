"""Page, `--json` of the command line and workbook: the same plans with the same numbers, to what is shown."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from lxml import html
from sample import sample_frontier

from planner.cli import main
from planner.report import write_report, write_workbook
from planner.report.brief import cell_lines, marked, short_money
from planner.report.payload import PLAN_COLUMNS
from planner.report.text import headline, percent, units_of
from planner.runs import load_run, save_frontier


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "sample-0a1b2c3d"
    save_frontier(sample_frontier(40, days=1), folder)
    return folder


def told_by_cli(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> Any:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_page_command_line_and_workbook_show_the_same_numbers(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frontier = load_run(run)
    units = units_of(frontier)
    text = write_report(frontier, tmp_path / "report.html").read_text(encoding="utf-8")
    page = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])["plans"]
    cli = {row["plan"]: row for row in told_by_cli(["frontier", str(run)], capsys)["plans"]}
    sheet = openpyxl.load_workbook(write_workbook(frontier, tmp_path / "plans.xlsx"), data_only=True)["Plans"]
    rows = list(sheet.iter_rows(values_only=True))
    heads = [str(head).split(" (")[0] for head in rows[0]]
    book = {row[0]: dict(zip(heads, row, strict=True)) for row in rows[1:]}
    assert page["id"] == list(cli) == list(book)
    write = {
        "cx": units.cx,
        "money": units.money,
        6: lambda v: percent(v, 1),
        3: percent,
        1: lambda v: f"{v + 0.0:,.1f}",
    }
    compared = 0
    for key, (column, kind) in PLAN_COLUMNS.items():
        for place, plan in enumerate(page["id"]) if key in page else ():
            values = [page[key][place], cli[plan][column], book[plan][column]]
            shown = [
                "–" if v is None or (isinstance(v, float) and math.isnan(v)) else write[kind](float(v)) for v in values
            ]
            assert len(set(shown)) == 1, (key, plan, values)
            compared += 1
    assert compared >= 12 * len(cli)


def test_brief_summary_sheet_and_compare_show_the_same_differences(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frontier = load_run(run)
    units = units_of(frontier)
    plans = list(dict.fromkeys(answer["plan"] for answer in headline(frontier) if answer["plan"]))
    told = told_by_cli(["compare", str(run), *plans], capsys)
    sheet = openpyxl.load_workbook(write_workbook(frontier, tmp_path / "plans.xlsx", plans))["Summary"]
    values = openpyxl.load_workbook(tmp_path / "plans.xlsx", data_only=True)["Summary"]
    line = next(row for row in range(1, 30) if sheet.cell(row, 1).value == "Cost a day")
    brief = write_report(frontier, tmp_path / "report.html").read_text(encoding="utf-8").split('id="glance"')[0]
    for place, plan in enumerate(told["plans"]):
        saved = plan["difference"]["cost"]
        column = 3 + 2 * place
        assert sheet.cell(line, column + 1).value.startswith("=")
        assert units.money(values.cell(line, column + 1).value) == units.money(saved)
        yearly = short_money(units, abs(saved) * 365)  # a day
        assert ("−" if saved < 0 else "+") + yearly in brief
        assert pd.notna(plan["cx"])


def test_page_command_line_and_workbook_give_the_same_brief(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every cell, assumption, step and sentence of the page's brief: in the JSON, in the terminal and on the sheet."""
    frontier = load_run(run)
    page = html.fromstring(write_report(frontier, tmp_path / "report.html").read_text(encoding="utf-8"))
    for mark in page.xpath("//*[@class='hidden'] | //*[@id='brief']//button"):
        mark.drop_tree()
    brief = page.get_element_by_id("brief")
    texts = [_flat(node) for node in brief.xpath(".//td | .//tbody//th | .//div[@class='asked']/p")]
    told = told_by_cli(["brief", str(run)], capsys)
    cells = [_flat_text([*cell_lines(cell), marked(cell)]) for row in told["rows"] for cell in row["cells"]]
    assert len(cells) == len(told["rows"]) * len(told["heads"]) >= 4 * 10
    assert [text for text in texts if text in set(cells)] == cells
    others = [_flat_text([row["input"], f"{row['range']}, {row['source']}"]) for row in told["assumptions"]["rows"]]
    others += [row["swing"] for row in told["assumptions"]["rows"]] + [row["step"] for row in told["bridge"]]
    others += [row["label"] for row in told["rows"]] + [told["ask"]]
    assert set(texts) - {""} == {*cells, *others, *(row[key] for row in told["bridge"] for key in row)} - {""}
    assert main(["brief", str(run)]) == 0
    spoken = _flat_text([capsys.readouterr().out])
    sheet = openpyxl.load_workbook(write_workbook(frontier, tmp_path / "plans.xlsx"))["Decision brief"]
    written = [
        _flat_text([str(cell.value).replace("•", "")]) for row in sheet.iter_rows() for cell in row if cell.value
    ]
    assert [text for text in written if text in set(cells)] == cells
    for text in others:
        assert text in written
        assert all(part in spoken for part in text.split(", ")), text
    for cell in (cell for row in told["rows"] for cell in row["cells"]):
        assert all(_flat_text([line]) in spoken for line in (*cell_lines(cell), marked(cell)) if line != "–")


def _flat(node: Any) -> str:
    return _flat_text([part for part in node.itertext()])


def _flat_text(parts: list[str]) -> str:
    return " ".join(" ".join(parts).split())
