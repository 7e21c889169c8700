"""The commands that hand results to other tools and people: `export` and `report`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli import console
from planner.cli import rule_options as opt
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.cli.starting import refuse_existing
from planner.errors import PlanError

if TYPE_CHECKING:
    from planner.frontier.frontier import Frontier

_PANEL = "Hand out"
_EXPORT_EXAMPLES = examples(
    "planner export RUN --plan cheapest --format staffing --out staffing.csv",
    "planner export RUN --plan cheapest --format wfm-long --out requirements.csv",
    "planner export RUN --plan cheapest --format jdm --out rules.json --replay contacts.parquet",
    "planner export RUN --plan cheapest --format connect --binding ids.yaml --out connect",
    "planner export RUN --plan cheapest --format dmn --max-rules 12 --scenario center/scenario.yaml",
    "planner export RUN --plan cheapest --format markdown --out changes",
    "planner export RUN --plan cheapest --format xlsx --out plan.xlsx",
)
_REPORT_EXAMPLES = examples("planner report RUN", "planner report RUN -o report.html")


class ExportFormat(StrEnum):
    """What can be handed to other tools."""

    JDM = "jdm"
    DMN = "dmn"
    CONNECT = "connect"
    GENESYS = "genesys"
    TASKROUTER = "taskrouter"
    ZENDESK = "zendesk"
    SALESFORCE = "salesforce"
    MARKDOWN = "markdown"
    CSV = "csv"
    XLSX = "xlsx"
    STAFFING = "staffing"
    SHIFTS = "shifts"
    WFM_CALABRIO = "wfm-calabrio"
    WFM_VERINT = "wfm-verint"
    WFM_LONG = "wfm-long"
    WFM_WIDE = "wfm-wide"


_SUFFIX = {
    ExportFormat.JDM: ".json",
    ExportFormat.DMN: ".dmn",
    ExportFormat.TASKROUTER: ".json",
    ExportFormat.CSV: ".csv",
    ExportFormat.XLSX: ".xlsx",
    ExportFormat.STAFFING: ".csv",
    ExportFormat.SHIFTS: ".csv",
    ExportFormat.WFM_CALABRIO: ".csv",
    ExportFormat.WFM_VERINT: ".csv",
    ExportFormat.WFM_LONG: ".csv",
    ExportFormat.WFM_WIDE: ".csv",
}
_TABLES = (
    ExportFormat.XLSX,
    ExportFormat.STAFFING,
    ExportFormat.SHIFTS,
    ExportFormat.WFM_CALABRIO,
    ExportFormat.WFM_VERINT,
    ExportFormat.WFM_LONG,
    ExportFormat.WFM_WIDE,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("export", rich_help_panel=_PANEL, epilog=_EXPORT_EXAMPLES)(export)
    app.command("report", rich_help_panel=_PANEL, epilog=_REPORT_EXAMPLES)(report)


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run directory.")],
    plan: Annotated[str, typer.Option("--plan", help="Plan id (p003) or name (cheapest, ...).")],
    form: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="Rules: jdm, dmn, csv in our names; connect, genesys, taskrouter, zendesk, salesforce for these "
            "systems; markdown: change sheet for people. People: staffing, shifts as CSV; wfm-calabrio, wfm-verint, "
            "wfm-long, wfm-wide: requirements per pool and interval as suites import them; xlsx: workbook of the run.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File or folder to write; left out: PLAN-FORMAT in this folder.")
    ] = None,
    binding: opt.BindingFile = None,
    replay: opt.Replay = None,
    mapping: opt.ReplayMapping = None,
    contacts: opt.Contacts = None,
    exceptions: opt.Exceptions = None,
    max_rules: opt.MaxRules = None,
    scenario: opt.ScenarioFile = None,
    today: opt.TodayFile = None,
    rollback: opt.Rollback = None,
    share: opt.Share = None,
    overflow_after: opt.OverflowAfter = None,
    agent_index: opt.AgentIndex = None,
    handling: opt.HandlingWeights = None,
) -> int:
    """Write a plan for another tool; nothing is overwritten.

    Exit code 5: a file decides a replayed contact differently from the rules.
    """
    from planner.runs import RunDirectory, load_run

    loaded = load_run(run)
    target = out or Path(f"{loaded.plan(plan).id}-{form.value}{_SUFFIX.get(form, '')}")
    refuse_existing(target)
    fingerprint = RunDirectory(run if run.is_dir() else run.parent).fingerprint()
    if form not in _TABLES:
        from planner.cli.rule_exporting import RuleOptions, export_rule_files

        options = RuleOptions(
            binding=binding,
            replay=replay,
            mapping=mapping,
            contacts=contacts,
            exceptions=exceptions,
            max_rules=max_rules,
            scenario=scenario,
            today=today,
            rollback=rollback,
            share=share,
            agent_index=agent_index,
            overflow_after_s=overflow_after,
            handling=handling,
        )
        return export_rule_files(loaded, run, loaded.plan(plan), form.value, target, fingerprint, options)
    if binding or replay:
        raise PlanError(f"--binding and --replay are for rules; {form.value} is a table")
    _write(loaded, plan, form, target, fingerprint)
    console.give(target.as_posix())
    return int(Exit.DONE)


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run directory.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; left out: report.html in the run directory.")
    ] = None,
) -> int:
    """Write the report: one page that works offline, for e-mail and browser."""
    from planner.report import write_report
    from planner.runs import load_run
    from planner.runs.atomic import explained

    loaded = load_run(run)
    if out is not None:
        refuse_existing(out)
    target = out or (run if run.is_dir() else run.parent) / "report.html"
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        write_report(loaded, target)
    console.give(target.as_posix())
    console.say(f"Next: open {target} in a browser")
    return int(Exit.DONE)


def _write(loaded: Frontier, plan: str, form: ExportFormat, target: Path, fingerprint: str) -> None:
    from planner.runs.atomic import explained

    chosen = loaded.plan(plan)
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if form is ExportFormat.XLSX:
            from planner.report import write_workbook

            write_workbook(loaded, target, plans=[chosen.id])
        elif form.value.startswith("wfm-"):
            from planner.staffing_exports import export_requirements

            export_requirements(loaded, chosen.id, form.value, target)
        else:
            from planner.runs.tables import write_table

            frame = chosen.tables[form.value].copy()
            frame.insert(0, "plan", chosen.id)
            frame["run"] = fingerprint
            write_table(target, frame)
