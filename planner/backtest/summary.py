"""From compared weeks to tables: every half hour, and per pool and measure how well it was predicted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.backtest.center import CenterFacts
from planner.backtest.checks import TOLERANCES, Tolerance, holm, two_sided
from planner.backtest.judged import Judged, divided
from planner.backtest.seen import WEEK, monday_of

Floats = NDArray[np.float64]

INTERVAL_COLUMNS = (
    "pool",
    "measure",
    "volume",
    "interval",
    "weight",
    "seen",
    "predicted",
    "formula",
    "naive",
    "lower",
    "upper",
)
SUMMARY_COLUMNS = (
    "pool",
    "measure",
    "volume",
    "intervals",
    "seen",
    "predicted",
    "formula",
    "naive",
    "bias",
    "mae",
    "mae_formula",
    "mae_naive",
    "mae_floor",
    "coverage",
    "tolerance",
    "p_value",
    "missed",
)
FORECAST, KNOWN = "forecast", "seen"
"""Values of the column `volume`: contacts and handle times were forecast, or the contacts that came were known."""


def interval_table(weeks: Sequence[Judged], facts: CenterFacts) -> pd.DataFrame:
    """Every pool, measure and interval with something seen; see `INTERVAL_COLUMNS`, `interval` is its local start."""
    frames = []
    minutes = np.arange(WEEK)[:, None] * 1440 + facts.opens + np.arange(facts.slots) * facts.interval_min
    for one in weeks:
        rows, columns = np.nonzero(one.seen_below > 0)
        start = monday_of(one.week).astype("datetime64[m]") + minutes.ravel()[columns].astype("timedelta64[m]")
        frame = pd.DataFrame(
            {
                "pool": np.array(facts.names, dtype=object)[rows],
                "measure": one.measure,
                "volume": KNOWN if one.volume_seen else FORECAST,
                "interval": start.astype("datetime64[s]"),
                "weight": one.seen_below[rows, columns],
            }
        )
        for name in ("seen", "predicted", "formula", "naive", "lower", "upper"):
            frame[name] = np.round(getattr(one, name)[rows, columns], 6)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(INTERVAL_COLUMNS))


def summary_table(weeks: Sequence[Judged], facts: CenterFacts, score_tolerance: Tolerance) -> pd.DataFrame:
    """How well each pool's measures were predicted over all weeks; see `SUMMARY_COLUMNS`.

    `bias` is predicted less seen over the whole time (volume: contacts a week); `mae` the mean absolute error of a half
    hour, weighted by contacts, beside that of the formulas, of the naive planner and of a true model; `coverage` the
    share of half hours inside their 95 % interval. `missed`: the bias of the forecast exceeds the tolerance, and is
    significant for the family of all pools and measures (Holm).
    """
    groups: dict[tuple[str, bool], list[Judged]] = {}
    for one in weeks:
        groups.setdefault((one.measure, one.volume_seen), []).append(one)
    rows = [
        _row(name, g, members)
        for g, name in enumerate(facts.names)
        for members in groups.values()
        if any((one.seen_below[g] > 0).any() and np.isfinite(one.predicted[g]).any() for one in members)
    ]
    frame = pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))
    allowed = {**TOLERANCES, "score": score_tolerance}
    frame["tolerance"] = [float(allowed[str(m)].of(s)) for m, s in zip(frame["measure"], frame["seen"], strict=True)]
    checked = (frame["volume"] == FORECAST).to_numpy()
    significant = np.zeros(len(frame), dtype=bool)
    significant[checked] = holm(frame.loc[checked, "p_value"].to_numpy(float))
    frame["missed"] = significant & (frame["bias"].abs() > frame["tolerance"]).to_numpy()
    return frame


def _row(pool: str, g: int, weeks: Sequence[Judged]) -> dict[str, object]:
    """One row: sums over the weeks of one measure and pool."""
    whole = len(weeks) if weeks[0].measure == "volume" else 0
    weight = np.concatenate([one.seen_below[g] for one in weeks])
    seen = np.concatenate([one.seen[g] for one in weeks])
    names = ("predicted", "formula", "naive", "lower", "upper")
    guesses = {name: np.concatenate([getattr(one, name)[g] for one in weeks]) for name in names}
    lower, upper = guesses["lower"], guesses["upper"]
    above, below = (sum(getattr(one, name)[:, g] for one in weeks) for name in ("above", "below"))
    worlds = np.asarray(above) / (whole or np.asarray(below))
    had = float(sum(one.seen_above[g].sum() for one in weeks)) / (whole or float(weight.sum()))
    expected = float(np.sum(above)) / (whole * len(worlds) or float(np.sum(below)))
    sd = float(worlds.std(ddof=1)) * float(np.sqrt(1.0 + 1.0 / len(worlds)))
    known = (weight > 0) & np.isfinite(lower)
    inside = (seen >= lower - 1e-9) & (seen <= upper + 1e-9)
    floor = sum(one.floor_error[g].sum() for one in weeks), sum(one.floor_weight[g].sum() for one in weeks)
    formula_weight = np.concatenate([one.formula_weight[g] for one in weeks])
    return {
        "pool": pool,
        "measure": weeks[0].measure,
        "volume": KNOWN if weeks[0].volume_seen else FORECAST,
        "intervals": int((weight > 0).sum()),
        "seen": had,
        "predicted": expected,
        "formula": _mean(guesses["formula"], formula_weight),
        "naive": _mean(guesses["naive"], weight) * (float(weight.sum()) / whole if whole else 1.0),
        "bias": expected - had,
        "mae": _mean(np.abs(guesses["predicted"] - seen), weight),
        "mae_formula": _mean(np.abs(guesses["formula"] - seen), weight),
        "mae_naive": _mean(np.abs(guesses["naive"] - seen), weight),
        "mae_floor": float(divided(np.array(floor[0]), np.array(floor[1]))),
        "coverage": float(inside[known].mean()) if known.any() else np.nan,
        "tolerance": np.nan,
        "p_value": float(two_sided(expected - had, sd, len(worlds) - 1)),
        "missed": False,
    }


def _mean(values: Floats, weight: Floats) -> float:
    """Weighted mean of what is known; NaN where nothing is."""
    known = np.isfinite(values) & (weight > 0)
    return float((values[known] * weight[known]).sum() / weight[known].sum()) if known.any() else np.nan
