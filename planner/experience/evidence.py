"""What a history says, in the cells of this package: gaps allocated by the mix around them, nothing lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from planner.experience.cells import (
    AFTER,
    KEYS,
    LATER_ESCALATED,
    LATER_NO,
    LATER_UNKNOWN,
    LATER_YES,
    SUMS,
    Cells,
    sorted_cells,
)
from planner.experience.model import Stage
from planner.experience.serving import serving_table
from planner.history import allocate_missing
from planner.history.bands import UNKNOWN
from planner.history.cell_tables import LABELS, WAIT_LABELS
from planner.history.cells import ContactCells
from planner.history.outcomes import OutcomeKind
from planner.scenario import Scenario

_MOST_LATE = 0.2
_LABELS = (*KEYS, "disposition", "later")
ALL_SEGMENTS = "all"
UNKNOWN_REASON = "unknown"
_LATER = {"none": LATER_NO, "return": LATER_YES, "redial": LATER_YES, "escalation": LATER_ESCALATED}


@dataclass(frozen=True)
class Evidence:
    """Cells of served contacts with every label known, and what was done to get there.

    Attributes
    ----------
    cells
        Served contacts.
    waited
        `channel, wait_s, abandoned, contacts`: sums over all contacts, served or not.
    notes
        What was allocated or left out, in words.
    covariate_bins
        Upper ends of all bins but the last of each binned covariate, in its unit; `others`: all further ones together.
    covariate_known
        Share of all contacts for which each covariate is a finite number.
    """

    cells: Cells
    waited: pd.DataFrame
    notes: tuple[str, ...] = field(default=())
    covariate_bins: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    covariate_known: Mapping[str, float] = field(default_factory=dict)


def gather(source: ContactCells, scenario: Scenario | None, scale: tuple[float, float]) -> Evidence:
    """Turn the cells of the history into the cells of the estimators.

    Missing labels are allocated: a reason by the reasons of its entry reason and channel, an entry reason and a segment
    alike, a pool by the pools of its channel. Labels the scenario does not know are left out and counted in a note.
    """
    notes: list[str] = list(source.notes)
    raw = _coded(source.frame, (*LABELS, "later_kind"))
    abandoned = raw["abandoned"].astype(bool)
    served = _labeled(_renamed(raw[~abandoned], source), source, scenario, notes)
    cells = _cells(served, source, scale)
    if len(source.waits):
        by_hour = _labeled(_by_hour(source, cells.kind), source, scenario, [])
        cells = replace(cells, by_hour=_cells(by_hour, source, scale))
    asked = _asked(raw, cells.kind)
    if asked is not None:
        labeled = _labeled(_renamed(raw[asked], source), source, scenario, [])
        cells = replace(cells, asked=_cells(labeled, source, scale))
    return Evidence(cells, _waited(source.frame), tuple(notes), source.covariate_cuts, _known_shares(source))


def _known_shares(source: ContactCells) -> dict[str, float]:
    total = max(float(source.frame["cnt"].sum()), 1.0)
    return {name: float(source.frame[f"n_{name}"].sum()) / total for name in source.covariates}


def _asked(raw: pd.DataFrame, kind: OutcomeKind) -> pd.Series | None:
    """Rows from which the outcome is estimated; None: those of the served contacts.

    Customers whose issue goes on answer surveys less often and score lower. For the last window of the data nobody
    knows yet whose does, so those answers are left out as long as they are few.
    """
    served = ~raw["abandoned"].astype(bool)
    if kind is not OutcomeKind.SCORE:
        return pd.Series(True, index=raw.index) if raw.loc[~served, "ans"].sum() > 0 else None
    late = served & _late(raw)
    if not 0 < raw.loc[late, "ans"].sum() <= _MOST_LATE * raw.loc[served, "ans"].sum():
        return None
    return served & ~late


def _late(raw: pd.DataFrame) -> pd.Series:
    return raw["censored"].astype(bool) & ~raw["anonymous"].astype(bool)


def _cells(frame: pd.DataFrame, source: ContactCells, scale: tuple[float, float]) -> Cells:
    frame = _coded(frame.reset_index(drop=True), _LABELS)
    return sorted_cells(Cells(frame, source.covariates, scale, source.outcome))


def _coded(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Keep labels as small integers in alphabetical order: sums and designs are then a matter of numbers."""
    return frame.assign(**{name: _in_use(pd.Categorical(frame[name])) for name in names})


