"""The chain of contacts of an issue: who comes back or is handed over, and how often until it ends."""

from __future__ import annotations

from typing import cast

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls

from planner.experience.model import Stage

ENDED = "ended"
_MIN_EXIT = 0.01
_PAIR = ("reason", "channel")


def next_contact_chain(outcomes: pd.DataFrame, returns: pd.DataFrame, escalations: pd.DataFrame) -> nx.DiGraph:
    """Build the absorbing chain over (reason, channel, stage) from the probabilities of each contact.

    Of the served contacts a share `p_escalate` goes on as escalated in the channels of `escalations`; of the others
    `p_return` goes on as returned by `returns`; the rest ends. Segments and pools are averaged, weighted by
    n_contacts (plainly where history has none). Abandoned contacts are not in the chain: waiting decides on them.

    Edges carry `probability` and `contacts` (n_contacts times probability, 0 without history).
    """
    states = _state_means(outcomes)
    chain = nx.DiGraph()
    for key, row in states.items():
        chain.add_node(key, contacts=row["n"])
    chain.add_node(ENDED)
    handed = _targets(escalations, ["channel"], ["to_channel"])
    back = _targets(returns, ["reason", "channel"], ["to_reason", "to_channel"])
    for (reason, channel, stage), row in states.items():
        leaving: dict[object, float] = {}
        for (to_channel,), share in handed.get((channel,), []):
            _add(leaving, (reason, to_channel, Stage.ESCALATED.value), row["p_escalate"] * share)
        for (to_reason, to_channel), share in back.get((reason, channel), []):
            went = (1 - row["p_escalate"]) * row["p_return"] * share
            _add(leaving, (to_reason, to_channel, Stage.RETURNED.value), went)
        leaving = {node: p for node, p in leaving.items() if p > 0 and node in states}
        total = sum(leaving.values())
        shrink = min(1.0, (1 - _MIN_EXIT) / total) if total > 0 else 1.0
        for node, p in leaving.items():
            chain.add_edge((reason, channel, stage), node, probability=p * shrink, contacts=row["n"] * p * shrink)
        ends = 1 - total * shrink
        chain.add_edge((reason, channel, stage), ENDED, probability=ends, contacts=row["n"] * ends)
    return chain


def _add(leaving: dict[object, float], node: object, probability: float) -> None:
    leaving[node] = leaving.get(node, 0.0) + probability


def _state_means(outcomes: pd.DataFrame) -> dict[tuple[str, str, str], dict[str, float]]:
    frame = outcomes[outcomes["stage"] != Stage.REDIALED.value]
    keys = ["reason", "channel", "stage"]
    state = frame.groupby(keys, sort=False).ngroup().to_numpy()
    contacts = frame["n_contacts"].to_numpy(float)
    total = np.bincount(state, weights=contacts)
    weight = np.where(total[state] > 0, contacts, 1.0)
    shares = [frame[name].fillna(0.0).to_numpy(float) for name in ("p_escalate", "p_return")]
    means = [np.bincount(state, weights=weight * share) / np.bincount(state, weights=weight) for share in shares]
    labels = frame[keys].astype(str).drop_duplicates().itertuples(index=False, name=None)
    return {
        cast("tuple[str, str, str]", key): {"n": float(n), "p_escalate": float(handed), "p_return": float(back)}
        for key, n, handed, back in zip(labels, total, *means, strict=True)
    }


def _targets(
    frame: pd.DataFrame, by: list[str], to: list[str]
) -> dict[tuple[str, ...], list[tuple[tuple[str, ...], float]]]:
    found: dict[tuple[str, ...], list[tuple[tuple[str, ...], float]]] = {}
    for row in frame[[*by, *to, "share"]].itertuples(index=False, name=None):
        found.setdefault(row[: len(by)], []).append((row[len(by) : -1], float(row[-1])))
    return found


def transitions(chain: nx.DiGraph) -> tuple[list[tuple[str, str, str]], NDArray[np.float64]]:
    """Return the transient states and their matrix Q, shape (state, state), probabilities."""
    states = [node for node in chain.nodes if node != ENDED]
    matrix = nx.to_numpy_array(chain, nodelist=states, weight="probability", nonedge=0.0)
    return states, np.asarray(matrix, dtype=float)


def contacts_per_issue(chain: nx.DiGraph) -> pd.DataFrame:
    """Return the expected contacts of an issue that starts in each (reason, channel).

    t = (I - Q)^-1 1 with Q the transient block (Kemeny & Snell 1960, theorem 3.2.4), read at the first stage.
    Columns `reason, channel, contacts_per_issue`.
    """
    states, q = transitions(chain)
    expected = np.linalg.solve(np.eye(len(states)) - q, np.ones(len(states)))
    rows = [
        (reason, channel, float(t))
        for (reason, channel, stage), t in zip(states, expected, strict=True)
        if stage == Stage.FIRST.value
    ]
    return pd.DataFrame(rows, columns=["reason", "channel", "contacts_per_issue"])


def spectral_radius(chain: nx.DiGraph) -> float:
    """Return the largest modulus of the eigenvalues of Q: below 1 every issue ends, 0.6 is the design's bar."""
    _, q = transitions(chain)
    return float(np.max(np.abs(np.linalg.eigvals(q)), initial=0.0))


def first_contact_ratio(chain: nx.DiGraph, contacts: pd.DataFrame) -> pd.DataFrame:
    """Split contacts into first contacts and repeats: the share of first contacts per (reason, channel).

    With N = (I - Q)^-1 the contacts n follow from the issues f as n_j = sum_i f_i N[(i, first), (j, any stage)];
    f is the non-negative least-squares solution (Lawson & Hanson 1974), scaled so that its contacts add up to n.

    Parameters
    ----------
    contacts
        Columns `reason, channel, contacts`, repeats included.

    Returns
    -------
    pandas.DataFrame
        Columns `reason, channel, ratio` (issues per contact, 0 where there are no contacts).
    """
    states, q = transitions(chain)
    visits = np.linalg.inv(np.eye(len(states)) - q)
    pairs = list(dict.fromkeys((reason, channel) for reason, channel, _ in states))
    place = {pair: k for k, pair in enumerate(pairs)}
    member = np.zeros((len(states), len(pairs)))
    for k, (reason, channel, _) in enumerate(states):
        member[k, place[reason, channel]] = 1.0
    starts = [states.index((reason, channel, Stage.FIRST.value)) for reason, channel in pairs]
    spread = visits[starts] @ member
    counted = contacts.groupby(["reason", "channel"])["contacts"].sum()
    n = np.asarray([float(counted.get(pair, 0.0)) for pair in pairs])
    issues, _ = nnls(spread.T, n)
    issues = np.where(n > 0, issues, 0.0)
    total = float((issues @ spread).sum())
    if total > 0:
        issues *= n.sum() / total
    ratio = np.divide(issues, n, out=np.zeros_like(n), where=n > 0)
    return pd.DataFrame([(*pair, float(x)) for pair, x in zip(pairs, ratio, strict=True)], columns=[*_PAIR, "ratio"])
