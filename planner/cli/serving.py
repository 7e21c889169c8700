"""The command that serves runs to a browser on this machine: `serve`."""

from __future__ import annotations

import sys
import urllib.parse
from pathlib import Path
from typing import Annotated

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.cli.running import Workers
from planner.errors import RunError

_PANEL = "Hand out"
_EXAMPLES = examples(
    "planner serve runs",
    "planner serve RUN --scenario center/scenario.yaml",
    "planner serve runs --port 0 --workers 1",
)


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("serve", rich_help_panel=_PANEL, epilog=_EXAMPLES)(serve)


def serve(
    runs: Annotated[Path, typer.Argument(metavar="[RUNS]", help="Folder of runs, or one run in it.")] = Path("runs"),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port of 127.0.0.1; 0: any free one.")] = 8321,
    scenario: Annotated[
        list[Path] | None,
        typer.Option("--scenario", help="Scenario file of runs to plan again; left out: those beside the folder."),
    ] = None,
    workers: Workers = None,
) -> int:
    """Serve the report pages of runs, with questions and jobs beside them, to this machine only.

    The printed address holds the token that questions and jobs need. Ctrl-C stops; what was begun can be resumed.
    """
    try:
        from planner.serve.app import Settings, alone, bound_socket, serve_until_stopped
    except ModuleNotFoundError as err:
        if err.name not in ("fastapi", "uvicorn", "starlette"):
            raise
        raise RunError(f"planner serve needs {err.name}: pip install 'cxfrontier[web]'") from err
    from planner.runs.manifest import cores

    if not runs.is_dir():
        raise RunError(f"{runs}: no such folder of runs; `planner run FILE` makes one")
    one_run = (runs / "manifest.json").is_file()
    folder = runs.resolve().parent if one_run else runs
    for file in scenario or ():
        if not file.is_file():
            raise RunError(f"{file}: no such scenario file")
    with alone(folder), bound_socket(port) as listening:
        settings = Settings(folder, tuple(scenario or ()), workers or cores(), tell=console.say)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        page = f"runs/{urllib.parse.quote(runs.resolve().name)}" if one_run else ""
        console.give(f"{address}/{page}#token={settings.token}")
        sys.stdout.flush()
        console.say(f"Serving {folder}. Open this address in a browser of this machine; Ctrl-C stops.")
        try:
            serve_until_stopped(settings, listening)
        except KeyboardInterrupt:
            console.say("Stopped.")
    return int(Exit.DONE)
