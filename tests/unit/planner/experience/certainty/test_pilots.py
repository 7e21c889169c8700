"""Pilot designs against closed forms and against simulated pilots, answer by answer."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from planner.experience.cells import Cells
from planner.experience.certainty.pilots import (
    PilotSettings,
    answer_variance,
    information_value,
    pilot_designs,
    preposterior,
)
from planner.experience.certainty.reasons import answer_sds
from planner.experience.certainty.terms import Terms
from planner.experience.certainty.weekly import weekly_volumes

KEYS = ["reason", "segment", "from_channel", "to_channel"]


def moves(**columns: list[float]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    base = {"effect": [0.2] * count, "sd": [0.15] * count, "bias_response": [0.02] * count,
            "bias_unseen": [0.15] * count}  # fmt: skip
    frame = pd.DataFrame({**base, **columns}).assign(segment="all", from_channel="voice", to_channel="chat")
    frame["reason"] = [f"card {k}" for k in range(count)]
    return frame.assign(total_sd=np.sqrt(frame["sd"] ** 2 + frame["bias_response"] ** 2 + frame["bias_unseen"] ** 2))


def weekly(count: int, *, contacts: float = 30_000.0, rate: float = 0.12) -> pd.DataFrame:
    rows = [
        (f"card {k}", "all", channel, contacts if channel == "voice" else 500.0, rate)
        for k in range(count)
        for channel in ("voice", "chat")
    ]
    return pd.DataFrame(rows, columns=["reason", "segment", "channel", "contacts_per_week", "response_rate"])


def test_only_moves_that_probably_gain_but_may_not_get_a_pilot() -> None:
    asked = moves(effect=[-0.2, 0.0, 0.03, 0.2, 0.6, np.nan])
    got = pilot_designs(asked, weekly(6), 1.0)
    assert got["reason"].tolist() == ["card 3"]
    assert got["p_gain"].between(0.6, 0.95).all()


def test_size_follows_the_closed_form() -> None:
    """n1 answers: sigma^2 (1/n1 + 1/n0) = (effect / (1.645 + .842))^2 - b^2."""
    row = pilot_designs(moves(effect=[0.2]), weekly(1, contacts=5_000), 1.1).iloc[0]
    allowed = (0.2 / (norm.ppf(0.95) + norm.ppf(0.8))) ** 2 - 0.02**2
    a_week = 5_000 * 0.12
    own = 1.1**2 * (1 / (row["split"] * a_week) + 1 / ((1 - row["split"]) * a_week))
    assert row["weeks"] == np.ceil(own / allowed)
    assert row["power"] >= 0.8
    assert row["answers_moved"] == pytest.approx(row["contacts_moved"] * 0.12)
    assert row["contacts_moved"] == pytest.approx(row["contacts_per_week"] * row["weeks"])
    assert row["contacts_moved"] / (row["contacts_moved"] + row["contacts_stayed"]) == pytest.approx(row["split"])


def test_the_smallest_split_that_is_soon_done_is_taken() -> None:
    large = pilot_designs(moves(effect=[0.2]), weekly(1, contacts=50_000), 1.0).iloc[0]
    small = pilot_designs(moves(effect=[0.2]), weekly(1, contacts=1_500), 1.0).iloc[0]
    assert (large["split"], large["weeks"]) == (0.02, 2)
    assert (small["split"], small["feasible"]) == (0.05, True)
    assert small["weeks"] > 8


def test_simulated_pilots_have_the_stated_power_and_error() -> None:
    """Answers on 1..5 from two arms; the test is one-sided at 5 % with the response bias drawn as an unknown."""
    b = 0.05
    row = pilot_designs(moves(effect=[0.2], bias_response=[b]), weekly(1, contacts=4_000), 1.0).iloc[0]
    rng = np.random.default_rng(7)
    n1, n0 = round(row["answers_moved"]), round(row["answers_stayed"])
    base = np.array([0.05, 0.1, 0.2, 0.35, 0.3])
    points = np.arange(1.0, 6.0)
    sd = np.sqrt(base @ points**2 - (base @ points) ** 2)
    found = {}
    for truth in (row["effect"], 0.0):
        hits = 0
        for _ in range(4_000):
            # Whole-number answers scaled to an sd of 1; the effect shifts those who moved.
            moved = rng.multinomial(n1, base) @ points / n1 / sd + truth + b * rng.standard_normal()
            stayed = rng.multinomial(n0, base) @ points / n0 / sd
            hits += (moved - stayed) / np.sqrt(1 / n1 + 1 / n0 + b**2) > norm.ppf(0.95)
        found[truth] = hits / 4_000
    assert found[row["effect"]] == pytest.approx(row["power"], abs=0.02)
    assert row["power"] == pytest.approx(0.8, abs=0.05)
    assert found[0.0] == pytest.approx(0.05, abs=0.012)


def test_simulated_decisions_are_as_often_clear_and_worth_as_much_as_stated() -> None:
    """Truth, today's estimate and the pilot drawn together; the bias of response is the same before and after."""
    sd, unseen, b, effect = 0.15, 0.15, 0.04, 0.2
    row = pilot_designs(moves(effect=[effect], bias_response=[b]), weekly(1, contacts=4_000), 1.0).iloc[0]
    rng = np.random.default_rng(8)
    n = 400_000
    noise = 1 / row["answers_moved"] + 1 / row["answers_stayed"]
    known = sd**2 + unseen**2
    missed, response = np.sqrt(known) * rng.standard_normal(n), b * rng.standard_normal(n)
    truth = effect - missed - response
    seen = truth + response + np.sqrt(noise) * rng.standard_normal(n)
    after = (effect * noise + seen * known) / (known + noise)
    left = np.sqrt(known * noise / (known + noise) + b**2)
    chance = norm.cdf(after / left)
    assert np.mean((chance > 0.95) | (chance < 0.05)) == pytest.approx(row["p_decisive"], abs=0.005)
    gain = np.mean(np.where(after > 0, truth, 0.0)) - max(np.mean(truth), 0.0)
    assert gain == pytest.approx(row["value_per_contact"], abs=0.002)
    # What is left is what it says: the posterior is calibrated.
    assert np.std((truth - after) / left) == pytest.approx(1.0, abs=0.01)


