"""What a simulation must know of a center beside the plan, as tables of the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.experience.model import STAGES
from planner.operation.problem import FlowProblem
from solvers.flow.network import Queue

NODE = ["reason", "segment", "from_channel", "steer", "channel", "stage"]
"""Columns that name a class of contacts; `from_channel` and `steer` are "" for later contacts and those who stayed."""

MEASURES = ("service_level", "asa_s", "abandon_rate", "deadline_kept")


def center_tables(problems: Sequence[FlowProblem]) -> dict[str, pd.DataFrame]:
    """Return the tables `center_pools`, `center_flows`, `center_next`, `center_promises` and `center_waits`.

    Together with a plan's rules and staffing and the run's demand they are all that is simulated. The second and third
    hold rows of each problem, which differ by the `initiatives` in force; the others are the same for all.
    """
    first = problems[0]
    return {
        "center_pools": _pools(first),
        "center_flows": _of_each(problems, _flows),
        "center_next": _of_each(problems, _next),
        "center_promises": _promises(first),
        "center_waits": _waits(first),
    }


def _of_each(problems: Sequence[FlowProblem], make: Callable[[FlowProblem], pd.DataFrame]) -> pd.DataFrame:
    named = [make(problem).assign(initiatives=", ".join(problem.initiatives)) for problem in problems]
    return pd.concat(named, ignore_index=True)


def _pools(problem: FlowProblem) -> pd.DataFrame:
    pools = problem.network.pools
    frame = pd.DataFrame(
        {
            "pool": problem.pools,
            "queue": [Queue(q).name.lower() for q in pools.queue],
            "patience_s": np.where(pools.waits, pools.patience_s, np.inf),
            "redial": pools.redial,
            "deadline_s": pools.deadline_s,
        }
    )
    for k in range(pools.chat_speed.shape[1]):
        frame[f"speed_{k + 1}"] = pools.chat_speed[:, k] if k else np.nan_to_num(pools.chat_speed[:, 0], nan=1.0)
    return frame


def _nodes(problem: FlowProblem) -> pd.DataFrame:
    nodes = problem.network.nodes
    return pd.DataFrame(
        {
            "reason": [problem.types[k][0] for k in nodes.kind],
            "segment": [problem.types[k][1] for k in nodes.kind],
            "from_channel": [problem.channels[a] if a >= 0 else "" for a in nodes.natural],
            "steer": [problem.steers[s] if s >= 0 else "" for s in nodes.steer],
            "channel": [problem.channels[c] for c in nodes.channel],
            "stage": [str(STAGES[e]) for e in nodes.stage],
        }
    )[NODE]


def _flows(problem: FlowProblem) -> pd.DataFrame:
    """Return one row per class and pool that may serve it; `redial_stage`: the stage of those who try again."""
    network = problem.network
    flows, nodes = network.flows, network.nodes
    frame = _nodes(problem).iloc[flows.node].reset_index(drop=True)
    frame["acceptance"] = nodes.acceptance[flows.node]
    frame["pool"] = [problem.pools[g] for g in flows.pool]
    frame["aht_s"] = flows.aht_s
    frame["redial_stage"] = [str(STAGES[nodes.stage[n]]) for n in network.redial_to]
    return frame.assign(**_points(problem))


def _points(problem: FlowProblem) -> dict[str, NDArray[np.float64]]:
    """Return what contacts of a row are worth in points of CX, as the evaluator counts them.

    `points` of a served one at zero wait, `lost_points` of an abandoned one, `final_share` of served ones that pay for
    their wait, and the `weight` of the issue; later contacts have their effort taken off.
    """
    network = problem.network
    flows = network.flows
    effort = np.where(network.nodes.stage[flows.node] == 0, 0.0, network.effort)
    solved = (1 - flows.escalate) * flows.resolve
    given_up = (1 - flows.escalate) * (1 - flows.resolve) * (1 - flows.comeback)
    return {
        "points": solved * np.nan_to_num(flows.score) + given_up * network.score_given_up - effort,
        "lost_points": (1 - network.pools.redial[flows.pool]) * network.score_abandoned - effort,
        "final_share": flows.final_share,
        "weight": network.issue_weight[network.flow_kind],
    }


def _waits(problem: FlowProblem) -> pd.DataFrame:
    """Return the curves of what waiting costs, as changes of slope in points per second."""
    network = problem.network
    pair, knot = np.nonzero(network.wait_bend)
    return pd.DataFrame(
        {
            "pool": [problem.pools[g] for g in network.pair_pool[pair]],
            "reason": [problem.types[k][0] for k in network.pair_kind[pair]],
            "segment": [problem.types[k][1] for k in network.pair_kind[pair]],
            "knot_s": network.wait_knots_s[pair, knot],
            "bend": network.wait_bend[pair, knot],
        }
    )


def _next(problem: FlowProblem) -> pd.DataFrame:
    """Return the later contacts that follow served ones, as shares of the served of a row of `center_flows`."""
    network = problem.network
    nodes = _nodes(problem)
    frame = pd.DataFrame({"flow": network.served_from, "share": network.served_share})
    for name in ("reason", "segment", "channel", "stage"):
        frame[f"to_{name}"] = nodes[name].to_numpy()[network.served_to]
    return frame


def _promises(problem: FlowProblem) -> pd.DataFrame:
    promises = problem.instance.promises
    promise, pool = np.nonzero(promises.pools)
    return pd.DataFrame(
        {
            "promise": [problem.promise_names[k] for k in promise],
            "pool": [problem.pools[g] for g in pool],
            "measure": [MEASURES[promises.measure[k]] for k in promise],
            "target": promises.target[promise],
            "within_s": promises.within_s[promise],
            "period_intervals": promises.period_intervals[promise],
        }
    )