def _in_use(values: pd.Categorical) -> pd.Categorical:
    """Drop labels that no row has."""
    seen = np.bincount(values.codes + 1, minlength=len(values.categories) + 1)[1:] > 0
    return values if seen.all() else values.remove_unused_categories()


def _called(column: pd.Series, names: Mapping[str, str]) -> pd.Series:
    """Give labels of `later` other names, of which several may be one."""
    words = sorted((LATER_NO, LATER_YES, LATER_ESCALATED, LATER_UNKNOWN))
    own = column.cat
    place = np.array([*(words.index(names.get(label, label)) for label in own.categories), -1], dtype=np.int64)
    return pd.Series(pd.Categorical.from_codes(place[own.codes.to_numpy()], pd.Index(words)), index=column.index)


def _labeled(frame: pd.DataFrame, source: ContactCells, scenario: Scenario | None, notes: list[str]) -> pd.DataFrame:
    """Give every cell every label; say in `notes` what was allocated or left out."""
    sums = Cells(frame, source.covariates, (0.0, 1.0)).sums
    frame = _defaults(frame, scenario, sums, notes)
    for column, ladder in _LADDERS.items():
        missing = frame[column].isna().to_numpy()
        lost = (
            float(frame["contacts"].to_numpy() @ missing / max(frame["contacts"].sum(), 1.0)) if missing.any() else 0.0
        )
        if lost > 0:
            notes.append(f"{lost:.1%} of the served contacts have no {column}: allocated by the mix of the others")
            frame = frame.astype({name: object for name in _LABELS})
            frame = allocate_missing(frame, sums, column=column, count="contacts", levels=ladder)
    return frame if scenario is None else _known_to(frame, scenario, notes)


_LADDERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "entry_reason": (("reason", "channel", "segment"), ("reason", "channel"), ("channel",), ()),
    "reason": (
        ("entry_reason", "channel", "segment"),
        ("entry_reason", "channel"),
        ("entry_reason",),
        ("channel",),
        (),
    ),
    "segment": (("entry_reason", "channel"), ("channel",), ()),
    "pool": (("channel", "entry_reason", "segment"), ("channel", "entry_reason"), ("channel",)),
}


def _waited(raw: pd.DataFrame) -> pd.DataFrame:
    lost = raw["cnt"].where(raw["abandoned"].astype(bool), 0)
    frame = raw.assign(lost=lost).groupby("channel", as_index=False)[["sum_wait_s", "lost", "cnt"]].sum()
    return frame.rename(columns={"sum_wait_s": "wait_s", "lost": "abandoned", "cnt": "contacts"})


_NAMES = {"cnt": "contacts", "ans": "answers", "s1": "sum_score", "s2": "sum_score2", "n_handle": "handled"}


def _renamed(raw: pd.DataFrame, source: ContactCells) -> pd.DataFrame:
    hidden = raw["anonymous"].astype(bool) | raw["censored"].astype(bool)
    later = _called(raw["later_kind"], _LATER).fillna(LATER_YES).mask(hidden, LATER_UNKNOWN)
    return _chosen(raw.assign(later=later, hour_band=UNKNOWN), source)


def _by_hour(source: ContactCells, kind: OutcomeKind) -> pd.DataFrame:
    waits, asked = _coded(source.waits, WAIT_LABELS), _asked(source.frame, kind)
    if asked is not None and not asked[_late(source.frame)].any():
        waits = waits[waits["later"] != "censored"]
    waits = waits.assign(later=_called(waits["later"], {"censored": LATER_UNKNOWN}))
    raw = waits.assign(entry_reason=waits["reason"], n_handle=0, sum_handle_s=0.0, sum_handle2=0.0)
    # A key that was left out as too fine is one label, the same everywhere.
    for name in ("stage", "segment"):
        if raw[name].isna().all() and source.frame[name].notna().any():
            raw[name] = Stage.FIRST.value if name == "stage" else source.frame[name].dropna().min()
    return _chosen(raw, source)


