"""Which pool may serve which contact type, as the scenario says; not how well it does."""

from __future__ import annotations

import pandas as pd

from planner.scenario import Scenario

SERVING_COLUMNS = ["reason", "segment", "channel", "pool"]


def serving_table(scenario: Scenario) -> pd.DataFrame:
    """List every type a pool may serve: `reason, segment, channel, pool`, in file order.

    A pool serves the reasons and segments it names (all where it names none), in its one channel; an automated
    pool never serves a must-human reason.
    """
    rows = [
        (reason, segment, pool.channel, key)
        for reason, segment in scenario.types
        for key, pool in scenario.pools.items()
        if (pool.reasons is None or reason in pool.reasons)
        and (pool.segments is None or segment in pool.segments)
        and (pool.staffed or not scenario.reasons[reason].must_human)
    ]
    return pd.DataFrame(rows, columns=SERVING_COLUMNS)
