"""Facts of many contacts as columns, on which conditions are tested all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.routing.facts import BUCKETS, LABELS, bucket, identified, label, missing
from planner.routing.table import Rule

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Columns:
    """Facts of contacts.

    `codes` fact -> number of the contact's label (-1: missing), `known` fact -> labels by number, `numbers` fact ->
    values (NaN: missing).
    """

    size: int
    codes: Mapping[str, NDArray[np.int64]]
    known: Mapping[str, Mapping[str, int]]
    numbers: Mapping[str, Floats]

    def equal(self, fact: str, name: str) -> Bools:
        """Contacts whose fact is this name; nobody where the fact is unknown."""
        if fact not in self.codes:
            return np.zeros(self.size, dtype=bool)
        return np.asarray(self.codes[fact] == self.known[fact].get(name, -2))

    def among(self, fact: str, names: Sequence[str]) -> Bools:
        """Contacts whose fact is one of these names."""
        found = np.zeros(self.size, dtype=bool)
        for name in names:
            found |= self.equal(fact, name)
        return found

    def number(self, fact: str) -> Floats:
        """Values of a fact, NaN where it is missing or not a number."""
        return self.numbers[fact] if fact in self.numbers else np.full(self.size, np.nan)

    def records(self) -> list[dict[str, Any]]:
        """One mapping per contact, gaps left out: what an engine is asked with."""
        rows: list[dict[str, Any]] = [{} for _ in range(self.size)]
        for fact, codes in self.codes.items():
            back = {code: name for name, code in self.known[fact].items()}
            for row, code in zip(rows, codes.tolist(), strict=True):
                if code >= 0:
                    row[fact] = back[code]
        for fact, values in self.numbers.items():
            for row, value in zip(rows, values.tolist(), strict=True):
                if value == value:  # noqa: PLR0124
                    row[fact] = value
        return rows

    def take(self, which: NDArray[np.int64]) -> Columns:
        """Return some of the contacts."""
        codes = {fact: found[which] for fact, found in self.codes.items()}
        return Columns(len(which), codes, self.known, {fact: found[which] for fact, found in self.numbers.items()})


def columns_of(contacts: pd.DataFrame) -> Columns:
    """Read the facts of contacts: as `facts_of` does for one, with buckets from ids where they are not given."""
    hidden = ~_identified(contacts)
    codes: dict[str, NDArray[np.int64]] = {}
    known: dict[str, Mapping[str, int]] = {}
    for fact in (*LABELS, "interval"):
        if fact in contacts:
            found, labels = pd.factorize(contacts[fact].map(label).astype(object), use_na_sentinel=True)
            codes[fact] = np.where(hidden, -1, found) if fact == "segment" else found.astype(np.int64)
            known[fact] = {str(name): code for code, name in enumerate(labels)}
    numbers = {fact: _buckets(contacts, fact) for fact in BUCKETS}
    if "value" in contacts:
        value = pd.to_numeric(contacts["value"], errors="coerce").to_numpy(float)
        numbers["value"] = np.where(hidden, np.nan, value)
    return Columns(len(contacts), codes, known, numbers)


def _identified(contacts: pd.DataFrame) -> Bools:
    """Contacts of customers who are known while they are routed."""
    told = contacts["identified"] if "identified" in contacts else pd.Series([None] * len(contacts), dtype=object)
    ids = contacts.get("customer_id")
    if ids is not None and not told.map(missing).all():
        pairs = zip(told, ids, strict=True)
        return np.array([identified({"identified": said, "customer_id": one}) for said, one in pairs], dtype=bool)
    if ids is not None:
        return np.asarray(ids.notna(), dtype=bool)
    return np.array([identified({"identified": said}) for said in told], dtype=bool)


def _buckets(contacts: pd.DataFrame, name: str) -> Floats:
    values = contacts[name].to_numpy(float) if name in contacts else np.full(len(contacts), np.nan)
    gaps = np.flatnonzero(np.isnan(values))
    if len(gaps):
        ids = contacts["contact_id"].astype(str).to_numpy()[gaps] if "contact_id" in contacts else [""] * len(gaps)
        values = values.copy()
        values[gaps] = [bucket(contact_id, name) for contact_id in ids]
    return values


def first_hit(rules: Sequence[Rule], columns: Columns) -> NDArray[np.int64]:
    """Position of the first rule each contact meets (-1: none)."""
    tests = []
    for rule in rules:
        hit = np.ones(columns.size, dtype=bool)
        for fact, wanted in rule.labels.items():
            hit &= columns.among(fact, wanted)
        for fact, (low, high) in rule.ranges.items():
            value = columns.number(fact)
            hit &= (value >= low) & (value < high)
        tests.append(hit)
    return first_true(tests, columns.size)


def first_true(tests: Sequence[Bools], size: int) -> NDArray[np.int64]:
    """Position of the first test each contact passes (-1: none)."""
    winner = np.full(size, -1, dtype=np.int64)
    for position in range(len(tests) - 1, -1, -1):
        winner[tests[position]] = position
    return winner
