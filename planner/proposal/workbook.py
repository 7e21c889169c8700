"""A center in a workbook: the documented template, and the scenario it becomes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.styles import Font

from planner.errors import Issue, ScenarioError
from planner.proposal.propose import Proposal
from planner.proposal.sheets import EXAMPLE, NEEDED, README, SHEETS
from planner.proposal.workbook_today import routing_of, staffing_of
from planner.scenario.document import yaml_text
from planner.scenario.quantities import clock_text

Row = dict[str, Any]


def write_template(path: Path) -> None:
    """Write the template: a sheet that documents every column, and small example data that runs as it stands."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    page = book.create_sheet("read me")
    for line in README:
        page.append([line])
    page.column_dimensions["A"].width = 110
    for name, columns in SHEETS.items():
        for column, words in columns.items():
            page.append([f"{name}.{column}: {words}"])
    for name, columns in SHEETS.items():
        sheet = book.create_sheet(name)
        sheet.append(list(columns))
        for row in EXAMPLE[name]:
            sheet.append([row.get(column) for column in columns])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
            sheet.column_dimensions[cell.column_letter].width = 18
        sheet.freeze_panes = "A2"
    book.save(path)


def propose_from_workbook(path: Path) -> Proposal:
    """Turn a filled template into a scenario with its tables.

    Raises
    ------
    ScenarioError
        With every sheet, column and cell that is missing or cannot be read.
    """
    book = _opened(path)
    found = {name: book.rows(name) for name in SHEETS}
    if book.issues:
        raise ScenarioError(book.issues)
    center = {str(row["setting"]): row["value"] for row in found["center"]}
    content = _content(center, found, book)
    tables = {"data/demand.csv": _demand(found["forecast"], book)}
    if book.issues:
        raise ScenarioError(book.issues)
    todo = (
        () if found["staffing"] else ("sheet staffing is empty: Today's people stand for the work at 80 % occupancy",)
    )
    staffing = _staffing(found["staffing"]) if found["staffing"] else staffing_of(found)
    tables |= {"data/today_staffing.csv": staffing, "data/today_routing.csv": routing_of(found)}
    content["today"] = {"staffing": "data/today_staffing.csv", "routing": "data/today_routing.csv"}
    text = f"# yaml-language-server: $schema=scenario.schema.json\n# Written from {path.name}.\n" + yaml_text(content)
    return Proposal(text, tables, todo)


@dataclass
class _Book:
    """An opened workbook, and what is wrong in it by sheet and cell."""

    path: Path
    book: openpyxl.Workbook
    issues: list[Issue]

    def refuse(self, sheet: str, row: int | None, column: str, message: str) -> None:
        """Note a problem at a cell."""
        place = f"{sheet}!{column}" + ("" if row is None else f"{row}")
        self.issues.append(Issue(str(self.path), None, None, place, message))

    def rows(self, name: str) -> list[Row]:
        """Rows of a sheet by column name, with their number under `_row`; empty rows are skipped."""
        if name not in self.book.sheetnames:
            if NEEDED[name]:
                self.refuse(name, None, "", f"there is no sheet {name!r}; take it from the template")
            return []
        lines = list(self.book[name].iter_rows(values_only=True))
        heads = [str(head or "").strip() for head in (lines[0] if lines else ())]
        unknown = [head for head in heads if head and head not in SHEETS[name]]
        for head in unknown:
            self.refuse(name, 1, "", f"unknown column {head!r}; known are {', '.join(SHEETS[name])}")
        for column in [column for column in NEEDED[name] if column not in heads]:
            self.refuse(name, 1, "", f"column {column!r} is missing")
        out: list[Row] = []
        for number, values in enumerate(lines[1:], start=2):
            row = {head: value for head, value in zip(heads, values, strict=False) if head and value not in (None, "")}
            if not row:
                continue
            for column in [column for column in NEEDED[name] if column in heads and column not in row]:
                self.refuse(name, number, column, "is empty")
            out.append({**row, "_row": number})
        if not out and NEEDED[name]:
            self.refuse(name, None, "", "has no rows")
        return out


def _opened(path: Path) -> _Book:
    try:
        book = openpyxl.load_workbook(path, data_only=True, read_only=True)
    except FileNotFoundError as err:
        raise ScenarioError([Issue(str(path), None, None, "", "no such file")]) from err
    except Exception as err:  # the reader raises whatever the archive inside makes of it
        raise ScenarioError(
            [Issue(str(path), None, None, "", f"is no Excel workbook ({err}); save it as .xlsx")]
        ) from err
    return _Book(path, book, [])


