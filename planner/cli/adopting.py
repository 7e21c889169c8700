"""The command that records a decision, `adopt`, and what a later run makes of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.cli.looking import AsCsv, AsJson, RunPath
from planner.errors import RunError

if TYPE_CHECKING:
    from planner.frontier.adopted import Adopted

_PANEL = "Hand out"
_EXAMPLES = examples(
    'planner adopt RUN --plan cheapest --by "A. Meier" --why "no hires before summer"',
    'planner adopt RUN --plan today --by "A. Meier" --why "nothing changes this quarter" --json',
)


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("adopt", rich_help_panel=_PANEL, epilog=_EXAMPLES)(adopt)


def adopt(
    run: RunPath,
    plan: Annotated[str, typer.Option("--plan", help="Plan id (p003) or name (cheapest, ...); today: stay as it is.")],
    by: Annotated[str, typer.Option("--by", help="Who decided.")],
    why: Annotated[str, typer.Option("--why", help="Why, in a sentence.")],
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> int:
    """Record which plan was adopted; the next run of the scenario shows it beside Today."""
    from planner.runs.decisions import FOLDER
    from planner.runs.decisions import adopt as record

    decision = record(run, plan, by=by, why=why)
    folder = (run if run.is_dir() else run.parent).absolute().parent / FOLDER
    if as_json:
        console.give_json(asdict(decision))
    elif as_csv:
        import pandas as pd

        from planner.runs.tables import csv_text

        console.give(csv_text(pd.DataFrame([asdict(decision)])))
    else:
        console.give(f"{decision.plan} of {decision.run} adopted by {console.inert(decision.by)}")
    console.say(f"Recorded in {folder / f'{decision.scenario}.jsonl'}; the next run shows it beside Today")
    return int(Exit.DONE)


def adopted_before(scenario: str, folders: list[Path]) -> Adopted | None:
    """Find the plan adopted last among folders of runs; what stands in the way is said, and the run goes on."""
    from planner.runs.decisions import adopted_run, standing

    found = [(decision, folder) for folder in folders if (decision := standing(folder, scenario)) is not None]
    if not found:
        return None
    decision, folder = max(found, key=lambda pair: pair[0].when)
    if decision.plan == "today":
        return None
    from planner.frontier.adopted import Adopted  # lazy: few have adopted anything, and this is most of the planner
    from planner.frontier.earlier import Earlier
    from planner.frontier.held import held_from

    try:
        frontier = adopted_run(folder, decision)
    except RunError as err:
        console.say(f"The adopted plan {decision.plan} of {decision.run} is not shown: {err}")
        return None
    held = held_from(frontier.model, str(folder / decision.run / "model.npz"))
    return Adopted(Earlier(held, decision.plan), asdict(decision))
