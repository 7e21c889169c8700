"""Settling values before they are mapped: stamps, numbers with their place in the file, scales, customer keys."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from planner.errors import HistoryError, Issue
from planner.history.columns import BY_NAME, SCALES, Kind
from planner.history.importers.preset import Preset, as_number
from planner.history.importers.reading import FILE, LINE, Record, Trouble
from planner.history.importers.stamps import read_stamps
from planner.history.mapping import ColumnRule, Mapping, Unit

_MOST_OFF = 0.01
_STARTED = "_started_at"
_PHONE = re.compile(r"^[+0-9()/.\s-]{6,}$")


def settled(
    contacts: list[Record], rules: Mapping, source: Preset, zone: str | None, troubles: list[Trouble]
) -> tuple[pd.DataFrame, Mapping, list[str]]:
    """Return contacts as a table of texts, the mapping that reads it, and notes; troubles are added to the list."""
    notes: list[str] = []
    columns = dict(rules.columns)
    columns["started_at"] = _settle_start(contacts, columns.get("started_at"), source, zone, troubles, notes)
    contacts = [contact for contact in contacts if contact.get(_STARTED) is not None]
    _settle_numbers(contacts, columns, troubles)
    _settle_customers(contacts, columns.get("customer_id"))
    for name in [name for name in columns if BY_NAME.get(name) and BY_NAME[name].kind is Kind.SCORE]:
        doubt = _off_scale(contacts, name, columns[name], rules)
        if doubt:
            notes.append(doubt)
            columns.pop(name)
    used = {column for rule in columns.values() if rule is not None for column in rule.reads}
    used |= {column for item in rules.filters for column in item.drop} | set(rules.covariates.values())
    frame = pd.DataFrame({name: [_text(contact.get(name)) for contact in contacts] for name in sorted(used)})
    if frame.empty:
        raise HistoryError(
            [Issue(source.name, None, None, "started_at", "no stamp could be read; nothing is imported")]
        )
    return frame.astype("string"), rules.model_copy(update={"columns": columns, "timezone": None}), notes


def _settle_start(
    contacts: list[Record],
    rule: ColumnRule | None,
    source: Preset,
    zone: str | None,
    troubles: list[Trouble],
    notes: list[str],
) -> ColumnRule:
    if rule is None:
        raise HistoryError([Issue(source.name, None, None, "columns.started_at", "name the field with the start")])
    if rule.date is not None:
        place = rule.date
        values: list[Any] = [f"{contact.get(place)} {contact.get(rule.time or '')}" for contact in contacts]
    else:
        place = str(rule.source)
        values = [contact.get(place) for contact in contacts]
    formats = (rule.format,) if rule.format else source.formats
    read = read_stamps(values, zone, formats, place, declared=rule.format is not None)
    for k, why in read.aside:
        troubles.append(_trouble(contacts[k], place, why))
    empty = 0
    for contact, value, text in zip(contacts, values, read.texts, strict=True):
        contact[_STARTED] = text
        empty += value in (None, "")
    if empty:
        notes.append(f"{empty:,} contacts have no {place} and are left out")
    if not read.in_utc:
        notes.append(f"{place} carries no time zone: taken as the center's own clock (or declare --source-timezone)")
    notes += read.notes
    return ColumnRule.model_validate({"from": _STARTED})


def _settle_numbers(contacts: list[Record], columns: dict[str, ColumnRule | None], troubles: list[Trouble]) -> None:
    """Texts that should be numbers and are not: named with their place, and taken as missing."""
    for name, rule in columns.items():
        if rule is None or rule.source is None or rule.values is not None or rule.minus is not None:
            continue
        if name not in BY_NAME or BY_NAME[name].kind not in (Kind.SECONDS, Kind.SCORE, Kind.NUMBER):
            continue
        missing = {str(value) for value in rule.missing}
        for contact in contacts:
            value = contact.get(rule.source)
            if value in (None, "") or str(value) in missing:
                continue
            clock = rule.unit is Unit.CLOCK
            if as_number(value) is None or (isinstance(value, str) and (":" in value) != clock):
                troubles.append(
                    _trouble(contact, rule.source, f"{value!s:.40} is no {_wanted(BY_NAME[name].kind, rule, value)}")
                )
                contact[rule.source] = None


def _wanted(kind: Kind, rule: ColumnRule, value: object) -> str:
    if rule.unit is Unit.CLOCK:
        return "time HH:MM:SS"
    hint = "; a decimal comma? save the file with semicolons" if re.match(r"^-?\d+,\d+$", str(value)) else ""
    return f"number{f' in {rule.unit.value}' if kind is Kind.SECONDS else ''}{hint}"


def _settle_customers(contacts: list[Record], rule: ColumnRule | None) -> None:
    """One spelling per customer, else the same phone or address would hash to two people."""
    if rule is None or rule.source is None:
        return
    for contact in contacts:
        value = contact.get(rule.source)
        if value is not None:
            contact[rule.source] = one_spelling(str(value))


def one_spelling(customer: str) -> str:
    """Write a phone number without blanks and with +, an e-mail address in small letters; other keys as they are.

    >>> one_spelling("0041 (44) 123-45.67"), one_spelling("Ann@Example.org"), one_spelling("C-17")
    ('+41441234567', 'ann@example.org', 'C-17')
    """
    cut = customer.strip()
    if "@" in cut:
        return cut.lower()
    if not _PHONE.match(cut) or cut.isdigit() and not cut.startswith("00"):
        return cut
    digits = re.sub(r"[^0-9+]", "", cut)
    return "+" + digits[2:] if digits.startswith("00") else digits


def _off_scale(contacts: list[Record], name: str, rule: ColumnRule | None, rules: Mapping) -> str:
    """In words, where the answers lie outside the declared scale: then the score is left out, the contacts are not."""
    if rule is None or rule.source is None or rule.values is not None:
        return ""
    low, high = {**SCALES, **rules.scales}[name]
    answers = [number for contact in contacts if (number := as_number(contact.get(rule.source))) is not None]
    off = sum(not low <= answer <= high for answer in answers)
    if not answers or off <= _MOST_OFF * len(answers):
        return ""
    return (
        f"{name}: {off:,} of {len(answers):,} answers lie outside {low:g} to {high:g} (they run from {min(answers):g} "
        f"to {max(answers):g}), so the score is left out: declare its scale, "
        f"--scale {name}={min(answers):g}:{max(answers):g}"
    )


def _trouble(contact: Record, column: str, why: str) -> Trouble:
    return Trouble(str(contact.get(FILE, "")), int(contact.get(LINE) or 0), column, why)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)
