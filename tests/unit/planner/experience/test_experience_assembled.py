"""The model of a small history with a scenario on top: what is stated wins, what was never seen is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from toy_scenarios import toy

from planner.experience import ExperienceModel
from planner.experience.assemble import Journeys, asked_of, estimated_model
from planner.experience.cells import Cells
from planner.experience.estimated import fit_all
from planner.experience.evidence import Evidence, gather
from planner.experience.issues import with_issues
from planner.history.cells import ContactCells
from planner.history.outcomes import OUTCOMES
from planner.scenario import Scenario

SCORES = {("card", "voice"): 4.2, ("fraud", "voice"): 3.6, ("card", "chat"): 3.9}


def raw_cells(*, anonymous: bool = False) -> ContactCells:
    """Card and fraud on the phone, card in chat (mostly the bot); fraud never came by chat."""
    rng = np.random.default_rng(2)
    rows = []
    for (reason, channel), score in SCORES.items():
        for segment in ("gold", "base"):
            for later, n in (("none", 900), ("return", 100), ("escalation", 60 if channel == "chat" else 0)):
                pool = "phone" if channel == "voice" else ("chatters" if segment == "gold" else "bot")
                answers = n // 5
                mean = score + rng.normal(0, 0.02) - (0.5 if later != "none" else 0)
                rows.append((reason, reason, channel, segment, pool, later, n, answers, mean * answers,
                             answers * (mean**2 + 0.8)))  # fmt: skip
    columns = ["entry_reason", "reason", "channel", "segment", "pool", "later_kind", "cnt", "ans", "s1", "s2"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame[frame["cnt"] > 0].assign(
        disposition=None, stage="first", abandoned=False, anonymous=anonymous, censored=False, hour_band=0,
        wait_band=-1, n_wait=0, sum_wait_s=0.0, n_handle=frame["cnt"], sum_handle_s=frame["cnt"] * 240.0,
        sum_handle2=frame["cnt"] * 240.0**2 * 1.3,
    )  # fmt: skip
    return ContactCells(frame.reset_index(drop=True), "csat", (), 7.0, 5, (), {}, {})


def journeys(cells: Cells) -> Journeys:
    frame = cells.frame.groupby(["entry_reason", "segment", "channel"], as_index=False)[["contacts"]].sum()
    volumes, _ = with_issues(frame.assign(first_contacts=frame["contacts"] * 0.9, anonymous_contacts=0.0))
    follow = pd.DataFrame(
        [("card", "voice", "return", "card", "voice", 200.0), ("card", "chat", "escalation", "card", "voice", 120.0)],
        columns=["reason", "channel", "kind", "to_reason", "to_channel", "contacts"],
    )
    return Journeys(follow, volumes, pd.Series({"card": 0.02, "fraud": 0.0}))


def stating(*rows: dict[str, object]) -> Scenario:
    base = toy()
    return toy(experience=base.experience.model_dump() | {"outcomes": rows, "wait_loss": ()})


def model(scenario: Scenario | None, source: ContactCells | None = None) -> ExperienceModel:
    return assembled(gather(source or raw_cells(), scenario, (1.0, 5.0)), scenario)


def assembled(evidence: Evidence, scenario: Scenario | None) -> ExperienceModel:
    told = journeys(evidence.cells)
    fits = fit_all(evidence.cells, higher_is_better=True, seed=0, chance=told.chance)
    asked = asked_of(evidence, fits, scenario)
    return estimated_model(evidence, told, fits, asked, outcome=OUTCOMES["csat"], scenario=scenario)


FRAUD_CHAT = {"reason": "fraud", "channel": "chat", "aht_s": 500, "score": 3.1, "score_sd": 0.3, "p_return": 0.2}


def test_a_pair_never_seen_is_refused_until_the_scenario_states_it() -> None:
    timed = model(stating())
    row = timed.outcomes[(timed.outcomes["reason"] == "fraud") & (timed.outcomes["channel"] == "chat")].iloc[0]
    assert np.isnan(row["score"])
    assert row["support"] == "none"
    assert row["aht_s"] == pytest.approx(240, rel=0.1)
    stated = model(stating(FRAUD_CHAT))
    row = stated.outcomes[(stated.outcomes["reason"] == "fraud") & (stated.outcomes["channel"] == "chat")].iloc[0]
    assert row[["score", "score_sd", "support", "source"]].tolist() == [3.1, 0.3, "ok", "stated"]
    move = stated.moves[(stated.moves["reason"] == "fraud") & (stated.moves["to_channel"] == "chat")].iloc[0]
    assert move[["score", "p_return", "support"]].tolist() == [3.1, 0.2, "ok"]
    assert move["effect"] == pytest.approx(3.1 - 3.6, abs=0.15)


def test_estimates_are_near_the_cells_and_stated_values_win() -> None:
    got = model(stating(FRAUD_CHAT, {"pool": "phone", "segment": "gold", "aht_s": 99}))
    first = got.outcomes[got.outcomes["stage"] == "first"].set_index(["reason", "segment", "pool"])
    assert first.loc[("card", "gold", "phone"), "score"] == pytest.approx(4.2, abs=0.12)
    assert first.loc[("card", "gold", "phone"), "aht_s"] == 99
    assert first.loc[("card", "base", "phone"), "aht_s"] == pytest.approx(240, rel=0.02)
    assert first.loc[("card", "gold", "phone"), "source"] == "estimated"
    assert first.loc[("card", "gold", "phone"), "p_return"] == pytest.approx((0.1 - 0.02) / 0.98, abs=0.02)
    assert first.loc[("card", "base", "bot"), "p_escalate"] == pytest.approx(60 / 1060, abs=0.01)
    assert first.loc[("card", "gold", "phone"), "p_escalate"] == 0
    assert got.table["mean"].notna().sum() == 6
    assert (got.table.loc[got.table["support"] == "none", ["reason", "channel"]].drop_duplicates().values.tolist()
            == [["fraud", "chat"]])  # fmt: skip


def test_draws_are_joint_and_stated_rows_vary_as_stated() -> None:
    got = model(stating(FRAUD_CHAT))
    draws = got.draws(2_000, 4)
    row = int(np.flatnonzero((got.outcomes["source"] == "stated") & (got.outcomes["stage"] == "first"))[0])
    assert draws.scores[:, row].std() == pytest.approx(0.3, rel=0.1)
    phone = got.outcomes[(got.outcomes["pool"] == "phone") & (got.outcomes["reason"] == "card")]
    same = phone[(phone["segment"] == "gold") & phone["stage"].isin(["first", "returned"])].index
    assert np.corrcoef(draws.scores[:, same].T)[0, 1] > 0.9


def test_without_a_scenario_the_rows_are_those_history_saw() -> None:
    got = model(None)
    assert set(zip(got.outcomes["reason"], got.outcomes["pool"], strict=True)) == {
        ("card", "phone"), ("fraud", "phone"), ("card", "chatters"), ("card", "bot"),
    }  # fmt: skip
    assert got.escalations.values.tolist() == [["chat", "voice", 1.0]]
    assert got.quality["response_rate"] == pytest.approx(0.2, abs=0.01)


def test_gaps_are_allocated_and_totals_stay() -> None:
    source = raw_cells()
    frame = source.frame.copy()
    frame["reason"] = frame["reason"].astype(object)
    frame.loc[frame.index % 3 == 0, "reason"] = None
    frame.loc[frame.index % 4 == 0, "pool"] = None
    evidence = gather(dataclasses.replace(source, frame=frame), toy(), (1.0, 5.0))
    for mine, theirs in (
        ("contacts", "cnt"),
        ("answers", "ans"),
        ("sum_score", "s1"),
        ("sum_handle_s", "sum_handle_s"),
    ):
        assert evidence.cells.frame[mine].sum() == pytest.approx(frame[theirs].sum())
    assert any("have no reason" in note for note in evidence.notes)
    assert any("have no pool" in note for note in evidence.notes)


def test_labels_the_scenario_does_not_know_are_left_out_and_counted() -> None:
    source = raw_cells()
    frame = source.frame.replace({"channel": {"chat": "fax"}})
    evidence = gather(dataclasses.replace(source, frame=frame), toy(), (1.0, 5.0))
    assert set(evidence.cells.frame["channel"]) == {"voice"}
    assert any("channel not in the scenario (fax)" in note for note in evidence.notes)


def test_when_nobody_can_be_followed_every_contact_counts_as_the_last() -> None:
    evidence = gather(raw_cells(anonymous=True), None, (1.0, 5.0))
    assert isinstance(evidence, Evidence)
    assert set(evidence.cells.frame["later"]) == {"unknown"}
    got = assembled(evidence, None)
    assert any("no customer can be followed" in note for note in got.notes)
    assert got.outcomes["p_return"].isna().all()


def waited_cells(*wait_s: float) -> ContactCells:
    """The same contacts, those on the phone in equal parts after each of these waits, whatever their score."""
    source = raw_cells()
    phone = source.frame["channel"] == "voice"
    sums = ["cnt", "ans", "s1", "s2", "n_handle", "sum_handle_s", "sum_handle2"]
    parts = [source.frame[~phone]]
    for band, wait in enumerate(wait_s):
        part = source.frame[phone].copy()
        part[sums] = part[sums] / len(wait_s)
        parts.append(part.assign(wait_band=band, n_wait=part["cnt"], sum_wait_s=part["cnt"] * wait))
    frame = pd.concat(parts, ignore_index=True)
    return dataclasses.replace(source, frame=frame)


def waiting(*knots: tuple[float, float]) -> Scenario:
    curve = {"channel": "voice", "wait_s": [k[0] for k in knots], "loss": [k[1] for k in knots]}
    base = toy().experience.model_dump()
    return toy(experience=base | {"outcomes": (), "wait_loss": (curve,)})


def test_a_stated_curve_takes_past_waits_out_of_the_scores_it_will_be_taken_off() -> None:
    """Half waited 60 s, half 180 s: the stated curve says .1 and .3, on average .2; the history shows no loss at all.

    So the score at zero wait is .2 above what was reported, and waits as in the past bring it back to that.
    """
    source = waited_cells(60.0, 180.0)
    got, free = (model(waiting(*knots), source) for knots in (((0, 0), (60, 0.1), (300, 0.5)), ((0, 0), (300, 0.0))))
    voice = got.outcomes["channel"] == "voice"
    assert voice.any()
    np.testing.assert_allclose((got.outcomes["score"] - free.outcomes["score"])[voice], 0.2, atol=1e-9)
    np.testing.assert_allclose((got.outcomes["score"] - free.outcomes["score"])[~voice].dropna(), 0.0, atol=1e-9)
    into = (got.moves["to_channel"] == "voice") & (got.moves["support"] != "none")
    assert into.any()
    np.testing.assert_allclose((got.moves["score"] - free.moves["score"])[into], 0.2, atol=1e-9)
    curve = got.wait_curve[(got.wait_curve["channel"] == "voice") & (got.wait_curve["reason"] == "card")]
    lost = np.interp([60.0, 180.0], curve["wait_s"], curve["loss"]).mean()
    first = got.outcomes[voice & (got.outcomes["stage"] == "first") & (got.outcomes["reason"] == "card")]
    np.testing.assert_allclose(first["score"] - lost, 4.2, atol=0.12)
    shift = got.draws(3, 1).scores[:, voice] - free.draws(3, 1).scores[:, voice]
    np.testing.assert_allclose(shift, 0.2, atol=1e-9)


def test_beyond_its_last_knot_a_stated_curve_is_flat() -> None:
    source = waited_cells(60.0, 900.0)
    got, free = (model(waiting(*knots), source) for knots in (((0, 0), (60, 0.1), (300, 0.5)), ((0, 0), (300, 0.0))))
    voice = got.outcomes["channel"] == "voice"
    np.testing.assert_allclose((got.outcomes["score"] - free.outcomes["score"])[voice], 0.3, atol=1e-9)
