"""The first sentences of the reading page: the surest gain, the surest mistake, what misleads, what is not known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.experience.model import Support
from planner.experience.study import Study
from planner.report.estimate.gaps import gap_sentences
from planner.report.estimate.guards import guard_words
from planner.report.estimate.numbers import count, points, signed
from planner.report.estimate.units import unit_of
from planner.report.estimate.words import CHANGE, FIRST

_SURE = 0.95
_Z90 = 1.6448536269514722


def first_sentences(study: Study, digits: int) -> tuple[str, ...]:
    """Say the most important findings."""
    model = study.model
    gaps = gap_sentences(model.reasons, model.table, model.outcome)
    return (*_move_sentences(study, digits), *_trust_sentences(study), *gaps)


def _move_sentences(study: Study, digits: int) -> list[str]:
    """Count sure moves, and name the largest gain and loss that history carries."""
    whole = study.moves_by_reason
    biased = not whole.empty and bool(whole["effect"].notna().any())
    moves = whole if biased else study.moves
    moves = moves[moves["effect"].notna()]
    if moves.empty:
        return [FIRST["no_moves"]]
    kind = "counts" if biased else "counts_parts"
    if "lower_total" not in moves:
        kind, moves = "counts_sampling", _by_sampling(moves)
    sign = 1.0 if study.higher_is_better else -1.0
    gain = moves.assign(gain=sign * moves["effect"] * moves["contacts"])
    low, high = sign * moves["lower_total"], sign * moves["upper_total"]
    better, worse = np.minimum(low, high) > 0, np.maximum(low, high) < 0
    said = [
        FIRST[kind].format(
            better=count(better.sum()), all=count(len(gain)), worse=count(worse.sum()),
            unsure=count(len(gain) - better.sum() - worse.sum()),
        )
    ]  # fmt: skip
    unit = CHANGE[unit_of(study)]
    for name, sure, ascending in (("gain", gain[better], False), ("loss", gain[worse], True)):
        carried = sure[sure["support"] == Support.OK.value]
        if len(carried):
            best = carried.sort_values("gain", ascending=ascending, kind="stable").iloc[0]
            said.append(_move_words(FIRST[name], best, digits, unit))
        elif len(sure):
            said.append(FIRST[f"{name}_thin"].format(n=count(len(sure))))
    return said


def _by_sampling(moves: pd.DataFrame) -> pd.DataFrame:
    """Intervals of sampling error alone, where nobody worked out what was not observed."""
    half = _Z90 * moves["sd"]
    return moves.assign(lower_total=moves["effect"] - half, upper_total=moves["effect"] + half)


def _move_words(words: str, row: pd.Series, digits: int, unit: str) -> str:
    segment = str(row["segment"])
    return words.format(
        reason=row["reason"] if segment.startswith("all") else f"{row['reason']} ({segment})",
        source=row["from_channel"],
        to=row["to_channel"],
        effect=signed(row["effect"], digits) + unit,
        lower=points(row["lower_total"], digits),
        upper=points(row["upper_total"], digits),
        contacts=count(row["contacts"]),
    )


def _trust_sentences(study: Study) -> list[str]:
    serious = study.guards[study.guards["level"] == "alarm"] if not study.guards.empty else study.guards
    if len(serious):
        return [FIRST["alarm"].format(n=len(serious), first=guard_words(serious.iloc[0]))]
    return []
