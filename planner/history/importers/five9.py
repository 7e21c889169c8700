"""Five9 call log: CSV, HH:MM:SS, the domain's local time, one line per segment of a call."""

from __future__ import annotations

from collections.abc import Iterable

from planner.history.importers.preset import Chain, Preset, as_number, total
from planner.history.importers.reading import Record

_FIELDS = """
CALL_ID TIMESTAMP CAMPAIGN CALL_TYPE AGENT AGENT_NAME DISPOSITION ANI CUSTOMER_NAME DNIS CALL_TIME
BILL_TIME_(ROUNDED) COST IVR_TIME QUEUE_WAIT_TIME RING_TIME TALK_TIME HOLD_TIME PARK_TIME AFTER_CALL_WORK_TIME
TRANSFERS CONFERENCES HOLDS ABANDONED RECORDINGS SKILL SESSION_ID LIST_NAME CONTACT_ID DATE TIME HANDLE_TIME
CONSULT_TIME 3RD_PARTY_TALK_TIME SPEED_OF_ANSWER SERVICE_LEVEL DISPOSITION_GROUP_A NOTES AGENT_GROUP AGENT_EMAIL
DNIS_COUNTRY DNIS_STATE ANI_COUNTRY ANI_STATE NUMBER1 FIRST_NAME LAST_NAME COMPANY CALLS COUNTRY CAMPAIGN_TYPE
"""
_OUT = ("Outbound", "Manual", "Internal", "Agent", "3rd party transfer", "3rd party conference")


def _rows(records: Iterable[Record]) -> Iterable[Record]:
    for record in records:
        row = dict(record)
        if row.get("TIMESTAMP") is None and row.get("DATE") and row.get("TIME"):
            row["TIMESTAMP"] = f"{row['DATE']} {row['TIME']}"
        row["wait"] = as_number(row.get("QUEUE WAIT TIME"))
        row["handle"] = total(row.get("TALK TIME"), row.get("HOLD TIME"), row.get("AFTER CALL WORK TIME"))
        row["left"] = row.get("ABANDONED")
        row["moved"] = as_number(row.get("TRANSFERS"))
        yield row


PRESET = Preset(
    name="five9",
    title="Five9 call log report (CSV)",
    mapping={
        "constants": {"channel": "voice"},
        "columns": {
            "contact_id": "CALL ID",
            "customer_id": "ANI",
            "started_at": "TIMESTAMP",
            "entry_reason": "SKILL",
            "reason": "DISPOSITION",
            "disposition": "DISPOSITION",
            "segment": "CAMPAIGN",
            "pool": "SKILL",
            "agent_id": "AGENT",
            "wait_s": "wait",
            "handle_s": "handle",
            "abandoned": "left",
            "transferred": {"when": {"moved": {"above": 0}}},
        },
        "filters": [{"why": "outbound or internal call", "drop": {"CALL TYPE": {"one_of": list(_OUT)}}}],
    },
    fields=tuple(name.replace("_", " ") for name in _FIELDS.split()),
    rows=_rows,
    key="",
    chain=Chain(
        key="CALL ID",
        order="_order",
        total=("handle", "moved"),
        last=("left",),
        last_known=("AGENT", "DISPOSITION"),
    ),
    formats=("%a, %d %b %Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p"),
    notes=("stamps are the clock of the Five9 domain: declare it with --source-timezone",),
)
