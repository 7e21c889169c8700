"""What the server answers is what the Python calls and commands answer."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from planner.agreement import simulated_service
from planner.cli import main
from planner.errors import PlanError, RunError
from planner.frontier.what_if import Question
from planner.report.heat import written_short
from planner.runs import load_run
from planner.runs.difference import SAME, run_differences
from planner.runs.tables import plain
from planner.serve.app import Settings, alone, bound_socket, create_app
from planner.serve.asking import records_of
from planner.serve.commands import scenario_of

SCENARIOS = Path(__file__).resolve().parents[4] / "scenarios"


@pytest.fixture
def run(folder):
    return next(folder.glob("minimal-*"))


def some_plan(run) -> str:
    table = load_run(run).table
    return str(table[table["origin"] != "today"].sort_values("headroom").iloc[-1]["plan"])


def finished(client: TestClient, id: str, seconds: float = 240.0):
    end = time.monotonic() + seconds
    while (job := client.get(f"/api/jobs/{id}").json())["state"] in ("queued", "running"):
        assert time.monotonic() < end, job
        time.sleep(0.2)
    return job


def test_what_if_is_the_python_call(client: TestClient, run):
    plan = some_plan(run)
    asked = {"volume": {"billing": 0.05}, "aht": {"": -0.02}, "shrinkage": 0.01, "keep": ["offers"]}
    answer = client.post(f"/api/runs/{run.name}/what-if", json={"plan": plan, **asked})
    assert answer.status_code == 200, answer.text
    said = load_run(run).what_if(plan, Question({"billing": 0.05}, {"": -0.02}, 0.01, None, None, ("offers",)))
    assert answer.json() == json.loads(json.dumps(records_of(said)))
    assert [row["case"] for row in answer.json()][:2] == ["before", "as it stands"]
    wrong = {
        "unknown reason 'nobody'": {"volume": {"nobody": 0.1}},
        "must be one of offers": {"keep": ["people"]},
        "volume.": {"volume": {"billing": -1.0}},
        "budget": {"budget": 0},
        "extra": {"extra": 1},
        "Today's shifts are not known": {"plan": "today"},
        "is not in this run": {"plan": "../x"},
    }
    for words, change in wrong.items():
        refused = client.post(f"/api/runs/{run.name}/what-if", json={"plan": plan, **change})
        assert refused.status_code in (400, 422), change
        assert words in refused.json()["error"]


def test_nearest_is_the_python_call(client: TestClient, run):
    frontier = load_run(run)
    wish = {"cx": float(frontier.table["cx"].max()), "headroom": 0.1}
    found = client.get(f"/api/runs/{run.name}/nearest", params=wish).json()
    assert found["plan"] == frontier.nearest(wish).id
    assert found["achievement"] == frontier.reached(wish)[found["plan"]]
    assert found["reached"] == (found["achievement"] >= 0)
    assert client.get(f"/api/runs/{run.name}/nearest").status_code == 400
    assert client.get(f"/api/runs/{run.name}/nearest", params={"cx": "nan"}).status_code == 422


def test_plans_and_downloads_are_what_the_commands_write(client: TestClient, run, tmp_path):
    frontier, plan = load_run(run), some_plan(run)
    told = client.get(f"/api/runs/{run.name}").json()
    assert told["plans"] == json.loads(json.dumps(plain(frontier.table.to_dict("records"))))
    wanted = tmp_path / "staffing.csv"
    assert main(["export", str(run), "--plan", plan, "--format", "staffing", "--out", str(wanted)]) == 0
    sent = client.get(f"/api/runs/{run.name}/export", params={"plan": plan, "format": "staffing"})
    assert sent.content == wanted.read_bytes()
    assert sent.headers["content-disposition"].endswith(quote(f"{plan}-staffing.csv"))
    page = client.get(f"/api/runs/{run.name}/export", params={"plan": plan, "format": "report"}).text
    assert "connect-src" not in page
    refused = client.get(f"/api/runs/{run.name}/export", params={"plan": plan, "format": "--help"})
    assert "known are" in refused.json()["error"]


def test_plan_again_keeps_limits_and_the_runs_own_changes(client: TestClient, run, folder, capsys):
    """The new run has the quick settings of the old one, its parts, and the budget as its most expensive plan."""
    plan = some_plan(run)
    budget = float(load_run(run).table["cost"].max()) * 1.2
    body = {"plan": plan, "keep": ["offers"], "limits": {"cost": budget, "headroom": 0.05}}
    job = client.post(f"/api/runs/{run.name}/plan-again", json=body)
    assert job.status_code == 202, job.text
    assert "command" not in job.json()
    second = client.post(f"/api/runs/{run.name}/simulate", json={"plan": plan, "replications": 2}).json()
    assert second["state"] == "queued"
    done = finished(client, job.json()["id"])
    assert done["state"] == "done", done
    made = load_run(folder / done["result"]["directory"].split("/")[-1])
    assert made.table["cost"].iloc[1:].max() <= budget
    manifest = json.loads((folder / made.run / "manifest.json").read_text())
    assert manifest["set"][-2:] == [f"limits.budget_max={budget!r}", "frontier.headroom_levels=[0.05, 0.1, 0.2, 0.4]"]
    assert manifest["set"][0] == "frontier.search_evaluations=0"
    simulated = finished(client, second["id"])
    assert simulated["result"]["plan"] == plan
    assert {"promise", "value", "verdict"} <= set(simulated["result"]["promises"][0])
    compared = client.get("/api/compare", params={"run": [run.name, made.run]}).json()
    assert compared["differences"][0]["words"] == [one.words for one in run_differences(run, folder / made.run)]
    assert any("budget" in line for line in compared["differences"][0]["words"])
    assert main(["compare", str(run), str(folder / made.run)]) == 0
    said = [line.strip() for line in capsys.readouterr().out.splitlines()]
    (title, words) = (compared["differences"][0][key] for key in ("title", "words"))
    assert said[: len(words) + 1] == [title, *words]
    assert [one["name"] for one in compared["runs"]] == [run.name, made.run]
    assert client.get("/api/jobs").json()[0]["id"] == second["id"]


def test_maps_of_any_plan_are_those_of_the_page_and_its_simulation(client: TestClient, run):
    frontier = load_run(run)
    table = frontier.table
    plan = str(table[(table["name"] == "") & (table["origin"] != "today")].iloc[0]["plan"])
    named = [name for name in table.loc[table["name"] != "", "plan"]]
    address = f"/api/runs/{run.name}"
    found = client.get(f"{address}/maps", params={"plan": plan}).json()
    page = json.loads(client.get(f"/runs/{run.name}").text.split('id="data">')[1].split("</script>")[0])
    page = page["details"]["heat"]
    assert written_short(found)["people"] == page["people"] | {plan: written_short(found)["people"][plan]}
    assert set(page["people"]) == set(named)
    staffing = frontier.plan(plan).staffing
    assert sum(map(sum, found["people"][plan])) == pytest.approx(staffing["scheduled"].sum(), rel=1e-3)
    assert "formulas" in found["source"][plan]
    assert client.post(f"{address}/simulated-service", json={"plan": plan}).status_code == 200
    told = client.get(f"{address}/maps", params={"plan": plan}).json()
    assert told["source"][plan] == "simulated contact by contact" == told["source"][named[-1]]
    rows = simulated_service(frontier, plan, seed=3)
    assert len(rows) == sum(value is not None for row in told["service"][plan] for value in row) > 0
    assert sorted(round(100 * value) for value in rows["service_level"]) == sorted(
        value for row in told["service"][plan] for value in row if value is not None
    )
    for asked in ({"plan": "nobody"}, {"plan": [plan] * 5}, {}):
        assert client.get(f"{address}/maps", params=asked).status_code in (400, 422)
    assert "is not in this run" in client.post(f"{address}/simulated-service", json={"plan": "x"}).json()["error"]


def test_a_scenario_is_found_beside_the_truth_of_its_history(tmp_path):
    """The demonstration's folder holds two pages of one name; only one of them plans a horizon."""
    run, home = tmp_path / "runs" / "retail_bank-1", tmp_path / "retail_bank"
    run.mkdir(parents=True)
    home.mkdir()
    (run / "manifest.json").write_text('{"name": "retail_bank"}')
    shutil.copy(SCENARIOS / "retail_bank.yaml", home / "scenario.yaml")
    shutil.copy(SCENARIOS / "retail_bank_truth.yaml", home)
    assert scenario_of(run, ()) == home / "scenario.yaml"
    shutil.copy(SCENARIOS / "retail_bank.yaml", home / "other.yaml")
    with pytest.raises(PlanError, match="are both scenario 'retail_bank'"):
        scenario_of(run, ())


