"""Covariates measured after the choice are refused with their evidence; those known before pass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from planner.errors import HistoryError
from planner.history import History
from planner.history.before import HISTORY_COVARIATES, history_with_covariates
from planner.history.precedes import check_precedes, refuse_after

Load = Callable[..., History]


def contacts(seed: int = 0, n: int = 1500) -> pd.DataFrame:
    """Severity drives channel, waits, handle times and scores: known before, and tied to all that comes after."""
    rng = np.random.default_rng(seed)
    severity = rng.normal(size=n)
    reason = rng.choice(["fees", "card", "login"], n)
    lost = rng.random(n) < 0.1
    score = np.clip(np.round(4 - severity + rng.normal(size=n)), 1, 5)
    return pd.DataFrame(
        {
            "contact_id": [f"c{k:05d}" for k in range(n)],
            "customer_id": [f"k{k}" for k in rng.integers(0, n // 4, n)],
            "started_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 60 * 1440, n), unit="min"),
            "channel": np.where(severity + rng.normal(size=n) > 0, "voice", "chat"),
            "reason": reason,
            "disposition": rng.choice(["done", "open", "passed on", "other"], n),
            "wait_s": rng.exponential(60, n),
            "handle_s": np.where(lost, np.nan, np.exp(5 + 0.5 * severity + 0.7 * rng.normal(size=n))),
            "abandoned": lost,
            "csat": np.where((rng.random(n) < 0.4) & ~lost, score, np.nan),
            "severity": severity,
            "price": np.select([reason == "fees", reason == "card"], [3.0, 20.0], 7.5),
        }
    )


def found(history: History, *names: str) -> dict[str, str]:
    return {issue.path.removeprefix("covariates."): str(issue) for issue in check_precedes(history, names)}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_was_known_before_passes(load: Load, seed: int) -> None:
    rows = contacts(seed)
    # Constant within a reason, mostly missing, a code of the customer, a rare flag: all fine.
    rows["rare"] = (np.arange(len(rows)) % 97 == 0).astype(float)
    rows["sometimes"] = rows["severity"].where(rows.index % 5 == 0)
    rows["last_csat"] = np.random.default_rng(seed).integers(1, 6, len(rows))
    history = history_with_covariates(load(rows.to_dict("records")))
    assert found(history, "severity", "price", "rare", "sometimes", "last_csat", *HISTORY_COVARIATES) == {}


def test_what_moves_with_the_score_is_said_though_nothing_is_refused(load: Load) -> None:
    rows = contacts()
    rng = np.random.default_rng(3)
    mood = rows["csat"].fillna(3.0) + rng.normal(scale=0.6, size=len(rows))
    history = load(rows.assign(mood=mood).to_dict("records"))
    (issue,) = check_precedes(history, ["mood", "severity"])
    assert issue.severity == "warning"
    assert "its rank correlation with csat is 0.8" in issue.message
    assert "declare it `known: after`" in issue.message
    assert refuse_after(history, ["mood"]) == (f"{issue.path}: {issue.message}",)


def test_what_was_known_afterwards_is_refused_with_its_evidence(load: Load) -> None:
    rows = contacts()
    rng = np.random.default_rng(9)
    rows["log_work"] = np.log(rows["handle_s"])
    rows["minutes"] = (rows["wait_s"] + rows["handle_s"]) / 60 + rng.normal(0, 0.1, len(rows))
    rows["score"] = 6 - rows["csat"]
    rows["code"] = rows["disposition"].map({"done": 1.0, "open": 4.0, "passed on": 2.0, "other": 9.0})
    rows["agent_years"] = np.where(rows["abandoned"], np.nan, rng.random(len(rows)))
    rows["all_his_contacts"] = rows.groupby("customer_id")["contact_id"].transform("size").astype(float)
    rows["talkTime"] = rng.random(len(rows))
    words = found(load(rows.to_dict("records")), "severity", "log_work", "minutes", "score", "code", "agent_years",
                  "all_his_contacts", "talkTime")  # fmt: skip
    evidence = {
        "log_work": "missing exactly where contacts were abandoned",
        "minutes": "missing exactly where contacts were abandoned",
        "score": "missing exactly where csat is missing",
        "code": "the closing code explains 100% of it within reason and channel",
        "agent_years": "missing exactly where contacts were abandoned (correlation 1.00 over 1,500 contacts)",
        "all_his_contacts": "rank correlation with the number of contacts of its customer in the whole history is",
        "talkTime": "its name says 'talk'",
    }
    assert set(words) == set(evidence)
    for name, said in evidence.items():
        assert said in words[name]
        assert "known: before" in words[name]


def test_values_give_it_away_where_gaps_do_not(load: Load) -> None:
    rows = contacts().assign(abandoned=False)
    rows["handle_s"] = rows["handle_s"].fillna(100.0)
    rows["csat"] = rows["csat"].fillna(3.0)
    rows["log_work"] = np.log(rows["handle_s"]) + np.random.default_rng(1).normal(0, 0.05, len(rows))
    rows["total"] = rows["wait_s"] * 3 + rows["handle_s"]
    rows["score"] = -rows["csat"]
    words = found(load(rows.to_dict("records")), "log_work", "total", "score", "severity")
    assert set(words) == {"log_work", "total", "score"}
    assert "rank correlation with handle_s is 0.99" in words["log_work"] or "1.00" in words["log_work"]
    assert "wait_s and handle_s" in words["total"]
    assert "together explain 100% of it (1,500 contacts)" in words["total"]
    assert "rank correlation with csat is -1.00" in words["score"]


def test_the_mapping_file_decides(load: Load, yaml: Callable) -> None:
    rows = contacts()
    rows["work"] = rows["handle_s"]
    mapping = yaml(
        "columns: {reason: reason}\n"
        "covariates:\n  severity: {from: severity, known: after}\n  work: {from: work, known: before}\n  price: price\n"
    )
    history = load(rows.to_dict("records"), mapping=mapping)
    issues = {issue.path: issue for issue in check_precedes(history, ["severity", "work", "price"])}
    assert set(issues) == {"covariates.severity", "covariates.work"}
    assert "is declared `known: after`" in issues["covariates.severity"].message
    assert issues["covariates.work"].severity == "warning"
    assert refuse_after(history, ["work", "price"]) == (f"covariates.work: {issues['covariates.work'].message}",)
    with pytest.raises(HistoryError, match=r"covariates.severity: is declared"):
        refuse_after(history, ["severity", "work"])


def test_all_problems_are_raised_at_once_and_no_name_is_no_problem(load: Load) -> None:
    rows = contacts()
    rows["resolution"] = rows["severity"]
    rows["hold_min"] = rows["severity"]
    history = load(rows.to_dict("records"))
    with pytest.raises(HistoryError) as caught:
        refuse_after(history, ["resolution", "severity", "hold_min"])
    assert len(caught.value.issues) == 2
    assert refuse_after(history, []) == ()
    assert check_precedes(history, ["nowhere"]) == []
