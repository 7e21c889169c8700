"""Contacts of known customers fetched in lots of whole customers, each lot sorted by customer, time and row.

A lot takes the memory of a few million contacts, however many there are: the engine hands out one class of customers
(by their hash) after another, from a table of few columns that it spills to disk where it must.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from planner.history.columns import PERSON, ROW
from planner.history.engine import drop_kept, keep_coded
from planner.history.engines import engine_of
from planner.history.fetched import coded_column
from planner.history.history import History
from planner.history.lot_order import customer_order
from planner.history.staged import CHANNEL_CODES, NO_REASON, REASON_CODES

MOST_IN_LOT = 1_500_000
_CODES = {"entry_reason": REASON_CODES, "reason": REASON_CODES, "channel": CHANNEL_CODES}
_COPY = "lot_rows"


@dataclass(frozen=True)
class Lot:
    """All contacts of some customers, one entry each in the order in which they came from the engine.

    Attributes
    ----------
    row, seconds, at
        `row_id`; start in seconds since 1970, and the same in whole seconds.
    topic, entry, filed, channel
        Codes of `reasons` and `channels`, as `narrow.narrow_contacts` names them; -1 where missing.
    abandoned, until
        Whether nobody served it; when it ended if it was transferred, NaN if not.
    reasons, channels
        Texts of the codes, in alphabetical order.
    order, begins
        Entries by customer, time and row; where in it each customer begins, and its length.
    customer
        Hash of each customer.
    """

    row: NDArray[np.int64]
    seconds: NDArray[np.float64]
    at: NDArray[np.float64]
    topic: NDArray[np.int32]
    entry: NDArray[np.int32]
    filed: NDArray[np.int32]
    channel: NDArray[np.int32]
    abandoned: NDArray[np.bool_]
    until: NDArray[np.float64]
    reasons: list[str]
    channels: list[str]
    order: NDArray[np.int64]
    begins: NDArray[np.int64]
    customer: NDArray[np.uint64]

    def reason_code(self, label: str) -> int:
        """Code of a reason, -2 where no contact has it."""
        return self.reasons.index(label) if label in self.reasons else -2


@dataclass
class Lots:
    """The lots of a history; a single one is kept in memory, more of them on the engine until `close`."""

    history: History
    _only: Lot | None = field(default=None, init=False)
    _copy: ibis.Table | None = field(default=None, init=False)

    @property
    def count(self) -> int:
        """Number of lots."""
        return max(1, -(-self.history.quality.rows_kept // MOST_IN_LOT))

    def __iter__(self) -> Iterator[Lot]:
        """Fetch one lot after another."""
        if self.count > 1:
            for k in range(self.count):
                yield self.drawn(self.count, k)
            return
        if self._only is None:
            self._only = self.drawn(1, 0)
        yield self._only

    def drawn(self, classes: int, of: int) -> Lot:
        """Fetch the customers whose hash is `of` modulo `classes`."""
        connection = self.history.connection
        if self.count > 1 and self._copy is None:
            self._copy = keep_coded(connection, _COPY, _few_columns(self.history), _CODES)
        rows = _few_columns(self.history) if self._copy is None else self._copy
        if classes > 1:
            rows = rows.filter(rows[PERSON] % classes == of)
        return _sorted(engine_of(connection).fetch(connection, rows))

    def close(self) -> None:
        """Give up what is kept."""
        if self._copy is not None:
            drop_kept(self.history.connection, _COPY)
        self._copy = self._only = None


def _few_columns(history: History) -> ibis.Table:
    contacts = history.contacts
    contacts = contacts.filter(contacts[PERSON].notnull())
    seconds = contacts.started_at.epoch_seconds()
    further = {}
    if "transferred" not in history.quality.empty_columns:
        until = seconds.cast("int64") + (contacts.wait_s.fill_null(0.0) + contacts.handle_s.fill_null(0.0))
        further["until"] = ibis.ifelse(contacts.transferred.fill_null(False), until, ibis.null("float64"))
    return contacts.select(
        ROW, PERSON, *_CODES, seconds=seconds.cast("float64"), abandoned=contacts.abandoned.fill_null(False), **further
    )


def _sorted(fetched: pa.Table) -> Lot:
    entry, reason, reasons = _reasons(fetched.column("entry_reason"), fetched.column("reason"))
    channel, channels = _coded(fetched.column("channel"))
    row, person, seconds = (fetched.column(name).to_numpy() for name in (ROW, PERSON, "seconds"))
    order, begins = customer_order(person, seconds, row)
    until = fetched.column("until").to_numpy() if "until" in fetched.column_names else np.full(len(row), np.nan)
    return Lot(
        row=row,
        seconds=seconds,
        at=np.rint(seconds),
        topic=np.where(reason >= 0, reason, np.where(entry >= 0, entry, np.int32(reasons.index(NO_REASON)))),
        entry=entry,
        filed=np.where(entry >= 0, entry, reason),
        channel=channel,
        abandoned=fetched.column("abandoned").to_numpy(),
        until=until,
        reasons=reasons,
        channels=channels,
        order=order,
        begins=begins,
        customer=person[order[begins[:-1]]],
    )


def _reasons(entry: pa.ChunkedArray, reason: pa.ChunkedArray) -> tuple[NDArray[np.int32], NDArray[np.int32], list[str]]:
    """Codes of both reasons in one list of labels."""
    parts = [_coded(entry), _coded(reason)]
    reasons = sorted({NO_REASON, *parts[0][1], *parts[1][1]})
    place = {label: k for k, label in enumerate(reasons)}
    both = []
    for codes, labels in parts:
        new = np.array([*(place[label] for label in labels), -1], dtype=np.int32)
        both.append(new[codes])
    return both[0], both[1], reasons


def _coded(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], list[str]]:
    codes, labels = coded_column(column)
    if labels is None:  # a column of nothing
        return np.full(len(column), -1, dtype=np.int32), []
    texts = [str(label) for label in labels[:-1]]
    return np.where(codes < len(texts), codes, -1).astype(np.int32), texts
