"""Bad input: each gets a clear message, and the part that can be done is done."""

from __future__ import annotations

from typing import Any

import pytest

from planner.errors import HistoryError
from planner.history.importers import import_contacts
from planner.history.importers.settle import one_spelling
from planner.history.importers.stamps import read_stamps

HEADS = [
    "CALL ID",
    "TIMESTAMP",
    "CALL TYPE",
    "DISPOSITION",
    "ANI",
    "QUEUE WAIT TIME",
    "TALK TIME",
    "ABANDONED",
    "SKILL",
]


def log(rows: list[list[str]], mark: str = ",", heads: list[str] | None = None) -> str:
    """A call log with these rows."""
    return "\r\n".join(mark.join(row) for row in [heads or HEADS, *rows]) + "\r\n"


def row(number: int, at: str = "2026-01-05 08:00:00", reason: str = "Refund", wait: str = "00:00:10") -> list[str]:
    """One call."""
    return [str(number), at, "Inbound", reason, f"+4179{number:07d}", wait, "00:02:00", "0", "core"]


def imported(path: Any, **more: Any) -> Any:
    """Import a call log of Zurich."""
    return import_contacts("five9", [path], salt="s", timezone="Europe/Zurich", **more)


def test_a_file_saved_by_a_spreadsheet_is_read_and_said_so(write: Any) -> None:
    heads = [*HEADS, "COST", "csat_points"]
    rows = [[*row(k, at=f"05.01.2026 08:{k:02d}"), "1,5", "4,5"] for k in range(1, 4)]
    own = write("own.yaml", "version: 1\ncolumns: {csat: csat_points}\n")
    found = imported(write("excel.csv", "\ufeff" + log(rows, ";", heads)), mapping=own)
    assert found.contacts["csat"].tolist() == [4.5] * 3
    assert str(found.contacts["started_at"][0]) == "2026-01-05 08:01:00"
    notes = " ".join(found.notes)
    assert "byte-order mark" in notes
    assert "separated by ';'" in notes
    assert "6 numbers with decimal commas" in notes
    assert found.new_fields == {"csat_points": 3}


def test_mixed_time_zones_set_the_fewer_aside_by_file_and_row(write: Any) -> None:
    rows = [row(1, "2026-01-05T08:00:00Z"), row(2, "2026-07-05T08:00:00+02:00"), row(3, "2026-01-05 08:00:00")]
    found = imported(write("mixed.csv", log(rows)))
    assert [str(stamp) for stamp in found.contacts["started_at"]] == ["2026-01-05 09:00:00", "2026-07-05 08:00:00"]
    told = [str(trouble) for trouble in found.troubles]
    assert len(told) == 1
    assert told[0].startswith(
        "mixed.csv:4: TIMESTAMP: 2026-01-05 08:00:00 has no time zone where most have one; declare"
    )
    whole = imported(write("again.csv", log(rows)), source_timezone="Asia/Tokyo")
    assert str(whole.contacts["started_at"][2]) == "2026-01-05 00:00:00"


def test_day_and_month_that_cannot_be_told_apart_are_refused(write: Any) -> None:
    own = write("own.yaml", 'version: 1\ncolumns: {started_at: {from: TIMESTAMP, format: "%d/%m/%Y %H:%M"}}\n')
    path = write("slash.csv", log([row(1, "03/04/2026 08:00"), row(2, "04/03/2026 08:00")]))
    assert [stamp.month for stamp in imported(path).contacts["started_at"]] == [3, 4]  # Five9 documents month first
    assert [stamp.month for stamp in imported(path, mapping=own).contacts["started_at"]] == [4, 3]
    with pytest.raises(HistoryError, match="may be day or month first"):
        read_stamps(["03/04/2026 08:00", "04/03/2026 08:00"], None, (), "start")
    told = read_stamps(["03/04/2026 08:00", "04/13/2026 08:00"], None, (), "start")
    assert told.texts[0] == "2026-03-04 08:00:00.000"
    text = '{"TaskSid": "T", "EventType": "x"}'
    with pytest.raises(HistoryError, match="nothing is imported"):
        import_contacts("twilio", [write("empty.json", text)], salt="s")


