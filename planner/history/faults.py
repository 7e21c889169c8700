"""Rows that cannot be used: found in scans of the file, kept as a short list of row numbers beside it."""

from __future__ import annotations

import ibis

from planner.history.columns import ROW
from planner.history.engine import count_if, hash64
from planner.history.staged import Staged

FUTURE = "started_at lies in the future"
_FEW_FUTURE = 0.01
_DOUBLE = "contact_id is a duplicate (the first row is kept)"
_SHORT = [ROW, "problem", "example"]


def faulty_rows(connection: ibis.BaseBackend, staged: Staged, total: int) -> tuple[ibis.Table | None, int]:
    """List the rows with a problem, None where there are none; and count those whose future stamp is let pass.

    The list has `row_id, problem, example`. A few stamps in the future are typing errors; many (over 1 %) are a made-up
    history, or a wrong clock on this machine, and are kept. Of rows with the same `contact_id` the first in the file is
    good.
    """
    counted = staged.counted
    # Different hashes are different ids; equal ones are looked at below, by the ids themselves.
    ids = hash64(counted.contact_id).nunique(where=~counted.faulty)
    seen = counted.aggregate(faulty=count_if(counted.faulty), ids=ids).execute().iloc[0]
    faulty = int(seen["faulty"])
    if not faulty and int(seen["ids"]) == total:
        return None, 0
    bad = connection.create_table("faulty", staged.problems.filter(staged.problems.faulty).select(*_SHORT), temp=True)
    late = int(bad.aggregate(late=count_if(bad.problem == FUTURE)).execute().iloc[0]["late"])
    passed = late if late > _FEW_FUTURE * total else 0
    if passed:
        bad = connection.create_table("faulty_not_late", bad.filter(bad.problem != FUTURE), temp=True)
    elif int(seen["ids"]) == total - faulty:
        return bad, 0
    good = counted.anti_join(bad, ROW)
    times = good.group_by("contact_id").aggregate(first_row=good[ROW].min(), times=good.count())
    times = times.filter(times.times > 1)
    repeated = good.inner_join(times, "contact_id")
    repeated = repeated.filter(repeated[ROW] > repeated.first_row)
    doubles = repeated.select(ROW, problem=ibis.literal(_DOUBLE), example=repeated.contact_id)
    listed = connection.create_table("faulty_and_double", ibis.union(bad, doubles), temp=True)
    return (listed if int(listed.count().execute()) else None), passed


def without(rows: ibis.Table, bad: ibis.Table | None) -> ibis.Table:
    """Leave out the rows listed as bad."""
    return rows if bad is None else rows.anti_join(bad, ROW)


def judged(rows: ibis.Table, bad: ibis.Table | None) -> ibis.Table:
    """Say of every row whether it is `good`: not in the list; without a list there is no such column."""
    if bad is None:
        return rows
    listed = bad.select(bad_row=ROW)
    joined = rows.left_join(listed, rows[ROW] == listed.bad_row)
    return joined.mutate(good=joined.bad_row.isnull()).drop("bad_row")
