"""What must happen before a plan can start: hires, people without shifts, initiatives, offers and routing rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from planner.frontier.frontier import Frontier, with_initiatives
from planner.report.brief_words import BRIEF
from planner.report.text import label_of, percent
from planner.routing.difference import diff_rules

_MOST = 4
_LONGEST = 40


def first_steps(frontier: Frontier, plan: str) -> list[str]:
    """Say step by step what a plan needs that Today does not have; one line that nothing is needed where it is so."""
    row = frontier.table[frontier.table["plan"] == plan].iloc[0]
    lines = _people(frontier, plan)
    chosen = str(row.get("initiatives") or "")
    if chosen:
        names = [short(label_of(frontier.meta, "initiatives", key)) for key in chosen.split(", ")]
        lines.append(BRIEF["initiatives"].format(names=listed(names)))
    offers = new_offers(frontier, plan)
    if offers:
        lines.append(BRIEF["steers"].format(names=listed([short(name) for name in offers])))
    return [*lines, *_rules(frontier, plan)] or [BRIEF["nothing"]]


def _people(frontier: Frontier, plan: str) -> list[str]:
    hires = frontier.tables.get("hires")
    if hires is None:
        return []
    own = hires[hires["plan"] == plan]
    lines = []
    idle = own.assign(idle=(own["heads"] - own["needed"]).clip(lower=0))
    for frame, column, one, several in ((own, "hires", "hire", "hires"), (idle, "idle", "idle_one", "idle")):
        some = frame[frame[column].round() > 0]
        total = int(some[column].round().sum())
        if total:
            pools = _of_pools(frontier, some, column)
            lines.append(BRIEF[one if total == 1 else several].format(n=total, pools=pools))
    return lines


def _of_pools(frontier: Frontier, rows: pd.DataFrame, column: str) -> str:
    ordered = rows.sort_values(column, ascending=False, kind="stable")
    named = zip(ordered["pool"], ordered[column], strict=True)
    return listed([BRIEF["pool"].format(n=round(n), pool=short(label_of(frontier.meta, "pools", p))) for p, n in named])


def listed(names: Sequence[str]) -> str:
    """List the first names and say how many more there are."""
    left = len(names) - _MOST
    return ", ".join([*names[:_MOST], *([BRIEF["more"].format(n=left)] if left > 0 else [])])


def short(name: str) -> str:
    """Cut a name that would break the one page."""
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1].rstrip() + "…"


def new_offers(frontier: Frontier, plan: str) -> list[str]:
    """Offers that move customers under a plan and not under Today: titles of steers, else "channel to channel"."""
    mix = frontier.tables.get("channel_mix")
    if mix is None:
        return []
    moved = mix[(mix["from_channel"] != mix["channel"]) & (mix["issues"] > 0.5)]
    keys = ["reason", "segment", "from_channel", "channel"]
    today = str(frontier.baseline["plan"])
    mine, theirs = (
        moved[moved["plan"] == one].merge(_steers(frontier, one, keys), on=keys, how="left") for one in (plan, today)
    )
    known = set(_offers(frontier, theirs))
    sizes: dict[str, float] = {}
    for name, issues in zip(_offers(frontier, mine), mine["issues"], strict=True):
        sizes[name] = sizes.get(name, 0.0) + float(issues)
    return [name for name in sorted(sizes, key=lambda name: -sizes[name]) if name not in known]


def _offers(frontier: Frontier, moves: pd.DataFrame) -> Iterable[str]:
    for row in moves.to_dict("records"):
        if isinstance(row["steer"], str) and row["steer"]:
            yield label_of(frontier.meta, "steers", row["steer"])
        else:
            ends = {"from": row["from_channel"], "to": row["channel"]}
            yield BRIEF["move"].format(**{end: label_of(frontier.meta, "channels", c) for end, c in ends.items()})


def _steers(frontier: Frontier, plan: str, keys: list[str]) -> pd.DataFrame:
    """Which steer moves customers of a type from one channel to another, where the run says so."""
    flows = frontier.tables.get("center_flows")
    if flows is None:
        return pd.DataFrame(columns=[*keys, "steer"], dtype=object)
    mine = with_initiatives(flows, frontier.plan(plan))
    steered = mine[mine["steer"].fillna("").astype(str) != ""]
    return steered[[*keys, "steer"]].drop_duplicates(subset=keys)


def _rules(frontier: Frontier, plan: str) -> list[str]:
    """Say how many kinds of contacts are answered otherwise than by Today's rules."""
    flows, rules = frontier.tables.get("flows"), frontier.tables.get("rules")
    today = str(frontier.baseline["plan"])
    if flows is None or rules is None or not {today, plan} <= set(rules["plan"]):
        return []
    firsts = flows[(flows["plan"] == today) & (flows["stage"] == "first")]
    sums = firsts.groupby(["reason", "segment", "from_channel"], sort=False)["contacts"].sum()
    cells = [(str(reason), str(segment), str(channel)) for reason, segment, channel in sums.index]
    contacts = dict(zip(cells, sums.to_numpy(float), strict=True))
    changed = diff_rules(frontier.plan(today).rules, frontier.plan(plan).rules, cells, contacts)
    total = sum(contacts.values())
    if changed.empty or not total > 0:
        return []
    share = float(np.nansum(changed["moved"] * changed["contacts"])) / total
    return [BRIEF["rules"].format(n=len(changed), total=len(cells), share=percent(share))]
