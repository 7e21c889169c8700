"""Each guard finds its defect where it was planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from toy_surveys import START, as_history, clean_contacts

from planner.experience.guards import FALSE_ALARM_RATE, GUARDS, check_guards
from planner.experience.guards.findings import kept_findings
from planner.history.surveys import survey_log

SEEDS = (1, 2)
RATE = FALSE_ALARM_RATE / len(GUARDS)


def all_of(frame: pd.DataFrame, folder: Path, guard: str, highest: float = 5.0) -> pd.DataFrame:
    log = survey_log(as_history(frame, folder, highest), outcome="csat", window_days=7)
    one = {guard.__name__: guard for guard in GUARDS}[guard]
    return kept_findings(guard, one(log, 1), RATE)


def found(frame: pd.DataFrame, folder: Path, guard: str, highest: float = 5.0) -> pd.DataFrame:
    table = all_of(frame, folder, guard, highest)
    return table[table["level"] != "note"].set_index("where")


def rows_of(frame: pd.DataFrame, **places: object) -> np.ndarray:
    return np.logical_and.reduce([frame[key].to_numpy() == value for key, value in places.items()])


def hashed(folder: Path, frame: pd.DataFrame, agent: int) -> str:
    """Where a finding about an agent stands: the guards see salted hashes."""
    history = as_history(frame, folder).materialize().set_index("contact_id")
    contact = frame.loc[frame["agent"] == agent, "contact_id"].iloc[0]
    return f"agent={history.loc[contact, 'agent_id']}"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fall_of_the_response_is_found_in_its_channel_and_week(seed: int, tmp_path: Path) -> None:
    frame = clean_contacts(seed)
    late = rows_of(frame, channel="chat") & (frame["day"] >= 7 * 12)
    frame.loc[late & (np.random.default_rng(seed).random(len(frame)) < 0.5), "csat"] = np.nan
    table = found(frame, tmp_path, "response_shifts")
    assert table.index.tolist() == ["channel=chat"]
    row = table.iloc[0]
    assert row["level"] == "alarm"
    assert row["lower"] < row["size"] < row["upper"] < 0
    assert str((START + pd.Timedelta(weeks=12)).date()) in row["finding"]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_agent_far_below_the_peers_is_found(seed: int, tmp_path: Path) -> None:
    frame = clean_contacts(seed)
    own = rows_of(frame, agent=4) & frame["csat"].notna()
    frame.loc[own, "csat"] = (frame.loc[own, "csat"] - 2.5).clip(lower=1).round()
    table = found(frame, tmp_path, "agent_skew")
    assert table.index.tolist() == [hashed(tmp_path, frame, 4)]
    assert table.iloc[0]["upper"] < -1


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_agents_who_drop_unhappy_answers_are_found(seed: int, tmp_path: Path) -> None:
    frame = clean_contacts(seed, contacts=40_000)
    gaming = frame["agent"].isin([4, 10]).to_numpy()
    frame.loc[gaming & (frame["csat"] <= 4), "csat"] = np.nan
    selection = found(frame, tmp_path, "answer_selection")
    negatives = found(frame, tmp_path, "missing_negatives")
    culprits = {hashed(tmp_path, frame, agent) for agent in (4, 10)}
    assert culprits <= set(negatives.index)
    assert set(negatives[negatives["level"] == "alarm"].index) <= culprits
    assert set(selection.index) <= {*culprits, "agents"}
    assert culprits & {*selection.index, *found(frame, tmp_path, "agent_skew").index}


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_missing_low_scores_of_one_agent_are_found(seed: int, tmp_path: Path) -> None:
    frame = clean_contacts(seed, contacts=40_000)
    frame.loc[rows_of(frame, agent=7) & (frame["csat"] <= 2), "csat"] = np.nan
    table = found(frame, tmp_path, "missing_negatives")
    assert set(table.index) == {hashed(tmp_path, frame, 7)}
    assert table.iloc[0]["size"] < 0
    assert "csat of 2 or less" in table.iloc[0]["finding"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_spike_at_one_score_is_found(seed: int, tmp_path: Path) -> None:
    frame = clean_contacts(seed)
    own = rows_of(frame, agent=5) & frame["csat"].notna() & (np.random.default_rng(seed).random(len(frame)) < 0.7)
    frame.loc[own, "csat"] = 4.0
    table = found(frame, tmp_path, "missing_negatives")
    spikes = table[table["finding"].str.startswith("score 4 in")]
    assert spikes.index.tolist() == [hashed(tmp_path, frame, 5)]


@pytest.mark.parametrize("seed", SEEDS)
def test_low_scores_that_vanish_from_a_channel_are_found(seed: int, tmp_path: Path) -> None:
    frame = clean_contacts(seed)
    frame.loc[rows_of(frame, channel="voice") & (frame["day"] >= 70) & (frame["csat"] <= 2), "csat"] = np.nan
    table = found(frame, tmp_path, "missing_negatives")
    assert table.index.tolist() == ["channel=voice"]
    assert table.iloc[0]["level"] == "alarm"


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_that_rise_while_customers_come_back_are_found(seed: int, tmp_path: Path) -> None:
    frame = clean_contacts(seed)
    rng = np.random.default_rng(seed)
    progress = frame["day"] / 140
    lift = (rng.random(len(frame)) < progress) & frame["csat"].notna()
    frame.loc[lift, "csat"] = (frame.loc[lift, "csat"] + 1).clip(upper=5)
    again = frame[rng.random(len(frame)) < 0.4 * progress].assign(csat=np.nan)
    again["day"] += rng.uniform(0.5, 3.0, len(again))
    again["contact_id"] = "again-" + again["contact_id"]
    frame = pd.concat([frame, again[again["day"] < 140]], ignore_index=True)
    table = found(frame, tmp_path, "score_repeat_divergence")
    assert "all channels" in table.index
    assert table.loc["all channels", "lower"] > 0
    assert not any(where.startswith("agent") for where in table.index)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_an_agent_who_codes_everything_solved_is_found(seed: int, tmp_path: Path) -> None:
    frame = clean_contacts(seed, contacts=40_000)
    own = rows_of(frame, agent=8)
    rng = np.random.default_rng(seed)
    again = frame[own & (rng.random(len(frame)) < 0.6)].assign(csat=np.nan)
    frame.loc[own, "solved"] = True
    again["day"] += rng.uniform(0.5, 3.0, len(again))
    again["agent"] = 11
    again["contact_id"] = "again-" + again["contact_id"]
    frame = pd.concat([frame, again[again["day"] < 140]], ignore_index=True)
    table = found(frame, tmp_path, "score_repeat_divergence")
    culprit = hashed(tmp_path, frame, 8)
    assert culprit in table.index
    assert table.loc[culprit, "level"] == "alarm"
    assert set(table.index) - {culprit} <= {"agents"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_fatigue_is_found_with_its_days_of_rest(seed: int, tmp_path: Path) -> None:
    frame = clean_contacts(seed, contacts=60_000, fatigue=lambda gap: np.where(gap < 14, 0.35, 1.0))
    rows = all_of(frame, tmp_path, "survey_fatigue")
    tested = rows[rows["level"] != "note"]
    assert tested["finding"].str.startswith("response rate").any()
    assert not tested["finding"].str.startswith("mean score").any()
    rule = rows[rows["finding"].str.startswith("rule")].iloc[0]
    assert rule["size"] in (14.0, 30.0)
    assert "14 days" in rule["finding"] or "30 days" in rule["finding"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_new_scale_is_found_with_its_values_and_date(seed: int, tmp_path: Path) -> None:
    frame = clean_contacts(seed)
    late = rows_of(frame, channel="email") & (frame["day"] >= 63)
    frame.loc[late, "csat"] = 2 * frame.loc[late, "csat"]
    table = found(frame, tmp_path, "instrument_changes", highest=10.0)
    row = table.loc["channel=email"]
    assert row["level"] == "alarm"
    assert "6, 8, 10 appear" in row["finding"]
    assert "5 vanish" in row["finding"] or "5" in row["finding"].split("vanish")[0]
    assert str((START + pd.Timedelta(days=63)).date()) in row["finding"]
    assert set(table.index) == {"channel=email"}


@pytest.mark.parametrize("seed", SEEDS)
def test_half_points_from_some_date_are_found(seed: int, tmp_path: Path) -> None:
    frame = clean_contacts(seed)
    late = rows_of(frame, channel="voice") & (frame["day"] >= 63) & (frame["csat"] < 5)
    late &= np.random.default_rng(seed).random(len(frame)) < 0.5
    frame.loc[late, "csat"] += 0.5
    row = found(frame, tmp_path, "instrument_changes").loc["channel=voice"]
    assert "parts of points" in row["finding"]
    assert row["level"] == "alarm"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reversed_scale_is_found(seed: int, tmp_path: Path) -> None:
    frame = clean_contacts(seed)
    late = rows_of(frame, channel="chat") & (frame["day"] >= 70)
    frame.loc[late, "csat"] = 6 - frame.loc[late, "csat"]
    table = found(frame, tmp_path, "instrument_changes")
    row = table.loc["channel=chat, against=resolved"]
    assert "points the wrong way now" in row["finding"]
    assert {where.split(",")[0] for where in table.index} == {"channel=chat"}


def test_a_scale_reversed_from_the_start_is_found(tmp_path: Path) -> None:
    frame = clean_contacts(4)
    own = rows_of(frame, channel="voice")
    frame.loc[own, "csat"] = 6 - frame.loc[own, "csat"]
    table = found(frame, tmp_path, "instrument_changes")
    assert "is the scale reversed?" in table.loc["channel=voice, against=resolved", "finding"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_renamed_reason_is_found_with_its_new_name(seed: int, tmp_path: Path) -> None:
    frame = clean_contacts(seed)
    frame.loc[rows_of(frame, reason="r1") & (frame["day"] >= 84), "reason"] = "new"
    table = found(frame, tmp_path, "reason_drift")
    alarms = table[table["level"] == "alarm"]
    assert set(alarms.index) == {"reason=r1", "reason=new"}
    assert "disappears" in alarms.loc["reason=r1", "finding"]
    assert "new changes the other way" in alarms.loc["reason=r1", "finding"]
    assert "appears" in alarms.loc["reason=new", "finding"]


def test_without_answers_reasons_are_still_watched(tmp_path: Path) -> None:
    frame = clean_contacts(1).assign(csat=np.nan)
    frame.loc[rows_of(frame, reason="r1") & (frame["day"] >= 84), "reason"] = "new"
    table = check_guards(as_history(frame, tmp_path), outcome="fcr", window_days=7)
    assert table["guard"].iloc[0] == "surveys"
    assert set(table.loc[table["level"] == "alarm", "where"]) == {"reason=r1", "reason=new"}
