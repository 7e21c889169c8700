"""Whether a covariate was known before the channel was chosen: what its name, its gaps and its values give away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from planner.errors import HistoryError, Issue
from planner.history.columns import PERSON
from planner.history.engine import signed_hash
from planner.history.fetched import labeled_frame
from planner.history.history import History
from planner.history.mapping import Known
from planner.history.sample import sampled_contacts

Array = NDArray[np.float64]

_AFTER = ("wait_s", "handle_s", "abandoned", "transferred", "resolved", "csat", "nps", "ces")
"""Canonical columns that are known only once the contact is over."""
_NEEDED = ("reason", "entry_reason", "channel", "disposition", "issue_key", "attempt")
_CERTAIN_CORRELATION = 0.95
_CERTAIN_SHARE = 0.90
_DOUBTFUL_CORRELATION = 0.80
_FEWEST_ROWS = 100
_FEWEST_GAPS = 20
_AFTER_WORDS = re.compile(
    r"(?:^|_)(wait|waited|waiting|queued|handle|handled|handling|aht|talk|talktime|hold|wrap|wrapup|acw|csat|nps|ces|"
    r"survey|surveyed|satisfaction|resolution|resolved|fcr|outcome|disposition|closing|closure|transferred|abandoned|"
    r"sentiment)(?=_|$)"
)
_EARLIER_WORDS = re.compile(
    r"(?:^|_)(previous|prev|prior|last|past|before|earlier|history|lag|avg|average|mean)(?=_|$)"
)


@dataclass(frozen=True, slots=True)
class _Looks:
    """Covariates beside what is known afterwards: rows, and the cell (reason and channel) of each.

    `within` holds the ranks looked at so far, less the mean of their cell: by column and the rows they are taken among.
    """

    rows: pd.DataFrame
    cell: NDArray[np.intp]
    within: dict[tuple[str, bytes], Array] = field(default_factory=dict)


def check_precedes(history: History, names: Sequence[str], *, window_days: float = 7.0) -> list[Issue]:
    """Find the covariates that seem to be measured after the channel was chosen.

    Adjusting for such a one hides the part of the channel's effect that runs through it, and invents others. Evidence,
    within reason and channel, on a deterministic sample: a rank correlation above .95 with one after-contact column
    (wait, handle time, abandoned, transferred, resolved, scores) or with what became of the issue or the customer later
    on; a share explained above .9 by the times together or by the closing code; gaps exactly where contacts were
    abandoned or have no handle time or score. A correlation above .8 is said, but refuses nothing. Without evidence, a
    name such as `wait` or `resolution` is enough to ask. What stands in the mapping file decides: `known: after` is
    refused always, `known: before` turns a refusal into a warning.

    Parameters
    ----------
    names
        Covariates to be adjusted for; names the history does not have are passed over.
    window_days
        Window of the journeys, days.
    """
    return judged_order(history, looked_at(history, names, window_days))


@dataclass(frozen=True, slots=True)
class LookedAt:
    """Covariates that are asked about, and the sample they are judged by; None where no rows are needed for that."""

    names: tuple[str, ...]
    looks: _Looks | None


def looked_at(history: History, names: Sequence[str], window_days: float) -> LookedAt:
    """Fetch what `check_precedes` judges by: all that it asks of the engine."""
    known = tuple(name for name in dict.fromkeys(names) if name in history.covariates or name == "value")
    open_names = [name for name in known if history.quality.declared.known(name) is not Known.AFTER]
    return LookedAt(known, _look(history, open_names, window_days) if open_names else None)


def judged_order(history: History, asked: LookedAt) -> list[Issue]:
    """Judge them: see `check_precedes`."""
    declared, looks = history.quality.declared, asked.looks
    issues = []
    for name in asked.names:
        if declared.known(name) is Known.AFTER or looks is None:
            message = (
                "is declared `known: after` the contact, so it cannot be adjusted for; drop it from the covariates"
            )
            issues.append(Issue(history.quality.source, None, None, f"covariates.{name}", message))
            continue
        sure = declared.known(name) is Known.BEFORE
        sign = next(_signs(looks, name), "")
        doubt = "" if sign or sure else next(_pairs(looks, name, _DOUBTFUL_CORRELATION), "")
        if sign:
            issues.append(_issue(history, name, sign, sure=sure))
        elif doubt:
            message = (
                f"{doubt}, as of something measured after the contact: if it is, declare it `known: after` in a "
                "mapping file, for adjusting for it would hide effects; if it was known before, `known: before`"
            )
            issues.append(Issue(history.quality.source, None, None, f"covariates.{name}", message, "warning"))
    return issues


def refuse_after(history: History, names: Sequence[str], *, window_days: float = 7.0) -> tuple[str, ...]:
    """Refuse covariates that seem to be measured after the channel was chosen; return what is only doubtful, in words.

    Raises
    ------
    HistoryError
        With every such covariate at once.
    """
    return refused(check_precedes(history, names, window_days=window_days))


def refused(issues: Sequence[Issue]) -> tuple[str, ...]:
    """Raise what is certain of these issues; return what is only doubtful, in words.

    Raises
    ------
    HistoryError
        With every covariate that is certainly measured after the choice.
    """
    errors = [issue for issue in issues if issue.severity == "error"]
    if errors:
        raise HistoryError(errors)
    return tuple(f"{issue.path}: {issue.message}" for issue in issues)


def _issue(history: History, name: str, sign: str, *, sure: bool) -> Issue:
    place, source = f"covariates.{name}", history.quality.source
    if sure:
        message = f"{sign}; it is adjusted for because the mapping file declares it `known: before`"
        return Issue(source, None, None, place, message, severity="warning")
    rule = history.quality.declared.covariate_rules.get(name)
    example = f"`covariates: {{{name}: {{from: {rule.source if rule else name}, known: before}}}}`"
    message = (
        f"{sign}, so it seems to be measured after the channel was chosen; only what was known before may be adjusted "
        f"for. Drop it from the covariates, or, if it truly was known before, declare {example} in the mapping file"
    )
    return Issue(source, None, None, place, message)


def _look(history: History, names: Sequence[str], window_days: float) -> _Looks:
    table = sampled_contacts(history, window_days)
    numbers = {name: _number(table[name]) for name in dict.fromkeys((*_AFTER, *names))}
    rows = labeled_frame(
        table.order_by("contact_id").select(
            *_NEEDED, **numbers, person=signed_hash(table[PERSON].fill_null(0)), anonymous=table[PERSON].isnull()
        )
    )
    reason = rows["reason"].where(rows["reason"].notna(), rows["entry_reason"]).fillna("")
    rows["contacts_of_issue"] = rows.groupby("issue_key")["attempt"].transform("size").astype(float)
    rows["contacts_of_customer"] = rows.groupby("person")["attempt"].transform("size").mask(rows["anonymous"])
    cell = np.asarray(rows.groupby([reason, "channel"], sort=True).ngroup(), dtype=np.intp)
    return _Looks(rows, cell)


def _number(column: ibis.Value) -> ibis.Value:
    return column.cast("int64").cast("float64") if column.type().is_boolean() else column.cast("float64")


def _signs(looks: _Looks, name: str) -> Iterator[str]:
    """Evidence against a covariate, in words, the strongest kind first."""
    yield from _gaps(looks, name)
    yield from _pairs(looks, name)
    yield from _together(looks, name)
    yield from _closing_code(looks, name)
    yield from _future(looks, name)
    snake = re.sub(r"[^a-z]+", "_", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower())
    said = _AFTER_WORDS.search(snake)
    if said and not _EARLIER_WORDS.search(snake):
        yield f"its name says {said[1]!r}"


def _gaps(looks: _Looks, name: str) -> Iterator[str]:
    missing = looks.rows[name].isna().to_numpy()
    patterns = {"contacts were abandoned": looks.rows["abandoned"].to_numpy() == 1.0}
    patterns |= {f"{column} is missing": looks.rows[column].isna().to_numpy() for column in _AFTER}
    for words, pattern in patterns.items():
        rarer = min(int(missing.sum()), int((~missing).sum()), int(pattern.sum()), int((~pattern).sum()))
        if rarer < _FEWEST_GAPS:
            continue
        phi = float(np.corrcoef(missing, pattern)[0, 1])
        if phi > _CERTAIN_CORRELATION:
            yield f"it is missing exactly where {words} (correlation {phi:.2f} over {len(missing):,} contacts)"


def _pairs(looks: _Looks, name: str, least: float = _CERTAIN_CORRELATION) -> Iterator[str]:
    for column in _AFTER:
        found = _rank_correlation(looks, name, column, np.ones(len(looks.rows), dtype=bool))
        if found is not None and abs(found[0]) > least:
            size = f"{found[0]:.2f} within reason and channel ({found[1]:,} contacts)"
            yield f"its rank correlation with {column} is {size}"


def _future(looks: _Looks, name: str) -> Iterator[str]:
    """At the first contact of an issue, what follows it is all future; and so is how often a customer will come."""
    first = (looks.rows["attempt"] == 1).to_numpy()
    words = {
        "contacts_of_issue": "the number of contacts its issue came to in the end",
        "contacts_of_customer": "the number of contacts of its customer in the whole history",
    }
    for column, meaning in words.items():
        found = _rank_correlation(looks, name, column, first)
        if found is not None and abs(found[0]) > _CERTAIN_CORRELATION:
            yield f"its rank correlation with {meaning} is {found[0]:.2f} ({found[1]:,} first contacts)"


def _together(looks: _Looks, name: str) -> Iterator[str]:
    """A sum or another blend of the times: the share of its variance that they explain together."""
    columns = [column for column in ("wait_s", "handle_s", "abandoned") if looks.rows[column].notna().mean() > 0.5]
    rows = looks.rows[[name, *columns]].notna().all(axis=1).to_numpy()
    if len(columns) < 2 or rows.sum() < _FEWEST_ROWS:
        return
    for ranked in (False, True):
        within = np.column_stack([_within_cells(looks, one, rows, ranked=ranked) for one in (name, *columns)])
        y, x = within[:, 0], within[:, 1:]
        if not y.var() > 0:
            return
        share = 1.0 - float(np.var(y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) / np.var(y))
        if share > _CERTAIN_SHARE:
            yield f"{' and '.join(columns)} together explain {share:.0%} of it ({int(rows.sum()):,} contacts)"


def _closing_code(looks: _Looks, name: str) -> Iterator[str]:
    rows = (looks.rows[name].notna() & looks.rows["disposition"].notna()).to_numpy()
    if rows.sum() < _FEWEST_ROWS:
        return
    values, cell = looks.rows.loc[rows, name].to_numpy(float), looks.cell[rows]
    code = pd.factorize(looks.rows.loc[rows, "disposition"])[0] + cell * (looks.rows["disposition"].nunique() + 1)
    whole, inner = _within(values, cell), _within(values, code)
    freedom = len(values) - len(np.unique(cell)), len(values) - len(np.unique(code))
    if min(freedom) < _FEWEST_ROWS // 2 or freedom[0] == freedom[1] or not (whole**2).sum() > 1e-9 * values.var():
        return
    share = 1.0 - float(((inner**2).sum() / freedom[1]) / ((whole**2).sum() / freedom[0]))
    if share > _CERTAIN_SHARE:
        yield f"the closing code explains {share:.0%} of it within reason and channel ({int(rows.sum()):,} contacts)"


def _rank_correlation(looks: _Looks, name: str, column: str, among: NDArray[np.bool_]) -> tuple[float, int] | None:
    """Correlation of ranks within cells and the number of rows; None where one of them does not vary there."""
    rows = among & looks.rows[[name, column]].notna().all(axis=1).to_numpy()
    if rows.sum() < _FEWEST_ROWS:
        return None
    x, y = (_within_cells(looks, one, rows, ranked=True) for one in (name, column))
    size = float(np.sqrt((x @ x) * (y @ y)))
    few = min(float((np.abs(x) > 1e-9).sum()), float((np.abs(y) > 1e-9).sum())) < _FEWEST_ROWS // 2
    return None if few or not size > 0 else (float(x @ y) / size, int(rows.sum()))


def _within_cells(looks: _Looks, name: str, rows: NDArray[np.bool_], *, ranked: bool) -> Array:
    """Values, or their ranks among these rows, less the mean of their cell."""
    values = looks.rows[name].to_numpy(float)[rows]
    if not ranked:
        return _within(values, looks.cell[rows])
    asked = name, np.packbits(rows).tobytes()
    if asked not in looks.within:
        looks.within[asked] = _within(rankdata(values), looks.cell[rows])
    return looks.within[asked]


def _within(values: Array, cell: NDArray[np.intp]) -> Array:
    """Values less the mean of their cell."""
    count = np.maximum(np.bincount(cell), 1)
    return np.asarray(values - (np.bincount(cell, weights=values) / count)[cell])
