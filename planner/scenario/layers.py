"""Layers of a scenario, lowest first: `extends` parent < file < named variant < `--set`; one rule for all of them.

Mappings are merged key by key, everything else is replaced whole (lists too), and `null` takes away what a lower
layer says. A single number stands for `{value: number}` where a layer above sets only its range.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner.errors import Issue, ScenarioError
from planner.scenario.document import Document, Mark, Place, dotted, parse_value, read_document
from planner.scenario.fields import annotation_at, default_at, fields_at, is_list, is_open_mapping, suggest
from planner.scenario.quantities import Stated

FILE_PLACES: tuple[tuple[str, str], ...] = (
    ("history", "contacts"),
    ("history", "mapping"),
    ("history", "staffing"),
    ("history", "truth"),
    ("demand", "source"),
    ("today", "staffing"),
    ("today", "routing"),
)
"""Keys whose values name files, relative to the file in which they are written."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One replaced value: which layer (file, `variant x` or `--set`), where, what stood there, what stands now.

    `old` is the value of the layers below, else the default; None where there was neither.
    """

    source: str
    path: str
    old: Any
    new: Any


@dataclass
class Layered:
    """A document being built layer by layer, with problems of variants and overrides; private to the loader."""

    document: Document
    files: dict[str, Path] = field(default_factory=dict)
    applied: list[Applied] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    def put(self, place: Place, value: Any, source: str, marks: Document) -> None:
        """Lay a value over what stands at a place; `marks` holds its positions under the same place."""
        parent: Any = self.document.data
        for part in place[:-1]:
            parent = parent[part]
        last: Any = place[-1]
        exists = last in parent if isinstance(parent, dict) else isinstance(last, int) and last < len(parent)
        old = parent[last] if exists else None
        if isinstance(value, dict) and _is_number(old) and annotation_at(place) is Stated and "value" not in value:
            old = parent[last] = {"value": old}
        if isinstance(value, dict) and isinstance(old, dict):
            for key, inner in value.items():
                self.put((*place, key), inner, source, marks)
            return
        if value is None and isinstance(parent, dict) and exists:
            del parent[last]
            self._note(source, place, old, None)
            return
        if exists or source.startswith(("--set", "variant ")):
            self._note(source, place, old if exists else default_at(place), value)
        if isinstance(old, (dict, list)):
            self._forget(place)
        self._copy_marks(place, marks)
        if isinstance(parent, list) and not exists:
            parent.append(value)
        else:
            parent[last] = value

    def _note(self, source: str, place: Place, old: Any, new: Any) -> None:
        if old != new or type(old) is not type(new):
            self.applied.append(Applied(source, dotted(place), old, new))

    def _forget(self, place: Place) -> None:
        depth = len(place)
        for marks in (self.document.values, self.document.keys):
            for known in [one for one in marks if one[:depth] == place]:
                del marks[known]

    def _copy_marks(self, place: Place, marks: Document) -> None:
        depth = len(place)
        self.document.values.update((p, m) for p, m in marks.values.items() if p[:depth] == place)
        self.document.keys.update((p, m) for p, m in marks.keys.items() if p[:depth] == place)


def read_layers(path: Path, shown: str, overrides: Iterable[str], variant: str | None) -> Layered:
    """Read a file with its parents, its named variant and its overrides.

    Raises
    ------
    ScenarioError
        If a file cannot be read, or parents form a circle.
    """
    layered = _read_chain(path, shown, ())
    layered.issues += _unknown_variant_paths(layered)
    if variant is not None:
        layered.issues += _apply_variant(layered, variant)
    for text in overrides:
        layered.issues += _apply_set(layered, text)
    return layered


def _read_chain(path: Path, shown: str, below: tuple[tuple[Path, str], ...]) -> Layered:
    document = read_document(path, shown)
    parent_name = document.data.pop("extends", None)
    real = path.resolve()
    if parent_name is None:
        return Layered(document, {shown: path})
    mark = document.mark(("extends",))
    if not isinstance(parent_name, str) or not parent_name.strip():
        message = f"found {parent_name!r}; write the name of one scenario file, relative to this file"
        raise ScenarioError([Issue(shown, mark.line, mark.column, "extends", message)])
    parent = path.parent / parent_name
    chain = (*below, (real, shown))
    if parent.resolve() in [known for known, _ in chain]:
        circle = " -> ".join([name for _, name in chain] + [_shown_beside(shown, parent_name)])
        message = f"the files extend each other in a circle: {circle}; take one 'extends:' away"
        raise ScenarioError([Issue(shown, mark.line, mark.column, "extends", message)])
    if not parent.is_file():
        message = f"no such file: {parent_name} (looked for relative to this file); correct the name"
        raise ScenarioError([Issue(shown, mark.line, mark.column, "extends", message)])
    layered = _read_chain(parent, _shown_beside(shown, parent_name), chain)
    _move_file_names(layered.document.data, parent.parent, path.parent)
    for key in document.data:
        layered.put((key,), document.data[key], shown, document)
    layered.document.values[()] = document.values[()]
    return Layered(layered.document, {shown: path, **layered.files}, layered.applied)


def _shown_beside(shown: str, name: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(shown), name))


def _move_file_names(data: dict[str, Any], old: Path, new: Path) -> None:
    if old.resolve() == new.resolve():
        return
    for section, key in FILE_PLACES:
        holder: Any = data.get(section)
        name = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(name, str) and name != "history" and "://" not in name and not Path(name).is_absolute():
            holder[key] = Path(os.path.relpath(old / name, new)).as_posix()


def _unknown_variant_paths(layered: Layered) -> list[Issue]:
    variants = layered.document.data.get("variants")
    if not isinstance(variants, dict):
        return []
    issues = []
    for name, changes in variants.items():
        for path in changes if isinstance(changes, dict) else ():
            problem = _resolve(layered.document.data, path)
            if isinstance(problem, str):
                mark = layered.document.mark(("variants", name, path), key=True)
                issues.append(Issue(mark.file, mark.line, mark.column, f"variants.{name}.{path}", problem))
    return issues


def _apply_variant(layered: Layered, variant: str) -> list[Issue]:
    variants = layered.document.data.get("variants")
    known: dict[str, Any] = variants if isinstance(variants, dict) else {}
    if variant not in known:
        mark = layered.document.parent_mark(("variants",))
        message = f"no variant '{variant}'" + suggest(variant, known)
        return [Issue(mark.file, mark.line, mark.column, "variants", message)]
    changes = known[variant]
    for path, value in list(changes.items()) if isinstance(changes, dict) else ():
        place = _resolve(layered.document.data, path)
        if not isinstance(place, str):
            home: Place = ("variants", variant, path)
            _open_path(layered, place)
            layered.put(place, _copied(value), f"variant {variant}", _moved_marks(layered.document, home, place))
    return []


def _apply_set(layered: Layered, text: str) -> list[Issue]:
    path, equals, raw = text.partition("=")
    path, shown = path.strip(), f"--set {text}"
    if not equals or not path or not raw.strip():
        return [Issue(shown, None, None, "", "write --set path=value, e.g. --set pools.billing.shrinkage=0.28")]
    place = _resolve(layered.document.data, path)
    if isinstance(place, str):
        return [Issue(shown, None, None, path, place)]
    try:
        value = parse_value(raw, shown)
    except ScenarioError as err:
        return [Issue(shown, None, None, path, issue.message) for issue in err.issues]
    _open_path(layered, place)
    mark = Mark(shown)
    layered.put(place, value, "--set", Document({}, {place: mark}, {place: mark}))
    return []


def _resolve(data: Any, path: str) -> Place | str:
    """Place of a dotted path, or what is wrong with it.

    Keys that contain dots are found too: the shortest run of parts that is a key wins.
    """
    parts = path.split(".")
    place: Place = ()
    if parts[0] in ("extends", "variants", "version"):
        return f"'{parts[0]}' cannot be replaced; change the file"
    while parts:
        step = _step(data, place, parts)
        if isinstance(step, str):
            return step
        part, used = step
        parts = parts[used:]
        place = (*place, part)
        data = _child(data, part)
        if data is None and not parts:
            break
    return place


def _step(data: Any, place: Place, parts: list[str]) -> tuple[str | int, int] | str:
    head, where = parts[0], dotted(place) or "the scenario"
    if is_list(place):
        items = data if isinstance(data, list) else default_at(place) or []
        if not head.isdigit() or int(head) > len(items):
            return f"'{head}' is no place in the list {where} of {len(items)} items; write 0 to {len(items)}"
        return int(head), 1
    keys = data if isinstance(data, dict) else {}
    if is_open_mapping(place):
        for used in range(1, len(parts) + 1):
            if ".".join(parts[:used]) in keys:
                return ".".join(parts[:used]), used
        if len(parts) == 1:
            return head, 1
        return f"'{head}' is not among {where}" + suggest(head, keys)
    fields = fields_at(place)
    if head in fields:
        return head, 1
    if not fields:
        return f"{where} is a single value; it has no part '{head}'"
    return f"unknown key '{head}' in {where}" + suggest(head, fields)


def _child(data: Any, part: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(str(part))
    return data[part] if isinstance(data, list) and isinstance(part, int) and part < len(data) else None


def _open_path(layered: Layered, place: Place) -> None:
    """Make the mappings and lists on the way to a place, where lower layers have none."""
    parent: Any = layered.document.data
    for depth, part in enumerate(place[:-1], start=1):
        here = place[:depth]
        found: Any = _child(parent, part)
        if _is_number(found) and annotation_at(here) is Stated:
            found = {"value": found}
        elif not isinstance(found, (dict, list)):
            found = list(default_at(here) or ()) if is_list(here) else {}
        if isinstance(parent, list) and isinstance(part, int) and part == len(parent):
            parent.append(found)
        else:
            parent[part] = found
        parent = found


def _moved_marks(document: Document, home: Place, place: Place) -> Document:
    depth = len(home)
    values = {(*place, *p[depth:]): m for p, m in document.values.items() if p[:depth] == home}
    keys = {(*place, *p[depth:]): m for p, m in document.keys.items() if p[:depth] == home}
    return Document({}, values, keys)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
