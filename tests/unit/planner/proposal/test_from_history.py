"""A scenario proposed from a history says what was counted, marks what was not, validates, and runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from planner.cli import main
from planner.proposal import propose_from_history

LATE, EARLY = "2026-01-05", "2026-02-01"


def contacts(days: int = 28, per_day: int = 60) -> pd.DataFrame:
    """Calls on weekdays 9 to 11 in two pools, and mails; every twelfth caller waits 100 s and gives up."""
    rows = []
    for day in pd.bdate_range(LATE, periods=days * 5 // 7):
        for k in range(per_day):
            channel = "email" if k % 6 == 0 else "voice"
            gone = channel == "voice" and k % 12 == 1
            rows.append(
                {
                    "contact_id": f"{day:%m%d}-{k}",
                    "customer_id": f"c{(k * 7 + day.day) % 97}",
                    "started_at": day + pd.Timedelta(minutes=9 * 60 + 2 * k),
                    "reason": "billing" if k % 3 else "fault",
                    "channel": channel,
                    "pool": None if gone else ("mail" if channel == "email" else "phone" if k % 2 else "night"),
                    "wait_s": 100.0 if gone else 20.0,
                    "handle_s": np.nan if gone else 300.0,
                    "abandoned": gone,
                    "csat": 4.0 if k % 2 and not gone else np.nan,
                }
            )
    return pd.DataFrame(rows)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """The contacts as a file."""
    path = tmp_path / "contacts.parquet"
    contacts().to_parquet(path, index=False)
    return path


def test_what_was_counted_stands_in_the_scenario(history: Path, tmp_path: Path) -> None:
    folder = tmp_path / "center"
    assert main(["init", str(folder), "--from-history", str(history), "--timezone", "Europe/Zurich"]) == 0
    scenario = planner.load_scenario(folder / "scenario.yaml")
    assert list(scenario.reasons) == ["billing", "fault"]
    assert list(scenario.channels) == ["voice", "email"]
    assert (scenario.horizon.days, scenario.horizon.opens, scenario.horizon.closes) == (5, 540, 660)
    assert {pool: one.discipline.value for pool, one in scenario.pools.items()} == {
        "phone": "live_voice", "night": "live_voice", "mail": "deferred",
    }  # fmt: skip
    frame = contacts()
    calls = frame[frame["channel"] == "voice"]
    patience = scenario.channels["voice"].patience_s
    assert patience is not None
    assert patience.value == pytest.approx(calls["wait_s"].sum() / calls["abandoned"].sum(), abs=0.5)
    assert patience.bounds[0] < patience.value < patience.bounds[1]
    routing = pd.read_csv(folder / "data" / "today_routing.csv")
    assert routing.groupby(["reason", "segment", "channel"])["share"].sum().tolist() == pytest.approx([1.0] * 4)
    served = calls[~calls["abandoned"] & (calls["reason"] == "billing")]
    row = routing[(routing["pool"] == "phone") & (routing["reason"] == "billing")].iloc[0]
    assert row["share"] == pytest.approx((served["pool"] == "phone").mean(), abs=1e-3)
    staffing = pd.read_csv(folder / "data" / "today_staffing.csv")
    mail = frame[frame["pool"] == "mail"]
    hours = mail["handle_s"].sum() / 3600 / 0.8 / 0.7 / 4  # 4 weeks, 80 % occupancy, 30 % shrinkage
    assert staffing.loc[staffing["pool"] == "mail", "scheduled"].sum() / 2 == pytest.approx(hours, rel=0.05)
    text = (folder / "scenario.yaml").read_text(encoding="utf-8")
    assert "wage_per_h: 30   # TODO" in text
    assert main(["init", str(folder), "--from-history", str(history)]) == 2  # nothing is overwritten


def test_what_is_missing_is_marked_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = contacts()[["contact_id", "started_at", "channel"]]
    path = tmp_path / "bare.csv"
    bare.to_csv(path, index=False)
    assert main(["init", str(tmp_path / "c"), "--from-history", str(path)]) == 0
    told = capsys.readouterr().err
    for words in (
        "time zone",
        "mean handle time",
        "score of a resolved contact",
        "share that comes back",
        "mean patience",
    ):
        assert words in told
    scenario = planner.load_scenario(tmp_path / "c" / "scenario.yaml")
    assert list(scenario.pools) == ["voice_team", "email_team"]
    assert list(scenario.reasons) == ["contact"]


def test_counts_without_scores_propose_a_scenario_too(tmp_path: Path) -> None:
    """The least a counts table may say: no scores, so no column of them has a number."""
    rows = [(f"2025-11-0{day} {at}", 20 + day, 300) for day in (3, 4) for at in ("09:00", "09:30")]
    lines = [f"{at},voice,billing,{volume},{aht}" for at, volume, aht in rows]
    path = tmp_path / "counts.csv"
    path.write_text("\n".join(["interval_start,channel,reason,volume,aht_s", *lines]) + "\n", encoding="utf-8")
    assert main(["init", str(tmp_path / "c"), "--from-history", str(path), "--timezone", "UTC"]) == 0
    scenario = planner.load_scenario(tmp_path / "c" / "scenario.yaml")
    assert list(scenario.reasons) == ["billing"]
    assert [row.aht_s for row in scenario.experience.outcomes if row.reason == "billing"] == [300.0]


def test_a_staffing_table_gives_people_and_shrinkage(history: Path, tmp_path: Path) -> None:
    starts = [day + pd.Timedelta(minutes=m) for day in pd.bdate_range(LATE, EARLY) for m in range(540, 660, 30)]
    table = pd.DataFrame({"interval_start": starts, "pool": "phone", "scheduled": 10.0, "on_task": 7.5})
    table.to_parquet(tmp_path / "staffing.parquet", index=False)
    found = propose_from_history(history, tmp_path / "c", staffing=tmp_path / "staffing.parquet", timezone="UTC")
    assert "shrinkage: 0.250           # measured" in found.text
    staffing = found.tables["data/today_staffing.csv"]
    assert set(staffing.loc[staffing["pool"] == "phone", "scheduled"]) == {10.0}


def test_a_pool_of_several_channels_becomes_one_per_channel(tmp_path: Path) -> None:
    frame = contacts()
    frame["pool"] = np.where(frame["pool"].notna(), "all of us", None)
    frame.drop(columns="wait_s").to_csv(tmp_path / "one.csv", index=False)
    found = propose_from_history(tmp_path / "one.csv", tmp_path / "c", timezone="UTC")
    assert "all of us_voice" in found.text
    assert any("serves several channels" in words for words in found.todo)
    assert any("no answers or waits" in words and "voice" in words for words in found.todo)
    routing = found.tables["data/today_routing.csv"]
    assert set(routing["pool"]) == {"all of us_voice", "all of us_email"}
    assert set(routing["share"]) == {1.0}


def test_hostile_and_odd_names_stay_text(tmp_path: Path) -> None:
    frame = contacts()
    frame["reason"] = np.where(frame["reason"] == "fault", 'no: "#', "010")
    frame.to_csv(tmp_path / "odd.csv", index=False)
    assert main(["init", str(tmp_path / "c"), "--from-history", str(tmp_path / "odd.csv")]) == 0
    assert set(planner.load_scenario(tmp_path / "c" / "scenario.yaml").reasons) == {"010", 'no: "#'}


def test_an_aggregate_gives_a_scenario_that_runs(tmp_path: Path) -> None:
    days = pd.bdate_range(LATE, periods=10)
    rows = [
        (day + pd.Timedelta(minutes=m), "fees", "voice", 12 + m % 7, 300 + 5 * day.day, 4 + 0.01 * day.day, 3)
        for day in days
        for m in (540, 570)
    ]
    heads = ["interval_start", "reason", "channel", "volume", "aht_s", "csat_mean", "csat_n"]
    frame = pd.DataFrame(rows, columns=heads)
    frame.to_csv(tmp_path / "counts.csv", index=False)
    folder = tmp_path / "c"
    assert main(["init", str(folder), "--from-history", str(tmp_path / "counts.csv"), "--timezone", "UTC"]) == 0
    scenario = planner.load_scenario(folder / "scenario.yaml")
    own = scenario.experience.outcomes[-1]
    assert own.aht_s == pytest.approx((frame["volume"] * frame["aht_s"]).sum() / frame["volume"].sum(), abs=0.5)
    assert own.score == pytest.approx(frame["csat_mean"].mean(), abs=0.005)
    demand = pd.read_csv(folder / "data" / "demand.csv")
    assert demand["contacts"].sum() == pytest.approx(frame["volume"].sum() / 2)  # two weeks
    tiny = {
        "headroom_levels": "[0]",
        "cost_points": 2,
        "plans": 0,
        "risk_draws": 0,
        "bound_boxes": 1,
        "bound_prices": 2,
    }
    settings = [f"--set=frontier.{name}={value}" for name, value in tiny.items()]
    out = ["--out", str(tmp_path / "runs"), "--workers", "1"]
    assert main(["run", str(folder / "scenario.yaml"), *out, *settings]) in (0, 5)
    run = next((tmp_path / "runs").iterdir())
    assert planner.load_run(run).table["cost"].notna().all()
