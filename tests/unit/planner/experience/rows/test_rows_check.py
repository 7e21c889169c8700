"""From a history to the check: sampling by customer, order of rows, marks where the two methods differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from row_worlds import make_rows

import planner
from planner.errors import HistoryError
from planner.experience.rows import compare_means, over_segments, row_check, row_means
from planner.history import History
from planner.history.rows import contact_rows

ASKED = {"outcome": "csat", "covariates": ("severity",)}


def loaded(rows: pd.DataFrame, folder: Path) -> History:
    path = folder / "contacts.parquet"
    rows.to_parquet(path)
    return planner.load_history(path, salt="rows")


def cells(mean: list[float], sd: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"reason": ["a", "b", "c"], "channel": "x", "mean": mean, "sd": sd})


def test_cells_more_than_two_joint_errors_apart_are_marked() -> None:
    table = compare_means(cells([4.0, 4.0, np.nan], [0.1, 0.1, 0.1]), cells([4.25, 4.15, 4.0], [0.12, 0.12, 0.1]))
    assert table["difference"].tolist()[:2] == pytest.approx([-0.25, -0.15])
    assert table["z"].tolist()[:2] == pytest.approx([-0.25 / 0.12, -0.15 / 0.12])
    assert table["model_dependent"].tolist() == [True, False, False]
    assert np.isnan(table["z"].iloc[2])


def test_a_cell_the_rows_do_not_know_is_not_marked() -> None:
    table = compare_means(cells([4.0, 4.0, 4.0], [0.1] * 3), cells([1.0, 4.0, 4.0], [0.1] * 3).iloc[1:])
    assert not table["model_dependent"].any()
    assert table["mean_rows"].isna().tolist() == [True, False, False]


def test_segments_are_weighted_by_their_customers() -> None:
    table = pd.DataFrame(
        [("a", "x", "s", 4.0, 0.1, 30.0), ("a", "x", "t", 3.0, 0.3, 10.0), ("a", "y", "s", 2.0, 0.2, 60.0),
         ("a", "y", "t", np.nan, np.nan, 0.0)],
        columns=["reason", "channel", "segment", "mean", "sd", "n_contacts"],
    )  # fmt: skip
    out = over_segments(table).set_index("channel")
    assert out.loc["x", "mean"] == pytest.approx(0.9 * 4.0 + 0.1 * 3.0)
    assert out.loc["x", "sd"] == pytest.approx(0.9 * 0.1 + 0.1 * 0.3)
    assert out.loc["y", "mean"] == pytest.approx(2.0)


def test_all_contacts_of_a_drawn_customer_are_taken(tmp_path: Path) -> None:
    rows, _, _ = make_rows(1, 6_000)
    rows["customer_id"] = [f"u{k // 3}" for k in range(len(rows))]
    found = contact_rows(loaded(rows, tmp_path), **ASKED, window_days=7.0, at_most=1_500, seed=3)
    whole = contact_rows(loaded(rows, tmp_path), **ASKED, window_days=7.0, at_most=10**6, seed=3)
    assert whole.share == 1.0
    assert 0.7 * 1_500 < len(found.frame) < 1.3 * 1_500
    full = whole.frame["lot"].value_counts()
    part = found.frame["lot"].value_counts()
    assert (part == full[part.index]).all()
    other = contact_rows(loaded(rows, tmp_path), **ASKED, window_days=7.0, at_most=1_500, seed=4)
    assert set(other.frame["contact_id"]) != set(found.frame["contact_id"])


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    rows, _, _ = make_rows(2, 5_000)
    first = row_means(loaded(rows, tmp_path), **ASKED).table
    shuffled = rows.sample(frac=1, random_state=5)
    pd.testing.assert_frame_equal(first, row_means(loaded(shuffled, tmp_path), **ASKED).table, check_exact=True)


def test_an_unknown_covariate_is_named(tmp_path: Path) -> None:
    rows, _, _ = make_rows(3, 500)
    with pytest.raises(HistoryError, match="severty.*severity"):
        row_means(loaded(rows, tmp_path), outcome="csat", covariates=("severty",))


def test_without_answers_there_is_nothing_to_check(tmp_path: Path) -> None:
    rows, _, _ = make_rows(4, 500)
    found = row_means(loaded(rows.assign(csat=np.nan), tmp_path), **ASKED)
    assert found.table.empty
    assert "nothing to check" in found.notes[0]


def test_returns_by_chance_are_taken_out_of_resolution(tmp_path: Path) -> None:
    """Seen resolution is (1 - b) times the true one: a fifth of those who stay away is hidden by chance contacts."""
    rows, _, _ = make_rows(5, 4_000)
    history = loaded(rows.assign(customer_id=[f"u{k // 3}" for k in range(len(rows))]), tmp_path)
    seen = row_means(history, outcome="fcr").table
    cleared = row_means(history, outcome="fcr", chance=pd.Series({"r0": 0.2})).table
    own = seen["reason"] == "r0"
    assert seen["mean"].between(0.5, 0.995).all()
    for column in ("mean", "sd"):
        assert (cleared.loc[own, column] / seen.loc[own, column]).tolist() == pytest.approx([1.25] * own.sum())
    pd.testing.assert_frame_equal(cleared[~own], seen[~own])


@pytest.mark.slow
def test_the_two_methods_agree_where_both_are_right(tmp_path: Path) -> None:
    """Sums by the cells' estimator against rows, on well-specified worlds: few marks, as chance allows.

    An estimator that is 0.1 points off is marked in a quarter of the cells or more, in every world.
    """
    marked = []
    for seed in range(40, 42):
        rows, _, _ = make_rows(seed)
        history = loaded(rows, tmp_path)
        table = planner.estimate(history, **ASKED).table
        marked.append(row_check(history, table, **ASKED)["model_dependent"].mean())
    assert np.mean(marked) <= 0.1


@pytest.mark.slow
def test_a_wrong_table_is_marked(tmp_path: Path) -> None:
    """Naive means under strong confounding disagree with the rows in many cells."""
    rows, _, _ = make_rows(50, confounding=2.0)
    naive = rows.groupby(["reason", "channel"])["csat"].agg(["mean", "std", "count"]).reset_index()
    naive["sd"] = naive["std"] / np.sqrt(naive["count"])
    assert row_check(loaded(rows, tmp_path), naive, **ASKED)["model_dependent"].mean() > 0.3
