"""Facts of several kinds as one CSV: what a command says in JSON, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def facts_csv(facts: Mapping[str, Any]) -> str:
    """Render facts as CSV with the columns `part`, `item`, `key`, `value`.

    Parameters
    ----------
    facts
        As they go into JSON. A mapping gives a row per key (`item`), a list a row per entry, counted from 1 (`item`),
        and a list of mappings a row per entry and key.
    """
    import pandas as pd

    from planner.runs.tables import csv_text

    rows = [row for part, value in facts.items() for row in _rows(str(part), value)]
    return csv_text(pd.DataFrame(rows, columns=["part", "item", "key", "value"], dtype=object))


def _rows(part: str, value: Any) -> Iterator[tuple[str, object, str, object]]:
    if isinstance(value, Mapping):
        for item, one in value.items():
            yield part, str(item), "", one
    elif isinstance(value, (list, tuple)):
        for number, one in enumerate(value, start=1):
            if isinstance(one, Mapping):
                for key, cell in one.items():
                    yield part, number, str(key), cell
            else:
                yield part, number, "", one
    else:
        yield part, "", "", value
