"""People over the months: what a plan requires, who will be there, and the gap between them."""

from planner.hiring.gap import PoolOutlook, gap_of_pool, gap_table
from planner.hiring.outlook import outlooks_of

__all__ = ["PoolOutlook", "gap_of_pool", "gap_table", "outlooks_of"]