def test_the_value_of_information_by_integration() -> None:
    effect, spread = np.array([0.2, -0.1, 0.0]), np.array([0.15, 0.3, 0.2])
    z = np.linspace(-9, 9, 200_001)
    by_sum = [
        np.trapezoid(np.maximum(e + s * z, 0) * norm.pdf(z), z) - max(e, 0) for e, s in zip(effect, spread, strict=True)
    ]
    np.testing.assert_allclose(information_value(effect, spread), by_sum, atol=1e-7)


def test_a_pilot_without_noise_tells_all_and_an_endless_noise_nothing() -> None:
    spread, left = preposterior(np.array([0.04, 0.04]), np.array([1e-12, 1e12]))
    np.testing.assert_allclose(spread, [0.2, 0.0], atol=1e-6)
    np.testing.assert_allclose(left, [0.0, 0.04], atol=1e-6)
    nobody = pd.DataFrame(
        {"volume": [10.0], "rate_moved": [0.0], "rate_stayed": [1.0], "sd_moved": 1.0, "sd_stayed": 1.0}
    )
    assert np.isinf(answer_variance(nobody, np.array([0.02])))


def test_where_response_alone_could_explain_the_gain_no_survey_pilot_is_promised() -> None:
    row = pilot_designs(moves(effect=[0.2], bias_response=[0.15]), weekly(1), 1.0).iloc[0]
    assert np.isinf(row["weeks"])
    assert not row["feasible"]
    assert row["value_per_year"] == 0
    assert "who do not answer called back" in row["words"]
    free = pilot_designs(moves(effect=[0.2], bias_response=[0.0]), weekly(1), 1.0).iloc[0]
    assert row["weeks_with_callbacks"] <= free["weeks"]


def test_response_bias_that_takes_most_of_the_time_is_named() -> None:
    row = pilot_designs(moves(effect=[0.2], bias_response=[0.07]), weekly(1, contacts=600), 1.0).iloc[0]
    assert row["weeks_with_callbacks"] < 0.5 * row["weeks"] < np.inf
    assert "who answers could explain much of it" in row["words"]


def test_nobody_asked_is_said() -> None:
    row = pilot_designs(moves(effect=[0.2]), weekly(1, rate=0.0), 1.0).iloc[0]
    assert not row["feasible"]
    assert "start a survey first" in row["words"]
    missing = pilot_designs(moves(effect=[0.2]), weekly(1).assign(reason="other"), 1.0).iloc[0]
    assert not missing["feasible"]


def test_small_reasons_are_too_slow_and_told_what_would_do() -> None:
    row = pilot_designs(moves(effect=[0.2]), weekly(1, contacts=300), 1.0).iloc[0]
    assert not row["feasible"]
    assert row["split_within_reach"] in (0.1, 0.15, 0.2, 0.25, 0.3)
    assert row["words"].startswith("too slow:")
    assert f"sending {row['split_within_reach']:.0%} would do" in row["words"]
    tiny = pilot_designs(moves(effect=[0.2]), weekly(1, contacts=5), 1.0).iloc[0]
    assert np.isnan(tiny["split_within_reach"])
    assert "take similar reasons together" in tiny["words"]


def test_words_tell_a_planner_what_to_do() -> None:
    row = pilot_designs(moves(effect=[0.2]), weekly(1, contacts=3_000), 1.0).iloc[0]
    for part in ("send ", "of card 0 / all", "a week", "from voice to chat for", "weeks; expect", "+0.20 points"):
        assert part in row["words"]


