"""What a study says of moves and trials: shares get trials, and one move has one volume everywhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.experience.study import Study, study
from planner.history import load_history

pytestmark = pytest.mark.slow
PAIR = ["reason", "from_channel", "to_channel"]


def contacts(n: int = 5_000) -> pd.DataFrame:
    """Chat resolves about as much as voice, self-service a little less; every third customer is unknown."""
    rng = np.random.default_rng(5)
    severity = rng.normal(size=n)
    channel = np.where(severity + rng.normal(size=n) > 0, "voice", rng.choice(["chat", "self_service"], n))
    solved = 0.75 - 0.05 * (channel == "chat") - 0.08 * (channel == "self_service") - 0.1 * severity
    started = pd.Timestamp("2026-03-02") + pd.to_timedelta(np.sort(rng.integers(0, 84 * 86_400, n)), unit="s")
    return pd.DataFrame(
        {
            "contact_id": np.arange(n),
            "customer_id": [None if k % 3 == 0 else f"k{k}" for k in range(n)],
            "started_at": started,
            "reason": rng.choice(["card", "loan"], n),
            "channel": channel,
            "wait_s": 10.0,
            "handle_s": 200.0 + rng.exponential(100, n),
            "severity": severity.round(3),
            "csat": np.where(rng.random(n) < 0.4, rng.integers(1, 6, n), np.nan),
            "resolved": np.where(rng.random(n) < 0.6, rng.random(n) < solved, None),
        }
    )


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Study]:
    path = tmp_path_factory.mktemp("trials") / "contacts.parquet"
    contacts().to_parquet(path)
    history = load_history(path, salt="pepper")
    return {name: study(history, outcome=name, covariates=("severity",), seed=1) for name in ("resolved", "csat")}


def test_shares_get_trials_sized_as_two_proportions(studies: dict[str, Study]) -> None:
    found = studies["resolved"]
    assert len(found.pilots)
    unsure = found.moves_by_reason[found.moves_by_reason["p_gain"].between(0.6, 0.95)]
    assert set(map(tuple, found.pilots[PAIR].to_numpy())) == set(map(tuple, unsure[PAIR].to_numpy()))
    moved = found.moves_by_reason.set_index(PAIR)
    level = found.model.reasons.set_index(["reason", "channel"])["raw_mean"]
    for key, row in moved.iterrows():
        share = level[(key[0], key[1])]
        assert row["sd_moved"] >= row["sd_stayed"]
        assert row["sd_stayed"] == pytest.approx(np.sqrt(share * (1 - share)), abs=0.02)
    assert found.pilots["words"].str.contains("in the share").all()


def test_one_move_has_one_volume(studies: dict[str, Study]) -> None:
    """In the table of whole reasons, summed over segments, and as a pilot sends them: all contacts a week."""
    found = studies["csat"]
    whole = found.moves_by_reason.set_index(PAIR)["contacts"]
    parts = found.moves.groupby(PAIR)["contacts"].sum()
    sent = found.pilots.set_index(PAIR)
    for key, n in whole.items():
        assert n == pytest.approx(parts[key])
    for key, row in sent.iterrows():
        assert row["contacts_per_week"] / row["split"] == pytest.approx(whole[key])
    # Contacts of the last days, of which nobody knows what followed, move like all others.
    assert (whole > found.moves_by_reason.set_index(PAIR)["people"] / found.quality.weeks).all()
