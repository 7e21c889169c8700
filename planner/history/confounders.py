"""Which covariates of the history are worth adjusting for: those that drive both the channel and the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from planner.history.before import HISTORY_COVARIATES, history_with_covariates, with_history_covariates
from planner.history.columns import PERSON
from planner.history.engine import hash64, signed_hash
from planner.history.fetched import labeled_frame
from planner.history.history import History
from planner.history.outcomes import outcome_value
from planner.history.sample import MOST_ROWS, sampled_contacts

Array = NDArray[np.float64]

ALPHA = 0.01
"""Level of each of the two tests."""
LEAST_STRENGTH = 0.002
"""Least product of the two associations: less could not move a contrast of channels by two hundredths of the outcome's
sd unless a channel is very small."""
_FEWEST_ROWS = 200
_FIFTHS = 5
_NEEDED = ("reason", "entry_reason", "segment", "channel", "y")


@dataclass(frozen=True)
class ChosenCovariates:
    """What is adjusted for, strongest confounder first, and what was looked at.

    Attributes
    ----------
    names
        Declared covariates (always) and those of the history that earn a place, by falling strength.
    table
        `covariate, declared, n, choice, outcome, p_choice, p_outcome, strength, used`: `choice` and `outcome` are
        (multiple) correlations of ranks with the channel and with the outcome, beyond reason, segment and the other
        declared covariates (for the outcome: beyond the channel too); `strength` is their product.
    notes
        The same in words.
    """

    names: tuple[str, ...]
    table: pd.DataFrame
    notes: tuple[str, ...]


def useful_covariates(
    history: History,
    *,
    outcome: str,
    declared: Sequence[str] = (),
    candidates: Sequence[str] | None = None,
    window_days: float = 7.0,
    most_rows: int = MOST_ROWS,
) -> ChosenCovariates:
    """Decide from data which covariates of the history are worth adjusting for.

    A candidate earns a place if it is associated with the channel *and* with the outcome beyond reason, segment and
    what is declared, each at the level .01 (score tests, robust to repeated contacts of a customer), and if the product
    of the two correlations is at least .002. One that is associated with neither gets in with probability .0001, one
    associated with only one of them with probability .01 at most. First contacts of issues are tested, on a
    deterministic sample.

    Data cannot tell a confounder from a mere cause of the choice where another confounder is missing (within a channel
    the two are then tied to each other): declare what is known, and look at what was found.

    Parameters
    ----------
    history
        What it gives itself is worked out on the sample where its columns do not hold it.
    declared
        Covariates somebody declared: always adjusted for, ranked with the others.
    candidates
        Further covariates; left out: those history itself gives.
    """
    given = [name for name in declared if name in (*history.covariates, "value")]
    stitched = sampled_contacts(history, window_days, most_rows)
    if candidates is None:
        stitched = with_history_covariates(history, stitched, window_days=window_days)
    offered = HISTORY_COVARIATES if candidates is None else candidates
    asked = [name for name in offered if name in stitched.columns and name not in declared]
    stitched = stitched.mutate(y=outcome_value(history, stitched, outcome)).filter(stitched.attempt == 1)
    person = signed_hash(ibis.coalesce(stitched[PERSON], hash64(stitched.contact_id)))
    columns = list(dict.fromkeys([*_NEEDED, *asked, *given]))
    rows = labeled_frame(stitched.order_by("contact_id").select(*columns, person=person))
    found = [_judged(rows, name, [other for other in given if other != name]) for name in [*given, *asked]]
    columns = ["covariate", "n", "choice", "outcome", "p_choice", "p_outcome", "strength"]
    table = pd.DataFrame(found, columns=columns)
    table.insert(1, "declared", table["covariate"].isin(given))
    earned = (table["p_choice"] < ALPHA) & (table["p_outcome"] < ALPHA) & (table["strength"] >= LEAST_STRENGTH)
    table["used"] = table["declared"] | earned
    table = table.sort_values(["strength", "covariate"], ascending=[False, True], na_position="last", kind="stable")
    table = table.reset_index(drop=True)
    return ChosenCovariates(tuple(table.loc[table["used"], "covariate"]), table, tuple(_words(table, outcome)))


def with_useful_covariates(
    history: History, *, outcome: str, declared: Sequence[str] = (), window_days: float = 7.0
) -> tuple[History, tuple[str, ...], tuple[str, ...]]:
    """Return the history with the covariates it gives itself where any is worth adjusting for.

    Its columns are computed for all contacts only then: the decision is made on a sample.

    Returns
    -------
        The history, with `given` set; all covariates to adjust for, strongest confounder first; and what was looked at,
        in words.
    """
    if history.given is not None:
        return history, (*declared, *(name for name in history.given if name not in declared)), ()
    chosen = useful_covariates(history, outcome=outcome, declared=declared, window_days=window_days)
    earned = tuple(name for name in chosen.names if name not in declared)
    missing = tuple(name for name in earned if name not in history.covariates)
    extended = history_with_covariates(history, window_days) if missing else history
    ranked = chosen.names if chosen.table["strength"].notna().any() else (*declared, *earned)
    return replace(extended, given=earned), ranked, chosen.notes


def _words(table: pd.DataFrame, outcome: str) -> list[str]:
    lines = []
    for row in table[~table["declared"]].to_dict("records"):
        what = f"{row['covariate']} ({HISTORY_COVARIATES.get(row['covariate'], 'a column of the history')})"
        if row["n"] >= _FEWEST_ROWS and np.isnan(row["choice"]):
            lines.append(f"{what}: not adjusted for, as there is one channel only")
            continue
        if row["n"] < _FEWEST_ROWS:
            lines.append(f"{what}: not adjusted for, too few contacts tell it beside {outcome} ({row['n']:,})")
            continue
        seen = f"correlation with the channel {row['choice']:.3f}, with {outcome} {row['outcome']:.3f}"
        verdict = "adjusted for" if row["used"] else "looked at, not needed"
        lines.append(f"{what}: {verdict}, {seen} (n {row['n']:,})")
    return lines


def _judged(rows: pd.DataFrame, name: str, others: Sequence[str]) -> tuple[str, int, float, float, float, float, float]:
    """Association of one covariate with the channel and with the outcome, both beyond reason, segment and `others`."""
    nothing = (float("nan"),) * 2
    known = rows[rows[name].notna()]
    x = _features(known, name)
    type_of = _codes(known, ["topic", "segment"])
    channels = pd.get_dummies(known["channel"]).to_numpy(float)[:, 1:]
    choice = _association(x, channels, type_of, known, others) if channels.shape[1] else nothing
    told = known["y"].notna().to_numpy()
    served = _codes(known[told], ["topic", "channel", "segment"])
    outcome = _association(x[told], known.loc[told, ["y"]].to_numpy(float), served, known[told], others)
    strength = choice[0] * outcome[0]
    return name, int(told.sum()), choice[0], outcome[0], choice[1], outcome[1], strength


def _features(rows: pd.DataFrame, name: str) -> Array:
    """Ranks from 0 to 1; the time of day goes round, so it is two columns."""
    if name == "hour":
        angle = rows[name].to_numpy(float) * (2 * np.pi / 24)
        return np.column_stack([np.sin(angle), np.cos(angle)])
    return np.asarray(rows[name].rank(pct=True), dtype=np.float64)[:, None]


def _codes(rows: pd.DataFrame, keys: list[str]) -> NDArray[np.intp]:
    topic = rows["reason"].where(rows["reason"].notna(), rows["entry_reason"])
    frame = rows.assign(topic=topic)[keys].fillna("")
    return np.asarray(frame.groupby(keys, sort=True).ngroup().to_numpy(), dtype=np.intp)


def _association(
    x: Array, y: Array, cell: NDArray[np.intp], rows: pd.DataFrame, others: Sequence[str]
) -> tuple[float, float]:
    """Multiple correlation of the columns x and y within cells beyond `others`, and the p-value of "none".

    Score test: U = sum_i x_i (x) y_i of the residuals, clustered by customer, U' Omega^-1 U ~ chi2 (White 1980; Liang &
    Zeger 1986).
    """
    if len(rows) < _FEWEST_ROWS:
        return float("nan"), float("nan")
    held = [column for other in others for column in _held(rows[other])]
    x, y = _residuals(x, held, cell), _residuals(y, held, cell)
    x, y = x[:, x.std(axis=0) > 1e-9], y[:, y.std(axis=0) > 1e-9]
    if not x.shape[1] or not y.shape[1]:
        return 0.0, 1.0
    # One outcome is explained by x; of several channels x is explained: the usual multiple correlation either way.
    cause, effect = (x, y) if y.shape[1] == 1 else (y, x)
    explained = cause @ np.linalg.lstsq(cause, effect, rcond=None)[0]
    share = min(float((explained**2).sum() / (effect**2).sum()), 1.0)
    each = (x[:, :, None] * y[:, None, :]).reshape(len(x), -1)
    code = pd.factorize(rows["person"])[0]
    summed = np.column_stack([np.bincount(code, weights=each[:, k]) for k in range(each.shape[1])])
    total, omega = summed.sum(axis=0), summed.T @ summed
    statistic = float(total @ np.linalg.pinv(omega, hermitian=True) @ total)
    return float(np.sqrt(share)), float(chi2.sf(statistic, np.linalg.matrix_rank(omega, hermitian=True)))


def _held(values: pd.Series) -> list[Array]:
    """A declared covariate as it is adjusted for: linear, and in fifths; a missing value is a level of its own."""
    rank = values.rank(pct=True)
    fifth = np.where(rank.isna(), -1, np.minimum((rank.fillna(0.0) * _FIFTHS).astype(int), _FIFTHS - 1))
    linear = values.fillna(values.mean()).fillna(0.0).to_numpy(float)
    return [linear, *[(fifth == level).astype(float) for level in np.unique(fifth)[1:]]]


def _residuals(values: Array, held: list[Array], cell: NDArray[np.intp]) -> Array:
    """Values less the means of their cells and less what `held` explains within cells."""
    count = np.maximum(np.bincount(cell), 1)[:, None]

    def within(part: Array) -> Array:
        means = np.column_stack([np.bincount(cell, weights=part[:, k]) for k in range(part.shape[1])]) / count
        return np.asarray(part - means[cell])

    out = within(values)
    if held:
        basis = within(np.column_stack(held))
        scale = np.maximum(basis.std(axis=0), 1e-12)
        out = out - (basis / scale) @ np.linalg.lstsq(basis / scale, out, rcond=None)[0]
    return out
