"""Two rule sets against each other, cell by cell: what they answer, and how many contacts that concerns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from planner.routing.answers import Answer, Cell, answers_of, distances
from planner.routing.ruleset import RuleSet


def diff_rules(
    before: RuleSet, after: RuleSet, cells: Sequence[Cell], contacts: Mapping[Cell, float] | None = None
) -> pd.DataFrame:
    """Compare what two rule sets answer.

    Parameters
    ----------
    cells
        Reasons × segments × channels to look at.
    contacts
        Contacts per horizon of each cell; left out: NaN.

    Returns
    -------
    DataFrame
        One row per cell with another answer: `reason, segment, channel, before, after` (words), `moved` (share of its
        contacts that get another pool, class or offer at least), `contacts` of the cell; most contacts first.
    """
    old, new = answers_of(before.table, cells), answers_of(after.table, cells)
    volume = contacts or {}
    rows = [
        (
            *cell,
            answer_words(old[cell]),
            answer_words(new[cell]),
            max(distances(old[cell], new[cell])),
            volume.get(cell),
        )
        for cell in cells
        if old[cell] != new[cell]
    ]
    columns = ["reason", "segment", "channel", "before", "after", "moved", "contacts"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["contacts"] = frame["contacts"].astype(float)
    weight = frame["moved"] * frame["contacts"].fillna(0.0)
    return frame.iloc[weight.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def answer_words(answer: Answer) -> str:
    """Say an answer: pools with their shares and classes, then offers."""
    lanes = [f"{pool}{_percent(share)}{f' (class {rank})' if rank else ''}" for pool, rank, share in answer.lanes]
    offers = [f"{share:.0%} offered {name}" for name, share in answer.offers if name is not None]
    return "; ".join([", ".join(lanes), *offers])


def _percent(share: float) -> str:
    return "" if share >= 1 else f" {share:.0%}"
