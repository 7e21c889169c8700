"""Genesys Cloud conversation details: nested participants, sessions, segments and metrics; milliseconds, UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from planner.history.importers.preset import Preset, total
from planner.history.importers.reading import FILE, KIND, LINE, Record

_CUSTOMER = ("customer", "external")
_FIELDS = """
conversationId conversationStart conversationEnd conversationInitiator customerParticipation divisionIds evaluations
externalTag inactivityTimeout knowledgeBaseIds mediaStatsMinConversationMos mediaStatsMinConversationRFactor
originatingDirection originatingSocialMediaPublic participants participants.* resolutions selfServed surveys
"""


def _rows(records: Iterable[Record]) -> Iterable[Record]:
    for record in records:
        if "conversationId" in record:
            yield _contact(record)
        else:
            yield record


def _contact(record: Record) -> Record:
    people = [part for part in record.get("participants") or [] if isinstance(part, dict)]
    agents = [part for part in people if part.get("purpose") in ("agent", "user")]
    customers = [part for part in people if part.get("purpose") in _CUSTOMER]
    metrics = _sums(_metrics(people))
    worked = _sums(_metrics(agents)) or metrics
    handled = worked.get("tHandle")
    if handled is None:
        handled = total(worked.get("tTalk"), worked.get("tHeld"), worked.get("tAcw"))
    segments = [seg for part in people for ses in _list(part, "sessions") for seg in _list(ses, "segments")]
    mine = [ses for part in customers for ses in _list(part, "sessions")]
    survey: Record = next(
        (one for one in record.get("surveys") or [] if one.get("surveyStatus", "Finished") == "Finished"), {}
    )
    answered = any(name in metrics for name in ("tAnswered", "tTalk", "tTalkComplete")) and bool(agents)
    out: Record = {name: record.get(name) for name in (FILE, LINE, KIND, "conversationId", "conversationStart")}
    out |= {name: record.get(name) for name in ("conversationEnd", "originatingDirection")}
    out |= {
        "customer": _first(part.get("externalContactId") for part in customers) or _first(s.get("ani") for s in mine),
        "mediaType": _first(ses.get("mediaType") for ses in mine)
        or _first(ses.get("mediaType") for part in people for ses in _list(part, "sessions")),
        "queueId": _last(seg.get("queueId") for seg in segments),
        "wrapUpCode": _last(seg.get("wrapUpCode") for seg in segments),
        "flowName": _first((ses.get("flow") or {}).get("flowName") for p in people for ses in _list(p, "sessions")),
        "userId": _last(part.get("userId") for part in agents),
        "tWait": _wait(people, metrics),
        "tHandle": handled,
        "abandoned": int("tAbandon" in metrics and not answered),
        "short": int("tShortAbandon" in metrics and not answered),
        "transfers": metrics.get("nTransferred", 0.0),
        "surveyPromoterScore": survey.get("surveyPromoterScore"),
        "oSurveyTotalScore": survey.get("oSurveyTotalScore"),
        "human": int(bool(agents) or any(part.get("purpose") == "acd" for part in people)),
    }
    for part in people:
        for name, value in (part.get("attributes") or {}).items():
            out.setdefault(f"attributes.{name}", value)
    return out | {
        name: value for name, value in record.items() if name not in out and not isinstance(value, (list, dict))
    }


def _finish(contact: Record) -> Record:
    """A conversation without agent and queue stayed with a bot or flow."""
    return contact if contact.get("human") else contact | {"mediaType": "self_service"}


def _wait(people: list[Record], sums: dict[str, float]) -> float | None:
    """Wait in the first queue, ms: tWait, else tAcd, else the time to the answer or to giving up."""
    first = next((part for part in people if part.get("purpose") == "acd"), None)
    own = _sums(_metrics([first])) if first else {}
    for name in ("tWait", "tAcd", "tAnswered", "tAbandon"):
        if name in own or name in sums:
            return own.get(name, sums.get(name))
    return None


def _metrics(people: list[Record]) -> Iterator[Record]:
    for part in people:
        for session in _list(part, "sessions"):
            yield from _list(session, "metrics")


def _sums(metrics: Iterable[Record]) -> dict[str, float]:
    out: dict[str, float] = {}
    for metric in metrics:
        if isinstance(metric.get("value"), (int, float)):
            out[str(metric.get("name"))] = out.get(str(metric.get("name")), 0.0) + float(metric["value"])
    return out


def _list(record: Record, name: str) -> list[Record]:
    return [item for item in record.get(name) or [] if isinstance(item, dict)]


def _first(values: Iterable[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def _last(values: Iterable[Any]) -> Any:
    return _first(reversed(list(values)))


PRESET = Preset(
    name="genesys",
    title="Genesys Cloud conversation details (JSON of the analytics query, or one conversation per line)",
    mapping={
        "columns": {
            "contact_id": "conversationId",
            "customer_id": "customer",
            "started_at": "conversationStart",
            "entry_reason": "flowName",
            "reason": "wrapUpCode",
            "channel": {
                "from": "mediaType",
                "values": {"voice": "voice", "chat": "chat", "message": "messaging", "email": "email"},
                "others": "keep",
            },
            "pool": "queueId",
            "agent_id": "userId",
            "wait_s": {"from": "tWait", "unit": "ms"},
            "handle_s": {"from": "tHandle", "unit": "ms"},
            "abandoned": {"when": {"abandoned": 1}},
            "transferred": {"when": {"transfers": {"above": 0}}},
            "nps": "surveyPromoterScore",
        },
        "filters": [
            {"why": "outbound conversation", "drop": {"originatingDirection": "outbound"}},
            {"why": "short abandon, by the platform's own threshold", "drop": {"short": 1}},
        ],
    },
    fields=tuple(_FIELDS.split()),
    rows=_rows,
    key="conversationId",
    newest="conversationEnd",
    finish=_finish,
    zone="UTC",
    notes=(
        "oSurveyTotalScore is a form's total on a scale of its own: map it to csat with its scale where it is one",
        "conversations without agent and queue count as channel self_service",
    ),
)
