"""Waits, handle times, flows, fallback and issues on small tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.experience.cells import Cells
from planner.experience.fallback import fill_unsurveyed
from planner.experience.flows import (
    combined_escalations,
    confusion_shares,
    escalation_rates,
    measured_escalations,
    patience_table,
    return_shares,
)
from planner.experience.handle_times import handle_times
from planner.experience.issues import with_issues
from planner.experience.waits import fit_wait_curves, mean_loss, within_hour_share

SUMS = {"answers": 0.0, "sum_score": 0.0, "sum_score2": 0.0, "sum_wait_s": 0.0}


def make_cells(rows: list[dict[str, object]]) -> Cells:
    base = {
        "reason": "card", "entry_reason": "card", "channel": "voice", "segment": "all", "pool": "phone",
        "stage": "first", "wait_band": -1, "hour_band": -1, "disposition": "", "later": "no", "contacts": 100.0,
        "handled": 100.0, "sum_handle_s": 30_000.0, "sum_handle2": 100.0 * 300**2 * 1.5, **SUMS,
    }  # fmt: skip
    return Cells(pd.DataFrame([{**base, **row} for row in rows]), (), (1.0, 5.0))


def waiting_cells(seed: int, *, peak: float = 0.3, shocks: bool = True) -> tuple[Cells, np.ndarray]:
    """Cells with a wait effect and, apart from it, less content customers at the busy hours."""
    rng = np.random.default_rng(seed)
    waits = np.array([5.0, 20.0, 60.0, 150.0, 400.0])
    loss = np.array([0.0, 0.0, 0.1, 0.3, 0.5])
    rows: list[dict[str, object]] = []
    for reason in ("card", "loan", "fees"):
        for hour in range(8):
            for band in range(5):
                near = np.exp(-0.5 * ((band - hour / 2) / (1.2 if shocks else 0.05)) ** 2)
                n = int(3000 * near) + (1 if shocks else 0)
                if n == 0:
                    continue
                mean = 4.0 - loss[band] - peak * hour / 7
                score = mean + rng.normal(0, 0.9 / np.sqrt(n))
                rows.append(
                    {
                        "reason": reason,
                        "entry_reason": reason,
                        "wait_band": band,
                        "hour_band": hour,
                        "contacts": n * 8.0,
                        "answers": float(n),
                        "sum_score": n * score,
                        "sum_score2": n * (score**2 + 0.81),
                        "sum_wait_s": n * 8.0 * waits[band],
                    }  # fmt: skip
                )
    return make_cells(rows), loss


def test_wait_curve_is_found_apart_from_the_peak_hours() -> None:
    cells, loss = waiting_cells(1)
    curves = fit_wait_curves(cells)
    own = curves.curve[curves.curve["reason"] == "loan"]
    assert own["wait_s"].tolist() == [0, 5, 20, 60, 150, 400]
    np.testing.assert_allclose(own["loss"].to_numpy()[1:], loss, atol=0.09)
    assert (np.diff(own["loss"]) >= 0).all()
    assert (own["sd"].to_numpy()[2:] > 0).all()
    assert 0.2 < curves.within_hour["voice"] < 1
    mean = mean_loss(curves, cells, ["entry_reason", "channel"])
    assert 0.05 < mean["loan", "voice"] < 0.5


def test_waits_that_follow_the_hour_alone_give_no_curve() -> None:
    cells, _ = waiting_cells(2, shocks=False)
    curves = fit_wait_curves(cells)
    assert within_hour_share(cells.frame) < 0.2
    assert curves.curve["loss"].eq(0).all()
    assert any("lies within hours" in note for note in curves.notes)


def test_scores_where_low_is_good_lose_by_rising() -> None:
    cells, loss = waiting_cells(3, peak=0.0)
    flipped = cells.frame.assign(sum_score=6 * cells.frame["answers"] - cells.frame["sum_score"])
    flipped["sum_score2"] = flipped["sum_score"] ** 2 / flipped["answers"] + 0.81 * flipped["answers"]
    curves = fit_wait_curves(Cells(flipped, (), (1.0, 5.0)), higher_is_better=False)
    own = curves.curve[curves.curve["reason"] == "card"]
    np.testing.assert_allclose(own["loss"].to_numpy()[1:], loss, atol=0.09)


def test_handle_times_pool_thin_cells_and_refuse_unseen_pools() -> None:
    rows: list[dict[str, object]] = []
    for pool, factor in (("phone", 1.0), ("vendor", 0.8)):
        for reason, seconds in (("card", 300.0), ("loan", 600.0), ("fees", 200.0)):
            n = 3.0 if (pool, reason) == ("vendor", "loan") else 400.0
            mean = 10.0 if n == 3.0 else seconds * factor
            rows.append({"pool": pool, "entry_reason": reason, "reason": reason, "contacts": n, "handled": n,
                         "sum_handle_s": n * mean, "sum_handle2": n * mean**2 * 1.5})  # fmt: skip
    wanted = pd.DataFrame(
        [("card", "phone"), ("loan", "vendor"), ("card", "robot"), ("tax", "phone")], columns=["reason", "pool"]
    ).assign(segment="all", stage="first")
    got = handle_times(make_cells(rows), wanted)
    assert got[0] == pytest.approx(300, rel=0.02)
    assert got[1] == pytest.approx(480, rel=0.15)
    assert got[2:].isna().all()


def test_escalation_rates_shrink_and_stay_zero_where_nobody_escalates() -> None:
    cells = make_cells(
        [
            {"channel": "bot", "pool": "bot", "contacts": 800.0},
            {"channel": "bot", "pool": "bot", "contacts": 200.0, "later": "escalated"},
            {"channel": "bot", "pool": "bot", "contacts": 5.0, "entry_reason": "loan", "reason": "loan"},
            {"contacts": 900.0},
        ]
    )
    wanted = pd.DataFrame(
        [("card", "bot", "bot"), ("loan", "bot", "bot"), ("card", "voice", "phone"), ("loan", "voice", "phone")],
        columns=["reason", "channel", "pool"],
    ).assign(segment="all", stage="first")
    got = escalation_rates(cells, wanted)
    assert got[0] == pytest.approx(0.2, abs=0.01)
    assert 0.12 < got[1] < 0.2
    assert got[2] == 0
    assert np.isnan(got[3])


def test_returns_sum_to_one_and_go_only_where_somebody_serves() -> None:
    follow = pd.DataFrame(
        [
            ("card", "voice", "return", "card", "voice", 60.0),
            ("card", "voice", "return", "loan", "voice", 20.0),
            ("card", "voice", "return", "card", "fax", 20.0),
            ("card", "bot", "escalation", "card", "voice", 50.0),
        ],
        columns=["reason", "channel", "kind", "to_reason", "to_channel", "contacts"],
    )
    places = pd.DataFrame([("card", "voice"), ("loan", "voice"), ("card", "bot")], columns=["reason", "channel"])
    got = return_shares(follow, places)
    assert got.groupby(["reason", "channel"])["share"].sum().round(9).eq(1).all()
    assert set(got["to_channel"]) == {"voice", "bot"}
    stays = got[(got["reason"] == "card") & (got["channel"] == "bot")]
    assert stays[["to_reason", "to_channel"]].values.tolist() == [["card", "bot"]]
    measured = measured_escalations(follow)
    assert measured.values.tolist() == [["bot", "voice", 1.0]]
    named = pd.DataFrame([("bot", "chat", 1.0)], columns=["channel", "to_channel", "share"])
    combined, _ = combined_escalations(measured, named)
    assert combined.values.tolist() == [["bot", "chat", 1.0]]


def test_confusion_and_patience() -> None:
    cells = make_cells([{"contacts": 90.0}, {"contacts": 10.0, "reason": "loan"}])
    got = confusion_shares(cells, ["card", "tax"])
    assert got.values.tolist() == [["card", "card", 0.9], ["card", "loan", 0.1], ["tax", "tax", 1.0]]
    waited = pd.DataFrame({"channel": ["voice", "chat"], "wait_s": [9000.0, 100.0], "abandoned": [60.0, 0.0]})
    stated = pd.DataFrame([("chat", 80.0, 0.0, "stated")], columns=["channel", "patience_s", "n_abandoned", "source"])
    table = patience_table(["voice", "chat", "fax"], waited, stated)
    assert table["patience_s"].tolist() == [150.0, 80.0, np.inf]
    assert table["source"].tolist() == ["estimated", "stated", "default"]


def test_unsurveyed_channels_get_a_wide_score_through_resolution() -> None:
    rows = []
    for k, reason in enumerate(("card", "loan", "fees", "tax")):
        for channel, p_return, score in (("voice", 0.1, 4.0), ("chat", 0.3, 3.5), ("bot", 0.5, np.nan)):
            rows.append(
                (reason, "all", channel, "first", 0.0, p_return, score + 0.1 * k, 0.05, 100.0, "ok", "estimated")
            )
    columns = ["reason", "segment", "channel", "stage", "p_escalate", "p_return", "score", "score_sd", "n_contacts",
               "support", "source"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    frame.loc[frame["channel"] == "bot", ["support", "source"]] = ["none", "default"]
    got, notes = fill_unsurveyed(frame, ("chat", "voice"), (1.0, 5.0))
    bot = got[got["channel"] == "bot"]
    assert set(bot["support"]) == {"extrapolated"}
    assert bot["score"].iloc[0] == pytest.approx(3.0, abs=0.35)
    assert (bot["score_sd"] >= 0.05).all()
    assert "bot: no survey there" in notes[0]


def test_anonymous_contacts_stand_for_as_many_issues_as_identified_ones() -> None:
    volumes = pd.DataFrame(
        {
            "entry_reason": ["card"],
            "channel": ["voice"],
            "contacts": [1000.0],
            "first_contacts": [800.0],
            "anonymous_contacts": [200.0],
        }  # fmt: skip
    )
    got, notes = with_issues(volumes)
    assert got["issues"][0] == pytest.approx(600 + 200 * 0.75)
    assert "20.0%" in notes[0]
    alone, notes = with_issues(volumes.assign(anonymous_contacts=1000.0, first_contacts=1000.0))
    assert alone["issues"][0] == 1000
    assert "every contact counts" in notes[0]
