"""Journeys: how issues run from contact to contact until they are solved or given up, and what that costs."""

from planner.experience.journeys.absorbing import Absorption, absorb
from planner.experience.journeys.issue_chain import IssueChain, issue_chains, with_first_rows
from planner.experience.journeys.map_svg import render_map
from planner.experience.journeys.report import JourneyReport, journey_report
from planner.experience.journeys.resolution import resolution_table
from planner.experience.journeys.shift import Shift, shift_first_contacts
from planner.experience.journeys.survival import kaplan_meier
from planner.experience.journeys.touchpoints import journey_map, map_edges, map_layout

__all__ = [
    "Absorption",
    "IssueChain",
    "JourneyReport",
    "Shift",
    "absorb",
    "journey_map",
    "issue_chains",
    "journey_report",
    "map_edges",
    "map_layout",
    "kaplan_meier",
    "render_map",
    "resolution_table",
    "shift_first_contacts",
    "with_first_rows",
]
