"""Sums by groups of rows against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.experience.sums import group_numbers, summed


def table(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    text = rng.choice(["b", "a", "zz", "c"], rows)
    return pd.DataFrame(
        {
            "coded": pd.Categorical(text, categories=["zz", "a", "b", "c", "never"]),
            "gaps": pd.Categorical(np.where(rng.random(rows) < 0.2, None, text)),
            "text": text.astype(object),
            "number": rng.integers(-3, 5, rows),
            "far": rng.integers(0, 2**40, rows) // 2**37,
            "flag": rng.random(rows) < 0.5,
            "x": rng.standard_normal(rows),
            "n": rng.integers(0, 9, rows),
        }
    )


@pytest.mark.parametrize(
    "keys",
    [["coded"], ["number", "coded"], ["text", "flag", "far"], ["gaps", "number"], ["far", "number", "coded", "text"]],
)
@pytest.mark.parametrize("rows", [0, 1, 7, 500])
def test_sums_and_numbers_are_those_of_pandas(keys: list[str], rows: int) -> None:
    frame = table(rows, rows)
    grouped = frame.groupby(keys, observed=True, sort=True, as_index=False)
    expected = grouped[["x", "n"]].sum()
    pd.testing.assert_frame_equal(summed(frame, keys, ["x", "n"]), expected, check_dtype=rows > 0)
    number, labels = group_numbers(frame, keys)
    assert len(labels) == len(expected)
    if rows:
        np.testing.assert_array_equal(number, np.nan_to_num(grouped.ngroup(), nan=-1.0).astype(int))


def test_rows_that_differ_and_are_sorted_stay_as_they_are() -> None:
    frame = summed(table(400, 1), ["coded", "far", "number"], ["x"])
    pd.testing.assert_frame_equal(summed(frame, ["coded", "far", "number"], ["x"]), frame)


def test_more_kinds_than_whole_numbers_hold_are_packed_in_steps() -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({f"k{k}": rng.integers(0, 2, 60) * (2**30) for k in range(5)}).assign(x=1.0)
    keys = [f"k{k}" for k in range(5)]
    expected = frame.groupby(keys, as_index=False)[["x"]].sum()
    pd.testing.assert_frame_equal(summed(frame, keys, ["x"]), expected)
