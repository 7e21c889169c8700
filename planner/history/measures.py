"""Sums over contacts: what is counted in a cell, in numbers no wider than the contacts need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import pandas as pd

from planner.history.engine import exact_sum

COVARIATE_SUMS = ("n", "sum", "z", "n_ans", "z_ans")
_UNSCORED = 2
_SCORES_BELOW = 10.0


@dataclass(frozen=True)
class Numbers:
    """What is known of all contacts: how many, their dispositions, and per column its values and the largest size."""

    rows: int
    dispositions: int
    known: dict[str, int]
    largest: dict[str, float]


def look_at_numbers(contacts: ibis.Table, names: Sequence[str]) -> Numbers:
    """Count contacts, their different dispositions and the values of numeric columns, in one scan."""
    measures = {"rows": contacts.count(), "dispositions": contacts.disposition.nunique()}
    measures |= {f"known_{name}": contacts[name].count() for name in names}
    measures |= {f"largest_{name}": contacts[name].abs().max() for name in names}
    row = contacts.aggregate(**measures).execute().iloc[0].fillna(0)
    known = {name: int(row[f"known_{name}"]) for name in names}
    largest = {name: float(row[f"largest_{name}"]) for name in names}
    return Numbers(int(row["rows"]), int(row["dispositions"]), known, largest)


@dataclass(frozen=True)
class Measures:
    """Sums over rows with an outcome `y`, `wait_s, handle_s`, covariates, and scores `score_<covariate>` of some.

    Attributes
    ----------
    covariates
        Those that are summed.
    scored
        Those of them that have a normal score.
    numbers
        What is known of `wait_s, handle_s` and the covariates.
    largest_y
        Bound of the size of the outcome.
    """

    covariates: tuple[str, ...]
    scored: tuple[str, ...]
    numbers: Numbers
    largest_y: float

    def moments(self, rows: ibis.Table) -> dict[str, ibis.Value]:
        """Contacts, answers, and the sums of the outcome and of its square."""
        y, most = rows.y, self.largest_y
        return {"cnt": rows.count(), "ans": y.count(), "s1": exact_sum(y, most), "s2": exact_sum(y * y, most**2)}

    def waits(self, rows: ibis.Table) -> dict[str, ibis.Value]:
        """Contacts with a wait, and its sum."""
        return {**self._known(rows, "wait_s", "n_wait"), "sum_wait_s": self._sum(rows, "wait_s")}

    def handle_times(self, rows: ibis.Table) -> dict[str, ibis.Value]:
        """Contacts with a handle time, and the sums of it and of its square."""
        squares = exact_sum(rows.handle_s * rows.handle_s, self.numbers.largest["handle_s"] ** 2)
        sums = {"sum_handle_s": self._sum(rows, "handle_s"), "sum_handle2": squares}
        return {**self._known(rows, "handle_s", "n_handle"), **sums}

    def of_covariates(self, rows: ibis.Table) -> dict[str, ibis.Value]:
        """Sums of each covariate and of its normal score, of all contacts and of those with an outcome."""
        found: dict[str, ibis.Value] = {}
        for name in self.covariates:
            found |= {**self._known(rows, name, f"n_{name}"), f"sum_{name}": self._sum(rows, name)}
        for name in self.scored:
            score = rows[f"score_{name}"]
            answered = ibis.ifelse(rows.y.notnull(), score, ibis.null("float64"))
            sums = {f"z_{name}": score, f"z_ans_{name}": answered}
            found |= {column: exact_sum(value, _SCORES_BELOW) for column, value in sums.items()}
            if not self._complete(name):
                found[f"n_ans_{name}"] = answered.count()
        return found

    def completed(self, cells: pd.DataFrame, first: Sequence[str]) -> pd.DataFrame:
        """Put columns in order, `first` those that are no sums of covariates, with the counts that need no counting.

        Where no contact lacks a value, as many have it as there are contacts.
        """
        whole = {"n_wait": "cnt", "n_handle": "cnt"}
        whole |= {f"n_{name}": "cnt" for name in self.covariates} | {f"n_ans_{name}": "ans" for name in self.scored}
        names = list(first)
        for name in self.covariates:
            parts = COVARIATE_SUMS if name in self.scored else COVARIATE_SUMS[:_UNSCORED]
            names += [f"{part}_{name}" for part in parts]
        return cells.assign(**{name: cells[whole[name]] for name in names if name not in cells})[names]

    def _complete(self, name: str) -> bool:
        return self.numbers.known[name] == self.numbers.rows

    def _known(self, rows: ibis.Table, name: str, count: str) -> dict[str, ibis.Value]:
        return {} if self._complete(name) else {count: rows[name].count()}

    def _sum(self, rows: ibis.Table, name: str) -> ibis.Value:
        return exact_sum(rows[name], self.numbers.largest[name])
