"""Public contact logs through their mapping files, against the facts published with them.

The files are found in the folder named by PLANNER_EVAL_DATA, or beside the repository; without it these tests are
skipped.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from planner.history import (
    History,
    contact_cells,
    first_contact_volumes,
    load_history,
    patience,
    stitch_issues,
    weekly_service,
)

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("PLANNER_EVAL_DATA") or ROOT.parent / "shared" / "data")

pytestmark = [
    pytest.mark.evaluation,
    pytest.mark.skipif(not DATA.is_dir(), reason="set PLANNER_EVAL_DATA to the folder of the evaluation data"),
]


@cache
def loaded(name: str) -> History:
    path = DATA / f"{name}.parquet"
    if not path.exists():
        pytest.skip(f"{path.name} is not in the evaluation data")
    return load_history(path, ROOT / "scenarios" / "mappings" / f"{name}.yaml", salt="evaluation")


def test_every_bank_call_is_kept_or_counted_out() -> None:
    quality = loaded("bank_calls_feb1999").quality
    assert quality.rows_read == 33_344 == quality.rows_kept + quality.rows_quarantined
    found = dict(loaded("bank_calls_feb1999").quarantine[["problem", "rows"]].itertuples(index=False))
    assert found["filter: phantom call, a record without a caller"] == 278
    # 5,904 callers hung up; those who did so in the queue are kept as abandoned contacts.
    abandoned = int(quality.channels["abandoned"].sum())
    assert found["filter: caller left inside the menu and never asked for an agent"] == 5_904 - abandoned
    assert quality.rows_kept == 27_162 + abandoned
    assert quality.unmapped.empty


def test_bank_service_is_what_was_published() -> None:
    """Of those asking for an agent 52 % were answered within 20 s and 12.6 % abandoned; 55 % of all calls queue."""
    weeks = weekly_service(loaded("bank_calls_feb1999"))
    offered = weeks["offered"].sum()
    assert (weeks["service_level"] * weeks["offered"]).sum() / offered == pytest.approx(0.52, abs=0.005)
    assert weeks["abandoned"].sum() / offered == pytest.approx(0.126, abs=0.001)
    queued = (loaded("bank_calls_feb1999").materialize()["wait_s"] > 0).sum()
    assert queued / 33_344 == pytest.approx(0.55, abs=0.01)


def test_bank_types_abandon_and_last_as_published() -> None:
    rows = loaded("bank_calls_feb1999").materialize()
    queued = rows[rows["wait_s"] > 0].groupby("reason")["abandoned"].mean()
    for reason, share in {"prospect": 0.43, "internet": 0.31, "regular": 0.15, "stock_exchange": 0.11}.items():
        assert queued[reason] == pytest.approx(share, abs=0.006)
    means = rows[~rows["abandoned"] & (rows["handle_s"] > 0)].groupby("reason")["handle_s"].mean()
    for reason, seconds in {"stock_exchange": 276, "english": 234, "regular": 186, "prospect": 109}.items():
        assert means[reason] == pytest.approx(seconds, rel=0.03)
    waits = rows[rows["wait_s"] > 0].groupby("segment")["wait_s"].mean()
    assert waits["unidentified"] > waits["regular"] > waits["high"]
    assert waits["regular"] == pytest.approx(78, abs=1.5)


def test_bank_callers_come_back_more_often_after_hanging_up() -> None:
    """Published: 62 % call again within 7 days after an agent, 78 % after hanging up (first 20 days)."""
    history = loaded("bank_calls_feb1999")
    rows = stitch_issues(history, 7).execute()
    early = rows[~rows["anonymous"] & (rows["started_at"] < "1999-02-21")]
    again = (early["next_gap_s"] <= 7 * 86_400).groupby(early["abandoned"]).mean()
    assert again[False] == pytest.approx(0.62, abs=0.02)
    assert again[True] == pytest.approx(0.78, abs=0.03)
    within_hour = (early["next_gap_s"] <= 3_600).groupby(early["abandoned"]).mean()
    assert within_hour[True] > 3 * within_hour[False]


def test_bank_composite_is_known_for_identified_callers_only() -> None:
    cells = contact_cells(loaded("bank_calls_feb1999"), outcome="composite").frame
    assert cells.loc[cells["anonymous"], "ans"].sum() == 0
    known = cells[~cells["anonymous"]]
    assert 0.9 < known["ans"].sum() / known["cnt"].sum() <= 1
    assert 0.4 < known["s1"].sum() / known["ans"].sum() < 0.7


def test_bank_prospects_are_the_least_patient() -> None:
    frame = patience(loaded("bank_calls_feb1999"))
    by_reason = frame[frame["entry_reason"].notna()].set_index("entry_reason")["patience_s"]
    assert by_reason["prospect"] == by_reason.min()


def test_shop_scores_are_what_was_published() -> None:
    history = loaded("shopzilla_csat")
    assert history.quality.rows_kept == 17_182
    assert history.quality.share_anonymous == 1.0
    cells = contact_cells(history, outcome="csat")
    total = cells.frame[["ans", "s1"]].sum()
    assert total["ans"] == 17_182
    assert total["s1"] / total["ans"] == pytest.approx(4.25, abs=0.01)
    by_channel = cells.summed(["channel"]).set_index("channel")
    means = by_channel["s1"] / by_channel["ans"]
    assert means.round(2).to_dict() == {"callback": 4.30, "email": 3.88, "voice": 4.25}
    by_reason = cells.summed(["reason"]).set_index("reason")
    assert len(by_reason) == 12
    # 635 contacts were answered before they were reported: their wait is missing, the contact is not.
    assert 17_182 - cells.frame["n_wait"].sum() == 635


def test_counts_of_the_year_agree_with_the_calls_of_february() -> None:
    history = loaded("bank_arrivals_1999_6min")
    assert history.quality.layout == "counts"
    assert history.quality.rows_kept == 445_369
    volumes = first_contact_volumes(history, interval_min=6)
    days = volumes["week"] + pd.to_timedelta(volumes["weekday"], unit="D")
    february = volumes.loc[(days >= "1999-02-01") & (days < "1999-03-01"), "contacts"].sum()
    assert february == 33_344
    assert set(volumes["minute"] % 6) == {0}


def test_what_these_logs_lack_is_said() -> None:
    text = "\n".join(loaded("bank_calls_feb1999").quality.lines())
    assert "csat missing in 100%: no satisfaction score" in text
    assert "no staffing table" in text
    text = "\n".join(loaded("shopzilla_csat").quality.lines())
    assert "customer_id missing in 100%" in text
