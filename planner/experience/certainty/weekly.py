"""What a week brings: contacts and answers per reason as known when routed, segment and channel."""

from __future__ import annotations

import pandas as pd

from planner.experience.cells import Cells
from planner.experience.model import Stage

ALL_SEGMENTS = "all segments"
_PRIOR_CONTACTS = 50.0
WEEKLY_COLUMNS = ["reason", "segment", "channel", "contacts_per_week", "response_rate"]


def weekly_volumes(cells: Cells, weeks: float, *, label: str = "entry_reason", by_segment: bool = True) -> pd.DataFrame:
    """Return first contacts per week and the share of them that answers.

    The rate is pooled with that of the channel at the weight of 50 contacts.

    Parameters
    ----------
    weeks
        How long the history is, weeks.
    label
        `entry_reason` (as known when routed: for moves and pilots) or `reason` (the true one: for reading).
    by_segment
        False: segments are summed, as `moves_by_reason` takes them; `segment` is then "all segments".

    Returns
    -------
        `reason, segment, channel, contacts_per_week, response_rate` (ratio).

    Raises
    ------
    ValueError
        weeks is not above 0.
    """
    if not weeks > 0:
        raise ValueError(f"weeks = {weeks}: the length of the history must be above 0")
    frame = cells.frame[cells.frame["stage"] == Stage.FIRST.value]
    if not by_segment:
        frame = frame.assign(segment=ALL_SEGMENTS)
    out = frame.groupby([label, "segment", "channel"], as_index=False)[["contacts", "answers"]].sum()
    out = out[out["contacts"] > 0].reset_index(drop=True)
    both = out.groupby("channel")[["contacts", "answers"]].transform("sum")
    channel = both["answers"] / both["contacts"]
    rate = (out["answers"] + _PRIOR_CONTACTS * channel) / (out["contacts"] + _PRIOR_CONTACTS)
    out = out.assign(contacts_per_week=out["contacts"] / weeks, response_rate=rate.clip(upper=1.0))
    return out.rename(columns={label: "reason"})[WEEKLY_COLUMNS]
