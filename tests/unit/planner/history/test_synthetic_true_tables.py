"""The true tables against worlds in which the truth can be counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.history.synthetic import SyntheticHistory, Truth, generate, load_truth
from planner.history.synthetic.scores import mean_score
from planner.library import scenario_library

_KEYS = ["reason", "segment", "channel"]


@pytest.fixture(scope="module")
def open_truth() -> Truth:
    """Everybody answers, nobody minds waiting and channels are chosen blindly."""
    bank = load_truth(scenario_library() / "retail_bank_truth.yaml")
    channels = {
        key: channel.model_copy(
            update={
                "response": 0.999999,
                "severity_choice": 0.0,
                "affinity_choice": 0.0,
                "wait": channel.wait.model_copy(update={"points_per_log": 0.0}),
            }
        )
        for key, channel in bank.channels.items()
    }
    return bank.model_copy(
        update={
            "channels": channels,
            "calendar": bank.calendar.model_copy(update={"weeks": 3}),
            "survey": bank.survey.model_copy(update={"per_point": 0.0, "resolved": 0.0, "affinity": 0.0}),
            "value": bank.value.model_copy(update={"affinity_per_log_sd": 0.0}),
        }
    )


@pytest.fixture(scope="module")
def open_world(open_truth: Truth) -> SyntheticHistory:
    return generate(open_truth, 21)


@pytest.fixture(scope="module")
def firsts(open_world: SyntheticHistory) -> pd.DataFrame:
    """First contacts as somebody who knows everything would see them."""
    journeys = open_world.truth["journeys"].rename(columns={"reason": "true_reason"})
    frame = open_world.contacts.merge(journeys, on="contact_id")
    frame = frame[(frame["stage"] == "first") & ~frame["abandoned"]]
    return frame.assign(final=frame["outcome"].isin(["resolved", "gives_up"]))


def _scores(world: SyntheticHistory, level: str) -> pd.DataFrame:
    table = world.truth["scores"]
    return table[(table["level"] == level) & (table["segment"] != "all")].set_index(_KEYS)


def _worst_z(count: pd.Series, mean: pd.Series, sd: pd.Series, expected: pd.Series) -> pd.Series:
    z = (mean - expected.reindex(mean.index)) / (sd / np.sqrt(count))
    return z[count >= 100]


@pytest.mark.parametrize(("level", "column"), [("reason", "true_reason"), ("entry_reason", "entry_reason")])
def test_scores_of_users_are_what_final_first_contacts_report(
    open_world: SyntheticHistory, firsts: pd.DataFrame, level: str, column: str
) -> None:
    final = firsts[firsts["final"]]
    counted = final.groupby([column, "segment", "channel"], observed=True)["csat"].agg(["size", "mean", "std"])
    counted.index.names = _KEYS
    z = _worst_z(counted["size"], counted["mean"], counted["std"], _scores(open_world, level)["score_users"])
    assert len(z) > 60
    assert z.abs().max() < 4.5
    assert z.std() < 1.4
    assert abs(z.mean()) < 0.4


@pytest.mark.parametrize(
    ("outcome", "among", "column"),
    [("returns", ["resolved", "gives_up", "returns"], "p_return_users"), ("escalated", None, "p_escalate_users")],
)
def test_next_contact_probabilities_are_what_happens(
    open_world: SyntheticHistory, firsts: pd.DataFrame, outcome: str, among: list[str] | None, column: str
) -> None:
    frame = firsts if among is None else firsts[firsts["outcome"].isin(among)]
    hit = frame["outcome"].eq(outcome).astype(float)
    counted = hit.groupby([frame["true_reason"], frame["segment"], frame["channel"]], observed=True).agg(
        ["size", "mean"]
    )
    counted.index.names = _KEYS
    expected = _scores(open_world, "reason")[column].reindex(counted.index)
    z = _worst_z(counted["size"], counted["mean"], np.sqrt(expected * (1 - expected)) + 1e-9, expected)
    z = z[(expected > 0).reindex(z.index)]
    assert z.abs().max() < 4.5
    assert abs(z.mean()) < 0.5


def test_under_blind_choice_moves_are_plain_differences(open_world: SyntheticHistory) -> None:
    """With random choice the users of each channel are alike, so the effect of a move is a difference of scores."""
    moves = open_world.truth["moves"]
    moves = moves[(moves["level"] == "reason") & (moves["segment"] != "all") & (moves["n"] > 400)]
    users = _scores(open_world, "reason")["score_users"]
    here = users.reindex(pd.MultiIndex.from_frame(moves[["reason", "segment", "from_channel"]])).to_numpy()
    there = users.reindex(pd.MultiIndex.from_frame(moves[["reason", "segment", "to_channel"]])).to_numpy()
    gap = (there - here) - moves["effect"].to_numpy()
    assert len(gap) > 100
    assert np.nanmedian(np.abs(gap)) < 0.02


def test_moves_never_lead_to_automata_for_must_human_reasons(open_world: SyntheticHistory) -> None:
    moves = open_world.truth["moves"]
    entry = moves[(moves["level"] == "entry_reason") & moves["reason"].isin(["mortgage", "fraud", "complaint"])]
    assert set(entry["to_channel"]) <= {"voice", "chat", "email"}


def test_reported_scores_are_the_mean_of_all_answers(open_world: SyntheticHistory) -> None:
    contacts = open_world.contacts.merge(
        open_world.truth["journeys"][["contact_id", "reason"]].rename(columns={"reason": "true_reason"}),
        on="contact_id",
    )
    served = contacts[~contacts["abandoned"]]
    counted = served.groupby(["true_reason", "channel", "segment"], observed=True)["csat"].agg(["size", "mean", "std"])
    counted.index.names = ["reason", "channel", "segment"]
    expected = open_world.truth["reported"].set_index(["reason", "channel", "segment"])["mean"]
    z = _worst_z(counted["size"], counted["mean"], counted["std"], expected)
    assert z.abs().max() < 4.5


def test_the_wait_curve_is_what_waiting_costs() -> None:
    """Two worlds that differ in waiting only: the mean loss at the waits that occur explains the difference."""
    bank = load_truth(scenario_library() / "retail_bank_truth.yaml")
    small = bank.model_copy(
        update={
            "calendar": bank.calendar.model_copy(update={"weeks": 1}),
            "volume": bank.volume.model_copy(update={"issues_per_week": 8000.0}),
        }
    )
    curve = generate(small, 5).truth["wait_curve"]
    for _, rows in curve.groupby(["reason", "channel"]):
        loss = rows.sort_values("wait_s")["loss"].to_numpy()
        assert loss[0] == 0
        assert (np.diff(loss) >= 0).all()
    voice = curve[(curve["channel"] == "voice") & (curve["reason"] == "fraud")].set_index("wait_s")["loss"]
    assert voice[20.0] == 0
    # ln(1 + (120 − 20)/20) = 1.79 log units of .24 · 1.6 points, a little less on the rounded and clipped score.
    assert 0.45 <= voice[120.0] <= 0.24 * 1.6 * np.log(6.0)


def test_mean_scores_are_those_of_rounded_noise() -> None:
    rng = np.random.default_rng(1)
    for points in (0.5, 2.2, 3.9, 5.5):
        drawn = np.clip(np.round(points + 0.85 * rng.standard_normal(200_000)), 1, 5)
        assert mean_score(np.array([points]), 0.85)[0] == pytest.approx(drawn.mean(), abs=0.01)


def test_issues_and_their_contacts(open_world: SyntheticHistory) -> None:
    journeys = open_world.truth["journeys"]
    table = open_world.truth["issues"]
    assert (table["contacts_per_issue"] >= 1).all()
    assert table["fcr"].between(0.3, 1).all()
    whole = journeys.groupby("issue_id").size()
    mean = table["contacts"].sum() / table["issues"].sum()
    assert whole.mean() == pytest.approx(mean, rel=0.08)
