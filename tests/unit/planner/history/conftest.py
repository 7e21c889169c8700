"""Small histories with known answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from planner.history import History, load_history

Load = Callable[..., History]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load rows given as dicts (missing keys are missing values) through a Parquet file."""

    def _load(rows: list[dict[str, Any]], **options: Any) -> History:
        frame = pd.DataFrame(rows)
        frame["started_at"] = pd.to_datetime(frame["started_at"])
        if "contact_id" not in frame:
            frame.insert(0, "contact_id", [f"c{k}" for k in range(len(frame))])
        path = tmp_path / "contacts.parquet"
        frame.to_parquet(path, index=False)
        if "staffing" in options:
            stood = tmp_path / "staffing.parquet"
            options["staffing"].to_parquet(stood, index=False)
            options["staffing"] = stood
        return load_history(path, **{"salt": "pepper", **options})

    return _load


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[str], Path]:
    """Write a CSV file."""

    def _csv(text: str, name: str = "contacts.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return _csv


@pytest.fixture
def yaml(tmp_path: Path) -> Callable[[str], Path]:
    """Write a mapping file."""

    def _yaml(text: str) -> Path:
        path = tmp_path / "mapping.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return _yaml
