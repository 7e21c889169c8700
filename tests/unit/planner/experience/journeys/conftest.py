"""Steps and histories with known answers, for the tests of the journeys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.history import History, load_history
from planner.history.issue_steps import SUMS

Steps = Callable[..., pd.DataFrame]


@pytest.fixture
def steps() -> Steps:
    """Steps from rows (reason, channel, attempt, next channel or end, contacts); other sums as keyword columns."""

    def _steps(rows: list[tuple], **sums: list[float]) -> pd.DataFrame:
        ends = ("solved", "gave_up")
        frame = pd.DataFrame(
            [
                (r, c, k, None if n in ends else n, n if n in ends else "goes_on", False, False)
                for r, c, k, n, _ in rows
            ],
            columns=["reason", "channel", "attempt", "next_channel", "then", "anonymous", "censored"],
        )
        for name in SUMS:
            frame[name] = np.asarray(sums.get(name, [0.0] * len(rows)), dtype=float)
        frame["contacts"] = [float(row[-1]) for row in rows]
        return frame

    return _steps


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[pd.DataFrame], History]:
    """Load contacts through a Parquet file."""

    def _loaded(frame: pd.DataFrame) -> History:
        frame = frame.copy()
        if "contact_id" not in frame:
            frame.insert(0, "contact_id", [f"c{k}" for k in range(len(frame))])
        path: Path = tmp_path_factory.mktemp("history") / "contacts.parquet"
        frame.to_parquet(path, index=False)
        return load_history(path, salt="pepper")

    return _loaded
