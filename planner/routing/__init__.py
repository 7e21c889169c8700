"""Rules a routing engine executes: the rule set of a plan, its exports and the proof that they decide alike."""

from __future__ import annotations

from planner.routing.export import FORMATS, export_rules, make_export
from planner.routing.facts import bucket
from planner.routing.proof import prove
from planner.routing.ruleset import RuleSet
from planner.routing.targets.jdm import to_jdm

__all__ = ["FORMATS", "RuleSet", "bucket", "export_rules", "make_export", "prove", "to_jdm"]
