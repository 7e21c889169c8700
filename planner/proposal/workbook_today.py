"""Today in a workbook: who serves what, by the heads of each channel, and who is there where no sheet says it."""

from __future__ import annotations

from typing import Any

import pandas as pd

Row = dict[str, Any]

_OCCUPANCY = 0.8


def routing_of(rows: dict[str, list[Row]]) -> pd.DataFrame:
    """Pools of a channel share every reason and segment by their heads: `reason, segment, channel, pool, share`."""
    out = []
    shares = _shares(rows["roster"])
    names = {(str(r["reason"]), str(r.get("segment", "all")), str(r["channel"])) for r in rows["forecast"]}
    for reason, segment, channel in sorted(names):
        out += [(reason, segment, channel, pool, share) for pool, share in shares.get(channel, {}).items()]
    return pd.DataFrame(out, columns=["reason", "segment", "channel", "pool", "share"])


def staffing_of(rows: dict[str, list[Row]]) -> pd.DataFrame:
    """People for the work of the forecast at 80 % occupancy: `weekday, time, pool, scheduled`.

    scheduled = contacts x aht / interval / 0.8 / (1 - shrinkage), the mean over the days of a weekday.
    """
    shares = _shares(rows["roster"])
    frame = pd.DataFrame(rows["forecast"])
    at = pd.to_datetime(frame["interval_start"])
    step_s = float(at.drop_duplicates().sort_values().diff().min().total_seconds()) if at.nunique() > 1 else 1800.0
    pairs = zip(frame["reason"], frame["channel"], strict=True)
    frame["work"] = frame["contacts"] * [_aht(rows["outcomes"], str(reason), str(channel)) for reason, channel in pairs]
    load = frame.assign(at=at).groupby(["channel", "at"], as_index=False)["work"].sum()
    load["weekday"], load["time"] = load["at"].dt.day_of_week, load["at"].dt.strftime("%H:%M")
    mean = load.groupby(["channel", "weekday", "time"], as_index=False)["work"].mean()
    parts = []
    for row in rows["roster"]:
        if row["discipline"] == "automated":
            continue
        own = mean[mean["channel"] == str(row["channel"])]
        share = shares[str(row["channel"])][str(row["pool"])]
        people = own["work"] / step_s * share / _OCCUPANCY / (1 - float(row.get("shrinkage", 0)))
        parts.append(own[["weekday", "time"]].assign(pool=str(row["pool"]), scheduled=people.round(1)))
    return pd.concat(parts, ignore_index=True)


def _shares(roster: list[Row]) -> dict[str, dict[str, float]]:
    out: dict[str, dict[str, float]] = {}
    for row in roster:
        out.setdefault(str(row["channel"]), {})[str(row["pool"])] = float(row.get("heads", 1)) or 1.0
    return {channel: _rounded(pools) for channel, pools in out.items()}


def _rounded(pools: dict[str, float]) -> dict[str, float]:
    """Shares with four digits that sum to 1."""
    whole = sum(pools.values())
    shares = {pool: round(heads / whole, 4) for pool, heads in pools.items()}
    last = max(shares, key=lambda pool: shares[pool])
    shares[last] = round(shares[last] + 1 - sum(shares.values()), 4)
    return shares


def _aht(outcomes: list[Row], reason: str, channel: str) -> float:
    """Handle time of the last row that matches, seconds; 0 where none does (validation asks for it)."""
    fits = [
        row["aht_s"]
        for row in outcomes
        if "aht_s" in row and row["channel"] == channel and row.get("reason", reason) == reason
    ]
    return float(fits[-1]) if fits else 0.0
