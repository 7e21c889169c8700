"""Memory given back: what only refers to itself is found first."""

from __future__ import annotations

import gc
import weakref

import pyarrow as pa

from planner.heap import clear_out, give_back


class Selfish:
    """Holds itself."""

    def __init__(self) -> None:
        self.me = self


def test_what_refers_to_itself_is_let_go_of() -> None:
    gc.disable()
    try:
        seen = weakref.ref(Selfish())
        assert seen() is not None
        clear_out()
        assert seen() is None
    finally:
        gc.enable()


def test_tables_of_arrow_stay_what_they_are() -> None:
    names = pa.array(["voice", "chat"] * 10_000)
    give_back()
    assert names.to_pylist()[-2:] == ["voice", "chat"]
