"""A declared truth and a seed in, one synthetic history out."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from planner.history.synthetic.frames import contacts_frame, journeys_frame, kept_rows, staffing_frame
from planner.history.synthetic.scores import draw_voices
from planner.history.synthetic.simulate_center import simulate_center
from planner.history.synthetic.true_tables import make_true_tables
from planner.history.synthetic.truth import Truth


@dataclass(frozen=True)
class SyntheticHistory:
    """A generated history and the truth behind it.

    contacts
        Canonical columns; `handle_s` of a chat is the work of that chat alone, not its duration beside others.
    staffing
        `interval_start, pool, scheduled, on_task`; None where the truth says that nobody kept it.
    truth
        Tables no center has, by name: see `true_tables`.
    """

    contacts: pd.DataFrame
    staffing: pd.DataFrame | None
    truth: dict[str, pd.DataFrame] = field(default_factory=dict)


def generate(truth: Truth, seed: int | None = None) -> SyntheticHistory:
    """Generate the history a truth declares; the same truth and seed give the same frames.

    Parameters
    ----------
    truth
        What is true of customers, contacts and staffing.
    seed
        Seed of all draws; left out: the truth's own.
    """
    seed = truth.seed if seed is None else seed
    center = simulate_center(truth, seed)
    rows = kept_rows(truth, center)
    return SyntheticHistory(
        contacts=contacts_frame(truth, center, draw_voices(truth, center, seed), rows, seed),
        staffing=None if truth.missing.staffing else staffing_frame(truth, center),
        truth={"journeys": journeys_frame(truth, center, rows), **make_true_tables(truth, center, rows)},
    )
