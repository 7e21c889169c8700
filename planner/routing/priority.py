"""Priority classes in the numbers of each system: some serve the higher number first, some the lower."""

from __future__ import annotations

from dataclasses import dataclass

from planner.errors import PlanError


@dataclass(frozen=True)
class PriorityField:
    """A priority field of a system.

    `higher_first`: the larger number is served first. `least, most`: its range. `usual`: what contacts have that
    nobody gave a priority. `step`: distance of neighboring classes. `aging`: it is no strict order, one point stands
    for so many seconds of waiting (0: strict).
    """

    field: str
    higher_first: bool
    least: int
    most: int
    usual: int
    step: int = 1
    aging: float = 0.0


FIELDS = {
    "twilio": PriorityField("target priority", True, 0, 2_147_483_647, 0),
    "connect": PriorityField("QueuePriority", False, 1, 9_223_372_036_854_775_807, 5),
    "connect_profile": PriorityField("QueueConfigs.Priority", False, 1, 99, 1),
    "genesys": PriorityField("Transfer to ACD priority", True, -25_000_000, 25_000_000, 0, step=10, aging=60.0),
    "zendesk": PriorityField("priority", False, 1, 2_147_483_647, 1),
    "salesforce": PriorityField("routingPriority", False, 1, 2_147_483_647, 1),
}
"""Where a class goes, per target.

The direction differs per system. Connect: the lower number is served first and 5 is usual, so class 0 stands before
contacts of other flows. Genesys ages contacts: a point is a minute of waiting, so ten points per class are a head start
of ten minutes and no strict order unless the queue's scoring method is PriorityOnly.
"""


def to_vendor(target: str, priority: int, last: int) -> int:
    """Return the number for a class; `last` is the highest class in use (0 is served first).

    Raises
    ------
    PlanError
        The field cannot hold so many classes.
    """
    field = FIELDS[target]
    low = max(field.least, 0) if field.higher_first else field.least
    number = low + field.step * ((last - priority) if field.higher_first else priority)
    if not (0 <= priority <= last and number <= field.most):
        raise PlanError(
            f"priority class {priority} of 0..{last} does not fit {field.field} ({field.least}..{field.most}); "
            "merge classes"
        )
    return number


def from_vendor(target: str, number: int, last: int) -> int:
    """Return the class a number stands for."""
    field = FIELDS[target]
    low = max(field.least, 0) if field.higher_first else field.least
    steps = (number - low) // field.step
    return last - steps if field.higher_first else steps
