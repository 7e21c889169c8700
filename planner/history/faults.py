"""Rows that cannot be used: found in scans of the file, kept as a short list of row numbers beside it."""

from __future__ import annotations

import ibis
import numpy as np

from planner.history.canonical import EARLY, FUTURE, Plan
from planner.history.coded_batches import coded_batches
from planner.history.columns import ROW
from planner.history.engine import count_if, hash64
from planner.history.engines import local_engine_of
from planner.history.mapping import ColumnRule
from planner.history.staged import Staged

_FEW = 0.01
_DOUBLE = "contact_id is a duplicate (the first row is kept)"
_MARKS_PER_ROW = 8
_SHORT = [ROW, "problem", "example"]


def faulty_rows(
    connection: ibis.BaseBackend, plan: Plan, staged: Staged, total: int
) -> tuple[ibis.Table | None, dict[str, int]]:
    """List the rows with a problem, None where there are none; and count those let pass, by problem.

    The list has `row_id, problem, example`. A few stamps in the future or before all logs are typing errors and
    placeholders; many (over 1 %) are a made-up history, or a wrong clock on this machine, and are kept. Of rows with
    the same `contact_id` the first in the file is good.
    """
    counted = staged.counted
    if _numbered_once(connection, plan, total) and not bool(counted.faulty.any().execute()):
        return None, {}
    # Different hashes are different ids; equal ones are looked at below, by the ids themselves.
    ids = hash64(counted.contact_id).nunique(where=~counted.faulty)
    seen = counted.aggregate(faulty=count_if(counted.faulty), ids=ids).execute().iloc[0]
    faulty = int(seen["faulty"])
    if not faulty and int(seen["ids"]) == total:
        return None, {}
    bad = connection.create_table("faulty", staged.problems.filter(staged.problems.faulty).select(*_SHORT), temp=True)
    stamps = {"early": EARLY, "late": FUTURE}
    counts = bad.aggregate(**{name: count_if(bad.problem == words) for name, words in stamps.items()}).execute().iloc[0]
    passed = {words: int(counts[name]) for name, words in stamps.items() if counts[name] > _FEW * total}
    if passed:
        bad = connection.create_table("faulty_not_passed", bad.filter(~bad.problem.isin([*passed])), temp=True)
    elif int(seen["ids"]) == total - faulty:
        return bad, {}
    good = counted.anti_join(bad, ROW)
    times = good.group_by("contact_id").aggregate(first_row=good[ROW].min(), times=good.count())
    times = times.filter(times.times > 1)
    repeated = good.inner_join(times, "contact_id")
    repeated = repeated.filter(repeated[ROW] > repeated.first_row)
    doubles = repeated.select(ROW, problem=ibis.literal(_DOUBLE), example=repeated.contact_id)
    listed = connection.create_table("faulty_and_double", ibis.union(bad, doubles), temp=True)
    return (listed if int(listed.count().execute()) else None), passed


def _numbered_once(connection: ibis.BaseBackend, plan: Plan, total: int) -> bool:
    """Whether contacts have integers for ids, no two the same: seen by a mark for each, which costs little.

    False where ids are no integers, or so far apart that marks would take too much memory.
    """
    rule, table = plan.rules.get("contact_id"), plan.source.table
    if rule is None or rule.source is None or rule != ColumnRule.model_validate(rule.source):
        return False
    if not table[rule.source].type().is_integer() or local_engine_of(connection) is None:
        return False
    ids = table[rule.source].try_cast("int64")
    ends = table.aggregate(least=ids.min(), most=ids.max(), known=ids.count()).execute().iloc[0]
    if int(ends["known"]) < total or int(ends["most"]) - int(ends["least"]) >= _MARKS_PER_ROW * total:
        return False
    seen = np.zeros(int(ends["most"]) - int(ends["least"]) + 1, dtype=np.bool_)
    for batch in coded_batches(connection, table.select(contact_number=ids)):
        seen[batch.numbers("contact_number") - int(ends["least"])] = True
    return int(np.count_nonzero(seen)) == total


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
