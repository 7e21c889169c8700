"""Rules a routing engine executes: the rule set of a plan, its exports and its replay over many contacts."""

from __future__ import annotations

from planner.routing.export import FORMATS, export_rules
from planner.routing.jdm import to_jdm
from planner.routing.ruleset import RuleSet, bucket

__all__ = ["FORMATS", "RuleSet", "bucket", "export_rules", "to_jdm"]
