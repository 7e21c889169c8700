"""Genesys: nested participants, milliseconds, abandons that were answered after all, short abandons."""

from __future__ import annotations

import json
from typing import Any

from planner.history.importers import import_contacts


def conversation(name: str, queue: dict[str, float], agents: list[dict[str, float]], **more: Any) -> Any:
    """A conversation: metrics of the queue, and of each agent who took part."""

    def part(purpose: str, metrics: dict[str, float], **also: Any) -> Any:
        listed = [
            {"name": key, "value": value, "emitDate": "2026-01-05T08:00:00.000Z"} for key, value in metrics.items()
        ]
        segment = {"segmentType": "interact", "queueId": "q1"} | (
            {"wrapUpCode": "invoice"} if purpose == "agent" else {}
        )
        session = {"mediaType": "voice", "ani": "tel:+41791112233", "metrics": listed, "segments": [segment]}
        return {"purpose": purpose, "sessions": [session], **also}

    people = [part("customer", {}), part("ivr", {"nFlow": 1})]
    people += [part("acd", queue)] if queue else []
    people += [part("agent", metrics, userId=f"u{k}") for k, metrics in enumerate(agents)]
    start = {"conversationStart": "2026-01-05T08:00:00.123Z", "originatingDirection": "inbound"}
    return {"conversationId": name, **start, "participants": people, **more}


CONVERSATIONS = [
    conversation(
        "a",
        {"tWait": 30_000, "tAnswered": 30_000},
        [
            {"tTalk": 100_000, "tHandle": 140_000, "tHeld": 10_000, "tAcw": 30_000, "nTransferred": 1},
            {"tHandle": 60_000},
        ],
        surveys=[{"surveyStatus": "Finished", "surveyPromoterScore": 9}],
    ),
    conversation("b", {"tAcd": 50_000, "tAbandon": 50_000}, []),
    conversation("c", {"tAbandon": 2_000, "tShortAbandon": 2_000}, []),
    conversation("d", {"tWait": 12_000, "tAbandon": 3_000}, [{"tTalk": 20_000, "tHeld": 1_000, "tAcw": 4_000}]),
    conversation("e", {}, []),
    conversation("f", {}, [{"tHandle": 1}], originatingDirection="outbound"),
]


def test_a_query_answer_becomes_contacts(write: Any) -> None:
    path = write("details.json", json.dumps({"conversations": CONVERSATIONS, "totalHits": 6}))
    found = import_contacts("genesys", [path], salt="s", timezone="Europe/Zurich")
    rows = found.contacts.set_index("contact_id")
    assert rows.index.tolist() == ["a", "b", "d", "e"]
    assert rows["wait_s"].tolist()[:3] == [30.0, 50.0, 12.0]
    assert rows["handle_s"].tolist()[0] == 200.0
    assert rows.loc["d", "handle_s"] == 25.0
    assert rows["abandoned"].tolist() == [False, True, False, False]
    assert rows["transferred"].tolist() == [True, False, False, False]
    assert rows["channel"].tolist() == ["voice", "voice", "voice", "self_service"]
    assert rows.loc["a", "nps"] == 9
    assert rows.loc["a", "reason"] == "invoice"
    assert str(rows.loc["a", "started_at"]).startswith("2026-01-05 09:00:00")
    assert found.counts["left out: outbound conversation"] == 1
    assert found.counts["left out: short abandon, by the platform's own threshold"] == 1
    assert found.new_fields == {}


def test_one_conversation_per_line_reads_alike_and_names_a_broken_line(write: Any) -> None:
    text = "\n".join([json.dumps(CONVERSATIONS[0]), '{"conversationId": ', json.dumps(CONVERSATIONS[1])])
    found = import_contacts("genesys", [write("lines.jsonl", text)], salt="s", timezone="UTC")
    assert found.contacts["contact_id"].tolist() == ["a", "b"]
    assert [str(trouble).split(":")[:2] for trouble in found.troubles] == [["lines.jsonl", "2"]]
