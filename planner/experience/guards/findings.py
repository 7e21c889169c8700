"""What every guard returns: findings in one table, and how many of them may be false."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

COLUMNS = ("guard", "where", "finding", "size", "lower", "upper", "p_value", "level")
LEVELS = ("alarm", "warn", "note")
"""`alarm`: found, and large enough to act on; `warn`: found; `note`: said for information, nothing was tested."""

CONFIDENCE_Z = 1.6448536269514722
"""Normal quantile of all intervals of this package: 90 %."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One test of one guard, or a note (`p_value` is NaN).

    Attributes
    ----------
    where
        Place as `key=label`, joined by commas; labels come from files and must be escaped where they are shown.
    finding
        What was found, in words, with its unit.
    size, lower, upper
        The finding as a number, with its 90 % interval.
    material
        Large enough to be an alarm if it is no chance finding.
    """

    where: str
    finding: str
    size: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    p_value: float = math.nan
    material: bool = True


def adjusted_p_values(p_values: Sequence[float]) -> np.ndarray:
    """Adjust p-values for the number of tests by the step-up rule of Benjamini & Hochberg (1995).

    The expected share of false ones among those at or below q is at most q; where nothing is wrong, so is the
    probability of any (for independent or positively dependent tests).
    """
    p = np.asarray(p_values, float)
    order = np.argsort(-p, kind="stable")
    ranks = np.arange(len(p), 0, -1)
    out = np.empty(len(p))
    out[order] = np.minimum(1.0, np.minimum.accumulate(p[order] * len(p) / ranks))
    return out


def kept_findings(guard: str, findings: Sequence[Finding], rate: float) -> pd.DataFrame:
    """Keep the notes of a guard, and those of its tests that survive Benjamini-Hochberg at `rate`."""
    tested = [f for f in findings if not math.isnan(f.p_value)]
    adjusted = adjusted_p_values([f.p_value for f in tested])
    found = [(f, "alarm" if f.material else "warn") for f, p in zip(tested, adjusted, strict=True) if p <= rate]
    notes = [(f, "note") for f in findings if math.isnan(f.p_value)]
    rows = [
        (guard, f.where, f.finding, f.size, f.lower, f.upper, f.p_value, level)
        for f, level in [*sorted(found, key=lambda pair: (pair[0].p_value, pair[0].where)), *notes]
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
