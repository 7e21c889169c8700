"""Value: what an experience is worth through retention, with the checks it must pass before it is money."""

from planner.experience.value.clv import lifetime_value, perpetual_value, retention_value, worth_of_change
from planner.experience.value.link import ValueLink, value_link
from planner.experience.value.months import customer_months
from planner.experience.value.spec import ValueSpec

__all__ = [
    "ValueLink",
    "ValueSpec",
    "customer_months",
    "lifetime_value",
    "perpetual_value",
    "retention_value",
    "value_link",
    "worth_of_change",
]
