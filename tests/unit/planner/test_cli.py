"""The command line in process: exit codes, what goes to stdout and stderr, hostile names, examples of the help."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy_frontier import make_frontier

from planner.cli import main
from planner.cli.console import inert
from planner.cli.durations import seconds_of
from planner.cli.starters import example_names
from planner.errors import Infeasible, PlannerWarning, RunError, Stopped
from planner.frontier.frontier import Frontier
from planner.library import scenario_library


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A copy of the toy scenario, in the current folder."""
    monkeypatch.chdir(tmp_path)
    assert main(["--quiet", "init", "center"]) == 0
    return "center/scenario.yaml"


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch, toy_frontier: Frontier) -> Callable[[BaseException | Frontier], None]:
    """Replace the planning by a given outcome."""
    import planner.report

    def ends_in(outcome: BaseException | Frontier) -> None:
        def plan(scenario: Any, *, progress: Any, checkpoint: Any, **_: Any) -> Frontier:
            progress("master", 0, 2, "")
            checkpoint.put("one", b"1")
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        module = types.ModuleType("planner.pipeline")
        module.plan = plan  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "planner.pipeline", module)

    monkeypatch.setattr(planner.report, "summary_lines", lambda frontier: ["first", "second", "third"], raising=False)
    ends_in(toy_frontier)
    return ends_in


Captured = pytest.CaptureFixture[str]


