"""What people open: the report page, the workbook and plain tables of a frontier."""

from __future__ import annotations

from planner.report.adopted import adopted_lines
from planner.report.backtest import backtest_lines
from planner.report.brief import build_brief
from planner.report.page import write_report
from planner.report.payload import build_payload
from planner.report.tables import write_tables
from planner.report.text import headline, summary_lines
from planner.report.workbook import write_workbook

__all__ = [
    "adopted_lines",
    "backtest_lines",
    "build_brief",
    "build_payload",
    "headline",
    "summary_lines",
    "write_report",
    "write_tables",
    "write_workbook",
]
