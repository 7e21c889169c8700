"""From exported files to canonical contacts: read, dedupe, join legs, settle values, map."""

from __future__ import annotations

import dataclasses
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from planner.errors import HistoryError, Issue
from planner.history.canonical import FILTER
from planner.history.columns import COLUMNS
from planner.history.importers.imported import Imported
from planner.history.importers.mappings import effective
from planner.history.importers.preset import Preset, contacts_of, newest_only
from planner.history.importers.presets import PRESETS
from planner.history.importers.reading import Record, Records, flat, read_records
from planner.history.importers.settle import settled
from planner.history.load import load_history
from planner.history.mapping import Mapping, did_you_mean
from planner.scenario.document import yaml_text


def import_contacts(
    preset: str,
    files: Sequence[str | Path],
    *,
    salt: str,
    mapping: str | Path | None = None,
    reasons: dict[str, str] | None = None,
    timezone: str | None = None,
    source_timezone: str | None = None,
    scales: dict[str, tuple[float, float]] | None = None,
    short_abandon_s: float = 0.0,
) -> Imported:
    """Read vendor exports as canonical contacts.

    Parameters
    ----------
    preset
        Name of the source, a key of `PRESETS`.
    files
        Exported files, read in order; a record delivered twice counts once.
    salt
        Salt of the hashed ids of customers and agents.
    mapping
        Mapping file whose entries replace those of the preset.
    reasons
        Reason as exported -> reason as planned, many to one; reasons it does not list are unmapped.
    timezone
        IANA zone of the center: `started_at` is its wall clock. Left out: instants stay in UTC.
    source_timezone
        IANA zone of stamps that carry none, where the source does not document it.
    scales
        Score -> lowest and highest possible value, where not csat 1-5, nps 0-10, ces 1-7.
    short_abandon_s
        Contacts abandoned within so many seconds are left out (0: none).

    Raises
    ------
    HistoryError
        If a file cannot be read at all, or nothing in it is a contact.
    """
    source = _source(preset)
    found = read_records([Path(file) for file in files])
    counts = {"records read": len(found.rows)}
    new = _new_fields(source, found.rows)
    contacts = _contacts(source, found, counts)
    shown = ", ".join(str(file) for file in files)
    if not contacts:
        raise HistoryError([Issue(shown, None, None, "", f"no record of {source.title} in it")])
    present = {name for contact in contacts for name in contact}
    rules, notes = effective(source, mapping, reasons, scales, present)
    zone = source_timezone or rules.timezone or source.zone
    frame, read_by, settled_notes = settled(contacts, rules, source, zone, found.troubles)
    rules = rules.model_copy(update={"columns": {k: rule for k, rule in rules.columns.items() if k in read_by.columns}})
    notes = [*found.notes, *source.notes, *notes, *settled_notes]
    read, quality = _canonical(frame, read_by, timezone, salt, shown)
    notes += _kept_unmapped(rules, quality["unmapped"])
    counts["contacts with a problem, left out"] = quality["bad"]
    counts |= quality["filtered"]
    read = _without_short(read, short_abandon_s, counts)
    counts["contacts kept"] = len(read)
    notes += _without_reason(read)
    return Imported(
        contacts=read,
        mapping=_content(rules),
        counts=counts,
        coverage=_coverage(read, rules),
        troubles=tuple(found.troubles),
        unmapped=_shares(quality["unmapped"], len(frame)),
        new_fields=new,
        scales={name: [low, high] for name, (low, high) in rules.scales.items()},
        notes=tuple(dict.fromkeys([*notes, *quality["notes"]])),
    )


def _source(preset: str) -> Preset:
    if preset not in PRESETS:
        message = f"no preset {preset!r}{did_you_mean(preset, tuple(PRESETS))}; known are {', '.join(PRESETS)}"
        raise HistoryError([Issue(preset, None, None, "", message)])
    return PRESETS[preset]


def _new_fields(source: Preset, rows: list[Record]) -> dict[str, int]:
    seen = Counter(name for row in rows for name in flat(row))
    return {name: rows for name, rows in sorted(seen.items()) if source.unknown(name)}


