"""Past contacts: read, checked, stitched into issues and counted into cells on an SQL engine."""

from typing import TYPE_CHECKING

from planner.doors import on_first_use

if TYPE_CHECKING:
    from planner.history.allocation import allocate_missing
    from planner.history.cells import contact_cells
    from planner.history.history import History
    from planner.history.journeys import stitch_issues
    from planner.history.load import load_history
    from planner.history.today import mean_week_staffing, routing_shares, shrinkage_seen, weekly_service
    from planner.history.volumes import (
        escalation_destinations,
        first_contact_volumes,
        patience,
        reason_confusion,
        redial_shares,
        return_destinations,
    )

_PLACES = {
    "History": "history",
    "allocate_missing": "allocation",
    "contact_cells": "cells",
    "escalation_destinations": "volumes",
    "first_contact_volumes": "volumes",
    "load_history": "load",
    "mean_week_staffing": "today",
    "patience": "volumes",
    "reason_confusion": "volumes",
    "redial_shares": "volumes",
    "return_destinations": "volumes",
    "routing_shares": "today",
    "shrinkage_seen": "today",
    "stitch_issues": "journeys",
    "weekly_service": "today",
}

__all__ = [
    "History",
    "allocate_missing",
    "contact_cells",
    "escalation_destinations",
    "first_contact_volumes",
    "load_history",
    "mean_week_staffing",
    "patience",
    "reason_confusion",
    "redial_shares",
    "return_destinations",
    "routing_shares",
    "shrinkage_seen",
    "stitch_issues",
    "weekly_service",
]

__getattr__ = on_first_use(__name__, _PLACES)
