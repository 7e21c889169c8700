"""The command `estimate`: from a history to a page and tables of what contacts do to customers."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.errors import RunError

if TYPE_CHECKING:
    from planner.experience.model import ExperienceModel
    from planner.experience.study import Study
    from planner.history.quality import QualityReport

_EXAMPLES = examples(
    "planner estimate contacts.parquet --covariates severity",
    "planner estimate calls.csv --mapping mapping.yaml --covariates severity,tenure --csv",
    "planner estimate 'postgresql://user@host/database?table=schema.contacts' --outcome fcr",
)
_HASHED_BYTES = 1 << 20


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("estimate", rich_help_panel="Plan", epilog=_EXAMPLES)(estimate)


def estimate(
    history: Annotated[
        str, typer.Argument(metavar="HISTORY", help="Contacts: Parquet, CSV or DuckDB file, or postgresql://….")
    ],
    mapping: Annotated[Path | None, typer.Option("--mapping", help="Mapping file for another layout.")] = None,
    outcome: Annotated[
        str,
        typer.Option(
            "--outcome",
            help="csat, csat_top, nps, ces, fcr, repeat, resolved, transferred, abandoned, handle_s, any numeric "
            "column, or weighted: composite:csat=.5,fcr=.3.",
        ),
    ] = "csat",
    covariates: Annotated[
        str, typer.Option("--covariates", help="Numeric columns known before the channel was chosen: a,b.")
    ] = "",
    staffing: Annotated[
        Path | None, typer.Option("--staffing", help="Table of the staffing that really stood there.")
    ] = None,
    window_days: Annotated[
        int, typer.Option("--window-days", min=1, help="Contacts within so many days are one issue.")
    ] = 7,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of every random draw.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="New folder for page and tables; left out: estimates/NAME-OUTCOME-KEY."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table and the report as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the table as CSV.")] = False,
) -> int:
    """Estimate experience per reason, channel and segment from a history; write a page and tables.

    With --json or --csv, and without --out, nothing is written and only the estimate itself is made.
    """
    import planner

    if out is not None and out.exists():
        raise RunError(f"{out}: exists already, and nothing is overwritten; choose another name or delete it")
    loaded = planner.load_history(history, mapping=mapping, **({} if staffing is None else {"staffing": staffing}))
    lines = [str(line) for line in loaded.quality.lines()]
    for line in lines:
        console.say(line)
    names = tuple(name.strip() for name in covariates.split(",") if name.strip())
    settings: dict[str, Any] = {"outcome": outcome, "covariates": names, "window_days": window_days, "seed": seed}
    if out is None and (as_json or as_csv):
        _give(planner.estimate(loaded, **settings), lines, as_json)
        return int(Exit.DONE)
    from planner.experience.study import study
    from planner.report.estimate.files import write_study

    found = study(loaded, told=_told, **settings)
    folder = out or Path("estimates") / _folder_name(history, mapping, settings, loaded.quality)
    page = write_study(found, folder)
    if as_json or as_csv:
        _give(found.model, lines, as_json)
    else:
        _show(found)
    console.say(f"Report: {page}")
    console.say(f"Tables: {folder.as_posix()}/*.csv and *.parquet")
    return int(Exit.DONE)


def _told(words: str) -> None:
    import sys

    if sys.stderr.isatty():
        console.say(f"{words} ...")


def _folder_name(history: str, mapping: Path | None, settings: dict[str, Any], quality: QualityReport) -> str:
    """Name a folder after the inputs: the same file and settings lead to the same folder; no address is in it."""
    seen = (quality.rows_kept, quality.first, quality.last)
    digest = hashlib.sha256(repr((sorted(settings.items()), seen)).encode())
    for path in (Path(history), mapping):
        if path is not None and path.is_file():
            with path.open("rb") as file:
                while chunk := file.read(_HASHED_BYTES):
                    digest.update(chunk)
    stem = "".join(char if char.isalnum() or char in "._-" else "_" for char in Path(quality.source).stem)[:40]
    kind = "".join(char if char.isalnum() else "_" for char in str(settings["outcome"]))[:30]
    return f"{stem.strip('.') or 'history'}-{kind}-{digest.hexdigest()[:8]}"


def _give(model: ExperienceModel, lines: list[str], as_json: bool) -> None:
    from planner.runs.tables import csv_text, plain, records

    if as_json:
        console.give_json(
            {"outcome": model.outcome, "table": records(model.table), "quality": plain(model.quality)}
            | {"history": lines, "notes": list(model.notes), "attempt_penalty": plain(model.attempt_penalty)}
        )
        return
    _say_quality(model)
    console.give(csv_text(model.table))


def _say_quality(model: ExperienceModel) -> None:
    from planner.report.estimate.words import QUALITY_TERMS
    from planner.runs.tables import plain

    for name, value in plain(model.quality).items():
        meaning = f" ({QUALITY_TERMS[name]})" if name in QUALITY_TERMS else ""
        console.say(f"{name.replace('_', ' ')}{meaning}: {_shown(value)}")
    for note in model.notes:
        console.say(f"note: {note}")


def _show(found: Study) -> None:
    """Print the matrix, then the sentences the page begins with."""
    from planner.report.estimate.content import digits_of
    from planner.report.estimate.first import first_sentences
    from planner.report.estimate.terminal import matrix_legend, matrix_rows

    _say_quality(found.model)
    digits = digits_of(found)
    heads, rows = matrix_rows(found.model.reasons, digits)
    console.give_table(f"Experience ({found.model.outcome}): adjusted ± 90 % (raw, n)", heads, rows)
    if legend := matrix_legend(rows):
        console.give(legend)
    for sentence in first_sentences(found, digits):
        console.give(console.inert(sentence))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
