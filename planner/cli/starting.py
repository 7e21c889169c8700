"""The commands before a run: `init`, `validate`, `schema`, `estimate`, `doctor`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.errors import IssuesError, RunError

if TYPE_CHECKING:
    from planner.errors import Issue
    from planner.experience.model import ExperienceModel

_EXAMPLES = {
    "init": examples("planner init center", "planner init bank --example retail_bank"),
    "validate": examples("planner validate center/scenario.yaml", "planner validate center/scenario.yaml --json"),
    "schema": examples("planner schema", "planner schema --out scenario.schema.json"),
    "estimate": examples(
        "planner estimate contacts.parquet --outcome csat",
        "planner estimate calls.csv --mapping mapping.yaml --covariates severity,tenure --csv",
        "planner estimate 'postgresql://user@host/database?table=schema.contacts' --outcome fcr",
    ),
    "doctor": examples("planner doctor", "planner doctor --json"),
}


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("init", rich_help_panel="Start", epilog=_EXAMPLES["init"])(init)
    app.command("doctor", rich_help_panel="Start", epilog=_EXAMPLES["doctor"])(doctor)
    app.command("validate", rich_help_panel="Plan", epilog=_EXAMPLES["validate"])(validate)
    app.command("schema", rich_help_panel="Plan", epilog=_EXAMPLES["schema"])(schema)
    app.command("estimate", rich_help_panel="Plan", epilog=_EXAMPLES["estimate"])(estimate)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; nothing in it is overwritten.")],
    example: Annotated[str, typer.Option("--example", help="Scenario to start from.")] = "minimal",
) -> int:
    """Start a scenario: copy a commented example, its tables and the schema for your editor."""
    from planner.cli.starters import copy_example

    scenario = copy_example(example, folder)
    console.give(scenario.as_posix())
    console.say(f"Next: edit {scenario}, then: planner validate {scenario}")
    return int(Exit.DONE)


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Scenario files (YAML).")],
    variant: Annotated[str | None, typer.Option("--variant", help="Named variant of the scenario.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Replace one value; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print problems and counts as JSON.")] = False,
) -> int:
    """Check scenario files: all problems at once, then what would be solved."""
    found = [_examine(file, variant, tuple(overrides or ())) for file in files]
    if as_json:
        console.give_json(found)
    else:
        for result in found:
            _tell_validation(result)
    return int(Exit.DONE if all(result["valid"] for result in found) else Exit.BAD_INPUT)


def schema(
    out: Annotated[Path | None, typer.Option("--out", help="File to write; left out: print it.")] = None,
) -> int:
    """Print the JSON Schema of scenario files, for editors and other tools."""
    from planner.cli.starters import schema_text

    if out is None:
        console.give(schema_text())
        return int(Exit.DONE)
    from planner.runs.atomic import write_text

    refuse_existing(out)
    write_text(out, schema_text())
    console.give(out.as_posix())
    return int(Exit.DONE)


def estimate(
    history: Annotated[
        Path, typer.Argument(metavar="HISTORY", help="Contacts: Parquet, CSV or DuckDB file, or postgresql://….")
    ],
    mapping: Annotated[Path | None, typer.Option("--mapping", help="Mapping file for another layout.")] = None,
    outcome: Annotated[str, typer.Option("--outcome", help="Score to estimate: csat, nps, ces.")] = "csat",
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
    as_json: Annotated[bool, typer.Option("--json", help="Print the table and the report as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the table as CSV.")] = False,
) -> int:
    """Estimate experience per reason, channel and segment from a history, with a quality report."""
    import planner

    loaded = planner.load_history(history, mapping=mapping, **({} if staffing is None else {"staffing": staffing}))
    names = tuple(name.strip() for name in covariates.split(",") if name.strip())
    model = planner.estimate(loaded, outcome=outcome, covariates=names, window_days=window_days, seed=seed)
    _tell_estimate(model, [str(line) for line in loaded.quality.lines()], as_json, as_csv)
    return int(Exit.DONE)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> int:
    """Look at this machine: versions, cores, solver, write access, and what is optional."""
    from planner.doctor import examine

    checks = examine(Path.cwd())
    if as_json:
        console.give_json(
            [{"name": c.name, "ok": c.ok, "needed": c.needed, "found": c.found, "advice": c.advice} for c in checks]
        )
    else:
        marks = {(True, True): "ok", (True, False): "ok", (False, True): "MISSING", (False, False): "absent"}
        rows = [(c.name, marks[c.ok, c.needed], c.found, "" if c.ok else c.advice) for c in checks]
        console.give_table("", ("what", "", "found", "what to do"), rows, left=(0, 1, 2, 3))
    return int(Exit.DONE if all(c.ok or not c.needed for c in checks) else Exit.BAD_INPUT)


def refuse_existing(path: Path) -> None:
    """Refuse to write over a file."""
    if path.exists():
        raise RunError(f"{path}: exists already, and nothing is overwritten; choose another name or delete it")


def _examine(file: Path, variant: str | None, overrides: tuple[str, ...]) -> dict[str, Any]:
    from planner.scenario.load import load_scenario_record
    from planner.scenario.summary import describe

    try:
        loaded = load_scenario_record(file, overrides=overrides, variant=variant)
    except IssuesError as err:
        return {"file": file.as_posix(), "valid": False, "issues": [_as_json(issue) for issue in err.issues]}
    return {
        "file": file.as_posix(),
        "valid": True,
        "issues": [_as_json(issue) for issue in loaded.warnings],
        "counts": dict(describe(loaded.scenario)),
    }


def _as_json(issue: Issue) -> dict[str, Any]:
    return {
        "file": issue.file,
        "line": issue.line,
        "column": issue.column,
        "path": issue.path,
        "severity": issue.severity,
        "message": issue.message,
        "text": str(issue),
    }


def _tell_validation(result: dict[str, Any]) -> None:
    for issue in result["issues"]:
        console.say(issue["text"]) if result["valid"] else console.complain(issue["text"])
    if not result["valid"]:
        errors = sum(issue["severity"] == "error" for issue in result["issues"])
        console.complain(f"{result['file']}: {errors} {'error' if errors == 1 else 'errors'}")
        return
    console.give(console.inert(f"{result['file']}: valid"))
    for name, value in result["counts"].items():
        console.give(console.inert(f"  {name}: {value}"))


def _tell_estimate(model: ExperienceModel, history_lines: list[str], as_json: bool, as_csv: bool) -> None:
    from planner.runs.tables import csv_text, plain, records

    if as_json:
        console.give_json(
            {"outcome": model.outcome, "table": records(model.table), "quality": plain(model.quality)}
            | {"history": history_lines, "notes": list(model.notes), "attempt_penalty": plain(model.attempt_penalty)}
        )
        return
    for line in history_lines:
        console.say(line)
    for name, value in plain(model.quality).items():
        console.say(f"{name.replace('_', ' ')}: {_shown(value)}")
    for note in model.notes:
        console.say(f"note: {note}")
    if as_csv:
        console.give(csv_text(model.table))
        return
    rows = [[_shown(value) for value in row] for row in model.table.itertuples(index=False)]
    console.give_table(f"Experience ({model.outcome})", [str(c) for c in model.table.columns], rows, left=(0, 1, 2))


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