def _contacts(source: Preset, found: Records, counts: dict[str, int]) -> list[Record]:
    rows = list(source.rows(_drained(found.rows)))
    for number, row in enumerate(rows):
        row["_order"] = f"{number:012d}"
    if source.key:
        rows, repeated = newest_only(rows, source.key, source.newest)
        counts["delivered again, counted once"] = repeated
    if source.chain is not None:
        legs = len(rows)
        rows = contacts_of(rows, source.chain)
        counts["legs joined to their contact"] = legs - len(rows)
    return [source.finish(row) for row in rows]


def _drained(rows: list[Record]) -> Iterator[Record]:
    """Give records one by one and let go of them: an export need not be in memory twice."""
    rows.reverse()
    while rows:
        yield rows.pop()


def _canonical(
    frame: pd.DataFrame, rules: Mapping, timezone: str | None, salt: str, shown: str
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Map a flat table by the machinery of histories."""
    with tempfile.TemporaryDirectory(prefix="planner-import-") as folder:
        table, file = Path(folder) / "contacts.parquet", Path(folder) / "mapping.yaml"
        frame.to_parquet(table, index=False)
        file.write_text(yaml_text(_content(rules)), encoding="utf-8")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                history = load_history(table, file, timezone=timezone, salt=salt)
        except HistoryError as err:
            raise HistoryError([dataclasses.replace(issue, file=shown) for issue in err.issues]) from err
        read = history.materialize()
        quality = history.quality
    kept = [column.name for column in COLUMNS if column.name in read and read[column.name].notna().any()]
    needed = [name for name in ("contact_id", "started_at", "channel") if name not in kept]
    bad = history.quarantine
    filtered = bad[bad["problem"].str.startswith(FILTER)]
    told = [
        note for note in (*quality.warnings, *quality.notes) if not note.startswith(("no staffing", "columns left"))
    ]
    return read[[*kept, *needed, *history.covariates]], {
        "bad": int(bad["rows"].sum() - filtered["rows"].sum()),
        "filtered": {
            f"left out: {row['problem'].removeprefix(FILTER)}": int(row["rows"]) for row in filtered.to_dict("records")
        },
        "unmapped": quality.unmapped,
        "notes": told + [f"{row['rows']:,} contacts: {row['problem']}" for row in bad.to_dict("records")],
    }


def _without_short(read: pd.DataFrame, seconds: float, counts: dict[str, int]) -> pd.DataFrame:
    if seconds <= 0 or "abandoned" not in read or "wait_s" not in read:
        return read
    short = read["abandoned"].fillna(False).astype(bool) & (read["wait_s"] <= seconds)
    counts[f"left out: abandoned within {seconds:g} s"] = int(short.sum())
    return read[~short].reset_index(drop=True)


def _kept_unmapped(rules: Mapping, unmapped: pd.DataFrame) -> list[str]:
    kept = [name for name, rule in rules.columns.items() if rule is not None and rule.others == "keep"]
    seen = set(unmapped["column"])
    return [f"{name}: values without a mapping are kept as they are" for name in kept if name in seen]


def _without_reason(read: pd.DataFrame) -> list[str]:
    if "reason" in read and read["reason"].notna().all():
        return []
    share = 1.0 if "reason" not in read else float(read["reason"].isna().mean())
    return [f"{share:.0%} of the contacts have no reason; a reason map (--reasons) lists how yours are named"]


def _content(rules: Mapping) -> dict[str, Any]:
    plain: dict[str, Any] = rules.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return plain


def _coverage(read: pd.DataFrame, rules: Mapping) -> pd.DataFrame:
    rows = []
    for column in COLUMNS:
        rule = rules.columns.get(column.name)
        source = ", ".join(rule.reads) if rule is not None else str(rules.constants.get(column.name, ""))
        filled = int(read[column.name].notna().sum()) if column.name in read else 0
        rows.append((column.name, source, filled, filled / max(len(read), 1)))
    return pd.DataFrame(rows, columns=["column", "source", "filled", "share"])


def _shares(unmapped: pd.DataFrame, contacts: int) -> pd.DataFrame:
    return unmapped.assign(share=unmapped["rows"] / max(contacts, 1))