def test_what_cannot_be_queued_is_said_at_once(client: TestClient, run, folder, tmp_path):
    address = f"/api/runs/{run.name}/plan-again"
    wrong = {
        "plan and keep belong together": {"keep": ["offers"]},
        "must be offers, shares": {"plan": "p001", "keep": ["--help"]},
        "unknown pool": {"plan": some_plan(run), "keep": ["shifts:nowhere"]},
        "limits.colour": {"limits": {"colour": 1}},
        "must be between": {"limits": {"cost": -5}},
    }
    for words, body in wrong.items():
        assert words in client.post(address, json=body).json()["error"]
    unknown = create_app(Settings(folder / "..", (), token="t"))
    (tmp_path / "alone" / "runs").mkdir(parents=True)
    run.rename(tmp_path / "alone" / "runs" / run.name)
    unknown = create_app(Settings(tmp_path / "alone" / "runs", (), token="t"))
    with TestClient(unknown, base_url="http://localhost", headers={"x-planner-token": "t"}) as other:
        assert "no file of scenario 'minimal' is known" in other.post(address, json={}).json()["error"]
    assert client.get("/api/jobs").json() == []


def test_one_server_per_folder_and_one_port_per_server(folder, capsys):
    with alone(folder):
        assert main(["serve", str(folder), "--port", "0"]) == 2
    assert "is running here" in capsys.readouterr().err
    assert main(["serve", str(folder / "nowhere")]) == 2
    assert main(["serve", str(folder), "--scenario", str(folder / "nothing.yaml")]) == 2
    assert "no such scenario file" in capsys.readouterr().err
    with bound_socket(0) as taken, pytest.raises(RunError, match="choose another with --port"):
        bound_socket(taken.getsockname()[1])


def test_runs_that_cannot_be_compared_say_why_without_a_path(client: TestClient, run, folder):
    other = folder / "minimal-other"
    shutil.copytree(run, other)
    same = client.get("/api/compare", params={"run": [run.name, other.name]}).json()["differences"]
    assert same == [{"title": f"minimal-other against {run.name}:", "words": [SAME], "left_out": 0}]
    (other / "scenario.yaml").unlink()
    told = client.get("/api/compare", params={"run": [run.name, other.name]}).json()["differences"][0]["words"]
    assert told == ["minimal-other: holds no scenario.yaml, so its scenario cannot be compared"]
    shutil.rmtree(other)
