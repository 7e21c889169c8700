"""The scenario reference for people: the JSON Schema as Markdown, one table per section of the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from planner.scenario.schema import scenario_schema

Node = Mapping[str, Any]

_HEAD = """# Scenario files

Every key of a scenario file with its type, default and meaning, written from the schema that the loader checks by
(`planner schema` prints it for editors). `KEY` stands for a name you choose. Unknown keys are refused. A *stated
number* is a number, or `{value, low, high, source}` with the range you believe in.
"""
_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "ge": "at least {}",
    "le": "at most {}",
    "gt": "above {}",
    "lt": "below {}",
    "minItems": "entries: at least {}",
    "minProperties": "entries: at least {}",
    "pattern": "matches `{}`",
}


def reference_markdown() -> str:
    """Return the reference as one Markdown page, every key of every section in the order of the schema."""
    page = _Page(scenario_schema())
    return "\n".join([_HEAD, *page.section("scenario", page.schema, "The file itself.")])


class _Page:
    """Walks the schema from the file inwards; a section that two keys share is written once and linked."""

    def __init__(self, schema: Node) -> None:
        self.schema = schema
        self.written: dict[str, str] = {}

    def section(self, path: str, node: Node, words: str) -> Iterator[str]:
        """Write the table of a mapping, then the sections of what stands in it."""
        required = set(node.get("required", ()))
        for choice in node.get("anyOf", ()):
            required |= set(choice.get("required", ())) - {"extends"}
        yield from (f"## {path}", "", _inline(words), "", "| key | type | default | meaning |", "|---|---|---|---|")
        inner: list[tuple[str, Node, str]] = []
        for key, one in node["properties"].items():
            default = "required" if key in required else _default(one.get("default"))
            kind, model, suffix = self.kind(one)
            place = f"{key if path == 'scenario' else f'{path}.{key}'}{suffix}"
            if model and model not in self.written:
                self.written[model] = place
                inner.append((place, self.schema["$defs"][model], self.schema["$defs"][model].get("description", "")))
            if model:
                kind = kind.replace(model, f"[{self.written[model]}](#{_anchor(self.written[model])})")
            meaning = " ".join(filter(None, [one.get("description", ""), _limits(one)]))
            yield f"| `{key}` | {kind} | {default} | {_inline(meaning)} |"
        yield ""
        for place, found, about in inner:
            yield from self.section(place, found, about)

    def kind(self, node: Node) -> tuple[str, str, str]:
        """Words of a type, the model in it (empty: none), and what its path gets: `.KEY` or `[]`."""
        if "$ref" in node:
            return self._named(node["$ref"].rsplit("/", 1)[-1])
        if "anyOf" in node:
            kinds = [self.kind(one) for one in node["anyOf"] if one.get("type") != "null"]
            words = " or ".join(dict.fromkeys(words for words, _, _ in kinds))
            model, suffix = next(((model, suffix) for _, model, suffix in kinds if model), ("", ""))
            return words, model, suffix
        if node.get("type") == "array":
            words, model, suffix = self.kind(node.get("items") or {})
            fixed = node.get("prefixItems")
            if fixed:
                return "list of " + ", ".join(self.kind(one)[0] for one in fixed), "", ""
            return f"list of {words}", model, f"[]{suffix}"
        if isinstance(node.get("additionalProperties"), Mapping):
            words, model, suffix = self.kind(node["additionalProperties"])
            return f"mapping KEY: {words}", model, f".KEY{suffix}"
        if "enum" in node:
            return _choices(node["enum"]), "", ""
        return (
            {"boolean": "yes or no", "integer": "whole number", "string": "text"}.get(
                str(node.get("type", "")), str(node.get("type", "anything"))
            ),
            "",
            "",
        )

    def _named(self, name: str) -> tuple[str, str, str]:
        found = self.schema["$defs"][name]
        if name == "Stated":
            return "stated number", "", ""
        if "enum" in found:
            return _choices(found["enum"]), "", ""
        if "anyOf" in found:
            model = next(one for one in found["anyOf"] if "properties" in one)
            if name not in self.written:
                self.schema["$defs"][name].update(properties=model["properties"], required=model.get("required", []))
            return f"text or {name}", name, ""
        return name, name, ""


def _choices(values: Any) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _default(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, Mapping):
        return ""  # a section's own table says its defaults
    return f"`{json.dumps(value)}`" if len(json.dumps(value)) < 40 else ""


def _limits(node: Node) -> str:
    found = [words.format(node[name]) for name, words in _LIMITS.items() if name in node]
    for one in node.get("anyOf", ()):
        found += [words.format(one[name]) for name, words in _LIMITS.items() if name in one]
    return f"({', '.join(found)})" if found else ""


def _inline(text: str) -> str:
    """Text that stays in its table cell and is never read as HTML."""
    return text.replace("\n", " ").replace("|", "\\|").replace("<", "&lt;")


def _anchor(path: str) -> str:
    return "".join(char for char in path.lower() if char.isalnum() or char in "_-")
