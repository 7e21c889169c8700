"""Sums over contacts: what is counted in a cell, in numbers no wider than the contacts need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import pandas as pd

from planner.history.engine import exact_sum
from planner.history.tally import Measure
from planner.history.tally_kernels import COUNT, LOGARITHM, SQUARE, SUM

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

    def moments(self) -> tuple[Measure, ...]:
        """Answers, and the sums of the outcome and of its square."""
        most = self.largest_y
        return Measure("ans", COUNT, "y"), Measure("s1", SUM, "y", most), Measure("s2", SQUARE, "y", most**2)

    def waits(self) -> tuple[Measure, ...]:
        """Contacts with a wait, and its sum."""
        return (*self._known("wait_s", "n_wait"), self._sum("wait_s", "sum_wait_s"))

    def log_waits(self) -> tuple[Measure, ...]:
        """Sum of the logarithms of one second more than the waits."""
        return (Measure("sum_ln_wait", LOGARITHM, "wait_s", self.numbers.largest["wait_s"]),)

    def handle_times(self) -> tuple[Measure, ...]:
        """Contacts with a handle time, and the sums of it and of its square."""
        squares = Measure("sum_handle2", SQUARE, "handle_s", self.numbers.largest["handle_s"] ** 2)
        return (*self._known("handle_s", "n_handle"), self._sum("handle_s", "sum_handle_s"), squares)

    def of_covariates(self) -> tuple[Measure, ...]:
        """Sums of each covariate and of its normal score, of all contacts and of those with an outcome."""
        found: list[Measure] = []
        for name in self.covariates:
            found += [*self._known(name, f"n_{name}"), self._sum(name, f"sum_{name}")]
        for name in self.scored:
            score = f"score_{name}"
            found += [Measure(f"z_{name}", SUM, score, _SCORES_BELOW)]
            found += [Measure(f"z_ans_{name}", SUM, score, _SCORES_BELOW, gate="y")]
            if not self._complete(name):
                found.append(Measure(f"n_ans_{name}", COUNT, score, gate="y"))
        return tuple(found)

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

    def _known(self, name: str, count: str) -> tuple[Measure, ...]:
        return () if self._complete(name) else (Measure(count, COUNT, name),)

    def _sum(self, name: str, total: str) -> Measure:
        return Measure(total, SUM, name, self.numbers.largest[name])


def sums_of(rows: ibis.Table, measures: Sequence[Measure]) -> dict[str, ibis.Value]:
    """Number of rows and the measures, as the engine adds them up."""
    return {"cnt": rows.count(), **{measure.name: _sum_of(rows, measure) for measure in measures}}


def _sum_of(rows: ibis.Table, measure: Measure) -> ibis.Value:
    value = rows[measure.column]
    if measure.gate is not None:
        value = ibis.ifelse(rows[measure.gate].notnull(), value, ibis.null("float64"))
    if measure.kind == COUNT:
        return value.count()
    added = {SUM: value, SQUARE: value * value, LOGARITHM: (value + 1).ln()}[measure.kind]
    return exact_sum(added, measure.largest)
