"""The experience a scenario states, row by row."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from toy_scenarios import toy, with_outcomes

from planner.errors import ScenarioError
from planner.experience import ExperienceModel, Support, model_for
from planner.experience.chain import contacts_per_issue, first_contact_ratio, spectral_radius


def cell(model: ExperienceModel, **where: str) -> pd.Series:
    frame = model.outcomes
    for key, value in where.items():
        frame = frame[frame[key] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_every_pool_type_and_stage_has_a_row_and_filters_hold() -> None:
    frame = model_for(toy()).outcomes
    served = set(frame[["reason", "segment", "pool"]].itertuples(index=False, name=None))
    assert served == {
        ("card", "gold", "phone"), ("card", "base", "phone"), ("fraud", "gold", "phone"), ("fraud", "base", "phone"),
        ("card", "gold", "chatters"), ("fraud", "gold", "chatters"), ("card", "gold", "bot"), ("card", "base", "bot"),
    }  # fmt: skip
    assert len(frame) == len(served) * 4
    assert not frame.duplicated(["reason", "segment", "channel", "pool", "stage"]).any()


def test_later_rows_win_and_stages_default_to_the_first() -> None:
    model = model_for(toy())
    first = cell(model, reason="fraud", segment="gold", pool="chatters", stage="first")
    assert first[["score", "score_sd", "aht_s", "p_escalate", "p_return"]].tolist() == [3.0, 0.0, 300, 0.2, 0.1]
    back = cell(model, reason="fraud", segment="gold", pool="chatters", stage="returned")
    assert (back["score"], back["aht_s"]) == (3.0, 400)
    again = cell(model, reason="card", segment="base", pool="bot", stage="redialed")
    assert (again["aht_s"], again["score"], again["score_sd"]) == (60, 3.2, 0.2)
    assert set(model.outcomes["source"]) == {"stated"}
    assert set(model.outcomes["support"]) == {"ok"}


def test_a_row_for_the_first_stage_fills_the_stages_nobody_names() -> None:
    frame = model_for(
        with_outcomes({"stage": "first", "aht_s": 200, "score": 4}, {"stage": "escalated", "score": 3})
    ).outcomes
    by_stage = frame[frame["pool"] == "phone"].groupby("stage")[["score", "aht_s"]].agg(["min", "max"])
    assert by_stage.loc["escalated"].tolist() == [3, 3, 200, 200]
    for stage in ("first", "redialed", "returned"):
        assert by_stage.loc[stage].tolist() == [4, 4, 200, 200]


def test_missing_handle_time_of_a_staffed_pool_is_refused_by_name() -> None:
    with pytest.raises(ScenarioError, match="no aht_s for reason fraud in pool phone") as caught:
        model_for(with_outcomes({"reason": "card", "aht_s": 100, "score": 4}, {"channel": "chat", "aht_s": 100}))
    assert len(caught.value.issues) == 1


def test_missing_score_means_no_support_and_a_note() -> None:
    model = model_for(with_outcomes({"aht_s": 100}, {"channel": "voice", "score": 4}))
    chat = model.outcomes[model.outcomes["channel"] == "chat"]
    assert chat["score"].isna().all()
    assert set(chat["support"]) == {Support.NONE.value}
    assert any("card in chat" in note for note in model.notes)
    into_chat = model.moves[model.moves["to_channel"] == "chat"]
    assert set(into_chat["support"]) == {"none"}
    assert into_chat["effect"].isna().all()


def test_escalating_to_nowhere_is_refused() -> None:
    with pytest.raises(ScenarioError, match="channel voice escalate"):
        model_for(with_outcomes({"aht_s": 100, "score": 4, "p_escalate": 0.1}))


def test_moves_are_differences_of_channel_means() -> None:
    moves = model_for(toy()).moves.set_index(["reason", "segment", "from_channel", "to_channel"])
    move = moves.loc[("card", "gold", "voice", "chat")]
    assert move["score"] == pytest.approx((3.8 + 3.2) / 2)
    assert move["effect"] == pytest.approx((3.8 + 3.2) / 2 - 4.0)
    assert move["sd"] == pytest.approx(0.15)
    assert ("fraud", "base", "voice", "chat") not in moves.index


def test_side_tables() -> None:
    model = model_for(toy())
    curve = model.wait_curve.set_index(["reason", "channel"])
    assert curve.loc[("card", "voice"), "loss"].tolist() == [0, 0.1, 0.5]
    assert curve.loc[("card", "chat"), "loss"].tolist() == [0, 0]
    assert model.returns.groupby(["reason", "channel"])["share"].sum().tolist() == [1.0] * 4
    assert model.escalations[["channel", "to_channel", "share"]].values.tolist() == [["chat", "voice", 1.0]]
    patience = model.patience.set_index("channel")["patience_s"]
    assert patience["voice"] == 150
    assert math.isinf(patience["chat"])
    assert model.confusion["share"].tolist() == [1.0, 1.0]
    draws = model.draws(200, 3)
    assert draws.scores.shape == (200, len(model.outcomes))
    assert np.array_equal(draws.scores, model.draws(200, 3).scores)


def test_contacts_per_issue_by_hand() -> None:
    """Voice: t = 1 / .9 for ever. Chat, card (mean over pools): 1 + .2 t_voice + .8 * .1 * t_chat_returned."""
    model = model_for(toy())
    t = contacts_per_issue(model.chain).set_index(["reason", "channel"])["contacts_per_issue"]
    assert t["card", "voice"] == pytest.approx(1 / 0.9)
    escalate = 0.2
    assert t["card", "chat"] == pytest.approx((1 + escalate / 0.9) / (1 - (1 - escalate) * 0.1))
    assert 0 < spectral_radius(model.chain) < 0.6


def test_first_contacts_are_recovered_from_all_contacts() -> None:
    model = model_for(toy())
    t = contacts_per_issue(model.chain).set_index(["reason", "channel"])["contacts_per_issue"]
    voice_from_chat = 0.2 / 0.9 / (1 - 0.08)
    rows = [("card", "voice", 100 / 0.9 + 50 * voice_from_chat), ("card", "chat", 50 / (1 - 0.08))]
    assert sum(row[2] for row in rows) == pytest.approx(100 * t["card", "voice"] + 50 * t["card", "chat"])
    contacts = pd.DataFrame(rows, columns=["reason", "channel", "contacts"])
    ratio = first_contact_ratio(model.chain, contacts).merge(contacts, on=["reason", "channel"])
    assert (ratio["ratio"] * ratio["contacts"]).round(6).tolist() == [100.0, 50.0]


def test_a_statement_errs_once_for_all_it_speaks_of() -> None:
    """Its rows move together by its sd, two statements apart, and those who move with the pools they come to."""
    model = model_for(
        with_outcomes(
            {"aht_s": 300, "score": 4.0, "score_sd": 0.1},
            {"channel": "chat", "stage": "first", "score": 3.8, "score_sd": 0.2},
            {"pool": "bot", "score": 3.0, "score_sd": 0.3},
        )
    )
    frame, draws = model.outcomes, model.draws(4000, 5)
    error = draws.scores - frame["score"].to_numpy(float)
    groups = {
        "voice": (frame["channel"] == "voice").to_numpy(),
        "chatters": ((frame["pool"] == "chatters") & frame["stage"].isin(["first", "redialed"])).to_numpy(),
        "bot": (frame["pool"] == "bot").to_numpy(),
    }
    assert frame.loc[groups["voice"], "statement"].unique().tolist() == [0]
    one = []
    for mine, sd in zip(groups.values(), (0.1, 0.2, 0.3), strict=True):
        assert np.ptp(error[:, mine], axis=1).max() < 1e-12
        one.append(error[:, np.flatnonzero(mine)[0]])
        assert one[-1].std() == pytest.approx(sd, rel=0.05)
    assert np.abs(np.corrcoef(one) - np.eye(3)).max() < 0.06
    for k, move in enumerate(model.moves.to_dict("records")):
        here = (frame["stage"] == "first") & (frame["channel"] == move["to_channel"])
        mine = (here & (frame["reason"] == move["reason"]) & (frame["segment"] == move["segment"])).to_numpy()
        if np.isfinite(move["score"]):
            np.testing.assert_allclose(draws.move_scores[:, k], draws.scores[:, mine].mean(axis=1))
        else:
            assert np.isnan(draws.move_scores[:, k]).all()
