"""The whole backtest on a center whose truth is known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from one_queue import agents, lived_weeks, mean_day, one_pool, stood, write_history

from planner.backtest import Backtest, BacktestSettings, backtest
from planner.errors import HistoryError

WEEKS = 6
QUICK = BacktestSettings(weeks=4, worlds=39)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Backtest:
    history = write_history(tmp_path_factory.mktemp("lived"), lived_weeks(WEEKS, seed=11), stood(WEEKS))
    return backtest(history, one_pool(), QUICK, seed=3)


def row(found: Backtest, measure: str, volume: str = "forecast") -> pd.Series:
    rows = found.summary[(found.summary["measure"] == measure) & (found.summary["volume"] == volume)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_true_model_is_covered_and_not_called_a_miss(found: Backtest) -> None:
    assert found.weeks == ("2026-03-16", "2026-03-23", "2026-03-30", "2026-04-06")
    assert not found.summary["missed"].any()
    for measure in ("volume", "abandon_rate", "asa_s", "service_level"):
        assert 0.92 <= row(found, measure)["coverage"] <= 0.995, measure


def test_errors_of_a_true_model_are_at_the_floor(found: Backtest) -> None:
    for measure in ("volume", "aht_s", "score", "abandon_rate", "asa_s", "service_level"):
        one = row(found, measure)
        assert one["mae"] == pytest.approx(one["mae_floor"], rel=0.15), measure
        assert one["mae"] < 1.02 * one["mae_naive"], measure


def test_totals_are_those_of_the_truth(found: Backtest) -> None:
    assert row(found, "volume")["predicted"] == pytest.approx(7 * mean_day().sum(), rel=0.03)
    assert row(found, "aht_s")["predicted"] == pytest.approx(240.0, rel=0.03)
    assert found.roster == {"phone": "staffing table"}


def test_seen_is_what_the_log_says(found: Backtest) -> None:
    frame = lived_weeks(WEEKS, seed=11)
    last = frame[frame["started_at"] >= "2026-03-16"]
    assert row(found, "abandon_rate")["seen"] == pytest.approx(last["abandoned"].mean())
    assert row(found, "asa_s")["seen"] == pytest.approx(last["wait_s"].mean(), rel=1e-6)
    in_time = ~last["abandoned"] & (last["wait_s"] <= 20)
    assert row(found, "service_level")["seen"] == pytest.approx(in_time.mean())
    assert row(found, "volume")["seen"] == pytest.approx(len(last) / 4)
    assert row(found, "score")["seen"] == pytest.approx(last["csat"].mean())


def test_interval_rows_repeat_the_log(found: Backtest) -> None:
    frame = lived_weeks(WEEKS, seed=11)
    rows = found.intervals[(found.intervals["measure"] == "asa_s") & (found.intervals["volume"] == "forecast")]
    seen = rows.set_index("interval")["seen"]
    expected = frame.groupby(frame["started_at"].dt.floor("30min"))["wait_s"].mean()
    pd.testing.assert_series_equal(seen, expected[seen.index], check_names=False, check_index_type=False, atol=1e-3)


def test_a_week_unlike_the_others_is_missed(tmp_path: Path) -> None:
    history = write_history(tmp_path, lived_weeks(WEEKS, seed=11, growth_last=1.5), stood(WEEKS))
    found = backtest(history, one_pool(), BacktestSettings(weeks=1, worlds=39), seed=3)
    missed = set(found.summary.loc[found.summary["missed"], "measure"])
    assert {"volume", "abandon_rate", "service_level"} <= missed
    assert not {"aht_s", "score"} & missed
    # With the contacts that came the waiting is right: the forecast was wrong, not the queue.
    known = row(found, "abandon_rate", "seen")
    assert abs(known["bias"]) < 0.02 < -row(found, "abandon_rate")["bias"]


def test_wrong_people_show_as_bias_of_the_service(tmp_path: Path) -> None:
    table = stood(WEEKS).assign(on_task=np.tile(agents() - 2, 7 * WEEKS))
    found = backtest(write_history(tmp_path, lived_weeks(WEEKS, seed=11), table), one_pool(), QUICK, seed=3)
    assert row(found, "abandon_rate")["missed"]
    assert row(found, "abandon_rate")["bias"] > 0.05
    assert not row(found, "volume")["missed"]


def test_same_seed_same_numbers_with_any_executor(tmp_path: Path) -> None:
    history = write_history(tmp_path, lived_weeks(3, seed=5), stood(3))
    settings = BacktestSettings(weeks=1, worlds=39)
    alone = backtest(history, one_pool(), settings, seed=8)
    with ThreadPoolExecutor(2) as pool:
        together = backtest(history, one_pool(), settings, seed=8, executor=pool)
    pd.testing.assert_frame_equal(alone.summary, together.summary)
    pd.testing.assert_frame_equal(alone.intervals, together.intervals)
    other = backtest(history, one_pool(), settings, seed=9)
    assert not alone.intervals["upper"].equals(other.intervals["upper"])


def test_future_weeks_change_nothing_before_them(tmp_path: Path) -> None:
    """Nothing is learnt from what is predicted: the prediction of a week is the same with later weeks in the file."""
    frame = lived_weeks(4, seed=5)
    (tmp_path / "long").mkdir()
    whole = backtest(
        write_history(tmp_path / "long", frame, stood(4)), one_pool(), BacktestSettings(weeks=2, worlds=39), seed=1
    )
    cut = frame[frame["started_at"] < "2026-03-23"]
    short = backtest(write_history(tmp_path, cut, stood(4)), one_pool(), BacktestSettings(weeks=1, worlds=39), seed=1)
    before = whole.intervals[whole.intervals["interval"] < "2026-03-23"].reset_index(drop=True)
    pd.testing.assert_frame_equal(before, short.intervals)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    frame = lived_weeks(3, seed=5)
    (tmp_path / "a").mkdir()
    no_waits = backtest(
        write_history(tmp_path / "a", frame.drop(columns="wait_s"), stood(3)), one_pool(), QUICK, seed=1
    )
    assert set(no_waits.summary["measure"]) == {"volume", "aht_s", "score"}
    assert any("phone: its waits cannot be predicted: its contacts have no wait_s" in note for note in no_waits.notes)
    assert any("3 complete weeks of history: 2 of the 4 weeks" in note for note in no_waits.notes)
    (tmp_path / "b").mkdir()
    nobody = backtest(write_history(tmp_path / "b", frame, None), one_pool(), QUICK, seed=1)
    assert set(nobody.summary["measure"]) == {"volume", "aht_s", "score"}
    assert any("nobody knows who stood there" in note for note in nobody.notes)


def test_stated_staffing_less_shrinkage_takes_the_place_of_a_table(tmp_path: Path) -> None:
    days = pd.DataFrame({"weekday": np.repeat(np.arange(7), len(agents()))})
    days["minute"] = np.tile(8 * 60 + 30 * np.arange(len(agents())), 7)
    stated = days.assign(pool="phone", scheduled=np.tile(agents(), 7) / 0.7)
    frame = lived_weeks(3, seed=5)
    (tmp_path / "table").mkdir()
    settings = BacktestSettings(weeks=1, worlds=39)
    found = backtest(write_history(tmp_path, frame, None), one_pool(staffing=stated), settings, seed=1)
    table = backtest(write_history(tmp_path / "table", frame, stood(3)), one_pool(), settings, seed=1)
    assert found.roster == {"phone": "stated staffing less 30% shrinkage"}
    assert any("its agents are the stated staffing" in note for note in found.notes)
    pd.testing.assert_frame_equal(found.summary, table.summary)


def test_one_week_is_refused(tmp_path: Path) -> None:
    history = write_history(tmp_path, lived_weeks(1, seed=5), stood(1))
    with pytest.raises(HistoryError, match="1 complete weeks .* needs at least two"):
        backtest(history, one_pool(), seed=1)


@pytest.mark.parametrize(("weeks", "worlds"), [(0, 79), (4, 38)])
def test_impossible_settings_are_refused(weeks: int, worlds: int) -> None:
    with pytest.raises(ValueError, match="must be at least"):
        BacktestSettings(weeks=weeks, worlds=worlds)
