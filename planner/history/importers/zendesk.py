"""Zendesk tickets with metric sets and satisfaction ratings: three lists joined by ticket; minutes, UTC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from planner.history.importers.preset import Preset
from planner.history.importers.reading import KIND, Record, flat

_GOOD, _BAD = 5, 1
_FIELDS = """
allow_attachments allow_channelback assignee_email assignee_id brand_id collaborator_ids created_at custom_fields
custom_status_id description due_at email_cc_ids encoded_id external_id fields follower_ids followup_ids
forum_topic_id from_messaging_channel generated_timestamp group_id has_incidents id is_public metric_set
metric_set.* organization_id priority problem_id raw_subject recipient requester_id result_type
satisfaction_probability satisfaction_rating satisfaction_rating.* sharing_agreement_ids status subject submitter_id
support_type tags ticket_form_id ticket_id type updated_at url via via.* custom.* agent_wait_time_in_minutes.*
reply_time_in_minutes.* score
"""


def _rows(records: Iterable[Record]) -> Iterable[Record]:
    """Tickets, with what metric sets and ratings say of them; a metric or rating without its ticket is left out."""
    tickets, metrics, ratings = [], {}, {}
    for record in records:
        if "ticket_id" in record and "score" in record:
            ratings[str(record["ticket_id"])] = record
        elif "ticket_id" in record:
            metrics[str(record["ticket_id"])] = record
        else:
            tickets.append(record)
    for ticket in tickets:
        name = str(ticket.get("id"))
        own = {**(metrics.get(name) or {}), **(ticket.get("metric_set") or {})}
        row = flat({key: value for key, value in ticket.items() if key != "metric_set"})
        row |= {f"metric_set.{key}": value for key, value in flat(own).items() if not key.startswith("_")}
        for item in ticket.get("custom_fields") or ticket.get("fields") or []:
            row[f"custom.{item.get('id')}"] = item.get("value")
        row["tag_list"] = " ".join(str(tag) for tag in ticket.get("tags") or [])
        row["merged"] = int("closed_by_merge" in row["tag_list"].split())
        given = (ratings.get(name) or {}).get("score") or row.get("satisfaction_rating.score")
        row["rating"] = _points(given)
        row["solved"] = _solved(row)
        row[KIND] = ""
        yield row


def _points(score: Any) -> Any:
    """Good and bad as the ends of 1 to 5; numbers as they are; offered and unoffered are no answer."""
    words = {"good": _GOOD, "bad": _BAD, "goodwithcomment": _GOOD, "badwithcomment": _BAD}
    if isinstance(score, str) and not score.replace(".", "", 1).isdigit():
        return words.get(score.lower().replace("_", ""))
    return score


def _solved(row: Record) -> int | None:
    """1: solved and never reopened; 0: reopened; None: still open."""
    reopened = row.get("metric_set.reopens")
    if reopened is not None and float(reopened) > 0:
        return 0
    return 1 if row.get("status") in ("solved", "closed") else None


PRESET = Preset(
    name="zendesk",
    title="Zendesk tickets, metric sets and satisfaction ratings (JSON; name all the files together)",
    mapping={
        "columns": {
            "contact_id": "id",
            "customer_id": "requester_id",
            "started_at": "created_at",
            "reason": "custom.reason",
            "channel": {
                "from": "via.channel",
                "values": {
                    "voice": "voice",
                    "phone": "voice",
                    "chat": "chat",
                    "native_messaging": "messaging",
                    "messaging": "messaging",
                    "sunshine_conversations_api": "messaging",
                    "email": "email",
                    "web": "email",
                    "web_form": "email",
                },
                "others": "keep",
            },
            "segment": "organization_id",
            "pool": "group_id",
            "agent_id": "assignee_id",
            "wait_s": {"from": "metric_set.reply_time_in_minutes.business", "unit": "min"},
            "transferred": {"when": {"metric_set.group_stations": {"above": 1}}},
            "resolved": "solved",
            "csat": "rating",
        },
        "filters": [
            {"why": "merged into another ticket", "drop": {"merged": 1}},
            {"why": "deleted ticket", "drop": {"status": "deleted"}},
        ],
    },
    fields=tuple(_FIELDS.split()),
    rows=_rows,
    key="id",
    newest="updated_at",
    zone="UTC",
    notes=(
        "no handle time is recorded by tickets: state it, or map a time-tracking field",
        "wait is the first reply in business minutes; the calendar figure is metric_set.reply_time_in_minutes.calendar",
        "ratings good and bad stand as 5 and 1: (mean - 1) / 4 is the share of good ones",
        "reasons stand in custom fields: name yours, e.g. `columns: {reason: custom.360001234}`",
    ),
)
