"""When first contacts are followed: counts per interval, clustering by customer, and what agents coded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.errors import PlannerError
from planner.history.return_times import About, clustered_squares, first_contact_codes, return_counts

T0 = pd.Timestamp("2026-03-02 08:00")


def _row(day: float, customer: str | None, reason: str = "card", **more):
    row = {
        "started_at": T0 + pd.Timedelta(days=day),
        "customer_id": customer,
        "entry_reason": reason,
        "channel": "voice",
    }
    return {"segment": "all", "abandoned": False, **row, **more}


ROWS = [
    _row(0, "a"),
    _row(2.3, "a"),  # the same issue 2.3 days later
    _row(0, "b"),
    _row(3.5, "b", "loan"),  # another matter of the same customer
    _row(1, "c", abandoned=True),  # not served
    _row(1.2, "c"),
    _row(0.5, None),  # nobody identified
    _row(0.7, "d", resolved=True),
    _row(15, "e", resolved=False),  # young: seen for 5 days only
    _row(20, "z", "other"),
]


def _found(history, **options) -> dict:
    frame = return_counts(history, window_days=7, step_days=1, **options)
    keys = frame[["entry_reason", "day"]].itertuples(index=False, name=None)
    return dict(zip(keys, frame[["returned", "censored"]].itertuples(index=False, name=None), strict=True))


def test_returns_and_censoring_by_whole_day(load) -> None:
    found = _found(load(ROWS))
    # a returned in day 2; b and d stayed away for the window; e was last seen in day 5, z at once.
    assert found == {
        ("card", 2): (1, 0),
        ("card", 7): (0, 2),
        ("card", 5): (0, 1),
        ("loan", 7): (0, 1),
        ("other", 0): (0, 1),
    }


def test_any_later_contact_of_the_customer(load) -> None:
    found = _found(load(ROWS), about=About.ANYTHING)
    assert found["card", 2] == (1, 0)
    assert found["card", 3] == (1, 0)
    assert found["card", 7] == (0, 1)


def test_hours_refine_days_and_add_up_to_them(load) -> None:
    history = load(ROWS)
    hours = return_counts(history, window_days=7)
    days = return_counts(history, window_days=7, step_days=1)
    keys = ["entry_reason", "channel", "segment", "day"]
    rounded = (
        hours.assign(day=np.floor(hours["day"] + 1e-9)).groupby(keys, as_index=False)[["returned", "censored"]].sum()
    )
    pd.testing.assert_frame_equal(rounded, days.sort_values(keys, ignore_index=True), check_dtype=False)
    assert hours["day"].max() == 7


def test_a_window_that_is_no_whole_number_of_days(load) -> None:
    frame = return_counts(load(ROWS), window_days=2.0, step_days=1)
    assert frame["returned"].sum() == 0
    assert frame["day"].max() == 2
    frame = return_counts(load(ROWS), window_days=2.5, step_days=1)
    assert frame.loc[frame["returned"] > 0, "day"].tolist() == [2]
    assert frame["day"].max() == 3


def test_contacts_of_one_customer_are_added_before_squaring(load) -> None:
    rows = [_row(k / 100, "a", f"r{k}") for k in range(4)] + [_row(k / 100, f"b{k}", f"r{k}") for k in range(4)]
    rows = [*rows, _row(30, "z", "late")]
    history = load(rows)
    influence = pd.DataFrame(
        {"day": [7.0, 7.0, 0.0, 0.0], "back": [False, True, False, True], "influence": [1.0, 0, 0, 0]}
    )
    total = clustered_squares(history, influence, window_days=7, step_days=1)
    assert total["squares"].tolist() == [4.0**2 + 4 * 1.0]
    named = pd.concat([influence.assign(entry_reason=f"r{k}") for k in range(4)])
    by = clustered_squares(history, named, window_days=7, by=("entry_reason",), step_days=1)
    assert by.set_index("entry_reason")["squares"].to_dict() == {f"r{k}": 2.0 for k in range(4)}


def test_codes_and_who_cannot_be_followed(load) -> None:
    frame = first_contact_codes(load(ROWS), window_days=7).groupby("entry_reason").sum(numeric_only=True)
    assert frame.loc["card"].to_dict() == {"first": 6, "anonymous": 1, "abandoned": 1, "coded": 2, "resolved": 1}


def test_the_order_of_rows_does_not_matter(load) -> None:
    one = return_counts(load(ROWS), window_days=7)
    two = return_counts(load(ROWS[::-1]), window_days=7)
    pd.testing.assert_frame_equal(one, two)


def test_a_window_must_be_positive(load) -> None:
    with pytest.raises((ValueError, PlannerError), match="window_days must be positive"):
        return_counts(load(ROWS), window_days=0)
