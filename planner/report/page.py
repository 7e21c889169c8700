"""The report: one offline page with everything inside it, nothing loaded and no name able to act as markup."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from planner.frontier.frontier import Frontier
from planner.report.payload import build_payload
from planner.report.strings import PAGE_FACTS
from planner.report.text import percent, units_of
from planner.routing.export_cells import write_whole

_TEMPLATES = Path(__file__).parent / "templates"
_SCRIPTS = ("state.js", "scatter.js", "table.js", "compare.js", "heat.js", "detail.js")


def write_report(frontier: Frontier, path: str | os.PathLike[str]) -> Path:
    """Write the report page of a run and return its path; it opens from a file and needs no network."""
    return write_whole(path, render_page(frontier).encode("utf-8"))


def render_page(frontier: Frontier) -> str:
    """Return the report as HTML text.

    Names come from users' files: what stands in the markup is escaped by the template engine, what the script reads
    is JSON without any `<`, and the script itself only sets text.
    """
    payload = build_payload(frontier)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = _sentence
    environment.filters["minus"] = _minus
    return environment.get_template("report.html").render(
        page=payload,
        facts=_minus(_facts(frontier)),
        css=Markup(_source("report.css")),  # noqa: S704
        script=Markup("\n".join(_source(name) for name in _SCRIPTS)),  # noqa: S704
        json=Markup(inline_json(payload)),  # noqa: S704
    )


def inline_json(value: Any) -> str:
    """Write JSON that may stand inside a script element: `<` is escaped, so no name can close the element."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _facts(frontier: Frontier) -> str:
    units, today = units_of(frontier), frontier.baseline
    return PAGE_FACTS.format(
        n=len(frontier.table) - 1,
        horizon=units.horizon,
        cost=units.money(float(today["cost"])),
        per=units.per,
        cx=units.cx(float(today["cx"])),
        cx_name=units.cx_name,
        headroom=percent(float(today["headroom"])),
    )


def _source(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _minus(text: str) -> str:
    """Set a real minus before numbers."""
    return re.sub(r"(?<![\w.])-(?=[$€£¥₹\d])", "−", text)
