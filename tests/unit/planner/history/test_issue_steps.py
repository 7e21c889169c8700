"""Steps of issues and their lengths, counted on the engine, against small histories worked by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from planner.history.issue_steps import SUMS, issue_lengths, issue_steps

T0 = pd.Timestamp("2026-03-02 08:00")


def _row(day: float, customer: str | None, channel: str, reason: str = "card", **more):
    row = {
        "started_at": T0 + pd.Timedelta(days=day),
        "customer_id": customer,
        "entry_reason": reason,
        "channel": channel,
    }
    return {"abandoned": False, "wait_s": 10.0, "handle_s": 100.0, **row, **more}


ROWS = [
    _row(0, "a", "bot", csat=2.0),
    _row(1, "a", "voice", csat=3.0),
    _row(2, "a", "voice"),
    _row(3, "a", "voice"),
    _row(4, "a", "chat", resolved=False, csat=1.0),
    _row(0, "b", "bot", resolved=True, csat=5.0),
    _row(0, "c", "voice", abandoned=True, handle_s=None),
    _row(0, "d", "voice", disposition="went away"),
    _row(0, None, "voice"),
    _row(50, "e", "voice"),
    _row(60, "f", "voice"),
]


def _counted(frame: pd.DataFrame) -> dict:
    known = frame[~frame["anonymous"] & ~frame["censored"]]
    keys = known[["channel", "attempt", "next_channel", "then"]].itertuples(index=False, name=None)
    return dict(zip(keys, known["contacts"], strict=True))


def test_steps_by_hand(load) -> None:
    frame = issue_steps(load(ROWS), silence_days=14, outcome="csat")
    assert _counted(frame) == {
        ("bot", 1, "voice", "goes_on"): 1,
        ("voice", 2, "voice", "goes_on"): 1,
        ("voice", 3, "voice", "goes_on"): 1,
        ("voice", 3, "chat", "goes_on"): 1,
        ("chat", 3, None, "gave_up"): 1,
        ("bot", 1, None, "solved"): 1,
        ("voice", 1, None, "gave_up"): 1,
        ("voice", 1, None, "solved"): 1,
    }
    assert frame.loc[frame["anonymous"], "contacts"].sum() == 1
    assert frame.loc[frame["censored"], "contacts"].sum() == 2
    assert frame["contacts"].sum() == len(ROWS)


def test_sums_follow_their_contacts(load) -> None:
    frame = issue_steps(load(ROWS), silence_days=14, outcome="csat")
    frame = frame[~frame["anonymous"] & ~frame["censored"]].set_index(["channel", "attempt", "then"]).sort_index()
    went = frame.loc[("bot", 1, "goes_on")]
    assert (went["n_gap"], went["sum_gap_s"]) == (1, 86_400)
    assert (went["answers"], went["s1"], went["s2"]) == (1, 2, 4)
    assert (went["n_handle"], went["sum_handle_s"], went["sum_handle2"]) == (1, 100, 10_000)
    # An abandoned contact took no time to handle.
    left = frame.loc[("voice", 1, "gave_up")]
    assert (left["n_handle"], left["sum_handle_s"], left["n_wait"]) == (1, 0, 1)
    assert issue_steps(load(ROWS), silence_days=14)["answers"].sum() == 0


def test_late_links_and_the_days_followed_late(load) -> None:
    """The last quarter of 14 days begins after 10.5: one link after 12 days, one silent contact of 3.5 days there."""
    rows = [
        _row(0, "a", "bot"),
        _row(12, "a", "voice"),
        _row(0, "b", "bot"),
        _row(3, "b", "voice"),
        _row(60, "z", "chat"),
    ]
    frame = issue_steps(load(rows), silence_days=14)
    first = frame[(frame["attempt"] == 1) & ~frame["censored"]]
    assert first["n_late"].sum() == 1
    assert first["late_days"].sum() == pytest.approx(1.5)
    later = frame[(frame["attempt"] == 2)]
    assert later["late_days"].sum() == pytest.approx(7.0)


def test_closing_codes_may_say_who_gave_up(load) -> None:
    frame = issue_steps(load(ROWS), silence_days=14, gave_up_dispositions=("went away",))
    assert ("voice", 1, None, "solved") not in _counted(frame)
    assert _counted(frame)["voice", 1, None, "gave_up"] == 2


def test_the_reason_is_that_of_the_first_contact(load) -> None:
    rows = [
        _row(0, "a", "bot", issue_id="i"),
        _row(1, "a", "voice", "loan", issue_id="i"),
        _row(40, "z", "voice", "other"),
    ]
    frame = issue_steps(load(rows), silence_days=14)
    assert frame.set_index(["channel", "attempt"])["reason"].to_dict() == {
        ("bot", 1): "card",
        ("voice", 2): "card",
        ("voice", 1): "other",
    }


def test_a_shorter_silence_ends_issues_earlier(load) -> None:
    rows = [_row(0, "a", "bot"), _row(10, "a", "voice"), _row(60, "z", "voice")]
    long, short = (_counted(issue_steps(load(rows), silence_days=days)) for days in (14, 7))
    assert ("bot", 1, "voice", "goes_on") in long
    assert ("bot", 1, None, "solved") in short


def test_lengths_of_issues_seen_to_their_end(load) -> None:
    frame = issue_lengths(load(ROWS), silence_days=14, most=4)
    # Begun in the first four days and at least 56 days, or half of the data, before their end.
    assert frame[["contacts", "issues", "still_open"]].to_numpy().tolist() == [[1, 3, 0], [4, 1, 0]]


def test_the_order_of_rows_does_not_matter(load) -> None:
    one = issue_steps(load(ROWS), silence_days=14, outcome="csat")
    two = issue_steps(load(ROWS[::-1]), silence_days=14, outcome="csat")
    pd.testing.assert_frame_equal(one, two)


def test_every_sum_is_there(load) -> None:
    assert set(SUMS) < set(issue_steps(load(ROWS), silence_days=14).columns)
    with pytest.raises(ValueError, match="must be positive"):
        issue_steps(load(ROWS), silence_days=-1)