def _chosen(raw: pd.DataFrame, source: ContactCells) -> pd.DataFrame:
    """Rename the sums and keep the columns of `Cells`."""
    frame = raw.rename(columns=_NAMES)
    known = frame["disposition"].cat
    frame["disposition"] = known.set_categories(list(dict.fromkeys(["", *known.categories]))).fillna("")
    bins = [name for name in source.bins if name in frame]
    sums = Cells(frame, source.covariates, (0.0, 1.0)).sums
    frame = frame[[*KEYS, *AFTER, *bins, *sums]].reset_index(drop=True)
    return frame.astype({name: float for name in sums}).fillna({name: 0.0 for name in sums})


def _defaults(frame: pd.DataFrame, scenario: Scenario | None, sums: Sequence[str], notes: list[str]) -> pd.DataFrame:
    """Fill the columns history lacks altogether with the one label there is, or with a name for "not known"."""
    out = frame.copy(deep=False)
    if out["reason"].isna().all():
        out["reason"] = out["entry_reason"]
    if out["entry_reason"].isna().all():
        out["entry_reason"] = out["reason"]
    labels = {"reason": [UNKNOWN_REASON], "entry_reason": [UNKNOWN_REASON], "segment": [ALL_SEGMENTS]}
    if scenario is not None:
        labels = {"reason": list(scenario.reasons), "entry_reason": list(scenario.reasons)}
        labels["segment"] = list(scenario.segments)
    for name, known in labels.items():
        if out[name].isna().all():
            out = split_equally(out, name, known, sums)
            if name != "entry_reason":
                notes.append(f"history has no {name}: contacts count in equal parts as {', '.join(known)}")
    if out["pool"].isna().all():
        out = _any_pool(out, scenario, notes)
    return out


def split_equally(frame: pd.DataFrame, column: str, labels: Sequence[str], sums: Sequence[str]) -> pd.DataFrame:
    """Spread rows over labels nobody recorded, in equal parts; totals stay."""
    part = frame.assign(**{name: frame[name] / len(labels) for name in sums}).drop(columns=column)
    return part.merge(pd.DataFrame({column: list(labels)}), how="cross")


def _any_pool(frame: pd.DataFrame, scenario: Scenario | None, notes: list[str]) -> pd.DataFrame:
    if scenario is None:
        return frame.assign(pool=frame["channel"])
    notes.append("history does not say which pool served: contacts are split equally over the pools of their channel")
    pools = serving_table(scenario).rename(columns={"reason": "entry_reason"})
    pools["part"] = 1.0 / pools.groupby(["entry_reason", "segment", "channel"])["pool"].transform("size")
    joined = frame.drop(columns="pool").merge(pools, on=["entry_reason", "segment", "channel"], how="left")
    joined["pool"] = joined["pool"].fillna(joined["channel"])
    sums = [name for name in frame.columns if name in SUMS or name.startswith(("sum_", "n_", "z_"))]
    joined[sums] = joined[sums].mul(joined["part"].fillna(1.0), axis=0)
    return joined.drop(columns="part")


def _known_to(frame: pd.DataFrame, scenario: Scenario, notes: list[str]) -> pd.DataFrame:
    keep = pd.Series(True, index=frame.index)
    allowed = {
        "reason": list(scenario.reasons),
        "entry_reason": list(scenario.reasons),
        "channel": list(scenario.channels),
        "segment": list(scenario.segments),
    }
    for name, labels in allowed.items():
        strange = ~frame[name].isin(labels)
        if strange.any():
            named = ", ".join(sorted(str(label) for label in frame.loc[strange, name].unique())[:5])
            count = frame.loc[strange, "contacts"].sum()
            notes.append(f"{count:.0f} contacts left out: {name} not in the scenario ({named})")
            keep &= ~strange
    return frame[keep]
