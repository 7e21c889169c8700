"""What axe-core says of a page."""

from __future__ import annotations

from typing import Any


def violations(page: Any, axe: str) -> list[str]:
    """Rules broken and where; a page without inline-script rights of its own is not asked for any."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations', 'passes']})")
    assert len(found["passes"]) > 20  # it did look
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found["violations"] for node in rule["nodes"]]
