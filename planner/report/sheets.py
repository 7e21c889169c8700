"""Sheets of the workbook: formats, page setup, and frames as Excel tables with units in their heads."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from planner.report.strings import CUT_COLUMNS, CUT_ROWS, FOOTER, HEADS
from planner.report.text import Units

_UNITS = {
    "cx": "cx", "cx_low": "cx", "cx_high": "cx", "cost": "money", "committed": "money", "avoidable": "money",
    "cost_bound": "money", "headroom": "ratio", "p_shortfall": "ratio", "gap": "ratio", "p_cx_at_least_today": "ratio",
    "cx_rescored": "cx", "gain": "change", "gain_rescored": "change", "change": "change", "value": "score",
    "abandon_rate": "ratio", "idle_payroll": "money", "fewer_staff": "ratio", "p_shortfall_choosing": "ratio",
    "retained_value": "money",
}  # fmt: skip
LINE = 14.5
"""Height of a line of text, points."""
_NARROW, _WIDEST, _WRAPPED = 13, 40, 70
PRINTED_ROWS = 45
"""Rows of a long table that print: one page; the file holds all of them."""


@dataclass(frozen=True)
class Book:
    """A workbook being written: its formats by name and the units of the run."""

    workbook: Any
    units: Units
    formats: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Declare the formats once; each number unit has one for differences too."""
        cx = "0." + "0" * self.units.cx_digits if self.units.cx_digits else "0"
        symbol = f'"{self.units.symbol}"'
        money = "#,##0" + ("." + "0" * self.units.money_digits if self.units.money_digits else "")
        patterns = {
            "score": "0.000",
            "cx": cx,
            "money": symbol + money,
            "ratio": "0.0%",
            "count": "#,##0.##",
            "number": "#,##0",
            "tenths": "#,##0.0",
            "thousandths": "#,##0.000",
        }
        for name, pattern in patterns.items():
            self.formats[name] = self.workbook.add_format({"num_format": pattern, "valign": "top"})
            signed = f"+{pattern};-{pattern};{pattern}"
            self.formats[f"{name}_delta"] = self.workbook.add_format({"num_format": signed, "italic": True})
        self.formats["change"] = self.workbook.add_format({"num_format": "+0.000;-0.000;0.000", "valign": "top"})
        wrap = {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#F4F6F8"}
        self.formats["head"] = self.workbook.add_format(wrap)
        self.formats["sentence"] = self.workbook.add_format({"text_wrap": True, "valign": "top"})
        self.formats["text"] = self.workbook.add_format({"valign": "top"})
        self.formats["label_wrapped"] = self.workbook.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self.formats["asked"] = self.workbook.add_format({"text_wrap": True, "valign": "top", "bg_color": "#F4F6F8"})
        self.formats["label"] = self.workbook.add_format({"bold": True})
        self.formats["title"] = self.workbook.add_format({"bold": True, "font_size": 16})
        self.formats["time"] = self.workbook.add_format({"num_format": "yyyy-mm-dd hh:mm", "valign": "top"})
        self.formats["day"] = self.workbook.add_format({"num_format": "yyyy-mm-dd"})

    def sheet(self, name: str) -> Any:
        """Add a sheet that prints on pages of full width, landscape, with its first row repeated."""
        sheet = self.workbook.add_worksheet(re.sub(r"[\[\]:*?/\\]", "_", name))
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer(FOOTER)
        return sheet

    def number(self, sheet: Any, line: int, column: int, value: Any, unit: str) -> None:
        """Write one value in its unit; gaps stay empty, text stays text."""
        if isinstance(value, str):
            sheet.write_string(line, column, value, self.formats["text"])
        elif value is None or pd.isna(value):
            sheet.write_blank(line, column, None)
        elif isinstance(value, (pd.Timestamp, dt.datetime, dt.date)):
            clock = isinstance(value, (pd.Timestamp, dt.datetime))
            moment = pd.Timestamp(value).to_pydatetime().replace(tzinfo=None)
            sheet.write_datetime(line, column, moment, self.formats["time" if clock else "day"])
        elif isinstance(value, bool) or type(value).__name__ == "bool":
            sheet.write_boolean(line, column, bool(value))
        elif isinstance(value, (int, float)) or hasattr(value, "dtype"):
            self._float(sheet, line, column, float(value), unit)
        else:
            sheet.write_string(line, column, str(value))

    def _float(self, sheet: Any, line: int, column: int, value: float, unit: str) -> None:
        if math.isfinite(value):
            if unit == "number" and not value.is_integer():
                unit = "thousandths" if abs(value) < 100 else "tenths"
            sheet.write_number(line, column, value, self.formats[unit])
        else:
            sheet.write_string(line, column, "-")


def write_frame(
    book: Book, sheet: Any, frame: pd.DataFrame, table_name: str, printed: int | None = None, whole: bool = False
) -> None:
    """Write a frame as an Excel table with filters; heads carry their units and stay unique.

    On paper it has its first `printed` columns (None: all) and `PRINTED_ROWS` rows (`whole`: all); the foot says so.
    """
    heads = [HEADS.get(name, name).format(money=book.units.symbol.strip()) for name in frame.columns]
    lines = np.ones(len(frame) + 1, dtype=int)
    for column, name in enumerate(frame.columns):
        unit = _UNITS.get(str(name), "number")
        values = frame[name].tolist()
        word = max(map(len, heads[column].split())) + 1
        longest = max([_NARROW, word, *(len(str(value)) + 1 for value in values if isinstance(value, str))])
        for line, value in enumerate(values, start=1):
            if isinstance(value, str) and longest > _WRAPPED:
                sheet.write_string(line, column, value, book.formats["sentence"])
                lines[line] = max(lines[line], lines_of(value, _WRAPPED))
            else:
                book.number(sheet, line, column, value, unit)
        widest = _WRAPPED if longest > _WRAPPED else _WIDEST
        sheet.set_column(column, column, min(widest, max(longest, 17 if name == "interval" else 0)))
    for tall in np.flatnonzero(lines > 1):
        sheet.set_row(int(tall), LINE * int(lines[tall]))
    sheet.set_row(0, 15 * max(_lines(head) for head in heads))
    options = {
        "name": "t_" + re.sub(r"\W", "_", table_name),
        "columns": [{"header": head, "header_format": book.formats["head"]} for head in heads],
        "style": "Table Style Light 1",
    }
    sheet.add_table(0, 0, max(1, len(frame)), len(frame.columns) - 1, options)
    sheet.repeat_rows(0)
    _print_part(sheet, (len(frame), len(frame.columns)), len(frame) if whole else PRINTED_ROWS, printed)


def lines_of(text: str, width: float) -> int:
    """Lines that a text takes in a cell so many characters wide; rows of wrapped text do not grow by themselves."""
    return sum(max(1, math.ceil(len(part) / (0.95 * width))) for part in text.split("\n"))


def _print_part(sheet: Any, size: tuple[int, int], rows: int, columns: int | None) -> None:
    """Print the first rows and columns of a table, and say what does not print."""
    columns = columns or size[1]
    left = []
    if rows < size[0]:
        left.append(CUT_ROWS.format(printed=rows, n=size[0]))
    if columns < size[1]:
        left.append(CUT_COLUMNS.format(printed=columns, n=size[1]))
    if left:
        sheet.print_area(0, 0, max(1, min(rows, size[0])), columns - 1)
        sheet.fit_to_pages(1, 1 if rows < size[0] else 0)
        sheet.set_footer(f"&L{'; '.join(left)}{FOOTER}")


def _lines(head: str) -> int:
    return 2 + len(head) // _NARROW
