"""Seeded histories in which nothing is wrong, though agents, weeks, reasons and customers differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from planner.history import History, load_history

START = pd.Timestamp("2024-01-01")
CHANNELS = ("voice", "chat", "email")


def clean_contacts(
    seed: int,
    *,
    contacts: int = 24_000,
    weeks: int = 20,
    agents: int = 45,
    fatigue: Callable[[np.ndarray], np.ndarray] | None = None,
) -> pd.DataFrame:
    """Contacts of a random center without a defect.

    Response 12-40 %, differing by customer, week and agent; scores skewed to the top; unresolved contacts score lower
    and come back; agents differ in score, response and resolution. `fatigue`: factor on the response by days since
    the customer last answered (infinite: never).
    """
    rng = np.random.default_rng(seed)
    reasons = [f"r{k}" for k in range(int(rng.integers(4, 9)))]
    first = int(contacts * 0.85)
    customers = int(first / rng.uniform(2.0, 6.0))
    frame = pd.DataFrame(
        {
            "customer": rng.integers(0, customers, first),
            "day": rng.uniform(0, weeks * 7 - 1e-3, first),
            "reason": rng.choice(reasons, first, p=rng.dirichlet(np.full(len(reasons), 5.0))),
            "channel": rng.choice(CHANNELS, first, p=rng.dirichlet(np.full(3, 8.0))),
        }
    )
    by_reason = pd.Series(rng.normal(0, 0.4, len(reasons)), index=reasons)
    skill = rng.normal(0, 0.25, agents)
    frame = _worked(frame, rng, by_reason, skill)
    back = frame[~frame["solved"] & (rng.random(len(frame)) < 0.6)]
    back = back.assign(day=back["day"] + rng.exponential(2.0, len(back)))[["customer", "day", "reason", "channel"]]
    later = _worked(back[back["day"] < weeks * 7 - 1e-3], rng, by_reason, skill, lift=-0.3)
    frame = pd.concat([frame, later]).sort_values(["customer", "day"], ignore_index=True)
    frame = _answered(frame, rng, weeks, agents, customers, fatigue)
    frame = frame.sort_values("day", kind="stable", ignore_index=True)
    frame["contact_id"] = [f"c{k}" for k in range(len(frame))]
    return frame


def _worked(
    frame: pd.DataFrame, rng: np.random.Generator, by_reason: pd.Series, skill: np.ndarray, lift: float = 0.0
) -> pd.DataFrame:
    n = len(frame)
    code = frame["channel"].map(CHANNELS.index).to_numpy()
    agent = 3 * rng.integers(0, len(skill) // 3, n) + code
    ease, own = by_reason[frame["reason"]].to_numpy(), skill[agent]
    solved = rng.random(n) < 1 / (1 + np.exp(-(1.0 + ease + 0.6 * own)))
    wait = rng.lognormal(4.0, 0.8, n)
    latent = 1.6 + lift + 0.4 * ease + own + 1.2 * solved - 0.25 * (np.log(wait) - 4.0) + rng.normal(0, 1.3, n)
    score = 1 + np.searchsorted([0.2, 0.8, 1.5, 2.4], latent).astype(float)
    return frame.assign(agent=agent, solved=solved, wait_s=wait, score=score)


def _answered(
    frame: pd.DataFrame,
    rng: np.random.Generator,
    weeks: int,
    agents: int,
    customers: int,
    fatigue: Callable[[np.ndarray], np.ndarray] | None,
) -> pd.DataFrame:
    base = rng.uniform(0.12, 0.4)
    tilt = rng.normal(0, 0.5, customers)[frame["customer"]] + rng.normal(0, 0.15, agents)[frame["agent"]]
    tilt += rng.normal(0, 0.12, weeks)[(frame["day"] // 7).to_numpy(int)]
    p = 1 / (1 + np.exp(-(np.log(base / (1 - base)) + tilt)))
    draw = rng.random(len(frame))
    answered = np.zeros(len(frame), bool)
    rank = frame.groupby("customer").cumcount().to_numpy()
    last = np.full(customers, -np.inf)
    for k in range(rank.max() + 1):
        at = np.flatnonzero(rank == k)
        who, day = frame["customer"].to_numpy()[at], frame["day"].to_numpy()[at]
        factor = np.ones(len(at)) if fatigue is None else fatigue(day - last[who])
        answered[at] = draw[at] < p[at] * factor
        last[who[answered[at]]] = day[answered[at]]
    return frame.assign(csat=np.where(answered, frame["score"], np.nan))


def as_history(frame: pd.DataFrame, folder: Path, highest: float = 5.0) -> History:
    """Write contacts and load them as a user would."""
    out = pd.DataFrame(
        {
            "contact_id": frame["contact_id"],
            "customer_id": "k" + frame["customer"].astype(str),
            "started_at": (START + pd.to_timedelta(frame["day"], unit="D")).dt.floor("s"),
            "entry_reason": frame["reason"],
            "reason": frame["reason"],
            "channel": frame["channel"],
            "agent_id": "a" + frame["agent"].astype(str),
            "wait_s": frame["wait_s"],
            "handle_s": 300.0,
            "abandoned": False,
            "resolved": frame["solved"],
            "csat": frame["csat"],
        }
    )
    path = folder / "contacts.parquet"
    out.to_parquet(path, index=False)
    mapping = folder / "mapping.yaml"
    mapping.write_text(f"version: 1\nscales: {{csat: [1, {highest:g}]}}\n", encoding="utf-8")
    return load_history(path, mapping, salt="pepper")
