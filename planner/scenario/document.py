"""The one door to ruamel.yaml: YAML 1.2 text in, plain values with the position of each out, and back."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from planner.errors import Issue, ScenarioError
from planner.scenario.text import read_text

Place = tuple[str | int, ...]
"""Where a value stands: keys and list indices from the top of the file."""

_MAX_NODES = 200_000
_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "timestamp", "str", "seq", "map")
)
_ADVICE = (
    ("character '\\t'", "a tab is not allowed here; indent with spaces"),
    ("mapping values are not allowed", "a ':' stands where no key can be; put the text in quotes, or indent the line"),
    ("unexpected end of stream", "a quote is opened and never closed"),
    ("but found another document", "a second document starts here; one file holds one scenario"),
    ("expected ',' or ']'", "a list opened with '[' is not closed"),
    ("expected ',' or '}'", "a mapping opened with '{' is not closed"),
    ("cannot start any token", "this character cannot start a value; put the text in quotes"),
    ("expected <block end>", "this line is indented differently from its neighbors; align it"),
    ("expected '<document start>'", "this line is indented differently from its neighbors; align it"),
    ("could not find expected ':'", "a ':' is missing after this key"),
    ("undefined alias", "this alias (*name) has no anchor (&name); put text that starts with * in quotes"),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A position in an input file, 1-based; no line where a whole file or a command line option is meant."""

    file: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True)
class Document:
    """Plain values (`dict`, `list`, scalars) with the mark of each value and of each key."""

    data: dict[str, Any]
    values: dict[Place, Mark] = field(default_factory=dict)
    keys: dict[Place, Mark] = field(default_factory=dict)

    def mark(self, place: Place, *, key: bool = False) -> Mark:
        """Position of the value (or key) at a place, or of the nearest thing above it."""
        if key and place in self.keys:
            return self.keys[place]
        for length in range(len(place), -1, -1):
            if place[:length] in self.values:
                return self.values[place[:length]]
        raise KeyError(place)

    def parent_mark(self, place: Place) -> Mark:
        """Position of the key (or list item) at a place: where something inside it is missing."""
        return self.keys.get(place) or self.mark(place)


def dotted(place: Place) -> str:
    """Write a place as `pools.voice.breaks.0`."""
    return ".".join(str(part) for part in place)


def read_document(path: Path, shown: str) -> Document:
    """Read a YAML 1.2 file strictly: all repeated keys, tags and merge keys are refused with their positions.

    Raises
    ------
    ScenarioError
        If it is not a readable YAML mapping.
    """
    text = read_text(path, shown, "YAML scenario")
    node = _compose(text, shown)
    if not isinstance(node, MappingNode):
        what = "nothing but comments" if node is None else "no keys at the top"
        message = f"this file holds {what}; a scenario starts with 'key: value' lines such as 'version: 1'"
        raise ScenarioError([Issue(shown, 1, 1, "", message)])
    reader = _Reader(shown)
    data = reader.mapping(node, ())
    if reader.issues:
        raise ScenarioError(reader.issues)
    return Document(data, reader.values, reader.keys)


def parse_value(text: str, shown: str) -> Any:
    """Read one YAML value as given to `--set path=value`.

    Raises
    ------
    ScenarioError
        If the text is not one YAML value.
    """
    node = _compose(text, shown, positions=False)
    if node is None:
        return None
    reader = _Reader(shown)
    value = reader.value(node, ())
    if reader.issues:
        raise ScenarioError([Issue(shown, None, None, "", issue.message) for issue in reader.issues])
    return value


