"""The toy center with a history of contacts, so that its scores are estimated; every answer is known here."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
TRUE_SCORE = {("billing", "voice"): 4.2, ("fault", "voice"): 4.0, ("billing", "chat"): 4.3, ("fault", "chat"): 3.6}
_CHILD = """
extends: minimal.yaml
name: toy_history
history: {contacts: contacts.csv}
experience:
  outcomes:
    - {channel: voice, aht_s: 300, p_return: 0.10, p_escalate: 0}
    - {channel: chat, aht_s: 360, p_return: 0.15, p_escalate: 0}
"""


def toy_contacts(contacts: int, seed: int, days: int = 70) -> pd.DataFrame:
    """Contacts of a third as many customers; half of them answer, a tenth comes back the next day."""
    rng = np.random.default_rng(seed)
    reason = rng.choice(["billing", "fault"], contacts, p=[0.7, 0.3])
    channel = rng.choice(["voice", "chat"], contacts, p=[0.65, 0.35])
    at = pd.Timestamp("2025-09-01 09:00") + pd.to_timedelta(
        rng.integers(0, days, contacts) * 86_400 + rng.integers(0, 7200, contacts), unit="s"
    )
    frame = pd.DataFrame({"started_at": at, "customer_id": rng.integers(0, contacts // 3, contacts).astype(str)})
    frame["reason"], frame["channel"] = reason, channel
    frame["segment"], frame["pool"] = "all", np.where(channel == "voice", "phone", "desk")
    frame["wait_s"] = rng.exponential(40, contacts).round(1)
    frame["handle_s"], frame["abandoned"] = 300.0, False
    back = frame[rng.random(contacts) < 0.1].copy()
    back["started_at"] += pd.Timedelta(days=1)
    frame = pd.concat([frame, back], ignore_index=True).sort_values(["started_at", "customer_id"], ignore_index=True)
    score = np.array([TRUE_SCORE[pair] for pair in zip(frame["reason"], frame["channel"], strict=True)])
    answer = np.clip(np.round(score + rng.normal(0, 0.8, len(frame))), 1, 5)
    frame["csat"] = np.where(rng.random(len(frame)) < 0.5, answer, np.nan)
    frame.insert(0, "contact_id", [f"c{k:06d}" for k in range(len(frame))])
    return frame


def write_toy_history(folder: Path, contacts: int = 6000, seed: int = 1) -> Path:
    """Write the scenario with its history and return the scenario's path."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    shutil.copy(SCENARIOS / "minimal.yaml", folder)
    for path in (SCENARIOS / "data").glob("minimal_*.csv"):
        shutil.copy(path, folder / "data")
    toy_contacts(contacts, seed).to_csv(folder / "contacts.csv", index=False)
    (folder / "toy_history.yaml").write_text(_CHILD.lstrip(), encoding="utf-8")
    return folder / "toy_history.yaml"
