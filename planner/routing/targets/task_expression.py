"""TaskRouter expressions: a parser of the documented syntax and its meaning for many tasks at once.

Comparisons of constants and JSON keys, `IN` and `NOT IN` lists, `AND` and `OR` with parentheses; strings in single or
double quotes without escapes; keys with dots and without hyphens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.errors import PlanError
from planner.routing.columns import Bools, Columns

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'[^']*'|"[^"]*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<sign>==|!=|>=|<=|>|<|\(|\)|\[|\]|,)
    |(?P<word>[A-Za-z_][\w.]*))""",
    re.VERBOSE,
)
_WORDS = ("AND", "OR", "IN", "NOT")


@dataclass(frozen=True)
class Node:
    """A part of an expression: `kind` (and, or, a comparison sign, in, not in), its `parts`."""

    kind: str
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Key:
    """A JSON key of the task."""

    name: str


def parse(text: str) -> Node:
    """Read an expression.

    Raises
    ------
    PlanError
        It is outside the documented syntax.
    """
    reader = _Reader(text)
    node = reader.alternatives()
    if reader.kind is not None:
        reader.fail()
    return node


class _Reader:
    """Reads tokens one by one."""

    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0
        self.kind: str | None = None
        self.token = ""
        self.next()

    def fail(self) -> None:
        raise PlanError(f"TaskRouter expression {self.text!r}: cannot be read at {self.text[self.place :]!r}")

    def next(self) -> None:
        if not self.text[self.place :].strip():
            self.kind, self.token = None, ""
            return
        match = _TOKEN.match(self.text, self.place)
        if match is None:
            self.fail()
            return
        self.kind, self.token, self.place = match.lastgroup, match[match.lastgroup or 0], match.end()

    def take(self, token: str) -> None:
        if self.token != token:
            self.fail()
        self.next()

    def alternatives(self) -> Node:
        parts = [self.conjunction()]
        while self.token == "OR":
            self.next()
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else Node("or", tuple(parts))

    def conjunction(self) -> Node:
        parts = [self.comparison()]
        while self.token == "AND":
            self.next()
            parts.append(self.comparison())
        return parts[0] if len(parts) == 1 else Node("and", tuple(parts))

    def comparison(self) -> Node:
        if self.token == "(" and self.kind == "sign":
            self.next()
            node = self.alternatives()
            self.take(")")
            return node
        left = self.operand()
        if self.token in ("IN", "NOT"):
            negated = self.token == "NOT"
            if negated:
                self.next()
            self.take("IN")
            return Node("not in" if negated else "in", (left, self.items()))
        sign = self.token
        if sign not in ("==", "!=", ">=", "<=", ">", "<"):
            self.fail()
        self.next()
        return Node(sign, (left, self.operand()))

    def items(self) -> tuple[Any, ...]:
        self.take("[")
        found = [self.operand()]
        while self.token == ",":
            self.next()
            found.append(self.operand())
        self.take("]")
        return tuple(found)

    def operand(self) -> Any:
        kind, token = self.kind, self.token
        if kind not in ("text", "number", "word") or token in _WORDS:
            self.fail()
        self.next()
        if kind == "text":
            return token[1:-1]
        return float(token) if kind == "number" else Key(token)


def true_for(node: Node, columns: Columns) -> Bools:
    """Tell for every task if an expression is true; a comparison with a key the task does not have is not."""
    if node.kind in ("and", "or"):
        parts = [true_for(part, columns) for part in node.parts]
        return np.asarray((np.logical_and if node.kind == "and" else np.logical_or).reduce(parts))
    left, right = node.parts
    if node.kind in ("in", "not in"):
        found = np.logical_or.reduce([_compare("==", left, one, columns) for one in right])
        return np.asarray(found if node.kind == "in" else ~found)
    return _compare(node.kind, left, right, columns)


def _compare(sign: str, left: Any, right: Any, columns: Columns) -> Bools:
    if isinstance(left, Key) and isinstance(right, str):
        same = columns.equal(left.name, right)
        there = columns.codes[left.name] >= 0 if left.name in columns.codes else np.zeros(columns.size, dtype=bool)
        if sign not in ("==", "!="):
            raise PlanError(f"TaskRouter: {left.name} {sign} {right!r} compares the order of texts")
        return same if sign == "==" else np.asarray(there & ~same)
    a, b = (columns.number(one.name) if isinstance(one, Key) else np.full(columns.size, one) for one in (left, right))
    known = ~(np.isnan(a) | np.isnan(b))
    result = {"==": a == b, "!=": a != b, ">=": a >= b, "<=": a <= b, ">": a > b, "<": a < b}[sign]
    return np.asarray(known & result)
