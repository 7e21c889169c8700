"""Files that claim what cannot be: everybody is one customer, ids run against time, contacts end before they start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.errors import HistoryError
from planner.history import load_history, stitch_issues


def frame(rows: int, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "contact_id": [f"c{k:05d}" for k in range(rows)],
            "customer_id": [f"k{k % (rows // 3)}" for k in range(rows)],
            "started_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 5_000_000, rows)), "s"),
            "channel": "voice",
            "reason": "fees",
            "handle_s": 100.0,
        }
    )


def warned(contacts: pd.DataFrame, path: Path) -> tuple[str, ...]:
    contacts.to_parquet(path, index=False)
    return load_history(path, salt="s").quality.warnings


def test_a_value_that_stands_in_half_of_the_rows_names_nobody(tmp_path: Path) -> None:
    contacts = frame(600)
    contacts.loc[::2, "customer_id"] = "unknown-caller"
    path = tmp_path / "h.parquet"
    contacts.to_parquet(path, index=False)
    history = load_history(path, salt="s")
    warning = next(text for text in history.quality.warnings if text.startswith("customer_id"))
    assert "one value stands in 300 rows, 50% of those with a customer" in warning
    assert "unknown-caller" not in "\n".join(history.quality.lines())
    assert history.quality.share_anonymous == 0.5
    stitched = stitch_issues(history, 7.0).execute()
    assert stitched["anonymous"].sum() == 300
    assert (stitched.loc[stitched["anonymous"], "stage"] == "first").all()


def test_numbers_that_name_nobody_are_found_too(tmp_path: Path) -> None:
    contacts = frame(600).assign(customer_id=np.arange(600))
    contacts.loc[::3, "customer_id"] = 0
    assert any("one value stands in 200 rows, 33%" in text for text in warned(contacts, tmp_path / "h.parquet"))


def test_busy_customers_of_small_files_stay_customers(tmp_path: Path) -> None:
    contacts = frame(90)
    contacts.loc[::2, "customer_id"] = "k1"
    assert not any(text.startswith("customer_id") for text in warned(contacts, tmp_path / "h.parquet"))
    assert not any(text.startswith("customer_id") for text in warned(frame(600), tmp_path / "h.parquet"))


def test_an_issue_that_would_have_hundreds_of_contacts_is_none(tmp_path: Path) -> None:
    """A placeholder in the column of issues chains all its contacts into one; others keep theirs."""
    contacts = frame(600).assign(issue_id=[f"i{k // 2}" for k in range(600)])
    plain, path = contacts.copy(), tmp_path / "h.parquet"
    contacts.loc[::2, "issue_id"] = "N/A"
    contacts.to_parquet(path, index=False)
    history = load_history(path, salt="s")
    assert "issue_id: one value stands in 300 rows, 50% of those with an issue" in "\n".join(history.quality.warnings)
    assert history.materialize()["issue_id"].isna().sum() == 300
    assert not any(text.startswith("issue_id") for text in warned(plain, tmp_path / "plain.parquet"))


def test_one_issue_for_all_contacts_leaves_them_to_stitching(tmp_path: Path) -> None:
    path = tmp_path / "h.parquet"
    contacts = frame(600)
    contacts.to_parquet(path, index=False)
    plain = stitch_issues(load_history(path, salt="s"), 7.0).execute()
    contacts.assign(issue_id="one").to_parquet(path, index=False)
    stitched = stitch_issues(load_history(path, salt="s"), 7.0).execute()
    pd.testing.assert_series_equal(stitched["stage"], plain["stage"])


def test_stamps_that_stand_for_unknown_are_left_out(tmp_path: Path) -> None:
    contacts = frame(600)
    contacts.loc[[3, 9], "started_at"] = [pd.Timestamp("1970-01-01"), pd.Timestamp("1900-01-01")]
    path = tmp_path / "h.parquet"
    contacts.to_parquet(path, index=False)
    quality = load_history(path, salt="s").quality
    assert quality.rows_kept == 598
    assert quality.weeks < 10
    assert "2 rows left out: started_at lies before 1980" in "\n".join(quality.lines())


def test_a_few_contacts_far_from_all_others_are_said(tmp_path: Path) -> None:
    contacts = frame(600)
    assert not any("weeks away" in text for text in warned(contacts, tmp_path / "h.parquet"))
    contacts.loc[[3, 9], "started_at"] = [pd.Timestamp("2001-01-01"), pd.Timestamp("2001-01-02")]
    told = "\n".join(warned(contacts, tmp_path / "far.parquet"))
    assert "the first contacts start 1,200 weeks away from nearly all others (2001-01-01)" in told


def test_serial_ids_against_time_are_said(tmp_path: Path) -> None:
    contacts = frame(600)
    path = tmp_path / "h.parquet"
    assert not any("goes back" in text for text in warned(contacts, path))
    assert not any("goes back" in text for text in warned(contacts.sample(frac=1.0, random_state=2), path))
    late = contacts.copy()
    late.loc[::20, "started_at"] -= pd.Timedelta(days=20)
    assert not any("goes back" in text for text in warned(late, path))
    mixed = contacts.assign(started_at=contacts["started_at"].sample(frac=1.0, random_state=3).to_numpy())
    assert any("goes back at" in text for text in warned(mixed, path))
    # Ids that are no serial numbers say nothing about time.
    hashes = mixed.assign(contact_id=[f"c{k * 7919 % 10**9}" for k in range(600)])
    assert not any("goes back" in text for text in warned(hashes, path))


def test_many_contacts_that_end_before_they_start_are_kept_out_and_said(tmp_path: Path) -> None:
    contacts = frame(600)
    contacts.loc[:29, "handle_s"] = -5.0
    warnings = warned(contacts, tmp_path / "h.parquet")
    assert any(
        text.startswith("handle_s is negative in 5% of the rows (it ends before it starts)") for text in warnings
    )
    contacts.loc[:2, "handle_s"], contacts.loc[3:, "handle_s"] = -5.0, 100.0
    assert not any("negative" in text for text in warned(contacts, tmp_path / "h.parquet"))


def test_blanks_around_text_of_typed_files_are_cut(tmp_path: Path) -> None:
    contacts = frame(90)
    contacts.loc[0, "channel"], contacts.loc[1, "channel"], contacts.loc[2, "channel"] = " voice", "voice ", "voice\r\n"
    contacts.loc[3, "reason"] = "  "
    path = tmp_path / "h.parquet"
    contacts.to_parquet(path, index=False)
    kept = load_history(path, salt="s").materialize()
    assert kept["channel"].unique().tolist() == ["voice"]
    assert kept["reason"].isna().sum() == 1


def test_blanks_of_the_last_row_are_cut_in_labels_and_in_ids(tmp_path: Path) -> None:
    contacts = frame(1_200)  # more ids than a column of labels has
    last, plain = contacts.index[-1], contacts["contact_id"].iloc[-1]
    contacts.loc[last, "channel"], contacts.loc[last, "contact_id"] = "voice\n", f"{plain} "
    path = tmp_path / "h.parquet"
    contacts.to_parquet(path, index=False)
    kept = load_history(path, salt="s").materialize()
    assert kept["channel"].unique().tolist() == ["voice"]
    assert plain in set(kept["contact_id"])


def test_duplicates_and_faults_of_a_scanned_file_are_left_out(tmp_path: Path) -> None:
    contacts = frame(90)
    contacts.loc[5, "contact_id"] = "c00004"
    contacts.loc[7, "handle_s"] = -1.0
    contacts.loc[8, "contact_id"] = "c00007"  # the first of these two is faulty, so the second is kept
    contacts.loc[9, "started_at"] = pd.NaT
    path = tmp_path / "h.parquet"
    contacts.to_parquet(path, index=False)
    history = load_history(path, salt="s")
    assert history.quality.rows_read == 90
    assert history.quality.rows_kept == 87
    assert sorted(history.quarantine["problem"]) == [
        "contact_id is a duplicate (the first row is kept)", "handle_s is negative", "started_at is missing",
    ]  # fmt: skip
    assert set(range(90)) - set(history.materialize()["row_id"]) == {5, 7, 9}
    with pytest.raises(HistoryError, match="more than half"):
        warned(contacts.assign(handle_s=-1.0), path)


def test_a_history_leaves_no_folder_behind(load: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gc
    import tempfile

    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spill))
    history = load([{"started_at": "2024-03-04 09:00", "channel": "voice"}])
    assert len(list(spill.iterdir())) == 1
    del history
    gc.collect()
    assert not list(spill.iterdir())


@pytest.mark.parametrize(
    ("ids", "kept"),
    [
        ([5, 3, 4, 7], 4),
        ([5, 3, 3, 7], 3),
        ([-(2**40), 3, 2**40, 7], 4),
        ([-(2**40), 2**40, 2**40, 7], 3),
        ([5, None, 4, 7], 3),
    ],
)
def test_contacts_numbered_by_integers_are_told_apart(tmp_path: Path, ids: list[int | None], kept: int) -> None:
    frame = pd.DataFrame({"contact_id": pd.array(ids, dtype="Int64"), "channel": "voice", "wait_s": 1.0})
    frame["started_at"] = pd.Timestamp("2024-03-04 09:00") + pd.to_timedelta(range(4), unit="min")
    for wait_s, good in ((1.0, kept), (-1.0, kept - 1)):
        frame.loc[3, "wait_s"] = wait_s
        frame.to_parquet(tmp_path / "contacts.parquet", index=False)
        quality = load_history(tmp_path / "contacts.parquet", salt="s").quality
        assert quality.rows_kept == good
        assert quality.duplicates == sum(one is not None for one in ids) - len(set(ids) - {None})
