"""The agent index finds real differences, refuses luck, and ranks by resolutions per hour."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.errors import PlanError
from planner.routing.agents import agent_index


def agents(seed: int, spread: float, contacts: int, reason: str = "fees") -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.clip(0.7 + spread * rng.standard_normal(40), 0.05, 0.95)
    resolved = rng.binomial(contacts, truth)
    names = [f"a{k:02d}" for k in range(40)]
    frame = pd.DataFrame({"agent_id": names, "entry_reason": reason, "contacts": contacts, "resolved": resolved})
    return frame.assign(handle_s=rng.uniform(240, 420, 40)), truth


def test_reliability_is_the_squared_correlation_with_the_truth() -> None:
    found = []
    for seed in range(30):
        table, truth = agents(seed, 0.1, 100)
        index = agent_index(table, least=0.0).set_index("agent_id").loc[table["agent_id"]]
        seen = (table["resolved"] / table["contacts"]).to_numpy()
        found.append((index["reliability"].iloc[0], np.corrcoef(seen, truth)[0, 1] ** 2))
    reliability, squared = np.mean(found, axis=0)
    assert reliability == pytest.approx(squared, abs=0.04)


def test_shrunk_rates_are_nearer_to_the_truth_and_the_index_is_p_mu() -> None:
    errors = []
    for seed in range(10):
        table, truth = agents(seed, 0.08, 120)
        index = agent_index(table, least=0.0).set_index("agent_id").loc[table["agent_id"]]
        raw = (table["resolved"] / table["contacts"]).to_numpy()
        errors.append((np.square(index["resolution"] - truth).mean(), np.square(raw - truth).mean()))
        assert np.allclose(index["index"], index["resolution"].to_numpy() * 3600 / table["handle_s"].to_numpy())
    shrunk, raw = np.mean(errors, axis=0)
    assert shrunk < raw


def test_luck_is_refused_and_only_reliable_reasons_stay() -> None:
    lucky, _ = agents(1, 0.0, 50, "luck")
    with pytest.raises(PlanError, match=r"no reason reaches reliability 0.7 \(luck 0\.\d\d\)"):
        agent_index(lucky)
    skilled, _ = agents(2, 0.15, 400, "skill")
    kept = agent_index(pd.concat([lucky, skilled], ignore_index=True))
    assert set(kept["entry_reason"]) == {"skill"}
    assert (kept["reliability"] >= 0.7).all()
    assert kept["index"].is_monotonic_decreasing
    with pytest.raises(PlanError, match="columns handle_s are missing"):
        agent_index(skilled.drop(columns="handle_s"))
    with pytest.raises(PlanError, match="row 3 has no contacts"):
        agent_index(skilled.assign(contacts=[*skilled["contacts"][:3], 0, *skilled["contacts"][4:]]))
