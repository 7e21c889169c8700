"""Guard: the instrument changes: the scale, the values in use, or which end of it is good."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from planner.experience.guards.findings import CONFIDENCE_Z, Finding
from planner.experience.guards.negatives import MOST_VALUES
from planner.experience.guards.periods import long_enough, too_short, when
from planner.experience.guards.shift import Shift, find_shift, locate_shift, permuted_p_value
from planner.history.surveys import DRIVERS, SurveyLog

_LEAST_ANSWERS = 5.0
_EXPECTED = 5.0
_SIGNS = {"resolved": 1.0, "repeat": -1.0, "wait": -1.0}
"""Sign of the correlation with a score that points the right way."""
_MATERIAL_CORRELATION = 0.05


def instrument_changes(log: SurveyLog, seed: int) -> list[Finding]:
    """Find changes of the scores in use per channel, and scores that point the wrong way.

    The whole distribution of scores over time is tested at once (`shift.permuted_p_value`). A change is an alarm where
    scores appear or vanish, or where half points do; else it may be a change of service, and is a warning.
    """
    if log.score is None:
        return []
    found = [*_distributions(log, seed), *_polarity(log, seed)]
    return found or [too_short(log, "scale in use over time")]


def _distributions(log: SurveyLog, seed: int) -> list[Finding]:
    counts = log.score_counts(["channel", "period"])
    found = []
    for channel, frame in counts.groupby("channel", sort=True):
        table = frame.pivot_table(index="period", columns="score", values="answers", aggfunc="sum", fill_value=0)
        table = table[table.sum(axis=1) >= _LEAST_ANSWERS]
        table = table.loc[:, table.sum() > 0]
        if long_enough(table) and 2 <= table.shape[1] <= MOST_VALUES:
            found.append(_distribution(log, str(channel), table, seed))
    return found


def _distribution(log: SurveyLog, channel: str, table: pd.DataFrame, seed: int) -> Finding:
    x = table.to_numpy(float)
    n = x.sum(axis=1, keepdims=True)
    p = x.sum(axis=0) / n.sum()
    residual = (x - n * p) / np.sqrt(n * p)
    p_value = permuted_p_value(residual - residual.mean(axis=0), seed)
    # The value whose own change is clearest dates the change of all.
    shares, periods = x / n, table.reset_index()[["period"]]
    shifts = [locate_shift(shares[:, k], n[:, 0]) for k in range(x.shape[1])]
    shift = max(shifts, key=lambda s: abs(s.size) / max(s.upper - s.size, 1e-12))
    before, after = x[: shift.at].sum(axis=0), x[shift.at :].sum(axis=0)
    used = table.columns.to_numpy(float)
    gone, new = _only(before, after, used), _only(after, before, used)
    half_before, half_after = (_fractional(side, used) for side in (before, after))
    change = after / after.sum() - before / before.sum()
    size = float(np.abs(change).sum() / 2)
    se = np.sqrt((p * (1 - p)).sum() * (1 / before.sum() + 1 / after.sum())) / 2
    words = _words(gone, new, (half_before, half_after), size, when(log, periods, shift))
    material = bool(len(gone) or len(new) or abs(half_after - half_before) > 0.05)
    half = CONFIDENCE_Z * float(se)
    return Finding(f"channel={channel}", words, size, max(size - half, 0.0), min(size + half, 1.0), p_value, material)


def _only(here: np.ndarray, there: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Scores used on one side alone, though five or more would be expected on the other."""
    expected = here / max(here.sum(), 1.0) * there.sum()
    return used[(there == 0) & (expected >= _EXPECTED)]


def _fractional(side: np.ndarray, used: np.ndarray) -> float:
    return float(side[used != np.rint(used)].sum() / max(side.sum(), 1.0))


