"""The commands before a run: `init`, `validate`, `schema`, `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.errors import IssuesError, RunError

if TYPE_CHECKING:
    from planner.errors import Issue

_EXAMPLES = {
    "init": examples(
        "planner init center",
        "planner init bank --example retail_bank",
        "planner init my-center --from-history history/contacts.parquet --timezone Europe/Zurich",
        "planner init sheets --xlsx",
        "planner init from-sheets --from-xlsx sheets/center.xlsx",
    ),
    "validate": examples("planner validate center/scenario.yaml", "planner validate center/scenario.yaml --json"),
    "schema": examples(
        "planner schema",
        "planner schema --out scenario.schema.json",
        "planner schema --markdown --out scenario-reference.md",
    ),
    "doctor": examples("planner doctor", "planner doctor --json"),
}


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("init", rich_help_panel="Start", epilog=_EXAMPLES["init"])(init)
    app.command("doctor", rich_help_panel="Start", epilog=_EXAMPLES["doctor"])(doctor)
    app.command("validate", rich_help_panel="Plan", epilog=_EXAMPLES["validate"])(validate)
    app.command("schema", rich_help_panel="Plan", epilog=_EXAMPLES["schema"])(schema)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; nothing in it is overwritten.")],
    example: Annotated[str, typer.Option("--example", help="Scenario to start from.")] = "minimal",
    from_history: Annotated[
        Path | None,
        typer.Option("--from-history", help="Propose the scenario from contacts, or from counts per interval (CSV)."),
    ] = None,
    mapping: Annotated[Path | None, typer.Option("--mapping", help="Mapping file of --from-history.")] = None,
    staffing: Annotated[
        Path | None,
        typer.Option("--staffing", help="Table interval_start, pool, scheduled, on_task of --from-history."),
    ] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", help="IANA time zone of the center.")] = None,
    from_xlsx: Annotated[
        Path | None, typer.Option("--from-xlsx", help="Make the scenario from a filled workbook.")
    ] = None,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Write the workbook template center.xlsx instead.")] = False,
) -> int:
    """Start a scenario: from a commented example, from your own history, or from a workbook."""
    from planner.cli.starters import copy_example, write_proposal
    from planner.errors import RunError

    if sum((from_history is not None, from_xlsx is not None, xlsx)) > 1:
        raise RunError("choose one of --from-history, --from-xlsx and --xlsx")
    if xlsx:
        return _template(folder)
    if from_history is not None:
        from planner.proposal import propose_from_history

        refuse_existing(folder / "scenario.yaml")
        found = propose_from_history(from_history, folder, mapping=mapping, staffing=staffing, timezone=timezone)
        scenario = write_proposal(found, folder)
    elif from_xlsx is not None:
        from planner.proposal import propose_from_workbook

        refuse_existing(folder / "scenario.yaml")
        scenario = write_proposal(propose_from_workbook(from_xlsx), folder)
    else:
        scenario = copy_example(example, folder)
    console.give(scenario.as_posix())
    console.say(f"Next: edit {scenario}, then: planner validate {scenario}")
    return int(Exit.DONE)


def _template(folder: Path) -> int:
    from planner.proposal import write_template
    from planner.runs.atomic import explained

    target = folder / "center.xlsx"
    refuse_existing(target)
    with explained(target):
        folder.mkdir(parents=True, exist_ok=True)
        write_template(target)
    console.give(target.as_posix())
    console.say(f"Next: fill it (its first sheet says how), then: planner init my-center --from-xlsx {target}")
    return int(Exit.DONE)


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Scenario files (YAML).")],
    variant: Annotated[str | None, typer.Option("--variant", help="Named variant of the scenario.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Replace one value; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print problems and counts as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the problems as CSV.")] = False,
) -> int:
    """Check scenario files: all problems at once, then what would be solved."""
    found = [_examine(file, variant, tuple(overrides or ())) for file in files]
    if as_json:
        console.give_json(found)
    elif as_csv:
        _give_csv([issue for result in found for issue in result["issues"]], _ISSUE)
    else:
        for result in found:
            _tell_validation(result)
    return int(Exit.DONE if all(result["valid"] for result in found) else Exit.BAD_INPUT)


def schema(
    out: Annotated[Path | None, typer.Option("--out", help="File to write; left out: print it.")] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The reference for people instead: every key with its meaning.")
    ] = False,
) -> int:
    """Print the JSON Schema of scenario files, for editors and other tools, or the same as a reference for people."""
    from planner.cli.starters import schema_text
    from planner.scenario.reference_page import reference_markdown

    text = reference_markdown() if markdown else schema_text()
    if out is None:
        console.give(text)
        return int(Exit.DONE)
    from planner.runs.atomic import write_text

    refuse_existing(out)
    write_text(out, text)
    console.give(out.as_posix())
    return int(Exit.DONE)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the findings as CSV.")] = False,
) -> int:
    """Look at this machine: versions, cores, solver, write access, and what is optional."""
    from planner.doctor import examine

    checks = examine(Path.cwd())
    facts = [{"name": c.name, "ok": c.ok, "needed": c.needed, "found": c.found, "advice": c.advice} for c in checks]
    if as_json:
        console.give_json(facts)
    elif as_csv:
        _give_csv(facts, ("name", "ok", "needed", "found", "advice"))
    else:
        marks = {(True, True): "ok", (True, False): "ok", (False, True): "MISSING", (False, False): "absent"}
        rows = [(c.name, marks[c.ok, c.needed], c.found, "" if c.ok else c.advice) for c in checks]
        console.give_table("", ("what", "", "found", "what to do"), rows, left=(0, 1, 2, 3))
    return int(Exit.DONE if all(c.ok or not c.needed for c in checks) else Exit.BAD_INPUT)


def refuse_existing(path: Path) -> None:
    """Refuse to write over a file."""
    if path.exists():
        raise RunError(f"{path}: exists already, and nothing is overwritten; choose another name or delete it")


_ISSUE = ("file", "line", "column", "path", "severity", "message")


def _give_csv(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    import csv
    import io

    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    console.give(out.getvalue())


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
