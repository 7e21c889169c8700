"""Counts of what would be solved, and how quickly a scenario is read."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scenario_center import BASE, Center

import planner
from planner.errors import ScenarioError
from planner.scenario import describe, load_scenario, load_scenario_record

SCENARIOS = sorted(
    path for path in (Path(__file__).parents[4] / "scenarios").glob("*.yaml") if not path.stem.endswith("_truth")
)


def test_counts(center: Center) -> None:
    counts = describe(load_scenario(center.path))
    assert counts == {
        "name": "small",
        "title": "",
        "reasons": 2,
        "segments": 1,
        "types": 2,
        "channels": 2,
        "pools": 2,
        "pools_of_people": 1,
        "days": 1,
        "intervals": 3,
        "steers": 1,
        "shifts": 1,
        "shift_starts": 2,
        "promises": 1,
        "variants": 1,
        # flows: voice_core serves 2 types at 1 first + 3 later stages, bot serves billing at 2 + 3; each has its wait;
        # moves: billing 2 channels + 1 steer, fault 2; agents and queue of voice_core in 3 intervals
        "variables": 2 * (2 * 4 + 5) + 5 + 2 * 3,
    }


def test_scenario_remembers_its_folder(center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = planner.load_scenario(center.path)
    assert scenario.folder == center.folder
    assert scenario.resolve("demand.csv") == center.folder / "demand.csv"
    assert pickle.loads(pickle.dumps(scenario)).folder == center.folder
    assert scenario.model_copy(update={"title": "x"}).folder == center.folder
    assert "folder" not in str(scenario.model_dump())
    monkeypatch.chdir(center.folder)
    assert load_scenario("small.yaml").resolve("demand.csv").is_file()


def test_files_are_listed_with_their_paths(center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(center.folder)
    files = load_scenario_record("small.yaml").files
    assert list(files) == ["small.yaml", "demand.csv", "staffing.csv", "routing.csv"]
    assert all(path.is_file() for path in files.values())


def test_reading_needs_neither_numpy_nor_pandas(center: Center) -> None:
    code = (
        "import sys; from planner.scenario import load_scenario, scenario_schema; "
        f"load_scenario({str(center.path)!r}); scenario_schema(); "
        "print([name for name in ('numpy', 'pandas') if name in sys.modules])"
    )
    root = Path(planner.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"


def test_long_file_is_read_quickly(center: Center) -> None:
    pool = "  extra_{n}:\n" + "".join(BASE.partition("  voice_core:\n")[2].partition("  bot:\n")[0])
    extra = "".join(pool.replace("{n}", str(n)) for n in range(40))
    center.write(("  bot:\n", extra + "  bot:\n"))
    assert center.path.read_text(encoding="utf-8").count("\n") > 300
    begin = time.perf_counter()
    assert len(load_scenario(center.path).pools) == 42
    assert time.perf_counter() - begin < 1.0


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_shipped_scenarios_are_valid(path: Path, tmp_path: Path) -> None:
    """The log of the real bank is not shipped; everything else its scenario says is checked all the same."""
    overrides = []
    if path.stem == "bank_1999":
        (tmp_path / "calls.parquet").touch()
        overrides = [f"history.contacts={(tmp_path / 'calls.parquet').as_posix()}"]
        with pytest.raises(ScenarioError, match="history.contacts: no such file"):
            load_scenario(path, ["history.contacts=nowhere.parquet"])
    assert load_scenario(path, overrides).name
