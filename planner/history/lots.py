"""Contacts of known customers in lots of whole customers, each lot sorted by customer, time and row.

Lots are small enough for a processor's cache, and two of them are worked on at a time. Memory is bounded however many
contacts there are: of very many the engine hands out one class of customers (by their hash) after another, from a table
of few columns that it spills to disk where it must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import ibis
import numpy as np
from numpy.typing import NDArray

from planner.history.coded_batches import Labels, coded_batches
from planner.history.columns import PERSON, ROW
from planner.history.engine import drop_kept, keep_coded
from planner.history.history import History
from planner.history.lot_order import customer_order
from planner.history.staged import CHANNEL_CODES, NO_REASON, REASON_CODES

MOST_IN_LOT = 750_000
MOST_HELD = 12_000_000
SAMPLED_CONTACTS = 1_000_000
"""The lots of customers with about so many contacts are asked for twice, and kept in between."""
_CODES = {"entry_reason": REASON_CODES, "reason": REASON_CODES, "channel": CHANNEL_CODES}
_COPY = "lot_rows"
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Lot:
    """All contacts of some customers, one entry each, by customer, time and row.

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
    begins
        Where each customer begins, and the number of entries.
    customer
        Hash of each customer.
    """

    row: NDArray[np.int32]
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
    begins: NDArray[np.int64]
    customer: NDArray[np.uint64]

    def reason_code(self, label: str) -> int:
        """Code of a reason, -2 where no contact has it."""
        return self.reasons.index(label) if label in self.reasons else -2


@dataclass
class Lots:
    """The lots of a history, one after another; nothing of them is kept after `close`.

    Up to `MOST_HELD` contacts are read once, in few columns, and cut into lots here; of more, the engine keeps a copy
    and hands out one lot after another.
    """

    history: History
    _held: _Few | None = field(default=None, init=False)
    _copy: ibis.Table | None = field(default=None, init=False)
    _lots: NDArray[np.uint16] | None = field(default=None, init=False)
    _sorted: dict[int, Lot] = field(default_factory=dict, init=False)

    @property
    def here(self) -> bool:
        """Whether so few contacts may stand in this process; of more, the engine keeps what it can spill to disk."""
        return self.history.quality.rows_kept <= MOST_HELD

    @property
    def classes(self) -> int:
        """Number of classes of customers, by their hash, of which one has about `SAMPLED_CONTACTS` contacts."""
        return max(1, self.history.quality.rows_kept // SAMPLED_CONTACTS)

    @property
    def count(self) -> int:
        """Number of lots, a multiple of that of the classes."""
        return self.classes * max(1, -(-self.history.quality.rows_kept // (self.classes * MOST_IN_LOT)))

    def each(self, work: Callable[[Lot], _Found], step: int = 1) -> Iterator[_Found]:
        """Do something with every lot (or every so many), in order; two at a time where they are held here."""
        wanted = range(0, self.count, step)
        if not self.here:
            yield from (work(self._lot(k)) for k in wanted)
            return
        self._class_of()
        with ThreadPoolExecutor(2) as pool:
            yield from pool.map(lambda k: work(self._lot(k)), wanted)

    def _lot(self, k: int) -> Lot:
        if k % self.classes:
            return self._drawn(k)
        if k not in self._sorted:
            self._sorted[k] = self._drawn(k)
        return self._sorted[k]

    def _drawn(self, k: int) -> Lot:
        """Fetch the customers whose hash is `k` modulo the number of lots."""
        if not self.here:
            connection = self.history.connection
            if self._copy is None:
                self._copy = keep_coded(connection, _COPY, _few_columns(self.history), _CODES)
            rows = self._copy.filter(self._copy[PERSON] % self.count == k)
            return _sorted(_read(connection, rows, self.history.quality.rows_kept))
        held = self._hold()
        return _sorted(held if self.count == 1 else held.part(np.flatnonzero(self._class_of() == k)))

    def _class_of(self) -> NDArray[np.uint16]:
        if self._lots is None:
            self._lots = (self._hold().person % np.uint64(self.count)).astype(np.uint16)
        return self._lots

    def _hold(self) -> _Few:
        if self._held is None:
            self._held = _read(self.history.connection, _few_columns(self.history), self.history.quality.rows_kept)
        return self._held

    def of_first(self, buckets: int, among: int) -> NDArray[np.int32]:
        """Rows of the customers whose hash modulo `among` is less than `buckets`; only where they are held here."""
        held = self._hold()
        return held.row[held.person % np.uint64(among) < buckets]

    def close(self) -> None:
        """Give up what is kept."""
        if self._copy is not None:
            drop_kept(self.history.connection, _COPY)
        self._copy = self._held = self._lots = None
        self._sorted = {}


@dataclass(frozen=True)
class _Few:
    """The few columns as arrays, as in `Lot`, in the order of the engine; `until` None where nobody was transferred."""

    row: NDArray[np.int32]
    person: NDArray[np.uint64]
    seconds: NDArray[np.float64]
    entry: NDArray[np.int32]
    reason: NDArray[np.int32]
    channel: NDArray[np.int32]
    abandoned: NDArray[np.bool_]
    until: NDArray[np.float64] | None
    reasons: list[str]
    channels: list[str]

    def part(self, keep: NDArray[np.intp]) -> _Few:
        """Keep some entries."""
        return replace(
            self, row=self.row[keep], person=self.person[keep], seconds=self.seconds[keep], entry=self.entry[keep],
            reason=self.reason[keep], channel=self.channel[keep], abandoned=self.abandoned[keep],
            until=None if self.until is None else self.until[keep],
        )  # fmt: skip


def _few_columns(history: History) -> ibis.Table:
    contacts = history.contacts
    if history.quality.share_anonymous > 0:
        contacts = contacts.filter(contacts[PERSON].notnull())
    seconds = contacts.started_at.epoch_seconds()
    further = {}
    if "transferred" not in history.quality.empty_columns:
        until = seconds.cast("int64") + (contacts.wait_s.fill_null(0.0) + contacts.handle_s.fill_null(0.0))
        further["until"] = ibis.ifelse(contacts.transferred.fill_null(False), until, ibis.null("float64"))
    return contacts.select(
        ROW, PERSON, *_CODES, seconds=seconds.cast("float64"), abandoned=contacts.abandoned.fill_null(False), **further
    )


def _read(connection: ibis.BaseBackend, rows: ibis.Table, most: int) -> _Few:
    """Read at most so many rows, a batch at a time."""
    row, person, seconds = np.empty(most, np.int32), np.empty(most, np.uint64), np.empty(most)
    entry, reason, channel = (np.empty(most, np.int32) for _ in range(3))
    abandoned, until = np.empty(most, np.bool_), np.empty(most) if "until" in rows.columns else None
    reasons, channels, end = Labels(), Labels(), 0
    for batch in coded_batches(connection, rows):
        span = slice(end, end := end + len(batch))
        row[span], person[span], seconds[span] = (batch.numbers(name) for name in (ROW, PERSON, "seconds"))
        abandoned[span] = batch.numbers("abandoned")
        entry[span], reason[span] = (reasons.codes(batch.columns.column(name)) for name in ("entry_reason", "reason"))
        channel[span] = channels.codes(batch.columns.column("channel"))
        if until is not None:
            until[span] = batch.numbers("until")
    topics, place = reasons.alphabetical(NO_REASON)
    named, at = channels.alphabetical()
    for codes, places in ((entry, place), (reason, place), (channel, at)):
        # Labels that the engine codes come in alphabetical order already.
        if (np.diff(places[:-1]) != 1).any():
            codes[:end] = places[codes[:end]]
    return _Few(
        row=row[:end], person=person[:end], seconds=seconds[:end], entry=entry[:end], reason=reason[:end],
        channel=channel[:end], abandoned=abandoned[:end], until=None if until is None else until[:end],
        reasons=topics, channels=named,
    )  # fmt: skip


def _sorted(few: _Few) -> Lot:
    order, begins = customer_order(few.person, few.seconds, few.row)
    # Put in order once: the sweeps then walk through memory instead of leaping about in it.
    few = few.part(order)
    missing = np.int32(few.reasons.index(NO_REASON))
    return Lot(
        row=few.row,
        seconds=few.seconds,
        at=np.rint(few.seconds),
        topic=np.where(few.reason >= 0, few.reason, np.where(few.entry >= 0, few.entry, missing)),
        entry=few.entry,
        filed=np.where(few.entry >= 0, few.entry, few.reason),
        channel=few.channel,
        abandoned=few.abandoned,
        until=np.full(len(few.row), np.nan) if few.until is None else few.until,
        reasons=few.reasons,
        channels=few.channels,
        begins=begins,
        customer=few.person[begins[:-1]],
    )
