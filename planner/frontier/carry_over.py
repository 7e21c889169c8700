"""Plans shown in detail, once more with carry-over: every half hour starts with what the one before left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from planner.frontier.shown import Shown, periods
from planner.frontier.tables import SHOWN_WITHIN_S, per_interval, stack
from solvers.flow.carry_over import CarriedWaits, carried_promises, carried_waits, carries_over


def carry_over_tables(shown: Sequence[Shown]) -> dict[str, pd.DataFrame]:
    """Return the tables `carry_over` and `carry_over_promises` of Today and the named plans.

    Search, certificate, objectives and promises rest on the stationary formulas of every half hour; these figures
    stand beside them.
    """
    followed = [
        carried_waits(view.problem.network, view.decision, view.evaluation.state, SHOWN_WITHIN_S) for view in shown
    ]
    return {
        "carry_over": stack([_intervals(view, waits) for view, waits in zip(shown, followed, strict=True)]),
        "carry_over_promises": stack([_promises(view, waits) for view, waits in zip(shown, followed, strict=True)]),
    }


def _intervals(shown: Shown, found: CarriedWaits) -> pd.DataFrame:
    """Live voice pools per interval; service level within 20 s, as in the table `service`."""
    members = np.flatnonzero(carries_over(shown.problem.network))
    columns = {
        "offered": shown.evaluation.state.arrivals.sum(axis=1),
        "asa_s": found.wait_s,
        "service_level": found.level,
        "abandon_rate": found.lost,
    }
    frame = per_interval(shown, members, columns)
    here = np.ix_(members, shown.problem.network.opened)
    frame["method"], frame["advised"] = found.method[here].ravel(), found.advised[here].ravel()
    return frame


def _promises(shown: Shown, waits: CarriedWaits) -> pd.DataFrame:
    """Promises that live voice pools take part in, in every period."""
    problem = shown.problem
    found = carried_promises(problem.network, problem.instance.promises, shown.decision, shown.evaluation.state, waits)
    rows = [
        (shown.key, problem.promise_names[k], label, float(value))
        for k, values in enumerate(found)
        if values is not None
        for label, value in periods(problem, k, values)
    ]
    return pd.DataFrame(rows, columns=["plan", "promise", "period", "value"])
