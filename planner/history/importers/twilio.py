"""Twilio TaskRouter events: a contact is the life of a task, pieced together from its events; UTC, seconds."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

from planner.history.importers.preset import Preset, newest_only
from planner.history.importers.reading import FILE, KIND, LINE, Record, flat

_FIELDS = """
AccountSid EventType EventDescription EventDate Timestamp TimestampMs ResourceType ResourceSid Sid WorkspaceSid
WorkspaceName WorkflowSid WorkflowName WorkflowFilterName WorkflowFilterTargetName TaskSid TaskAttributes TaskAge
TaskPriority TaskAssignmentStatus TaskCanceledReason TaskCompletedReason TaskChannelSid TaskChannelUniqueName
TaskChannelOptimizedRouting TaskDateCreated TaskQueueEnteredDate TaskQueueSid TaskQueueName
TaskQueueTargetExpression TaskReEvaluatedReason TaskTransferredReason TaskVersion TaskVirtualStartTime WorkerSid
WorkerName WorkerAttributes WorkerActivityName WorkerActivitySid ReservationSid ReservationVersion OperatingUnitSid
TransferSid TransferMode TransferFailedReason TransferInitiatingReservationSid TransferInitiatingWorkerSid
TransferKind TransferStatus TransferTo TransferType EventData PublisherMetadata
"""


def _rows(records: Iterable[Record]) -> Iterable[Record]:
    events = [_event(record) for record in records]
    events, repeated = newest_only(events, "Sid", None)
    tasks: dict[str, list[Record]] = {}
    for event in events:
        if event.get("TaskSid"):
            tasks.setdefault(str(event["TaskSid"]), []).append(event)
    for sid, several in tasks.items():
        yield _task(sid, sorted(several, key=lambda event: event["at"] or 0.0))


def _event(record: Record) -> Record:
    """One event with names as in the callbacks: the API spells them in snake case, partly inside event_data."""
    inner = record.get("event_data") or record.get("EventData") or {}
    inner = json.loads(inner) if isinstance(inner, str) else inner
    out = {_camel(name): value for name, value in {**record, **inner}.items()}
    out |= {FILE: record.get(FILE), LINE: record.get(LINE), KIND: record.get(KIND)}
    out["at"] = _instant(out)
    return out


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_")) if not name.startswith("_") else name


def _instant(event: Record) -> float | None:
    """Seconds since 1970 of an event: TimestampMs, an ISO date, or Timestamp in seconds."""
    if str(event.get("TimestampMs") or "").isdigit():
        return float(event["TimestampMs"]) / 1000
    for name in ("EventDate", "Timestamp"):
        text = str(event.get(name) or "")
        if text.replace(".", "", 1).isdigit():
            return float(text)
        try:
            stamp = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            continue
        return (stamp if stamp.tzinfo else stamp.replace(tzinfo=dt.UTC)).timestamp()
    return None


def _task(sid: str, events: list[Record]) -> Record:
    """Queue time from entering the first queue, work from each acceptance to the end of its wrap-up."""

    def first(*kinds: str) -> float | None:
        return next((e["at"] for e in events if e.get("EventType") in kinds and e["at"] is not None), None)

    created = first("task.created") or first("task-queue.entered")
    queued, accepted, ended = (
        first("task-queue.entered") or created,
        first("reservation.accepted"),
        first("task.canceled"),
    )
    till = accepted if accepted is not None else ended
    out: Record = {"task_sid": sid, FILE: events[0][FILE], LINE: events[0][LINE], KIND: ""}
    out["started"] = None if created is None else dt.datetime.fromtimestamp(created, dt.UTC).isoformat()
    out["wait"] = None if queued is None or till is None else round(till - queued, 3)
    out["handle"] = _worked(events)
    out["abandoned"] = int(accepted is None and ended is not None)
    out["transfers"] = sum(event.get("EventType") == "task.transfer-initiated" for event in events)
    for name in ("TaskChannelUniqueName", "WorkflowName", "TaskCompletedReason", "TaskCanceledReason"):
        out[name] = next((event[name] for event in events if event.get(name)), None)
    taken = [event for event in events if event.get("EventType") == "reservation.accepted"]
    for name in ("WorkerSid", "TaskQueueName"):
        out[name] = next((event[name] for event in (*reversed(taken), *events) if event.get(name)), None)
    for event in events:
        out.update({f"attributes.{k}": v for k, v in flat(_attributes(event)).items() if not isinstance(v, list)})
    if str(out.get("attributes.conversations.abandoned")).lower() in ("yes", "true"):
        out["abandoned"] = 1
    return out


def _worked(events: list[Record]) -> float | None:
    """Seconds from acceptance to completion, summed over the reservations of a task."""
    open_at: dict[str, float] = {}
    seconds, found = 0.0, False
    for event in events:
        name, at = str(event.get("ReservationSid")), event["at"]
        if at is None:
            continue
        if event.get("EventType") == "reservation.accepted":
            open_at[name] = at
        elif event.get("EventType") == "reservation.completed" and name in open_at:
            seconds, found = seconds + at - open_at.pop(name), True
        elif event.get("EventType") == "task.completed" and open_at:
            seconds, found = seconds + sum(at - start for start in open_at.values()), True
            open_at.clear()
    return round(seconds, 3) if found else None


def _attributes(event: Record) -> dict[str, Any]:
    given = event.get("TaskAttributes")
    if isinstance(given, dict):
        return given
    try:
        read = json.loads(given) if given else {}
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


PRESET = Preset(
    name="twilio",
    title="Twilio TaskRouter events (JSON of the events API, or logged callbacks)",
    mapping={
        "columns": {
            "contact_id": "task_sid",
            "customer_id": "attributes.from",
            "started_at": "started",
            "entry_reason": "WorkflowName",
            "reason": "attributes.reason",
            "segment": "attributes.customers.market_segment",
            "channel": {
                "from": "TaskChannelUniqueName",
                "values": {"voice": "voice", "chat": "chat", "sms": "messaging", "email": "email", "default": "task"},
                "others": "keep",
            },
            "pool": "TaskQueueName",
            "agent_id": "WorkerSid",
            "wait_s": "wait",
            "handle_s": "handle",
            "abandoned": {"when": {"abandoned": 1}},
            "transferred": {"when": {"transfers": {"above": 0}}},
            "value": "attributes.customers.business_value",
        },
        "filters": [{"why": "outbound task", "drop": {"attributes.direction": "outbound"}}],
    },
    fields=(
        *_FIELDS.split(),
        "event_*",
        "resource_*",
        "actor_*",
        "source*",
        "account_sid",
        "sid",
        "url",
        "workspace_sid",
    ),
    rows=_rows,
    key="task_sid",
    zone="UTC",
    notes=("tasks canceled before anybody accepted them count as abandoned",),
)
