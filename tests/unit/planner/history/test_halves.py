"""A history cut in two: by customers, the same everywhere, whatever the order of rows and the salt."""

from __future__ import annotations

import pandas as pd
import pytest

from planner.history import History, contact_cells, load_history
from planner.history.halves import customer_halves


def rows(customers: int = 400, each: int = 3) -> pd.DataFrame:
    frame = pd.DataFrame({"customer_id": [f"k{k % customers}" for k in range(customers * each)]})
    frame["started_at"] = pd.Timestamp("2026-01-05 09:00") + pd.to_timedelta(frame.index * 11, unit="min")
    frame["channel"], frame["reason"], frame["csat"] = "voice", "order", 4.0
    frame.loc[frame.index % 10 == 0, "customer_id"] = None
    frame.insert(0, "contact_id", [f"c{k:05d}" for k in range(len(frame))])
    return frame


def opened(frame: pd.DataFrame, folder, salt: str = "pepper") -> History:
    path = folder / "contacts.parquet"
    frame.to_parquet(path, index=False)
    return load_history(path, salt=salt)


def ids(history: History) -> set[str]:
    return set(history.materialize()["contact_id"])


@pytest.fixture
def halves(tmp_path) -> tuple[History, History]:
    return customer_halves(opened(rows(), tmp_path), window_days=7, seed=3)


def test_every_contact_is_in_one_half(halves) -> None:
    first, second = map(ids, halves)
    assert not first & second
    assert first | second == set(rows()["contact_id"])
    assert 0.4 < len(first) / len(rows()) < 0.6


def test_all_contacts_of_a_customer_stay_together(halves) -> None:
    one, other = (set(half.materialize()["customer_id"].dropna()) for half in halves)
    assert one
    assert other
    assert not one & other


def test_customers_nobody_identified_are_cut_by_contact(halves) -> None:
    counts = [int(half.materialize()["customer_id"].isna().sum()) for half in halves]
    assert sum(counts) == 120
    assert min(counts) > 35


def test_neither_order_nor_salt_nor_folder_matters(halves, tmp_path) -> None:
    mixed = rows().sample(frac=1, random_state=2)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = customer_halves(opened(mixed, elsewhere, salt="sugar"), window_days=7, seed=3)
    assert ids(other[0]) == ids(halves[0])


def test_another_seed_cuts_otherwise(halves, tmp_path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = customer_halves(opened(rows(), elsewhere), window_days=7, seed=4)
    shared = len(ids(other[0]) & ids(halves[0])) / len(rows())
    assert 0.15 < shared < 0.35


def test_halves_see_the_issues_of_the_whole(tmp_path) -> None:
    """Cells of both halves add up to those of the whole: an issue is not stitched anew from half its contacts."""
    whole = opened(rows(), tmp_path)
    parts = customer_halves(whole, window_days=7, seed=3)
    keys = ["stage", "later_kind", "censored", "anonymous"]
    tables = [contact_cells(part, outcome="csat").summed(keys).set_index(keys)["cnt"] for part in (whole, *parts)]
    pd.testing.assert_series_equal(tables[1].add(tables[2], fill_value=0).astype(int), tables[0], check_names=False)
