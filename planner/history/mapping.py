"""Mapping files: how another layout becomes canonical contacts, in strict YAML without any SQL."""

from __future__ import annotations

import difflib
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError, field_validator, model_validator

from planner.errors import HistoryError, Issue, ScenarioError
from planner.history.columns import BY_NAME, NAMES, SCALES, Kind
from planner.scenario.document import Document, dotted, read_document

Scalar = str | int | float | bool


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Unit(StrEnum):
    """Unit of a duration in the source, or of a stamp kept as a number."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MINUTES = "min"
    HOURS = "h"
    CLOCK = "HH:MM:SS"


class Layout(StrEnum):
    """What a row of the source is."""

    CONTACTS = "contacts"
    COUNTS = "counts"


class Check(_Strict):
    """A test of one source column; every key that is given must hold."""

    equals: Scalar | None = Field(default=None, description="The value is this one.")
    one_of: tuple[Scalar, ...] | None = Field(default=None, description="The value is one of these.")
    not_one_of: tuple[Scalar, ...] | None = Field(default=None, description="The value is none of these.")
    above: float | None = Field(default=None, description="The number is larger than this.")
    at_least: float | None = Field(default=None, description="The number is this or larger.")
    below: float | None = Field(default=None, description="The number is smaller than this.")
    at_most: float | None = Field(default=None, description="The number is this or smaller.")
    missing: bool | None = Field(default=None, description="True: there is no value; false: there is one.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, raw: Any) -> Any:
        if isinstance(raw, list):
            return {"one_of": raw}
        return raw if isinstance(raw, dict) else {"equals": raw}


Condition = dict[str, Check]
"""Source column -> test; all of them must hold."""


class ColumnRule(_Strict):
    """Where a canonical column comes from; a bare name is short for `{from: name}`."""

    source: str | None = Field(default=None, alias="from", description="Source column.")
    minus: str | None = Field(default=None, description="Durations: seconds from this stamp column to `from`.")
    date: str | None = Field(default=None, description="Stamps in two columns: the one with the date.")
    time: str | None = Field(default=None, description="Stamps in two columns: the one with the clock time.")
    format: str | None = Field(default=None, description='Format of text stamps, e.g. "%d.%m.%Y %H:%M".')
    unit: Unit = Field(default=Unit.SECONDS, description="Unit of a duration: s, ms, min, h or HH:MM:SS.")
    missing: tuple[Scalar, ...] = Field(default=(), description="Values that stand for no value.")
    negative: str = Field(
        default="quarantine",
        pattern="^(quarantine|missing)$",
        description="Negative durations: quarantine the row, or take the value as missing.",
    )
    values: dict[str, Scalar | None] | None = Field(default=None, description="Source value -> canonical value.")
    others: str = Field(
        default="missing",
        pattern="^(missing|keep)$",
        description="Values that `values` does not list: missing (counted as unmapped) or kept as they are.",
    )
    when: Condition | None = Field(default=None, description="Flags: true where these tests hold, else false.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, raw: Any) -> Any:
        return {"from": raw} if isinstance(raw, str) else raw

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnRule:
        if (self.date is None) != (self.time is None):
            raise ValueError("date and time go together")
        origins = sum(part is not None for part in (self.source, self.date, self.when))
        if origins != 1:
            raise ValueError("give exactly one of: from, date with time, when")
        return self

    @property
    def reads(self) -> list[str]:
        """Source columns this rule reads."""
        names = [self.source, self.minus, self.date, self.time, *(self.when or {})]
        return [name for name in names if name is not None]


class Known(StrEnum):
    """When the value of a covariate is known: before the customer chose the channel, or only afterwards."""

    BEFORE = "before"
    AFTER = "after"


class CovariateRule(_Strict):
    """Where a covariate comes from; a bare name is short for `{from: name}`."""

    source: str = Field(alias="from", description="Numeric source column.")
    known: Known | None = Field(
        default=None,
        description="before: known when the customer chose the channel, so it may be adjusted for; after: it may not.",
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, raw: Any) -> Any:
        return {"from": raw} if isinstance(raw, str) else raw


class Better(StrEnum):
    """Which end of a scale is the good one."""

    HIGH = "high"
    LOW = "low"


class ScaleRule(_Strict):
    """Scale of a score; a pair is short for `{low: ..., high: ...}`."""

    low: float = Field(description="Lowest possible score.")
    high: float = Field(description="Highest possible score.")
    better: Better = Field(default=Better.HIGH, description="The good end: high, or low (CES 1.0: little effort).")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, raw: Any) -> Any:
        if isinstance(raw, list | tuple):
            if len(raw) != 2:
                raise ValueError("a scale is written [lowest, highest]")
            return {"low": raw[0], "high": raw[1]}
        return raw

    @model_validator(mode="after")
    def _two_ends(self) -> ScaleRule:
        if not self.low < self.high:
            raise ValueError(
                f"the scale runs from {self.low:g} to {self.high:g}; write the lowest score first, and "
                "`better: low` where a low score is the good one"
            )
        return self


class Filter(_Strict):
    """Rows that are no contacts: left out, and counted under `why`."""

    why: str = Field(min_length=3, description="Reason in words, shown in the quality report.")
    drop: Condition = Field(min_length=1, description="Rows for which all these tests hold.")


class Csv(_Strict):
    """How a CSV file is written."""

    delimiter: str = Field(default=",", min_length=1, max_length=1, description="Character between columns.")
    decimal: str = Field(default=".", pattern=r"^[.,]$", description="Decimal sign of numbers.")


class Mapping(_Strict):
    """A mapping file."""

    version: int = Field(default=1, ge=1, le=1, description="Version of the file format.")
    title: str = Field(default="", description="One line for people.")
    layout: Layout = Field(default=Layout.CONTACTS, description="contacts: a row is a contact; counts: a volume.")
    table: str | None = Field(default=None, description="Table of a DuckDB database; left out: contacts.")
    timezone: str | None = Field(default=None, description="IANA time zone of stamps that carry none.")
    csv: Csv = Field(default=Csv(), description="How a CSV file is written.")
    filters: tuple[Filter, ...] = Field(default=(), description="Rows that are no contacts.")
    constants: dict[str, Scalar] = Field(default_factory=dict, description="Canonical column -> one value for all.")
    columns: dict[str, ColumnRule | None] = Field(
        default_factory=dict, description="Canonical column -> where it comes from; null: not in this source."
    )
    covariate_rules: dict[str, CovariateRule] = Field(
        default_factory=dict, alias="covariates", description="Covariate name -> numeric source column."
    )
    scale_rules: dict[str, ScaleRule] = Field(
        default_factory=dict, alias="scales", description="Score -> its scale where not csat 1-5, nps 0-10, ces 1-7."
    )
    digital_channels: tuple[str, ...] | None = Field(
        default=None, description="Channels (by their canonical names) that count as digital; left out: by their names."
    )
    composites: dict[str, dict[str, PositiveFloat]] = Field(
        default_factory=dict, description="Composite outcome -> weight of each outcome in it, e.g. {csat: .6, fcr: .4}."
    )

    @property
    def covariates(self) -> dict[str, str]:
        """Covariate name -> numeric source column."""
        return {name: rule.source for name, rule in self.covariate_rules.items()}

    @property
    def scales(self) -> dict[str, tuple[float, float]]:
        """Score -> lowest and highest possible value, where declared."""
        return {name: (rule.low, rule.high) for name, rule in self.scale_rules.items()}

    @property
    def low_is_good(self) -> tuple[str, ...]:
        """Scores declared to be good where they are low."""
        return tuple(name for name, rule in self.scale_rules.items() if rule.better is Better.LOW)

    def known(self, covariate: str) -> Known | None:
        """When a covariate is declared to be known; None where nothing is declared."""
        rule = self.covariate_rules.get(covariate)
        return None if rule is None else rule.known

    @field_validator("columns", "constants", "scale_rules", "covariate_rules")
    @classmethod
    def _known(cls, given: dict[str, Any], info: Any) -> dict[str, Any]:
        allowed = {"columns": (*NAMES, "volume"), "constants": NAMES, "scale_rules": tuple(SCALES)}.get(info.field_name)
        for name in given:
            if allowed is None and name in BY_NAME:
                raise ValueError(f"covariate {name} bears the name of a canonical column; rename it")
            if allowed is not None and name not in allowed:
                raise ValueError(f"{name} is not a canonical column{did_you_mean(name, allowed)}")
        return given

    @field_validator("timezone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        if zone is not None:
            check_zone(zone)
        return zone

    @model_validator(mode="after")
    def _makes_sense(self) -> Mapping:
        for name, rule in self.columns.items():
            if rule is not None and rule.when is not None and BY_NAME[name].kind is not Kind.FLAG:
                raise ValueError(f"columns.{name}: only true/false columns may say when")
        both = sorted(set(self.constants) & {name for name, rule in self.columns.items() if rule is not None})
        if both:
            raise ValueError(f"{', '.join(both)} stands under columns and under constants; keep one")
        return self


def check_zone(zone: str) -> None:
    """Raise `ValueError` unless `zone` is a known IANA time zone."""
    known = available_timezones()
    if zone not in known:
        raise ValueError(f"{zone!r} is not an IANA time zone{did_you_mean(zone, tuple(known))}; write Europe/Zurich")


def did_you_mean(name: str, allowed: tuple[str, ...]) -> str:
    """Return ` (did you mean x?)` for the nearest allowed name, or nothing."""
    near = difflib.get_close_matches(name, allowed, n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""


def load_mapping(path: str | Path) -> Mapping:
    """Read a mapping file.

    Raises
    ------
    HistoryError
        With every problem of the file.
    """
    try:
        document = read_document(Path(path), str(path))
    except ScenarioError as err:
        raise HistoryError(err.issues) from err
    try:
        return Mapping.model_validate(document.data)
    except ValidationError as err:
        raise HistoryError(_issues(err, document)) from err


def _issues(err: ValidationError, document: Document) -> list[Issue]:
    issues = []
    for problem in err.errors():
        place = _path_of(problem["loc"], document)
        mark = document.mark(place, key=problem["type"] == "extra_forbidden")
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            name = str(problem["loc"][-1])
            message = f"unknown key{did_you_mean(name, _keys_beside(problem['loc']))}"
        issues.append(Issue(mark.file, mark.line, mark.column, dotted(place), message))
    return issues


def _path_of(loc: tuple[str | int, ...], document: Document) -> tuple[str | int, ...]:
    """Longest prefix of a pydantic location that stands in the file (union branches do not)."""
    place: tuple[str | int, ...] = ()
    for part in loc:
        if (*place, part) in document.values:
            place = (*place, part)
    return place


def _keys_beside(loc: tuple[str | int, ...]) -> tuple[str, ...]:
    parts: dict[str, type[BaseModel]] = {"columns": ColumnRule, "filters": Filter, "csv": Csv}
    parts |= {"covariates": CovariateRule, "scales": ScaleRule}
    model: type[BaseModel] = parts.get(str(loc[0]), Mapping) if len(loc) > 1 else Mapping
    return tuple(info.alias or name for name, info in model.model_fields.items())
