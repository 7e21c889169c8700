"""What pages and help texts take for granted, made once: a run, scenarios, contacts, and exports of other systems.

Names are those that the examples use; a reader finds everything but what the examples make themselves.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
from page_runner import LITTLE, ROOT, quick_library
from toy_history import toy_contacts, write_toy_history

import planner
from planner.backtest.reading import past_of
from planner.backtest.record import look_back
from planner.choice import FORMAT
from planner.cli import main
from planner.frontier.frontier import Frontier
from planner.history.scenario_history import history_of
from planner.runs import RunDirectory, save_frontier
from planner.scenario.load import load_scenario_record

RUN = "runs/minimal"

CALL_LOG = """CALL ID,TIMESTAMP,CALL TYPE,AGENT,DISPOSITION,ANI,QUEUE WAIT TIME,TALK TIME,ABANDONED,SKILL
1,2026-01-05 08:00:00,Inbound,ann,Refund,+41790000001,00:00:10,00:02:00,0,core
2,2026-01-05 08:10:00,Inbound,,Refund,+41790000002,00:01:10,00:00:00,1,core
"""
ANSWERS = "contact_id,recorded_date,csat\nr0,2026-01-05 20:00:00,4\nr1,2026-01-06 20:00:00,2\n"
SCHEDULE = "Date,Agent,Team,Activity,Start,End\n2026-01-05,ann,phone,Work,08:00,10:00\n"
STATUSES = "Agent,Team,Status,Start,End\nann,phone,On Call,2026-01-05 08:00,2026-01-05 09:00\n"
INTERVALS = "interval_start,reason,channel,volume,aht_s\n2026-01-05 08:00,fees,voice,3,200\n"
MAPPING = """columns: {contact_id: call}
covariates: {severity: {from: severity, known: before}, tenure: {from: tenure, known: before}}
"""
NEXT = """extends: ../center/scenario.yaml
name: next
pools:
  phone: {wage_per_h: 42}
variants:
  summer: {demand.growth: -0.1}
"""
IDS = 'pools: {phone: "arn:aws:connect:queue/phone", desk: "arn:aws:connect:queue/desk"}\n'


def make_world(folder: Path, toy: Frontier) -> None:
    """Fill the folder; `toy` is the frontier of the toy center."""
    shutil.copytree(ROOT / "scenarios", folder / "library", ignore=shutil.ignore_patterns("generated", "evaluation"))
    contacts = toy_contacts(700, seed=1)
    contacts["severity"] = (contacts.index * 7919 % 5).astype(float)
    contacts["tenure"] = (contacts.index * 104729 % 11).astype(float)
    contacts["entry_reason"] = contacts["reason"]
    contacts.to_parquet(folder / "contacts.parquet", index=False)
    _write_exports(folder, contacts)
    _write_scenarios(folder)
    _write_runs(folder, toy)


def _write_exports(folder: Path, contacts: pd.DataFrame) -> None:
    """Files as other systems write them."""
    agent = {"AgentInteractionDuration": 100, "CustomerHoldDuration": 5, "AfterContactWorkDuration": 30}
    records = []
    for k in range(12):
        at = f"2026-01-{5 + k:02d}T09:00:00Z"
        records.append(
            {"ContactId": f"r{k}", "Channel": "VOICE", "InitiationMethod": "INBOUND", "InitiationTimestamp": at}
            | {"LastUpdateTimestamp": at, "Queue": {"Name": "core", "EnqueueTimestamp": at, "Duration": 20}}
            | {"Agent": {"Username": "ann", "ConnectedToAgentTimestamp": at, **agent}}
            | {"CustomerEndpoint": {"Address": f"+4144000000{k:02d}"}, "Attributes": {"reason": "billing"}}
        )
    texts = {
        "records.jsonl": "\n".join(json.dumps(record) for record in records),
        "call_log.csv": CALL_LOG,
        "answers.csv": ANSWERS,
        "schedule.csv": SCHEDULE,
        "statuses.csv": STATUSES,
        "intervals.csv": INTERVALS,
        "mapping.yaml": MAPPING,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    contacts.rename(columns={"contact_id": "call"}).to_csv(folder / "calls.csv", index=False)


def _write_scenarios(folder: Path) -> None:
    """The first scenario, the next one, one with a history, and what an import and a workbook leave."""
    assert main(["--quiet", "init", str(folder / "center")]) == 0
    for name, text in (("next/scenario.yaml", NEXT), ("ids.yaml", IDS)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    write_toy_history(folder / "bank").rename(folder / "bank" / "scenario.yaml")
    assert main(["--quiet", "init", str(folder / "sheets"), "--xlsx"]) == 0
    (folder / "history").mkdir()
    shutil.copy(folder / "contacts.parquet", folder / "history")


def _write_runs(folder: Path, toy: Frontier) -> None:
    """The toy's run with a look back, as RUN; another one to compare; a reader's first run; a choice; the demo."""
    scenario = planner.load_scenario(folder / "bank" / "scenario.yaml")
    record = look_back(scenario, past_of(scenario, history_of(scenario)), seed=0)
    assert record is not None
    run = folder / RUN
    save_frontier(
        replace(toy, tables={**toy.tables, **record.tables}, meta={**toy.meta, "backtest": record.facts}), run
    )
    text = load_scenario_record(folder / "center/scenario.yaml").resolved_text
    (run / "scenario.yaml").write_text(text, encoding="utf-8")
    (run / "manifest.json").write_text('{"set": []}', encoding="utf-8")
    shutil.copytree(run, folder / "runs" / "summer-0a1b2c3d")
    choice = {"format": FORMAT, "run": "minimal", "fingerprint": RunDirectory(run).fingerprint(), "plan": "p003"}
    choice |= {"keep": ["offers"], "pins": ["p003"], "limits": {"cx": 4.0}}
    (folder / "RUN-choice.json").write_text(json.dumps(choice), encoding="utf-8")
    first = ["--quiet", "run", str(folder / "center/scenario.yaml"), "--out", str(folder / "runs"), *LITTLE]
    assert main(first) == 0
    with quick_library(folder / "library"):
        assert main(["--quiet", "demo", "--scenario", "minimal", "--out", str(folder / "demo"), "--workers", "1"]) == 0


def settle(world: Path, here: Path, made: str) -> None:
    """Copy what stands in the world into a reader's folder, but for what the commands in the text `made` make."""
    makes = {first or second for first, second in re.findall(r"planner init (\S+)|(?:--out|-o) (\S+)", made)}
    for item in world.iterdir():
        if item.name not in makes:
            copy = shutil.copytree if item.is_dir() else shutil.copy
            copy(item, here / item.name)
