"""How far moves may go: bounds for the optimizer where history does not carry an estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.experience.model import Stage, Support
from planner.experience.moves import MOVE_KEYS

MOST_GROWTH = 2.0
LIMIT_COLUMNS = [*MOVE_KEYS, "max_share", "why"]
_CAPPED = (Support.SPARSE.value, Support.EXTRAPOLATED.value)


def move_limits(moves: pd.DataFrame, outcomes: pd.DataFrame, overlap: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return how much of today's users of a channel a move may take at most.

    1 where history carries the move. Where it is thin or extrapolated, the new channel may at most double its contacts
    of the reason and segment, *all such moves into it together*: each may take the share users(to) / sum of users(from)
    over them. 0 where nobody with the reason was ever served there, or the effect is not known.

    Parameters
    ----------
    moves
        `reason, segment, from_channel, to_channel, effect, support` as `ExperienceModel.moves`; only the moves the plan
        may really make, for the doubling is shared out among the rows given.
    outcomes
        `reason, segment, channel, stage, n_contacts` as `ExperienceModel.outcomes`: today's first contacts.
    overlap
        As from `overlap_of_moves`; a verdict worse than the support flag counts.

    Returns
    -------
        `reason, segment, from_channel, to_channel, max_share, why`, rows as in `moves`: a share in [0, 1] of today's
        first contacts of from_channel, and the reason in words.
    """
    rows = moves[MOVE_KEYS].reset_index(drop=True)
    first = outcomes[outcomes["stage"] == Stage.FIRST.value]
    today = first.groupby(["reason", "segment", "channel"])["n_contacts"].sum()
    users = _looked_up(today, rows, "from_channel")
    served = _looked_up(today, rows, "to_channel")
    support = moves["support"].to_numpy(str)
    faults = np.full(len(rows), "", dtype=object)
    if overlap is not None:
        found = overlap.set_index(MOVE_KEYS)[["verdict", "why"]].reindex(pd.MultiIndex.from_frame(rows))
        worse = (found["verdict"] == Support.EXTRAPOLATED.value).to_numpy() & (support == Support.OK.value)
        support = np.where(worse, Support.EXTRAPOLATED.value, support)
        faults = np.where(found["verdict"].eq(Support.EXTRAPOLATED.value), found["why"].fillna(""), "")
    unknown = (support == Support.NONE.value) | moves["effect"].isna().to_numpy()
    capped = np.isin(support, _CAPPED) & ~unknown
    taken = rows.assign(users=np.where(capped, users, 0.0)).groupby(["reason", "segment", "to_channel"])["users"]
    wanted = taken.transform("sum").to_numpy(float)
    room = np.minimum(1.0, (MOST_GROWTH - 1) * served / np.where(wanted > 0, wanted, 1.0))
    share = np.where(unknown, 0.0, np.where(capped, np.where(wanted > 0, room, 0.0), 1.0))
    share = np.where(capped & (served <= 0), 0.0, share)
    words = [
        _words(row, given, cap, flag, n, fault)
        for row, given, cap, flag, n, fault in zip(
            rows.itertuples(index=False), share, capped, support, served, faults, strict=True
        )
    ]
    return rows.assign(max_share=share, why=words)[LIMIT_COLUMNS]


def _looked_up(today: pd.Series, rows: pd.DataFrame, channel: str) -> np.ndarray:
    index = pd.MultiIndex.from_frame(rows[["reason", "segment", channel]])
    return np.asarray(today.reindex(index).fillna(0.0).to_numpy(float))


def _words(row: tuple[str, ...], share: float, capped: bool, support: str, served: float, fault: str) -> str:
    reason, segment, _, channel = row
    if not capped and share > 0:
        return "history carries this move"
    if not capped:
        return f"nothing is known of {reason} / {segment} in {channel}: state a score for it or try it in a pilot"
    because = fault or (
        "few answers" if support == Support.SPARSE.value else f"{served:,.0f} such contacts in this history"
    )
    return f"{because}: {channel} may at most double its {reason} / {segment} contacts ({share:.0%} of this move)"
