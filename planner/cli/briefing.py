"""The command `brief`: what a leader needs to say yes or no, with the words of the page and the workbook."""

from __future__ import annotations

from typing import Any

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.cli.looking import AsCsv, AsJson, RunPath


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    epilog = examples("planner brief RUN", "planner brief RUN --json")
    app.command("brief", rich_help_panel="Read", epilog=epilog)(brief)


def brief(run: RunPath, as_json: AsJson = False, as_csv: AsCsv = False) -> int:
    """Give the decision brief: the options beside Today, what must be true, and the decision asked."""
    from planner.report import build_brief
    from planner.runs import load_run

    found = build_brief(load_run(run))
    if as_json:
        console.give_json({key: value for key, value in found.items() if key != "words"})
        return int(Exit.DONE)
    if as_csv:
        console.give(_as_csv(found))
        return int(Exit.DONE)
    _give(found)
    console.say(f"Next: planner explain {run} PLAN   or: planner report {run}")
    return int(Exit.DONE)


def _as_csv(found: dict[str, Any]) -> str:
    """Every cell of the brief: a row per measure and option, with the lines, the difference from Today, the mark."""
    import pandas as pd

    from planner.report.brief import cell_lines, marked
    from planner.runs.tables import csv_text

    rows = [
        (head["plan"] or "today", head["title"], row["label"], " | ".join(cell_lines(cell)), marked(cell))
        for row in found["rows"]
        for head, cell in zip(found["heads"], row["cells"], strict=True)
    ]
    return csv_text(pd.DataFrame(rows, columns=["plan", "title", "measure", "value", "against_today"]))


def _give(found: dict[str, Any]) -> None:
    from planner.report.brief import cell_lines, marked
    from planner.report.strings import PAGE

    words, heads = found["words"], found["heads"]
    for line in found["missing"]:
        console.give(console.inert(line))
    titles = [" ".join(filter(None, (head["title"], head["plan"] and f"({head['plan']})"))) for head in heads]
    numbers = [
        (row["label"], *(" ".join(filter(None, (*cell_lines(cell), marked(cell)))) for cell in row["cells"]))
        for row in found["rows"]
        if row["kind"] == "number"
    ]
    console.give_table(words["title"], ("", *(head["plan"] or head["title"] for head in heads)), numbers)
    for place, title in enumerate(titles):
        console.give(console.inert(title))
        for row in found["rows"]:
            lines = cell_lines(row["cells"][place])
            if row["kind"] == "words" and lines != ["–"]:
                for text in (f"  {row['label']}: {lines[0]}", *(f"    {line}" for line in lines[1:])):
                    console.give(console.inert(text))
    _listed(words["must"], [found["assumptions"]["help"]])
    rows = [(row["input"], f"{row['range']}, {row['source']}", row["swing"]) for row in found["assumptions"]["rows"]]
    if rows:
        console.give_table("", ("", "", ""), rows, left=(0, 1, 2))
    if found["bridge"]:
        steps = [(row["step"], row["change"], row["value"]) for row in found["bridge"]]
        console.give_table(PAGE["bridge"], ("", "", ""), steps)
    _listed(words["ask"], [found["ask"], *found["notes"]])


def _listed(title: str, lines: list[str]) -> None:
    console.give(f"\n{title}")
    for line in lines:
        console.give(console.inert(f"  {line}"))
