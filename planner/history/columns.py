"""The canonical columns of a contact: their types, scales, and what goes without them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a canonical column holds."""

    LABEL = "label"
    PERSON = "person"
    STAMP = "stamp"
    SECONDS = "seconds"
    FLAG = "flag"
    SCORE = "score"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Column:
    """A canonical column; `without` says in words what cannot be known when it is missing."""

    name: str
    kind: Kind
    required: bool = False
    without: str = ""


COLUMNS: tuple[Column, ...] = (
    Column("contact_id", Kind.LABEL, required=True),
    Column(
        "customer_id",
        Kind.PERSON,
        without="contacts of one customer cannot be joined into issues: no returns, no first-contact resolution",
    ),
    Column("started_at", Kind.STAMP, required=True),
    Column(
        "entry_reason",
        Kind.LABEL,
        without="what is known when a contact is routed is taken to be its reason: rules may know more than they will",
    ),
    Column("reason", Kind.LABEL, without="the reason is taken to be the one known when the contact was routed"),
    Column("disposition", Kind.LABEL, without="survey answers are weighted without the agent's closing code"),
    Column("channel", Kind.LABEL, required=True),
    Column("segment", Kind.LABEL, without="no value segments: everyone counts as one segment"),
    Column("pool", Kind.LABEL, without="who served a contact is unknown: today's routing cannot be measured"),
    Column("agent_id", Kind.PERSON, without="agents cannot be compared, score skew by agent is not guarded against"),
    Column("wait_s", Kind.SECONDS, without="no wait curve, no patience and no observed service level"),
    Column("handle_s", Kind.SECONDS, without="handle times must be stated in the scenario"),
    Column("abandoned", Kind.FLAG, without="no patience: every contact counts as served"),
    Column("transferred", Kind.FLAG, without="hand-overs are seen only where escalated_from is set"),
    Column("resolved", Kind.FLAG, without="resolution is read from later contacts alone; silence counts as resolved"),
    Column("escalated_from", Kind.LABEL, without="escalations are seen only as transfers followed within minutes"),
    Column("issue_id", Kind.LABEL, without="issues are stitched by customer, reason and time"),
    Column("csat", Kind.SCORE, without="no satisfaction score"),
    Column("nps", Kind.SCORE, without="no recommendation score"),
    Column("ces", Kind.SCORE, without="no effort score"),
    Column("value", Kind.NUMBER, without="customers carry no value"),
)

BY_NAME: dict[str, Column] = {column.name: column for column in COLUMNS}
NAMES: tuple[str, ...] = tuple(BY_NAME)
REQUIRED: tuple[str, ...] = tuple(column.name for column in COLUMNS if column.required)

SCALES: dict[str, tuple[float, float]] = {"csat": (1.0, 5.0), "nps": (0.0, 10.0), "ces": (1.0, 7.0)}
"""Lowest and highest possible score, unless the mapping declares another scale."""

STAFFING: tuple[str, ...] = ("interval_start", "pool", "scheduled", "on_task")
AGGREGATE: tuple[str, ...] = (
    "interval_start",
    "reason",
    "channel",
    "segment",
    "volume",
    "aht_s",
    "csat_mean",
    "csat_n",
)

ROW = "row_id"
"""Position of a contact in its file, from 0: the key of every join inside this package."""

PERSON = "person_key"
"""Salted 64-bit hash of the customer, NULL where nobody was identified: what the engine partitions by. Two of n
customers share one with probability below n^2 / 2^65."""

DTYPES: dict[Kind, str] = {
    Kind.LABEL: "string",
    Kind.PERSON: "string",
    Kind.STAMP: "timestamp",
    Kind.SECONDS: "float64",
    Kind.FLAG: "boolean",
    Kind.SCORE: "float64",
    Kind.NUMBER: "float64",
}

ALIASES: dict[str, tuple[str, ...]] = {
    "contact_id": ("id", "call_id", "call_seq", "interaction_id", "conversation_id", "ticket_id", "case_id"),
    "started_at": ("start", "start_time", "timestamp", "date", "datetime", "created_at", "arrival", "arrived_at"),
    "channel": ("media", "media_type", "medium", "source", "type"),
}
"""Names under which other systems keep a required column, for hints only."""

_RESERVED = frozenset(
    name
    for names in (
        "ans answers anonymous at attempt bin cell censored channel_to child cnt contacts count draw effect entry",
        "events faulty filed given group handled hour_band identified issue_key kind later later_channel later_gap_s",
        "later_kind later_reason level loss lower mean n next_gap_s others pair parent part partition pending people",
        "person place problem example rank root row row_id s1 s2 sd share stage step support target to_channel",
        "from_channel topic truth upper users w wait_band week weight y",
    )
    for name in names.split()
)
"""Names of columns that the program itself makes."""
_RESERVED_STARTS = ("bin_", "part_", "score_", "sum_")


def covariate_column(name: str) -> str:
    """Return the column that keeps a covariate: its own name, or `of_` and it where that is in use here."""
    return f"of_{name}" if name in _RESERVED or name.startswith(_RESERVED_STARTS) else name
