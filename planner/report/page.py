"""The report: one offline page with everything inside it, nothing loaded and no name able to act as markup."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from planner.frontier.frontier import Frontier
from planner.report.parts import report_parts
from planner.report.payload import SCRIPT_KEYS, build_payload
from planner.report.serve_words import RUNS, SERVE
from planner.report.strings import PAGE_FACTS, PLAN_COUNT
from planner.report.text import percent, real_minus, sentence, units_of
from planner.routing.export_cells import write_whole

_TEMPLATES = Path(__file__).parent / "templates"
_SCRIPTS = (
    "basics.js", "state.js", "scatter.js", "table.js", "compare.js", "heat.js", "parallel.js", "detail.js", "choice.js",
)  # fmt: skip
_ASKING = ("jobs.js", "serve.js")
_RUNS = ("basics.js", "jobs.js", "runs.js")
OFFLINE = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""Policy of a page that is opened from a file: nothing is loaded."""
_SERVED = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def write_report(frontier: Frontier, path: str | os.PathLike[str]) -> Path:
    """Write the report page of a run and return its path; it opens from a file and needs no network."""
    return write_whole(path, render_page(frontier).encode("utf-8"))


def render_page(frontier: Frontier) -> str:
    """Return the report as HTML text.

    Names come from users' files: what stands in the markup is escaped by the template engine, what the script reads
    is JSON without any `<`, and the script itself only sets text.
    """
    return _page(frontier, build_payload(frontier), _scripts(_SCRIPTS), OFFLINE, served=False)


def served_page(frontier: Frontier, run: str, formats: Sequence[str]) -> tuple[str, str]:
    """Return the report with what a server answers beside it, and its policy: this one script, this one server."""
    payload = build_payload(replace(frontier, run=run))
    payload["words"]["serve"] = SERVE
    payload["take"]["formats"] = ["report", *formats]
    script = _scripts(_SCRIPTS + _ASKING)
    policy = _policy_of(script)
    return _page(frontier, payload, script, policy, served=True), policy


def runs_page(runs: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return the page that lists runs, and its policy; `runs` as `planner.serve.shelf` tells them."""
    words, script = SERVE | RUNS, _scripts(_RUNS)
    text = (
        _environment()
        .get_template("runs.html")
        .render(
            runs=runs,
            words=words,
            css=Markup(_source("report.css")),  # noqa: S704
            script=Markup(script),  # noqa: S704
            json=Markup(inline_json({"words": {"serve": words}})),  # noqa: S704
        )
    )
    return text, _policy_of(script)


def _page(frontier: Frontier, payload: Mapping[str, Any], script: str, policy: str, served: bool) -> str:
    return (
        _environment()
        .get_template("report.html")
        .render(
            page=payload,
            sections=report_parts(frontier, units_of(frontier)),
            facts=real_minus(_facts(frontier)),
            policy=Markup(policy.split("; frame-ancestors")[0]),  # noqa: S704
            served=served,
            words=payload["words"].get("serve", {}),
            css=Markup(_source("report.css")),  # noqa: S704
            script=Markup(script),  # noqa: S704
            json=Markup(inline_json({key: payload[key] for key in SCRIPT_KEYS})),  # noqa: S704
        )
    )


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = sentence
    environment.filters["minus"] = real_minus
    environment.filters["svg"] = Markup  # pictures are markup of this package, made from numbers and escaped names
    return environment


def _scripts(names: Sequence[str]) -> str:
    return "\n".join(_source(name) for name in names)


def _policy_of(script: str) -> str:
    """Policy that lets exactly this script run, as it stands between the tags."""
    digest = base64.b64encode(hashlib.sha256(f"\n{script}\n".encode()).digest()).decode("ascii")
    return _SERVED.format(digest=digest)


def inline_json(value: Any) -> str:
    """Write JSON that may stand inside a script element: `<` is escaped, so no name can close the element."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _facts(frontier: Frontier) -> str:
    units, today, plans = units_of(frontier), frontier.baseline, len(frontier.table) - 1
    return PAGE_FACTS.format(
        n=PLAN_COUNT[plans != 1].format(n=plans),
        horizon=units.horizon,
        cost=units.money(float(today["cost"])),
        per=units.per,
        cx=units.cx(float(today["cx"])),
        cx_name=units.cx_name,
        headroom=percent(float(today["headroom"])),
    )


def _source(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")
