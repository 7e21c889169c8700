"""What has no estimate, and why: never served, or served and too little known of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.experience.model import Support
from planner.history.composite import is_composite
from planner.history.outcomes import FOLLOWED, OUTCOMES, OutcomeKind
from planner.report.estimate.numbers import count
from planner.report.estimate.words import GAPS

NEVER = "never-served"


def unknown_flag(outcome: str) -> str:
    """Why a pair that was served has no estimate: nobody answered, nobody was followed, or nothing was recorded."""
    if is_composite(outcome):
        return "part-unknown"
    if outcome in FOLLOWED:
        return "not-followed"
    if outcome in OUTCOMES and OUTCOMES[outcome].kind is not OutcomeKind.SCORE:
        return "not-recorded"
    return "too-few-answers"


def gap_flags(reasons: pd.DataFrame, outcome: str) -> NDArray[np.str_]:
    """Return the flag of each row of `ExperienceModel.reasons`: its support, or why there is no estimate."""
    none = (reasons["support"] == Support.NONE.value).to_numpy()
    never = none & (reasons["n_contacts"] <= 0).to_numpy()
    support = reasons["support"].to_numpy(str)
    return np.asarray(np.select([never, none], [NEVER, unknown_flag(outcome)], support))


def gap_sentences(reasons: pd.DataFrame, table: pd.DataFrame, outcome: str) -> list[str]:
    """Say how many pairs of reason and channel have no estimate, why, and what plans make of them.

    Parameters
    ----------
    reasons, table
        As in `ExperienceModel`: a pair without an estimate in `reasons` may hold a score read off resolution in
        `table`.
    """
    flags, total = gap_flags(reasons, outcome), len(reasons)
    unknown = flags == unknown_flag(outcome)
    read = table.loc[table["mean"].notna(), ["reason", "channel"]].drop_duplicates()
    held = pd.MultiIndex.from_frame(reasons[["reason", "channel"]]).isin(pd.MultiIndex.from_frame(read)) & unknown
    numbers = {
        "never": int((flags == NEVER).sum()),
        unknown_flag(outcome): int((unknown & ~held).sum()),
        "read": int(held.sum()),
        "thin": int(np.isin(flags, [Support.SPARSE.value, Support.EXTRAPOLATED.value]).sum()),
    }
    return [GAPS[name].format(n=count(n), all=count(total)) for name, n in numbers.items() if n]
