"""Contacts of a source put on the engine once, so that no later question has to read the source again."""

from __future__ import annotations

from dataclasses import dataclass

import ibis

from planner.history.canonical import Plan, with_hashed_ids
from planner.history.engine import declare_codes, keep_coded
from planner.history.fetched import labeled_frame
from planner.history.mapping import Layout
from planner.history.source import Format

MOST_COPIED = 3_000_000
"""Above it a typed file is read again whenever it is asked: a copy would take more memory than time is won."""
NO_REASON = "(none)"
REASON_CODES, CHANNEL_CODES = "reason_code", "channel_code"
STAGE_CODES, KIND_CODES = "stage_code", "kind_code"
LABEL_CODES = {
    "entry_reason": REASON_CODES,
    "reason": REASON_CODES,
    "disposition": "disposition_code",
    "channel": CHANNEL_CODES,
    "segment": "segment_code",
    "pool": "pool_code",
}
"""Label columns and the types their labels are coded in; both reasons share one."""

_MOST_LABELS = 10_000


@dataclass(frozen=True)
class Staged:
    """The rows of a source in three views.

    Attributes
    ----------
    rows
        Canonical columns, ids hashed: what a history keeps.
    counted
        The same, `identified` and `faulty`, with ids that are cheaper to read: for counting alone.
    problems
        `row_id, faulty, problem, example` among other columns.
    """

    rows: ibis.Table
    counted: ibis.Table
    problems: ibis.Table


def stage_rows(connection: ibis.BaseBackend, plan: Plan, read: ibis.Table, salt: str, total: int) -> Staged:
    """Keep rows on the engine with their labels coded.

    Rows of a database, and text that must be parsed, are copied, and so is a typed Parquet file of up to `MOST_COPIED`
    contacts (whose parts the engine would otherwise scan on one thread each); a larger one is scanned each time, column
    by column.
    """
    if plan.source.format is Format.POSTGRES:
        staged = connection.create_table("staged", with_hashed_ids(read, plan, salt), temp=True)
        return Staged(
            staged.drop("identified", "faulty", "problem", "example"), staged.drop("problem", "example"), staged
        )
    lazily = _scannable(plan) and total > MOST_COPIED
    present = [name for name in read.columns if name not in ("problem", "example", *_empty(plan))]
    codes = _declared(connection, read, [name for name in LABEL_CODES if name in present])
    kept = keep_coded(connection, "staged", read.select(*present), codes, view=lazily)
    # Columns the source has not take no room.
    nothing = {name: ibis.null(read[name].type()) for name in _empty(plan)}
    staged = kept.mutate(**nothing).select(*[name for name in read.columns if name not in ("problem", "example")])
    return Staged(with_hashed_ids(staged.drop("identified", "faulty"), plan, salt), staged, read)


def _empty(plan: Plan) -> list[str]:
    """Columns that the source has not; one reason stands for the other."""
    reasons = ("entry_reason", "reason")
    either = not all(name in plan.absent for name in reasons)
    return [name for name in plan.absent if not (either and name in reasons)]


def _scannable(plan: Plan) -> bool:
    """Whether the source can be read again and again: typed columns, as in Parquet."""
    rule = plan.rules["started_at"]
    typed = rule.source is not None and not plan.source.table[rule.source].type().is_string()
    return plan.source.format is Format.PARQUET and typed and plan.mapping.layout is not Layout.COUNTS


def _declared(connection: ibis.BaseBackend, rows: ibis.Table, columns: list[str]) -> dict[str, str]:
    """Declare a type for the labels of every column that has few of them: column -> type."""
    # Of one column the engine looks at the entries of its dictionary; with a second one beside it, at every row.
    some = [rows.select(label=rows[name]).distinct().limit(_MOST_LABELS + 1) for name in columns]
    seen = labeled_frame(
        ibis.union(
            *(part.select(which=ibis.literal(name), label=part.label) for name, part in zip(columns, some, strict=True))
        )
    ).dropna()
    labels = {name: part["label"].tolist() for name, part in seen.groupby("which")}
    kinds: dict[str, list[str]] = {REASON_CODES: [NO_REASON]}
    for name in columns:
        kinds.setdefault(LABEL_CODES[name], []).extend(labels.get(name, []))
    few = {kind for kind, found in kinds.items() if len(found) <= _MOST_LABELS}
    declared = {kind for kind in few if declare_codes(connection, kind, kinds[kind])}
    return {name: LABEL_CODES[name] for name in columns if LABEL_CODES[name] in declared}
