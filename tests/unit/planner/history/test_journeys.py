"""Stitching by hand: who comes back to what, and at what stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planner.history import stitch_issues
from planner.history.links import linked_reasons

END = {"contact_id": "end", "customer_id": None, "started_at": "2024-03-31 12:00", "channel": "voice"}


def contact(name: str, customer: str | None, at: str, reason: str | None = "fees", **more: Any) -> dict[str, Any]:
    row = {"contact_id": name, "customer_id": customer, "started_at": f"2024-03-{at}", "channel": "voice"}
    return {**row, "entry_reason": reason, "reason": reason, "abandoned": False, "transferred": False,
            "escalated_from": None, "issue_id": None, "wait_s": 0.0, "handle_s": 300.0, **more}  # fmt: skip


def stitched(load: Callable, rows: list[dict[str, Any]], window: float = 7) -> pd.DataFrame:
    history = load([*rows, END])
    return stitch_issues(history, window).order_by("row_id").execute().set_index("contact_id")


def stages(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): stage for name, stage in frame["stage"].items() if name != "end"}


def test_the_same_reason_within_the_window_returns_later_ones_begin_anew(load: Callable) -> None:
    frame = stitched(
        load, [contact("a", "A", "01 09:00"), contact("b", "A", "08 08:59"), contact("c", "A", "15 09:01")]
    )
    assert stages(frame) == {"a": "first", "b": "returned", "c": "first"}
    assert frame.loc[["a", "b", "c"], "attempt"].tolist() == [1, 2, 1]
    assert frame.loc[["a", "b", "c"], "later"].tolist() == [True, False, False]
    assert frame.loc["a", ["later_kind", "later_channel", "later_reason"]].tolist() == ["return", "voice", "fees"]
    assert frame.loc["a", "issue_key"] == frame.loc["b", "issue_key"] != frame.loc["c", "issue_key"]


def test_another_reason_is_another_issue_and_does_not_break_the_first(load: Callable) -> None:
    rows = [contact("a", "A", "01 09:00"), contact("b", "A", "02 09:00", "login"), contact("c", "A", "03 09:00")]
    frame = stitched(load, rows)
    assert stages(frame) == {"a": "first", "b": "first", "c": "returned"}
    assert frame.loc["a", "next_gap_s"] == 86_400
    assert frame.loc["a", "later_gap_s"] == 2 * 86_400


def test_redials_keep_the_stage_of_what_was_abandoned(load: Callable) -> None:
    rows = [
        contact("a", "A", "01 09:00", abandoned=True, reason="fees"),
        contact("b", "A", "01 09:10", abandoned=True),
        contact("c", "A", "01 09:20"),
        contact("d", "A", "02 09:00", abandoned=True),
        contact("e", "A", "02 09:10"),
    ]
    frame = stitched(load, rows)
    assert stages(frame) == {"a": "first", "b": "redialed", "c": "redialed", "d": "returned", "e": "returned"}
    assert frame.loc[list("abcd"), "later_kind"].tolist() == ["redial", "redial", "return", "redial"]


def test_a_redial_is_known_by_its_entry_reason_when_the_wrap_up_differs(load: Callable) -> None:
    rows = [contact("a", "A", "01 09:00", abandoned=True), contact("b", "A", "01 09:10")]
    rows[0]["reason"] = None
    rows[1]["reason"] = "card"
    assert stages(stitched(load, rows)) == {"a": "first", "b": "redialed"}


def test_escalation_by_contact_by_channel_and_by_transfer(load: Callable) -> None:
    rows = [
        contact("a", None, "01 09:00", channel="bot"),
        contact("b", None, "01 09:10", "login", escalated_from="a"),
        contact("c", "C", "01 09:00", channel="bot"),
        contact("d", "C", "01 09:10", "login", escalated_from="bot"),
        contact("e", "E", "01 09:00", transferred=True),
        contact("f", "E", "01 09:12", "login"),
        contact("g", "G", "01 09:00", transferred=True),
        contact("h", "G", "01 12:00"),
    ]
    frame = stitched(load, rows)
    assert stages(frame) == {
        "a": "first", "b": "escalated", "c": "first", "d": "escalated",
        "e": "first", "f": "escalated", "g": "first", "h": "returned",
    }  # fmt: skip
    assert frame.loc[["a", "c", "e", "g"], "later_kind"].tolist() == ["escalation"] * 3 + ["return"]


def test_known_issue_ids_win_over_everything(load: Callable) -> None:
    rows = [
        contact("a", "A", "01 09:00", issue_id="I1"),
        contact("b", "A", "02 09:00", issue_id="I2"),
        contact("c", "A", "20 09:00", "login", issue_id="I1"),
    ]
    frame = stitched(load, rows)
    assert stages(frame) == {"a": "first", "b": "first", "c": "returned"}
    assert bool(frame.loc["a", "later"])


def test_anonymous_contacts_are_never_linked(load: Callable) -> None:
    frame = stitched(load, [contact("a", None, "01 09:00"), contact("b", None, "01 09:10")])
    assert stages(frame) == {"a": "first", "b": "first"}
    assert frame["anonymous"].all()
    assert frame["next_gap_s"].isna().all()


def test_contacts_whose_window_is_open_at_the_end_are_censored(load: Callable) -> None:
    frame = stitched(
        load, [contact("a", "A", "24 11:00"), contact("b", "B", "24 13:00"), contact("c", "A", "25 11:00")]
    )
    assert frame["censored"].to_dict() == {"a": False, "b": True, "c": True, "end": True}
    assert frame.loc["a", "later"]


def test_long_chains_share_one_issue(load: Callable) -> None:
    rows = [contact(f"a{k:02d}", "A", f"{k + 1:02d} 09:00") for k in range(28)]
    frame = stitched(load, rows).drop("end")
    assert frame["issue_key"].nunique() == 1
    assert frame["attempt"].tolist() == list(range(1, 29))


def test_stitching_twice_and_with_another_window_agree(load: Callable) -> None:
    history = load([contact("a", "A", "01 09:00"), contact("b", "A", "05 09:00"), END])
    assert stitch_issues(history, 7).execute()["later"].sum() == 1
    assert stitch_issues(history, 7).execute()["later"].sum() == 1
    assert stitch_issues(history, 1).execute()["later"].sum() == 0
    with pytest.raises(ValueError, match="window_days must be positive"):
        stitch_issues(history, 0)


def test_reasons_are_linked_only_beyond_chance(load: Callable) -> None:
    """Complaints follow fees within a day in a third of the cases; login follows anything at a constant rate."""
    rng = np.random.default_rng(3)
    rows = []
    start = pd.Timestamp("2024-01-01")
    for k in range(900):
        at = start + pd.Timedelta(days=float(rng.uniform(0, 55)))
        rows.append({"customer_id": f"k{k}", "started_at": at, "channel": "voice", "reason": "fees"})
        if k % 3 == 0:
            later = at + pd.Timedelta(hours=float(rng.uniform(1, 20)))
            rows.append({"customer_id": f"k{k}", "started_at": later, "channel": "voice", "reason": "complaint"})
        at = start + pd.Timedelta(days=float(rng.uniform(0, 55)))
        rows.append({"customer_id": f"k{k}", "started_at": at, "channel": "voice", "reason": "login"})
    history = load(sorted(rows, key=lambda row: row["started_at"]))
    pairs = linked_reasons(history, 7)
    assert set(zip(pairs["topic_a"], pairs["topic_b"], strict=True)) == {("fees", "complaint")}
    assert (pairs["p"] > 0.9).all()
    frame = stitch_issues(history, 7).execute()
    assert (frame.loc[frame["stage"] == "returned", "reason"] == "complaint").all()
    assert (frame["stage"] == "returned").sum() >= 290
