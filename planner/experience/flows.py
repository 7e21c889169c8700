"""Where contacts go next: escalation shares, returns, escalations and the confusion of reasons, from counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from planner.experience.cells import LATER_ESCALATED, LATER_UNKNOWN, Cells

_PRIOR_CONTACTS = 20.0
_LEAST_SHARE = 0.005
_LEAST_ESCALATED = 10.0
FOLLOW_COLUMNS = ["reason", "channel", "kind", "to_reason", "to_channel", "contacts"]


def escalation_rates(cells: Cells, wanted: pd.DataFrame) -> pd.Series:
    """Return the share of served contacts escalated for the rows of `wanted` (`reason, segment, channel, pool, stage`).

    Counts are shrunk stepwise, channel -> pool -> pool and stage -> with the reason as known when routed:
    p = (x + 20 p_parent) / (n + 20), a beta-binomial posterior mean. NaN for channels history never saw.
    """
    seen = cells.where(cells.frame["later"] != LATER_UNKNOWN)
    if seen.frame.empty:
        seen = cells
    frame = seen.frame.assign(events=seen.frame["contacts"] * (seen.frame["later"] == LATER_ESCALATED))
    asked = wanted.rename(columns={"reason": "entry_reason"})
    total = frame["events"].sum() / max(float(frame["contacts"].sum()), 1.0)
    rate = pd.Series(float(total), index=wanted.index)
    for keys in (["channel"], ["channel", "pool"], ["channel", "pool", "stage"], ["pool", "stage", "entry_reason"]):
        counts = frame.groupby(keys)[["events", "contacts"]].sum()
        own = asked[keys].merge(counts, how="left", left_on=keys, right_index=True)[["events", "contacts"]].fillna(0.0)
        shrunk = (own["events"] + _PRIOR_CONTACTS * rate) / (own["contacts"] + _PRIOR_CONTACTS)
        rate = shrunk.where(own["contacts"] > 0, rate)
        if keys == ["channel"]:
            none = own["events"] == 0
            rate = rate.mask(none, 0.0)
    known = asked["channel"].isin(frame["channel"].unique())
    return rate.where(known & ~_never(frame, asked))


def _never(frame: pd.DataFrame, asked: pd.DataFrame) -> pd.Series:
    """Say which rows belong to a (reason, channel) that history never saw."""
    seen = pd.MultiIndex.from_frame(frame.loc[frame["contacts"] > 0, ["entry_reason", "channel"]].drop_duplicates())
    return pd.Series(~pd.MultiIndex.from_frame(asked[["entry_reason", "channel"]]).isin(seen), index=asked.index)


def confusion_shares(cells: Cells, reasons: Sequence[str] | None = None) -> pd.DataFrame:
    """Return P(true reason | reason as known when routed) over all served contacts; identity for unseen reasons."""
    counts = cells.frame.groupby(["entry_reason", "reason"], as_index=False)[["contacts"]].sum()
    counts = counts[counts["contacts"] > 0]
    if reasons is not None:
        counts = counts[counts["entry_reason"].isin(list(reasons))]
        unseen = [name for name in reasons if name not in set(counts["entry_reason"])]
        extra = pd.DataFrame({"entry_reason": unseen, "reason": unseen, "contacts": 1.0})
        counts = pd.concat([counts, extra], ignore_index=True) if unseen else counts
    counts = counts.reset_index(drop=True)
    counts["share"] = counts["contacts"] / counts.groupby("entry_reason")["contacts"].transform("sum")
    return counts[["entry_reason", "reason", "share"]]


def return_shares(follow: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Return where unresolved contacts come back, per (reason, channel), for every row of `places`.

    Counts are shrunk towards "same reason, channels as all returns of that channel" with the weight of 20 contacts
    (Dirichlet posterior mean); shares below 0.5 % and places nobody serves are left out.

    Parameters
    ----------
    follow
        Columns `reason, channel, kind, to_reason, to_channel, contacts`; only kind "return" counts.
    places
        Columns `reason, channel`: the pairs that exist.
    """
    counts = follow[follow["kind"] == "return"]
    own = counts.groupby(FOLLOW_COLUMNS[:2] + FOLLOW_COLUMNS[3:5], as_index=False)[["contacts"]].sum()
    parts = [own, _prior(counts, places)]
    frame = pd.concat(parts, ignore_index=True)
    keys = ["reason", "channel", "to_reason", "to_channel"]
    frame = frame.groupby(keys, as_index=False)[["contacts"]].sum()
    exists = pd.MultiIndex.from_frame(places[["reason", "channel"]].drop_duplicates())
    start = pd.MultiIndex.from_frame(frame[["reason", "channel"]]).isin(exists)
    end = pd.MultiIndex.from_frame(frame[["to_reason", "to_channel"]]).isin(exists)
    frame = frame[start & end].reset_index(drop=True)
    frame = _shares(frame, ["reason", "channel"])
    return _shares(frame[frame["share"] >= _LEAST_SHARE].reset_index(drop=True), ["reason", "channel"])[
        [*keys, "share"]
    ]


