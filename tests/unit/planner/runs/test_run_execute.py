"""Runs from beginning to end: complete, refused, resumed, interrupted, without permission, the same bytes."""

from __future__ import annotations

import dataclasses
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from planner.errors import Infeasible, Issue, NothingFound, PlanError, RunError, ScenarioError, Stopped
from planner.frontier.frontier import Frontier
from planner.runs import PreparedRun, RunRequest, execute, load_run, prepare, save_frontier

CHUNKS = 5


def _request(tmp_path: Path, **changes: Any) -> RunRequest:
    source = tmp_path / "in"
    source.mkdir(exist_ok=True)
    (source / "demand.csv").write_text("a,b\n1,2\n")
    request = RunRequest(
        scenario="the scenario",
        name="toy",
        scenario_text="name: toy\n",
        files=(source / "demand.csv",),
        base=source,
        seed=3,
        out=tmp_path / "runs",
        command=("planner", "run", str(tmp_path / "scenario.yaml")),
    )
    return dataclasses.replace(request, **changes)


def _planner(
    frontier: Frontier, stop_at: int | None = None, error: BaseException | None = None
) -> tuple[Callable[..., Frontier], list[int]]:
    """A planner of five chunks that counts what it computes and may stop before one of them."""
    computed: list[int] = []

    def plan(scenario: Any, *, seed: int, progress: Any, checkpoint: Any, **_: Any) -> Frontier:
        for chunk in range(CHUNKS):
            progress("master", chunk, CHUNKS, "")
            if chunk == stop_at and error is not None:
                raise error
            if checkpoint.get(f"chunk {chunk}") is None:
                computed.append(chunk)
                checkpoint.put(f"chunk {chunk}", bytes([chunk, seed]))
        return frontier

    return plan, computed


def _result_bytes(folder: Path) -> dict[str, bytes]:
    aside = {"manifest.json", "log.txt", "lock"}
    files = (p for p in folder.rglob("*") if p.is_file() and p.name not in aside)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def test_run_writes_everything_and_loads_again(tmp_path: Path, toy_frontier: Frontier) -> None:
    plan, _ = _planner(toy_frontier)
    prepared = prepare(_request(tmp_path))
    outcome = execute(prepared, plan)
    assert outcome.fresh
    assert outcome.path.name == f"toy-{prepared.key}"
    names = set(_result_bytes(outcome.path))
    assert {"scenario.yaml", "inputs.lock.json", "plans.csv", "result.json", "tables/plans.parquet"} <= names
    assert not any(name.startswith("chunks") or name.endswith(".tmp") for name in names)
    loaded = load_run(outcome.path)
    for name, frame in toy_frontier.tables.items():
        pd.testing.assert_frame_equal(loaded.tables[name], frame, check_dtype=False)
    assert loaded.certificate["reference"] == [3.8, 1300.0, 0.0]
    assert loaded.explain("cheapest") == toy_frontier.explain("cheapest")
    assert load_run(outcome.path / "result.json").meta == loaded.meta


@pytest.mark.parametrize("error", [None, KeyboardInterrupt()])
def test_a_first_look_stands_until_the_result_does(
    tmp_path: Path, toy_frontier: Frontier, error: BaseException | None
) -> None:
    pages = []

    def plan(scenario: Any, *, first_look: Callable[[Frontier], None], **_: Any) -> Frontier:
        first_look(toy_frontier)
        assert pages[0].read_text() == "so far"
        if error is not None:
            raise error
        return toy_frontier

    def look(frontier: Frontier, page: Path) -> None:
        assert frontier is toy_frontier
        page.write_text("so far")
        pages.append(page)

    prepared = prepare(_request(tmp_path))
    if error is None:
        execute(prepared, plan, first_look=look)
    else:
        with pytest.raises(KeyboardInterrupt):
            execute(prepared, plan, first_look=look)
    assert pages == [prepared.directory.path / "first_look.html"]
    assert pages[0].exists() == (error is not None)


