"""Counts for the time to the next contact, against a recount by hand and by pandas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planner.history import stitch_issues
from planner.history.follow_up import follow_up_counts

END = {"contact_id": "end", "customer_id": None, "started_at": "2024-03-31 12:00", "channel": "email", "reason": "x"}


def contact(customer: str | None, at: str, **more: Any) -> dict[str, Any]:
    row = {"customer_id": customer, "started_at": f"2024-03-{at}", "channel": "voice", "reason": "fees"}
    return {**row, "segment": None, "abandoned": False, **more}


def counts(load: Callable, rows: list[dict[str, Any]], window: float = 7) -> pd.DataFrame:
    for k, row in enumerate(rows):
        row.setdefault("contact_id", f"c{k}")
    frame = follow_up_counts(load([*rows, END]), window_days=window)
    return frame[frame["channel"] != "email"].reset_index(drop=True)


def test_returns_censored_and_anonymous_contacts_by_day(load: Callable) -> None:
    rows = [
        contact("A", "01 09:00"),
        contact("A", "02 08:59"),  # within 24 hours: day 0; continues an issue: not counted itself
        contact("B", "01 09:00"),
        contact("B", "04 10:00"),  # day 3
        contact("C", "01 09:00"),  # watched to the end of the window: day 7
        contact("D", "29 11:00"),  # watched for two days and an hour
        contact(None, "05 09:00"),
        contact("E", "05 09:00", abandoned=True),  # not served
        contact(None, "05 09:00", abandoned=True),
    ]
    frame = counts(load, rows)
    assert frame[["day", "returned", "censored", "anonymous"]].to_numpy().tolist() == [
        [-1, 0, 0, 1],
        [0, 1, 0, 0],
        [2, 0, 1, 0],
        [3, 1, 0, 0],
        [7, 0, 1, 0],
    ]
    assert frame["entry_reason"].tolist() == ["fees"] * 5
    assert frame["segment"].tolist() == [None] * 5


def test_a_broken_window_ends_in_its_last_day(load: Callable) -> None:
    frame = counts(load, [contact("A", "01 09:00"), contact("B", "01 09:00"), contact("B", "03 09:00")], window=1.5)
    assert frame[["day", "returned", "censored"]].to_numpy().tolist() == [[2, 0, 3]]


def test_a_known_id_beyond_the_window_is_no_return_within_it(load: Callable) -> None:
    rows = [contact("A", "01 09:00", issue_id="I"), contact("A", "20 09:00", issue_id="I")]
    frame = counts(load, rows)
    assert frame[["day", "returned", "censored"]].to_numpy().tolist() == [[7, 0, 1]]


def test_the_window_must_be_positive(load: Callable) -> None:
    with pytest.raises(ValueError, match="window_days must be positive, not -1"):
        follow_up_counts(load([END]), window_days=-1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_equal_a_recount_of_the_stitched_contacts(load: Callable, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [
        {
            "customer_id": None if rng.random() < 0.1 else f"k{rng.integers(120)}",
            "started_at": pd.Timestamp("2024-01-01") + pd.Timedelta(seconds=int(rng.integers(50 * 86_400))),
            "channel": str(rng.choice(["voice", "chat"])),
            "reason": str(rng.choice(["fees", "login"])),
            "segment": str(rng.choice(["a", "b"])),
            "abandoned": bool(rng.random() < 0.1),
        }
        for _ in range(500)
    ]
    history = load(rows)
    got = follow_up_counts(history, window_days=7.0)
    frame = stitch_issues(history, 7.0).execute()
    first = frame[(frame["stage"] == "first") & ~frame["abandoned"]].copy()
    watched = (pd.Timestamp(history.end) - first["started_at"]).dt.total_seconds() // 86_400
    back = first["later"] & (first["later_gap_s"] <= 7 * 86_400)
    day = np.where(back, first["later_gap_s"] // 86_400, np.minimum(watched, 7))
    first["day"] = np.where(first["anonymous"], -1, day).astype(int)
    keys = ["reason", "channel", "segment", "day"]
    first = first.assign(
        returned=back & ~first["anonymous"], censored=~back & ~first["anonymous"], nobody=first["anonymous"]
    )
    wanted = first.groupby(keys, as_index=False)[["returned", "censored", "nobody"]].sum()
    assert got.to_numpy().tolist() == wanted.to_numpy().tolist()
    assert got[["returned", "censored", "anonymous"]].to_numpy().sum() == len(first)