def test_the_most_valuable_comes_first_and_no_move_is_fine() -> None:
    got = pilot_designs(moves(effect=[0.1, 0.2, 0.15]), weekly(3), 1.0)
    assert got["value_per_year"].is_monotonic_decreasing
    assert pilot_designs(moves(effect=[5.0]), weekly(1), 1.0).empty


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"splits": ()}, "splits"),
        ({"splits": (0.5, 1.0)}, "splits"),
        ({"power": 0.04}, "power"),
        ({"least_weeks": 9}, "weeks"),
    ],
)
def test_impossible_wishes_are_refused(settings: dict[str, object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        PilotSettings(**settings)  # type: ignore[arg-type]


def test_a_week_brings_first_contacts_only_and_rates_lean_on_the_channel() -> None:
    rows = [
        {"reason": "a", "entry_reason": "card", "segment": "all", "channel": "voice", "stage": "first",
         "contacts": 800.0, "answers": 80.0},
        {"reason": "a", "entry_reason": "loan", "segment": "all", "channel": "voice", "stage": "first",
         "contacts": 200.0, "answers": 0.0},
        {"reason": "a", "entry_reason": "loan", "segment": "all", "channel": "voice", "stage": "returned",
         "contacts": 900.0, "answers": 900.0},
    ]  # fmt: skip
    got = weekly_volumes(Cells(pd.DataFrame(rows), (), (1.0, 5.0)), 4.0)
    assert got["contacts_per_week"].tolist() == [200.0, 50.0]
    np.testing.assert_allclose(got["response_rate"], [84 / 850, 4 / 250])
    by_reason = weekly_volumes(Cells(pd.DataFrame(rows), (), (1.0, 5.0)), 4.0, label="reason")
    assert by_reason["contacts_per_week"].tolist() == [250.0]
    with pytest.raises(ValueError, match="weeks = 0"):
        weekly_volumes(Cells(pd.DataFrame(rows), (), (1.0, 5.0)), 0)


def test_shares_vary_by_their_mean_in_each_arm() -> None:
    """Two proportions: n1 and n0 with p1 (1 - p1)/n1 + p0 (1 - p0)/n0 = (effect / (1.645 + .842))^2."""
    stayed, moved = 0.7, 0.76
    asked = moves(effect=[moved - stayed], sd=[0.03], bias_response=[0.0], bias_unseen=[0.04])
    sds = np.array([np.sqrt(moved * (1 - moved))]), np.array([np.sqrt(stayed * (1 - stayed))])
    terms = Terms(" in the share", 3, surveyed=False)
    row = pilot_designs(asked, weekly(1, contacts=4_000, rate=0.9), sds, terms=terms).iloc[0]
    allowed = ((moved - stayed) / (norm.ppf(0.95) + norm.ppf(0.8))) ** 2
    a_week = 4_000 * 0.9
    own = moved * (1 - moved) / (row["split"] * a_week) + stayed * (1 - stayed) / ((1 - row["split"]) * a_week)
    assert row["weeks"] == max(np.ceil(own / allowed), 2)
    assert "+0.060 in the share" in row["words"]
    assert "contacts with a known outcome" in row["words"]
    rng = np.random.default_rng(3)
    n1, n0 = round(row["answers_moved"]), round(row["answers_stayed"])
    p1, p0 = rng.binomial(n1, moved, 20_000) / n1, rng.binomial(n0, stayed, 20_000) / n0
    z = (p1 - p0) / np.sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0)
    assert np.mean(z > norm.ppf(0.95)) == pytest.approx(row["power"], abs=0.015)


def test_a_gain_of_what_should_be_little_is_said_as_a_fall() -> None:
    row = pilot_designs(moves(effect=[0.2]), weekly(1, contacts=3_000), 1.0, terms=Terms(sign=-1.0)).iloc[0]
    assert "a change of -0.20 points" in row["words"]


@pytest.mark.parametrize(("stayed", "moved"), [(0.012, 0.001), (0.97, 0.995), (0.3, 0.24), (0.02, 0.05)])
def test_trials_of_shares_near_their_ends_have_the_stated_power_and_error(stayed: float, moved: float) -> None:
    """Simulated pilots, judged by the score test: the share of both arms together stands for each under no effect."""
    fit = SimpleNamespace(logit=True)
    sds = answer_sds(fit, np.array([moved]), np.array([stayed]))  # type: ignore[arg-type]
    gain = abs(moved - stayed)
    asked = moves(effect=[gain], sd=[gain], bias_response=[0.0], bias_unseen=[0.0])
    row = pilot_designs(asked, weekly(1, contacts=6_000, rate=0.9), sds).iloc[0]
    rng = np.random.default_rng(4)
    n1, n0 = round(row["answers_moved"]), round(row["answers_stayed"])

    def seen(truth: float) -> float:
        ones, zeros = rng.binomial(n1, truth, 20_000), rng.binomial(n0, stayed, 20_000)
        both = (ones + zeros) / (n1 + n0)
        z = np.abs(ones / n1 - zeros / n0) / np.sqrt(both * (1 - both) * (1 / n1 + 1 / n0))
        right = np.sign(ones / n1 - zeros / n0) == np.sign(moved - stayed)
        return float(np.mean(right & (z > norm.ppf(0.95))))

    assert seen(moved) >= 0.78
    assert seen(stayed) <= 0.065
