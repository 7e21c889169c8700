"""Survey tables joined to contacts: by the contact's id, else by the customer's nearest contact before the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from planner.errors import HistoryError, Issue
from planner.history.columns import SCALES
from planner.history.importers.preset import as_number
from planner.history.importers.reading import FILE, LINE, Record, Trouble, flat, read_records
from planner.history.importers.settle import one_spelling
from planner.history.importers.stamps import read_stamps
from planner.history.mapping import load_mapping

_NAMES: dict[str, tuple[str, ...]] = {
    "contact_id": ("contact_id", "contactid", "interaction_id", "call_id", "ticket_id", "externalreference"),
    "customer_id": ("customer_id", "customerid", "externaldatareference", "recipientemail", "email", "phone"),
    "answered_at": ("recorded_date", "recordeddate", "enddate", "response_date", "responsedate", "answered_at", "date"),
    "csat": ("csat", "satisfaction", "osat"),
    "nps": ("nps", "likelihood_to_recommend", "ltr", "q_nps"),
    "ces": ("ces", "effort", "customer_effort"),
}
"""Names under which survey systems keep what is needed, in small letters."""
_HASH_LENGTH = 20


@dataclass(frozen=True)
class Joined:
    """Contacts with their answers, and how answers found their contacts."""

    contacts: pd.DataFrame
    counts: dict[str, int]
    troubles: tuple[Trouble, ...]
    notes: tuple[str, ...]


def join_surveys(
    contacts: pd.DataFrame,
    files: Sequence[str | Path],
    *,
    salt: str,
    mapping: str | Path | None = None,
    scales: dict[str, tuple[float, float]] | None = None,
    window_days: float = 7.0,
    timezone: str | None = None,
    source_timezone: str | None = None,
) -> Joined:
    """Add the scores of survey tables to canonical contacts.

    An answer that names a contact goes there. One that names only a customer goes to that customer's last contact that
    started before the answer, at most `window_days` earlier. Of several answers to a contact the last one counts.

    Raises
    ------
    HistoryError
        If the tables hold no score, or nothing that leads to a contact.
    """
    found = read_records([Path(file) for file in files])
    rows = [flat(row) for row in found.rows]
    shown = ", ".join(str(file) for file in files)
    names = _columns(rows, mapping, shown)
    troubles, notes = list(found.troubles), list(found.notes)
    scores = _scores(rows, names, scales or {}, troubles, notes)
    when = _answered(rows, names, timezone, source_timezone, notes)
    counts = {"answers read": len(rows), "joined by contact": 0, "joined by customer": 0, "without a contact": 0}
    at = {str(name): k for k, name in enumerate(contacts["contact_id"])}
    people = _by_customer(contacts)
    out = contacts.copy()
    for name in scores:
        out[name] = pd.to_numeric(out[name]) if name in out else float("nan")
    for k in sorted(range(len(rows)), key=lambda k: (pd.isna(when[k]), when[k])):
        row = rows[k]
        place, how = at.get(str(row.get(names.get("contact_id", "")))), "joined by contact"
        if place is None and "customer_id" in names and not pd.isna(when[k]):
            person = row.get(names["customer_id"])
            place, how = _nearest(people, person, salt, when[k], window_days), "joined by customer"
        counts[how if place is not None else "without a contact"] += 1
        if place is None:
            continue
        for name, values in scores.items():
            if values[k] is not None:
                out.loc[out.index[place], name] = values[k]
    answered = out[list(scores)].notna().any(axis=1).mean() if scores else 0.0
    notes.append(f"{answered:.1%} of the contacts have an answer")
    return Joined(out, counts, tuple(troubles), tuple(notes))


def _columns(rows: list[Record], mapping: str | Path | None, shown: str) -> dict[str, str]:
    present = {name.lower().replace(" ", "_"): name for row in rows for name in row}
    names = {key: next((present[a] for a in several if a in present), "") for key, several in _NAMES.items()}
    if mapping is not None:
        for name, rule in load_mapping(mapping).columns.items():
            if rule is not None and rule.source:
                names["answered_at" if name == "started_at" else name] = rule.source
    names = {key: name for key, name in names.items() if name}
    if not names.keys() & SCALES.keys():
        raise HistoryError([Issue(shown, None, None, "", "no column csat, nps or ces; name it in a mapping file")])
    if not names.keys() & {"contact_id", "customer_id"}:
        raise HistoryError([Issue(shown, None, None, "", "no contact or customer id; name one in a mapping file")])
    return names


def _scores(
    rows: list[Record],
    names: dict[str, str],
    scales: dict[str, tuple[float, float]],
    troubles: list[Trouble],
    notes: list[str],
) -> dict[str, list[float | None]]:
    out: dict[str, list[float | None]] = {}
    for score, usual in SCALES.items():
        if score not in names:
            continue
        raw = [row.get(names[score]) for row in rows]
        values = [as_number(value) for value in raw]
        for row, value, number in zip(rows, raw, values, strict=True):
            if value not in (None, "") and number is None:
                place = (str(row.get(FILE, "")), int(row.get(LINE) or 0))
                troubles.append(Trouble(*place, names[score], f"{value!s:.40} is no number"))
        low, high = scales.get(score, usual)
        given = [value for value in values if value is not None]
        if any(not low <= value <= high for value in given):
            notes.append(
                f"{score}: answers run from {min(given):g} to {max(given):g}, not within {low:g} to {high:g}, so it is "
                f"left out: declare its scale, --scale {score}={min(given):g}:{max(given):g}"
            )
            continue
        out[score] = values
    return out


def _answered(
    rows: list[Record], names: dict[str, str], zone: str | None, source_zone: str | None, notes: list[str]
) -> list[Any]:
    """Time of each answer on the center's wall clock; NaT where unknown."""
    column = names.get("answered_at")
    if column is None:
        return [pd.NaT] * len(rows)
    read = read_stamps([row.get(column) for row in rows], source_zone, (), column)
    notes += read.notes
    stamps = pd.to_datetime(pd.Series(read.texts, dtype="string"), utc=read.in_utc)
    if read.in_utc:
        stamps = stamps.dt.tz_convert(zone or "UTC").dt.tz_localize(None)
    return list(stamps)


def _by_customer(contacts: pd.DataFrame) -> dict[str, list[tuple[pd.Timestamp, int]]]:
    out: dict[str, list[tuple[pd.Timestamp, int]]] = {}
    if "customer_id" in contacts:
        for k, (person, start) in enumerate(zip(contacts["customer_id"], contacts["started_at"], strict=True)):
            if isinstance(person, str):
                out.setdefault(person, []).append((pd.Timestamp(start), k))
    return {person: sorted(several) for person, several in out.items()}


def _nearest(
    people: dict[str, list[tuple[pd.Timestamp, int]]], person: Any, salt: str, when: pd.Timestamp, days: float
) -> int | None:
    if person is None:
        return None
    # The same salted hash as that of the contacts' customers (see `history.values.hashed`).
    key = hashlib.sha256(f"{salt}:customer_id:{one_spelling(str(person))}".encode()).hexdigest()[:_HASH_LENGTH]
    earlier = [k for start, k in people.get(key, []) if start <= when <= start + pd.Timedelta(days=days)]
    return earlier[-1] if earlier else None
