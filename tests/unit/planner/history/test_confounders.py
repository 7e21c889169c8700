"""A covariate earns a place only if it drives channel and outcome; noise does not, however often customers come."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from planner.history import History
from planner.history.before import history_with_covariates
from planner.history.confounders import useful_covariates

Load = Callable[..., History]


def world(seed: int, n: int = 4000, people: int = 800) -> pd.DataFrame:
    """Taste drives the channel, mood the score, `both` is made of the two; all of them belong to the customer."""
    rng = np.random.default_rng([seed, 5])
    who = rng.integers(0, people, n)
    taste, mood, idle = (rng.normal(size=people)[who] for _ in range(3))
    severity = rng.normal(size=n)
    score = 3.5 - 0.6 * severity + 0.5 * mood + rng.normal(size=n)
    return pd.DataFrame(
        {
            "contact_id": [f"c{k:06d}" for k in range(n)],
            "customer_id": [f"k{k}" for k in who],
            "started_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 200 * 1440, n), unit="min"),
            "channel": np.where(0.6 * severity + taste + rng.normal(size=n) > 0, "voice", "chat"),
            "reason": rng.choice(["fees", "card", "login"], n),
            "csat": np.where(rng.random(n) < 0.6, np.clip(np.round(score), 1, 5), np.nan),
            "severity": severity,
            "both": 0.6 * taste + 0.6 * mood + 0.5 * rng.normal(size=n),
            "taste": taste + 0.2 * rng.normal(size=n),
            "mood": mood + 0.2 * rng.normal(size=n),
            "idle": idle,
        }
    )


def test_the_confounder_is_found_and_ranked(load: Load) -> None:
    history = history_with_covariates(load(world(1).to_dict("records")))
    chosen = useful_covariates(
        history, outcome="csat", declared=["severity"], candidates=["taste", "both", "mood", "idle", "tenure_days"]
    )
    assert chosen.names == ("severity", "both")
    table = chosen.table.set_index("covariate")
    assert table.loc["both", ["p_choice", "p_outcome"]].max() < 1e-6
    assert table.loc["taste", "p_choice"] < 1e-6
    assert table.loc["mood", "p_outcome"] < 1e-6
    assert (table["strength"] == table["choice"] * table["outcome"]).all()
    assert table["strength"].is_monotonic_decreasing
    assert any(note.startswith("both (") and "adjusted for" in note for note in chosen.notes)
    assert any(note.startswith("idle (") and "looked at, not needed" in note for note in chosen.notes)


def test_what_a_declared_covariate_already_says_is_not_needed(load: Load) -> None:
    rows = world(2)
    rows["copy"] = rows["severity"] + 0.001 * np.random.default_rng(0).normal(size=len(rows))
    history = load(rows.to_dict("records"))
    alone = useful_covariates(history, outcome="csat", candidates=["copy"])
    beside = useful_covariates(history, outcome="csat", declared=["severity"], candidates=["copy"])
    assert alone.names == ("copy",)
    assert beside.names == ("severity",)


def test_correlations_equal_a_plain_regression_where_there_is_one_reason(load: Load) -> None:
    rows = world(3).assign(reason="fees", channel=lambda f: f["channel"])
    rows["csat"] = rows["csat"].fillna(3.0)
    rows["customer_id"] = rows["contact_id"]
    found = useful_covariates(load(rows.to_dict("records")), outcome="csat", candidates=["both"]).table.iloc[0]
    rank = rows["both"].rank()
    voice = (rows["channel"] == "voice").astype(float)
    assert found["choice"] == pytest.approx(abs(np.corrcoef(rank, voice)[0, 1]), abs=1e-9)
    inside = (
        rows.assign(rank=rank).groupby("channel")[["rank", "csat"]].transform(lambda column: column - column.mean())
    )
    assert found["outcome"] == pytest.approx(abs(inside.corr().iloc[0, 1]), abs=1e-9)


def test_order_of_rows_and_sampling_are_deterministic(load: Load) -> None:
    rows = world(4)
    options = {"outcome": "csat", "declared": ["severity"], "candidates": ["both", "mood"]}
    one = useful_covariates(load(rows.to_dict("records")), most_rows=1500, **options).table
    mixed = load(rows.sample(frac=1, random_state=3).to_dict("records"))
    other = useful_covariates(mixed, most_rows=1500, **options).table
    pd.testing.assert_frame_equal(one, other)
    assert 300 < one["n"].max() < 1300  # of 1,500 contacts .6 answer


def test_anonymous_and_single_channel_histories_are_said(load: Load) -> None:
    rows = world(5, n=600).assign(customer_id=None)
    chosen = useful_covariates(history_with_covariates(load(rows.to_dict("records"))), outcome="csat")
    assert "contacts_30d" not in chosen.names
    assert any("contacts_30d" in note and "too few contacts tell it" in note for note in chosen.notes)
    one = history_with_covariates(load(world(5, n=600).assign(channel="voice").to_dict("records")))
    notes = useful_covariates(one, outcome="csat").notes
    assert any("hour" in note and "one channel only" in note for note in notes)


def test_noise_gets_in_no_more_often_than_stated(load: Load) -> None:
    """40 covariates of customers, tied to nothing: each test rejects at .05 in about 5 %, and none of them gets in.

    2 x 40 tests that reject with probability .05 reject 11 times or more with probability below .005.
    """
    people, n = 400, 2000
    rows = world(7, n=n, people=people)
    code = rows["customer_id"].str.removeprefix("k").astype(int).to_numpy()
    noise = np.random.default_rng(11).normal(size=(people, 40))[code]
    names = [f"noise_{k}" for k in range(40)]
    rows = pd.concat([rows, pd.DataFrame(noise, columns=names)], axis=1)
    history = load(rows.to_dict("records"))
    table = useful_covariates(history, outcome="csat", declared=["severity"], candidates=names).table
    table = table[~table["declared"]]
    rejected = (table[["p_choice", "p_outcome"]] < 0.05).to_numpy().sum()
    assert 0 < rejected < 11
    assert not table["used"].any()
