"""Which covariates of the history are worth adjusting for: those that drive both the channel and the outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2, rankdata

from planner.history.before import HISTORY_COVARIATES, history_with_covariates, with_history_covariates
from planner.history.columns import PERSON
from planner.history.engine import hash64, signed_hash
from planner.history.fetched import labeled_frame
from planner.history.history import History
from planner.history.outcomes import outcome_value
from planner.history.picked import MOST_ROWS
from planner.history.sample import sampled_contacts

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
_T = TypeVar("_T")

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
    return judged(offered_covariates(history, outcome, declared, candidates, window_days, most_rows))


@dataclass(frozen=True)
class Offered:
    """First contacts of the sample with the covariates declared (`given`) and offered (`asked`), for `judged`."""

    rows: pd.DataFrame
    given: tuple[str, ...]
    asked: tuple[str, ...]
    outcome: str


def offered_covariates(
    history: History,
    outcome: str,
    declared: Sequence[str],
    candidates: Sequence[str] | None,
    window_days: float,
    most_rows: int = MOST_ROWS,
) -> Offered:
    """Fetch what `useful_covariates` judges by: all that it asks of the engine."""
    given = tuple(name for name in declared if name in (*history.covariates, "value"))
    stitched = sampled_contacts(history, window_days, most_rows)
    if candidates is None:
        stitched = with_history_covariates(history, stitched, window_days=window_days)
    offered = HISTORY_COVARIATES if candidates is None else candidates
    asked = tuple(name for name in offered if name in stitched.columns and name not in declared)
    stitched = stitched.mutate(y=outcome_value(history, stitched, outcome)).filter(stitched.attempt == 1)
    person = signed_hash(ibis.coalesce(stitched[PERSON], hash64(stitched.contact_id)))
    columns = list(dict.fromkeys([*_NEEDED, *asked, *given]))
    rows = labeled_frame(stitched.order_by("contact_id").select(*columns, person=person))
    return Offered(rows, given, asked, outcome)


def judged(offered: Offered) -> ChosenCovariates:
    """Decide which of them are worth adjusting for."""
    given = offered.given
    first = _first_contacts(offered.rows)
    known: dict[bytes, _Contacts] = {}
    found = []
    for name in (*given, *offered.asked):
        here = first.values(name)
        mask = ~np.isnan(here)
        among = known.setdefault(mask.tobytes(), first if mask.all() else first.where(mask))
        found.append(_judged(among, name, [other for other in given if other != name]))
    columns = ["covariate", "n", "choice", "outcome", "p_choice", "p_outcome", "strength"]
    table = pd.DataFrame(found, columns=columns)
    table.insert(1, "declared", table["covariate"].isin(given))
    earned = (table["p_choice"] < ALPHA) & (table["p_outcome"] < ALPHA) & (table["strength"] >= LEAST_STRENGTH)
    table["used"] = table["declared"] | earned
    table = table.sort_values(["strength", "covariate"], ascending=[False, True], na_position="last", kind="stable")
    table = table.reset_index(drop=True)
    notes = tuple(_words(table, offered.outcome))
    return ChosenCovariates(tuple(table.loc[table["used"], "covariate"]), table, notes)


def with_chosen_covariates(
    history: History, chosen: ChosenCovariates | None, *, declared: Sequence[str] = (), window_days: float = 7.0
) -> tuple[History, tuple[str, ...]]:
    """Return the history with the covariates it gives itself where any earned a place, and all to adjust for.

    Its columns are computed for all contacts only then: the decision is made on a sample. With None it stands as it
    was made before, in `history.given`.

    Returns
    -------
        The history, with `given` set, and all covariates to adjust for, strongest confounder first.
    """
    if chosen is None:
        return history, (*declared, *(name for name in history.given or () if name not in declared))
    earned = tuple(name for name in chosen.names if name not in declared)
    missing = tuple(name for name in earned if name not in history.covariates)
    extended = history_with_covariates(history, window_days) if missing else history
    ranked = chosen.names if chosen.table["strength"].notna().any() else (*declared, *earned)
    return replace(extended, given=earned), ranked


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


@dataclass(frozen=True)
class _Contacts:
    """Some first contacts as arrays, with what is worked out of them once.

    Attributes
    ----------
    columns
        Covariates, and `y`: shape (contact,), NaN where missing.
    type_of, served, person
        Codes of reason and segment, of these and the channel, and of the customer.
    channels
        Shape (contact, channel but the first): 1 where the contact came through it.
    """

    columns: dict[str, Array]
    type_of: Codes
    served: Codes
    person: Codes
    channels: Array
    _done: dict[object, Any] = field(default_factory=dict)

    def values(self, name: str) -> Array:
        """Values of a column."""
        return self.columns[name]

    def where(self, mask: NDArray[np.bool_]) -> _Contacts:
        """Keep some."""
        columns = {name: values[mask] for name, values in self.columns.items()}
        channels = self.channels[mask]
        # The channels of a few contacts are fewer: the first of them is the one that the others are set against.
        rest = 1 - channels.sum(axis=1)
        seen = np.column_stack([rest, channels]).any(axis=0)
        channels = np.column_stack([rest, channels])[:, seen][:, 1:]
        return _Contacts(columns, self.type_of[mask], self.served[mask], self.person[mask], channels)

    def answered(self) -> _Contacts:
        """Keep those whose outcome is known."""
        return self.once("answered", lambda: self.where(~np.isnan(self.columns["y"])))

    def once(self, key: object, work: Callable[[], _T]) -> _T:
        """Work something out, the first time it is asked for."""
        if key not in self._done:
            self._done[key] = work()
        found: _T = self._done[key]
        return found


def _first_contacts(rows: pd.DataFrame) -> _Contacts:
    topic = rows["reason"].where(rows["reason"].notna(), rows["entry_reason"])
    keys = [pd.factorize(column.fillna(""), sort=True)[0] for column in (topic, rows["segment"], rows["channel"])]
    type_of, served = _together(keys[:2]), _together([keys[0], keys[2], keys[1]])
    channels = keys[2][:, None] == np.arange(1, int(keys[2].max(initial=0)) + 1)
    columns = {str(name): rows[name].to_numpy(np.float64) for name in rows if name not in (*_NEEDED[:-1], "person")}
    return _Contacts(columns, type_of, served, _dense(rows["person"].to_numpy(np.int64)), channels.astype(np.float64))


def _together(keys: Sequence[Codes]) -> Codes:
    """Number the combinations of codes."""
    packed = np.zeros(len(keys[0]), dtype=np.int64)
    for codes in keys:
        packed = packed * (int(codes.max(initial=0)) + 1) + codes
    return _dense(packed)


def _dense(values: NDArray[np.int64]) -> Codes:
    return np.asarray(pd.factorize(values)[0], dtype=np.intp)


def _judged(among: _Contacts, name: str, others: Sequence[str]) -> tuple[str, int, float, float, float, float, float]:
    """Association of one covariate with the channel and with the outcome, both beyond reason, segment and `others`."""
    nothing = (float("nan"),) * 2
    x, told = _features(among.columns[name], name), among.answered()
    choice = _association(x, among, "channel", others) if among.channels.shape[1] else nothing
    outcome = _association(x[~np.isnan(among.columns["y"])], told, "y", others)
    strength = choice[0] * outcome[0]
    return name, len(told.person), choice[0], outcome[0], choice[1], outcome[1], strength


def _features(values: Array, name: str) -> Array:
    """Ranks from 0 to 1; the time of day goes round, so it is two columns."""
    if name == "hour":
        angle = values * (2 * np.pi / 24)
        return np.column_stack([np.sin(angle), np.cos(angle)])
    return (rankdata(values) / max(len(values), 1))[:, None]


def _association(x: Array, among: _Contacts, against: str, others: Sequence[str]) -> tuple[float, float]:
    """Multiple correlation of x and `against` (channel | y) within cells beyond `others`, and the p-value of "none".

    Score test: U = sum_i x_i (x) y_i of the residuals, clustered by customer, U' Omega^-1 U ~ chi2 (White 1980; Liang &
    Zeger 1986).
    """
    if len(among.person) < _FEWEST_ROWS:
        return float("nan"), float("nan")
    cell = among.type_of if against == "channel" else among.served
    x = _beyond(x, among, cell, against, others)
    y = among.once((against, *others), lambda: _beyond(_explained(among, against), among, cell, against, others))
    x, y = x[:, x.std(axis=0) > 1e-9], y[:, y.std(axis=0) > 1e-9]
    if not x.shape[1] or not y.shape[1]:
        return 0.0, 1.0
    # One outcome is explained by x; of several channels x is explained: the usual multiple correlation either way.
    cause, effect = (x, y) if y.shape[1] == 1 else (y, x)
    explained = cause @ np.linalg.lstsq(cause, effect, rcond=None)[0]
    share = min(float((explained**2).sum() / (effect**2).sum()), 1.0)
    count = int(among.person.max()) + 1
    each = [x[:, i] * y[:, j] for i in range(x.shape[1]) for j in range(y.shape[1])]
    summed = np.column_stack([np.bincount(among.person, weights=product, minlength=count) for product in each])
    total, omega = summed.sum(axis=0), summed.T @ summed
    statistic = float(total @ np.linalg.pinv(omega, hermitian=True) @ total)
    return float(np.sqrt(share)), float(chi2.sf(statistic, np.linalg.matrix_rank(omega, hermitian=True)))


def _explained(among: _Contacts, against: str) -> Array:
    return among.channels if against == "channel" else among.columns["y"][:, None]


def _held(values: Array) -> list[Array]:
    """A declared covariate as it is adjusted for: linear, and in fifths; a missing value is a level of its own."""
    known = ~np.isnan(values)
    rank = np.full(len(values), np.nan)
    rank[known] = rankdata(values[known]) / max(int(known.sum()), 1)
    fifth = np.where(known, np.minimum((np.nan_to_num(rank) * _FIFTHS).astype(int), _FIFTHS - 1), -1)
    linear = np.where(known, values, values[known].mean() if known.any() else 0.0)
    return [linear, *[(fifth == level).astype(float) for level in np.unique(fifth)[1:]]]


def _within(part: Array, cell: Codes) -> Array:
    """Columns less the means of their cells."""
    count = np.maximum(np.bincount(cell), 1)
    means = np.column_stack([np.bincount(cell, weights=part[:, k]) / count for k in range(part.shape[1])])
    return np.asarray(part - means[cell])


def _beyond(values: Array, among: _Contacts, cell: Codes, against: str, others: Sequence[str]) -> Array:
    """Columns less the means of their cells and less what `others` explain within cells."""
    out = _within(values, cell)
    if not others:
        return out

    def basis() -> Array:
        held = [column for other in others for column in _held(among.columns[other])]
        inner = _within(np.column_stack(held), cell)
        scaled: Array = inner / np.maximum(inner.std(axis=0), 1e-12)
        return scaled

    held = among.once(("basis", against, *others), basis)
    return np.asarray(out - held @ np.linalg.lstsq(held, out, rcond=None)[0])
