"""What a history says, in the cells of this package: gaps allocated by the mix around them, nothing lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from planner.experience.cells import LATER_ESCALATED, LATER_NO, LATER_UNKNOWN, LATER_YES, SUMS, Cells, sorted_cells
from planner.experience.serving import serving_table
from planner.history import allocate_missing
from planner.history.cells import ContactCells
from planner.scenario import Scenario

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
    """

    cells: Cells
    waited: pd.DataFrame
    notes: tuple[str, ...] = field(default=())


def gather(source: ContactCells, scenario: Scenario | None, scale: tuple[float, float]) -> Evidence:
    """Turn the cells of the history into the cells of the estimators.

    Missing labels are allocated: a reason by the reasons of its entry reason and channel, an entry reason and a segment
    alike, a pool by the pools of its channel. Labels the scenario does not know are left out and counted in a note.
    """
    notes: list[str] = list(source.notes)
    raw = source.frame
    waited = _waited(raw)
    frame = _renamed(raw[~raw["abandoned"].astype(bool)], source.covariates)
    sums = [*SUMS, *(f"sum_{name}" for name in source.covariates)]
    frame = _defaults(frame, scenario, sums, notes)
    for column, ladder in _LADDERS.items():
        lost = float(frame.loc[frame[column].isna(), "contacts"].sum() / max(frame["contacts"].sum(), 1.0))
        if lost > 0:
            notes.append(f"{lost:.1%} of the served contacts have no {column}: allocated by the mix of the others")
            frame = allocate_missing(frame, sums, column=column, count="contacts", levels=ladder)
    if scenario is not None:
        frame = _known_to(frame, scenario, notes)
    cells = sorted_cells(Cells(frame.reset_index(drop=True), source.covariates, scale))
    return Evidence(cells, waited, tuple(notes))


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


def _renamed(raw: pd.DataFrame, covariates: Sequence[str]) -> pd.DataFrame:
    later = raw["later_kind"].map(_LATER).fillna(LATER_YES)
    hidden = raw["anonymous"].astype(bool) | raw["censored"].astype(bool)
    names = {"cnt": "contacts", "ans": "answers", "s1": "sum_score", "s2": "sum_score2", "n_handle": "handled"}
    frame = raw.rename(columns=names).assign(later=later.mask(hidden, LATER_UNKNOWN))
    frame["disposition"] = frame["disposition"].astype(object).where(frame["disposition"].notna(), "")
    keys = ["reason", "entry_reason", "channel", "segment", "pool", "stage", "wait_band", "hour_band", "disposition"]
    bins = [f"bin_{name}" for name in covariates]
    sums = [f"sum_{name}" for name in covariates]
    frame = frame[[*keys, "later", *bins, *SUMS, *sums]].reset_index(drop=True)
    return frame.astype({name: float for name in (*SUMS, *sums)}).fillna({name: 0.0 for name in (*SUMS, *sums)})


def _defaults(frame: pd.DataFrame, scenario: Scenario | None, sums: Sequence[str], notes: list[str]) -> pd.DataFrame:
    """Fill the columns history lacks altogether with the one label there is, or with a name for "not known"."""
    out = frame.copy()
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
    sums = [name for name in frame.columns if name in SUMS or name.startswith("sum_")]
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
