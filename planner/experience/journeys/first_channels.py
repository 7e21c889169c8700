"""What an issue comes to by the channel it begins in: contacts, cost, score, and the tax of going on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from planner.experience.journeys.absorbing import Floats
from planner.experience.journeys.issue_chain import ENDS, IssueChain
from planner.history.issue_steps import GAVE_UP, SOLVED

_TAIL = 0.05
_INTERVALS = ("contacts", "cost", "p_gave_up", "final_score", "tax_money", "tax_points")
_RANGES = {"contacts": (1.0, np.inf), "cost": (0.0, np.inf), "p_gave_up": (0.0, 1.0), "tax_money": (0.0, np.inf)}
_SOLVED, _GAVE_UP = ENDS.index(SOLVED), ENDS.index(GAVE_UP)


def first_channel_table(
    chains: Mapping[str | None, IssueChain], *, cost_unit: str, seed: int, draws: int = 300, design_effect: float = 1.0
) -> pd.DataFrame:
    """Tabulate issues per reason and first channel.

    The escalation tax of first channel s is g_s - c_s, what an issue costs beyond its first contact, and in points the
    score of those solved at the first contact less the final score. Rank by these, not by percent: the first contact of
    an automated channel costs next to nothing.

    Parameters
    ----------
    chains
        Reason (None: all) -> chain.
    design_effect
        See `IssueChain.draws`.

    Returns
    -------
    pandas.DataFrame
        `reason` (None: all), `channel`, `issues` (first contacts seen), `contacts, contacts_sd` (per issue; sd between
        issues), `cost, cost_sd, cost_unit`, `p_gave_up`, `final_score, final_score_sd`, `tax_money` (in `cost_unit`),
        `tax_points`, and 90 % intervals `<name>_lower, <name>_upper` of the means.
    """
    frames = [_of_chain(chain, seed, draws, design_effect) for chain in chains.values()]
    if not frames:
        names = [f"{name}{end}" for name in _INTERVALS for end in ("", "_lower", "_upper")]
        columns = ["reason", "channel", "issues", "contacts_sd", "cost_sd", "final_score_sd", *names, "cost_unit"]
        return pd.DataFrame(columns=columns)
    return pd.concat(frames, ignore_index=True).assign(cost_unit=cost_unit)


def widened(table: pd.DataFrame, variants: Sequence[Mapping[str | None, IssueChain]]) -> pd.DataFrame:
    """Widen the intervals of a table by how far its values lie from those of other chains for the same issues.

    Sampling error says nothing about what was assumed: `variants` hold the chains under other assumptions.
    """
    out = table.copy()
    keys = pd.MultiIndex.from_frame(table[["reason", "channel"]].fillna(""))
    for chains in variants:
        frames = [_points(chain) for chain in chains.values()]
        if not frames:
            continue
        other = pd.concat(frames, ignore_index=True)
        other.index = pd.MultiIndex.from_frame(other[["reason", "channel"]].fillna(""))
        for name in _INTERVALS:
            change = other[name].reindex(keys).to_numpy(float) - table[name].to_numpy(float)
            change = np.where(np.isnan(change), 0.0, change)
            lower = table[f"{name}_lower"] + np.minimum(change, 0.0)
            upper = table[f"{name}_upper"] + np.maximum(change, 0.0)
            least, most = _RANGES.get(name, (-np.inf, np.inf))
            out[f"{name}_lower"] = np.maximum(np.fmin(out[f"{name}_lower"], lower), least)
            out[f"{name}_upper"] = np.minimum(np.fmax(out[f"{name}_upper"], upper), most)
    return out


def _points(chain: IssueChain) -> pd.DataFrame:
    at = [k for k, (_, attempt) in enumerate(chain.states) if attempt == 1]
    point = chain.solved()
    return pd.DataFrame(
        {
            "reason": pd.Series([chain.reason] * len(at), dtype=object),
            "channel": list(chain.first_channels),
            "issues": chain.starts[at] * chain.issues,
            "contacts": point.contacts[at],
            "contacts_sd": point.contacts_sd[at],
            "cost": point.cost[at],
            "cost_sd": point.cost_sd[at],
            "p_gave_up": point.ends[at, _GAVE_UP],
            "final_score": point.final_score[at],
            "final_score_sd": point.final_score_sd[at],
            "tax_money": (point.cost - chain.cost)[at],
            "tax_points": (chain.score[:, _SOLVED] - point.final_score)[at],
        }
    )


def _of_chain(chain: IssueChain, seed: int, draws: int, design_effect: float) -> pd.DataFrame:
    at = [k for k, (_, attempt) in enumerate(chain.states) if attempt == 1]
    frame = _points(chain)
    drawn, cost, score = chain.draws(draws, seed, design_effect)
    samples: dict[str, Floats] = {
        "contacts": drawn.contacts,
        "cost": drawn.cost,
        "p_gave_up": drawn.ends[..., _GAVE_UP],
        "final_score": drawn.final_score,
        "tax_money": drawn.cost - cost,
        "tax_points": score[..., _SOLVED] - drawn.final_score,
    }
    for name in _INTERVALS:
        lower, upper = np.quantile(samples[name][:, at], [_TAIL, 1 - _TAIL], axis=0)
        frame[f"{name}_lower"], frame[f"{name}_upper"] = lower, upper
    return frame
