"""Every example line of every `--help` runs, in the order in which it stands there."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_runner import NOT_RUN, ROOT, PageRunner, blocks_of, commands_in, parse
from typer.main import get_command
from world import RUN, settle

from planner.cli.app import app
from planner.cli.examples import example_lines

COMMANDS = {name: example_lines(command.epilog) for name, command in get_command(app).commands.items()}  # type: ignore[attr-defined]
LOOKS_BACK = (0, 5)
"""Waits of the toy's history are drawn at random: `backtest` may say, rightly, that no queue makes them."""


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_of_a_help_runs(name: str, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = COMMANDS[name]
    assert lines
    settle(world, tmp_path, made="\n".join(lines))
    monkeypatch.chdir(tmp_path)
    reader = PageRunner(Path(RUN), tmp_path / "library", LOOKS_BACK if name == "backtest" else (0,))
    for line in lines:
        reader.command(line)
    assert reader.commands == len(lines)


def test_the_examples_of_planner_itself_are_run_elsewhere() -> None:
    """A first run, line by line: each stands in the help of its command or on the first pages."""
    pages = [ROOT / "README.md", ROOT / "docs/index.md"]
    shown = {line for page in pages for block in blocks_of(page) for line in commands_in(block.text)}
    shown |= {line for lines in COMMANDS.values() for line in lines}
    assert set(example_lines(app.info.epilog)) <= shown


def test_lines_that_are_not_run_stand_somewhere_parse_and_are_few() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    blocks = [block for page in pages for block in blocks_of(page) if block.language in ("", "sh") and not block.title]
    shown = {line for block in blocks for line in commands_in(block.text)}
    shown |= {line for lines in COMMANDS.values() for line in lines}
    assert set(NOT_RUN) - shown == set()
    assert len(NOT_RUN) <= 12
    assert all(NOT_RUN.values())
    for line in NOT_RUN:
        parse(line)
    ours = [line for line in NOT_RUN if "planner " in line]
    assert all(" serve " in line or "postgresql://" in line for line in ours), "only what serves or needs a server"
