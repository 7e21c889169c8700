"""A seeded generator of contact histories from a declared truth."""

from pathlib import Path

from planner.history.synthetic.files import ensure_history, ensure_reference_history, write_history
from planner.history.synthetic.generator import SyntheticHistory, generate
from planner.history.synthetic.truth import Truth
from planner.history.synthetic.truth_file import load_truth
from solvers.stale_caches import drop_stale_caches

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
