"""Amazon Connect requests held against botocore's own service model, with what its validator leaves out.

`ParamValidator` finds missing, unknown and mistyped members and minima; enums, maxima and patterns were dropped there
on purpose, so the same model is walked once more for them.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator, Mapping
from typing import Any


def model_known() -> bool:
    """Tell if botocore is installed."""
    return _service() is not None


def model_faults(operation: str, request: Mapping[str, Any]) -> list[str]:
    """List what the service model forbids in a request; nothing where botocore is not installed.

    Placeholders (`<pool: name>`) stand for ids and are not held against an id's pattern or length.
    """
    service = _service()
    if service is None:
        return []
    shape = service.operation_model(operation).input_shape
    validate = importlib.import_module("botocore.validate")
    report = validate.ParamValidator().validate(request, shape)
    found = [line for line in report.generate_report().splitlines() if line] if report.has_errors() else []
    return [*found, *_walk(shape, request, operation)]


@functools.cache
def _service() -> Any:
    try:
        loaders = importlib.import_module("botocore.loaders")
        model = importlib.import_module("botocore.model")
    except ImportError:
        return None
    return model.ServiceModel(loaders.Loader().load_service_model("connect", "service-2"))


def _walk(shape: Any, value: Any, place: str) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, part in value.items():
            if name in shape.members:
                yield from _walk(shape.members[name], part, f"{place}.{name}")
        return
    if shape.type_name == "list" and isinstance(value, list):
        yield from _size(shape, len(value), place, "items")
        for k, part in enumerate(value):
            yield from _walk(shape.member, part, f"{place}[{k}]")
        return
    if shape.type_name == "map" and isinstance(value, Mapping):
        for name, part in value.items():
            yield from _walk(shape.value, part, f"{place}.{name}")
        return
    yield from _scalar(shape, value, place)


def _scalar(shape: Any, value: Any, place: str) -> Iterator[str]:
    if isinstance(value, str):
        if place.endswith("Id") and value.startswith("<") and value.endswith(">"):
            return
        yield from _size(shape, len(value), place, "characters")
        choices = getattr(shape, "enum", None) or shape.metadata.get("enum")
        if choices and value not in choices:
            yield f"{place} = {value!r} is none of {', '.join(choices)}"
        pattern = shape.metadata.get("pattern")
        if pattern and not _matches(pattern, value):
            yield f"{place} = {value!r} does not match {pattern}"
    elif isinstance(value, (int, float)):
        yield from _size(shape, value, place, "")


def _size(shape: Any, size: float, place: str, unit: str) -> Iterator[str]:
    most = shape.metadata.get("max")
    if most is not None and size > most:
        yield f"{place} has {size} {unit}; at most {most}".replace("  ", " ")


def _matches(pattern: str, value: str) -> bool:
    """Match as the service does: the whole value; patterns that Python cannot read are not held against it."""
    readable = pattern.replace("\\P{C}", r"[^\x00-\x1f\x7f]").replace("\\p{L}", "^\\W\\d_").replace("\\p{Z}", "\\s")
    readable = readable.replace("\\p{N}", "\\d")
    try:
        return re.fullmatch(readable, value, re.DOTALL) is not None
    except re.error:
        return True
