"""Counts per interval read as contacts: one row per counted contact, starting with its interval."""

from __future__ import annotations

import dataclasses

import ibis

from planner.errors import HistoryError, Issue
from planner.history.columns import ROW
from planner.history.engine import count_if
from planner.history.mapping import Mapping, did_you_mean
from planner.history.source import Source
from planner.history.values import number

_MOST = 50_000_000


def counted_contacts(connection: ibis.BaseBackend, source: Source, mapping: Mapping) -> Source:
    """Repeat each row of a count file as often as its volume says, with a `contact_id` of its own.

    Raises
    ------
    HistoryError
        If the volume is missing, negative, not whole, or unreasonably large.
    """
    rule = mapping.columns.get("volume")
    name = rule.source if rule is not None and rule.source is not None else "volume"
    table = source.table
    if name not in table.columns:
        hint = did_you_mean(name, tuple(table.columns))
        message = f"a count file needs its volume: no column {name!r}{hint}; name it as `columns: {{volume: ...}}`"
        raise HistoryError([Issue(str(source.path), None, None, "columns.volume", message)])
    volume = number(table[name], source.csv)
    row = table.aggregate(
        bad=count_if(volume.isnull() | (volume < 0) | (volume != volume.round())), total=volume.sum()
    ).execute()
    bad, total = int(row.iloc[0]["bad"]), float(row.iloc[0]["total"] or 0)
    if bad or total > _MOST:
        words = f"{bad} volumes are missing, negative or not whole" if bad else f"{total:,.0f} contacts are too many"
        raise HistoryError([Issue(str(source.path), None, None, name, f"{words}; give whole contacts per interval")])
    repeated = table.mutate(counted=ibis.range(0, volume.cast("int64")).unnest())
    identity = repeated[ROW].cast("string") + "-" + repeated.counted.cast("string")
    contacts = repeated.mutate(contact_id=identity).drop("counted", ROW).mutate(**{ROW: ibis.row_number()})
    return dataclasses.replace(source, table=connection.create_table("counted", contacts, temp=True))
