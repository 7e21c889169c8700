"""Zendesk, Five9, NICE CXone and Twilio: what is peculiar to each, on samples of their documented fields."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from planner.history.importers import PRESETS, import_contacts


def test_zendesk_joins_three_lists_and_counts_minutes(write: Any) -> None:
    tickets = [
        {"id": 1, "requester_id": 7, "created_at": "2026-01-05T08:00:00Z", "via": {"channel": "voice"}, "group_id": 3,
         "status": "solved", "custom_fields": [{"id": 36, "value": "refund"}],
         "satisfaction_rating": {"score": "offered"}},
        {"id": 2, "requester_id": 8, "created_at": "2026-01-05T09:00:00Z", "via": {"channel": "web"}, "group_id": 3,
         "status": "closed", "custom_fields": [{"id": 36, "value": "delay"}], "satisfaction_rating": {"score": "good"}},
        {"id": 3, "requester_id": 8, "created_at": "2026-01-05T09:01:00Z", "via": {"channel": "web"}, "group_id": 3,
         "status": "closed", "custom_fields": [], "tags": ["closed_by_merge"]},
    ]  # fmt: skip
    metrics = [
        {"id": 91, "ticket_id": 1, "reopens": 1, "group_stations": 2,
         "reply_time_in_minutes": {"calendar": 90, "business": 12}},
        {"id": 92, "ticket_id": 2, "reopens": 0, "group_stations": 1,
         "reply_time_in_minutes": {"calendar": 5, "business": 5}},
    ]  # fmt: skip
    ratings = [{"id": 5, "ticket_id": 1, "score": "bad"}]
    files = [
        write("tickets.json", json.dumps({"tickets": tickets, "count": 3})),
        write("metrics.json", json.dumps({"ticket_metrics": metrics})),
        write("ratings.json", json.dumps({"satisfaction_ratings": ratings})),
    ]
    own = write("own.yaml", "version: 1\ncolumns: {reason: custom.36}\n")
    found = import_contacts("zendesk", files, salt="s", mapping=own, timezone="UTC")
    rows = found.contacts.set_index("contact_id")
    assert rows.index.tolist() == ["1", "2"]
    assert rows["wait_s"].tolist() == [720.0, 300.0]
    assert rows["csat"].tolist() == [1.0, 5.0]
    assert rows["transferred"].tolist() == [True, False]
    assert rows["resolved"].tolist() == [False, True]
    assert rows["channel"].tolist() == ["voice", "email"]
    assert rows["reason"].tolist() == ["refund", "delay"]
    assert "handle_s" not in rows
    assert found.counts["left out: merged into another ticket"] == 1


FIVE9 = """CALL ID,TIMESTAMP,CAMPAIGN,CALL TYPE,AGENT,DISPOSITION,ANI,QUEUE WAIT TIME,TALK TIME,HOLD TIME,\
AFTER CALL WORK TIME,TRANSFERS,ABANDONED,SKILL
1,"Sun, 01 Nov 2026 00:30:00",care,Inbound,a1,Moved,0041441112233,00:00:40,00:03:00,00:00:10,00:00:30,1,0,core
1,"Sun, 01 Nov 2026 00:34:00",care,Inbound,a2,Refund,0041441112233,00:01:00,00:02:00,00:00:00,00:00:20,0,0,expert
2,"Sun, 01 Nov 2026 01:30:00",care,Inbound,,Abandon,+41441112233,00:02:05,00:00:00,00:00:00,00:00:00,0,1,core
3,"Sun, 01 Nov 2026 03:00:00",care,Outbound,a1,Sold,0790000000,00:00:00,00:01:00,00:00:00,00:00:00,0,0,core
4,"Sun, 01 Nov 2026 04:00:00",care,Inbound,a1,Refund,0790000000,oops,00:01:00,00:00:00,00:00:00,0,0,core
"""


def test_five9_clock_times_segments_and_local_time(write: Any) -> None:
    path = write("calls.csv", FIVE9)
    found = import_contacts(
        "five9", [path], salt="s", source_timezone="America/New_York", timezone="Europe/Zurich", short_abandon_s=5
    )
    rows = found.contacts.set_index("contact_id")
    assert rows.index.tolist() == ["1", "2", "4"]
    assert rows.loc["1", "handle_s"] == 180 + 10 + 30 + 120 + 20
    assert rows["wait_s"].tolist()[:2] == [40.0, 125.0]
    assert rows["abandoned"].tolist() == [False, True, False]
    assert rows["transferred"].tolist() == [True, False, False]
    assert rows.loc["1", "reason"] == "Refund"
    # New York leaves summer time that night: 00:30 is still UTC-4, 04:00 is UTC-5; Zurich has UTC+1 already.
    assert [str(stamp)[11:16] for stamp in rows["started_at"]] == ["05:30", "06:30", "10:00"]
    assert any("has twice in autumn" in note for note in found.notes)
    assert rows.loc["1", "customer_id"] == rows.loc["2", "customer_id"]


def test_cxone_legs_share_a_master_and_both_spellings_read_alike(write: Any) -> None:
    api = [
        {"contactId": 10, "masterContactId": 10, "contactStart": "2026-01-05T08:00:00Z", "mediaTypeName": "Call",
         "skillName": "care", "primaryDispositionId": 4, "fromAddr": "+4179", "agentId": 1, "inQueueSeconds": 15,
         "agentSeconds": 100, "holdSeconds": 5, "acwSeconds": 20, "abandoned": False, "isOutbound": False},
        {"contactId": 11, "masterContactId": 10, "contactStart": "2026-01-05T08:03:00Z", "mediaTypeName": "Call",
         "skillName": "care", "primaryDispositionId": 5, "fromAddr": "+4179", "agentId": 2, "inQueueSeconds": 3,
         "agentSeconds": 50, "holdSeconds": 0, "acwSeconds": 0, "abandoned": False, "isOutbound": False},
        {"contactId": 12, "masterContactId": 12, "contactStart": "2026-01-05T08:05:00Z", "mediaTypeName": "Chat",
         "skillName": "care", "inQueueSeconds": 60, "abandoned": True, "isShortAbandon": False, "isOutbound": False},
        {"contactId": 13, "masterContactId": 13, "contactStart": "2026-01-05T08:06:00Z", "mediaTypeName": "Call",
         "skillName": "care", "inQueueSeconds": 2, "abandoned": True, "isShortAbandon": True, "isOutbound": False},
    ]  # fmt: skip
    found = import_contacts(
        "cxone", [write("c.json", json.dumps({"completedContacts": api}))], salt="s", timezone="UTC"
    )
    rows = found.contacts.set_index("contact_id")
    assert rows.index.tolist() == ["10", "12"]
    assert rows.loc["10", "handle_s"] == 175.0
    assert rows.loc["10", "wait_s"] == 15.0
    assert rows["abandoned"].tolist() == [False, True]
    assert rows["transferred"].tolist() == [True, False]
    heads = "Contact_ID,Master_Contact_ID,Start_Date,start_time,Media_Name,Skill_Name,InQueue,"
    heads += "Agent_Time,Hold_Time,ACW_Seconds,Abandon\n"
    csv = heads + "20,20,01/31/2026,08:00:00,Call,care,15,100,5,20,N\n21,21,01/31/2026,09:00:00,Call,care,70,0,0,0,Y\n"
    rows = import_contacts("cxone", [write("d.csv", csv)], salt="s", timezone="UTC").contacts
    assert rows["handle_s"].tolist()[0] == 125.0
    assert rows["abandoned"].tolist() == [False, True]
    assert str(rows["started_at"][0]) == "2026-01-31 08:00:00"


def test_twilio_events_become_tasks(write: Any) -> None:
    def event(sid: str, kind: str, task: str, at: int, **more: Any) -> Any:
        stamp = f"2026-01-05T08:{at // 60:02d}:{at % 60:02d}Z"
        data = {"task_sid": task, "task_channel_unique_name": "voice", "task_queue_name": "care", **more}
        return {"sid": sid, "event_type": kind, "event_date": stamp, "event_data": data}

    about = json.dumps({"from": "+41791", "reason": "billing", "customers": {"market_segment": "gold"}})
    events = [
        event("E4", "reservation.completed", "T1", 150, reservation_sid="R1"),
        event("E1", "task.created", "T1", 0, task_attributes=about),
        event("E2", "task-queue.entered", "T1", 5),
        event("E3", "reservation.accepted", "T1", 35, worker_sid="W1", reservation_sid="R1"),
        event("E3", "reservation.accepted", "T1", 35, worker_sid="W1", reservation_sid="R1"),
        event("E5", "task.completed", "T1", 151),
        event("E6", "task.created", "T2", 200),
        event("E7", "task.canceled", "T2", 260),
    ]
    found = import_contacts("twilio", [write("events.json", json.dumps({"events": events}))], salt="s", timezone="UTC")
    rows = found.contacts.set_index("contact_id")
    assert rows["wait_s"].tolist() == [30.0, 60.0]
    assert rows.loc["T1", "handle_s"] == 115.0
    assert pd.isna(rows.loc["T2", "handle_s"])
    assert rows["abandoned"].tolist() == [False, True]
    assert rows.loc["T1", ["reason", "segment", "pool"]].tolist() == ["billing", "gold", "care"]
    assert found.new_fields == {}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_are_valid_mappings_over_documented_fields(name: str) -> None:
    from planner.history.mapping import Mapping

    preset = PRESETS[name]
    assert Mapping.model_validate(preset.mapping).columns["contact_id"] is not None
    assert preset.unknown("a field nobody documented")
    assert len(set(preset.fields)) == len(preset.fields)
