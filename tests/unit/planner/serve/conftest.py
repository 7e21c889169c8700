"""A folder with one real run of the toy center, and clients of the server in front of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra web is not installed")
from fastapi.testclient import TestClient  # noqa: E402

from planner.serve.app import Settings, create_app  # noqa: E402

TOY = Path(__file__).resolve().parents[4] / "scenarios/minimal.yaml"
ADDRESS = "http://127.0.0.1:8321"
TOKEN = "the-token-of-this-test"


@pytest.fixture
def folder(quick_run: Path, tmp_path: Path) -> Path:
    """A folder of runs of one's own, with that run in it."""
    shutil.copytree(quick_run, tmp_path / "runs" / quick_run.name)
    return tmp_path / "runs"


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    """A client that holds the token."""
    app = create_app(Settings(folder, (TOY,), workers=1, token=TOKEN))
    with TestClient(app, base_url=ADDRESS, headers={"x-planner-token": TOKEN}) as found:
        yield found
