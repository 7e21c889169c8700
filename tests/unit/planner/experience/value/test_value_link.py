"""From experience to churn to money, on worlds where the effect is known and on worlds where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from toy_customers import customers, instrumented

from planner.errors import HistoryError
from planner.experience.value import ValueSpec, customer_months, value_link
from planner.history import load_history

SPEC = ValueSpec(
    churned="churned",
    exposures=("unresolved",),
    basis="unresolved",
    covariates=("tenure", "price", "plan"),
    negative_controls=("admin",),
)


@pytest.mark.slow
def test_intervals_hold_the_true_effect() -> None:
    inside, naive, ours = 0, 0.0, 0.0
    for seed in range(60):
        frame, truth = customers(seed)
        row = value_link(frame, SPEC).effects.iloc[0]
        inside += row["lower"] <= truth <= row["upper"]
        naive += (row["naive"] - truth) ** 2
        ours += (row["adjusted"] - truth) ** 2
    assert 0.83 <= inside / 60 <= 0.96
    assert ours < naive


@pytest.mark.slow
def test_no_effect_gets_no_weight() -> None:
    weights = [value_link(customers(seed, slope=0.0)[0], SPEC).weight for seed in range(60)]
    # One side of a 90 % interval: 5 % by chance.
    assert binom.sf(sum(w > 0 for w in weights) - 1, 60, 0.05) > 0.01
    assert np.mean(weights) <= 0.10


@pytest.mark.slow
def test_negative_controls_fail_as_rarely_as_said() -> None:
    failed = 0
    for seed in range(60):
        checks = value_link(customers(seed)[0], SPEC).checks.set_index("check")
        failed += not checks.loc["negative control", "passed"]
    assert binom.sf(failed - 1, 60, 0.1) > 0.01


def test_order_of_rows_and_repeats_do_not_matter() -> None:
    frame, _ = customers(3, 1_500)
    frame["plan"] = frame["plan"].astype(object)
    frame.loc[frame["plan"] == "pro", "plan"] = 3
    frame.loc[:40, "plan"] = None
    one, other = value_link(frame, SPEC), value_link(frame.sample(frac=1, random_state=2), SPEC)
    pd.testing.assert_frame_equal(one.effects, other.effects)
    pd.testing.assert_frame_equal(one.checks, other.checks)


def test_naive_overstates_and_the_instrument_finds_the_truth() -> None:
    """Adjusting for a noisy earlier score goes part of the way; the agent's failure rate with others all of it."""
    spec = ValueSpec(
        churned="churned",
        exposures=("unresolved",),
        basis="unresolved",
        covariates=("tenure", "earlier_score"),
        agent="agent",
    )
    inside = 0
    for seed in range(5):
        frame, truth = instrumented(seed)
        row = value_link(frame, spec).effects.iloc[0]
        assert row["naive"] > 1.3 * truth
        assert truth < row["adjusted"] < row["naive"]
        inside += row["instrument_lower"] <= truth <= row["instrument_upper"]
    assert inside >= 3


def test_a_weak_instrument_is_not_shown() -> None:
    frame, _ = instrumented(1, 5_000)
    frame["noise"] = np.random.default_rng(0).random(len(frame))
    link = value_link(
        frame, ValueSpec(churned="churned", exposures=("unresolved",), basis="unresolved", instrument="noise")
    )
    assert link.effects["instrument"].isna().all()
    assert any("too weak" in note for note in link.notes)


def test_a_placebo_that_shows_something_takes_the_weight() -> None:
    frame, _ = customers(5)
    rng = np.random.default_rng(0)
    frame["after"] = rng.poisson(0.3, len(frame))
    clean = value_link(frame, replace(SPEC, placebos=("after",)))
    assert clean.checks.set_index("check").loc["placebo", "passed"]
    frame["after"] += rng.binomial(1, 0.3, len(frame)) * frame["churned"]
    link = value_link(frame, replace(SPEC, placebos=("after",)))
    assert not link.checks.set_index("check").loc["placebo", "passed"]
    assert link.weight == 0
    assert any("a check fails" in note for note in link.notes)


def test_a_dose_that_protects_takes_the_weight() -> None:
    frame, _ = customers(6, slope=0.8)
    many = frame["unresolved"] >= 2
    frame.loc[many, "churned"] = (np.random.default_rng(1).random(many.sum()) < 0.02).astype(int)
    link = value_link(frame, SPEC)
    check = link.checks.set_index("check").loc["dose-response"]
    assert not check["passed"]
    assert "protect" in check["words"]
    assert link.weight == 0


