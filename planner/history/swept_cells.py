"""The tables of cells in one sweep over the contacts in this process: what `cell_tables` asks the engine for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.history.banded import FIRST_MONDAY
from planner.history.bands import OTHERS, UNKNOWN, normal_corners, others_score
from planner.history.cell_tables import (
    FLAGS,
    MOST_WAIT_CELLS,
    WAIT_LABELS,
    WEEK_LABELS,
    CellTables,
    Counting,
    wait_labels,
    with_left_out,
    with_mondays,
)
from planner.history.coded_batches import CodedBatch, NotCoded, coded_batches
from planner.history.columns import ROW
from planner.history.engines import local_engine_of
from planner.history.journeys import stitch_issues, stitched_codes, watched
from planner.history.outcomes import FOLLOWED, outcome_value
from planner.history.staged import LABEL_CODES
from planner.history.tally import Key, Measure, Tally
from planner.history.tally_kernels import SUM, band_numbers, band_numbers_by, corner_scores

_DAY_US = 86_400_000_000
_MINUTE_US = 60_000_000
_LATER = ("censored", "escalated", "no", "unknown", "yes")
_Codes = NDArray[Any]


def swept_tables(asked: Counting) -> CellTables | None:
    """Count in this process; None where the engine is elsewhere, or rows do not come as codes."""
    if local_engine_of(asked.history.connection) is None:
        return None
    try:
        return _swept(asked)
    except (NotCoded, OverflowError):
        return None


def _swept(asked: Counting) -> CellTables:
    marks = stitched_codes(asked.history, asked.window_days)
    sweep = _Sweep(asked, marks, list(WAIT_LABELS))
    _feed(asked, sweep)
    main = sweep.table("main")
    labels, waits = wait_labels(main, len(asked.bands.hours) + 1), sweep
    if "waits" not in sweep.tallies or labels != list(WAIT_LABELS):
        waits = _Sweep(asked, marks, labels, waits_alone=True)
        _feed(asked, waits)
    return CellTables(main, with_left_out(waits.table("waits")), with_mondays(sweep.table("weeks")))


def _feed(asked: Counting, sweep: _Sweep) -> None:
    with ThreadPoolExecutor(1) as pool:
        for batch in coded_batches(asked.history.connection, _rows(asked)):
            sweep.add(batch, pool)


def _rows(asked: Counting) -> ibis.Table:
    """The columns that cells are counted from, as they stand; where contacts stand in their issue is looked up."""
    history, bands = asked.history, asked.bands
    follows = asked.outcome in FOLLOWED
    rows = stitch_issues(history, asked.window_days) if follows else watched(history, asked.window_days)
    further = {OTHERS: others_score(rows, bands.weights, bands.middle)} if bands.weights else {}
    if not asked.dispositions:
        further["disposition"] = ibis.null("string")
    further |= {name: rows[name].cast("float64") for name in ("wait_s", "handle_s", *_numbers(asked, rows))}
    flags = {name: rows[name].fill_null(False).cast("int8") for name in FLAGS}
    labels = [name for name in LABEL_CODES if name not in further]
    return rows.select(ROW, "started_at", *labels, **further, **flags, y=outcome_value(history, rows, asked.outcome))


def _numbers(asked: Counting, rows: ibis.Table) -> list[str]:
    own = [name for name in asked.measures.covariates if name not in ("wait_s", "handle_s")]
    return [*own, *(["invited"] if "invited" in rows.columns and "invited" not in own else [])]


@dataclass
class _Sweep:
    """Tallies of the three tables, and how batches of rows become codes and values for them.

    Wait cells are given up where there are too many, to be counted anew with fewer labels.
    """

    asked: Counting
    marks: Mapping[str, tuple[NDArray[np.int8], tuple[str, ...]]]
    wait_labels: list[str]
    waits_alone: bool = False
    columns: list[str] = field(init=False)
    codes: list[str] = field(init=False)
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Put the columns of values in order: those of the rows, then what is worked out of them."""
        measures, bands = self.asked.measures, self.asked.bands
        sums = (*measures.moments(), *measures.waits(), *measures.handle_times(), *measures.of_covariates())
        invited = ["invited"] if "invited" in measures.numbers.known else []
        scores = [f"score_{name}" for name in measures.scored]
        own = [measure.column for measure in sums if measure.column not in scores]
        self.columns = list(dict.fromkeys([*own, *bands.bins, *invited, *scores]))
        bins = [f"bin_{name}" for name in bands.bins]
        self.codes = [*LABEL_CODES, *self.marks, *FLAGS, "hour_band", "wait_band", *bins, "week", "topic", "later"]

    def add(self, batch: CodedBatch, pool: Executor) -> None:
        """Add a batch of rows to all tables, to the main cells beside the others."""
        values, numbers = self._values(batch), {name: k for k, name in enumerate(self.columns)}
        if not self.tallies:
            self._begin(batch)
        codes = self._codes(batch, values, numbers)
        stacked = np.array([codes[name] for name in self.codes], dtype=np.int32)
        unserved = (codes["abandoned"] > 0) | (codes["wait_band"] < 0)
        others = pool.submit(self._add_others, stacked, values, unserved)
        if "main" in self.tallies:
            self.tallies["main"].add(stacked, values)
        others.result()

    def _add_others(self, codes: NDArray[np.int32], values: NDArray[np.float64], unserved: NDArray[np.bool_]) -> None:
        for name in [name for name in self.tallies if name != "main"]:
            self.tallies[name].add(codes, values, unserved if name == "waits" else None)
        if not self.waits_alone and "waits" in self.tallies and self.tallies["waits"].count > MOST_WAIT_CELLS:
            del self.tallies["waits"]

    def table(self, name: str) -> pd.DataFrame:
        """Table of cells, whose tally is let go of.

        Raises
        ------
        NotCoded
            If there were no rows at all.
        """
        if name not in self.tallies:
            raise NotCoded(name)
        frame = self.tallies.pop(name).frame(coded=True)
        return frame.astype({flag: bool for flag in FLAGS if flag in frame})

    def _values(self, batch: CodedBatch) -> NDArray[np.float64]:
        """Values of the columns, shape (column, row)."""
        out = np.empty((len(self.columns), len(batch)))
        knots = self.asked.bands.knots
        for k, name in enumerate(self.columns):
            scored = name.removeprefix("score_")
            if name.startswith("score_") and scored in knots:
                out[k] = corner_scores(out[self.columns.index(scored)], *normal_corners(knots[scored]))
            else:
                out[k] = batch.numbers(name)
        return out

    def _begin(self, batch: CodedBatch) -> None:
        """Lay out the tables once the labels are known."""
        measures, bands = self.asked.measures, self.asked.bands
        self.labels = {name: batch.labels(name) for name in LABEL_CODES}
        self.labels |= {name: labels for name, (_, labels) in self.marks.items()}
        keys = {name: Key.of_labels(name, labels) for name, labels in self.labels.items()}
        keys |= {name: Key(name, 2) for name in FLAGS}
        keys["later"] = Key.of_labels("later", _LATER)
        most = max((len(cuts) for cuts in bands.waits.values()), default=0)
        keys["wait_band"] = Key("wait_band", most + 2, UNKNOWN)
        keys["hour_band"] = Key("hour_band", len(bands.hours) + 2, UNKNOWN)
        keys |= {f"bin_{name}": Key(f"bin_{name}", len(cuts) + 2, UNKNOWN) for name, cuts in bands.bins.items()}
        keys["week"] = self._weeks()
        topic = Key.of_labels("reason", self.labels["reason"] or self.labels["entry_reason"], "topic")
        sums = (*measures.moments(), *measures.waits())
        tables = {
            "main": (self.asked.keys, (*sums, *measures.handle_times(), *measures.of_covariates())),
            "waits": (
                [*self.wait_labels, "wait_band", "hour_band"],
                (*sums, *measures.log_waits(), *measures.of_covariates()),
            ),
            "weeks": (list(WEEK_LABELS), (*measures.moments(), *self._invited())),
        }
        for name, (by, added) in tables.items():
            if name == "waits" or not self.waits_alone:
                own = [topic if key == "reason" and name != "main" else keys[key] for key in by]
                self.tallies[name] = Tally(own, added, self.codes, self.columns, measures.numbers.rows)

    def _invited(self) -> tuple[Measure, ...]:
        largest = self.asked.measures.numbers.largest
        return (Measure("invited", SUM, "invited", largest["invited"]),) if "invited" in largest else ()

    def _weeks(self) -> Key:
        quality = self.asked.history.quality
        if quality.first is None or quality.last is None:
            raise NotCoded("started_at")
        first, last = (_week(np.array([pd.Timestamp(end).value // 1000])) for end in (quality.first, quality.last))
        return Key("week", int(last[0] - first[0]) + 1, int(first[0]))

    def _codes(
        self, batch: CodedBatch, values: NDArray[np.float64], numbers: Mapping[str, int]
    ) -> dict[str, NDArray[Any]]:
        """Numbers of every key, of rows as they come."""
        bands, row = self.asked.bands, batch.numbers(ROW)
        codes: dict[str, _Codes] = {name: batch.codes(name, self.labels[name]) for name in LABEL_CODES}
        codes |= {name: marks[row] for name, (marks, _) in self.marks.items()}
        codes |= {name: batch.numbers(name) for name in FLAGS}
        started = batch.numbers("started_at")
        minute = (started % _DAY_US // _MINUTE_US).astype(np.float64)
        codes["hour_band"] = band_numbers(minute, np.floor(np.array(bands.hours, dtype=np.float64)))
        codes["wait_band"] = band_numbers_by(values[numbers["wait_s"]], codes["channel"], self._wait_cuts())
        for name, cuts in bands.bins.items():
            codes[f"bin_{name}"] = band_numbers(values[numbers[name]], np.array(cuts, dtype=np.float64))
        codes["week"] = _week(started)
        codes["topic"] = np.where(codes["reason"] >= 0, codes["reason"], codes["entry_reason"])
        codes["later"] = self._later(codes)
        return codes

    def _wait_cuts(self) -> NDArray[np.float64]:
        """Cuts of the waits by code of the channel, shape (channel, cut); the last row is that of no channel."""
        waits, channels = self.asked.bands.waits, self.labels["channel"]
        cuts = np.full((len(channels) + 1, max((len(own) for own in waits.values()), default=0)), math.inf)
        for k, channel in enumerate(channels):
            own = waits.get(channel, ())
            cuts[k, : len(own)] = own
        return cuts

    def _later(self, codes: Mapping[str, _Codes]) -> _Codes:
        """What became of the issue, in the words of wait cells."""
        words = {"none": "no", "escalation": "escalated"}
        kinds = self.marks["later_kind"][1]
        known = np.array([_LATER.index(words.get(kind, "yes")) for kind in kinds], dtype=np.int8)[codes["later_kind"]]
        known = np.where(codes["censored"] > 0, np.int8(_LATER.index("censored")), known)
        return np.where(codes["anonymous"] > 0, np.int8(_LATER.index("unknown")), known)


def _week(started_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the week, Monday first: see `banded.banded_rows`."""
    return (started_us // _DAY_US - FIRST_MONDAY) // 7
