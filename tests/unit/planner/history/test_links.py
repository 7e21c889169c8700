"""Stitching against a second implementation, row by row, on random histories; order and threads change nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planner.history import History, first_contact_volumes, journeys, links, load_history, lots, stitch_issues, volumes
from planner.history.engine import kept_table, kept_tables
from planner.history.engines import held_name
from planner.history.links import HAND_OVER_S, linked_reasons
from planner.history.volumes import linked_returns

DAY_S = 86_400
SHOWN = ["stage", "attempt", "later", "later_reason", "later_channel", "later_kind", "later_gap_s", "censored"]


def random_history(seed: int, *, ids: bool, rows: int = 700) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    seconds = rng.integers(0, 60 * DAY_S, rows)
    seconds[rng.random(rows) < 0.05] = seconds[0]  # ties in time
    frame = pd.DataFrame(
        {
            "contact_id": [f"c{k}" for k in range(rows)],
            "customer_id": [None if rng.random() < 0.08 else f"k{rng.integers(60)}" for _ in range(rows)],
            "started_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(seconds, unit="s"),
            "entry_reason": rng.choice(["fees", "login", "card"], rows),
            "reason": [None if rng.random() < 0.1 else str(rng.choice(["fees", "login", "card"])) for _ in range(rows)],
            "channel": rng.choice(["voice", "bot"], rows),
            "wait_s": rng.integers(0, 100, rows).astype(float),
            "handle_s": rng.integers(0, 900, rows).astype(float),
            "abandoned": rng.random(rows) < 0.15,
            "transferred": rng.random(rows) < 0.15,
        }
    )
    if ids:
        draw = rng.random(rows)
        named = [f"c{k}" for k in rng.integers(0, rows, rows)]
        frame["escalated_from"] = np.where(draw < 0.05, named, np.where(draw < 0.1, "bot", None))
        frame["issue_id"] = [f"i{rng.integers(40)}" if rng.random() < 0.1 else None for _ in range(rows)]
    return frame


def parents_by_hand(frame: pd.DataFrame, window_days: float, pairs: pd.DataFrame) -> dict[int, int]:
    """The rules of `stitch_issues`, one contact at a time."""
    at = (frame["started_at"] - pd.Timestamp("1970-01-01")).dt.total_seconds()
    rows = frame.assign(at=at, row=range(len(frame))).sort_values(["started_at", "row"]).to_dict("records")
    linked = [tuple(pair) for pair in pairs[["topic_a", "topic_b", "from_s", "to_s"]].itertuples(index=False)]
    found: dict[int, int] = {}
    last: dict[str, dict] = {}
    last_topic: dict[tuple[str, str], dict] = {}
    last_issue: dict[str, dict] = {}
    by_id = {row["contact_id"]: row for row in rows}
    for row in rows:
        row["topic"] = row["reason"] or row["entry_reason"]
        who, issue, origin = row["customer_id"], row.get("issue_id"), row.get("escalated_from")
        was, same = last.get(who), last_topic.get((who, row["topic"]))
        named = []
        if origin in by_id and by_id[origin]["row"] != row["row"] and by_id[origin]["at"] <= row["at"]:
            named.append(by_id[origin])
        if origin and was and was["channel"] == origin and row["at"] - was["at"] <= window_days * DAY_S:
            named.append(was)
        own = [one for one in (_other(row, was, linked), same) if _may(row, one, window_days)]
        if issue and issue in last_issue:
            found[row["row"]] = last_issue[issue]["row"]
        elif named or own:
            found[row["row"]] = max(named or own, key=lambda one: (one["at"], one["row"]))["row"]
        if issue:
            last_issue[issue] = row
        if who:
            last[who] = last_topic[who, row["topic"]] = row
    return found


def _other(row: dict, was: dict | None, linked: list[tuple]) -> dict | None:
    if was is None:
        return None
    gap = row["at"] - was["at"]
    redial = was["abandoned"] and was["entry_reason"] == row["entry_reason"]
    handed = was["transferred"] and gap - was["wait_s"] - was["handle_s"] <= HAND_OVER_S
    pair = any(a == was["topic"] and b == row["topic"] and low <= gap < high for a, b, low, high in linked)
    return was if redial or handed or pair else None


def _may(row: dict, one: dict | None, window_days: float) -> bool:
    if one is None or row["at"] - one["at"] > window_days * DAY_S:
        return False
    return not (row.get("issue_id") and one.get("issue_id") and row["issue_id"] != one["issue_id"])


def written(frame: pd.DataFrame, path: Path) -> History:
    frame.to_parquet(path, index=False)
    return load_history(path, salt="s")


def issues(pairs: dict[int, int], rows: int) -> list[int]:
    root = list(range(rows))
    for child in range(rows):
        seen, at = {child}, child
        while at in pairs and pairs[at] not in seen:
            at = pairs[at]
            seen.add(at)
        root[child] = at
    return root


@pytest.mark.parametrize(("seed", "ids"), [(1, False), (2, False), (3, True), (4, True)])
def test_issues_equal_those_of_a_second_implementation(tmp_path: Path, seed: int, ids: bool) -> None:
    frame = random_history(seed, ids=ids)
    if ids:
        # Ids of one second could name each other in a circle, where "first" has no meaning.
        frame["started_at"] += pd.to_timedelta(np.arange(len(frame)), unit="us")
    history = written(frame, tmp_path / "h.parquet")
    pairs = parents_by_hand(frame.astype(object).where(frame.notna(), None).assign(
        started_at=frame["started_at"]), 7.0, linked_reasons(history, 7.0))  # fmt: skip
    got = stitch_issues(history, 7.0).order_by("row_id").execute()
    assert len(pairs) > 100
    assert got["issue_key"].tolist() == issues(pairs, len(frame))
    assert (got["attempt"] == 1).sum() == got["issue_key"].nunique()


def test_a_window_alone_and_the_double_of_another_agree(tmp_path: Path) -> None:
    frame = random_history(5, ids=True)
    one, other = written(frame, tmp_path / "a.parquet"), written(frame, tmp_path / "b.parquet")
    stitch_issues(one, 7.0)
    pd.testing.assert_frame_equal(*(stitch_issues(h, 14.0).order_by("row_id").execute()[SHOWN] for h in (one, other)))
    assert "linked_14" not in kept_tables(one.connection)


@pytest.mark.parametrize(("in_lot", "held"), [(10_000, 10_000), (150, 10_000), (150, 100)])
def test_sweeps_of_customers_find_what_the_windows_of_sql_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_lot: int, held: int
) -> None:
    frame = random_history(8, ids=False, rows=2_400)
    frame["customer_id"] = "k" + (np.arange(len(frame)) % 800).astype(str)
    frame["customer_id"] = frame["customer_id"].where(frame.index % 9 > 0, "busy")
    frame["customer_id"] = frame["customer_id"].where(frame.index % 11 > 0, None)
    frame["started_at"] += pd.to_timedelta(np.arange(len(frame)) % 7, unit="ms")
    fees = frame[(frame["entry_reason"] == "fees") & (frame["customer_id"] != "busy")]
    after = fees.assign(contact_id=fees["contact_id"] + "+", entry_reason="card", reason="card")
    frame = pd.concat([frame, after.assign(started_at=after["started_at"] + pd.Timedelta(hours=30))])
    swept, asked = written(frame, tmp_path / "a.parquet"), written(frame, tmp_path / "b.parquet")
    monkeypatch.setattr(lots, "MOST_IN_LOT", in_lot)
    monkeypatch.setattr(lots, "MOST_HELD", held)
    by_sweep = _all_found(swept)
    for place in (journeys, volumes):
        monkeypatch.setattr(place, "in_lots", lambda _: False)
    monkeypatch.setattr(links, "local_engine_of", lambda _: None)
    by_sql = _all_found(asked)
    assert kept_table(swept.connection, "linked_7") is None
    assert (kept_table(swept.connection, held_name("stitched_7")) is None) == (held < len(frame))
    assert kept_table(asked.connection, "linked_7") is not None
    for one, other in zip(by_sweep, by_sql, strict=True):
        assert len(one) > 0
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def _all_found(history: History) -> list[pd.DataFrame]:
    """Pairs, the stitched columns of a window, of its double and of a short one, and the returns."""
    windows = [stitch_issues(history, days).order_by("row_id").execute() for days in (7.0, 14.0, 0.5)]
    return [linked_reasons(history, 14.0), *windows, *(linked_returns(history, window_days=d) for d in (7.0, 14.0))]


def test_neither_the_order_of_rows_nor_the_threads_matter(tmp_path: Path) -> None:
    frame = random_history(6, ids=True)
    # Ties are broken by the place in the file, so there are none here.
    frame["started_at"] += pd.to_timedelta(np.arange(len(frame)), unit="ms")
    shuffled = frame.sample(frac=1.0, random_state=1)
    one, other = written(frame, tmp_path / "a.parquet"), written(shuffled, tmp_path / "b.parquet")
    other.connection.raw_sql("SET threads = 1")
    tables = [stitch_issues(h, 7.0).order_by("contact_id").execute()[["contact_id", *SHOWN]] for h in (one, other)]
    pd.testing.assert_frame_equal(*tables)
    pd.testing.assert_frame_equal(first_contact_volumes(one), first_contact_volumes(other))
    pd.testing.assert_frame_equal(linked_returns(one, window_days=7.0), linked_returns(other, window_days=7.0))


def test_linked_returns_of_both_windows_are_counted_once(load: Callable) -> None:
    def row(customer: str, day: int, reason: str = "fees", **more: Any) -> dict[str, Any]:
        at = pd.Timestamp("2024-03-01") + pd.Timedelta(days=day)
        return {"customer_id": customer, "started_at": at, "channel": "voice", "reason": reason, "abandoned": False,
                **more}  # fmt: skip

    rows = [row("A", 0), row("A", 3), row("A", 13), row("B", 0, "login"), row("B", 20, "login")]
    rows += [row("C", 0, "card", abandoned=True), row("C", 1, "card"), row("D", 30)]
    frame = linked_returns(load(rows), window_days=7.0)
    assert frame.to_numpy().tolist() == [["fees", 1, 2]]


def test_customers_who_never_come_back_have_no_pairs(tmp_path: Path) -> None:
    frame = random_history(9, ids=False, rows=300)
    history = written(frame.assign(customer_id=[f"k{k}" for k in range(300)]), tmp_path / "h.parquet")
    assert linked_reasons(history, 7.0).empty
    rows = stitch_issues(history, 7.0).execute()
    assert (rows["stage"] == "first").all()
    assert not rows["later"].any()
    assert linked_returns(history, window_days=7.0).empty
