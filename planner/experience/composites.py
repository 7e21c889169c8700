"""The experience model of a composite outcome: its parts estimated one by one, then put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from planner.experience.model import ExperienceModel, Support
from planner.history.composite import Composite, combine

_ROW = ["reason", "segment", "channel"]


def composite_model(composite: Composite, estimate_part: Callable[[str], ExperienceModel]) -> ExperienceModel:
    """Estimate every part of a composite and combine tables and moves, on a scale of 0 (worst) to 1 (best).

    `table` and `moves` carry `part_<name>` columns that add up to their value exactly. Scores of final contacts are not
    combined, as first-contact resolution means nothing for a final contact: `outcomes` and `moves` have no score.
    """
    models = {part.name: estimate_part(part.name) for part in composite.parts}
    first = models[composite.parts[0].name]
    table = combine({name: model.table for name, model in models.items()}, composite)
    people = first.table[[*_ROW, "n_contacts"]]
    counts = table[[f"n_{part.name}" for part in composite.parts]].min(axis=1)
    table = table.merge(people, on=_ROW, how="left", validate="one_to_one").assign(n_effective=counts)
    parts = [name for name in table.columns if name.startswith(("part_", "n_")) and name not in first.table.columns]
    moves = combine({name: model.moves for name, model in models.items()}, composite, value="effect")
    returns = first.moves[["reason", "segment", "from_channel", "to_channel", "p_return"]]
    moves = moves.merge(returns, on=list(returns.columns[:4]), how="left", validate="one_to_one").assign(score=np.nan)
    split = [name for name in moves.columns if name.startswith("part_")]
    blank = first.outcomes.assign(score=np.nan, score_sd=np.nan, support=Support.NONE.value)
    notes = [f"{composite.name} is made of {', '.join(composite.lines())}; 0 is the worst, 1 the best"]
    notes += [f"{name}: {note}" for name, model in models.items() for note in model.notes]
    shared = [note for note in first.notes if all(note in model.notes for model in models.values())]
    notes = [*notes[:1], *shared, *[note for note in notes[1:] if note.partition(": ")[2] not in shared]]
    return replace(
        first,
        outcome=composite.as_outcome,
        table=table[[*_kept(first.table, table), *parts]],
        reasons=_reasons(composite, models),
        outcomes=blank,
        moves=moves[[*_kept(first.moves, moves), *split]],
        wait_curve=pd.DataFrame(columns=first.wait_curve.columns),
        notes=tuple(notes),
        sampler=None,
        bias_sampler=None,
    )


def _reasons(composite: Composite, models: Mapping[str, ExperienceModel]) -> pd.DataFrame:
    """Means over all segments, adjusted and raw; as many answers as the part with the fewest has."""
    tables = {name: model.reasons for name, model in models.items()}
    first = tables[composite.parts[0].name]
    if first.empty:
        return first
    keys = ["reason", "channel"]
    whole = combine(tables, composite).merge(first[[*keys, "n_contacts"]], on=keys, how="left", validate="one_to_one")
    raw = combine(tables, composite, value="raw_mean")[[*keys, "raw_mean"]]
    answers = pd.concat([table.set_index(keys)["n_answers"] for table in tables.values()], axis=1).min(axis=1)
    whole = whole.merge(raw, on=keys, how="left", validate="one_to_one")
    whole["n_answers"] = answers.reindex(pd.MultiIndex.from_frame(whole[keys])).to_numpy(float)
    effective = whole[[f"n_{part.name}" for part in composite.parts]].min(axis=1)
    return whole.assign(n_effective=effective)[_kept(first, whole.assign(n_effective=effective))]


def _kept(part: pd.DataFrame, whole: pd.DataFrame) -> list[str]:
    """Columns of a part that mean something for the whole, in their order."""
    return [name for name in part.columns if name in whole]
