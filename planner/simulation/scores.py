"""CX as simulated: what every ended contact is worth, from the tables of a run, and its mean per issue."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.frontier.frontier import Plan
from solvers.simulation import SimulationResult
from solvers.simulation.network import Scores
from solvers.simulation.state import Ending

Ints = NDArray[np.int64]

ENDED = 0.8  # share of the issues that must end, for those still open are scored as if they were worth nothing


def scores_of(tables: Mapping[str, pd.DataFrame], node: Ints, pool: Ints, shape: tuple[int, int]) -> Scores | None:
    """Lay out what contacts are worth for the simulator; None for runs that do not hold it.

    Served contacts count with what the run expects of their class and pool – their own outcome would only add noise –
    and pay for the wait they really had.

    Parameters
    ----------
    tables
        `center_flows` of the plan's initiatives and `center_waits`.
    node, pool
        Class and pool of each row of `center_flows`.
    shape
        Number of classes and of pools.
    """
    flows = tables["center_flows"]
    if "center_waits" not in tables or "points" not in flows:
        return None
    served, lost, curve = np.zeros(shape), np.zeros(shape), np.full(shape, -1, dtype=np.int64)
    weight = flows["weight"].to_numpy(float)
    served[node, pool] = flows["points"].to_numpy(float) * weight
    lost[node, pool] = flows["lost_points"].to_numpy(float) * weight
    known = {key: part for key, part in tables["center_waits"].groupby(["pool", "reason", "segment"], sort=False)}
    width = max((len(part) for part in known.values()), default=1)
    rows: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    keys = flows[["pool", "reason", "segment"]].itertuples(index=False, name=None)
    for f, (key, share) in enumerate(zip(keys, flows["final_share"].to_numpy(float) * weight, strict=True)):
        if key in known:
            knots, bend = np.zeros(width), np.zeros(width)
            part = known[key]
            knots[: len(part)], bend[: len(part)] = part["knot_s"], part["bend"] * share
            curve[node[f], pool[f]] = len(rows)
            rows.append((knots, bend))
    knots_s = np.array([row[0] for row in rows]).reshape(len(rows), width)
    return Scores(served, lost, curve, knots_s, np.array([row[1] for row in rows]).reshape(len(rows), width))


def score_table(found: SimulationResult, nodes: pd.DataFrame, flows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """CX of the whole and per segment, beside the plan's.

    Returns `segment` ("": all), `issues` (simulated, as counted in CX), `cx`, `half_width` (of the ratio of points to
    issues over replications), `cx_plan`, and for all `cx_low, cx_high`: the plan's own interval, by what is not known
    of scores; no rows where nothing was scored, the plan does not say its CX, or so many issues never end, because a
    queue grows without end, that a mean of those that do says nothing.
    """
    columns = ["segment", "issues", "cx", "half_width", "cx_plan", "cx_low", "cx_high"]
    if "weight" not in flows or "segments" not in plan.tables or not found.endings[..., Ending.POINTS].any():
        return pd.DataFrame(columns=columns)
    weight = flows.groupby(["reason", "segment"])["weight"].first()
    of_class = weight.reindex(pd.MultiIndex.from_frame(nodes[["reason", "segment"]])).to_numpy(float)
    entered = float(found.endings[..., Ending.EXTERNAL].sum())
    if found.endings[..., (Ending.SERVED_LAST, Ending.LOST_LAST)].sum() < ENDED * entered:
        return pd.DataFrame(columns=columns)
    points, issues = found.endings[..., Ending.POINTS], found.endings[..., Ending.EXTERNAL] * of_class
    said = plan.segments.set_index("segment")
    rows = []
    for segment in ("", *said.index):
        here = np.ones(len(nodes), dtype=bool) if segment == "" else (nodes["segment"] == segment).to_numpy()
        estimate = found.ratio(points[:, here].sum(axis=1), issues[:, here].sum(axis=1))
        own = said if segment == "" else said.loc[[segment]]
        planned = float(np.average(own["cx"], weights=own["issues"])) if own["issues"].sum() > 0 else np.nan
        counted = float(issues[:, here].sum(axis=1).mean()) / found.cycles
        own_ends = [plan.summary.get(name, np.nan) if segment == "" else np.nan for name in columns[-2:]]
        rows.append((segment, counted, float(estimate.mean), float(estimate.half_width), planned, *own_ends))
    return pd.DataFrame(rows, columns=columns)
