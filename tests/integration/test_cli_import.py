"""`planner import` end to end: tables, mapping report, hashed ids, and histories that read them back."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.cli import main
from planner.cli.importing import _NAMES, _SIDES
from planner.history.importers import PRESETS

HEADS = "CALL ID,TIMESTAMP,CALL TYPE,AGENT,DISPOSITION,ANI,QUEUE WAIT TIME,TALK TIME,ABANDONED,SKILL\n"


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """A call log of a made-up center."""
    rows = [
        f"{k},2026-01-05 08:{k:02d}:00,Inbound,ann,Refund,+4179000000{k},00:00:10,00:02:00,0,core" for k in range(9)
    ]
    path = tmp_path / "calls.csv"
    path.write_text(HEADS + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_names_in_the_help_are_the_presets() -> None:
    assert set(_NAMES) - set(_SIDES) == set(PRESETS)


def test_an_import_writes_tables_a_report_and_a_mapping_that_reads_again(
    calls: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, mapping = tmp_path / "history", tmp_path / "mapping.yaml"
    asked = ["import", "five9", str(calls), "--timezone", "Europe/Zurich"]
    assert main([*asked, "--out", str(out), "--mapping-out", str(mapping)]) == 0
    told = capsys.readouterr().err
    assert ".planner-salt" in told
    assert "--from-history" in told
    report = json.loads((out / "mapping_report.json").read_text(encoding="utf-8"))
    assert report["counts"]["contacts kept"] == 9
    frame = pd.read_parquet(out / "contacts.parquet")
    assert not frame.astype(str).apply(lambda column: column.str.contains("4179|ann")).any().any()
    assert main([*asked, "--out", str(out)]) == 2  # nothing is overwritten
    assert main([*asked, "--out", str(tmp_path / "again"), "--mapping", str(mapping)]) == 0
    again = pd.read_parquet(tmp_path / "again" / "contacts.parquet")
    pd.testing.assert_frame_equal(
        again.drop(columns=["customer_id", "agent_id"]), frame.drop(columns=["customer_id", "agent_id"])
    )
    history = planner.load_history(out / "contacts.parquet")
    assert history.quality.rows_kept == 9


def test_answers_join_an_imported_history(calls: Path, tmp_path: Path) -> None:
    out = tmp_path / "history"
    assert main(["import", "five9", str(calls), "--out", str(out)]) == 0
    answers = tmp_path / "answers.csv"
    answers.write_text("phone,recorded_date,csat\n+41 79 000 000 3,2026-01-05 10:00:00,6\n", encoding="utf-8")
    asked = ["import", "surveys", str(answers), "--out", str(tmp_path / "surveyed"), "--scale", "csat=1:7"]
    assert main(asked) == 2  # --contacts is missing
    assert main([*asked, "--contacts", str(out / "contacts.parquet")]) == 0
    found = pd.read_parquet(tmp_path / "surveyed" / "contacts.parquet")
    assert found.set_index("contact_id")["csat"].dropna().to_dict() == {"3": 6.0}
    mapping = tmp_path / "surveyed" / "mapping.yaml"
    assert planner.load_history(tmp_path / "surveyed" / "contacts.parquet", mapping).quality.rows_kept == 9


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--timezone", "Europe/Zurigh"], "Europe/Zurich"),
        (["--scale", "csat=high"], "SCORE=LOW:HIGH"),
        (["--reasons", "reasons.csv"], "goes to 'a' and to 'b'"),
    ],
)
def test_bad_options_exit_2(
    calls: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reasons.csv").write_text("exported,planned\nRefund,a\nRefund,b\n", encoding="utf-8")
    assert main(["import", "five9", str(calls), "--out", "out", *more]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out" / "contacts.parquet").exists()


def test_staffing_and_aggregates_have_folders_of_their_own(tmp_path: Path) -> None:
    table, counts = tmp_path / "staff.csv", tmp_path / "counts.csv"
    table.write_text("agent,team,start,end\nann,phone,2026-01-05 08:00,2026-01-05 09:00\n", encoding="utf-8")
    counts.write_text(
        "interval_start,reason,channel,volume,aht_s\n2026-01-05 08:00,fees,voice,3,200\n", encoding="utf-8"
    )
    assert main(["import", "staffing", str(table), "--out", str(tmp_path / "s"), "--json"]) == 0
    assert pd.read_parquet(tmp_path / "s" / "staffing.parquet")["scheduled"].tolist() == [1.0, 1.0]
    assert main(["import", "aggregate", str(counts), "--out", str(tmp_path / "a")]) == 0
    assert pd.read_csv(tmp_path / "a" / "aggregate.csv")["volume"].tolist() == [3.0]
