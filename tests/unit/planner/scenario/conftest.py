"""Fixtures of the scenario tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_center import Center


@pytest.fixture
def center(tmp_path: Path) -> Center:
    """A valid center in a folder of its own."""
    return Center(tmp_path)
