"""Lines of pictures: the curve between two boxes, as an SVG path."""

from __future__ import annotations


def curve(
    start: tuple[float, float], end: tuple[float, float], same: bool, reach: float, loop: tuple[float, float, float]
) -> str:
    """A curve from the right of one box to the left of the next; within a column a bow or a loop on the right.

    Parameters
    ----------
    start, end
        Right middle of the one box, left middle of the other: x and y, pixels.
    same
        Whether both stand in one column.
    reach, loop
        How far a bow goes to the right; and a loop of a box to itself, with half its height there and at the box.
    """
    (x, y), (to_x, to_y) = start, end
    if not same:
        middle = (x + to_x) / 2
        return f"M{x:g},{y:g} C{middle:g},{y:g} {middle:g},{to_y:g} {to_x:g},{to_y:g}"
    if y == to_y:
        out, far, near = loop
        return f"M{x:g},{y - near:g} C{x + out:g},{y - far:g} {x + out:g},{y + far:g} {x:g},{y + near:g}"
    return f"M{x:g},{y:g} C{x + reach:g},{y:g} {x + reach:g},{to_y:g} {x:g},{to_y:g}"