def test_churn_of_other_causes_that_moves_takes_the_weight() -> None:
    frame, _ = customers(7)
    rng = np.random.default_rng(2)
    frame["moved"] = (rng.random(len(frame)) < 0.05).astype(int)
    assert value_link(frame, replace(SPEC, control_outcome="moved")).weight == 1
    frame["moved"] = (rng.random(len(frame)) < 0.05 + 0.15 * (frame["unresolved"] > 0)).astype(int)
    assert value_link(frame, replace(SPEC, control_outcome="moved")).weight == 0


def test_worth_is_change_times_effect_times_value() -> None:
    frame, _ = customers(8, slope=0.9)
    frame["clv"] = 500.0
    link = value_link(frame, replace(SPEC, value="clv"))
    effect = link.effects.iloc[0]
    value, lower, upper = link.worth(0.1)
    assert value == pytest.approx(0.1 * effect["adjusted"] * 500)
    assert lower == pytest.approx(0.1 * effect["lower"] * 500)
    assert 0 < lower < value < upper
    assert link.worth(-0.1)[0] == pytest.approx(-value)
    assert link.clv.set_index("quantity").loc["a one-off churn risk of one point", "value"] == pytest.approx(5.0)


def test_losing_the_valuable_costs_more() -> None:
    frame, _ = customers(8, 8_000, slope=0.9)
    frame["clv"] = 500.0
    even = value_link(frame, replace(SPEC, value="clv")).worth(0.1)[0]
    # Value where the hazard, and so the effect, is high.
    frame["clv"] = np.where(frame["tenure"] < 10, 1_000.0, 100.0)
    frame["clv"] *= 500.0 / frame["clv"].mean()
    assert value_link(frame, replace(SPEC, value="clv")).worth(0.1)[0] > 1.05 * even


def test_resolution_and_scores_cannot_both_be_money() -> None:
    frame, _ = customers(9)
    frame["score_gap"] = np.random.default_rng(3).normal(size=len(frame))
    spec = replace(SPEC, exposures=("unresolved", "score_gap"))
    link = value_link(frame, spec)
    assert link.basis == "unresolved"
    assert any("alone" in note for note in link.notes)
    with pytest.raises(ValueError, match="basis"):
        replace(spec, basis="fcr")


def test_score_slopes_are_divided_by_their_reliability() -> None:
    frame, _ = customers(10)
    frame["score_gap"] = np.random.default_rng(4).normal(size=len(frame))
    spec = replace(SPEC, exposures=("score_gap",), basis="score_gap")
    plain = value_link(frame, spec).effects.iloc[0]
    halved = value_link(frame, replace(spec, reliability={"score_gap": 0.5})).effects.iloc[0]
    for name in ("adjusted", "lower", "upper"):
        assert halved[name] == pytest.approx(2 * plain[name])
    assert halved["naive"] == plain["naive"]


def test_wrong_tables_are_refused_in_words() -> None:
    frame, _ = customers(11, 300)
    with pytest.raises(HistoryError, match=r"no column 'tenur'[\s\S]*no column 'adm'"):
        value_link(frame, replace(SPEC, covariates=("tenur",), negative_controls=("adm",)))
    with pytest.raises(HistoryError, match="must hold both 0"):
        value_link(frame.assign(churned=0), SPEC)
    with pytest.raises(HistoryError, match="must be a number"):
        value_link(frame.assign(unresolved="many"), SPEC)
    frame.loc[:4, "price"] = np.nan
    assert any("5 of 300 rows" in note for note in value_link(frame, SPEC).notes)


def contact_log(seed: int, n: int, slope: float) -> tuple[pd.DataFrame, pd.DataFrame, pd.Timestamp]:
    """Customers over 14 months, whose hazard rises with unresolved issues of the last 90 days."""
    rng = np.random.default_rng(seed)
    start, month = pd.Timestamp("2024-01-01"), pd.Timedelta(days=30)
    left = np.full(n, np.datetime64("NaT", "ns"))
    rows = []
    recent = np.zeros((n, 3))
    for k in range(14):
        alive = np.isnat(left)
        h = 1 / (1 + np.exp(3.5 - slope * np.minimum(recent.sum(axis=1), 1)))
        leaves = alive & (rng.random(n) < h)
        begin = start + k * month
        left[leaves] = np.datetime64(begin + pd.Timedelta(days=29))
        bad = rng.poisson(0.12, n) * alive
        for who in np.flatnonzero(bad):
            rows += [(who, begin + pd.Timedelta(days=float(rng.uniform(0, 28)))) for _ in range(bad[who])]
        recent = np.column_stack([bad, recent[:, :2]])
    contacts = pd.DataFrame(rows, columns=["customer_id", "started_at"])
    contacts = contacts.assign(unresolved=1, extra=0, score=np.nan)
    people = pd.DataFrame({"customer_id": np.arange(n), "since": start, "left_at": left})
    return contacts, people, start + 14 * month


