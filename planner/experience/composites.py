"""The experience model of a composite outcome: its parts estimated one by one, then put together."""

from __future__ import annotations

from collections.abc import Callable
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
        table=table[[*first.table.columns, *parts]],
        outcomes=blank,
        moves=moves[[*first.moves.columns, *split]],
        wait_curve=pd.DataFrame(columns=first.wait_curve.columns),
        notes=tuple(notes),
        sampler=None,
        bias_sampler=None,
    )
