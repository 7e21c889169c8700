"""The workbook: named plans against Today with live formulas, all plans, staffing, shifts and rules."""

from __future__ import annotations

import datetime as dt
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from planner.frontier.frontier import NAMED, Frontier
from planner.report.bridge import bridge_frame
from planner.report.brief_sheet import write_brief
from planner.report.payload import notes_of, run_facts
from planner.report.plan_words import MORE_COLUMNS, TABLE_SHEETS
from planner.report.sheets import LINE, Book, lines_of, write_frame
from planner.report.staffing_sheets import write_staffing
from planner.report.strings import BRIDGE, COLUMNS, SUMMARY_ROWS, WORKBOOK
from planner.report.text import named_rows, summary_lines, units_of
from planner.routing.export_cells import write_whole

_EPOCH = dt.datetime(2000, 1, 1)
_README_WIDTH = 90
_WHOLE = ("says", "assumptions", "promise_prices", "initiatives", "contracts")
"""Tables that are read from end to end, on paper too."""
_KEY_COLUMNS = (
    "plan", "name", "cx", "cost", "headroom", "p_cx_at_least_today", "p_shortfall", "peak_fte", "hires",
    "committed", "avoidable", "promises_kept", "status", "gap",
)  # fmt: skip


def write_workbook(frontier: Frontier, path: str | os.PathLike[str], plans: Sequence[str] | None = None) -> Path:
    """Write the workbook of a run and return its path.

    Parameters
    ----------
    plans
        Plans (ids or names) that get their own staffing, shifts and rules, beside Today; the named plans by default.

    The same frontier gives the same bytes: the creation date inside is the run's, not the clock's.
    """
    chosen = _chosen(frontier, plans)
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
    workbook = xlsxwriter.Workbook(stream, options)
    workbook.set_properties({"title": str(frontier.meta.get("title") or "Plan"), "created": _created(frontier)})
    book = Book(workbook, units_of(frontier))
    write_brief(book, frontier)
    _summary(book, frontier, chosen)
    _plans(book, frontier)
    _bridge(book, frontier)
    _more_sheets(book, frontier)
    write_staffing(book, frontier, list(dict.fromkeys(str(row["plan"]) for _, row in chosen)))
    _readme(book, frontier)
    workbook.close()
    return write_whole(path, stream.getvalue())


def _chosen(frontier: Frontier, plans: Sequence[str] | None) -> list[tuple[str, pd.Series]]:
    """Return (heading, row) of Today and the chosen plans, each plan once."""
    if plans is None:
        return [(_heading(row, key), row) for key, row in named_rows(frontier).items()]
    rows = {"": frontier.baseline}
    for plan in plans:
        summary = frontier.plan(plan).summary
        rows.setdefault(str(summary["plan"]), pd.Series(summary))
    rows.pop(str(frontier.baseline["plan"]), None)
    return [(_heading(row, str(row["name"])), row) for row in rows.values()]


def _heading(row: pd.Series, key: str) -> str:
    if key == "today" or key not in NAMED:
        return NAMED.get(key, str(row["plan"]))
    return f"{NAMED[key]} ({row['plan']})"


def _created(frontier: Frontier) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(str(frontier.meta.get("created"))).replace(tzinfo=None)
    except ValueError:
        return _EPOCH


def _summary(book: Book, frontier: Frontier, chosen: list[tuple[str, pd.Series]]) -> None:
    sheet = book.sheet(WORKBOOK["summary"])
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 2 * len(chosen), 15)
    sheet.write_string(
        0, 0, str(frontier.meta.get("title") or frontier.meta.get("scenario") or ""), book.formats["title"]
    )
    last = 2 * len(chosen) - 1
    for line, text in enumerate(summary_lines(frontier), start=1):
        # Wrapped over the table's width: a sentence that runs on would set the width that has to fit on paper.
        sheet.merge_range(line, 0, line, last, "")
        sheet.write_string(line, 0, text, book.formats["sentence"])
        sheet.set_row(line, 15 * math.ceil(len(text) / (26 + 15 * last)))
    head = 5
    sheet.write_string(head, 0, WORKBOOK["measure"], book.formats["head"])
    for place, (title, _) in enumerate(chosen):
        column = _column(place)
        sheet.write_string(head, column, title, book.formats["head"])
        if place:
            sheet.write_string(head, column + 1, WORKBOOK["difference"], book.formats["head"])
    sheet.set_row(head, 48)
    table = frontier.table
    known = [name for name in SUMMARY_ROWS if name in table and (name != "cx_rescored" or table[name].notna().any())]
    rows = [(name, *SUMMARY_ROWS[name]) for name in known]
    for line, (name, label, unit) in enumerate(rows, start=head + 1):
        sheet.write_string(line, 0, label.format(cx=book.units.cx_name, per=book.units.per), book.formats["label"])
        for place, (_, row) in enumerate(chosen):
            _summary_cells(book, sheet, (line, place), (row[name], chosen[0][1][name]), unit)
    _chart(book, sheet, frontier, chosen, head + len(rows) + 3)
    sheet.freeze_panes(head + 1, 1)


def _column(place: int) -> int:
    """Today stands in column 1; each plan has a value and a difference after it."""
    return 1 if place == 0 else 2 * place


