"""Amazon Connect contact records: at-least-once delivery, one record per leg, no abandon flag, UTC, seconds."""

from __future__ import annotations

from collections.abc import Iterable

from planner.history.importers.preset import Chain, Preset, total
from planner.history.importers.reading import Record, flat

_TRANSFERS = ("TRANSFER", "QUEUE_TRANSFER")
_WORK = ("Agent.AgentInteractionDuration", "Agent.CustomerHoldDuration", "Agent.AfterContactWorkDuration")
_FIELDS = """
AWSAccountId AWSContactTraceRecordFormatVersion Agent Agent.* AgentConnectionAttempts
AnsweringMachineDetectionStatus Attributes Attributes.* Campaign Campaign.* Channel ConnectedToSystemTimestamp
ContactAssociationId ContactDetails ContactDetails.* ContactId ContactLens ContactLens.* CustomerEndpoint
CustomerEndpoint.* CustomerId CustomerVoiceActivity CustomerVoiceActivity.* DisconnectDetails DisconnectDetails.*
DisconnectReason DisconnectTimestamp InitialContactId InitiationMethod InitiationTimestamp InstanceARN
LastPausedTimestamp LastResumedTimestamp LastUpdateTimestamp MediaStreams NextContactId PreviousContactId
QualityMetrics QualityMetrics.* Queue Queue.* Recording Recording.* Recordings References RelatedContactId
RoutingCriteria RoutingCriteria.* ScheduledTimestamp SegmentAttributes SegmentAttributes.* SystemEndpoint
SystemEndpoint.* Tags Tags.* TaskTemplateInfo TaskTemplateInfo.* TotalPauseCount TotalPauseDurationInSeconds
TransferCompletedTimestamp TransferredToEndpoint TransferredToEndpoint.* VoiceIdResult VoiceIdResult.*
"""
"""Fields of the documented record."""


def _rows(records: Iterable[Record]) -> Iterable[Record]:
    for record in records:
        row = flat(record)
        row["chain"] = row.get("InitialContactId") or row.get("ContactId")
        row["handle"] = total(*(row.get(name) for name in _WORK))
        moved = row.get("InitiationMethod") in _TRANSFERS or any(
            name.startswith("TransferredToEndpoint.") for name in row
        )
        row["transfers"] = int(moved)
        row["connected"] = row.get("Agent.ConnectedToAgentTimestamp")
        row["enqueued"] = row.get("Queue.EnqueueTimestamp")
        row["medium"] = row.get("Channel") if row["enqueued"] or row["connected"] else None
        yield row


def _finish(contact: Record) -> Record:
    """A contact none of whose legs asked for a person was self-service; a human leg overrules it."""
    return contact | {"medium": contact.get("medium") or "self_service"}


PRESET = Preset(
    name="amazon_connect",
    title="Amazon Connect contact records (JSON lines of the stream, or CSV with dotted names)",
    mapping={
        "columns": {
            "contact_id": "chain",
            "customer_id": "CustomerEndpoint.Address",
            "started_at": "InitiationTimestamp",
            "entry_reason": "Attributes.entry_reason",
            "reason": "Attributes.reason",
            "disposition": "Attributes.disposition",
            "segment": "Attributes.segment",
            "channel": {
                "from": "medium",
                "values": {"VOICE": "voice", "CHAT": "chat", "TASK": "task", "EMAIL": "email"},
                "others": "keep",
            },
            "pool": "Queue.Name",
            "agent_id": "Agent.Username",
            "wait_s": "Queue.Duration",
            "handle_s": "handle",
            "abandoned": {"when": {"enqueued": {"missing": False}, "connected": {"missing": True}}},
            "transferred": {"when": {"transfers": {"above": 0}}},
            "csat": "Attributes.csat",
            "nps": "Attributes.nps",
        },
        "filters": [
            {
                "why": "outbound or internal call, not a customer's contact",
                "drop": {"InitiationMethod": {"one_of": ["OUTBOUND", "EXTERNAL_OUTBOUND"]}},
            }
        ],
    },
    fields=tuple(_FIELDS.split()),
    rows=_rows,
    key="ContactId",
    newest="LastUpdateTimestamp",
    chain=Chain(
        key="chain",
        order="InitiationTimestamp",
        total=("handle", "transfers"),
        last=("enqueued", "connected"),
        last_known=("Agent.Username", "Queue.Name", "Attributes.disposition"),
        aside=lambda leg: leg.get("InitiationMethod") in ("DISCONNECT", "MONITOR"),
    ),
    finish=_finish,
    zone="UTC",
    notes=("contacts without queue and agent count as channel self_service", "wait is that of the first queue"),
)
