"""Vendor exports become canonical contacts: a preset mapping per source, and code for what a mapping cannot say."""

from planner.history.importers.imported import Imported
from planner.history.importers.presets import PRESETS
from planner.history.importers.run import import_contacts

__all__ = ["PRESETS", "Imported", "import_contacts"]
