"""Check and broadcast what the doors of `solvers.queueing` are given."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["agent_counts", "broadcast", "choice", "duration", "non_negative", "patience", "positive", "refuse", "share"]

Floats = NDArray[np.float64]
Choice = TypeVar("Choice", bound=StrEnum)


def _checked(name: str, value: ArrayLike, allowed: str, accept: Callable[[Floats], NDArray[np.bool_]]) -> Floats:
    """Turn a value into floats, or name the first bad one, its index and what is allowed (NaN is never accepted)."""
    try:
        values = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as err:
        raise ValueError(f"{name} = {value!r} — must be {allowed}") from err
    refuse(name, values, ~accept(values), allowed)
    return values


def refuse(name: str, values: Floats, bad: NDArray[np.bool_], allowed: str) -> None:
    """Raise for the first bad element, with its index and value, of an array and a mask of one shape."""
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        place = f"[{', '.join(map(str, index))}]" if index else ""
        raise ValueError(f"{name}{place} = {values[index]:g} — must be {allowed}")


def non_negative(name: str, value: ArrayLike) -> Floats:
    """Accept finite values of at least 0."""
    return _checked(name, value, "a finite number of at least 0", lambda v: np.isfinite(v) & (v >= 0.0))


def positive(name: str, value: ArrayLike) -> Floats:
    """Accept finite values above 0."""
    return _checked(name, value, "a finite number above 0", lambda v: np.isfinite(v) & (v > 0.0))


def duration(name: str, value: ArrayLike) -> float:
    """Accept one finite number of seconds above 0."""
    seconds = positive(name, value)
    if seconds.ndim > 0:
        raise ValueError(f"{name} of shape {seconds.shape} — must be a number")
    return float(seconds)


def share(name: str, value: ArrayLike, *, closed: bool) -> Floats:
    """Accept values in (0, 1), or in [0, 1) when closed at 0."""
    if closed:
        return _checked(name, value, "in [0, 1)", lambda v: (v >= 0.0) & (v < 1.0))
    return _checked(name, value, "strictly between 0 and 1", lambda v: (v > 0.0) & (v < 1.0))


def patience(value: ArrayLike | None) -> Floats:
    """Turn mean patience in seconds into the abandonment rate per second; None and infinity mean nobody leaves."""
    if value is None:
        return np.zeros(())
    seconds = _checked("patience_s", value, "above 0, or None if nobody abandons", lambda v: v > 0.0)
    return 1.0 / seconds


def agent_counts(value: ArrayLike, name: str = "agents") -> Floats:
    """Accept on-task agents: at least 0, fractions allowed, within what a compiled loop can count."""
    return _checked(name, value, "between 0 and 1e8", lambda v: (v >= 0.0) & (v <= 1e8))


def choice(name: str, value: str, allowed: type[Choice]) -> Choice:
    """Accept a member of an enumeration, or its value."""
    try:
        return allowed(value)
    except ValueError as err:
        known = ", ".join(repr(str(member)) for member in allowed)
        raise ValueError(f"{name} = {value!r} — must be one of {known}") from err


def broadcast(**named: Floats) -> tuple[tuple[int, ...], list[Floats]]:
    """Broadcast values against each other and flatten them.

    Returns
    -------
    tuple
        The common shape, and the values in the order given, each of shape (product of the common shape,).
    """
    try:
        shape = np.broadcast_shapes(*(value.shape for value in named.values()))
    except ValueError as err:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in named.items())
        raise ValueError(f"shapes {shapes} — must broadcast against each other") from err
    # Copies, because a read-only view is another type to numba and would compile every loop a second time.
    return shape, [np.array(np.broadcast_to(value, shape), order="C").ravel() for value in named.values()]
