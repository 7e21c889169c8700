"""A page of commented YAML: lines, and the marks on what nobody but the center can say."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

_YAML_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n"])


@dataclass
class Page:
    """Lines of the file, and the marks made so far."""

    lines: list[str] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)

    def add(self, *lines: str) -> None:
        """Add lines."""
        self.lines += lines

    def mark(self, line: str, words: str) -> None:
        """Add a line with a value that stands in for what only the center knows."""
        self.lines.append(f"{line}   # TODO {words}")
        self.todo.append(words)


def quoted(name: object) -> str:
    """Quote a name where YAML would read it as something else."""
    text = str(name)
    plain = text.replace("_", "a").replace("/", "a").replace(".", "a")
    safe = plain.isascii() and plain.isalnum() and text[:1].isalpha() and text.lower() not in _YAML_WORDS
    return text if safe else json.dumps(text, ensure_ascii=False)
