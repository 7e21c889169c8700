"""The presets by name."""

from __future__ import annotations

from planner.history.importers import amazon_connect, cxone, five9, genesys, twilio, zendesk
from planner.history.importers.preset import Preset

PRESETS: dict[str, Preset] = {
    module.PRESET.name: module.PRESET for module in (amazon_connect, genesys, zendesk, five9, cxone, twilio)
}
"""Sources of contacts; survey tables, aggregates and staffing are no contacts and have functions of their own."""
