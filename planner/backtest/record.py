"""The backtest as a run keeps it: two tables, and what must be said beside them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.backtest.center import facts_of
from planner.backtest.rolling import Backtest, BacktestSettings, Past, predict
from planner.scenario import Scenario

OF_A_RUN = BacktestSettings(weeks=4, worlds=39, known_volume=False)
"""Cheap enough for every run; the command `backtest` predicts the same and adds what the volume seen would give."""


@dataclass(frozen=True)
class BacktestRecord:
    """`tables` of a run (`backtest`, `backtest_intervals`) and `facts`: weeks, roster, notes, refused."""

    tables: Mapping[str, pd.DataFrame]
    facts: Mapping[str, Any]


def record_of(found: Backtest) -> BacktestRecord:
    """Arrange a backtest for a run directory."""
    facts = {"weeks": list(found.weeks), "roster": dict(found.roster), "notes": list(found.notes), "refused": None}
    return BacktestRecord({"backtest": found.summary, "backtest_intervals": found.intervals}, facts)


def look_back(scenario: Scenario, past: Past | str, *, seed: int, executor: Executor | None = None) -> BacktestRecord:
    """Backtest the history of a scenario for a run; `past` says what it holds, or why that is too little."""
    if isinstance(past, str):
        return BacktestRecord({}, {"weeks": [], "roster": {}, "notes": [], "refused": past})
    return record_of(predict(past, facts_of(scenario), OF_A_RUN, seed=seed, executor=executor))
