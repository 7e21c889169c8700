"""Effects of moves between channels where nothing but the scores of the channels is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.experience.model import Stage, Support
from planner.scenario.quantities import Provenance

MOVE_KEYS = ["reason", "segment", "from_channel", "to_channel"]
MOVE_COLUMNS = [
    *MOVE_KEYS, "effect", "sd", "lower", "upper", "support", "score", "p_return",
]  # fmt: skip
_Z90 = 1.6448536269514722


def stated_moves(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the moves of a model without history: those who move score like everybody in the new channel.

    effect = score(to) - score(from), sd = sqrt(sd(to)^2 + sd(from)^2) as the two statements are taken to be
    independent. A channel's score is the plain mean over its pools that may serve the type and have a score.
    A channel without a score yields no effect (NaN), and support none when it is the one moved into.
    """
    channel = channel_scores(outcomes)
    keys = ["reason", "segment"]
    pairs = channel.merge(channel, on=keys, suffixes=("_from", "_to"))
    pairs = pairs[pairs["channel_from"] != pairs["channel_to"]].reset_index(drop=True)
    effect = pairs["score_to"] - pairs["score_from"]
    sd = np.sqrt(pairs["score_sd_to"] ** 2 + pairs["score_sd_from"].fillna(0.0) ** 2)
    return pd.DataFrame(
        {
            "reason": pairs["reason"],
            "segment": pairs["segment"],
            "from_channel": pairs["channel_from"],
            "to_channel": pairs["channel_to"],
            "effect": effect,
            "sd": sd,
            "lower": effect - _Z90 * sd,
            "upper": effect + _Z90 * sd,
            "support": np.where(pairs["score_to"].notna(), Support.OK.value, Support.NONE.value),
            "score": pairs["score_to"],
            "p_return": pairs["p_return_to"],
        },
        columns=MOVE_COLUMNS,
    )


def spoken_moves(moves: pd.DataFrame, outcomes: pd.DataFrame) -> NDArray[np.bool_]:
    """Say of each move whether the scenario itself states the first score of all pools of the channel moved into."""
    first = outcomes[outcomes["stage"] == Stage.FIRST.value]
    keys = ["reason", "segment", "channel"]
    stated = first.assign(own=first["source"] == Provenance.STATED.value).groupby(keys)["own"].all()
    index = pd.MultiIndex.from_frame(moves[["reason", "segment", "to_channel"]])
    return np.asarray(stated.reindex(index, fill_value=False).to_numpy(bool))


def channel_scores(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Average the first-stage outcomes over the pools of a channel: `score, score_sd, p_return` per type."""
    first = outcomes[outcomes["stage"] == Stage.FIRST.value]
    keys = ["reason", "segment", "channel"]
    return first.groupby(keys, sort=False, as_index=False)[["score", "score_sd", "p_return"]].mean()
