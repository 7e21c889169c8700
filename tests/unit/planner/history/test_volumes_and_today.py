"""Volumes, patience, redials, destinations, staffing, routing shares and service by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from planner.history import (
    escalation_destinations,
    first_contact_volumes,
    mean_week_staffing,
    patience,
    reason_confusion,
    redial_shares,
    return_destinations,
    routing_shares,
    shrinkage_seen,
    weekly_service,
)
from planner.history.volumes import link_counts
from planner.scenario.horizon import Horizon


def row(customer: str | None, at: str, **more: Any) -> dict[str, Any]:
    base = {"customer_id": customer, "started_at": f"2024-03-{at}", "channel": "voice", "entry_reason": "fees"}
    return {**base, "reason": "fees", "segment": "gold", "abandoned": False, "wait_s": 10.0, "handle_s": 100.0,
            "pool": "core", **more}  # fmt: skip


def test_volumes_count_all_and_first_contacts_per_interval(load: Callable) -> None:
    rows = [row("A", "04 09:05"), row("A", "05 09:35"), row(None, "04 09:29"), row("B", "11 09:00", abandoned=True)]
    frame = first_contact_volumes(load(rows))
    found = frame[["week", "weekday", "minute", "contacts", "first_contacts", "anonymous_contacts", "abandoned"]]
    assert found.values.tolist() == [
        [pd.Timestamp("2024-03-04"), 0, 540, 2, 2, 1, 0],
        [pd.Timestamp("2024-03-04"), 1, 570, 1, 0, 0, 0],
        [pd.Timestamp("2024-03-11"), 0, 540, 1, 1, 0, 1],
    ]


def test_patience_is_waiting_time_per_abandonment(load: Callable) -> None:
    rows = [
        row("A", "04 09:00", wait_s=30.0, abandoned=True),
        row("B", "04 09:00", wait_s=70.0),
        row("C", "04 09:00", wait_s=20.0, entry_reason="login"),
        row("D", "04 09:00", wait_s=None, abandoned=True),
    ]
    frame = patience(load(rows))
    assert frame["entry_reason"].tolist() == [None, "fees", "login"]
    assert frame["patience_s"].tolist() == [120.0, 100.0, float("inf")]
    assert frame["n_abandoned"].tolist() == [1, 1, 0]


def test_redials_and_destinations(load: Callable) -> None:
    rows = [
        row("A", "04 09:00", abandoned=True),
        row("A", "04 09:10"),
        row("B", "04 09:00", abandoned=True),
        row("C", "04 09:00"),
        row("C", "05 09:00", channel="chat"),
        row("D", "04 09:00", channel="bot", contact_id="bot1"),
        row("D", "04 09:02", escalated_from="bot1", contact_id="voice1"),
        row(None, "20 09:00"),
    ]
    for k, item in enumerate(rows):
        item.setdefault("contact_id", f"c{k}")
    history = load(rows)
    redials = redial_shares(history)
    assert redials[["channel", "n_abandoned", "n_redialed", "redial"]].values.tolist() == [["voice", 2, 1, 0.5]]
    assert return_destinations(history).values.tolist() == [["fees", "voice", "fees", "chat", 1]]
    assert escalation_destinations(history).values.tolist() == [["fees", "bot", "fees", "voice", 1]]
    assert link_counts(history)["n"].sum() == 3


def test_confusion_of_entry_and_final_reason(load: Callable) -> None:
    rows = [row("A", "04 09:00"), row("B", "04 09:00", reason="login"), row("C", "04 09:00", reason=None)]
    assert reason_confusion(load(rows)).values.tolist() == [["fees", "fees", 1], ["fees", "login", 1]]


def staffed(load: Callable, stood: list[tuple[str, str, float, float]]) -> Any:
    frame = pd.DataFrame(stood, columns=["interval_start", "pool", "scheduled", "on_task"])
    frame["interval_start"] = pd.to_datetime(frame["interval_start"])
    return load([row("A", "04 09:00")], staffing=frame)


HORIZON = Horizon(start=dt.date(2024, 4, 1), days=2, opens=540, closes=600, interval_min=30)


def test_the_mean_week_of_staffing(load: Callable) -> None:
    """Two Mondays: 10 and 12 at 9:00; at 9:30 somebody only on the first; Tuesday was never covered."""
    history = staffed(
        load,
        [
            ("2024-03-04 09:00", "core", 10, 7),
            ("2024-03-11 09:00", "core", 12, 8),
            ("2024-03-04 09:30", "core", 6, 4),
        ],
    )
    frame = mean_week_staffing(history, HORIZON)
    assert frame["interval"].tolist() == [0, 1, 2, 3]
    assert frame["scheduled"].tolist() == [11.0, 3.0, 0.0, 0.0]
    assert frame["on_task"].tolist() == [7.5, 2.0, 0.0, 0.0]
    seen = shrinkage_seen(history)
    assert seen["shrinkage"].tolist() == [pytest.approx(1 - 19 / 28)]
    assert seen["n"].tolist() == [3]


def test_staffing_finer_and_coarser_than_the_horizon(load: Callable) -> None:
    quarter = [(f"2024-03-04 09:{15 * k:02d}", "core", 10.0 + k, 5.0) for k in range(4)]
    assert mean_week_staffing(staffed(load, quarter), HORIZON)["scheduled"].tolist()[:2] == [10.5, 12.5]
    hours = [("2024-03-04 09:00", "core", 8.0, 5.0), ("2024-03-04 10:00", "core", 2.0, 1.0)]
    assert mean_week_staffing(staffed(load, hours), HORIZON)["scheduled"].tolist()[:2] == [8.0, 8.0]


def test_no_staffing_table_gives_empty_tables_and_a_warning(load: Callable) -> None:
    history = load([row("A", "04 09:00")])
    assert mean_week_staffing(history, HORIZON).empty
    assert shrinkage_seen(history).empty
    assert any("no staffing table" in text for text in history.quality.warnings)


def test_routing_shares_fall_back_where_a_cell_is_small(load: Callable) -> None:
    rows = [row("A", "04 09:00", pool="core")] * 6 + [row("A", "04 09:00", pool="vendor")] * 2
    rows += [row("B", "04 09:00", pool="vendor", segment="basic"), row("B", "04 09:00", pool=None)]
    frame = routing_shares(load([dict(item) for item in rows]))
    gold = frame[frame["segment"] == "gold"]
    assert dict(zip(gold["pool"], gold["share"], strict=True)) == {"core": 0.75, "vendor": 0.25}
    basic = frame[frame["segment"] == "basic"]
    assert dict(zip(basic["pool"], basic["share"], strict=True)) == {
        "core": pytest.approx(6 / 9),
        "vendor": pytest.approx(3 / 9),
    }
    assert basic["contacts"].tolist() == [1, 1]


def test_weekly_service_counts_all_offered_contacts(load: Callable) -> None:
    rows = [
        row(None, "04 09:00", wait_s=wait, abandoned=gone) for wait, gone in ((5.0, False), (30.0, False), (15.0, True))
    ]
    frame = weekly_service(load(rows), min_cell=1)
    assert frame["offered"].tolist() == [3]
    assert frame["abandon_rate"].tolist() == [pytest.approx(1 / 3)]
    assert frame["asa_s"].tolist() == [pytest.approx(50 / 3)]
    assert frame["service_level"].tolist() == [pytest.approx(1 / 3)]
    assert frame["aht_s"].tolist() == [100.0]
    assert weekly_service(load(rows), min_cell=5).empty
    with pytest.raises(ValueError, match="by must be"):
        weekly_service(load(rows), by="agent")
