"""Amazon Connect: delivered twice, legs, transfers, no abandon flag, bots, UTC into a zone with summer time."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from planner.history.importers import import_contacts


def record(
    name: str, at: str = "2026-03-29T00:30:00Z", wait: float | None = 20, work: Any = (100, 5, 30), **more: Any
) -> Any:
    """A contact record; wait None: it never entered a queue; work None: no agent took it."""
    agent = None
    if work is not None:
        agent = {
            "Username": "ann",
            "ConnectedToAgentTimestamp": at,
            "AgentInteractionDuration": work[0],
            "CustomerHoldDuration": work[1],
            "AfterContactWorkDuration": work[2],
        }
    return {
        "ContactId": name,
        "InitialContactId": None,
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": at,
        "LastUpdateTimestamp": "2026-03-30T00:00:00Z",
        "Queue": None if wait is None else {"Name": "support", "EnqueueTimestamp": at, "Duration": wait},
        "Agent": agent,
        "CustomerEndpoint": {"Address": "+41441234567", "Type": "TELEPHONE_NUMBER"},
        "Attributes": {"reason": "billing"},
        **more,
    }


RECORDS = [
    record("served"),
    record("served", LastUpdateTimestamp="2026-03-30T01:00:00Z", work=(110, 5, 30)),
    record("left", at="2026-03-29T01:30:00Z", wait=45, work=None),
    record("bot", wait=None, work=None),
    record("first_leg", NextContactId="second_leg", work=(60, 0, 10)),
    record(
        "second_leg",
        at="2026-03-29T00:40:00Z",
        wait=90,
        work=(200, 0, 20),
        InitialContactId="first_leg",
        InitiationMethod="TRANSFER",
        Queue={"Name": "experts", "EnqueueTimestamp": "2026-03-29T00:40:00Z", "Duration": 90},
        Attributes={"reason": "billing", "disposition": "refund"},
    ),
    record(
        "survey_leg",
        at="2026-03-29T00:50:00Z",
        wait=None,
        work=None,
        InitialContactId="first_leg",
        InitiationMethod="DISCONNECT",
        Attributes={"csat": "4"},
    ),
    record("outbound", InitiationMethod="OUTBOUND"),
    record("novel", BrandNewField={"Deep": 1}),
]


@pytest.fixture
def contacts(write: Any) -> pd.DataFrame:
    """The records above, one after the other without line breaks, as a delivery stream stores them."""
    path = write("records.json", "".join(json.dumps(one) for one in RECORDS))
    found = import_contacts("amazon_connect", [path], salt="s", timezone="Europe/Zurich")
    assert found.counts["records read"] == len(RECORDS)
    assert found.counts["delivered again, counted once"] == 1
    assert found.counts["legs joined to their contact"] == 2
    assert found.counts["left out: outbound or internal call, not a customer's contact"] == 1
    assert found.new_fields == {"BrandNewField.Deep": 1}
    return found.contacts.set_index("contact_id")


def test_a_record_delivered_again_counts_once_as_last_updated(contacts: pd.DataFrame) -> None:
    assert contacts.index.tolist() == ["served", "left", "bot", "first_leg", "novel"]
    assert contacts.loc["served", "handle_s"] == 145.0


def test_legs_give_start_and_wait_of_the_first_and_outcome_of_the_last(contacts: pd.DataFrame) -> None:
    joined = contacts.loc["first_leg"]
    assert joined["handle_s"] == 60 + 10 + 200 + 20
    assert joined["wait_s"] == 20
    assert joined["pool"] == "experts"
    assert bool(joined["transferred"])
    assert not bool(joined["abandoned"])
    assert joined["disposition"] == "refund"
    assert joined["csat"] == 4.0


def test_abandoned_is_a_queue_without_an_agent_and_bots_are_neither(contacts: pd.DataFrame) -> None:
    assert contacts["abandoned"].tolist() == [False, True, False, False, False]
    assert contacts["channel"].tolist() == ["voice", "voice", "self_service", "voice", "voice"]
    assert contacts.loc["left", "wait_s"] == 45
    assert pd.isna(contacts.loc["left", "handle_s"])


def test_instants_cross_into_summer_time(contacts: pd.DataFrame) -> None:
    assert str(contacts.loc["served", "started_at"]) == "2026-03-29 01:30:00"
    assert str(contacts.loc["left", "started_at"]) == "2026-03-29 03:30:00"


def test_customers_and_agents_leave_only_as_hashes(contacts: pd.DataFrame) -> None:
    assert contacts["customer_id"].nunique() == 1
    assert not contacts.astype(str).apply(lambda column: column.str.contains("4412|ann", regex=True)).any().any()
