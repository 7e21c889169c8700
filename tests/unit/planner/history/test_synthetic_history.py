"""The reference history: its size, its habits, and why naive averages mislead."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from planner.history.synthetic import SyntheticHistory, Truth, generate, load_truth
from planner.library import scenario_library

COLUMNS = [
    "contact_id",
    "customer_id",
    "started_at",
    "entry_reason",
    "reason",
    "disposition",
    "channel",
    "segment",
    "pool",
    "agent_id",
    "wait_s",
    "handle_s",
    "abandoned",
    "transferred",
    "resolved",
    "escalated_from",
    "issue_id",
    "csat",
    "nps",
    "ces",
    "value",
    "severity",
    "affinity",
]


@pytest.fixture(scope="module")
def truth() -> Truth:
    return load_truth(scenario_library() / "retail_bank_truth.yaml")


@pytest.fixture(scope="module")
def history(truth: Truth) -> SyntheticHistory:
    started = time.perf_counter()
    made = generate(truth)
    print(f"\n{len(made.contacts):,} contacts generated in {time.perf_counter() - started:.1f} s")
    return made


@pytest.fixture(scope="module")
def contacts(history: SyntheticHistory) -> pd.DataFrame:
    return history.contacts


def _small(truth: Truth, **missing: float) -> Truth:
    return truth.model_copy(
        update={
            "calendar": truth.calendar.model_copy(update={"weeks": 1}),
            "volume": truth.volume.model_copy(update={"issues_per_week": 6000.0, "customers": 20_000}),
            "missing": truth.missing.model_copy(update=missing),
        }
    )


def test_the_same_seed_gives_the_same_frames(truth: Truth) -> None:
    one, two = generate(_small(truth), 3), generate(_small(truth), 3)
    pd.testing.assert_frame_equal(one.contacts, two.contacts)
    assert one.staffing is not None
    assert two.staffing is not None
    pd.testing.assert_frame_equal(one.staffing, two.staffing)
    for name, table in one.truth.items():
        pd.testing.assert_frame_equal(table, two.truth[name])
    assert not generate(_small(truth), 4).contacts.equals(one.contacts)


def test_columns_are_canonical(contacts: pd.DataFrame, history: SyntheticHistory) -> None:
    assert list(contacts.columns) == COLUMNS
    assert history.staffing is not None
    assert list(history.staffing.columns) == ["interval_start", "pool", "scheduled", "on_task"]
    assert str(contacts["started_at"].dt.tz) == str(history.staffing["interval_start"].dt.tz) == "UTC"
    assert contacts["contact_id"].is_unique
    assert contacts["started_at"].is_monotonic_increasing
    assert contacts["issue_id"].isna().all()
    needed = ["contact_id", "started_at", "entry_reason", "channel", "segment", "pool", "severity", "affinity"]
    assert contacts[needed].notna().all().all()


def test_sizes_are_those_of_the_reference(contacts: pd.DataFrame, history: SyntheticHistory) -> None:
    """About 90,000 contacts a week and 200 people on task at the busiest half hour of the mean week."""
    assert len(contacts) / 8 == pytest.approx(90_000, rel=0.04)
    local = contacts["started_at"].dt.tz_convert("Europe/Zurich")
    assert local.dt.date.nunique() == 56
    assert local.dt.hour.between(7, 20).mean() > 0.999
    assert history.staffing is not None
    table = history.staffing
    local_start = table["interval_start"].dt.tz_convert("Europe/Zurich")
    per_interval = table.assign(day=local_start.dt.day_name(), clock=local_start.dt.time)
    week = per_interval.groupby(["day", "clock", "pool"], observed=True)["on_task"].mean()
    peak = week.groupby(["day", "clock"]).sum().max()
    assert peak == pytest.approx(200, rel=0.12)
    assert len(table) == 56 * 28 * 6


def test_load_and_waits_fit_the_staffing(contacts: pd.DataFrame, history: SyntheticHistory, truth: Truth) -> None:
    """Occupancy = handled work / time on task; lost share = mean wait / patience, as Erlang A demands."""
    assert history.staffing is not None
    on_task_s = history.staffing.groupby("pool", observed=True)["on_task"].sum() * 1800.0
    work_s = contacts.groupby("pool", observed=True)["handle_s"].sum()
    for pool, declared in truth.pools.items():
        if declared.staffing is None:
            assert contacts.loc[contacts["pool"] == pool, "wait_s"].eq(0).all()
            continue
        occupancy = work_s[pool] / (on_task_s[pool] * declared.total_speed[-1])
        assert 0.65 <= occupancy <= 0.90, (pool, occupancy)
        patience = truth.channels[declared.channel].patience_s
        if patience is not None:
            mine = contacts[contacts["pool"] == pool]
            assert mine["abandoned"].mean() == pytest.approx(mine["wait_s"].mean() / patience, rel=0.05)
    voice = contacts[contacts["channel"] == "voice"]
    assert 0.02 <= voice["abandoned"].mean() <= 0.08
    assert 0.70 <= (voice["wait_s"] <= 20).mean() <= 0.90
    shrinkage = 1 - history.staffing["on_task"].sum() / history.staffing["scheduled"].sum()
    assert shrinkage == pytest.approx(0.30, abs=0.02)


def test_a_week_costs_what_the_scenario_expects(history: SyntheticHistory, contacts: pd.DataFrame) -> None:
    """Paid hours times wages plus contacts times prices, by hand: 250,000 to 500,000 a week."""
    wage = {"voice_core": 30, "voice_premium": 37, "voice_vendor": 23, "chat_core": 29, "chat_assist": 29}
    wage["email_desk"] = 28
    assert history.staffing is not None
    hours = history.staffing.groupby("pool", observed=True)["scheduled"].sum() / 2 / 8
    paid = sum(hours[pool] * price for pool, price in wage.items())
    price = {"voice_core": 0.12, "voice_premium": 0.12, "voice_vendor": 0.35, "chat_core": 0.05, "chat_assist": 0.30}
    price |= {"assistant": 0.45, "portal": 0.08}
    count = contacts["pool"].value_counts() / 8
    assert 350_000 <= paid + sum(count[pool] * one for pool, one in price.items()) + 8500 <= 450_000


def test_abandoned_contacts_have_no_wrap_up(contacts: pd.DataFrame) -> None:
    lost = contacts[contacts["abandoned"]]
    assert lost[["reason", "disposition", "agent_id", "handle_s", "resolved", "csat"]].isna().all().all()
    assert lost["entry_reason"].notna().all()
    served = contacts[~contacts["abandoned"]]
    assert served[["reason", "disposition", "handle_s", "resolved"]].notna().all().all()


def test_surveys_are_few_and_biased(contacts: pd.DataFrame, history: SyntheticHistory) -> None:
    served = contacts[~contacts["abandoned"]]
    assert served["csat"].notna().mean() == pytest.approx(0.12, abs=0.005)
    assert set(served["csat"].dropna().unique()) == {1.0, 2.0, 3.0, 4.0, 5.0}
    by_channel = served.groupby("channel", observed=True)["csat"].agg(lambda score: score.notna().mean())
    assert by_channel.max() - by_channel.min() > 0.03
    outcome = history.truth["journeys"].set_index("contact_id")["outcome"].reindex(served["contact_id"])
    answers = served["csat"].notna().to_numpy()
    assert answers[outcome == "resolved"].mean() > 1.15 * answers[outcome == "returns"].mean()
    assert served["nps"].notna().sum() < served["csat"].notna().sum()
    assert served["nps"].dropna().between(0, 10).all()
    assert served["ces"].dropna().between(1, 7).all()


def test_issues_come_back_elsewhere_and_under_other_names(history: SyntheticHistory, contacts: pd.DataFrame) -> None:
    journeys = history.truth["journeys"].merge(contacts[["contact_id", "channel", "entry_reason"]], on="contact_id")
    before = journeys.groupby("issue_id")[["channel", "reason", "entry_reason"]].shift()
    back = (journeys["stage"] == "returned") & before["channel"].notna()
    assert 0.10 <= back.mean() <= 0.25
    assert 0.2 <= (journeys["channel"].astype(str) != before["channel"].astype(str))[back].mean() <= 0.6
    assert 0.02 <= (journeys["reason"].astype(str) != before["reason"].astype(str))[back].mean() <= 0.15
    assert 0.15 <= (journeys["entry_reason"].astype(str) != before["entry_reason"].astype(str))[back].mean() <= 0.4
    issues = history.truth["issues"]
    assert 1.2 <= issues["contacts"].sum() / issues["issues"].sum() <= 1.5


def test_hard_issues_call_and_come_back(contacts: pd.DataFrame, history: SyntheticHistory) -> None:
    first = history.truth["journeys"]["stage"].eq("first").to_numpy()
    severity = contacts[first].groupby("channel", observed=True)["severity"].mean()
    assert severity["voice"] > severity["chat"] + 0.1 > severity["self_service"] + 0.3
    outcome = history.truth["journeys"]["outcome"]
    assert contacts["severity"][outcome == "returns"].mean() > contacts["severity"][outcome == "resolved"].mean() + 0.2
    handle = contacts.groupby(history.truth["journeys"]["stage"].to_numpy())["handle_s"].mean()
    assert handle["returned"] > 1.15 * handle["first"]


def test_menu_choices_are_sometimes_wrong(history: SyntheticHistory, truth: Truth) -> None:
    wrong = [reason.confused for reason in truth.reasons.values()]
    assert 0.08 <= min(wrong) <= max(wrong) <= 0.15
    table = history.truth["confusion"]
    np.testing.assert_allclose(table.groupby("entry_reason")["share"].sum(), 1.0)
    right = table[table["reason"] == table["entry_reason"]].set_index("reason")["share"]
    assert right["address"] > 0.99, "no other reason is mistaken for it"
    assert right.drop("address").between(0.6, 0.98).all()
    assert 0.8 <= right.median() <= 0.95


def test_handovers_name_their_parent(contacts: pd.DataFrame) -> None:
    handed = contacts[contacts["escalated_from"].notna()]
    parents = contacts.set_index("contact_id").loc[handed["escalated_from"]]
    assert parents["transferred"].all()
    assert set(parents["channel"].unique()) == {"assistant", "chat"}
    assert set(handed["channel"].unique()) == {"voice", "chat"}
    assert (parents["customer_id"].to_numpy() == handed["customer_id"].to_numpy()).all()
    assert 0.10 <= contacts.loc[contacts["channel"] == "assistant", "transferred"].mean() <= 0.25


def test_agents_codes_are_kinder_than_the_truth(contacts: pd.DataFrame, history: SyntheticHistory) -> None:
    outcome = history.truth["journeys"]["outcome"]
    assert contacts["resolved"][outcome == "returns"].mean() == pytest.approx(0.35, abs=0.02)
    assert contacts["resolved"][outcome == "resolved"].mean() == pytest.approx(0.96, abs=0.01)


def test_values_are_skewed_and_cut_into_segments(contacts: pd.DataFrame) -> None:
    customers = contacts.drop_duplicates("customer_id")
    assert customers["value"].mean() > 1.5 * customers["value"].median()
    edges = customers.groupby("segment", observed=True)["value"].agg(["min", "max"])
    assert edges.loc["standard", "max"] <= edges.loc["plus", "min"]
    assert edges.loc["plus", "max"] <= edges.loc["premium", "min"]


def test_naive_differences_are_not_effects(history: SyntheticHistory, contacts: pd.DataFrame) -> None:
    """Callers moved to self-service gain far less than the raw means promise: hard issues call."""
    raw = contacts.groupby(["reason", "channel"], observed=True)["csat"].mean().unstack()
    moves = history.truth["moves"]
    mine = moves[(moves["level"] == "reason") & (moves["segment"] == "all") & (moves["from_channel"] == "voice")]
    effect = mine[mine["to_channel"] == "self_service"].set_index("reason")["effect"]
    naive = (raw["self_service"] - raw["voice"]).reindex(effect.index)
    simple = ["balance", "address", "login", "card_block"]
    assert (naive[simple] - effect[simple] > 0.2).all()
    assert effect[["balance", "address"]].gt(0.05).all(), "simple reasons do well there, even those who call today"
    assert effect[["card_dispute", "loan", "invest"]].lt(-0.5).all()


def test_pools_spread_the_experience(history: SyntheticHistory) -> None:
    """The best and the cheapest voice pool differ by almost a point over all voice contacts together.

    Plans only choose how much each of them answers, so between plans a third of it is left (.2 to .4 points).
    """
    pools = history.truth["pools"]
    voice = pools[(pools["level"] == "entry_reason") & (pools["channel"] == "voice")]
    score = voice.pivot(index=["reason", "segment"], columns="pool", values="score")
    weight = voice.pivot(index=["reason", "segment"], columns="pool", values="n")["voice_core"]
    spread = ((score["voice_premium"] - score["voice_vendor"]) * weight).sum() / weight.sum()
    assert 0.8 <= spread <= 1.1


def test_gaps_are_as_declared(truth: Truth) -> None:
    thin = generate(_small(truth, customer_id=0.25, reason=0.20, entry_reason=0.1, staffing=True), 3)
    assert thin.staffing is None
    assert thin.contacts["customer_id"].isna().mean() == pytest.approx(0.25, abs=0.02)
    served = ~thin.contacts["abandoned"]
    assert thin.contacts["reason"][served].isna().mean() == pytest.approx(0.20, abs=0.02)
    assert thin.contacts["entry_reason"].isna().mean() == pytest.approx(0.10, abs=0.02)
