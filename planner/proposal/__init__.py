"""A first scenario from what a center already has: its history, its counts per interval, or a workbook."""

from planner.proposal.propose import Proposal, propose_from_history
from planner.proposal.workbook import propose_from_workbook, write_template

__all__ = ["Proposal", "propose_from_history", "propose_from_workbook", "write_template"]
