"""What decisions over many contacts amount to, beside the flows a plan says."""

from __future__ import annotations

import pandas as pd

_CELL = ["reason", "segment", "channel"]


def flow_table(decisions: pd.DataFrame, contacts: pd.DataFrame, plan_flows: pd.DataFrame) -> pd.DataFrame:
    """Shares of pools that a replay gives, against the plan's.

    The past has another mix of contacts than the plan, so shares are compared within reason × segment × channel and
    weighted by the plan's volumes.

    Parameters
    ----------
    decisions
        From `replay`, on the index of `contacts`.
    plan_flows
        The plan's table `flows`.

    Returns
    -------
    DataFrame
        `pool, contacts` (decided so), `share` (of all), `plan_share` (of the plan's contacts in cells that the past
        knows, too), `replayed_share` (the replay's shares on the plan's volumes), `difference` (of the two).
    """
    cells = contacts[["entry_reason", "segment", "channel"]].reindex(columns=["entry_reason", "segment", "channel"])
    frame = cells.set_axis(_CELL, axis=1).assign(pool=decisions["pool"].astype(str), contacts=1)
    seen = frame.groupby([*_CELL, "pool"], as_index=False)["contacts"].sum()
    within = seen["contacts"] / seen.groupby(_CELL)["contacts"].transform("sum")
    volume = plan_flows.groupby([*_CELL, "pool"], as_index=False)["contacts"].sum()
    total = volume.groupby(_CELL, as_index=False)["contacts"].sum().rename(columns={"contacts": "volume"})
    joined = seen.assign(within=within).merge(total, on=_CELL, how="inner")
    joined["expected"] = joined["within"] * joined["volume"]
    known = volume.merge(seen[_CELL].drop_duplicates(), on=_CELL, how="inner")
    pools = pd.DataFrame({"contacts": frame.groupby("pool")["contacts"].sum()})
    pools["plan"] = known.groupby("pool")["contacts"].sum()
    pools["expected"] = joined.groupby("pool")["expected"].sum()
    pools = pools.fillna(0.0)
    answer = pd.DataFrame({"pool": pools.index, "contacts": pools["contacts"].to_numpy(int)})
    answer["share"] = pools["contacts"].to_numpy() / max(1, len(contacts))
    answer["plan_share"] = pools["plan"].to_numpy() / max(1e-9, pools["plan"].sum())
    answer["replayed_share"] = pools["expected"].to_numpy() / max(1e-9, pools["expected"].sum())
    answer["difference"] = answer["replayed_share"] - answer["plan_share"]
    return answer
