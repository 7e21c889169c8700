"""Covariates of the history against a recount by hand: only what came before, and nothing of the anonymous."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planner.history import History, contact_cells, stitch_issues
from planner.history.before import (
    HISTORY_COVARIATES,
    digital_channels,
    history_with_covariates,
    with_history_covariates,
)

Load = Callable[..., History]


def contact(name: str, customer: str | None, at: str, **more: Any) -> dict[str, Any]:
    row = {"contact_id": name, "customer_id": customer, "started_at": f"2024-{at}", "channel": "voice"}
    return {**row, "entry_reason": "fees", "reason": "fees", "abandoned": False, "transferred": False, "resolved": None,
            "wait_s": 0.0, "handle_s": 60.0, **more}  # fmt: skip


def covariates(history: History, window: float = 7) -> pd.DataFrame:
    table = with_history_covariates(history, stitch_issues(history, window), window_days=window)
    return table.execute().set_index("contact_id").sort_index()


def test_every_covariate_by_hand(load: Load) -> None:
    frame = covariates(
        load(
            [
                contact("a", "A", "01-01 09:00", channel="chat"),
                contact("b", "A", "01-20 09:00", channel="voice"),
                contact("c", "A", "02-01 09:30", channel="voice"),
                contact("d", "A", "06-01 12:15", channel="chat"),
                contact("x", "X", "01-25 09:00", channel="chat"),
                contact("n", None, "02-02 23:45"),
                contact("m", None, "02-03 00:00"),
            ]
        )
    )
    assert frame.loc[list("abcd"), "contacts_30d"].tolist() == [0, 1, 1, 0]
    digital = frame.loc[list("abcd"), "digital_90d"]
    assert digital.iloc[1:3].tolist() == [1.0, 0.5]
    assert digital.iloc[[0, 3]].isna().all()
    assert frame.loc[list("abcdx"), "tenure_days"].tolist() == pytest.approx([0, 19, 31 + 0.5 / 24, 152 + 3.25 / 24, 0])
    assert frame.loc[list("abcdnm"), "hour"].tolist() == [9.0, 9.0, 9.5, 12.25, 23.75, 0.0]
    unknown = [name for name in HISTORY_COVARIATES if name != "hour"]
    assert frame.loc[["n", "m"], unknown].isna().all().all()


def test_an_issue_is_open_when_the_contact_before_left_another_one_so(load: Load) -> None:
    other = {"entry_reason": "card", "reason": "card"}
    frame = covariates(
        load(
            [
                contact("a", "A", "01-01 09:00", abandoned=True),
                contact("b", "A", "01-02 09:00", **other),  # the contact before was abandoned
                contact("c", "A", "01-20 09:00", **other),  # too long ago
                contact("d", "D", "01-01 09:00", resolved=False),
                contact("e", "D", "01-02 09:00"),  # the same issue, coming back
                contact("f", "F", "01-01 09:00", transferred=True, resolved=True),
                contact("g", "F", "01-02 09:00", **other),  # handed over, but resolved
                contact("h", "H", "01-01 09:00", transferred=True),
                contact("i", "H", "01-02 09:00", **other),
                contact("j", "J", "01-01 09:00", resolved=False),
                contact("k", "J", "01-02 09:00", **other),
            ]
        )
    )
    opened = frame["open_issue"]
    assert [name for name in frame.index if opened[name] == 1] == ["b", "i", "k"]
    assert set(opened) == {0.0, 1.0}


def many(seed: int, n: int = 1500) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 150 * 1440, n), unit="min")
    return pd.DataFrame(
        {
            "contact_id": [f"c{k:05d}" for k in range(n)],
            "customer_id": np.where(
                rng.random(n) < 0.2, None, "k" + rng.integers(0, 250, n).astype(str).astype(object)
            ),
            "started_at": at,
            "channel": rng.choice(["voice", "chat", "email"], n),
            "reason": rng.choice(["fees", "card"], n),
            "abandoned": rng.random(n) < 0.2,
        }
    )


def test_windows_equal_a_recount_and_the_future_never_counts(load: Load) -> None:
    rows = many(3)
    frame = covariates(load(rows.to_dict("records")))
    half = pd.Timestamp("2024-03-15")
    early = covariates(load(rows[rows["started_at"] < half].to_dict("records")))
    names = list(HISTORY_COVARIATES)
    pd.testing.assert_frame_equal(early[names], frame.loc[early.index, names])
    people = rows.dropna(subset="customer_id").set_index("contact_id")
    for name, row in people.sample(150, random_state=1).iterrows():
        own = people[(people["customer_id"] == row["customer_id"]) & (people["started_at"] < row["started_at"])]
        age = (row["started_at"] - own["started_at"]).dt.total_seconds() / 86_400
        assert frame.loc[name, "contacts_30d"] == (age <= 30).sum()
        recent = own.loc[age <= 90, "channel"]
        share = recent.isin(["chat", "email"]).mean() if len(recent) else np.nan
        assert frame.loc[name, "digital_90d"] == pytest.approx(share, nan_ok=True)


def test_the_order_of_rows_does_not_matter(load: Load) -> None:
    rows = many(4, 600)
    one = covariates(load(rows.to_dict("records")))
    other = covariates(load(rows.sample(frac=1, random_state=2).to_dict("records")))
    names = list(HISTORY_COVARIATES)
    pd.testing.assert_frame_equal(one[names], other[names])


@pytest.mark.parametrize(
    ("channels", "declared", "digital", "said"),
    [
        (["voice", "web_chat", "E-Mail", "mobile app", "voicebot", "postal mail"], None,
         ["web_chat", "E-Mail", "mobile app"], "by their names"),
        (["voice", "branch"], None, [], "no channel is digital"),
        (["chat", "email"], None, [], "every channel is digital"),
        (["voice", "kiosk"], "digital_channels: [kiosk, fax]\n", ["kiosk"], "fax: no such channel here"),
    ],
)  # fmt: skip
def test_which_channels_are_digital(
    load: Load, yaml: Callable, channels: list[str], declared: str | None, digital: list[str], said: str
) -> None:
    rows = [contact(f"c{k}", "A", f"01-0{k + 1} 09:00", channel=channel) for k, channel in enumerate(channels)]
    history = load(rows) if declared is None else load(rows, mapping=yaml(declared))
    found, how = digital_channels(history)
    assert sorted(found) == sorted(digital)
    assert said in how
    assert ("digital_90d" in covariates(history).columns) == bool(digital)


def test_the_extended_history_feeds_the_cells(load: Load) -> None:
    rows = many(5, 800).assign(csat=4.0, tenure_days=7.0)
    history = load(rows.to_dict("records"))
    more = history_with_covariates(history)
    assert more.covariates == ("tenure_days", "contacts_30d", "open_issue", "digital_90d", "hour")
    assert set(more.materialize()["tenure_days"]) == {7.0}  # the column of the file is not touched
    cells = contact_cells(more, outcome="csat", covariates=("contacts_30d", "hour"))
    known = more.materialize()["contacts_30d"]
    assert cells.frame["n_contacts_30d"].sum() == known.notna().sum() < len(rows)
    assert cells.frame["sum_contacts_30d"].sum() == known.sum()
    assert any("counts from the first contact in it" in note for note in more.quality.notes)
    assert any("only `hour` is known of them" in note for note in more.quality.notes)


def test_customers_are_told_apart_by_their_number_alone(load: Load) -> None:
    """No scan hashes every customer's name again; and the anonymous have no past, be they ever so many."""
    history = load(many(5).to_dict("records"))
    named = covariates(history)
    stitched = stitch_issues(history, 7).drop("customer_id")
    numbered = with_history_covariates(history, stitched, window_days=7).execute()
    names = list(HISTORY_COVARIATES)
    pd.testing.assert_frame_equal(numbered.set_index("contact_id").sort_index()[names], named[names])
