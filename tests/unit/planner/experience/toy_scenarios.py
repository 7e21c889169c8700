"""Small scenarios shared by the tests of experience and demand."""

from __future__ import annotations

from typing import Any

from planner.scenario import Scenario


def toy(**changes: Any) -> Scenario:
    """2 reasons x 2 segments x 2 channels, a voice pool, a chat pool and a bot (not for fraud)."""
    day = {"length_h": 2, "starts": {"first": "08:00", "last": "08:00"}}
    raw: dict[str, Any] = {
        "name": "toy",
        "horizon": {"start": "2026-01-05", "days": 1, "opens": "08:00", "closes": "10:00"},
        "demand": {"source": "toy.csv"},
        "experience": {
            "score_given_up": 1.5,
            "score_abandoned": 1.2,
            "outcomes": [
                {"aht_s": 300, "score": 4.0, "p_return": 0.1},
                {"channel": "chat", "score": 3.8, "score_sd": 0.1, "p_escalate": 0.2},
                {"channel": "chat", "reason": "fraud", "score": 3.0},
                {"pool": "bot", "aht_s": 60, "score": 3.2, "score_sd": 0.2},
                {"stage": "returned", "aht_s": 400},
            ],
            "wait_loss": [{"channel": "voice", "wait_s": [0, 60, 300], "loss": [0, 0.1, 0.5]}],
        },
        "segments": {"gold": {}, "base": {}},
        "reasons": {"card": {}, "fraud": {"must_human": True}},
        "channels": {"voice": {"patience_s": 150}, "chat": {}},
        "shifts": {"day": day},
        "pools": {
            "phone": {
                "kind": "human", "channel": "voice", "discipline": "live_voice", "shrinkage": 0.3, "shifts": ["day"],
            },
            "chatters": {
                "kind": "human", "channel": "chat", "discipline": "live_chat", "shrinkage": 0.3, "shifts": ["day"],
                "chat": {"total_speed": [1, 1.6]}, "segments": ["gold"],
            },
            "bot": {"kind": "automated", "channel": "chat", "discipline": "automated"},
        },
        "escalations": [{"from_channel": "chat", "to_channel": "voice"}],
    }  # fmt: skip
    raw.update(changes)
    return Scenario.model_validate(raw)


def with_outcomes(*rows: dict[str, Any]) -> Scenario:
    """The toy with these stated outcomes only."""
    base = toy()
    experience = base.experience.model_dump()
    experience["outcomes"] = rows
    return toy(experience=experience)