def _summary_cells(book: Book, sheet: Any, cell: tuple[int, int], values: tuple[Any, Any], unit: str) -> None:
    """Write a value and, beside it, the formula of its difference from Today with the result cached."""
    (line, place), (value, today) = cell, values
    column = _column(place)
    book.number(sheet, line, column, value, unit)
    if place and pd.notna(value) and pd.notna(today) and not isinstance(value, (bool, str)):
        here, base = (xlsxwriter.utility.xl_rowcol_to_cell(line, at) for at in (column, 1))
        sheet.write_formula(
            line, column + 1, f"={here}-${base}", book.formats[f"{unit}_delta"], float(value) - float(today)
        )


def _chart(book: Book, sheet: Any, frontier: Frontier, chosen: list[tuple[str, pd.Series]], line: int) -> None:
    """Draw CX against cost: other plans light gray below, the chosen ones on top."""
    if len(frontier.table) < 2:
        return
    chart = book.workbook.add_chart({"type": "scatter"})
    columns = list(_key_first(frontier.table).columns)
    last, x, y = len(frontier.table), columns.index("cost"), columns.index("cx")
    name = WORKBOOK["plans"]
    gray = {"type": "circle", "size": 5, "fill": {"color": "#C9CFD6"}, "border": {"color": "#AEB6BF"}}
    chart.add_series(
        {"name": WORKBOOK["other_plans"], "categories": [name, 1, x, last, x], "values": [name, 1, y, last, y]}
        | {"marker": gray}
    )
    kinds = ("x", "diamond", "square", "triangle", "circle")
    colors = ("#000000", "#0060A8", "#B34700", "#007A5A", "#8A3D7A")
    order = {plan: place for place, plan in enumerate(frontier.table["plan"], start=1)}
    for place, (title, row) in enumerate(chosen):
        at, color = order[row["plan"]], colors[place % 5]
        marker = {"type": kinds[place % 5], "size": 10, "fill": {"color": color}, "border": {"color": color}}
        chart.add_series(
            {"name": title, "categories": [name, at, x, at, x], "values": [name, at, y, at, y], "marker": marker}
        )
    table = frontier.table
    chart.set_x_axis({"name": f"Cost {book.units.per} ({book.units.symbol.strip()})"} | _span(table["cost"], "#,##0"))
    chart.set_y_axis({"name": book.units.cx_name} | _span(table["cx"], "0." + "0" * max(1, book.units.cx_digits)))
    chart.set_title({"name": WORKBOOK["chart"], "name_font": {"size": 13}})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 900, "height": 420})
    sheet.insert_chart(line, 0, chart, {"description": WORKBOOK["alt"]})


def _span(values: pd.Series, number_format: str) -> dict[str, Any]:
    """Set an axis to round numbers around the values; it need not start at zero for points."""
    low, high = float(values.min()), float(values.max())
    spread = (high - low) or abs(high) * 0.1 or 1.0
    step = next(s for s in (m * 10 ** math.floor(math.log10(spread / 5)) for m in (1, 2, 5, 10)) if s >= spread / 5)
    grid = {"visible": True, "line": {"color": "#E7EAEE"}}
    edges = {"min": math.floor(low / step) * step, "max": math.ceil(high / step) * step, "major_unit": step}
    return edges | {"num_format": number_format, "major_gridlines": grid}


def _plans(book: Book, frontier: Frontier) -> None:
    sheet = book.sheet(WORKBOOK["plans"])
    printed = [name for name in _KEY_COLUMNS if name in frontier.table]
    write_frame(book, sheet, _key_first(frontier.table), table_name="plans", printed=len(printed), whole=True)
    sheet.freeze_panes(1, 2)


def _key_first(table: pd.DataFrame) -> pd.DataFrame:
    """Plans with the columns that a printed page holds in front."""
    first = [name for name in _KEY_COLUMNS if name in table]
    return table[[*first, *(name for name in table if name not in first)]]


def _bridge(book: Book, frontier: Frontier) -> None:
    """Write the way from the survey's mean to Today's CX; no sheet where nobody was asked."""
    frame = bridge_frame(frontier)
    if len(frame):
        sheet = book.sheet(BRIDGE["sheet"])
        write_frame(book, sheet, frame, table_name="bridge", whole=True)
        sheet.freeze_panes(1, 1)


def _more_sheets(book: Book, frontier: Frontier) -> None:
    """Write tables that have a sheet of their own, as they stand."""
    for name, title in TABLE_SHEETS.items():
        frame = frontier.tables.get(name)
        if frame is not None and len(frame):
            sheet = book.sheet(title)
            write_frame(book, sheet, frame, table_name=name, whole=name in _WHOLE)
            sheet.freeze_panes(1, 2)


def _readme(book: Book, frontier: Frontier) -> None:
    sheet = book.sheet(WORKBOOK["readme"])
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, _README_WIDTH)
    line = 0
    for label, value in run_facts(frontier):
        sheet.write_string(line, 0, label, book.formats["label"])
        sheet.write_string(line, 1, value)
        line += 1
    for note in notes_of(frontier.meta):
        sheet.write_string(line, 0, WORKBOOK["note"], book.formats["label"])
        sheet.write_string(line, 1, note, book.formats["sentence"])
        sheet.set_row(line, LINE * lines_of(note, _README_WIDTH))
        line += 1
    line += 1
    sheet.write_row(line, 0, [WORKBOOK["column"], WORKBOOK["meaning"]], book.formats["head"])
    for below, (name, meaning) in enumerate((COLUMNS | MORE_COLUMNS).items(), start=line + 1):
        sheet.write_string(below, 0, name, book.formats["label"])
        sheet.write_string(below, 1, meaning, book.formats["sentence"])
        sheet.set_row(below, LINE * lines_of(meaning, _README_WIDTH))
