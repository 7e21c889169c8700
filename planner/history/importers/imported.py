"""What an import yields: canonical contacts, and the mapping report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner import notebook
from planner.history.importers.reading import Trouble

_MOST_LISTED = 20


@dataclass(frozen=True)
class Imported:
    """Contacts in canonical columns, and how they came about.

    Attributes
    ----------
    contacts
        Canonical columns that the source fills; ids of customers and agents are salted hashes.
    mapping
        The effective mapping, as the content of a mapping file.
    counts
        What happened to the rows, in order: words -> number.
    coverage
        `column, source, filled, share`: contacts with a value per canonical column; source "" where nothing fills it.
    troubles
        Places in the files that could not be read as meant; their rows or values are left out.
    unmapped
        `column, value, rows, share`: source values that no value map lists, with their share of the contacts.
    new_fields
        Fields the preset does not know, with the number of rows that have them; ignored.
    scales
        Scores on another than the usual scale: what a mapping file must declare to read the contacts back.
    notes
        What else to know.
    """

    contacts: pd.DataFrame
    mapping: dict[str, Any]
    counts: dict[str, int]
    coverage: pd.DataFrame
    unmapped: pd.DataFrame
    troubles: tuple[Trouble, ...] = ()
    new_fields: dict[str, int] | None = None
    scales: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        parts = (notebook.facts(self.counts), notebook.table(self.coverage), notebook.sentences(self.notes))
        return notebook.shown("Imported contacts", *parts)

    def as_json(self) -> dict[str, Any]:
        """The mapping report as plain values."""
        return {
            "counts": dict(self.counts),
            "coverage": self.coverage.to_dict("records"),
            "parse_errors": [str(trouble) for trouble in self.troubles],
            "unmapped": self.unmapped.to_dict("records"),
            "new_fields": dict(self.new_fields or {}),
            "scales": dict(self.scales or {}),
            "notes": list(self.notes),
        }

    def lines(self) -> list[str]:
        """The mapping report as Markdown."""
        out = ["# Mapping report", ""]
        out += [f"- {words}: {number:,}" for words, number in self.counts.items()]
        out += ["", "## Coverage", "", "| canonical column | from | contacts with a value |", "|---|---|---|"]
        for row in self.coverage.to_dict("records"):
            out.append(f"| {row['column']} | {row['source'] or '–'} | {row['filled']:,} ({row['share']:.0%}) |")
        if len(self.unmapped):
            whole = self.unmapped.groupby("column")["share"].sum()
            out += ["", "## Values without a mapping", ""]
            out += [f"- {name}: {share:.0%} of the contacts" for name, share in whole.items()]
            out += ["", "| column | value | rows | share |", "|---|---|---|---|"]
            for row in self.unmapped.head(_MOST_LISTED).to_dict("records"):
                out.append(f"| {row['column']} | {row['value']} | {row['rows']:,} | {row['share']:.1%} |")
        if self.new_fields:
            out += ["", "## Fields this preset does not know (ignored)", ""]
            out += [f"- {name}: {rows:,} rows" for name, rows in self.new_fields.items()]
        if self.troubles:
            out += ["", f"## What could not be read ({len(self.troubles):,})", ""]
            out += [f"- {trouble}" for trouble in self.troubles[:_MOST_LISTED]]
            more = len(self.troubles) - _MOST_LISTED
            out += [f"- and {more:,} more, in mapping_report.json"] if more > 0 else []
        if self.notes:
            out += ["", "## Notes", "", *(f"- {note}" for note in self.notes)]
        return out