def test_init_makes_a_valid_scenario_and_never_overwrites(scenario: str, capsys: Captured) -> None:
    capsys.readouterr()
    assert main(["validate", scenario]) == 0
    assert "center/scenario.yaml: valid" in capsys.readouterr().out
    before = {p: p.read_bytes() for p in Path("center").rglob("*") if p.is_file()}
    assert main(["init", "center"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert {p: p.read_bytes() for p in Path("center").rglob("*") if p.is_file()} == before


def test_init_of_an_unknown_example_names_the_known(tmp_path: Path, capsys: Captured) -> None:
    assert main(["init", str(tmp_path / "x"), "--example", "bnk"]) == 2
    message = capsys.readouterr().err
    assert f"known are {', '.join(example_names())}" in message
    assert {"minimal", "retail_bank", "thin_data"} <= set(example_names())


def test_library_is_found_in_a_checkout() -> None:
    assert (scenario_library() / "minimal.yaml").is_file()


def test_validate_gives_all_problems_at_once(scenario: str, capsys: Captured) -> None:
    text = Path(scenario).read_text(encoding="utf-8")
    Path(scenario).write_text(text.replace("currency: EUR", "currenci: EUR").replace("redial: 0.5", "redial: 80"))
    capsys.readouterr()
    assert main(["validate", scenario]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "currenci" in captured.err
    assert "currency" in captured.err
    assert "80" in captured.err
    assert main(["validate", scenario, "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found[0]["valid"] is False
    assert {issue["severity"] for issue in found[0]["issues"]} == {"error"}
    assert all(issue["line"] for issue in found[0]["issues"])


def test_validate_takes_several_files(scenario: str, capsys: Captured) -> None:
    capsys.readouterr()
    assert main(["validate", scenario, "nowhere.yaml"]) == 2
    captured = capsys.readouterr()
    assert "center/scenario.yaml: valid" in captured.out
    assert "nowhere.yaml" in captured.err


def test_schema_is_printed_and_written_once(tmp_path: Path, capsys: Captured) -> None:
    assert main(["schema"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed)["properties"]["horizon"]
    target = tmp_path / "scenario.schema.json"
    assert main(["schema", "--out", str(target)]) == 0
    assert target.read_text(encoding="utf-8") == printed
    assert main(["schema", "--out", str(target)]) == 2


def test_another_seed_is_another_directory(scenario: str, planned: Any, capsys: Captured) -> None:
    capsys.readouterr()
    for seed in ("0", "1"):
        assert main(["run", scenario, "--workers", "1", "--seed", seed]) == 0
    first, second = (Path(line) for line in capsys.readouterr().out.split())
    assert first.name != second.name
    seeds = [json.loads((run / "manifest.json").read_text(encoding="utf-8"))["seed"] for run in (first, second)]
    assert seeds == [0, 1]


def test_run_then_already_complete(scenario: str, planned: Any, capsys: Captured) -> None:
    capsys.readouterr()
    assert main(["run", scenario, "--workers", "1"]) == 0
    captured = capsys.readouterr()
    folder = captured.out.strip()
    assert folder.startswith("runs/minimal-")
    assert "first\nsecond\nthird" in captured.err
    assert "Next: planner frontier" in captured.err
    assert main(["run", scenario, "--workers", "1", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["directory"] == folder
    assert json.loads(captured.out)["fresh"] is False
    assert "Already complete" in captured.err


def test_override_is_another_run_and_is_recorded(scenario: str, planned: Any, capsys: Captured) -> None:
    capsys.readouterr()
    assert main(["run", scenario, "--workers", "1", "--set", "demand.growth=0.1"]) == 0
    folder = Path(capsys.readouterr().out.strip())
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["overrides"] == ["--set: demand.growth: 0.0 -> 0.1"]
    assert "growth: 0.1" in (folder / "scenario.yaml").read_text(encoding="utf-8")
    assert main(["run", scenario, "--workers", "1", "--dry-run"]) == 0
    assert folder.name not in capsys.readouterr().out


def test_dry_run_writes_nothing(scenario: str, capsys: Captured) -> None:
    capsys.readouterr()
    assert main(["run", scenario, "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["state"] == "new"
    assert found["master_points"] == 24
    assert not Path("runs").exists()


def test_what_resumes_by_itself_is_just_repeated(
    scenario: str, planned: Callable[[BaseException | Frontier], None], capsys: Captured
) -> None:
    planned(KeyboardInterrupt())
    for command in (["demo", "--scenario", "minimal"], ["run", scenario, "--resume"]):
        assert main([*command, "--workers", "1"]) == 4
        assert "Next: the same command continues there" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Stopped("the time limit of 1 s is over")])
def test_stopped_run_exits_4_and_says_how_to_resume(
    scenario: str, planned: Any, error: BaseException, toy_frontier: Frontier, capsys: Captured
) -> None:
    planned(error)
    assert main(["run", scenario, "--workers", "1"]) == 4
    err = capsys.readouterr().err
    assert "1 finished pieces are kept" in err
    assert "--resume" in err
    planned(toy_frontier)
    assert main(["run", scenario, "--workers", "1"]) == 2
    assert "add --resume" in capsys.readouterr().err
    assert main(["run", scenario, "--workers", "1", "--dry-run"]) == 0
    assert "state: unfinished\npieces kept: 1" in capsys.readouterr().out
    assert main(["run", scenario, "--workers", "1", "--resume"]) == 0


def test_infeasible_exits_3_with_the_promises_to_relax(scenario: str, planned: Any, capsys: Captured) -> None:
    planned(Infeasible("phone is 2 agents short at 09:30", ["phone_80_20", "seats.floor"], "", ["a"], ["b", "c"]))
    assert main(["run", scenario, "--workers", "1"]) == 3
    err = capsys.readouterr().err
    assert "\nPhone is 2 agents short at 09:30" in err
    assert "  - phone_80_20\n  - seats.floor" in err
    assert "By how much at least:\n  - a\nFound to be enough together, with whole people:\n  - b\n  - c" in err


def test_failed_check_exits_5(scenario: str, planned: Any, capsys: Captured) -> None:
    planned(make_frontier({"failed_checks": ["p001: simulated service level 0.71, planned 0.80"]}))
    assert main(["run", scenario, "--workers", "1"]) == 5
    assert "check failed: p001" in capsys.readouterr().err


def test_bug_exits_1_in_one_line_and_debug_shows_the_traceback(scenario: str, planned: Any, capsys: Captured) -> None:
    planned(ZeroDivisionError("division\nby zero"))
    capsys.readouterr()
    assert main(["run", scenario, "--workers", "1"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert (
        lines[-1] == "planner: this is a bug in planner: ZeroDivisionError: division by zero "
        "(--debug shows the traceback)"
    )
    assert "Traceback" not in "".join(lines)
    assert main(["run", scenario, "--workers", "1", "--resume", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_bad_usage_exits_2(capsys: Captured) -> None:
    assert main(["run"]) == 2
    assert main(["walk"]) == 2
    assert main(["run", "x.yaml", "--seed", "-1"]) == 2
    assert main(["run", "x.yaml", "--time-limit", "soon"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_place_that_cannot_be_written_exits_2(scenario: str, planned: Any, capsys: Captured) -> None:
    Path("taken").write_text("a file")
    assert main(["run", scenario, "--workers", "1", "--out", "taken"]) == 2
    assert "--out" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("90", 90), ("5min", 300), ("1.5h", 5400), ("2m", 120)])
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5s", "5 days", "s"])
def test_bad_durations(text: str) -> None:
    with pytest.raises(RunError, match="is not a duration"):
        seconds_of(text)


def test_inert_spells_out_what_moves_the_terminal() -> None:
    assert inert("a\x1b[31mb\u202ec\x07\r\n") == "a\\x1b[31mb\\u202ec\\x07\\x0d\\x0a"
    assert inert("[red]ü 值[/red]") == "[red]ü 值[/red]"


def test_warnings_of_ours_reach_people_and_others_do_not(
    monkeypatch: pytest.MonkeyPatch, scenario: str, planned: Any, capsys: Captured
) -> None:
    import warnings

    import planner.report

    def noisy(frontier: Frontier) -> list[str]:
        warnings.warn("18 rows were set aside", PlannerWarning, stacklevel=2)
        warnings.warn("some library is old", DeprecationWarning, stacklevel=2)
        return []

    monkeypatch.setattr(planner.report, "summary_lines", noisy, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["run", scenario, "--workers", "1"]) == 0
    err = capsys.readouterr().err
    assert "warning: 18 rows were set aside" in err
    assert "some library" not in err


def test_doctor_finds_what_is_needed(capsys: Captured) -> None:
    assert main(["doctor"]) == 0
    assert main(["doctor", "--json"]) == 0
    out = capsys.readouterr().out
    found = json.loads(out[out.index("[\n") :])
    needed = {check["name"]: check["ok"] for check in found if check["needed"]}
    assert needed["solver HiGHS"]
    assert all(needed.values())


def test_version(capsys: Captured) -> None:
    from planner import __version__

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"planner {__version__}\n"
