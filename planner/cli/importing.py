"""The command `import`: vendor exports to canonical tables, with a mapping report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.cli.facts import facts_csv
from planner.cli.starting import refuse_existing

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLES = examples(
    "planner import amazon_connect records.jsonl --out history --timezone Europe/Zurich",
    "planner import five9 call_log.csv --out calls --source-timezone America/New_York --timezone America/New_York",
    "planner import surveys answers.csv --contacts history/contacts.parquet --out surveyed --scale csat=1:7",
    "planner import staffing schedule.csv statuses.csv --out staffing --timezone Europe/Zurich",
    "planner import aggregate intervals.csv --out demand",
)
_SIDES = ("surveys", "staffing", "aggregate")
_NAMES = ("amazon_connect", "genesys", "zendesk", "five9", "cxone", "twilio", *_SIDES)
"""Named here, so that help need not import the presets; a test compares."""


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("import", rich_help_panel="Start", epilog=_EXAMPLES)(import_)


def import_(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help=f"Where the files come from: {', '.join(_NAMES)}.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Exported files (JSON, JSON lines, CSV).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the tables; nothing in it is overwritten.")],
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="Mapping file whose entries replace those of the preset.")
    ] = None,
    mapping_out: Annotated[
        Path | None, typer.Option("--mapping-out", help="Write the effective mapping, to edit and give to --mapping.")
    ] = None,
    reasons: Annotated[
        Path | None, typer.Option("--reasons", help="CSV with two columns: reason as exported, reason as planned.")
    ] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", help="IANA time zone of the center.")] = None,
    source_timezone: Annotated[
        str | None, typer.Option("--source-timezone", help="IANA time zone of stamps that carry none.")
    ] = None,
    scale: Annotated[
        list[str] | None, typer.Option("--scale", metavar="SCORE=LOW:HIGH", help="Scale of a score, e.g. csat=0:100.")
    ] = None,
    short_abandon: Annotated[
        float, typer.Option("--short-abandon", min=0, help="Leave out contacts abandoned within so many seconds.")
    ] = 0.0,
    contacts: Annotated[
        Path | None, typer.Option("--contacts", help="surveys: the imported contacts the answers belong to.")
    ] = None,
    window_days: Annotated[
        float,
        typer.Option("--window-days", min=0, help="surveys: an answer follows its contact by so many days at most."),
    ] = 7.0,
    interval_min: Annotated[
        int, typer.Option("--interval-min", min=5, max=60, help="staffing: minutes per interval.")
    ] = 30,
    on_task: Annotated[
        list[str] | None, typer.Option("--on-task", help="staffing: a status that counts as on task; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the mapping report as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the mapping report as CSV.")] = False,
) -> int:
    """Turn exports into canonical Parquet tables and a mapping report; ids of customers and agents are hashed."""
    _check_zones(timezone, source_timezone)
    zones = {"timezone": timezone, "source_timezone": source_timezone}
    scales = _scales(scale or [])
    if preset == "surveys":
        report = _surveys(
            files, contacts, out, {"mapping": mapping, "scales": scales, "window_days": window_days, **zones}
        )
    elif preset == "staffing":
        report = _staffing(files, out, {"interval_min": interval_min, "on_task": on_task or (), **zones})
    elif preset == "aggregate":
        report = _aggregate(files, out, scales.get("csat"))
    else:
        settings = {
            "mapping": mapping,
            "reasons": _reasons(reasons),
            "scales": scales,
            "short_abandon_s": short_abandon,
        }
        report = _contacts(preset, files, out, mapping_out, {**settings, **zones})
    if as_json:
        console.give_json(report)
    elif as_csv:
        console.give(facts_csv(report))
    else:
        console.give(out.as_posix())
    return int(Exit.DONE)


def _contacts(
    preset: str, files: list[Path], out: Path, mapping_out: Path | None, settings: dict[str, Any]
) -> dict[str, Any]:
    from planner.history.importers import import_contacts
    from planner.history.salt import project_salt
    from planner.runs.atomic import write_text
    from planner.scenario.document import yaml_text

    for path in (out / "contacts.parquet", out / "mapping_report.md", *([mapping_out] if mapping_out else [])):
        refuse_existing(path)
    _check_preset(preset)
    out.mkdir(parents=True, exist_ok=True)
    found = import_contacts(preset, files, salt=project_salt(out), **settings)
    report = found.as_json()
    _write(out, "contacts.parquet", found.contacts, found.lines(), report)
    if found.scales:
        content = {"version": 1, "title": "Scales of these contacts", "scales": found.scales}
        write_text(out / "mapping.yaml", yaml_text(content))
        console.say(f"Scales differ from the usual ones: read the contacts with --mapping {out / 'mapping.yaml'}")
    if mapping_out is not None:
        write_text(mapping_out, yaml_text(found.mapping))
    console.say(
        f"Customers and agents are salted hashes; the salt is {out / '.planner-salt'}: keep it to recognize them in "
        "later exports, delete it and nobody can"
    )
    console.say(f"Next: planner init my-center --from-history {out / 'contacts.parquet'}")
    return report


def _surveys(files: list[Path], contacts: Path | None, out: Path, settings: dict[str, Any]) -> dict[str, Any]:
    from planner.errors import RunError
    from planner.history.importers.surveys import join_surveys
    from planner.history.salt import project_salt
    from planner.runs.atomic import write_text
    from planner.runs.tables import read_table
    from planner.scenario.document import yaml_text

    if contacts is None:
        raise RunError("surveys belong to contacts: name those with --contacts history/contacts.parquet")
    refuse_existing(out / "contacts.parquet")
    salt = project_salt(contacts.resolve().parent)
    joined = join_surveys(read_table(contacts), files, salt=salt, **settings)
    report = {"counts": joined.counts, "parse_errors": [str(t) for t in joined.troubles], "notes": list(joined.notes)}
    out.mkdir(parents=True, exist_ok=True)
    if not (out / ".planner-salt").exists():
        write_text(out / ".planner-salt", salt + "\n")
    _write(out, "contacts.parquet", joined.contacts, _lines(report), report)
    if settings["scales"]:
        content = {"version": 1, "title": "Scales", "scales": {k: list(v) for k, v in settings["scales"].items()}}
        write_text(out / "mapping.yaml", yaml_text(content))
    return report


def _staffing(files: list[Path], out: Path, settings: dict[str, Any]) -> dict[str, Any]:
    from planner.history.importers.staffing_side import import_staffing

    refuse_existing(out / "staffing.parquet")
    found = import_staffing(files, **settings)
    report = {"counts": found.counts, "parse_errors": [str(t) for t in found.troubles], "notes": list(found.notes)}
    _write(out, "staffing.parquet", found.table, _lines(report), report)
    return report


def _aggregate(files: list[Path], out: Path, scale: tuple[float, float] | None) -> dict[str, Any]:
    from planner.history.importers.aggregate import read_aggregate
    from planner.runs.tables import csv_text, plain, records

    refuse_existing(out / "aggregate.csv")
    found = read_aggregate(files, scale=scale)
    report = {
        "counts": {"rows kept": len(found.rows), "contacts": round(float(found.rows["volume"].sum()))},
        "outcomes": plain(records(found.outcomes)),
        "parse_errors": [str(trouble) for trouble in found.troubles],
        "notes": list(found.notes),
    }
    lines = [*_lines(report), "", "## Outcomes", "", "```", csv_text(found.outcomes).strip(), "```"]
    _write(out, "aggregate.csv", found.rows, lines, report)
    console.say(f"Next: planner init my-center --from-history {out / 'aggregate.csv'}")
    return report


def _lines(report: dict[str, Any]) -> list[str]:
    out = ["# Mapping report", "", *(f"- {words}: {number:,}" for words, number in report["counts"].items())]
    for head, key in (("What could not be read", "parse_errors"), ("Notes", "notes")):
        out += ["", f"## {head}", "", *(f"- {line}" for line in report[key])] if report[key] else []
    return out


def _write(out: Path, name: str, frame: pd.DataFrame, lines: list[str], report: dict[str, Any]) -> None:
    from planner.runs.atomic import write_json, write_text
    from planner.runs.tables import plain, write_table

    out.mkdir(parents=True, exist_ok=True)
    write_table(out / name, frame)
    write_text(out / "mapping_report.md", "\n".join(lines) + "\n")
    write_json(out / "mapping_report.json", plain(report))
    for line in lines[2:]:
        console.say(line)


def _check_preset(preset: str) -> None:
    from planner.errors import RunError
    from planner.history.mapping import did_you_mean

    if preset not in _NAMES:
        raise RunError(f"no preset {preset!r}{did_you_mean(preset, _NAMES)}; known are {', '.join(_NAMES)}")


def _check_zones(*zones: str | None) -> None:
    from planner.errors import RunError
    from planner.history.mapping import check_zone

    for zone in zones:
        if zone is not None:
            try:
                check_zone(zone)
            except ValueError as err:
                raise RunError(str(err)) from err


def _scales(given: list[str]) -> dict[str, tuple[float, float]]:
    from planner.errors import RunError

    out: dict[str, tuple[float, float]] = {}
    for text in given:
        try:
            name, ends = text.split("=")
            low, high = (float(end) for end in ends.split(":"))
        except ValueError as err:
            raise RunError(f"--scale {text!r} is not SCORE=LOW:HIGH, such as csat=0:100") from err
        if name not in ("csat", "nps", "ces") or not low < high:
            raise RunError(f"--scale {text!r}: the score is csat, nps or ces, and the lowest value comes first")
        out[name] = (low, high)
    return out


def _reasons(path: Path | None) -> dict[str, str] | None:
    """Many reasons to one; a reason that goes to two is refused."""
    if path is None:
        return None
    from planner.errors import HistoryError, Issue
    from planner.history.importers.reading import FILE, KIND, LINE, read_records

    found: dict[str, str] = {}
    for row in read_records([path]).rows:
        values = [value for key, value in row.items() if key not in (FILE, LINE, KIND)]
        if len(values) != 2 or None in values:
            raise HistoryError(
                [Issue(str(path), row[LINE], None, "", "needs two columns: exported reason, planned reason")]
            )
        if found.setdefault(str(values[0]), str(values[1])) != str(values[1]):
            message = f"{values[0]!r} goes to {found[str(values[0])]!r} and to {values[1]!r}; keep one"
            raise HistoryError([Issue(str(path), row[LINE], None, "", message)])
    return found
