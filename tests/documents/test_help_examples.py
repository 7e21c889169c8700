"""Every example line of every `--help` runs, in the order in which it stands there, but for those that pages run."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_runner import NOT_RUN, ROOT, PageRunner, blocks_of, commands_in, parse
from typer.main import get_command
from world import RUN, settle

from planner.cli.app import app
from planner.cli.examples import example_lines

COMMANDS = {name: example_lines(command.epilog) for name, command in get_command(app).commands.items()}  # type: ignore[attr-defined]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ON_PAGES = {
    line
    for page in PAGES
    for block in blocks_of(page)
    if block.language in ("", "sh") and not block.title
    for line in commands_in(block.text)
}
"""Command lines that `test_pages.py` runs."""
LOOKS_BACK = (0, 5)
"""Waits of the toy's history are drawn at random: `backtest` may say, rightly, that no queue makes them."""


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_of_a_help_runs(name: str, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert COMMANDS[name]
    lines = [line for line in COMMANDS[name] if line not in ON_PAGES]
    settle(world, tmp_path, made="\n".join(lines))
    monkeypatch.chdir(tmp_path)
    reader = PageRunner(Path(RUN), tmp_path / "library", LOOKS_BACK if name == "backtest" else (0,))
    for line in lines:
        reader.command(line)
    assert reader.commands == len(lines)


def test_the_examples_of_planner_itself_are_run_elsewhere() -> None:
    """A first run, line by line: each stands in the help of its command or on a page."""
    assert set(example_lines(app.info.epilog)) <= ON_PAGES | {line for lines in COMMANDS.values() for line in lines}


def test_lines_that_are_not_run_stand_somewhere_parse_and_are_few() -> None:
    assert set(NOT_RUN) - ON_PAGES - {line for lines in COMMANDS.values() for line in lines} == set()
    assert len(NOT_RUN) <= 13
    assert all(NOT_RUN.values())
    for line in NOT_RUN:
        parse(line)
    ours = [line for line in NOT_RUN if line.startswith("planner ")]
    assert all(" serve " in line or "postgresql://" in line for line in ours), "only what serves or needs a server"
