"""CSV tables: read by label onto the horizon, and every problem as file:row:column."""

from __future__ import annotations

import pandas as pd
import pytest
from scenario_center import DEMAND, Center

from planner.errors import ScenarioError
from planner.scenario import load_scenario, read_demand, read_today_routing, read_today_staffing

ROW = "2026-01-05 11:00,billing,voice,12\n"
DEMAND_WRONG = [
    (ROW, "", "5:1", "missing intervals of billing / voice: 2026-01-05 11:00 (1 in all)"),
    (
        "2026-01-05 11:30,billing,voice,9\n",
        "",
        "4:1",
        "missing intervals of billing / voice: 2026-01-05 11:30 (1 in all)",
    ),
    ("fault,voice,4.5", "fault,voice,4,5", "3:4", "'4,5' has a decimal comma; write a decimal point: 4.5"),
    ("fault,voice,4.5", 'fault,voice,"4,5"', "3:4", "'4,5' has a decimal comma; write a decimal point: 4.5"),
    ("voice,12", "voice,-12", "4:4", "contacts -12 is negative"),
    ("voice,12", "voice,twelve", "4:4", "contacts 'twelve' is not a number"),
    ("voice,12", "voice,1_2", "4:4", "contacts '1_2' is not a number"),
    ("voice,12", "voice,nan", "4:4", "contacts 'nan' is not a number"),
    ("voice,12", "voice,", "4:4", "contacts is empty; write a number, 0 where there is nothing"),
    ("voice,12", "voice,12,7,8", "4:4", "found 6 values where the header has 4"),
    ("voice,12", "voice", "4:3", "found 3 values where the header has 4"),
    (ROW, ROW + ROW, "5:1", "the same interval and names as row 4"),
    ("billing,voice,12", "biling,voice,12", "4:2", "unknown reason 'biling'; did you mean 'billing'?"),
    ("billing,voice,12", ",voice,12", "4:2", "reason is empty"),
    ("billing,voice,12", "billing,vioce,12", "4:3", "unknown channel 'vioce'; did you mean 'voice'?"),
    (
        "2026-01-05 11:00,b",
        "05.01.2026 11:00,b",
        "4:1",
        "'05.01.2026 11:00' is not a time; write local clock time like",
    ),
    (
        "2026-01-05 11:00,b",
        "2026-01-05T11:00+01:00,b",
        "4:1",
        "carries a time zone; write local clock time of Europe/Z",
    ),
    ("2026-01-05 11:00,b", "2026-01-05 11:10,b", "4:1", "starts no interval of the horizon"),
    ("2026-01-05 11:00,b", "2026-01-06 11:00,b", "4:1", "they run from 2026-01-05 10:30 to 2026-01-05 11:30, every 30"),
    ("contacts\n", "contact\n", "1:4", "unknown column 'contact'; did you mean 'contacts'?; expected interval_start"),
    (",contacts\n", "\n", "1:3", "column 'contacts' is missing; expected interval_start,reason,channel,contacts"),
    ("channel,contacts", "contacts,contacts", "1:4", "column 'contacts' is given twice"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), DEMAND_WRONG)
def test_wrong_demand_row_is_named_at_its_place(center: Center, old: str, new: str, place: str, words: str) -> None:
    center.write_csv("demand", (old, new))
    said = [line for line in center.said() if line.startswith(f"demand.csv:{place}: error: demand.source: ")]
    assert said, center.said()
    assert any(words in line for line in said), said


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_get_one_hint(center: Center, separator: str) -> None:
    (center.folder / "demand.csv").write_text(DEMAND.replace(",", separator), encoding="utf-8")
    said = center.only()
    assert said.startswith("demand.csv:1:1: error: demand.source: values are separated by ")
    assert said.endswith("save the table with ',' between values and '.' as decimal point")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "the file is empty; a CSV table is expected"),
        (b"interval_start,reason,channel,contacts\n", "there is a header but no rows"),
        (b"PK\x03\x04", "this is a ZIP archive or an Excel workbook, not a CSV table"),
        (b"PAR1", "this is a Parquet file, not a CSV table"),
        (b"a\x00b", "this is binary data, not a CSV table"),
        (DEMAND.replace("fault", "D\xe9faut").encode("latin-1"), "byte 0xe9 is not UTF-8"),
        (b'interval_start,reason,channel,contacts\n"' + b"x" * 200_000 + b'",', "this is not a CSV table"),
    ],
)
def test_file_that_is_no_table(center: Center, raw: bytes, words: str) -> None:
    (center.folder / "demand.csv").write_bytes(raw)
    said = center.only()
    assert said.startswith("demand.csv:")
    assert words in said


