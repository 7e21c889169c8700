"""The reading page of an estimate: one offline HTML file; every name from a file is escaped."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from planner.report.estimate.blocks import Section
from planner.report.estimate.words import PAGE
from planner.routing.export_cells import write_whole

_TEMPLATES = Path(__file__).parent.parent / "templates"


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on the page: title, the line below it, the first sentences, and the sections in order."""

    title: str
    facts: str
    first: tuple[str, ...]
    sections: tuple[Section, ...]


def write_page(page: Page, path: str | os.PathLike[str]) -> Path:
    """Write the page and return its path; it opens from a file and needs no network."""
    return write_whole(path, render_page(page).encode("utf-8"))


def render_page(page: Page) -> str:
    """Return the page as HTML text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Pictures are markup of this package, made from numbers and escaped names.
    environment.filters["svg"] = Markup
    return environment.get_template("estimate.html").render(
        page=page,
        words=PAGE,
        sections=shown(page.sections),
        css=Markup(_css()),  # noqa: S704
    )


def shown(sections: Sequence[Section]) -> list[Section]:
    """Leave out the sections with nothing in them."""
    return [section for section in sections if not section.empty]


def _css() -> str:
    return "\n".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "estimate.css"))
