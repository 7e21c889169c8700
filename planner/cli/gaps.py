"""The command `gap`: required against available people by pool and month."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.cli.looking import AsCsv, AsJson, RunPath
from planner.cli.starting import refuse_existing
from planner.errors import RunError

if TYPE_CHECKING:
    from planner.hiring.outlook import Asked
    from planner.scenario import Scenario

_EXAMPLES = examples(
    "planner gap RUN --plan cheapest --months 12 --growth 0.05 --attrition 0.3 --ramp 0,0.5,0.8",
    "planner gap RUN --plan cheapest --attrition 0.3 --starters phone=0,3,3 --csv",
    "planner gap RUN --plan cheapest --attrition 0.3 --out gap.html",
)


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("gap", rich_help_panel="Read", epilog=_EXAMPLES)(gap)


def gap(
    run: RunPath,
    plan: Annotated[str, typer.Option("--plan", help="Plan id (p003) or name (today, cheapest, ...).")],
    months: Annotated[int, typer.Option("--months", min=1, max=120, help="Number of months.")] = 12,
    growth: Annotated[float | None, typer.Option("--growth", help="Growth of the work a year (0.05 is 5 %).")] = None,
    attrition: Annotated[
        float | None, typer.Option("--attrition", min=0, help="Leavers a year over those there (0.3 is 30 %).")
    ] = None,
    ramp: Annotated[
        str | None, typer.Option("--ramp", help="Productivity of starters by month, full afterwards: 0,0.5,0.8.")
    ] = None,
    shrinkage: Annotated[float | None, typer.Option("--shrinkage", help="Shrinkage of the coming months.")] = None,
    starters: Annotated[
        list[str] | None, typer.Option("--starters", metavar="POOL=N,N,...", help="People who start by month.")
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option("--table", help="CSV pool, month, starters [, growth_per_year, attrition_per_year, shrinkage]."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Also write a page with charts (.html) or a workbook (.xlsx).")
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> int:
    """Set the people a plan requires beside those who will be there, by pool and month.

    required = paid hours a week / contract hours x (1 + growth)^(month/12) x (1 - shrinkage of plan)/(1 - shrinkage).
    Trained people and classes of starters lose attrition/12 each month; available = trained + ramp x class. The
    scenario's staffing_plan, then --table, then the options say what the months bring.
    """
    from planner.hiring import gap_table, outlooks_of
    from planner.hiring.gap import gap_words
    from planner.runs import load_run
    from planner.runs.tables import csv_text, records

    if out is not None:
        refuse_existing(out)
    loaded = load_run(run)
    chosen = loaded.plan(plan)
    asked = _asked(growth, attrition, shrinkage, ramp, starters or [])
    found = gap_table(outlooks_of(_scenario(run), chosen, asked, table), months)
    words = gap_words(found)
    if as_json:
        console.give_json({"plan": chosen.id, "months": records(found), "words": words})
    elif as_csv:
        console.give(csv_text(found.round(4)))
    else:
        rows = [[f"{v:.1f}" if isinstance(v, float) else v for v in row] for row in found.itertuples(index=False)]
        console.give_table(f"People for plan {chosen.id}", list(found.columns), rows)
        for sentence in words:
            console.give(console.inert(sentence))
    if out is not None:
        from planner.report.gap import write_gap

        write_gap(found, words, f"People for plan {chosen.id}, {months} months", out)
        console.say(f"Written: {out}")
    return int(Exit.DONE)


def _scenario(run: Path) -> Scenario:
    """The scenario a run holds; the files it names are not needed."""
    from pydantic import ValidationError

    from planner.scenario import Scenario
    from planner.scenario.document import read_document

    path = (run if run.is_dir() else run.parent) / "scenario.yaml"
    try:
        return Scenario.model_validate(read_document(path, str(path)).data)
    except ValidationError as err:
        raise RunError(f"{path}: is no scenario of this version ({err.error_count()} problems); run it again") from err


def _asked(
    growth: float | None, attrition: float | None, shrinkage: float | None, ramp: str | None, starters: list[str]
) -> Asked:
    from planner.hiring.outlook import Asked

    if growth is not None and growth <= -1:
        raise RunError(f"--growth {growth:g} leaves no work; write 0.05 for 5 %")
    if shrinkage is not None and not 0 <= shrinkage < 1:
        raise RunError(f"--shrinkage {shrinkage:g} is not a ratio from 0 to below 1; write 0.3, not 30")
    if attrition is not None and attrition > 12:
        raise RunError(f"--attrition {attrition:g} is more than everybody each month; write 0.3 for 30 % a year")
    people = {}
    for text in starters:
        pool, _, numbers = text.rpartition("=")
        people[pool] = _numbers("--starters", numbers, text)
    steps = None if ramp is None else _numbers("--ramp", ramp, ramp)
    if steps is not None and max(steps) > 1:
        raise RunError(f"--ramp {ramp}: {max(steps):g} is not a ratio in 0..1; write 0.5, not 50")
    return Asked(growth, attrition, shrinkage, steps, people or None)


def _numbers(option: str, text: str, whole: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError as err:
        raise RunError(f"{option} {whole!r} is not a list of numbers like 0,0.5,0.8") from err
    if min(numbers) < 0:
        raise RunError(f"{option} {whole!r}: no number may be below 0")
    return numbers
