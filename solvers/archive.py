"""Frozen dataclasses of arrays as one NumPy archive and back, without pickles: nothing in it can run."""

from __future__ import annotations

import dataclasses
import io
import json
import types
import typing
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
_PLAIN = (bool, int, float, str)


def to_bytes(values: dict[str, Any]) -> bytes:
    """Encode values by name: dataclasses, arrays, numbers, text, None, and tuples of these; same values, same bytes.

    A value that stands in several places is stored once and is one object again.
    """
    arrays: Arrays = {}
    known: dict[int, str] = {}
    outline = {name: _flatten(value, name, arrays, known) for name, value in values.items()}
    arrays["outline"] = np.frombuffer(json.dumps(outline).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = io.BytesIO()
            np.lib.format.write_array(content, arrays[name], allow_pickle=False)
            archive.writestr(entry, content.getvalue())
    return buffer.getvalue()


def _flatten(value: Any, name: str, arrays: Arrays, known: dict[int, str]) -> Any:
    if value is None:
        return {"none": True}
    if isinstance(value, (*_PLAIN, np.integer, np.floating)):
        plain = value.item() if isinstance(value, (np.integer, np.floating)) else value
        return {"plain": repr(plain) if isinstance(plain, float) else plain, "float": isinstance(plain, float)}
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"array": name}
    if isinstance(value, bytes):
        arrays[name] = np.frombuffer(value, dtype=np.uint8)
        return {"bytes": name}
    if isinstance(value, tuple):
        return {"items": [_flatten(one, f"{name}.{k}", arrays, known) for k, one in enumerate(value)]}
    if dataclasses.is_dataclass(value):
        if id(value) in known:
            return {"same": known[id(value)]}
        known[id(value)] = name
        fields = {
            f.name: _flatten(getattr(value, f.name), f"{name}.{f.name}", arrays, known)
            for f in dataclasses.fields(value)
        }
        return {"name": name, "fields": fields}
    raise TypeError(f"{name}: a {type(value).__name__} cannot be archived")


def from_bytes(data: bytes, kinds: dict[str, Any]) -> dict[str, Any]:
    """Decode what `to_bytes` wrote; `kinds` gives the type of every name.

    Raises
    ------
    ValueError
        If the data is damaged, or was written with other fields than the types have now.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        outline = json.loads(arrays["outline"].tobytes())
        known: dict[str, Any] = {}
        return {name: _restore(outline[name], kind, arrays, known) for name, kind in kinds.items()}
    except (KeyError, ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile) as err:
        raise ValueError(f"the archive is damaged or of another version: {err}") from err


def _restore(node: dict[str, Any], kind: Any, arrays: Arrays, known: dict[str, Any]) -> Any:
    if "none" in node:
        return None
    if "plain" in node:
        return float(node["plain"]) if node["float"] else node["plain"]
    if "array" in node:
        return arrays[node["array"]]
    if "bytes" in node:
        return arrays[node["bytes"]].tobytes()
    kind = _without_none(kind)
    if "items" in node:
        return tuple(_restore(one, typing.get_args(kind)[0], arrays, known) for one in node["items"])
    if "same" in node:
        return known[node["same"]]
    hints = typing.get_type_hints(kind)
    values = {name: _restore(part, hints[name], arrays, known) for name, part in node["fields"].items()}
    known[node["name"]] = kind(**values)
    return known[node["name"]]


def _without_none(kind: Any) -> Any:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        (kind,) = [one for one in typing.get_args(kind) if one is not type(None)]
    return kind
