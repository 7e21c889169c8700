"""Issues out of contacts: what the contacts of customers nobody identified stand for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.experience.chance import looked_up
from planner.experience.evidence import ALL_SEGMENTS, UNKNOWN_REASON, split_equally
from planner.history import allocate_missing
from planner.scenario import Scenario

_PRIOR_CONTACTS = 50.0
_VOLUMES = ("contacts", "first_contacts", "anonymous_contacts")


def with_issues(volumes: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Add `issues` to counts of contacts: identified first contacts plus what anonymous contacts stand for.

    issues = (first - anonymous) + anonymous * s; s is the share of first contacts among identified ones of the same
    reason and channel, shrunk to that of all with the weight of 50 contacts. Anonymous contacts cannot be followed,
    so the source counts all of them as first.

    Parameters
    ----------
    volumes
        Columns `entry_reason, channel, contacts, first_contacts, anonymous_contacts` and any others.
    """
    known = volumes["contacts"] - volumes["anonymous_contacts"]
    first = volumes["first_contacts"] - volumes["anonymous_contacts"]
    total = float(known.sum())
    anonymous = float(volumes["anonymous_contacts"].sum())
    notes = []
    if total <= 0:
        notes.append("no customer is identified: every contact counts as an issue of its own")
        return volumes.assign(issues=volumes["contacts"].astype(float)), tuple(notes)
    overall = float(first.sum()) / total
    keys = ["entry_reason", "channel"]
    sums = (
        volumes[keys].assign(known=known, first=first).groupby(keys, dropna=False)[["known", "first"]].transform("sum")
    )
    share = (sums["first"] + _PRIOR_CONTACTS * overall) / (sums["known"] + _PRIOR_CONTACTS)
    issues = first + volumes["anonymous_contacts"] * share
    if anonymous > 0:
        notes.append(
            f"{anonymous / (anonymous + total):.1%} of the contacts are anonymous: "
            f"taken as {overall:.3f} issues each, like the identified ones"
        )
    return volumes.assign(issues=issues.astype(float)), tuple(notes)


def issues_table(volumes: pd.DataFrame, resolved: pd.DataFrame) -> pd.DataFrame:
    """Sum volumes to the `issues` table of the model, with first-contact resolution where it is known.

    Parameters
    ----------
    volumes
        As from `with_issues`, every label known.
    resolved
        Columns `reason, segment, fcr`.
    """
    keys = ["entry_reason", "segment"]
    frame = volumes.groupby(keys, as_index=False)[["issues", "contacts", "anonymous_contacts"]].sum()
    frame = frame.rename(columns={"entry_reason": "reason"})
    frame["contacts_per_issue"] = frame["contacts"] / frame["issues"].where(frame["issues"] > 0)
    frame["share_anonymous"] = frame["anonymous_contacts"] / frame["contacts"].where(frame["contacts"] > 0)
    frame = frame.merge(resolved, on=["reason", "segment"], how="left")
    return frame[["reason", "segment", "issues", "contacts", "contacts_per_issue", "fcr", "share_anonymous"]]


def resolved_first(cells: pd.DataFrame, chance: pd.Series) -> pd.DataFrame:
    """Return the share of followed first contacts after which nobody came back: `reason, segment, fcr`.

    `chance` is the probability per reason that somebody came back by chance: 1 - P(linked) = fcr (1 - chance).
    """
    first = cells[(cells["stage"] == "first") & (cells["later"] != "unknown")]
    done = first["contacts"].where(first["later"] == "no", 0.0)
    frame = first.assign(done=done).groupby(["entry_reason", "segment"], as_index=False)[["done", "contacts"]].sum()
    frame["fcr"] = np.where(
        frame["contacts"] > 0, frame["done"] / frame["contacts"].where(frame["contacts"] > 0), np.nan
    )
    frame["fcr"] = (frame["fcr"] / (1 - looked_up(frame["entry_reason"], chance))).clip(upper=1.0)
    return frame.rename(columns={"entry_reason": "reason"})[["reason", "segment", "fcr"]]


def labeled_volumes(volumes: pd.DataFrame, scenario: Scenario | None) -> pd.DataFrame:
    """Give every count an entry reason and a segment, by the mix of the interval and of the channel; totals stay."""
    frame = volumes.drop(columns="abandoned").astype({name: float for name in _VOLUMES})
    sums = list(_VOLUMES)
    labels = {"entry_reason": [UNKNOWN_REASON], "segment": [ALL_SEGMENTS]}
    if scenario is not None:
        labels = {"entry_reason": list(scenario.reasons), "segment": list(scenario.segments)}
    for name, known in labels.items():
        if frame[name].isna().all():
            frame = split_equally(frame, name, known, sums)
    by_time = [["weekday", "minute", "channel"], ["minute", "channel"], ["channel"], []]
    frame = allocate_missing(frame, sums, column="entry_reason", count="contacts", levels=by_time)
    by_type = [["entry_reason", "channel"], ["channel"], []]
    return allocate_missing(frame, sums, column="segment", count="contacts", levels=by_type)
