"""What a backtest needs of a history, read from it; and the backtest of a history."""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np

from planner.backtest.center import CenterFacts, facts_of
from planner.backtest.rolling import MOST_CALLS, Backtest, BacktestSettings, Past, predict
from planner.backtest.roster import roster_of
from planner.backtest.seen import Seen, monday_of, seen_intervals
from planner.errors import HistoryError, Issue
from planner.history import History
from planner.history.seen import DAY_S, agent_calls, handle_counts, interval_counts, wait_counts
from planner.scenario import Scenario


def backtest(
    history: History,
    facts: CenterFacts,
    settings: BacktestSettings | None = None,
    *,
    seed: int,
    executor: Executor | None = None,
) -> Backtest:
    """Predict each of the last complete weeks of a history from what came before it, and compare.

    Volume is forecast as the planner does; service times as measured and Kaplan–Meier patience make the queues, which
    are simulated with the agents who really stood there; handle times and scores are the means of the weeks before.

    Parameters
    ----------
    history
        Past contacts, two complete weeks (Monday to Sunday) at least.
    facts
        Pools, opening hours and stated staffing, see `facts_of`.
    seed
        Seed of the simulated weeks; the same seed gives the same result with any executor.

    Raises
    ------
    HistoryError
        Fewer than two complete weeks.
    """
    return predict(read_past(history, facts), facts, settings or BacktestSettings(), seed=seed, executor=executor)


def past_of(scenario: Scenario, history: History) -> Past | str:
    """Read what a backtest of a run needs; where that is too little, say so: no reason to stop a run."""
    try:
        return read_past(history, facts_of(scenario))
    except HistoryError as err:
        return err.issues[0].message


def read_past(history: History, facts: CenterFacts) -> Past:
    """Read what a backtest needs.

    Raises
    ------
    HistoryError
        Fewer than two complete weeks.
    """
    score = facts.score if facts.score in history.contacts.columns else ""
    within = {pool.name: pool.within_s for pool in facts.pools}
    counts = interval_counts(history, interval_min=facts.interval_min, within_s=within, score=score)
    seen = seen_intervals(counts, facts)
    if len(seen.weeks) < 2:
        message = (
            f"{len(seen.weeks)} complete weeks (Monday to Sunday); a backtest needs at least two: one to learn from, "
            "one to predict"
        )
        raise HistoryError([Issue(history.quality.source, None, None, "", message)])
    staffing = None if history.staffing is None else history.staffing.execute()
    named = set() if staffing is None else set(staffing["pool"])
    calls = None
    if any(pool.live and pool.name not in named for pool in facts.pools) and _few_enough(seen):
        first = int(monday_of(seen.weeks[0]).astype("datetime64[s]").astype(np.int64)) // DAY_S
        calls = agent_calls(history, first)
    roster = roster_of(staffing, calls, facts, seen.weeks)
    return Past(score, seen, handle_counts(history), wait_counts(history), calls, roster)


def _few_enough(seen: Seen) -> bool:
    return float(seen.count("contacts").sum()) <= MOST_CALLS