def yaml_text(data: Any) -> str:
    """Write plain values as YAML, keys in their order."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False
    yaml.allow_unicode = True
    yaml.width = 110
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def _compose(text: str, shown: str, *, positions: bool = True) -> Node | None:
    if text.lstrip("\ufeff").startswith("%YAML 1.1"):
        raise ScenarioError([Issue(shown, 1, 1, "", "this file asks for YAML 1.1; take the %YAML line away")])
    bad = next((i for i, c in enumerate(text) if _unprintable(c)), None)
    if bad is not None:
        line, column = text.count("\n", 0, bad) + 1, bad - text.rfind("\n", 0, bad)
        message = f"character U+{ord(text[bad]):04X} does not belong in a text file; delete it"
        raise ScenarioError([Issue(shown, line, column, "", message)])
    try:
        return YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as err:
        mark = err.problem_mark if positions else None
        problem = str(err.problem or err.context or err)
        advice = next((words for sign, words in _ADVICE if sign in problem), f"this is not YAML ({problem})")
        place = Mark(shown) if mark is None else Mark(shown, mark.line + 1, mark.column + 1)
        raise ScenarioError([Issue(shown, place.line, place.column, "", advice + _opened(err))]) from err
    except YAMLError as err:
        raise ScenarioError([Issue(shown, None, None, "", f"this is not YAML ({err})")]) from err
    except RecursionError as err:
        raise ScenarioError([Issue(shown, None, None, "", "nested too deeply; a scenario needs few levels")]) from err


def _opened(err: MarkedYAMLError) -> str:
    mark = err.context_mark
    return f" (it begins at line {mark.line + 1})" if mark is not None and err.context is not None else ""


def _unprintable(char: str) -> bool:
    return (char < " " and char not in "\t\n\r") or char == "\x7f" or "\ud800" <= char <= "\udfff"


class _Reader:
    """Turns nodes into plain values, noting marks and problems."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.values: dict[Place, Mark] = {}
        self.keys: dict[Place, Mark] = {}
        self.issues: list[Issue] = []
        self._open: set[int] = set()
        self._scalars = YAML(typ="safe", pure=True).constructor

    def value(self, node: Node, place: Place) -> Any:
        """Plain value of any node."""
        self.values[place] = self._mark(node)
        if id(node) in self._open or len(self.values) > _MAX_NODES:
            self._refuse(
                node,
                place,
                "an alias repeats itself without end, or the file holds far too many values; put tables in CSV files",
            )
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node, place)
        self._open.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self.mapping(node, place)
            return self._sequence(node, place)
        finally:
            self._open.discard(id(node))

    def mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        """Plain mapping; keys are the text as written."""
        self.values[place] = self._mark(node)
        self._check_tag(node, place)
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._refuse(key_node, place, "a key must be plain text, not a list or a mapping")
                continue
            key = str(key_node.value)
            if key_node.tag.endswith(":merge"):
                message = "merge keys (<<) are not read; use 'extends:' for a whole file, or write the keys out"
                self._refuse(key_node, place, message)
            elif key in found:
                first = self.keys[(*place, key)]
                message = f"key '{key}' is given twice (first at line {first.line}); keep one of them"
                self._refuse(key_node, (*place, key), message)
            else:
                self.keys[(*place, key)] = self._mark(key_node)
                found[key] = self.value(value_node, (*place, key))
        return found

    def _sequence(self, node: SequenceNode, place: Place) -> list[Any]:
        self._check_tag(node, place)
        return list(self._items(node, place))

    def _items(self, node: SequenceNode, place: Place) -> Iterator[Any]:
        for index, item in enumerate(node.value):
            yield self.value(item, (*place, index))

    def _scalar(self, node: ScalarNode, place: Place) -> Any:
        if not self._check_tag(node, place):
            return None
        if node.tag.endswith(":timestamp") and len(node.value) > 10:
            return str(node.value)
        try:
            value = self._scalars.construct_object(node)
        except (ValueError, YAMLError):
            return str(node.value)
        if isinstance(value, float) and value.is_integer() and "e" in node.value.lower() and abs(value) < 2**53:
            return int(value)
        return value

    def _check_tag(self, node: Node, place: Place) -> bool:
        known = node.tag in _TAGS
        if not known:
            self._refuse(node, place, f"tag {node.tag} is not read here; write the plain value, or put it in quotes")
        return known

    def _mark(self, node: Node) -> Mark:
        return Mark(self.shown, node.start_mark.line + 1, node.start_mark.column + 1)

    def _refuse(self, node: Node, place: Place, message: str) -> None:
        self.issues.append(
            Issue(self.shown, node.start_mark.line + 1, node.start_mark.column + 1, dotted(place), message)
        )
