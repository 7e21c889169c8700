"""Reading exported files as records: JSON in its several wrappings, and CSV as spreadsheets save it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner.errors import HistoryError, Issue

Record = dict[str, Any]

FILE, LINE, KIND = "_file", "_line", "_kind"
"""Keys that the reader adds: the file's name, the line (of a JSON list: the item), and the list's name in its file."""

_MARKS = (",", ";", "\t", "|")
_DECIMAL_COMMA = re.compile(r"^-?\d+,\d+$")


@dataclass(frozen=True)
class Trouble:
    """A place in a file that could not be read as meant; the rest of the file stands."""

    file: str
    line: int
    column: str
    message: str

    def __str__(self) -> str:
        """Render as `file:line: column: message`."""
        return f"{self.file}:{self.line}: {self.column + ': ' if self.column else ''}{self.message}"


@dataclass
class Records:
    """Records of several files in order, what was wrong in them, and how they were written."""

    rows: list[Record] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_records(paths: Sequence[Path]) -> Records:
    """Read JSON, JSON lines, concatenated JSON objects, and CSV with any usual separator; `.gz` too.

    Raises
    ------
    HistoryError
        If a file is missing, empty, or a workbook or other binary.
    """
    found = Records()
    for path in paths:
        text = _text(path, found)
        if text.lstrip()[:1] in ("{", "["):
            _read_json(path, text, found)
        else:
            _read_csv(path, text, found)
    return found


def flat(record: Record, prefix: str = "") -> Record:
    """Flatten nested objects to dotted names; lists stay as they are."""
    out: Record = {}
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            out.update(flat(value, name + "."))
        else:
            out[sys.intern(name)] = value
    return out


def _refuse(path: Path, message: str) -> HistoryError:
    return HistoryError([Issue(str(path), None, None, "", message)])


def _text(path: Path, found: Records) -> str:
    if not path.is_file():
        raise _refuse(path, "no such file; check the name, or the folder you are in")
    data = path.read_bytes()
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    if data.startswith(b"PK\x03\x04"):
        raise _refuse(path, "this is an Excel workbook or ZIP archive; save the sheet as CSV, or unpack it")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        found.notes.append(f"{path.name}: read as UTF-16")
        return data.decode("utf-16")
    if b"\x00" in data[:4096]:
        raise _refuse(path, "this is binary data; export JSON or CSV")
    if not data.strip():
        raise _refuse(path, "the file is empty")
    if data.startswith(b"\xef\xbb\xbf"):
        found.notes.append(f"{path.name}: the byte-order mark of a spreadsheet was skipped")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        found.notes.append(f"{path.name}: not UTF-8, read as Windows-1252; names with accents may be wrong")
        return data.decode("cp1252", "replace")


def _read_json(path: Path, text: str, found: Records) -> None:
    """One object, a list, one object per line, or objects one after the other without any line break."""
    decoder, at, size = json.JSONDecoder(), 0, len(text)
    line, counted = 1, 0
    while at < size:
        while at < size and text[at] in " \t\r\n,":
            at += 1
        if at >= size:
            break
        line, counted = line + text.count("\n", counted, at), at
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as err:
            found.troubles.append(Trouble(path.name, line, "", f"is not JSON ({err.msg}); the line is left out"))
            at = text.find("\n", at)
            if at < 0:
                break
            continue
        for number, kind, record in _unwrapped(value):
            found.rows.append({FILE: path.name, LINE: line if number is None else number, KIND: kind, **record})


def _unwrapped(value: Any) -> Iterator[tuple[int | None, str, Record]]:
    """Records of one JSON value: itself, its items, or the items of the lists of objects it wraps."""
    if isinstance(value, list):
        yield from ((k + 1, "", item) for k, item in enumerate(value) if isinstance(item, dict))
    elif isinstance(value, dict):
        lists = {key: item for key, item in value.items() if _is_list_of_records(item)}
        wrapper = bool(lists) and not any(key.lower().endswith(("id", "sid")) for key in value)
        if not wrapper:
            yield None, "", value
        for key, items in lists.items() if wrapper else ():
            yield from ((k + 1, key, item) for k, item in enumerate(items))


def _is_list_of_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _read_csv(path: Path, text: str, found: Records) -> None:
    skipped = 0
    if text[:4].lower() == "sep=":
        text, skipped = text.split("\n", 1)[1], 1
    first = text.split("\n", 1)[0]
    mark = max(_MARKS, key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    heads = [head.strip() for head in next(rows)]
    if mark != ",":
        found.notes.append(f"{path.name}: columns are separated by {mark!r}")
    doubled = sorted({head for head in heads if head and heads.count(head) > 1})
    for head in doubled:
        message = f"two columns bear this name (columns {_places(heads, head)}); the first one is read"
        found.troubles.append(Trouble(path.name, 1 + skipped, head, message))
    commas = 0
    for values in rows:
        line = rows.line_num + skipped
        if not any(value.strip() for value in values):
            continue
        if len(values) != len(heads):
            message = f"has {len(values)} values for {len(heads)} columns; the row is left out"
            found.troubles.append(Trouble(path.name, line, "", message))
            continue
        record: Record = {FILE: path.name, LINE: line, KIND: ""}
        for head, value in zip(heads, values, strict=True):
            cut = value.strip()
            if mark == ";" and _DECIMAL_COMMA.match(cut):
                cut, commas = cut.replace(",", "."), commas + 1
            record.setdefault(head, cut or None)
        found.rows.append(record)
    if commas:
        found.notes.append(f"{path.name}: {commas:,} numbers with decimal commas were read as decimals")


def _places(heads: list[str], name: str) -> str:
    return ", ".join(str(k + 1) for k, head in enumerate(heads) if head == name)
