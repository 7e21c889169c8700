"""The example lines that end every command's help; a test runs those that are cheap."""

from __future__ import annotations

_HEAD = "Examples:"


def examples(*lines: str) -> str:
    """Join example command lines to the epilog of a help text, one line each."""
    return "\b\n" + "\n".join([_HEAD, *lines])


def example_lines(epilog: str | None) -> list[str]:
    """Return the example command lines of an epilog."""
    return [line for line in (epilog or "").splitlines() if line.startswith("planner ")]
