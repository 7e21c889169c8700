"""The command line: declares the commands, parses, prints; the work is done by the packages it calls."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import warnings
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from planner import __version__
from planner.cli import (
    adopting,
    asking,
    backtesting,
    briefing,
    console,
    differing,
    estimating,
    exporting,
    gaps,
    importing,
    looking,
    running,
    serving,
    simulating,
    starting,
)
from planner.cli.endings import Exit, explain
from planner.cli.examples import examples
from planner.errors import PlannerWarning

_SHELL_INTERRUPTED = 130
"""What the parser exits with when it is interrupted before a command begins."""


class GuardedGroup(TyperGroup):
    """A command group whose commands never end in a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command, and turn whatever it raises into an exit code."""
        debug = bool(ctx.params.get("debug"))
        asked = console.quiet.set(bool(ctx.params.get("quiet")))
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                code = super().invoke(ctx)
            sys.stdout.flush()
        except (typer.Exit, typer.Abort):
            raise
        except (Exception, KeyboardInterrupt) as err:
            if hasattr(err, "format_message"):
                raise  # a usage error: the parser words it
            raise typer.Exit(int(explain(err, debug))) from err
        finally:
            console.quiet.reset(asked)
        raise typer.Exit(int(code or 0))


app = typer.Typer(
    name="planner",
    cls=GuardedGroup,
    help="Plan a contact center on customer experience, cost and capacity at once.",
    epilog=examples(
        "planner demo",
        "planner init center",
        "planner validate center/scenario.yaml",
        "planner run center/scenario.yaml",
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_MODULES = (
    starting, importing, estimating, differing, running, briefing, looking, gaps, asking, backtesting, simulating,
)  # fmt: skip
for module in (*_MODULES, exporting, serving, adopting):
    module.add_to(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        console.give(f"planner {__version__}")
        raise typer.Exit(0)


@app.callback()
def _settings(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors and data only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    pass


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if issubclass(category, PlannerWarning):
        console.say(f"warning: {message}")


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv
        Arguments without the program name; the process's own if left out.
    """
    arguments = _hoisted(sys.argv[1:] if argv is None else argv)
    # One thread per process for linear algebra: faster beside other workers, and the same sums on every machine.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        app(args=arguments, prog_name="planner")
    except KeyboardInterrupt:
        return int(Exit.STOPPED)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(Exit.DONE)
        return int(Exit.STOPPED) if code == _SHELL_INTERRUPTED else code
    return int(Exit.DONE)


def entry() -> None:
    """Run as the script `planner`: UTF-8 on every system, SIGTERM like Ctrl-C, no complaint about a closed pipe."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    gc.set_threshold(50_000, 20, 20)  # importing makes a million objects that stay, and a run few cycles
    code = main()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more at the end; give it somewhere to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _hoisted(arguments: list[str]) -> list[str]:
    """Move --debug and --quiet to the front, so that they work after the command too."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    ours = [token for token in arguments[:end] if token in ("--debug", "--quiet")]
    return [*ours, *(token for token in arguments[:end] if token not in ours), *arguments[end:]]
