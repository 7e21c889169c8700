"""The row-level doubly robust method: a second opinion on the estimates from cells, where rows are at hand."""

from planner.experience.rows.check import compare_means, over_segments, row_check
from planner.experience.rows.dr_eb import CellMeans, RowData, doubly_robust
from planner.experience.rows.means import row_means
from planner.experience.rows.shrinkage import shrink

__all__ = [
    "CellMeans",
    "RowData",
    "compare_means",
    "doubly_robust",
    "over_segments",
    "row_check",
    "row_means",
    "shrink",
]
