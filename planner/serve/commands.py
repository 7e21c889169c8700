"""What jobs do, as command lines of the planner: plan again from a run, simulate a plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from planner.errors import PlanError, ScenarioError
from planner.runs import RunDirectory
from planner.scenario.layers import read_layers

MOST_FILES = 200


def plan_again(
    run: Path,
    file: Path,
    *,
    plan: str,
    keep: Sequence[str],
    changes: Sequence[str],
    seed: int,
    workers: int,
) -> list[str]:
    """`planner run` of a scenario from one of its runs, with that run's variant and overrides, then `changes`."""
    manifest = RunDirectory(run).manifest()
    command = ["run", str(file), "--out", str(run.parent), "--seed", str(seed), "--workers", str(workers)]
    command += ["--resume", "--json", "--progress-json", "--from", str(run)]
    if keep:
        command += ["--plan", plan, "--keep", ",".join(keep)]
    if manifest.get("variant"):
        command += ["--variant", str(manifest["variant"])]
    for change in [*(manifest.get("set") or ()), *changes]:
        command += ["--set", str(change)]
    return command


def simulated(run: Path, *, plan: str, surge: float, replications: int, seed: int, workers: int) -> list[str]:
    """`planner simulate` of a plan."""
    command = ["simulate", str(run), "--plan", plan, "--surge", repr(surge), "--replications", str(replications)]
    return [*command, "--seed", str(seed), "--workers", str(workers), "--json"]


def scenario_of(run: Path, stated: Sequence[Path]) -> Path:
    """Find the scenario file of a run by its name: among those stated, else beside the folder of runs.

    Raises
    ------
    PlanError
        None, or several, have the name of the run's scenario.
    """
    name = str(RunDirectory(run).manifest().get("name") or "")
    for files in (stated, _beside(run.parent)):
        found = [path for path in files if _name_of(path) == name]
        if len(found) == 1:
            return found[0]
        if found:
            named = " and ".join(str(path) for path in found[:2])
            raise PlanError(f"{named} are both scenario {name!r}; state one: planner serve RUNS --scenario FILE")
    raise PlanError(f"no file of scenario {name!r} is known; state it: planner serve RUNS --scenario FILE")


def _beside(runs: Path) -> list[Path]:
    home = runs.resolve().parent
    return sorted({*home.glob("*.yaml"), *home.glob("*/*.yaml")} - set(runs.glob("*/*.yaml")))[:MOST_FILES]


def _name_of(path: Path) -> str:
    """Name of a scenario; the page of a generated history's truth has the same name, but plans no horizon."""
    try:
        data = read_layers(path, str(path), (), None).document.data
    except ScenarioError:
        return ""
    return str(data.get("name") or "") if "horizon" in data else ""
