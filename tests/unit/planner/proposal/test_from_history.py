"""A scenario proposed from a history says what was counted, marks what was not, validates, and runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from planner.cli import main
from planner.history.week_counts import Counts
from planner.proposal import propose_from_history
from planner.proposal.offers import (
    LEAST_ANSWERS,
    LEAST_CONTACTS,
    LEAST_OF_SEGMENT,
    MOST_ACCEPT,
    MOST_OFFERS,
    offers_of,
)
from planner.proposal.seen import Seen

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


def test_offers_are_proposed_where_the_other_channel_serves_the_reason(history: Path, tmp_path: Path) -> None:
    """Mails are about faults only, half of all faults: billing is never offered them, and 30 % is the most accepted."""
    frame = contacts()
    found = propose_from_history(history, tmp_path / "c", timezone="UTC")
    assert "voice_to_email" not in found.text  # no mail was scored
    assert "email_to_voice" in found.text
    frame.loc[frame["channel"] == "email", "csat"] = 3.0
    frame.to_parquet(history, index=False)
    assert main(["init", str(tmp_path / "c"), "--from-history", str(history), "--timezone", "UTC"]) == 0
    steers = planner.load_scenario(tmp_path / "c" / "scenario.yaml").steers
    assert set(steers) == {"voice_to_email", "email_to_voice"}
    faults = frame[frame["reason"] == "fault"]
    for steer in steers.values():
        assert steer.reasons == ("fault",)
        choose = (faults["channel"] == steer.to_channel).mean()
        assert steer.acceptance.value == pytest.approx(min(choose, 0.3))
        assert steer.acceptance.bounds[1] <= choose
    text = (tmp_path / "c" / "scenario.yaml").read_text(encoding="utf-8")
    assert "# without billing: too few choose email (0 contacts)" in text
    assert "voice_to_email: can you offer this" in text


def test_no_offer_goes_beyond_what_the_past_supports() -> None:
    """200 random pasts: reasons have contacts enough, and no more accept than choose the channel unasked."""
    rng = np.random.default_rng(4)
    proposed = 0
    for _ in range(200):
        names = [(f"r{r}", f"s{s}", f"c{c}") for r in range(3) for s in range(2) for c in range(3)]
        volume = np.floor(10 ** rng.uniform(-1, 3.5, len(names)))
        table = pd.DataFrame(names, columns=["reason", "segment", "channel"]).assign(contacts=volume)
        answers = {"csat": {f"c{c}": int(rng.integers(0, 90)) for c in range(3)}}
        offers = offers_of(_seen(table[table["contacts"] > 0], answers))
        assert len(offers) <= MOST_OFFERS
        for offer in offers:
            assert answers["csat"][offer.to_channel] >= LEAST_ANSWERS or not any(
                answers["csat"][name] for name in (offer.from_channel, offer.to_channel)
            )
            for reason in offer.reasons:
                own = table[table["reason"] == reason].pivot_table("contacts", "segment", "channel", fill_value=0.0)
                own = own[own[offer.from_channel] > 0]
                here, there = own[offer.from_channel].sum(), own[offer.to_channel].sum()
                assert there >= LEAST_CONTACTS
                assert own[offer.to_channel].min() >= LEAST_OF_SEGMENT
                assert 0 < offer.acceptance <= min(there / (here + there), MOST_ACCEPT)
                proposed += 1
    assert proposed > 200


def _seen(table: pd.DataFrame, answers: dict[str, dict[str, int]]) -> Seen:
    counts = Counts(table, (1.0,) * 7, pd.Timestamp(LATE), pd.Timestamp(EARLY), pd.DataFrame())
    names = {f"{name}s": table.groupby(name)["contacts"].sum() for name in ("reason", "segment", "channel")}
    rest = dict.fromkeys(("horizon", "pools", "files", "scale", "identified", "patience", "redial", "timezone_known"))
    return Seen(counts=counts, answers=answers, outcomes=None, **names, **rest)  # type: ignore[arg-type]


def test_what_a_history_says_about_itself_is_said(history: Path, tmp_path: Path, capsys) -> None:
    """Flags that nobody can read, values that a mapping does not list, and the service that was kept so far."""
    frame = contacts()
    frame["abandoned"] = frame["abandoned"].map({True: "hung up", False: "talked"})
    frame.to_csv(tmp_path / "odd.csv", index=False)
    columns = "contact_id: contact_id, started_at: started_at, channel: channel, abandoned: abandoned, wait_s: wait_s"
    values = "reason: {from: reason, values: {billing: bills}}"
    (tmp_path / "mapping.yaml").write_text(f"columns: {{{columns}, {values}}}\n", encoding="utf-8")
    asked = ["init", str(tmp_path / "o"), "--from-history", str(tmp_path / "odd.csv"), "--timezone", "UTC"]
    assert main([*asked, "--mapping", str(tmp_path / "mapping.yaml")]) == 0
    told = capsys.readouterr().err
    assert f"{len(frame):,} rows read, {len(frame):,} contacts kept" in told
    assert f"abandoned: {len(frame):,} values such as 'talked' cannot be read; taken as missing" in told
    share = (frame["reason"] == "fault").mean()
    assert f"reason: {share:.0%} of the rows have values the mapping does not list: 'fault'" in told
    frame["abandoned"] = frame["abandoned"].map({"hung up": "ja", "talked": "NEIN"})
    frame.to_csv(tmp_path / "german.csv", index=False)
    found = propose_from_history(tmp_path / "german.csv", tmp_path / "g", timezone="UTC")
    assert "abandonments, those served before as censored" in found.text
    kept = 1 - contacts().query("channel == 'voice'")["abandoned"].mean()  # the others waited 20 s
    assert f"{kept:.0%} were answered within 20 s" in found.text
    assert f"target: {min(0.8, np.floor(20 * kept) / 20):g}," in found.text


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


def week_of_a_shop(sundays: int) -> pd.DataFrame:
    """Six weeks of calls: Monday to Friday from 8 to 18, Saturdays from 9 to 13, a few on Sundays at noon."""
    rng, parts = np.random.default_rng(3), []
    for day in pd.date_range(LATE, periods=42):
        opens, closes, count = (9, 13, 90) if day.day_of_week == 5 else (8, 18, 250)
        if day.day_of_week == 6:
            opens, closes, count = 12, 13, sundays
        at = day + pd.to_timedelta(np.sort(rng.uniform(opens * 60, closes * 60, count)), unit="m")
        parts.append(pd.DataFrame({"started_at": at, "reason": "billing", "channel": "voice", "pool": "phone"}))
    frame = pd.concat(parts, ignore_index=True)
    names = [f"k{k}" for k in range(len(frame))]
    return frame.assign(contact_id=names, customer_id=names, wait_s=20.0, handle_s=300.0, abandoned=False)


@pytest.mark.parametrize("sundays", [0, 1, 12])
def test_days_with_clearly_shorter_hours_get_hours_of_their_own(tmp_path: Path, sundays: int) -> None:
    """A call on a Sunday is as none; as many as 12 leave it with the hours of every day."""
    frame = week_of_a_shop(sundays)
    frame.to_parquet(tmp_path / "contacts.parquet", index=False)
    folder = tmp_path / "center"
    history = str(tmp_path / "contacts.parquet")
    assert main(["init", str(folder), "--from-history", history, "--timezone", "Europe/Zurich"]) == 0
    horizon = planner.load_scenario(folder / "scenario.yaml").horizon
    assert (horizon.days, horizon.opens, horizon.closes) == (7, 480, 1080)
    hours = [horizon.day_hours(day) for day in range(7)]
    assert hours[:5] == [(480, 1080)] * 5
    assert hours[5] == (540, 780)
    assert (hours[6][0] == hours[6][1]) == (sundays < 12)
    staffing = pd.read_csv(folder / "data" / "today_staffing.csv")
    saturday = staffing.loc[staffing["weekday"] == 5, "time"]
    assert (saturday.min(), saturday.max()) == ("09:00", "12:30")
    assert (6 in set(staffing["weekday"])) == (sundays == 12)


def test_counts_get_rows_for_open_time_only(tmp_path: Path) -> None:
    frame = week_of_a_shop(0)
    counts = frame.assign(interval_start=frame["started_at"].dt.floor("30min")).groupby("interval_start").size()
    table = pd.DataFrame({"interval_start": counts.index.strftime("%Y-%m-%d %H:%M"), "volume": counts.to_numpy()})
    table = table.assign(reason="billing", channel="voice", segment="all", aht_s=300, csat_mean=4.2, csat_n=9)
    path = tmp_path / "counts.csv"
    table[["interval_start", "reason", "channel", "segment", "volume", "aht_s", "csat_mean", "csat_n"]].to_csv(
        path, index=False
    )
    folder = tmp_path / "center"
    assert main(["init", str(folder), "--from-history", str(path), "--timezone", "UTC"]) == 0
    scenario = planner.load_scenario(folder / "scenario.yaml")
    assert sum(scenario.horizon.opened()) == 5 * 20 + 8
    demand = pd.read_csv(folder / "data" / "demand.csv")
    assert len(demand) == 5 * 20 + 8
    assert demand["contacts"].sum() == pytest.approx(len(frame) / 6, rel=1e-3)


def test_little_past_proposes_no_hours_of_single_days(tmp_path: Path) -> None:
    frame = week_of_a_shop(0)
    frame[frame["started_at"] < "2026-01-18"].to_parquet(tmp_path / "contacts.parquet", index=False)
    found = propose_from_history(tmp_path / "contacts.parquet", tmp_path / "c", timezone="UTC")
    assert "  hours:" not in found.text
