"""The pieces of a run directory: whole files, chunks, lock, hashes, record, tables."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.errors import RunError
from planner.runs.atomic import read_json, write_bytes, write_json, write_text
from planner.runs.chunks import ChunkStore
from planner.runs.inputs import hash_inputs, run_key
from planner.runs.lock import locked
from planner.runs.manifest import anonymous_command, describe_machine
from planner.runs.tables import csv_text, parquet_bytes, plain, read_table, write_table

needs_permissions = pytest.mark.skipif(
    sys.platform == "win32" or (hasattr(os, "geteuid") and os.geteuid() == 0),
    reason="the superuser may write everywhere",
)


def test_write_leaves_no_temporary_file_and_replaces_the_old(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.txt"
    write_text(target, "old\n")
    write_text(target, "new – ü\n")
    assert target.read_bytes() == "new – ü\n".encode()
    assert [p.name for p in target.parent.iterdir()] == ["file.txt"]


def test_write_failure_names_file_reason_and_way_out(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder is needed")
    with pytest.raises(RunError, match=r"taken.*cannot write.*--out"):
        write_bytes(tmp_path / "taken" / "file", b"")


@needs_permissions
def test_write_without_permission_is_a_run_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(RunError, match="Permission denied"):
        write_bytes(tmp_path / "file", b"")


def test_json_is_strict(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    (tmp_path / "broken.json").write_text('{"a": ')
    with pytest.raises(RunError, match=r"broken\.json: is not JSON"):
        read_json(tmp_path / "broken.json")


def test_chunks_come_back_and_survive_a_new_store(tmp_path: Path) -> None:
    store = ChunkStore(tmp_path / "chunks")
    assert store.get("master/0") is None
    store.put("master/0", b"\x00\n\xff")
    store.put("master/0: a longer key with a colon", b"")
    again = ChunkStore(tmp_path / "chunks")
    assert again.get("master/0") == b"\x00\n\xff"
    assert again.get("master/0: a longer key with a colon") == b""
    assert len(again) == 2
    assert all(re.fullmatch(r"[0-9a-f]{24}\.chunk", p.name) for p in again.folder.iterdir())
    again.clear()
    assert len(again) == 0


@pytest.mark.parametrize("cut", [0, 5, 60, -1])
def test_torn_chunk_counts_as_absent(tmp_path: Path, cut: int) -> None:
    store = ChunkStore(tmp_path)
    store.put("key", b"0123456789")
    (path,) = tmp_path.glob("*.chunk")
    path.write_bytes(path.read_bytes()[:cut])
    assert store.get("key") is None


def test_edited_chunk_counts_as_absent(tmp_path: Path) -> None:
    store = ChunkStore(tmp_path)
    store.put("key", b"0123456789")
    (path,) = tmp_path.glob("*.chunk")
    path.write_bytes(path.read_bytes().replace(b"0123456789", b"0123456780"))
    assert store.get("key") is None


def _try_lock(path: str, answers: multiprocessing.Queue[str]) -> None:
    try:
        with locked(Path(path)):
            answers.put("held")
    except RunError as err:
        answers.put(str(err))


def _ask_other_process(path: Path) -> str:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_try_lock, args=(str(path), answers))
    process.start()
    answer: str = answers.get(timeout=60)
    process.join()
    return answer


def test_lock_keeps_another_process_out_and_names_the_holder(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"):
        assert f"process {os.getpid()}, since 20" in _ask_other_process(tmp_path / "lock")
    assert _ask_other_process(tmp_path / "lock") == "held"


def test_stale_lock_file_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text('{"pid": 1, "started": "2020-01-01T00:00:00+00:00"}')
    with locked(tmp_path / "lock"):
        pass


def test_inputs_are_named_from_the_scenario_and_hashed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_bytes(b"abc")
    far = tmp_path / "x" / "y" / "z" / "w"
    far.mkdir(parents=True)
    found = hash_inputs([tmp_path / "data" / "a.csv"], tmp_path)
    assert [(f.name, f.size) for f in found] == [("data/a.csv", 3)]
    assert found[0].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hash_inputs([tmp_path / "data" / "a.csv"], far)[0].name == "a.csv"


def test_a_folder_counts_with_every_file_in_it(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "part.parquet").write_bytes(name.encode())
    assert [f.name for f in hash_inputs([tmp_path / "set"], tmp_path)] == ["set/a/part.parquet", "set/b/part.parquet"]


def test_missing_input_is_a_run_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"gone\.csv: cannot read"):
        hash_inputs([tmp_path / "gone.csv"], tmp_path)


def test_key_depends_on_scenario_inputs_seed_and_settings(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"1")
    one = hash_inputs([tmp_path / "a.csv"], tmp_path)
    (tmp_path / "a.csv").write_bytes(b"2")
    two = hash_inputs([tmp_path / "a.csv"], tmp_path)
    keys = {
        run_key("x", one, 0, {"a": 1}),
        run_key("y", one, 0, {"a": 1}),
        run_key("x", two, 0, {"a": 1}),
        run_key("x", one, 1, {"a": 1}),
        run_key("x", one, 0, {"a": 2}),
    }
    assert len(keys) == 5
    assert all(re.fullmatch("[0-9a-f]{8}", key) for key in keys)
    assert run_key("x", one, 0, {"a": 1}) in keys


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        ("runs", "runs"),
        ("center/scenario.yaml", "center/scenario.yaml"),
        ("/home/ann/center/scenario.yaml", "scenario.yaml"),
        ("--out=/home/ann/runs", "--out=runs"),
        ("C:\\Users\\Ann\\runs", "runs"),
        ("--set", "--set"),
        ("demand.growth=0.1", "demand.growth=0.1"),
    ],
)
def test_command_line_loses_absolute_paths(token: str, shown: str) -> None:
    assert anonymous_command([token]) == [shown]


def test_machine_record_names_no_user_and_no_host() -> None:
    import getpass
    import platform

    text = json.dumps(describe_machine())
    assert platform.node() not in text or not platform.node()
    assert f'"{getpass.getuser()}"' not in text
    assert '"numpy"' in text


def _frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "plan": ["p1", "p2"],
            "x": [0.1, np.nan],
            "n": [1, 2],
            "ok": [True, False],
            "t": pd.to_datetime(["2026-01-05 09:00", "2026-01-05 09:30"]),
            "maybe": ["a", None],
        },
        index=[7, 3],
    )


def test_table_comes_back_as_it_was(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", _frame())
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), _frame().reset_index(drop=True))


def test_same_data_gives_the_same_bytes_whatever_its_index() -> None:
    assert parquet_bytes(_frame(), "t") == parquet_bytes(_frame().reset_index(drop=True), "t")
    assert b"pandas" not in parquet_bytes(_frame(), "t")


def test_mixed_column_is_refused_with_the_name_of_the_table() -> None:
    with pytest.raises(TypeError, match="table risk mixes types"):
        parquet_bytes(pd.DataFrame({"a": ["x", 1.0, {"b": 2}]}), "risk")


def test_damaged_table_is_a_run_error(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(RunError, match=r"t\.parquet: is not a Parquet file"):
        read_table(tmp_path / "t.parquet")


def test_csv_is_inert_in_a_spreadsheet_and_numbers_stay_numbers() -> None:
    frame = pd.DataFrame({"name": ["=cmd()", "+1", "-x", "@a", "\tb", "fine"], "n": [-1.5, 2, 3, 4, 5, 6]})
    lines = csv_text(frame).split("\n")
    assert lines[1] == "'=cmd(),-1.5"
    assert [line[0] for line in lines[1:6]] == ["'"] * 5
    assert lines[6] == "fine,6.0"
    assert "\r" not in csv_text(frame)


def test_plain_values_hold_no_numpy_and_no_nan() -> None:
    value = {
        "a": np.float64("nan"),
        "b": np.int64(3),
        "c": (1, np.bool_(True)),
        "d": np.array([1.0, np.inf]),
        "e": pd.Timestamp("2026-01-05"),
        "f": pd.NaT,
        "g": {"z", "a"},
        1: None,
    }
    assert plain(value) == {
        "a": None,
        "b": 3,
        "c": [1, True],
        "d": [1.0, None],
        "e": "2026-01-05T00:00:00",
        "f": None,
        "g": ["a", "z"],
        "1": None,
    }