def test_a_third_of_unmapped_reasons_is_reported_with_shares(write: Any) -> None:
    rows = [row(k, reason="Refund" if k <= 7 else f"misc{k % 2}") for k in range(1, 11)]
    found = imported(write("calls.csv", log(rows)), reasons={"Refund": "billing"})
    assert found.contacts["reason"].notna().sum() == 7
    listed = found.unmapped[found.unmapped["column"] == "reason"]
    assert listed["value"].tolist() == ["misc0", "misc1"]
    assert listed["share"].tolist() == pytest.approx([0.2, 0.1])
    assert "- reason: 30% of the contacts" in found.lines()


def test_scores_on_another_scale_are_left_out_or_declared(write: Any) -> None:
    heads = [*HEADS, "score"]
    path = write("scores.csv", log([[*row(k), str(20 * k)] for k in range(1, 6)], heads=heads))
    own = write("own.yaml", "version: 1\ncolumns: {csat: score}\n")
    found = imported(path, mapping=own)
    assert len(found.contacts) == 5
    assert "csat" not in found.contacts
    assert any("run from 20 to 100" in note and "--scale csat=20:100" in note for note in found.notes)
    declared = imported(path, mapping=own, scales={"csat": (0.0, 100.0)})
    assert declared.contacts["csat"].tolist() == [20.0, 40.0, 60.0, 80.0, 100.0]
    assert declared.scales == {"csat": [0.0, 100.0]}


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("version: 1\ncolumns:\n  reason: SKILL\n  reason: DISPOSITION\n", "reason"),
        ("version: 1\ncolumns: {reason: [SKILL, DISPOSITION]}\n", "columns.reason"),
        ("version: 1\ncolumns: {reason: SKILL}\nconstants: {reason: all}\n", "keep one"),
        ("version: 1\ncolumns: {reason: SKIL}\n", "no record has SKIL"),
    ],
)
def test_a_mapping_that_sends_two_columns_to_one_is_refused(write: Any, mapping: str, words: str) -> None:
    with pytest.raises(HistoryError) as caught:
        imported(write("calls.csv", log([row(1)])), mapping=write("own.yaml", mapping))
    assert words in str(caught.value)


def test_rows_and_values_that_cannot_be_read_are_named_and_the_rest_stands(write: Any) -> None:
    heads = [*HEADS, "SKILL", "VIP SCORE"]
    rows = [[*row(k), "twin", "5"] for k in range(1, 5)]
    rows[1] = rows[1][:4]
    rows[2][-1] = "good"
    own = write("own.yaml", "version: 1\ncolumns: {csat: VIP SCORE}\n")
    found = imported(write("calls.csv", log(rows, heads=heads)), mapping=own)
    assert found.contacts["contact_id"].tolist() == ["1", "3", "4"]
    assert found.contacts["pool"].tolist() == ["core"] * 3
    assert [str(trouble) for trouble in found.troubles] == [
        "calls.csv:1: SKILL: two columns bear this name (columns 9, 10); the first one is read",
        "calls.csv:3: has 4 values for 11 columns; the row is left out",
        "calls.csv:4: VIP SCORE: good is no number",
    ]


def test_files_that_are_no_export_are_refused(write: Any, tmp_path: Any) -> None:
    for content, words in ((b"PK\x03\x04xx", "Excel workbook"), (b"  ", "empty"), (b"a\x00b", "binary")):
        path = tmp_path / "x.csv"
        path.write_bytes(content)
        with pytest.raises(HistoryError, match=words):
            imported(path)
    with pytest.raises(HistoryError, match="no such file"):
        imported(tmp_path / "none.csv")
    with pytest.raises(HistoryError, match="did you mean five9"):
        import_contacts("fiv9", [write("c.csv", log([row(1)]))], salt="s")


def test_customers_have_one_spelling() -> None:
    same = ["+41 44 123 45 67", "0041441234567", "+41 (44) 123-45.67"]
    assert {one_spelling(text) for text in same} == {"+41441234567"}
    assert one_spelling("Ann@Example.ORG") == "ann@example.org"
    assert one_spelling("C-17") == "C-17"
    assert one_spelling("0441234567") == "0441234567"
