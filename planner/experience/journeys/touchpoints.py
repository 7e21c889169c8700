"""The journey map: touchpoints as nodes, what follows as edges, with volumes, friction and drop-out."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd

from planner.history.issue_steps import GAVE_UP, GOES_ON, MOST_ATTEMPTS, SOLVED

START = "start"
LAST_COLUMN = MOST_ATTEMPTS + 1


def journey_map(steps: pd.DataFrame, reason: str | None = None) -> nx.DiGraph:
    """Build the map of one reason, or of all (None), from contacts whose issue could be followed.

    Nodes: `start`, (channel, attempt) and the ends `solved` and `gave_up`. A touchpoint carries `kind` = touchpoint,
    `channel, attempt`, `contacts`, `goes_on` and `drop_out` (shares of its contacts that are followed by another, and
    that gave up there), `next_s` (mean seconds to the next contact), `wait_s`, `score` (means; NaN where unknown),
    `answers`, and `friction`: contacts that go on beyond what the mean share of their attempt would give (contacts).
    Edges carry `contacts` and `probability` (share of the contacts of their origin).

    Parameters
    ----------
    steps
        As from `planner.history.issue_steps.issue_steps`.
    """
    known = steps[~steps["anonymous"].astype(bool) & ~steps["censored"].astype(bool)]
    known = known if reason is None else known[known["reason"] == reason]
    graph = nx.DiGraph(reason=reason)
    graph.add_node(START, kind="start", contacts=0.0)
    for end in (SOLVED, GAVE_UP):
        graph.add_node(end, kind="end", contacts=0.0)
    _add_touchpoints(graph, known)
    _add_edges(graph, known)
    for end in (START, SOLVED, GAVE_UP):
        degree = graph.out_degree(end, "contacts") if end == START else graph.in_degree(end, "contacts")
        graph.nodes[end]["contacts"] = float(degree)
    return graph


def worst_friction(graph: nx.DiGraph) -> tuple[str, int] | None:
    """Return the touchpoint with the most friction, or None where nothing goes on."""
    nodes = [(data["friction"], data["goes_on"] * data["contacts"], node) for node, data in _touchpoints(graph)]
    return max(nodes)[2] if nodes and max(on for _, on, _ in nodes) > 0 else None


def map_layout(graph: nx.DiGraph) -> pd.DataFrame:
    """Lay the map out as plain columns: attempts as columns, channels as rows, the busiest first.

    Returns `node` (text), `kind, channel, attempt, column` (0 start, 1-3 attempts, 4 ends), `row`, and what the nodes
    carry.
    """
    volume: dict[str, float] = {}
    for _, data in _touchpoints(graph):
        volume[data["channel"]] = volume.get(data["channel"], 0.0) + data["contacts"]
    order = {name: k for k, name in enumerate(sorted(volume, key=lambda name: (-volume[name], name)))}
    rows = []
    for node, data in graph.nodes(data=True):
        touch = data["kind"] == "touchpoint"
        column = data["attempt"] if touch else (0 if node == START else LAST_COLUMN)
        text = f"{data['channel']} {data['attempt']}" if touch else str(node)
        row = order[data["channel"]] if touch else int(node == GAVE_UP)
        rows.append({"node": text, "column": column, "row": row, **data})
    return pd.DataFrame(rows).sort_values(["column", "row"], ignore_index=True)


def map_edges(graph: nx.DiGraph) -> pd.DataFrame:
    """List the edges as plain columns: `origin, target` (as `node` in the layout), `contacts, probability`."""
    rows = [
        (_text(origin), _text(target), data["contacts"], data["probability"])
        for origin, target, data in graph.edges(data=True)
    ]
    return pd.DataFrame(rows, columns=["origin", "target", "contacts", "probability"])


def _text(node: str | tuple[str, int]) -> str:
    return node if isinstance(node, str) else f"{node[0]} {node[1]}"


def _touchpoints(graph: nx.DiGraph) -> list[tuple[tuple[str, int], dict]]:
    return [(node, data) for node, data in graph.nodes(data=True) if data["kind"] == "touchpoint"]


def _add_touchpoints(graph: nx.DiGraph, steps: pd.DataFrame) -> None:
    frame = steps.assign(
        on=steps["contacts"].where(steps["then"] == GOES_ON, 0),
        lost=steps["contacts"].where(steps["then"] == GAVE_UP, 0),
    )
    sums = ["contacts", "on", "lost", "n_gap", "sum_gap_s", "n_wait", "sum_wait_s", "answers", "s1"]
    frame = frame.groupby(["attempt", "channel"])[sums].sum().astype(float)
    by_attempt = frame.groupby("attempt")[["on", "contacts"]].sum()
    usual = by_attempt["on"] / by_attempt["contacts"]
    for (attempt, channel), row in zip(frame.index, frame.to_dict("records"), strict=True):
        graph.add_node(
            (str(channel), int(attempt)),
            kind="touchpoint",
            channel=str(channel),
            attempt=int(attempt),
            contacts=row["contacts"],
            goes_on=row["on"] / row["contacts"],
            drop_out=row["lost"] / row["contacts"],
            next_s=_mean(row["sum_gap_s"], row["n_gap"]),
            wait_s=_mean(row["sum_wait_s"], row["n_wait"]),
            score=_mean(row["s1"], row["answers"]),
            answers=row["answers"],
            friction=row["on"] - row["contacts"] * float(usual[attempt]),
        )


def _add_edges(graph: nx.DiGraph, steps: pd.DataFrame) -> None:
    begun = steps[steps["attempt"] == 1].groupby("channel")["contacts"].sum().astype(float)
    for channel, n in begun.items():
        graph.add_edge(START, (str(channel), 1), contacts=float(n), probability=float(n / begun.sum()))
    keys = ["channel", "attempt", "then", "next_channel"]
    flows = steps.groupby(keys, dropna=False)["contacts"].sum().reset_index()
    for channel, attempt, then, following, n in flows.itertuples(index=False, name=None):
        origin = (str(channel), int(attempt))
        after = (str(following), min(int(attempt) + 1, MOST_ATTEMPTS))
        if then == GOES_ON and after not in graph:
            # Seen only as what follows: its own contacts are too young to tell what came after them.
            unknown = dict.fromkeys(("next_s", "wait_s", "score"), np.nan)
            zero = dict.fromkeys(("contacts", "goes_on", "drop_out", "answers", "friction"), 0.0)
            graph.add_node(after, kind="touchpoint", channel=after[0], attempt=after[1], **zero, **unknown)
        target = after if then == GOES_ON else then
        share = float(n) / graph.nodes[origin]["contacts"]
        graph.add_edge(origin, target, contacts=float(n), probability=share)


def _mean(total: float, n: float) -> float:
    return total / n if n > 0 else float("nan")