def test_months_hold_nothing_that_came_later() -> None:
    day = pd.Timestamp
    contacts = pd.DataFrame(
        {
            "customer_id": [1, 1, 1],
            "started_at": [day("2024-01-10"), day("2024-02-20"), day("2024-03-25")],
            "unresolved": [1, 0, 1],
            "extra": [0, 1, 0],
            "score": [2.0, 5.0, np.nan],
        }
    )
    people = pd.DataFrame(
        {
            "customer_id": [1, 2],
            "since": day("2024-01-01"),
            "left_at": [day("2024-03-20"), pd.NaT],
            "plan": ["a", "b"],
        }
    )
    table = customer_months(contacts, people, end=day("2024-05-15"), notice_days=10)
    own = table[table["customer_id"] == 1].set_index("month")
    assert own["churned"].to_dict() == {0: 0, 1: 0, 2: 1}
    assert own["unresolved_90d"].to_dict() == {0: 0, 1: 1, 2: 1}
    assert own["extra_90d"].to_dict() == {0: 0, 1: 0, 2: 1}
    assert own["score_gap"].round(6).to_dict() == {0: 0, 1: 0, 2: 0}
    assert own["tenure_months"].round(6).to_dict() == {0: 0, 1: 1, 2: 2}
    assert (table.loc[table["customer_id"] == 2, "churned"] == 0).all()
    assert table["month"].max() == 3
    other = customer_months(contacts.iloc[:2], people, end=day("2024-05-15"), notice_days=10)
    compared = ["unresolved_90d", "extra_90d", "score_gap"]
    pd.testing.assert_frame_equal(table.loc[table["month"] < 3, compared], other.loc[other["month"] < 3, compared])


@pytest.mark.slow
def test_monthly_hazards_give_the_true_effect_and_the_value() -> None:
    inside = 0
    for seed in range(20):
        contacts, people, end = contact_log(seed, 1_500, 0.9)
        table = customer_months(contacts, people, end=end)
        spec = ValueSpec(
            churned="churned",
            exposures=("unresolved_90d",),
            basis="unresolved_90d",
            customer="customer_id",
            period="month",
            margin=20.0,
            exposure_months=3,
        )
        link = value_link(table, spec)
        h0, h1 = 1 / (1 + np.exp(3.5)), 1 / (1 + np.exp(3.5 - 0.9))
        truth = (1 - (1 - h1) ** 3) - (1 - (1 - h0) ** 3)
        row = link.effects.iloc[0]
        inside += row["lower"] <= truth <= row["upper"]
    assert inside >= 15
    clv = link.clv.set_index("quantity")["value"]
    assert clv["CLV over 36 months"] < clv["CLV without horizon"]
    assert link.worth(0.05)[0] == pytest.approx(0.05 * row["adjusted"] * clv["CLV over 36 months"])


def test_a_history_that_says_who_left_is_counted_per_customer(tmp_path: Path) -> None:
    people, _ = customers(12, 1_200, slope=1.2)
    rows = people.loc[people.index.repeat(people["unresolved"] + 1)].reset_index(drop=True)
    rows["first"] = ~rows.duplicated("customer")
    path = tmp_path / "contacts.parquet"
    pd.DataFrame(
        {
            "contact_id": [f"k{k}" for k in range(len(rows))],
            "customer_id": rows["customer"],
            "started_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(len(rows)), unit="h"),
            "channel": "voice",
            "reason": "fees",
            "resolved": rows["first"],
            "churned": rows["churned"],
            "price": rows["price"],
        }
    ).to_parquet(path, index=False)
    spec = ValueSpec(churned="churned", exposures=("unresolved",), basis="unresolved", covariates=("price",))
    of_history = value_link(load_history(path, salt="pepper"), spec)
    of_table = value_link(people, spec)
    columns = ["naive", "adjusted", "lower", "upper", "weight"]
    np.testing.assert_allclose(of_history.effects[columns].astype(float), of_table.effects[columns].astype(float))
    assert any("per customer" in note for note in of_history.notes)
