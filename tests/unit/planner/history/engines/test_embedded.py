"""Labels kept as codes: whatever way they come, they read as the text they were."""

import ibis
import numpy as np
import pyarrow as pa
import pytest

from planner.history.engine import declare_codes, keep_coded, kept_table
from planner.history.engines import held_name, local_engine_of
from planner.history.source import connect

FEW = ["", "a b", "it's", "naïve", "z"]
MANY = [f"label {k:03d}" for k in range(250)]


@pytest.mark.parametrize("labels", [FEW, MANY])
@pytest.mark.parametrize("view", [False, True])
def test_coded_columns_read_as_their_text(labels: list[str], view: bool) -> None:
    connection = connect()
    rng = np.random.default_rng(1)
    texts = [None if k < 0 else labels[k] for k in rng.integers(-1, len(labels), 3_000)]
    rows = connection.create_table("plain", pa.table({"place": np.arange(len(texts)), "label": texts}))
    assert declare_codes(connection, "kind", labels)
    kept = keep_coded(connection, "kept", rows, {"label": "kind", "no_such_column": "kind"}, view=view)
    assert _kind(connection, "kept").startswith("ENUM")
    assert kept.order_by("place").label.to_pyarrow().cast("string").to_pylist() == texts
    again = keep_coded(connection, "again", kept, {"label": "kind"})
    assert _kind(connection, "again") == _kind(connection, "kept")
    assert again.order_by("place").label.to_pyarrow().cast("string").to_pylist() == texts


@pytest.mark.parametrize("labels", [FEW, MANY])
@pytest.mark.parametrize("copied", [False, True])
def test_rows_made_here_are_read_under_the_codes_of_the_engine(labels: list[str], copied: bool) -> None:
    connection = connect()
    engine = local_engine_of(connection)
    assert engine is not None
    declare_codes(connection, "kind", labels)
    known = engine.labels(connection, "kind")
    assert known == sorted(labels)
    assert engine.labels(connection, "undeclared") == []
    places = np.random.default_rng(2).integers(0, len(known) + 1, 900)
    rows = pa.table({"place": pa.array(np.arange(900), pa.int32()), "label": pa.array(places, pa.uint16())})
    parts = (rows.slice(0, 400), rows.slice(400, 0), rows.slice(400))
    made = engine.hold(connection, "made", parts, {"label": "kind"}, {"place": "BIGINT"}, copied=copied)
    made = made.order_by("place")
    assert made.schema()["place"].is_int64()
    assert (kept_table(connection, held_name("made")) is None) == copied
    if not copied:
        held = connection.table(held_name("made")).order_by("place")
        assert held.label.to_pyarrow().to_pylist() == places.tolist()
    assert _kind(connection, "made").startswith("ENUM")
    expected = [None if k == 0 else known[k - 1] for k in places]
    assert made.label.to_pyarrow().cast("string").to_pylist() == expected


def _kind(connection: ibis.BaseBackend, table: str) -> str:
    return str(connection.raw_sql(f"SELECT typeof(label) FROM {table} LIMIT 1").fetchall()[0][0])
