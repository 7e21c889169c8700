"""Progress on stderr: a bar where somebody looks at it, or a line of JSON for programs."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator

from planner.cli import console

Report = Callable[[str, int, int, str], None]


LINES_APART_S = 0.2


@contextlib.contextmanager
def progress_bar(as_json: bool = False) -> Iterator[Report | None]:
    """Yield a function of (stage, done, total, note) that draws a bar, or None where stderr is not a terminal.

    `as_json`: it writes a line of JSON instead, at each new stage, its end, and now and then.
    """
    if as_json:
        yield _line_writer()
        return
    if console.quiet.get() or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # lazy: completion and help must not pay for it
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}", markup=False),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True, emoji=False), transient=True) as bar:
        yield _reporter(bar.add_task, bar.update, lambda note: bar.console.print(note, markup=False, highlight=False))


def _reporter(add: Callable[..., int], update: Callable[..., None], tell: Callable[[str], None]) -> Report:
    """Bars of stages, and above them each new note on a line that stays."""
    tasks: dict[str, int] = {}
    totals: dict[str, int] = {}
    told = ""

    def report(stage: str, done: int, total: int, note: str = "") -> None:
        nonlocal told
        if stage not in tasks:
            for earlier, task in tasks.items():  # a stage that is followed by another is over
                update(task, completed=totals[earlier])
            tasks[stage] = add(console.inert(stage), total=max(total, 1))
        totals[stage] = max(total, 1)
        update(tasks[stage], completed=done, total=totals[stage])
        if note and note != told:
            told = note
            tell(console.inert(note))

    return report


def _line_writer() -> Report:
    last, told = "", 0.0

    def report(stage: str, done: int, total: int, note: str = "") -> None:
        nonlocal last, told
        if stage == last and done < total and time.monotonic() - told < LINES_APART_S:
            return
        last, told = stage, time.monotonic()
        line = json.dumps({"stage": stage, "done": done, "total": total, "note": note})
        print(line, file=sys.stderr, flush=True)

    return report
