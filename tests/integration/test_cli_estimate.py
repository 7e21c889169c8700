"""`planner estimate` on a small file of contacts: the table on stdout, the quality report on stderr."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
from pathlib import Path

import pytest

from planner.cli import main

COLUMNS = ("contact_id", "customer_id", "started_at", "reason", "channel", "segment")
NUMBERS = ("wait_s", "handle_s", "abandoned", "csat")
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def contacts(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two thousand contacts, a third with a score, voice half a point above chat."""
    rng = random.Random(4)
    path = tmp_path_factory.mktemp("history") / "contacts.csv"
    started = dt.datetime(2026, 3, 2, 8)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, *NUMBERS])
        for number in range(2000):
            started += dt.timedelta(minutes=20)
            channel = rng.choice(["voice", "chat"])
            score = min(5, max(1, round(rng.gauss(4.2 if channel == "voice" else 3.4, 0.8))))
            writer.writerow(
                [number, f"c{number}", started.isoformat(sep=" "), rng.choice(["billing", "fault"]), channel, "all"]
                + [round(rng.expovariate(1 / 20)), 1 + round(rng.expovariate(1 / 300)), "false"]
                + [score if rng.random() < 0.33 else ""]
            )
    return str(path)


def test_table_goes_to_stdout_and_quality_to_stderr(contacts: str, capsys: Captured) -> None:
    assert main(["estimate", contacts, "--csv"]) == 0
    captured = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(captured.out)))
    assert {(row["reason"], row["channel"]) for row in rows} == {
        (reason, channel) for reason in ("billing", "fault") for channel in ("voice", "chat")
    }
    means = {channel: [float(r["mean"]) for r in rows if r["channel"] == channel] for channel in ("voice", "chat")}
    assert min(means["voice"]) > max(means["chat"])
    assert "2,000" in captured.err or "2000" in captured.err


def test_json_holds_table_and_report(contacts: str, capsys: Captured) -> None:
    assert main(["estimate", contacts, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] == "csat"
    assert len(found["table"]) == 4
    assert found["history"]


def test_page_and_tables_are_written_and_named(
    contacts: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["estimate", contacts]) == 0
    captured = capsys.readouterr()
    assert "Experience (csat)" in captured.out
    folder = next((tmp_path / "estimates").iterdir())
    assert folder.name.startswith("contacts-csat-")
    assert f"Report: estimates/{folder.name}/report.html" in captured.err
    for name in ("report.html", "table.parquet", "table.csv", "moves.csv", "guards.csv", "estimate.json"):
        assert (folder / name).stat().st_size > 0
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main(["--quiet", "estimate", contacts]) == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first, "the same bytes again"


def test_an_existing_folder_is_never_written_over(contacts: str, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "mine").mkdir()
    assert main(["estimate", contacts, "--out", str(tmp_path / "mine")]) == 2
    assert "exists already" in capsys.readouterr().err
    assert list((tmp_path / "mine").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("contact_id,started_at\n1,2026-03-02 08:00\n", "channel"),
        ("contact_id;started_at\n1;x\n", "semicolons"),
    ],
)
def test_bad_history_exits_2(tmp_path: Path, content: str, said: str, capsys: Captured) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content, encoding="utf-8")
    assert main(["estimate", str(path)]) == 2
    err = capsys.readouterr().err
    assert "bad.csv" in err
    assert said in err
    assert "Traceback" not in err


def test_missing_history_exits_2(tmp_path: Path, capsys: Captured) -> None:
    assert main(["estimate", str(tmp_path / "none.parquet")]) == 2
    assert "none.parquet" in capsys.readouterr().err
