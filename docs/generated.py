"""Pages that are written from the code when the site is built: the scenario reference and the commands."""

from __future__ import annotations

from typing import Any

from mkdocs.structure.files import File, Files
from typer.main import get_command

from planner.cli.app import app
from planner.cli.examples import example_lines
from planner.scenario.reference_page import reference_markdown


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages to the site."""
    for place, text in (
        ("reference/scenario.md", reference_markdown()),
        ("reference/commands.md", commands_markdown()),
    ):
        files.append(File.generated(config, place, content=text))
    return files


def commands_markdown() -> str:
    """Return the reference of the commands: what each does, its arguments and options, its examples."""
    lines = ["# Commands", "", "Data goes to stdout, words for people go to stderr.", ""]
    group: Any = get_command(app)
    for name, command in group.commands.items():
        lines += [f"## planner {name}", "", _plain(command.help or ""), "", "| | |", "|---|---|"]
        for parameter in command.params:
            shown = ", ".join(f"`{option}`" for option in parameter.opts)
            if parameter.param_type_name == "argument":
                shown = f"`{parameter.metavar or parameter.name.upper()}`"
            lines.append(f"| {shown} | {_plain(parameter.help or '')} |")
        lines += ["", *(f"    {line}" for line in example_lines(command.epilog)), ""]
    return "\n".join(lines)


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
