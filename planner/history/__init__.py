"""Past contacts: read, checked, stitched into issues and counted into cells on an SQL engine."""

from planner.history.history import History
from planner.history.journeys import stitch_issues
from planner.history.load import load_history
from planner.history.quality import QualityReport

__all__ = ["History", "QualityReport", "load_history", "stitch_issues"]
