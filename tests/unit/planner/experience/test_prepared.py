"""In which order a history is prepared, so that the most memory of one step is not taken beside that of another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy_history import toy_contacts

from planner.experience import prepared
from planner.history import load_history


def test_the_engine_rests_while_cells_are_labeled_and_fitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy_contacts(3_000, seed=1).to_parquet(tmp_path / "contacts.parquet")
    called = []

    def noted(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            called.append(name)
            return work(*given, **named)

        return wrapped

    for name in ("contact_cells", "polarity_doubts", "rest", "gather", "fit_all"):
        monkeypatch.setattr(prepared, name, noted(name, getattr(prepared, name)))
    found = prepared.prepare(load_history(tmp_path / "contacts.parquet"), outcome="csat")
    assert called == ["polarity_doubts", "contact_cells", "rest", "gather", "fit_all"]
    assert found.fits.final is not None
    assert (found.evidence.cells.by_hour, found.evidence.cells.asked) == (None, None)