def test_manifest_says_how_it_ended_and_names_no_folder(tmp_path: Path, toy_frontier: Frontier) -> None:
    outcome = execute(prepare(_request(tmp_path)), _planner(toy_frontier)[0])
    text = (outcome.path / "manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    assert manifest["state"] == "done"
    assert manifest["started"] <= manifest["ended"]
    assert manifest["seed"] == 3
    assert set(manifest["inputs"]) == {"demand.csv"}
    assert manifest["command"] == ["planner", "run", "scenario.yaml"]
    assert str(tmp_path) not in text


def test_same_inputs_are_already_complete(tmp_path: Path, toy_frontier: Frontier) -> None:
    execute(prepare(_request(tmp_path)), _planner(toy_frontier)[0])
    plan, computed = _planner(toy_frontier)
    again = execute(prepare(_request(tmp_path, workers=2)), plan)
    assert not again.fresh
    assert computed == []


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (KeyboardInterrupt(), "interrupted"),
        (Stopped("out of time"), "out_of_time"),
        (ZeroDivisionError("bug"), "failed"),
    ],
)
@pytest.mark.parametrize("stop_at", [0, 3])
def test_stopped_run_is_refused_then_resumed_with_the_same_bytes(
    tmp_path: Path, toy_frontier: Frontier, error: BaseException, state: str, stop_at: int
) -> None:
    whole = execute(prepare(_request(tmp_path, out=tmp_path / "whole")), _planner(toy_frontier)[0])
    with pytest.raises(type(error)):
        execute(prepare(_request(tmp_path)), _planner(toy_frontier, stop_at, error)[0])
    prepared = prepare(_request(tmp_path))
    assert prepared.directory.manifest()["state"] == state
    assert prepared.directory.unfinished
    with pytest.raises(RunError, match=rf"did not finish \({stop_at} pieces are kept\); add --resume"):
        execute(prepared, _planner(toy_frontier)[0])
    plan, computed = _planner(toy_frontier)
    outcome = execute(prepare(_request(tmp_path, resume=True)), plan)
    assert computed == list(range(stop_at, CHUNKS))
    assert _result_bytes(outcome.path) == _result_bytes(whole.path)


@pytest.mark.parametrize(
    "error", [PlanError("no such part"), ScenarioError([Issue("demand.csv", 2, 1, "demand", "nothing to plan")])]
)
def test_wrong_input_leaves_no_directory_and_takes_none_away(
    tmp_path: Path, toy_frontier: Frontier, error: Exception
) -> None:
    prepared = prepare(_request(tmp_path))
    with pytest.raises(type(error)):
        execute(prepared, _planner(toy_frontier, 0, error)[0])
    assert not prepared.directory.path.exists()
    with pytest.raises(Stopped):
        execute(prepared, _planner(toy_frontier, 3, Stopped("out of time"))[0])
    with pytest.raises(type(error)):
        execute(prepare(_request(tmp_path, resume=True)), _planner(toy_frontier, 4, error)[0])
    assert len(prepared.directory.chunks) == 4


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Infeasible("too few seats", ["phone_80_20"]), "infeasible"),
        (NothingFound("whole people", [], "Ease several."), "nothing_found"),
    ],
)
def test_an_answer_without_plans_is_recorded_and_may_be_asked_again(
    tmp_path: Path, toy_frontier: Frontier, error: Exception, state: str
) -> None:
    for _ in range(2):
        with pytest.raises(type(error)):
            execute(prepare(_request(tmp_path)), _planner(toy_frontier, 0, error)[0])
    prepared = prepare(_request(tmp_path))
    assert prepared.directory.manifest()["state"] == state
    assert not prepared.directory.unfinished


def test_a_run_in_progress_is_not_entered(tmp_path: Path, toy_frontier: Frontier) -> None:
    prepared: PreparedRun = prepare(_request(tmp_path))

    def plan(*_: Any, **__: Any) -> Frontier:
        with pytest.raises(RunError, match="is running here"):
            execute(prepare(_request(tmp_path, resume=True)), _planner(toy_frontier)[0])
        return toy_frontier

    assert execute(prepared, plan).fresh


def test_place_that_cannot_be_written_is_a_run_error(tmp_path: Path, toy_frontier: Frontier) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    with pytest.raises(RunError, match=r"cannot (read|write)"):
        execute(prepare(_request(tmp_path)), _planner(toy_frontier)[0])


def test_stages_and_warnings_are_logged(tmp_path: Path, toy_frontier: Frontier) -> None:
    import logging

    def plan(*_: Any, progress: Any, **__: Any) -> Frontier:
        progress("experience", 0, 1, "reading")
        logging.getLogger("planner.history").warning("12 rows set aside")
        return toy_frontier

    seen: list[str] = []
    outcome = execute(prepare(_request(tmp_path)), plan, lambda stage, done, total, note: seen.append(stage))
    log = (outcome.path / "log.txt").read_text(encoding="utf-8")
    assert "experience" in log
    assert "12 rows set aside" in log
    assert seen == ["experience"]
    assert logging.getLogger("planner").handlers == []


