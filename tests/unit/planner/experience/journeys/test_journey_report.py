"""The report of a history with known truth, of one without customers, and of bad arguments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.experience.journeys import JourneyReport, journey_report, render_map
from planner.experience.journeys.resolution import LEVELS, resolution_counts, resolution_table

T0 = pd.Timestamp("2026-01-05 08:00")
RETURN = {"bot": 0.4, "voice": 0.15}


def _center(seed: int, issues: int = 4_000, days: float = 120.0) -> pd.DataFrame:
    """One issue per customer; who is not solved comes back by voice within days, again with p = .3."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(issues):
        at = rng.uniform(0, days)
        channel, attempt = ("bot" if rng.random() < 0.5 else "voice"), 1
        while at <= days:
            rows.append((f"k{k}", at, channel, attempt))
            if rng.random() > (RETURN[channel] if attempt == 1 else 0.3):
                break
            at, channel, attempt = at + min(rng.exponential(1.0), 6.9), "voice", attempt + 1
    frame = pd.DataFrame(rows, columns=["customer_id", "at", "channel", "attempt"])
    return frame.assign(
        started_at=T0 + pd.to_timedelta(frame["at"], unit="D"),
        entry_reason="card",
        segment="all",
        abandoned=False,
        handle_s=np.where(frame["channel"] == "bot", 20.0, 300.0),
        csat=np.where(rng.random(len(frame)) < 0.3, 5.0 - frame["attempt"].clip(upper=4), np.nan),
    ).drop(columns=["at", "attempt"])


@pytest.fixture(scope="module")
def report(loaded) -> JourneyReport:
    return journey_report(
        loaded(_center(1)), window_days=7, outcome="csat", cost_per_contact={"bot": 0.5, "voice": 6.0}
    )


def test_resolution_and_chain_find_the_truth(report: JourneyReport) -> None:
    fcr = report.resolution[report.resolution["definition"] == "no_return"].set_index(["level", "channel"])
    for channel, p in RETURN.items():
        row = fcr.loc[("channel", channel)]
        assert abs(row["fcr"] - (1 - p)) < 3 * row["sd"]
        assert row["lower"] < row["fcr"] < row["upper"]
    first = report.first_channels[report.first_channels["reason"].isna()].set_index("channel")
    for channel, p in RETURN.items():
        truth = 1 + p / 0.7
        assert first.loc[channel, "contacts_lower"] - 0.01 < truth < first.loc[channel, "contacts_upper"] + 0.01
        assert first.loc[channel, "tax_money"] == pytest.approx(6 * p / 0.7, abs=0.25)
    assert (first["tax_points"] > 0).all()
    assert set(report.first_channels["cost_unit"]) == {"money"}


def test_what_is_left_out_is_said(report: JourneyReport) -> None:
    text = "\n".join(report.notes)
    assert "less than 14 days old at the end of the data" in text
    assert "an issue gave up if its last contact was abandoned" in text
    assert "not what a move would do" in text
    assert "contacts per issue as linked" in text
    assert render_map(report.map).startswith("<svg")


def test_counted_lengths_agree_with_the_chain(report: JourneyReport) -> None:
    table = report.issue_lengths[report.issue_lengths["reason"].isna()]
    assert (table["share"] - table["predicted"]).abs().max() < 0.025
    assert table["share"].sum() == pytest.approx(1) == pytest.approx(table["predicted"].sum())


def test_the_same_seed_gives_the_same_report(loaded) -> None:
    frame = _center(2, issues=600)
    one = journey_report(loaded(frame), window_days=7, seed=4)
    two = journey_report(loaded(frame.sample(frac=1, random_state=1)), window_days=7, seed=4)
    pd.testing.assert_frame_equal(one.first_channels, two.first_channels)
    pd.testing.assert_frame_equal(one.resolution, two.resolution)


def test_nobody_identified_is_no_resolution_at_all(loaded) -> None:
    frame = _center(3, issues=300).assign(customer_id=None, resolved=True)
    found = journey_report(loaded(frame.astype({"customer_id": "string"})), window_days=7)
    assert set(found.resolution["definition"]) == {"coded"}
    assert (found.resolution["share_anonymous"] == 1).all()
    assert found.first_channels.empty
    assert found.chain_states.empty
    assert "no customer is identified: there are no journeys to follow" in found.notes
    assert render_map(found.map).startswith("<svg")


def test_half_anonymous_does_not_raise_resolution(loaded) -> None:
    frame = _center(4)
    blank = frame["customer_id"].str[1:].astype(int) % 2 == 0
    history = loaded(frame.assign(customer_id=frame["customer_id"].where(~blank)))
    table = resolution_table(resolution_counts(history, 7), window_days=7, history=history)
    row = table[(table["definition"] == "no_return") & (table["level"] == "all")].iloc[0]
    assert row["share_anonymous"] > 0.4
    assert row["fcr"] == pytest.approx(1 - np.mean(list(RETURN.values())), abs=0.03)


def test_returns_that_may_hide_among_anonymous_contacts_bound_resolution_from_below(loaded) -> None:
    """Every second contact loses its customer: half of the returns are not seen, and the lower bound allows for it."""
    frame = _center(6)
    blank = np.random.default_rng(0).random(len(frame)) < 0.5
    history = loaded(frame.assign(customer_id=frame["customer_id"].where(~blank)))
    table = resolution_table(resolution_counts(history, 7), window_days=7, history=history)
    row = table[(table["definition"] == "no_return") & (table["level"] == "all")].iloc[0]
    truth = 1 - np.mean(list(RETURN.values()))
    assert row["fcr"] > truth + 0.08
    assert row["fcr_low"] < truth < row["fcr"]


def test_customers_who_always_come_back_together_widen_the_interval(loaded) -> None:
    """Thirty customers with forty matters each, half of whom return every time: thirty, not 1,200, are observed."""
    rows = []
    for k in range(30):
        for matter in range(40):
            start = 1.0 + matter * 2.0
            rows.append((f"k{k}", start, f"r{matter}"))
            if k % 2:
                rows.append((f"k{k}", start + 0.5, f"r{matter}"))
    frame = pd.DataFrame([*rows, ("z", 120.0, "r0")], columns=["customer_id", "at", "entry_reason"])
    frame = frame.assign(started_at=T0 + pd.to_timedelta(frame["at"], unit="D"), channel="voice").drop(columns="at")
    history = loaded(frame)
    table = resolution_table(resolution_counts(history, 1.0), window_days=1.0, history=history)
    row = table[(table["definition"] == "no_return") & (table["level"] == "all")].iloc[0]
    assert row["fcr"] == pytest.approx(0.5, abs=0.01)
    assert row["design_effect"] == pytest.approx(40, rel=0.05)
    assert row["sd"] == pytest.approx(np.sqrt(0.25 / 30), rel=0.05)


def test_every_level_and_definition_is_there(report: JourneyReport) -> None:
    assert set(report.resolution["level"]) == set(LEVELS)
    assert set(report.resolution["definition"]) == {"no_return", "no_contact"}


def test_windows_and_costs_that_make_no_sense_are_refused(loaded) -> None:
    history = loaded(_center(5, issues=50))
    with pytest.raises(ValueError, match="window_days = 7, silence_days = 3"):
        journey_report(history, window_days=7, silence_days=3)
    with pytest.raises(ValueError, match="window_days = -1"):
        journey_report(history, window_days=-1)
    with pytest.raises(ValueError, match="no contact in channel 'fax'"):
        journey_report(history, window_days=7, cost_per_contact={"fax": 1.0})
