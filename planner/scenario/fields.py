"""What the scenario models allow at a dotted place: keys, defaults, descriptions and the nearest known name."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from planner.scenario.document import Place
from planner.scenario.scenario import Scenario


def suggest(name: object, known: Iterable[str]) -> str:
    """Say `; did you mean 'x'?`, or list what is known where nothing comes near."""
    return _suggest(str(name)[:100], tuple(str(one) for one in known))


@lru_cache(maxsize=4096)
def _suggest(name: str, names: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if not near:
        lower = {one.lower(): one for one in reversed(names)}
        near = [lower[one] for one in difflib.get_close_matches(name.lower(), list(lower), n=1, cutoff=0.6)]
    if near:
        return f"; did you mean '{near[0]}'?"
    listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"; known: {listed}" if names else "; none is declared"


def annotation_at(place: Place) -> Any:
    """Type the models declare at a place; None where they declare nothing."""
    annotation: Any = Scenario
    for part in place:
        annotation = _inside(_bare(annotation), part)
        if annotation is None:
            return None
    return _bare(annotation)


def fields_at(place: Place) -> dict[str, FieldInfo]:
    """Fields of the model at a place; empty where no model stands there."""
    annotation = annotation_at(place)
    return dict(annotation.model_fields) if _is_model(annotation) else {}


def is_open_mapping(place: Place) -> bool:
    """True where users choose the keys: reasons, pools, steers, ..."""
    return get_origin(annotation_at(place)) is dict


def is_list(place: Place) -> bool:
    """True where a list stands."""
    return get_origin(annotation_at(place)) is tuple


def default_at(place: Place) -> Any:
    """Plain default of the field at a place; None where it has none."""
    field = fields_at(place[:-1]).get(str(place[-1])) if place else None
    if field is None or field.is_required():
        return None
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        return default.model_dump(mode="json", exclude_none=True)
    return list(default) if isinstance(default, tuple) else default


def open_sections() -> list[str]:
    """Top-level keys under which users name their own entries of a model."""
    return [name for name in Scenario.model_fields if is_open_mapping((name,)) and fields_at((name, "*"))]


def _inside(annotation: Any, part: str | int) -> Any:
    if _is_model(annotation):
        return _field_types(annotation).get(str(part))
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return arguments[1]
    if get_origin(annotation) is tuple and (isinstance(part, int) or str(part).isdigit()):
        if arguments[-1] is Ellipsis:
            return arguments[0]
        return arguments[int(part)] if int(part) < len(arguments) else None
    return None


@cache
def _field_types(model: type[BaseModel]) -> dict[str, Any]:
    return {name: field.annotation for name, field in model.model_fields.items()}


def _bare(annotation: Any) -> Any:
    """Take `Annotated[...]` and `... | None` away."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return _bare(next(one for one in get_args(annotation) if one is not type(None)))
    return annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