def test_two_saves_give_the_same_bytes(tmp_path: Path, toy_frontier: Frontier) -> None:
    for name in ("a", "b"):
        save_frontier(toy_frontier, tmp_path / name)
    assert _result_bytes(tmp_path / "a") == _result_bytes(tmp_path / "b")


def test_changed_table_is_noticed(toy_run: Path, toy_frontier: Frontier) -> None:
    from planner.runs.tables import write_table

    write_table(toy_run / "tables" / "risk.parquet", toy_frontier.tables["risk"].assign(p50=5.0))
    with pytest.raises(RunError, match=r"risk\.parquet: was changed after the run wrote it"):
        load_run(toy_run)


def test_loading_says_what_is_wrong(tmp_path: Path, toy_run: Path) -> None:
    with pytest.raises(RunError, match="no such run directory"):
        load_run(tmp_path / "nowhere")
    with pytest.raises(RunError, match=r"is not a run directory; it holds runs: toy-00000000"):
        load_run(tmp_path)
    (toy_run / "result.json").write_text('{"format": 99}')
    with pytest.raises(RunError, match="not a result of format 1"):
        load_run(toy_run)


def test_unfinished_run_does_not_load(tmp_path: Path, toy_frontier: Frontier) -> None:
    with pytest.raises(KeyboardInterrupt):
        execute(prepare(_request(tmp_path)), _planner(toy_frontier, 2, KeyboardInterrupt())[0])
    with pytest.raises(RunError, match=r"not finished \(state interrupted\)"):
        load_run(prepare(_request(tmp_path)).directory.path)


def test_table_name_that_is_no_file_name_is_refused(tmp_path: Path, toy_frontier: Frontier) -> None:
    frontier = dataclasses.replace(toy_frontier, tables={"../x": toy_frontier.tables["risk"]})
    with pytest.raises(ValueError, match="cannot be a file name"):
        save_frontier(frontier, tmp_path / "r")


def test_time_limit_leaves_a_result_that_can_be_continued(tmp_path: Path, toy_frontier: Frontier) -> None:
    """A result with work left out stands as it is; only --resume goes on, from the pieces kept, to the full result."""
    whole = execute(prepare(_request(tmp_path, out=tmp_path / "whole")), _planner(toy_frontier)[0])
    partial = dataclasses.replace(toy_frontier, meta=dict(toy_frontier.meta) | {"skipped": ["search 3"]})
    cut = execute(prepare(_request(tmp_path, time_limit_s=1.0)), _planner(partial)[0])
    assert prepare(_request(tmp_path)).directory.cut_short
    assert len(prepare(_request(tmp_path)).directory.chunks) == CHUNKS
    again = execute(prepare(_request(tmp_path, time_limit_s=5.0)), _planner(toy_frontier)[0])
    assert not again.fresh
    assert again.path == cut.path
    plan, computed = _planner(toy_frontier)
    resumed = execute(prepare(_request(tmp_path, resume=True)), plan)
    assert resumed.fresh
    assert computed == []
    assert _result_bytes(resumed.path) == _result_bytes(whole.path)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("fate", ["swallowed", "turned into another error", "swallowed at the very end"])
def test_interrupt_that_compiled_code_loses_still_stops_the_run(
    tmp_path: Path, toy_frontier: Frontier, fate: str
) -> None:
    """After an interrupt nothing more is kept, and the run never counts as done."""

    def plan(*_: Any, checkpoint: Any, **__: Any) -> Frontier:
        checkpoint.put("before", b"1")
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as err:
            if fate == "turned into another error":
                raise SystemError("returned a result with an exception set") from err
        if fate == "swallowed":
            checkpoint.put("after", b"2")
        return toy_frontier

    prepared = prepare(_request(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        execute(prepared, plan)
    assert prepared.directory.manifest()["state"] == "interrupted"
    assert len(prepared.directory.chunks) == 1
    assert not prepared.directory.complete
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_handler_of_somebody_else_is_left_alone(tmp_path: Path, toy_frontier: Frontier) -> None:
    def theirs(number: int, frame: Any) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGINT, theirs)
    try:
        execute(prepare(_request(tmp_path)), _planner(toy_frontier)[0])
        assert signal.getsignal(signal.SIGINT) is theirs
    finally:
        signal.signal(signal.SIGINT, before)
