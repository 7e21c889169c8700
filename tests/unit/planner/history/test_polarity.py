"""Scores whose good end contradicts the data are doubted; noise, and ties the right way, are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from planner.history import History, stitch_issues
from planner.history.mapping import Mapping
from planner.history.polarity import polarity_doubts

Load = Callable[..., History]
LOW_CES = "scales: {ces: {low: 1, high: 7, better: low}}\n"


def contacts(seed: int = 0, n: int = 1200, tie: float = 1.0) -> pd.DataFrame:
    """Score `tie` higher where resolved; chat is slow, unresolved and liked, which must not matter."""
    rng = np.random.default_rng([seed, 3])
    chat = rng.random(n) < 0.5
    solved = rng.random(n) < np.where(chat, 0.4, 0.8)
    score = np.clip(np.round(2.6 + tie * solved + 1.2 * chat + rng.normal(0, 0.8, n)), 1, 5)
    return pd.DataFrame(
        {
            "started_at": pd.Timestamp("2024-03-04") + pd.to_timedelta(np.arange(n), unit="h"),
            "channel": np.where(chat, "chat", "voice"),
            "reason": rng.choice(["fees", "card"], n),
            "wait_s": rng.exponential(np.where(chat, 300, 30)),
            "resolved": solved,
            "csat": np.where(rng.random(n) < 0.7, score, np.nan),
        }
    )


def doubts(load: Load, frame: pd.DataFrame, **options: object) -> list[str]:
    warnings = load(frame.to_dict("records"), **options).quality.warnings
    return [text for text in warnings if "taken as good" in text or "against each other" in text]


def test_the_right_end_is_quiet_and_the_wrong_one_is_said_with_numbers(load: Load, yaml: Callable) -> None:
    frame = contacts()
    assert doubts(load, frame) == []
    turned = doubts(load, frame.assign(csat=6 - frame["csat"]))
    answers = int(frame["csat"].notna().sum())
    assert len(turned) == 1
    assert "csat: high is taken as good, but it falls with resolved contacts (correlation -0." in turned[0]
    assert f"{answers:,} answers" in turned[0]
    assert "declare `scales: {csat: {low: 1, high: 5, better: low}}`" in turned[0]
    mapping = yaml("scales: {csat: {low: 1, high: 5, better: low}}\n")
    assert doubts(load, frame.assign(csat=6 - frame["csat"]), mapping=mapping) == []
    assert "low is taken as good, but it rises with resolved" in doubts(load, frame, mapping=mapping)[0]


@pytest.mark.parametrize("seed", range(4))
def test_noise_and_differences_between_channels_are_no_evidence(load: Load, seed: int) -> None:
    """Pooled over channels, scores rise with waits and fall with resolution; within a channel nothing is tied."""
    frame = contacts(seed, tie=0.0)
    assert frame[["csat", "wait_s"]].corr().iloc[0, 1] > 0.2
    assert doubts(load, frame) == []


def test_effort_is_asked_for_its_good_end(load: Load, yaml: Callable) -> None:
    frame = contacts()
    frame["ces"] = 7 - frame["csat"]
    found = doubts(load, frame.drop(columns="csat"))
    assert "ces: high is taken as good, but it falls with resolved contacts" in found[0]
    assert "declare `scales: {ces: {low: 1, high: 7, better: low}}`" in found[0]
    assert doubts(load, frame.drop(columns="csat"), mapping=yaml(LOW_CES)) == []


def test_two_scores_that_contradict_each_other_are_said_once(load: Load, yaml: Callable) -> None:
    frame = contacts().drop(columns=["resolved", "wait_s"])
    frame["ces"] = 7 - frame["csat"]
    found = doubts(load, frame)
    assert len(found) == 1
    assert "csat and ces run against each other (correlation -1.00" in found[0]
    assert doubts(load, frame, mapping=yaml(LOW_CES)) == []


def test_evidence_for_both_ends_is_no_doubt(load: Load) -> None:
    frame = contacts()
    frame["wait_s"] = np.where(frame["resolved"], 200.0, 20.0) + np.arange(len(frame)) % 7
    assert doubts(load, frame) == []


def test_repeats_of_stitched_contacts_are_evidence_too(load: Load) -> None:
    rng = np.random.default_rng(8)
    n = 500
    bad = rng.random(n) < 0.5
    first = pd.DataFrame({"customer_id": [f"k{k}" for k in range(n)], "channel": "voice", "reason": "fees",
                          "started_at": pd.Timestamp("2024-03-04") + pd.to_timedelta(np.arange(n), unit="h"),
                          "csat": np.where(bad, 5.0, 2.0) - rng.integers(0, 2, n)})  # fmt: skip
    again = first[bad].assign(started_at=lambda f: f["started_at"] + pd.Timedelta(days=1), csat=np.nan)
    history = load(pd.concat([first, again], ignore_index=True).to_dict("records"))
    assert polarity_doubts(history.contacts, Mapping()) == ()
    found = polarity_doubts(stitch_issues(history, 7), Mapping())
    assert len(found) == 1
    assert "rises with repeat contacts" in found[0]


def test_no_scores_no_doubts(load: Load) -> None:
    assert polarity_doubts(load(contacts().drop(columns="csat").to_dict("records")).contacts, Mapping()) == ()