def test_gap_of_all_series_is_named_once(center: Center) -> None:
    center.write_csv("demand", (ROW, ""), ("2026-01-05 11:00,fault,voice,5\n", ""))
    assert center.only() == (
        "demand.csv:4:1: error: demand.source: missing intervals of billing / voice and 1 other series: "
        "2026-01-05 11:00 (1 in all); write a row for each, 0 where nothing is expected"
    )


def test_long_lists_are_capped_with_a_count(center: Center) -> None:
    rows = "".join(f"2026-01-05 10:30,x{n},voice,1\n" for n in range(50))
    center.write_csv("demand", ("2026-01-05 10:30,billing", rows + "2026-01-05 10:30,billing"))
    said = center.said()
    assert len(said) == 21
    assert said[0].startswith("demand.csv:2:2: error: demand.source: unknown reason 'x0'")
    assert said[-1] == "demand.csv: error: demand.source: and 30 more problems in this file; correct these first"


def test_demand_is_read_by_label(center: Center) -> None:
    (center.folder / "demand.csv").write_bytes(b"\xef\xbb\xbf" + DEMAND.replace("\n", "\r\n").encode() + b"\r\n,,,\r\n")
    demand = read_demand(load_scenario(center.path))
    assert list(demand.columns) == ["interval", "interval_start", "reason", "channel", "contacts"]
    assert demand["interval"].tolist() == [0, 0, 1, 1, 2, 2]
    assert demand["interval_start"][2] == pd.Timestamp("2026-01-05 11:00")
    assert demand.loc[demand["reason"] == "fault", "contacts"].tolist() == [4.5, 5.0, 0.0]


def test_forecast_by_queue(center: Center) -> None:
    rows = "".join(
        f"{c},2026-01-05T{t}:00,{q}\n" for t, c in (("10:30", 3), ("11:00", 4), ("11:30", 5)) for q in ("voice",)
    )
    (center.folder / "demand.csv").write_text("contacts,interval_start,queue\n" + rows, encoding="utf-8")
    demand = read_demand(load_scenario(center.path))
    assert list(demand.columns) == ["interval", "interval_start", "channel", "contacts"]
    assert demand["contacts"].sum() == 12
    (center.folder / "demand.csv").write_text("contacts,interval_start,queue\n" + rows.replace("voice", "vioce"))
    assert center.said()[0].startswith(
        "demand.csv:2:3: error: demand.source: unknown channel 'vioce'; did you mean 'voice'?"
    )


def test_segments_are_read_where_the_table_has_them(center: Center) -> None:
    text = (
        DEMAND.replace("contacts\n", "contacts,segment\n")
        .replace("\n2", ",all\n2")
        .replace("contacts,segment,all", "contacts,segment")
    )
    (center.folder / "demand.csv").write_text(text.rstrip("\n") + ",all\n", encoding="utf-8")
    assert read_demand(load_scenario(center.path))["segment"].tolist() == ["all"] * 6


def test_all_zero_demand_is_refused(center: Center) -> None:
    changes = [(f"voice,{n}\n", "voice,0\n") for n in ("10", "4.5", "12", "5", "9")]
    center.write_csv("demand", *changes)
    assert "all contacts are 0; there is nothing to plan" in center.said()[0]


