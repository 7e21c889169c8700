"""Rules a routing engine executes: the rule set of a plan, its exports and the proof that they decide alike."""

from typing import TYPE_CHECKING

from planner.doors import on_first_use

if TYPE_CHECKING:
    from planner.routing.export import FORMATS, export_rules, make_export
    from planner.routing.facts import bucket
    from planner.routing.proof import prove
    from planner.routing.ruleset import RuleSet
    from planner.routing.targets.jdm import to_jdm

_PLACES = {
    "FORMATS": "export",
    "RuleSet": "ruleset",
    "bucket": "facts",
    "export_rules": "export",
    "make_export": "export",
    "prove": "proof",
    "to_jdm": "targets.jdm",
}

__all__ = ["FORMATS", "RuleSet", "bucket", "export_rules", "make_export", "prove", "to_jdm"]

__getattr__ = on_first_use(__name__, _PLACES)
