"""Reading a CSV table the scenario names: rows of text with their row number, and problems as file:row:column."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from planner.errors import Issue, ScenarioError
from planner.scenario.fields import suggest
from planner.scenario.text import read_text

MOST_ISSUES = 20
"""Most problems listed per file; the others are counted."""

_DECIMAL_COMMA = re.compile(r"^[+-]?\d+,\d+$")
_SEPARATORS = ((";", "';'"), ("\t", "a tab"), ("|", "'|'"))
_SEPARATOR_ADVICE = "save the table with ',' between values and '.' as decimal point"


@dataclass
class CsvTable:
    """Rows of a CSV table as text and the problems found so far; built and used within one reading.

    `place` is the dotted path of the scenario key that names the file.
    """

    file: str
    place: str
    header: tuple[str, ...] = ()
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    found: list[tuple[int, int, str]] = field(default_factory=list)

    def refuse(self, row: int, column: str | int, message: str) -> None:
        """Note a problem at a row (1 is the header) and a column, named or counted from 1."""
        number = column if isinstance(column, int) else self.header.index(column) + 1
        self.found.append((row, number, message))

    def issues(self) -> list[Issue]:
        """Problems in the order of rows, at most `MOST_ISSUES` and a count of the others."""
        found = sorted(set(self.found))
        listed = [Issue(self.file, row, column, self.place, text) for row, column, text in found[:MOST_ISSUES]]
        if len(found) > MOST_ISSUES:
            rest = f"and {len(found) - MOST_ISSUES} more problems in this file; correct these first"
            listed.append(Issue(self.file, None, None, self.place, rest))
        return listed


def read_csv(path: Path, file: str, place: str, headers: Sequence[tuple[str, ...]]) -> CsvTable:
    """Read a comma-separated UTF-8 table (a byte order mark is accepted) whose columns are one of `headers`.

    The order of columns is free; blank lines are skipped.
    """
    table = CsvTable(file, place)
    try:
        text = read_text(path, file, "CSV table", place)
    except ScenarioError as err:
        for issue in err.issues:
            table.found.append((issue.line or 1, issue.column or 1, issue.message))
        return table
    if not _separator_fits(table, text):
        return table
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        table.header = tuple(name.strip() for name in next(reader))
        if not _header_fits(table, headers):
            return table
        for values in reader:
            _add_row(table, reader.line_num, values)
    except csv.Error as err:
        table.refuse(reader.line_num, 1, f"this is not a CSV table ({err}); save it as CSV with UTF-8")
    if not table.rows and not table.found:
        table.refuse(1, 1, "there is a header but no rows; write one row per line")
    return table


def number(table: CsvTable, row: int, column: str, text: str) -> float | None:
    """Read a number that must not be negative; None, and a problem, where it is none."""
    text = text.strip()
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if math.isfinite(value) and value >= 0:
        return value
    if not text:
        table.refuse(row, column, f"{column} is empty; write a number, 0 where there is nothing")
    elif _DECIMAL_COMMA.match(text):
        right = text.replace(",", ".")
        table.refuse(row, column, f"'{text}' has a decimal comma; write a decimal point: {right}")
    elif math.isfinite(value):
        table.refuse(row, column, f"{column} {text} is negative; write a number of 0 or more")
    else:
        table.refuse(row, column, f"{column} '{text[:40]}' is not a number; write digits with a decimal point")
    return None


def label(table: CsvTable, row: int, column: str, text: str, known: Sequence[str], what: str) -> str | None:
    """Read the name of something the scenario declares; None, and a problem, where it declares no such thing."""
    text = text.strip()
    if text in known:
        return text
    found = f"unknown {what} '{text[:60]}'" if text else f"{column} is empty"
    table.refuse(row, column, found + suggest(text, known))
    return None


def _separator_fits(table: CsvTable, text: str) -> bool:
    first = text.lstrip().split("\n", 1)[0]
    for separator, words in _SEPARATORS:
        if separator in first and "," not in first:
            message = f"values are separated by {words}; {_SEPARATOR_ADVICE}"
            table.refuse(1, first.index(separator) + 1 if first.lower().startswith("sep=") else 1, message)
            return False
    return True


def _header_fits(table: CsvTable, headers: Sequence[tuple[str, ...]]) -> bool:
    if any(set(table.header) == set(one) and len(table.header) == len(one) for one in headers):
        return True
    wanted = max(headers, key=lambda one: len(set(one) & set(table.header)) - len(one) / 100)
    expected = " or ".join(",".join(one) for one in headers)
    for column, name in enumerate(table.header, start=1):
        if table.header.index(name) < column - 1:
            table.refuse(1, column, f"column '{name}' is given twice; take one away")
        elif name not in wanted:
            missing = [one for one in wanted if one not in table.header]
            table.refuse(1, column, f"unknown column '{name[:60]}'{suggest(name, missing)}; expected {expected}")
    for name in wanted:
        if name not in table.header:
            table.refuse(1, len(table.header), f"column '{name}' is missing; expected {expected}")
    return False


def _add_row(table: CsvTable, row: int, values: list[str]) -> None:
    if not any(value.strip() for value in values):
        return
    width = len(table.header)
    if len(values) == width:
        table.rows.append((row, values))
        return
    split = next((i for i in range(len(values) - 1) if _splits_number(values[i], values[i + 1])), None)
    if len(values) == width + 1 and split is not None:
        comma = f"{values[split]},{values[split + 1]}"
        message = f"'{comma}' has a decimal comma; write a decimal point: {comma.replace(',', '.')}"
        table.refuse(row, split + 1, message)
        return
    message = f"found {len(values)} values where the header has {width}; write one value per column"
    table.refuse(row, min(len(values), width), message)


def _splits_number(left: str, right: str) -> bool:
    return bool(re.match(r"^[+-]?\d+$", left.strip()) and re.match(r"^\d+$", right.strip()))
