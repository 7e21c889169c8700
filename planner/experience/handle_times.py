"""Handle times per reason, segment, pool and stage, partially pooled; never read from a handful of contacts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.experience.cells import Cells
from planner.experience.design import Term, make_design
from planner.experience.hierarchical import fit_blocks

MIN_CONTACTS = 10
_KEYS = ["entry_reason", "segment", "pool", "stage"]
_TERMS = (
    Term((), 3.0, fixed=True),
    Term(("pool",), 0.6),
    Term(("entry_reason",), 0.5),
    Term(("pool", "entry_reason"), 0.3),
    Term(("stage",), 0.2),
    Term(("stage", "pool"), 0.1),
    Term(("segment",), 0.1),
)


def handle_times(cells: Cells, wanted: pd.DataFrame) -> pd.Series:
    """Return mean handle times in seconds for the rows of `wanted` (`reason, segment, pool, stage`).

    The logarithms of cell means follow a hierarchical model with sampling variance cv^2 / n (delta method); cells with
    fewer than 10 contacts are left out. NaN for pools and reasons (as known when routed) history never timed.
    """
    empty = pd.Series(np.nan, index=wanted.index)
    frame = cells.summed(_KEYS)
    frame = frame[(frame["handled"] >= MIN_CONTACTS) & (frame["sum_handle_s"] > 0)].reset_index(drop=True)
    if frame.empty:
        return empty
    n = frame["handled"].to_numpy(float)
    mean = frame["sum_handle_s"].to_numpy(float) / n
    square = frame["sum_handle2"].to_numpy(float) / n
    cv2 = float(np.average(np.maximum(square / mean**2 - 1, 0.0), weights=n))
    design = make_design(frame, _TERMS, 1.0)
    fit = fit_blocks(np.log(mean), np.maximum(cv2, 0.01) / n, design.blocks(frame), residual_scale=0.05, draws=0)
    asked = wanted.rename(columns={"reason": "entry_reason"})
    named = [name for name in _KEYS if name in design.levels]
    known = np.logical_and.reduce(
        [asked[name].isin(design.levels[name]).to_numpy() for name in ("pool", "entry_reason")]
    )
    for name in named:
        asked[name] = asked[name].where(asked[name].isin(design.levels[name]), design.levels[name][0])
    result = np.exp(fit.center + design.matrix(asked) @ fit.mean[0])
    return pd.Series(np.where(known, result, np.nan), index=wanted.index)