def _prior(counts: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    by_channel = counts.groupby(["channel", "to_channel"], as_index=False)[["contacts"]].sum()
    by_channel = _shares(by_channel[by_channel["contacts"] > 0].reset_index(drop=True), ["channel"])
    pairs = places[["reason", "channel"]].drop_duplicates()
    known = pairs.merge(by_channel[["channel", "to_channel", "share"]], on="channel", how="left")
    known["to_channel"] = known["to_channel"].fillna(known["channel"])
    known["contacts"] = _PRIOR_CONTACTS * known["share"].fillna(1.0)
    # A return nobody could serve elsewhere comes back where it was: never without a place to go.
    stay = pairs.assign(to_channel=pairs["channel"], contacts=1e-3)
    both = pd.concat([known.drop(columns="share"), stay], ignore_index=True)
    return both.assign(to_reason=both["reason"])


def _shares(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    total = frame.groupby(by)["contacts"].transform("sum")
    return frame.assign(share=frame["contacts"] / total.where(total > 0, 1.0))


def measured_escalations(follow: pd.DataFrame) -> pd.DataFrame:
    """Return where escalated contacts went, per channel: `channel, to_channel, share`."""
    counts = follow[(follow["kind"] == "escalation") & (follow["contacts"] > 0)]
    counts = counts.groupby(["channel", "to_channel"], as_index=False)[["contacts"]].sum()
    # Handing over within a channel is a transfer, not an escalation: the same pools go on serving.
    counts = counts[(counts["channel"] != counts["to_channel"]) & (counts["contacts"] >= _LEAST_ESCALATED)]
    frame = _shares(counts.reset_index(drop=True), ["channel"])
    frame = _shares(frame[frame["share"] >= _LEAST_SHARE].reset_index(drop=True), ["channel"])
    return frame[["channel", "to_channel", "share"]].astype({"share": float})


def combined_escalations(measured: pd.DataFrame, named: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Restrict measured escalations to those the scenario names, where it names any for a channel.

    A channel whose named targets history never saw keeps the scenario's equal parts.
    """
    parts, notes = [], []
    for channel, own in named.groupby("channel", sort=False):
        seen = measured[(measured["channel"] == channel) & measured["to_channel"].isin(own["to_channel"])]
        lost = 1 - float(seen["share"].sum())
        if seen.empty:
            parts.append(own)
        else:
            parts.append(seen.assign(share=seen["share"] / seen["share"].sum()))
            if lost > 0.01:
                notes.append(f"{lost:.0%} of the escalations of {channel} went to channels the scenario does not name")
    rest = measured[~measured["channel"].isin(named["channel"])]
    frame = pd.concat([*parts, rest], ignore_index=True) if parts or len(rest) else named
    return frame[["channel", "to_channel", "share"]].astype({"share": float}), tuple(notes)


def patience_table(channels: Sequence[str], waited: pd.DataFrame, stated: pd.DataFrame | None) -> pd.DataFrame:
    """Return mean patience per channel: total waiting of all contacts over abandonments (exponential patience).

    The ratio is the maximum-likelihood estimate with answered contacts censored (Brown et al. 2005, section 5).

    Parameters
    ----------
    waited
        Columns `channel, wait_s, abandoned`: sums over all contacts, seconds and contacts.
    stated
        Patience table of the scenario, whose stated rows win.
    """
    own = waited.set_index("channel")
    given = {} if stated is None else stated[stated["source"] == "stated"].set_index("channel")["patience_s"].to_dict()
    rows = []
    for channel in channels:
        n = float(own["abandoned"].get(channel, 0.0))
        seconds = float(own["wait_s"].get(channel, 0.0))
        measured = seconds / n if n > 0 and seconds > 0 else np.inf
        source = "stated" if channel in given else ("estimated" if channel in own.index else "default")
        rows.append((channel, given.get(channel, measured), n, source))
    return pd.DataFrame(rows, columns=["channel", "patience_s", "n_abandoned", "source"])
