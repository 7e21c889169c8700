"""The command `diff`: what differs between two scenarios, in planner's words."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples

_EXAMPLES = examples(
    "planner diff center/scenario.yaml next/scenario.yaml",
    "planner diff center/scenario.yaml next/scenario.yaml --new-variant summer",
    "planner diff center/scenario.yaml center/scenario.yaml --set demand.growth=0.1 --json",
)


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("diff", rich_help_panel="Plan", epilog=_EXAMPLES)(diff)


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Scenario file.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Scenario file, or the same one with other settings.")],
    old_variant: Annotated[str | None, typer.Option("--old-variant", help="Named variant of OLD.")] = None,
    new_variant: Annotated[str | None, typer.Option("--new-variant", help="Named variant of NEW.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Replace one value of NEW; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print place, words and both values as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the same as CSV.")] = False,
) -> int:
    """Say what differs between two scenarios, the tables they name included."""
    from planner.scenario.difference import scenario_differences
    from planner.scenario.load import load_scenario
    from planner.scenario.table_difference import table_differences

    before = load_scenario(old, variant=old_variant)
    after = load_scenario(new, tuple(overrides or ()), variant=new_variant)
    found = [*scenario_differences(before, after), *table_differences(before, after)]
    if as_json:
        console.give_json([dataclasses.asdict(one) for one in found])
    elif as_csv:
        import pandas as pd

        from planner.runs.tables import csv_text

        rows = [
            {k: v if isinstance(v, str) else json.dumps(v) for k, v in dataclasses.asdict(d).items()} for d in found
        ]
        console.give(csv_text(pd.DataFrame(rows, columns=["place", "words", "old", "new"])))
    else:
        for one in found:
            console.give(console.inert(one.words))
        if not found:
            console.say("These scenarios say the same.")
    return int(Exit.DONE)
