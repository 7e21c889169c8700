"""The states of the chains as one table for reading."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from planner.experience.journeys.issue_chain import IssueChain
from planner.experience.journeys.touchpoints import journey_map


def chain_state_table(steps: pd.DataFrame, chains: Mapping[str | None, IssueChain]) -> pd.DataFrame:
    """Tabulate what happens after each (channel, attempt).

    Returns `reason` (None: all), `channel`, `attempt` (3: third or later), `contacts` (whose issue could be followed),
    `p_goes_on, p_solved, p_gave_up` (by the chain: thin rows lean on all reasons), `next_s` (mean seconds to the next
    contact), `wait_s, score` (means as seen), `answers`, `cost` (of a contact, unit of the chain).
    """
    frames = []
    for reason, chain in chains.items():
        nodes = journey_map(steps, reason).nodes
        k = len(chain.states)
        seen = [nodes[state] for state in chain.states]
        frame = pd.DataFrame(
            {
                "reason": pd.Series([reason] * k, dtype=object),
                "channel": [channel for channel, _ in chain.states],
                "attempt": [attempt for _, attempt in chain.states],
                "contacts": [data["contacts"] for data in seen],
                "p_goes_on": chain.q.sum(axis=1),
                "p_solved": chain.rows[:, k],
                "p_gave_up": chain.rows[:, k + 1],
            }
        )
        for name in ("next_s", "wait_s", "score", "answers"):
            frame[name] = [data[name] for data in seen]
        frames.append(frame.assign(cost=chain.cost))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_COLUMNS)


_COLUMNS = [
    "reason",
    "channel",
    "attempt",
    "contacts",
    "p_goes_on",
    "p_solved",
    "p_gave_up",
    "next_s",
    "wait_s",
    "score",
    "answers",
    "cost",
]