def test_staffing_is_expanded_onto_the_horizon(center: Center) -> None:
    center.write(("days: 1", "days: 8"))
    days = [(day, time) for day in range(7) for time in ("10:30", "11:00", "11:30")]
    text = "weekday,time,pool,scheduled\n" + "".join(f"{d},{t},voice_core,{d + 1}\n" for d, t in days)
    (center.folder / "staffing.csv").write_text(text, encoding="utf-8")
    demand = "".join(
        f"2026-01-{day:02d} {t},billing,voice,1\n" for day in range(5, 13) for t in ("10:30", "11:00", "11:30")
    )
    (center.folder / "demand.csv").write_text("interval_start,reason,channel,contacts\n" + demand, encoding="utf-8")
    staffing = read_today_staffing(load_scenario(center.path))
    assert staffing["pool"].unique().tolist() == ["voice_core"]
    assert staffing["interval"].tolist() == list(range(24))
    assert staffing["scheduled"].tolist() == [float(day) for day in (1, 2, 3, 4, 5, 6, 7, 1) for _ in range(3)]


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("0,11:00,voice_core,5\n", "", "3:2", "missing times of voice_core: weekday 0 11:00 (1 in all)"),
        ("0,11:00,voice_core,5\n", "0,11:00,voice_core,5\n" * 2, "4:2", "the same weekday, time and pool as row 3"),
        ("0,11:00", "Mon,11:00", "3:1", "unknown weekday (0 is Monday) 'Mon'"),
        ("0,11:00", "7,11:00", "3:1", "unknown weekday (0 is Monday) '7'"),
        ("0,11:00", "0,11:15", "3:2", "'11:15' starts no interval; write HH:MM from 10:30 to 11:30"),
        ("voice_core,5", "voice_cor,5", "3:3", "unknown pool of people 'voice_cor'; did you mean 'voice_core'?"),
        ("voice_core,5", "bot,5", "3:3", "unknown pool of people 'bot'"),
        ("voice_core,3.5", "voice_core,3,5", "4:4", "'3,5' has a decimal comma"),
        ("scheduled\n", "agents\n", "1:4", "unknown column 'agents'"),
    ],
)
def test_wrong_staffing_row(center: Center, old: str, new: str, place: str, words: str) -> None:
    center.write_csv("staffing", (old, new))
    said = [line for line in center.said() if line.startswith(f"staffing.csv:{place}: error: today.staffing: ")]
    assert any(words in line for line in said), center.said()


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("voice_core,1\n", "voice_core,0.9\n", "2:5", "shares of billing / all / voice sum to 0.9; they must sum to 1"),
        ("voice_core,1\n", "voice_core,100\n", "2:5", "share 100 is not a ratio in 0..1; write 1, not 100"),
        ("billing,all,voice,voice_core", "billing,all,voice,bot", "2:4", "pool 'bot' serves channel chat, not voice"),
        ("fault,all,voice,voice_core", "fault,all,chat,bot", "3:4", "pool 'bot' may not serve fault / all"),
        ("fault,all", "fault,al", "3:2", "unknown segment 'al'; did you mean 'all'?"),
        ("fault,all", "billing,all", "3:4", "the same names as row 2"),
    ],
)
def test_wrong_routing_row(center: Center, old: str, new: str, place: str, words: str) -> None:
    center.write_csv("routing", (old, new))
    said = [line for line in center.said() if line.startswith(f"routing.csv:{place}: error: today.routing: ")]
    assert any(words in line for line in said), center.said()


def test_routing_is_read_with_shares_that_sum_to_one(center: Center) -> None:
    center.write_csv("routing", ("voice_core,1\n", "voice_core,0.999\n"))
    routing = read_today_routing(load_scenario(center.path))
    assert routing["share"].tolist() == [1.0, 1.0]
    assert routing["pool"].tolist() == ["voice_core", "voice_core"]


def test_tables_refuse_what_changed_after_loading(center: Center) -> None:
    scenario = load_scenario(center.path)
    center.write_csv("demand", ("voice,12", "voice,-12"))
    with pytest.raises(ScenarioError, match=r"demand\.csv:4:4: error: demand\.source: contacts -12 is negative"):
        read_demand(scenario)


def test_tables_that_are_not_named_cannot_be_read(center: Center) -> None:
    scenario = load_scenario(center.path, ["today.staffing=history"])
    with pytest.raises(ValueError, match=r"today\.staffing is 'history'"):
        read_today_staffing(scenario)


def test_staffing_after_midnight_counts_to_the_day_the_center_opened_on(center: Center) -> None:
    hours = (("opens: 10:30", "opens: 23:00"), ("closes: 12:00", "closes: 24:30"))
    shift = (("first: 10:30", "first: 23:00"), ("last: 11:00", "last: 23:30"))
    center.write(*hours, *shift)
    late = (("2026-01-05 10:30", "2026-01-05 23:00"), ("2026-01-05 11:00", "2026-01-05 23:30"))
    center.write_csv(
        "demand", *(pair for pair in late for _ in range(2)), *[("2026-01-05 11:30", "2026-01-06 00:00")] * 2
    )
    clocks = ((0, "23:00", 1), (0, "23:30", 2), (1, "00:00", 3))
    rows = "".join(f"{day},{time},voice_core,{people}\n" for day, time, people in clocks)
    (center.folder / "staffing.csv").write_text("weekday,time,pool,scheduled\n" + rows)
    table = read_today_staffing(load_scenario(center.path))
    assert table.loc[table["pool"] == "voice_core", "scheduled"].tolist() == [1.0, 2.0, 3.0]
    (center.folder / "staffing.csv").write_text("weekday,time,pool,scheduled\n" + rows.replace("1,00:00", "0,00:00"))
    assert any("missing times of voice_core: weekday 1 00:00 (1 in all)" in line for line in center.said())
