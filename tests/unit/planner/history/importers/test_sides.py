"""Survey tables, aggregates and the staffing side, against what can be counted by hand."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd
import pytest

from planner.errors import HistoryError
from planner.history.importers.aggregate import read_aggregate
from planner.history.importers.staffing_side import import_staffing
from planner.history.importers.surveys import join_surveys


def key(customer: str) -> str:
    """The hash under which an imported history keeps a customer."""
    return hashlib.sha256(f"s:customer_id:{customer}".encode()).hexdigest()[:20]


CONTACTS = pd.DataFrame(
    {
        "contact_id": ["a", "b", "c"],
        "customer_id": [key("ann@example.org"), key("ann@example.org"), key("bob@example.org")],
        "started_at": pd.to_datetime(["2026-01-05 08:00", "2026-01-06 08:00", "2026-01-07 08:00"]),
        "channel": ["voice"] * 3,
    }
)


def test_answers_find_their_contact_by_id_else_by_the_customers_last_one(write: Any) -> None:
    table = (
        "ResponseId,RecordedDate,contact_id,email,CSAT,NPS\n"
        "r1,2026-01-08 09:00:00,c,,4,9\n"  # by contact
        "r2,2026-01-06 20:00:00,,ANN@example.org,2,\n"  # the later of Ann's two contacts before it
        "r3,2026-01-05 09:00:00,,ann@example.org,5,10\n"  # only the first had been
        "r4,2026-02-05 09:00:00,,bob@example.org,1,0\n"  # too late
        "r5,2026-01-09 09:00:00,c,,x,8\n"  # answers again: the later one counts, and x is nothing
    )
    found = join_surveys(CONTACTS, [write("s.csv", table)], salt="s")
    assert found.counts == {"answers read": 5, "joined by contact": 2, "joined by customer": 2, "without a contact": 1}
    assert found.contacts["csat"].tolist() == [5.0, 2.0, 4.0]
    assert found.contacts["nps"].fillna(-1).tolist() == [10.0, -1.0, 8.0]
    assert [str(trouble) for trouble in found.troubles] == ["s.csv:6: CSAT: x is no number"]


def test_answers_on_another_scale_are_left_out_until_it_is_declared(write: Any) -> None:
    path = write("s.csv", "contact_id,csat,ces\na,7,2\nb,6,3\n")
    left = join_surveys(CONTACTS, [path], salt="s")
    assert "csat" not in left.contacts
    assert left.contacts["ces"].tolist()[:2] == [2.0, 3.0]
    assert any("--scale csat=6:7" in note for note in left.notes)
    assert join_surveys(CONTACTS, [path], salt="s", scales={"csat": (1, 7)}).contacts["csat"].tolist()[:2] == [7.0, 6.0]
    with pytest.raises(HistoryError, match="no column csat, nps or ces"):
        join_surveys(CONTACTS, [write("t.csv", "contact_id,mood\na,1\n")], salt="s")


def test_an_aggregate_gives_demand_handle_times_and_scores_with_their_error(write: Any) -> None:
    text = (
        "interval_start;reason;channel;segment;volume;aht_s;csat_mean;csat_n\n"
        "05.01.2026 08:00;fees;voice;all;10;200;4,0;4\n"
        "05.01.2026 08:30;fees;voice;all;30;240;4,6;2\n"
        "05.01.2026 09:00;fees;voice;all;10;;;\n"
        "never;fees;voice;all;10;;;\n"
    )
    found = read_aggregate([write("a.csv", text)])
    row = found.outcomes.iloc[0]
    assert row["contacts"] == 50
    assert row["aht_s"] == pytest.approx((10 * 200 + 30 * 240) / 40)
    assert row["csat"] == pytest.approx((4 * 4.0 + 2 * 4.6) / 6)
    # sum n (m - mean)^2 = 4 * .2^2 + 2 * .4^2 = .48; k - 1 = 1, 6 answers: sqrt(.48 / 6)
    assert row["csat_sd"] == pytest.approx((0.48 / 6) ** 0.5)
    assert row["csat_n"] == 6
    assert [str(trouble).split(":")[1] for trouble in found.troubles] == ["5"]
    left = read_aggregate([write("b.csv", text.replace("4,6", "86"))])
    assert left.outcomes["csat"].isna().all()
    assert any("--scale csat=4:86" in note for note in left.notes)
    with pytest.raises(HistoryError, match="needs volume"):
        read_aggregate([write("c.csv", "interval_start,channel,contacts\n2026-01-05,voice,1\n")])


def test_a_schedule_and_statuses_become_people_scheduled_and_on_task(write: Any) -> None:
    schedule = (
        "Date,Agent,Team,Activity,Start,End\n"
        "2026-01-05,ann,phone,Work,08:00,10:00\n"
        "2026-01-05,ann,phone,Lunch,09:00,09:30\n"  # a break is no presence, but it lies inside the shift of this file
        "2026-01-05,bob,phone,Work,08:15,09:00\n"
        "2026-01-05,bob,phone,Meeting,09:00,09:30\n"  # paid, so scheduled; not on task
        "2026-01-05,eve,phone,Work,23:30,00:30\n"  # ends on the next day
    )
    status = (
        "Agent,Team,Status,Start,End\n"
        "ann,phone,On Call,2026-01-05 08:00,2026-01-05 08:20\n"
        "ann,phone,ACW,2026-01-05 08:20,2026-01-05 08:30\n"
        "ann,phone,Lunch,2026-01-05 08:30,2026-01-05 10:00\n"
        "bob,phone,Available,2026-01-05 08:15,2026-01-05 09:00\n"
        "bob,phone,Available,2026-01-05 08:15,2026-01-05 08:45\n"  # doubled: once
        "bob,phone,Gardening,2026-01-05 09:00,2026-01-05 09:30\n"
    )
    found = import_staffing([write("schedule.csv", schedule), write("status.csv", status)])
    table = found.table.set_index("interval_start")
    assert [str(stamp)[5:16] for stamp in table.index] == [
        "01-05 08:00", "01-05 08:30", "01-05 09:00", "01-05 09:30", "01-05 23:30", "01-06 00:00",
    ]  # fmt: skip
    assert table["scheduled"].tolist() == pytest.approx([1.5, 2, 2, 1, 1, 1])
    assert table["on_task"].tolist() == pytest.approx([1.5, 1, 0, 0, 0, 0])
    assert any("gardening" in note for note in found.notes)
    more = import_staffing([write("status2.csv", status)], on_task=["Gardening"]).table
    assert more["on_task"].sum() == pytest.approx(3.5)


def test_statuses_cross_the_end_of_summer_time(write: Any) -> None:
    log = "agent_id,pool,status,start,duration_s\na,p,Ready,2026-10-24T23:00:00Z,14400\n"
    found = import_staffing([write("s.csv", log)], timezone="Europe/Zurich", interval_min=60)
    # 01:00 to 04:00 on the wall, with 02:00 twice: one person each time, not two at once.
    assert [str(at)[11:16] for at in found.table["interval_start"]] == ["01:00", "02:00", "03:00"]
    assert found.table["on_task"].tolist() == [1.0, 1.0, 1.0]


def test_a_status_without_end_lasts_until_the_next(write: Any) -> None:
    log = "agent,pool,state,timestamp\na,p,Ready,2026-01-05 08:00\na,p,Break,2026-01-05 08:45\n"
    log += "a,p,Ready,2026-01-05 09:00\n"
    table = import_staffing([write("s.csv", log)]).table
    assert table["on_task"].tolist() == pytest.approx([1.0, 0.5])


def test_a_table_by_interval_passes_through_and_another_is_refused(write: Any) -> None:
    text = "interval_start,pool,scheduled,on_task\n2026-01-05 08:00,p,10,7\n"
    assert import_staffing([write("t.csv", text)]).table.iloc[0, 1:].tolist() == ["p", 10.0, 7.0]
    with pytest.raises(HistoryError, match="neither a schedule"):
        import_staffing([write("u.csv", "a,b\n1,2\n")])
