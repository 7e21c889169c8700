"""Rows that cannot be used: found in scans of the file, kept as a short list of row numbers beside it."""

from __future__ import annotations

import ibis

from planner.history.columns import ROW
from planner.history.engine import count_if, hash64

FUTURE = "started_at lies in the future"
_FEW_FUTURE = 0.01
_DOUBLE = "contact_id is a duplicate (the first row is kept)"
_SHORT = [ROW, "problem", "example"]


def faulty_rows(connection: ibis.BaseBackend, rows: ibis.Table, total: int) -> tuple[ibis.Table, int]:
    """List the rows with a problem: `row_id, problem, example`; and count those whose future stamp is let pass.

    A few stamps in the future are typing errors; many (over 1 %) are a made-up history, or a wrong clock on this
    machine, and are kept. Of rows with the same `contact_id` the first in the file is good.
    """
    bad = connection.create_table("faulty", rows.filter(rows.faulty).select(*_SHORT), temp=True)
    late = int(bad.aggregate(late=count_if(bad.problem == FUTURE)).execute().iloc[0]["late"])
    passed = late if late > _FEW_FUTURE * total else 0
    if passed:
        bad = connection.create_table("faulty_not_late", bad.filter(bad.problem != FUTURE), temp=True)
    good = without(rows, bad)
    # Different hashes are different ids; equal ones are looked at below, by the ids themselves.
    ids = int(good.aggregate(ids=hash64(good.contact_id).nunique()).execute().iloc[0]["ids"])
    if ids == total - int(bad.count().execute()):
        return bad, passed
    times = good.group_by("contact_id").aggregate(first_row=good[ROW].min(), times=good.count())
    times = times.filter(times.times > 1)
    repeated = good.inner_join(times, "contact_id")
    repeated = repeated.filter(repeated[ROW] > repeated.first_row)
    doubles = repeated.select(ROW, problem=ibis.literal(_DOUBLE), example=repeated.contact_id)
    return connection.create_table("faulty_and_double", ibis.union(bad, doubles), temp=True), passed


def without(rows: ibis.Table, bad: ibis.Table) -> ibis.Table:
    """Leave out the rows listed as bad."""
    return rows.anti_join(bad, ROW) if int(bad.count().execute()) else rows


def judged(rows: ibis.Table, bad: ibis.Table) -> ibis.Table:
    """Give all rows the problem and the example of the list (NULL for good rows)."""
    plain = rows.drop("faulty", "problem", "example")
    if not int(bad.count().execute()):
        return plain.mutate(problem=ibis.null("string"), example=ibis.null("string"))
    listed = bad.rename(bad_row=ROW)
    return plain.left_join(listed, plain[ROW] == listed.bad_row).drop("bad_row")
