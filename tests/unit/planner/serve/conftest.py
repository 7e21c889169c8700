"""A folder with one real run of the toy center, and clients of the server in front of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra web is not installed")
from fastapi.testclient import TestClient  # noqa: E402

from planner.cli import main  # noqa: E402
from planner.serve.app import Settings, create_app  # noqa: E402

TOY = Path(__file__).resolve().parents[4] / "scenarios/minimal.yaml"
ADDRESS = "http://127.0.0.1:8321"
TOKEN = "the-token-of-this-test"
QUICK = (
    "frontier.search_evaluations=0", "frontier.plans=4", "frontier.bound_steps=1", "frontier.cost_points=2",
    "frontier.share_step=null", "frontier.risk_draws=0",
)  # fmt: skip


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the toy center, made by the command line with a small budget of work."""
    folder = tmp_path_factory.mktemp("served") / "runs"
    sets = [part for change in QUICK for part in ("--set", change)]
    assert main(["run", str(TOY), "--out", str(folder), "--seed", "3", "--workers", "1", *sets]) == 0
    return next(folder.glob("minimal-*"))


@pytest.fixture
def folder(first_run: Path, tmp_path: Path) -> Path:
    """A folder of runs of one's own, with that run in it."""
    shutil.copytree(first_run, tmp_path / "runs" / first_run.name)
    return tmp_path / "runs"


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    """A client that holds the token."""
    app = create_app(Settings(folder, (TOY,), workers=1, token=TOKEN))
    with TestClient(app, base_url=ADDRESS, headers={"x-planner-token": TOKEN}) as found:
        yield found
