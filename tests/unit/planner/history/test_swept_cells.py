"""Cells counted in this process are those of the engine's GROUP BYs, to the last bit."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import planner.history.cell_tables as cell_tables
import planner.history.swept_cells as swept_cells
from planner.history import History, stitch_issues
from planner.history.bands import find_bands
from planner.history.cell_tables import CellTables, Counting, counted_tables
from planner.history.measures import Measures, look_at_numbers
from planner.history.outcomes import outcome_value
from planner.history.swept_cells import swept_tables
from planner.history.tally import Key, Measure, Tally
from planner.history.tally_kernels import COUNT, SQUARE, SUM
from planner.history.volumes import _counted_volumes, _swept_volumes

COVARIATES = ("severity", "affinity", "age")


@pytest.fixture
def history(load: Callable) -> History:
    rng = np.random.default_rng(7)
    n = 3_000
    frame = pd.DataFrame(
        {
            "customer_id": [None if k % 7 == 0 else f"k{rng.integers(500)}" for k in range(n)],
            "started_at": pd.Timestamp("1969-12-20 08:00") + pd.to_timedelta(rng.uniform(0, 40 * 86_400, n), unit="s"),
            "channel": rng.choice(["voice", "chat", "Ärger"], n),
            "entry_reason": rng.choice(["fees", "login", "card", None], n),
            "segment": rng.choice(["gold", "basic", None], n),
            "disposition": rng.choice(["solved", "open", None], n),
            "wait_s": np.where(rng.random(n) < 0.1, np.nan, rng.exponential(40, n).round(6)),
            "handle_s": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(6, 1.5, n)),
            "csat": np.where(rng.random(n) < 0.4, rng.integers(1, 6, n), np.nan),
            "abandoned": rng.random(n) < 0.1,
            "transferred": rng.random(n) < 0.1,
            "severity": rng.normal(size=n),
            "affinity": np.where(rng.random(n) < 0.1, np.nan, rng.random(n).round(1)),
            "age": rng.integers(18, 90, n),
            "invited": rng.integers(0, 2, n).astype(float),
        }
    )
    frame["reason"] = np.where(frame["abandoned"], None, frame["entry_reason"])
    return load(frame.to_dict("records"))


def asked(history: History, outcome: str, *, dispositions: bool = True) -> Counting:
    stitched = stitch_issues(history, 7.0)
    stitched = stitched.mutate(y=outcome_value(history, stitched, outcome))
    numbers = look_at_numbers(history.contacts, ["wait_s", "handle_s", "invited", *COVARIATES])
    bands = find_bands(stitched, numbers.rows, COVARIATES)
    return Counting(history, outcome, 7.0, bands, Measures(COVARIATES, tuple(bands.knots), numbers, 5.0), dispositions)


def same(one: CellTables | None, other: CellTables) -> None:
    assert one is not None
    for name in ("main", "waits", "weeks"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert len(mine) > 20
        pd.testing.assert_frame_equal(mine[list(theirs)], theirs, check_exact=True, check_dtype=False, obj=name)


@pytest.mark.parametrize("outcome", ["csat", "fcr", "composite", "transferred"])
def test_tables_equal_those_of_the_engine(history: History, outcome: str) -> None:
    counting = asked(history, outcome)
    same(swept_tables(counting), counted_tables(counting))


def test_tables_are_equal_without_closing_codes_and_with_too_many_wait_cells(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = asked(history, "csat", dispositions=False)
    for most in (40, 60_000):
        monkeypatch.setattr(cell_tables, "MOST_WAIT_CELLS", most)
        monkeypatch.setattr(swept_cells, "MOST_WAIT_CELLS", most)
        swept, counted = swept_tables(counting), counted_tables(counting)
        same(swept, counted)
        assert swept is not None
        assert swept.waits["disposition"].isna().all()


def test_volumes_equal_those_of_the_engine(history: History) -> None:
    for interval in (15, 60):
        swept, counted = (count(history, 7.0, interval) for count in (_swept_volumes, _counted_volumes))
        assert swept is not None
        assert len(swept) > 100
        pd.testing.assert_frame_equal(swept, counted, check_exact=True, check_dtype=False)


def test_large_sums_are_exact() -> None:
    values = np.array([[1e6 + 0.000001, 3e6, np.nan, -2.5, 0.0000005]])
    measures = [Measure("n", COUNT, "x"), Measure("s", SUM, "x", 3e6), Measure("q", SQUARE, "x", 9e12 - 1)]
    tally = Tally([Key("k", 3, 4)], measures, ["k"], ["x"], rows=10**9)
    codes = np.array([[6, 6, 6, 4, 4]], dtype=np.int32)
    for _ in range(3):
        tally.add(codes, values)
    frame = tally.frame()
    assert frame["k"].tolist() == [4, 6]
    assert frame["cnt"].tolist() == [6, 9]
    assert frame["n"].tolist() == [6, 6]
    assert frame["s"].tolist() == [3 * (-2_500_000 + 1) / 1e6, 3 * 4_000_000_000_001 / 1e6]
    exact = 3 * (int(round((1e6 + 0.000001) ** 2 * 1e6)) + 9 * 10**18)
    assert frame["q"].tolist() == [3 * 6_250_000 / 1e6, exact / 10**6]


def test_tables_keep_none_of_the_sums_they_came_from() -> None:
    rows = 100_000
    measures = [Measure(f"n{k}", SUM if k % 2 else COUNT, "x") for k in range(20)]
    tally = Tally([Key("k", rows)], measures, ["k"], ["x"], rows)
    codes, values = np.arange(rows, dtype=np.int32)[None], np.ones((1, rows))
    tally.add(codes, values)
    tracemalloc.start()
    frame = tally.frame()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert frame["n3"].sum() == rows
    alone = (len(measures) + 2) * rows * 8
    assert held < 1.1 * alone
    assert peak < 1.3 * alone


def test_a_sweep_lets_go_of_what_it_has_laid_out(history: History) -> None:
    counting = asked(history, "csat")
    sweep = swept_cells._Sweep(counting, swept_cells.stitched_codes(history, 7.0), list(swept_cells.WAIT_LABELS))
    swept_cells._feed(counting, sweep)
    assert len(sweep.table("main")) > 100
    assert "main" not in sweep.tallies


def test_too_many_combinations_are_refused() -> None:
    with pytest.raises(OverflowError, match="combinations"):
        Tally([Key("a", 2**40), Key("b", 2**30)], [], ["a", "b"], [], 1)
    with pytest.raises(OverflowError):
        Tally([Key("a", 2)], [Measure("s", SUM, "x", 1e13)], ["a"], ["x"], 1)
