"""Requirements per pool and interval in the layouts that workforce-management suites import."""

from planner.staffing_exports.formats import WFM_FORMATS, export_requirements
from planner.staffing_exports.requirements import requirements_of

__all__ = ["WFM_FORMATS", "export_requirements", "requirements_of"]
