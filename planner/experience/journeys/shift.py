"""What moving first contacts from one channel to another does to the cost of an issue and to the volume of channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.experience.journeys.issue_chain import IssueChain

_TAIL = 0.05


@dataclass(frozen=True)
class Shift:
    """Changes per issue of the reason, all issues counted, with 90 % intervals.

    Attributes
    ----------
    cost, cost_lower, cost_upper
        Change of the mean cost of an issue, in the unit of the chain's costs.
    final_score, final_score_lower, final_score_upper
        Change of the mean final score, scale points.
    volume
        DataFrame `channel, contacts, lower, upper`: change of the contacts per issue in each channel.
    """

    cost: float
    cost_lower: float
    cost_upper: float
    final_score: float
    final_score_lower: float
    final_score_upper: float
    volume: pd.DataFrame


def shift_first_contacts(
    chain: IssueChain,
    from_channel: str,
    to_channel: str,
    share: float,
    *,
    adjusted: IssueChain | None = None,
    seed: int = 0,
    draws: int = 300,
) -> Shift:
    """Move a share of a reason's issues to begin in another channel.

    With N = (I - Q)^-1: cost changes by x (g_b - g_a), the contacts of each channel by x (N_b - N_a).

    Parameters
    ----------
    chain
        What happens today.
    share
        x, share of all issues of the reason, at most the share that begins in `from_channel`.
    adjusted
        What happens to the moved once they begin in `to_channel` (`issue_chain.with_first_rows` of the chain); left
        out, they are taken to be like those who use it today, which they seldom are.

    Raises
    ------
    ValueError
        If a channel has no first contacts, or more is moved than begins there.
    """
    a, b = chain.state(from_channel), chain.state(to_channel)
    if not 0 <= share <= chain.starts[a] + 1e-9:
        found = f"{share:.3g} of the issues cannot move from {from_channel!r}: {chain.starts[a]:.3g} begin there"
        raise ValueError(f"{found}; give a share between 0 and that")
    moved = chain if adjusted is None else adjusted
    if moved.states != chain.states:
        raise ValueError("the adjusted chain has other states; build it with with_first_rows from the same chain")
    now, then = chain.solved(), moved.solved()
    # The same draws on both sides: what the later rows share does not blur the difference.
    now_draws, then_draws = chain.draws(draws, seed)[0], moved.draws(draws, seed)[0]
    cost = _interval(share * (then_draws.cost[:, b] - now_draws.cost[:, a]))
    score = _interval(share * (then_draws.final_score[:, b] - now_draws.final_score[:, a]))
    channels = sorted({channel for channel, _ in chain.states})
    member = np.asarray([[float(channel == name) for name in channels] for channel, _ in chain.states])
    volume = share * (then.visits[b] - now.visits[a]) @ member
    lower, upper = _interval(share * (then_draws.visits[:, b] - now_draws.visits[:, a]) @ member)
    return Shift(
        cost=float(share * (then.cost[b] - now.cost[a])),
        cost_lower=float(cost[0]),
        cost_upper=float(cost[1]),
        final_score=float(share * (then.final_score[b] - now.final_score[a])),
        final_score_lower=float(score[0]),
        final_score_upper=float(score[1]),
        volume=pd.DataFrame({"channel": channels, "contacts": volume, "lower": lower, "upper": upper}),
    )


def _interval(samples: np.ndarray) -> np.ndarray:
    return np.quantile(samples, [_TAIL, 1 - _TAIL], axis=0)