def _content(center: Row, found: dict[str, list[Row]], book: _Book) -> Row:
    costs = {str(row["pool"]): row for row in found["costs"]}
    for name in [str(row["pool"]) for row in found["roster"]]:
        if name not in costs:
            book.refuse("costs", None, "pool", f"has no row for pool {name!r}")
    opens, closes = _clock(center.get("opens")), _clock(center.get("closes"))
    names = {key: list(dict.fromkeys(str(row[key]) for row in found["forecast"] if key in row)) for key in _KEYS}
    content: Row = {
        "version": 1,
        "name": str(center.get("name", "my-center")),
        "currency": str(center.get("currency", "USD")),
        "horizon": {
            "start": _day(center.get("start")), "days": int(center.get("days", 7)), "opens": opens, "closes": closes,
            "interval_min": int(center.get("interval_min", 30)), "timezone": str(center.get("timezone", "UTC")),
        },
        "demand": {"source": "data/demand.csv", "uncertainty": float(center.get("uncertainty", 0.05))},
        "segments": {name: {} for name in names["segment"] or ["all"]},
        "reasons": {name: {} for name in names["reason"]},
        "channels": {name: {} for name in names["channel"]},
        "experience": _experience(center, found["outcomes"], names["channel"]),
        "shifts": {"day": _shift(center, opens, closes)},
        "pools": {str(row["pool"]): _pool(row, costs.get(str(row["pool"]), {})) for row in found["roster"]},
        "promises": {f"{row['pool']}_promise": _promise(row) for row in found["roster"] if "promise_target" in row},
        "steers": {str(row["steer"]): _steer(row) for row in found["steers"]},
        "frontier": {"headroom_levels": [0, 0.1, 0.2], "cost_points": 4, "plans": 10, "search_evaluations": 0,
                     "risk_draws": 20, "priority_classes": 1},
    }  # fmt: skip
    for row in found["outcomes"]:
        if "patience_s" in row:
            content["channels"].setdefault(str(row["channel"]), {})["patience_s"] = row["patience_s"]
    return content


_KEYS = ("reason", "channel", "segment")


def _experience(center: Row, outcomes: list[Row], channels: list[str]) -> Row:
    low, high = float(center.get("scale_low", 1)), float(center.get("scale_high", 5))
    hour = float(center.get("loss_per_hour_waited", 0))
    return {
        "metric": str(center.get("metric", "csat")),
        "scale": [low, high],
        "score_given_up": center.get("score_given_up", low),
        "score_abandoned": center.get("score_abandoned", low),
        "outcomes": [_plain(row) for row in outcomes],
        "wait_loss": [{"channel": name, "wait_s": [0, 3600], "loss": [0, hour]} for name in channels],
    }


def _shift(center: Row, opens: str, closes: str) -> Row:
    length = float(center.get("shift_h", 8))
    last = clock_text(max(_minutes(closes) - round(length * 60), 0))
    return {"length_h": length, "starts": {"first": opens, "last": last}}


def _promise(row: Row) -> Row:
    measure = "deadline_kept" if row["discipline"] == "deferred" else "service_level"
    within = {"answer_within_s": row["promise_within_s"]} if "promise_within_s" in row else {}
    return {
        "pools": [str(row["pool"])], "measure": measure, "target": row["promise_target"], **within, "period": "week"
    }  # fmt: skip


def _pool(row: Row, costs: Row) -> Row:
    discipline = str(row["discipline"])
    pool: Row = {"kind": "automated" if discipline == "automated" else "human", "channel": str(row["channel"])}
    pool |= {"discipline": discipline}
    pool |= {name: costs[name] for name in ("wage_per_h", "cost_per_contact", "fixed_cost") if name in costs}
    if discipline == "automated":
        return pool
    pool |= {"shrinkage": row.get("shrinkage"), "occupancy_max": row.get("occupancy_max", 0.87), "shifts": ["day"]}
    if discipline == "live_chat":
        pool["chat"] = {"total_speed": [1, float(row.get("speed_with_two", 1.6))]}
    if discipline == "deferred":
        pool["deadline_h"] = row.get("deadline_h", 8)
    roster = {name: row[name] for name in ("heads", "contract_h_per_week", "days_per_week", "hires_max") if name in row}
    pool["roster"] = roster | {name: costs[name] for name in ("cost_per_hire",) if name in costs}
    return pool


def _steer(row: Row) -> Row:
    out: Row = {name: str(row[name]) for name in ("from_channel", "to_channel", "offered_at") if name in row}
    accepted = {"value": row["acceptance"]} | {name: row[name] for name in ("low", "high") if name in row}
    return {**out, "acceptance": accepted, "cost_per_offer": row.get("cost_per_offer", 0)}


def _plain(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("_row", "patience_s")}


def _demand(rows: list[Row], book: _Book) -> pd.DataFrame:
    columns = ["interval_start", "reason", "channel", "contacts"]
    columns += ["segment"] if any("segment" in row for row in rows) else []
    out = []
    for row in rows:
        at, contacts = row.get("interval_start"), row.get("contacts")
        if not isinstance(contacts, (int, float)) or isinstance(contacts, bool):
            book.refuse("forecast", row["_row"], "contacts", f"{contacts!r} is not a number")
        shown = f"{at:%Y-%m-%d %H:%M}" if isinstance(at, dt.datetime) else str(at)
        out.append({**row, "interval_start": shown})
    return pd.DataFrame(out)[columns]


def _staffing(rows: list[Row]) -> pd.DataFrame:
    frame = pd.DataFrame([{**row, "time": _clock(row["time"])} for row in rows])
    return frame[["weekday", "time", "pool", "scheduled"]]


def _clock(value: Any) -> str:
    if isinstance(value, (dt.time, dt.datetime)):
        return f"{value:%H:%M}"
    return str(value)


def _minutes(text: str) -> int:
    parts = text.split(":")
    return int(parts[0]) * 60 + int(parts[1]) if len(parts) == 2 and all(part.isdigit() for part in parts) else 1440


def _day(value: Any) -> Any:
    return value.date() if isinstance(value, dt.datetime) else value
