"""The commands that hand results to other tools and people: `export` and `report`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.cli.starting import refuse_existing

if TYPE_CHECKING:
    from planner.frontier.frontier import Frontier

_PANEL = "Hand out"
_EXPORT_EXAMPLES = examples(
    "planner export RUN --plan cheapest --format staffing --out staffing.csv",
    "planner export RUN --plan cheapest --format wfm-long --out requirements.csv",
    "planner export RUN --plan cheapest --format jdm --out rules.json",
    "planner export RUN --plan cheapest --format xlsx --out plan.xlsx",
)
_REPORT_EXAMPLES = examples("planner report RUN", "planner report RUN -o report.html")


class ExportFormat(StrEnum):
    """What can be handed to other tools."""

    JDM = "jdm"
    CSV = "csv"
    XLSX = "xlsx"
    STAFFING = "staffing"
    SHIFTS = "shifts"
    WFM_CALABRIO = "wfm-calabrio"
    WFM_VERINT = "wfm-verint"
    WFM_LONG = "wfm-long"
    WFM_WIDE = "wfm-wide"


_SUFFIX = {ExportFormat.JDM: "json", ExportFormat.XLSX: "xlsx"}
"""Endings of files; those not listed are CSV."""


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
            help="jdm, csv: rules of the plan; staffing, shifts: its people as CSV; wfm-calabrio, wfm-verint, "
            "wfm-long, wfm-wide: requirements per pool and interval as suites import them; xlsx: workbook of the run.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; left out: PLAN-FORMAT in this folder.")
    ] = None,
) -> int:
    """Write a plan for another tool; nothing is overwritten."""
    from planner.runs import RunDirectory, load_run

    loaded = load_run(run)
    target = out or Path(f"{loaded.plan(plan).id}-{form.value}.{_SUFFIX.get(form, 'csv')}")
    refuse_existing(target)
    _write(loaded, plan, form, target, RunDirectory(run if run.is_dir() else run.parent).fingerprint())
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
        if form in (ExportFormat.JDM, ExportFormat.CSV):
            from planner.routing import export_rules

            export_rules(chosen.rules, form.value, target, manifest_hash=fingerprint)
        elif form is ExportFormat.XLSX:
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
