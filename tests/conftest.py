"""What every folder of tests shares: linear algebra on one thread a worker, and what is planned once for all.

Workers keep all processors busy; the threads of a linear-algebra library on top of them wait for each other, spinning,
and made some tests three times as long.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
from collections.abc import Callable
from pathlib import Path

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # before numpy is loaded; processes that tests start inherit it

import pytest  # noqa: E402

import planner  # noqa: E402
from planner.cli import main  # noqa: E402
from planner.frontier.frontier import Frontier  # noqa: E402
from planner.scenario import Scenario  # noqa: E402

TOY = Path(__file__).resolve().parents[1] / "scenarios/minimal.yaml"
QUICK = (
    "frontier.search_evaluations=0", "frontier.plans=4", "frontier.bound_steps=1", "frontier.cost_points=2",
    "frontier.share_step=null", "frontier.risk_draws=0", "frontier.bound_plans=0",
)  # fmt: skip
QUICK_RUN = ("run", str(TOY), "--seed", "3", "--workers", "1", *(part for one in QUICK for part in ("--set", one)))


def pytest_collection_finish() -> None:
    """Never look again for garbage among all modules and tests: a twentieth of the whole time went there."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Modules of compiled code that are not taken apart in the end complain of leaks."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def toy_scenario() -> Scenario:
    return planner.load_scenario(TOY)


@pytest.fixture(scope="session")
def made_once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Fill a folder once for all workers: `made_once(name, fill)`; what is in it is read or copied, never changed."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if hasattr(request.config, "workerinput") else root

    def folder(name: str, fill: Callable[[Path], object]) -> Path:
        if not (root / name).exists():
            draft = tmp_path_factory.mktemp(name)
            fill(draft)
            with contextlib.suppress(OSError):  # another worker was quicker
                draft.rename(root / name)
        return root / name

    return folder


@pytest.fixture(scope="session")
def toy_planned(toy_scenario: Scenario, made_once: Callable[..., Path]) -> Frontier:
    """The frontier of the toy center, from the real pipeline."""

    def fill(folder: Path) -> None:
        (folder / "frontier").write_bytes(pickle.dumps(planner.plan(toy_scenario, seed=1)))

    planned: Frontier = pickle.loads((made_once("toy-planned", fill) / "frontier").read_bytes())
    return planned


@pytest.fixture(scope="session")
def quick_run(made_once: Callable[..., Path]) -> Path:
    """A run of the toy center by the command line with a small budget of work: copy it, never change it."""

    def fill(folder: Path) -> None:
        assert main([*QUICK_RUN, "--out", str(folder)]) == 0

    return next(made_once("quick-run", fill).glob("minimal-*"))
