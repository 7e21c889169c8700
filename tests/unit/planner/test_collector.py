"""Garbage made by long work is collected; what was there before is left alone, and given back."""

from __future__ import annotations

import gc
import weakref

import pytest

from planner.collector import collector_apart


class Ring:
    def __init__(self) -> None:
        self.own = self


def dropped() -> weakref.ref[Ring]:
    return weakref.ref(Ring())


@pytest.fixture(autouse=True)
def nothing_frozen():
    was = gc.get_freeze_count()
    gc.unfreeze()
    yield
    if was:
        gc.freeze()


def test_what_was_there_waits_and_what_is_made_does_not() -> None:
    @collector_apart
    def work() -> tuple[bool, bool, int]:
        new = dropped()
        gc.collect()
        return old() is not None, new() is None, gc.get_freeze_count()

    gc.disable()
    try:
        old = dropped()
        kept, freed, frozen = work()
    finally:
        gc.enable()
    assert kept
    assert freed
    assert frozen > 1_000
    gc.collect()
    assert old() is None
    assert gc.get_freeze_count() == 0


def test_work_within_work_gives_nothing_back_too_early() -> None:
    inner = collector_apart(gc.get_freeze_count)

    @collector_apart
    def outer() -> tuple[int, int]:
        return inner(), gc.get_freeze_count()

    within, after = outer()
    # Some of what is frozen may go of itself meanwhile; what is given back too early leaves nothing.
    assert min(within, after) > 1_000


def test_a_failure_gives_everything_back() -> None:
    @collector_apart
    def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        work()
    assert gc.get_freeze_count() == 0
