"""Handles of the arrays a compiled loop works on: one pointer instead of forty arrays for every call it makes.

Numba passes a named tuple by value and counts references to each of its arrays; with many small functions that costs
ten times the work itself. A handle is a pointer to the tuple on the stack of the function that makes it, and its arrays
are borrowed: it must not outlive that function, nor the arrays.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model

__all__ = ["handle"]

_POINTER = ir.IntType(8).as_pointer()


class _HandleType(types.Type):
    """Numba's type of a handle of a named tuple."""

    def __init__(self, pointed: types.NamedTuple) -> None:
        self.pointed = pointed
        super().__init__(name=f"Handle({pointed.name})")


@register_model(_HandleType)
class _HandleModel(models.PrimitiveModel):
    """A handle is a plain pointer."""

    def __init__(self, manager: Any, kind: _HandleType) -> None:
        super().__init__(manager, kind, _POINTER)


@infer_getattr
class _HandleAttributes(AttributeTemplate):
    """The attributes of a handle are the fields of its tuple."""

    key = _HandleType

    def generic_resolve(self, kind: _HandleType, name: str) -> Any:
        """Return the type of a field; None if there is none of the name."""
        fields = kind.pointed.fields
        return kind.pointed.types[fields.index(name)] if name in fields else None


@lower_getattr_generic(_HandleType)
def _read_field(context: Any, builder: Any, kind: _HandleType, value: Any, name: str) -> Any:
    """Load a field; an array loses its owner, so that nobody counts references to it."""
    position = kind.pointed.fields.index(name)
    wanted = kind.pointed.types[position]
    whole = builder.bitcast(value, context.get_value_type(kind.pointed).as_pointer())
    field = builder.load(cgutils.gep_inbounds(builder, whole, 0, position))
    if not isinstance(wanted, types.Array):
        return field
    array = context.make_array(wanted)(context, builder, value=field)
    array.meminfo = cgutils.get_null_value(array.meminfo.type)
    array.parent = cgutils.get_null_value(array.parent.type)
    return array._getvalue()


@intrinsic
def handle(typing_context: Any, arrays: Any) -> Any:
    """Make a handle of a named tuple, valid until the calling function returns."""
    kind = _HandleType(arrays)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = cgutils.alloca_once_value(builder, values[0])
        return builder.bitcast(place, _POINTER)

    return kind(arrays), generate