def _words(gone: np.ndarray, new: np.ndarray, halves: tuple[float, float], size: float, moment: str) -> str:
    parts = [f"scores {_listed(values)} {what}" for values, what in ((gone, "vanish"), (new, "appear")) if len(values)]
    if abs(halves[1] - halves[0]) > 0.05:
        parts.append(f"the share of parts of points goes from {halves[0]:.0%} to {halves[1]:.0%}")
    if not parts:
        parts = [f"{size:.0%} of the answers change place; the values in use stay, so it may be the service"]
    return f"{moment}: {'; '.join(parts)}"


def _listed(values: np.ndarray) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _polarity(log: SurveyLog, seed: int) -> list[Finding]:
    found = []
    for driver in DRIVERS:
        sums = log.pair_sums(driver, ["channel", "period"])
        for channel, frame in sums.groupby("channel", sort=True):
            where = f"channel={channel}, against={driver}"
            found += _wrong_way(where, driver, frame)
            if long_enough(frame):
                found += _flip(log, where, driver, frame, seed)
    return found


def _wrong_way(where: str, driver: str, frame: pd.DataFrame) -> list[Finding]:
    r, n = _correlation(frame)
    # Waits and repeats may go either way for reasons of their own; resolution may not.
    if driver != "resolved" or n < 50:
        return []
    z = np.arctanh(r) * np.sqrt(n - 3)
    words = f"correlation of score and {driver} is {r:.2f}: who was helped scores lower; is the scale reversed?"
    return [_correlated(where, words, r, n, float(norm.cdf(z)))]


def _correlated(where: str, words: str, r: float, n: float, p_value: float) -> Finding:
    half = CONFIDENCE_Z / np.sqrt(n - 3)
    lower, upper = (float(np.tanh(np.arctanh(r) + sign * half)) for sign in (-1, 1))
    return Finding(where, words, r, lower, upper, p_value, abs(r) >= _MATERIAL_CORRELATION)


def _correlation(frame: pd.DataFrame) -> tuple[float, float]:
    """Correlation over all rows of a table of sums, and the number of pairs."""
    n, s1, d1, s2, d2, sd = (float(frame[name].sum()) for name in ("n", "s1", "d1", "s2", "d2", "sd"))
    spread = (s2 - s1**2 / max(n, 1)) * (d2 - d1**2 / max(n, 1))
    r = (sd - s1 * d1 / max(n, 1)) / np.sqrt(spread) if spread > 1e-9 else 0.0
    return float(np.clip(r, -0.999, 0.999)), n


def _flip(log: SurveyLog, where: str, driver: str, frame: pd.DataFrame, seed: int) -> list[Finding]:
    """Test for a correlation that changes its sign: a shift, and either side's sign for certain."""
    used = frame[frame["n"] >= _LEAST_ANSWERS]
    if not long_enough(used):
        return []
    pairs = [_correlation(used.iloc[[k]]) for k in range(len(used))]
    r = np.array([np.arctanh(pair[0]) for pair in pairs])
    weights = np.array([pair[1] - 3 for pair in pairs])
    shift: Shift = find_shift(r, weights, seed)
    (before, n_before), (after, n_after) = _correlation(used.iloc[: shift.at]), _correlation(used.iloc[shift.at :])
    sign = np.sign(after) or 1.0
    p_sides = [
        float(norm.sf(sign * np.arctanh(after) * np.sqrt(max(n_after - 3, 1)))),
        float(norm.sf(-sign * np.arctanh(before) * np.sqrt(max(n_before - 3, 1)))),
    ]
    wrong = "the wrong way now" if after * _SIGNS[driver] < 0 else "the wrong way before"
    words = (
        f"correlation of score and {driver} goes from {before:.2f} to {after:.2f} {when(log, used, shift)}: "
        f"the scale points {wrong}"
    )
    p_value = max(shift.p_value, *p_sides)
    return [Finding(where, words, shift.size, shift.lower, shift.upper, p_value, abs(after - before) >= 0.1)]
