"""One small world with a known cause of the choice, fitted once for all tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hidden_worlds import HiddenWorld, make_hidden_world, todays_outcomes

from planner.experience.certainty.bias import Bias, bias_of
from planner.experience.estimated import Fits, fit_all, move_rows


@dataclass(frozen=True)
class Known:
    """A world, its fits, and the bias of everything that is estimated from it."""

    world: HiddenWorld
    fits: Fits
    bias: Bias


@pytest.fixture(scope="session")
def known() -> Known:
    world = make_hidden_world(1, contacts=5_000, reasons=3, channels=3)
    fits = fit_all(world.cells, higher_is_better=True, seed=0)
    outcomes = todays_outcomes(world)
    return Known(world, fits, bias_of(fits, move_rows(outcomes), outcomes))
