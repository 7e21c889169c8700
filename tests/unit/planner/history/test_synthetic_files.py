"""Synthetic histories on disk: made once, made again only when something changed, never half written."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from planner.history.synthetic import ensure_history, generate, load_truth, write_history
from planner.history.synthetic import files as history_files
from planner.library import scenario_library

_SMALL = """
extends: {bank}
seed: 5
calendar: {{weeks: 1, warmup_weeks: 0}}
volume: {{issues_per_week: {issues}, customers: 5000}}
"""


def _truth_file(folder: Path, issues: int = 2000) -> Path:
    path = folder / "small_truth.yaml"
    bank = (scenario_library() / "retail_bank_truth.yaml").as_posix()
    path.write_text(_SMALL.format(bank=bank, issues=issues), encoding="utf-8")
    return path


def test_a_history_is_written_once(tmp_path: Path) -> None:
    truth, folder = _truth_file(tmp_path), tmp_path / "data"
    contacts = ensure_history(truth, folder)
    written = contacts.stat().st_mtime_ns
    assert ensure_history(truth, folder) == contacts == folder / "contacts.parquet"
    assert contacts.stat().st_mtime_ns == written
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    tables = ("confusion", "issues", "journeys", "moves", "pools", "reported", "scores", "wait_curve")
    assert names == {"contacts.parquet", "staffing.parquet", "generated.json", *(f"truth/{t}.parquet" for t in tables)}


def test_files_hold_what_was_generated(tmp_path: Path) -> None:
    truth = _truth_file(tmp_path)
    made = generate(load_truth(truth))
    back = pd.read_parquet(ensure_history(truth, tmp_path / "data"))
    assert len(back) == len(made.contacts)
    assert list(back.columns) == list(made.contacts.columns)
    assert back["csat"].equals(made.contacts["csat"])
    assert back["started_at"].equals(made.contacts["started_at"])
    assert back["resolved"].equals(made.contacts["resolved"])


def test_the_same_truth_gives_the_same_bytes(tmp_path: Path) -> None:
    truth = _truth_file(tmp_path)
    one, two = (ensure_history(truth, tmp_path / name).parent for name in ("a", "b"))
    for path in sorted(one.rglob("*.parquet")):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes(), path.name


@pytest.mark.parametrize("change", ["truth", "seed", "generator", "stamp", "contacts"])
def test_a_stale_history_is_made_again(tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    truth, folder = _truth_file(tmp_path), tmp_path / "data"
    contacts = ensure_history(truth, folder)
    before = contacts.read_bytes()
    seed = None
    if change == "truth":
        _truth_file(tmp_path, issues=1000)
    elif change == "seed":
        seed = 6
    elif change == "generator":
        contacts.write_bytes(b"old")
        monkeypatch.setattr(history_files, "GENERATOR_VERSION", -1)
    elif change == "stamp":
        contacts.write_bytes(b"old")
        (folder / "generated.json").write_text("{", encoding="utf-8")
    else:
        contacts.unlink()
    after = ensure_history(truth, folder, seed).read_bytes()
    assert (after == before) == (change in ("generator", "stamp", "contacts"))
    stamp = json.loads((folder / "generated.json").read_text(encoding="utf-8"))
    assert stamp["seed"] == (6 if change == "seed" else 5)


def test_an_interrupted_run_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth, folder = _truth_file(tmp_path), tmp_path / "data"
    ensure_history(truth, folder)
    _truth_file(tmp_path, issues=1000)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(history_files, "write_history", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ensure_history(truth, folder)
    assert json.loads((folder / "generated.json").read_text(encoding="utf-8")) == {"unfinished": True}
    monkeypatch.undo()
    assert len(pd.read_parquet(ensure_history(truth, folder))) < 2000


def test_a_center_without_staffing_table_has_none(tmp_path: Path) -> None:
    truth = _truth_file(tmp_path)
    text = truth.read_text(encoding="utf-8") + "missing: {staffing: true}\n"
    truth.write_text(text, encoding="utf-8")
    made = generate(load_truth(truth))
    write_history(made, tmp_path / "data")
    assert made.staffing is None
    assert not (tmp_path / "data" / "staffing.parquet").exists()
    assert not list((tmp_path / "data").glob(".generating-*"))
