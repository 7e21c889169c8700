"""A seeded generator of contact histories from a declared truth."""

from pathlib import Path
from typing import TYPE_CHECKING

from planner.doors import on_first_use
from solvers.stale_caches import drop_stale_caches

if TYPE_CHECKING:
    from planner.history.synthetic.files import ensure_history, ensure_reference_history, write_history
    from planner.history.synthetic.generator import SyntheticHistory, generate
    from planner.history.synthetic.truth import Truth
    from planner.history.synthetic.truth_file import load_truth

_PLACES = {
    "SyntheticHistory": "generator",
    "Truth": "truth",
    "ensure_history": "files",
    "ensure_reference_history": "files",
    "generate": "generator",
    "load_truth": "truth_file",
    "write_history": "files",
}

__all__ = [
    "SyntheticHistory",
    "Truth",
    "ensure_history",
    "ensure_reference_history",
    "generate",
    "load_truth",
    "write_history",
]

drop_stale_caches(Path(__file__).parent)

__getattr__ = on_first_use(__name__, _PLACES)
