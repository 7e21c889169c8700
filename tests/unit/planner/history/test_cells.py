"""One GROUP BY: sums equal a recount by hand, outcomes mean what they say, missing reasons are shared out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from planner.errors import HistoryError
from planner.history import History, allocate_missing, contact_cells, stitch_issues


@pytest.fixture
def history(load: Callable) -> History:
    rng = np.random.default_rng(1)
    n = 600
    frame = pd.DataFrame(
        {
            "customer_id": [None if k % 7 == 0 else f"k{rng.integers(150)}" for k in range(n)],
            "started_at": pd.Timestamp("2024-03-04 08:00") + pd.to_timedelta(rng.uniform(0, 27 * 86_400, n), unit="s"),
            "channel": rng.choice(["voice", "chat"], n),
            "entry_reason": rng.choice(["fees", "login", "card"], n),
            "segment": rng.choice(["gold", "basic"], n),
            "wait_s": rng.exponential(40, n),
            "handle_s": rng.lognormal(5, 1, n),
            "csat": np.where(rng.random(n) < 0.4, rng.integers(1, 6, n), np.nan),
            "nps": np.where(rng.random(n) < 0.2, rng.integers(0, 11, n), np.nan),
            "abandoned": rng.random(n) < 0.1,
            "severity": rng.normal(size=n),
            "affinity": rng.random(n),
            "age": rng.random(n),
        }
    ).sort_values("started_at")
    frame["reason"] = np.where(frame["abandoned"], None, frame["entry_reason"])
    return load(frame.to_dict("records"))


def test_sums_equal_a_recount(history: History) -> None:
    cells = contact_cells(history, outcome="csat", covariates=("severity", "affinity", "age"))
    rows = history.materialize()
    total = cells.frame[cells.sums].sum()
    assert total["cnt"] == len(rows) == 600
    assert total["ans"] == rows["csat"].notna().sum()
    for name, values in {
        "s1": rows["csat"],
        "s2": rows["csat"] ** 2,
        "sum_wait_s": rows["wait_s"],
        "sum_handle_s": rows["handle_s"],
        "sum_handle2": rows["handle_s"] ** 2,
        "sum_severity": rows["severity"],
    }.items():
        assert total[name] == pytest.approx(values.sum(), rel=1e-6, abs=1e-3)
    assert total["n_handle"] == rows["handle_s"].notna().sum()
    assert total["n_ans_age"] == rows["csat"].notna().sum()
    assert not cells.frame.duplicated(cells.keys).any()
    assert cells.bins == ["bin_severity", "bin_affinity", "bin_others"]


def test_waits_and_weeks_hold_the_same_contacts(history: History) -> None:
    cells = contact_cells(history, outcome="csat", covariates=("severity",))
    rows = history.materialize()
    served = rows[~rows["abandoned"] & rows["wait_s"].notna()]
    assert cells.waits["cnt"].sum() == len(served)
    assert cells.waits["sum_ln_wait"].sum() == pytest.approx(np.log1p(served["wait_s"]).sum(), rel=1e-6)
    assert cells.waits["s1"].sum() == pytest.approx(served["csat"].sum())
    assert cells.weeks["cnt"].sum() == len(rows)
    monday = rows["started_at"].dt.normalize() - pd.to_timedelta(rows["started_at"].dt.day_of_week, unit="D")
    recount = rows.groupby([rows["channel"], monday])["csat"].count()
    found = cells.weeks.groupby(["channel", "week"])["ans"].sum()
    assert found.tolist() == recount.tolist()


def test_normal_scores_do_not_depend_on_the_unit(history: History, load: Callable) -> None:
    rows = history.materialize()[["started_at", "channel", "csat", "reason", "severity"]]
    one = contact_cells(load(rows.to_dict("records")), outcome="csat", covariates=("severity",)).frame
    bent = rows.assign(severity=np.exp(rows["severity"]))
    other = contact_cells(load(bent.to_dict("records")), outcome="csat", covariates=("severity",)).frame
    assert one["bin_severity"].tolist() == other["bin_severity"].tolist()
    # Straight lines between knots .6 apart miss an exponential by at most .6^2 / 8 = .045 of a contact's score.
    assert ((one["z_severity"] - other["z_severity"]).abs() <= 0.05 * one["n_severity"] + 1e-6).all()
    assert one["z_severity"].sum() / one["n_severity"].sum() == pytest.approx(0, abs=0.05)


def test_too_many_closing_codes_are_no_key(load: Callable) -> None:
    rows = [
        {"started_at": f"2024-03-04 09:{k:02d}", "channel": "voice", "disposition": f"note {k}", "csat": 4.0}
        for k in range(50)
    ]
    cells = contact_cells(load(rows), outcome="csat")
    assert cells.frame["disposition"].isna().all()
    assert any("50 different dispositions" in note for note in cells.notes)


def test_bands_are_quantiles(history: History) -> None:
    cells = contact_cells(history, outcome="csat", covariates=("severity", "affinity"))
    assert len(cells.hour_cuts) == 7
    for key, bands in (("bin_severity", 5), ("bin_affinity", 3)):
        counts = cells.summed([key]).set_index(key)["cnt"]
        assert list(counts.index) == list(range(bands))
        assert counts.max() - counts.min() <= 25
    voice = cells.frame[cells.frame["channel"] == "voice"].groupby("wait_band")["cnt"].sum()
    assert (voice / voice.sum()).round(2).tolist() == pytest.approx([0.2, 0.2, 0.2, 0.2, 0.15, 0.05], abs=0.02)
    assert len(cells.wait_cuts["chat"]) == 5


def test_the_order_of_rows_changes_nothing(history: History, load: Callable) -> None:
    rows = history.materialize()[["started_at", "channel", "handle_s", "csat", "reason", "severity"]]
    one = contact_cells(load(rows.to_dict("records")), outcome="csat", covariates=("severity",)).frame
    shuffled = rows.sample(frac=1, random_state=5).to_dict("records")
    pd.testing.assert_frame_equal(one, contact_cells(load(shuffled), outcome="csat", covariates=("severity",)).frame)


def test_recommendation_scores_become_minus_100_0_100(load: Callable) -> None:
    rows = [{"started_at": f"2024-03-04 09:{k:02d}", "channel": "voice", "nps": k} for k in range(11)]
    total = contact_cells(load(rows), outcome="nps").frame[["ans", "s1", "s2"]].sum()
    assert total.tolist() == [11, 100 * 2 - 100 * 7, 9 * 10_000]


def test_composite_is_served_and_no_contact_within_a_day(load: Callable) -> None:
    def row(customer: str | None, at: str, abandoned: bool = False) -> dict[str, object]:
        return {"customer_id": customer, "started_at": f"2024-03-{at}", "channel": "voice", "abandoned": abandoned}

    rows = [
        row("A", "01 09:00"),  # calls again within a day: 0
        row("A", "02 08:00"),  # 1
        row("B", "01 09:00", True),  # abandoned: 0
        row("C", "01 09:00"),  # 1
        row(None, "01 09:00"),  # unknown
        row("D", "09 10:00"),  # the day is not over: unknown
        row(None, "10 09:00"),
    ]
    total = contact_cells(load(rows), outcome="composite").frame[["ans", "s1"]].sum()
    assert total.tolist() == [4, 2.0]


def test_first_contact_resolution_leaves_out_what_cannot_be_known(history: History) -> None:
    cells = contact_cells(history, outcome="fcr").frame
    known = cells[~cells["anonymous"] & ~cells["censored"] & ~cells["abandoned"]]
    assert cells["ans"].sum() == known["cnt"].sum()
    assert known.loc[known["later_kind"] != "none", "s1"].sum() == 0
    assert (known.loc[known["later_kind"] == "none", "s1"] == known.loc[known["later_kind"] == "none", "cnt"]).all()
    followed = stitch_issues(history, 7).execute()
    seen = followed[~followed["anonymous"] & ~followed["censored"] & ~followed["abandoned"]]
    assert known["s1"].sum() == (~seen["later"]).sum()


def test_unknown_outcomes_and_covariates_are_refused(history: History) -> None:
    with pytest.raises(HistoryError, match=r"no outcome 'csta' \(did you mean csat\?\)"):
        contact_cells(history, outcome="csta")
    with pytest.raises(HistoryError, match=r"no numeric column 'severty' \(did you mean severity\?\)"):
        contact_cells(history, outcome="csat", covariates=("severty",))


def test_a_history_of_bare_contacts_still_gives_cells(load: Callable) -> None:
    cells = contact_cells(load([{"started_at": "2024-03-04 09:00", "channel": "voice"}] * 3), outcome="csat")
    assert cells.frame["cnt"].sum() == 3
    assert any("no contact has a known csat" in note for note in cells.notes)


def test_small_cells_are_never_shareable(history: History) -> None:
    cells = contact_cells(history, outcome="csat", min_cell=50)
    shown = cells.shareable(["reason", "channel", "segment"])
    assert (shown["cnt"] >= 50).all()
    assert len(shown) < len(cells.summed(["reason", "channel", "segment"]))


def test_missing_reasons_are_shared_out_and_totals_stay(history: History) -> None:
    cells = contact_cells(history, outcome="csat")
    shared = allocate_missing(cells.frame, cells.sums)
    assert cells.frame["reason"].isna().any()
    assert shared["reason"].notna().all()
    for name in cells.sums:
        assert shared[name].sum() == pytest.approx(cells.frame[name].sum(), rel=1e-12)
    by = ["entry_reason", "channel", "abandoned"]
    before, after = (frame.groupby(by)["cnt"].sum() for frame in (cells.frame, shared))
    pd.testing.assert_series_equal(before.astype(float), after.astype(float))


def test_the_mix_is_that_of_the_entry_reason_where_enough_is_known() -> None:
    frame = pd.DataFrame(
        [("menu", "a", 30.0), ("menu", "b", 10.0), ("menu", None, 8.0), ("other", None, 5.0), ("other", "c", 1.0)],
        columns=["entry_reason", "reason", "cnt"],
    )
    shared = allocate_missing(frame, ["cnt"]).set_index(["entry_reason", "reason"])["cnt"]
    assert shared["menu", "a"] == 36.0
    assert shared["menu", "b"] == 12.0
    # One known contact is no mix: the whole center's is used.
    assert shared["other", "a"] == pytest.approx(5 * 30 / 41)
    assert shared.sum() == pytest.approx(54.0)


def test_where_nobody_has_a_reason_it_stays_missing() -> None:
    frame = pd.DataFrame({"channel": ["v"], "reason": [None], "cnt": [4.0]})
    assert allocate_missing(frame, ["cnt"])["reason"].isna().all()
