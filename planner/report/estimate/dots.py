"""Small pictures: an interval with the raw mean beside it, and curves with their band; SVG text from numbers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import log1p

from planner.report.estimate.numbers import known, points

_COLORS = ("#0b5cad", "#a33a00", "#00664b", "#7a3e9d", "#6b5900", "#a0004f", "#33475b", "#b25e00")
_SOFT_S = 10.0
_DASHES = ("", "6 3", "2 3", "8 3 2 3")


@dataclass(frozen=True, slots=True)
class Axis:
    """Numbers from `low` to `high` on `width` pixels."""

    low: float
    high: float
    width: float
    margin: float = 6.0

    def at(self, value: float) -> float:
        """Pixel of a value, kept inside the picture."""
        span = max(self.high - self.low, 1e-9)
        inside = min(max((value - self.low) / span, 0.0), 1.0)
        return self.margin + inside * (self.width - 2 * self.margin)


def interval_dot(
    mean: float, lower: float, upper: float, raw: float | None, axis: Axis, zero: float | None = None
) -> str:
    """Draw a filled dot with its interval, and a hollow one where the raw mean lies; empty without an estimate."""
    if not known(mean):
        return ""
    x, a, b = axis.at(mean), axis.at(lower), axis.at(upper)
    parts = [f'<line x1="{a:.1f}" y1="9" x2="{b:.1f}" y2="9" class="whisker"/>']
    if zero is not None:
        parts.insert(0, f'<line x1="{axis.at(zero):.1f}" y1="1" x2="{axis.at(zero):.1f}" y2="17" class="zero"/>')
    if raw is not None and known(raw):
        parts.append(f'<circle cx="{axis.at(raw):.1f}" cy="9" r="3.6" class="raw"/>')
    parts.append(f'<circle cx="{x:.1f}" cy="9" r="3.6" class="dot"/>')
    return (
        f'<svg class="mini" viewBox="0 0 {axis.width:g} 18" width="{axis.width:g}" height="18" aria-hidden="true">'
        + ("".join(parts) + "</svg>")
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A named curve: knots x, values y and half-widths of its band."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    half: tuple[float, ...]


def curves(
    lines: Sequence[Line], *, x_label: str, y_label: str, x_text: Sequence[tuple[float, str]], digits: int = 2
) -> str:
    """Draw curves with their bands over an axis of ln(1 + x / 10 s): waits differ by orders of magnitude.

    `digits`: decimals of the values of y.
    """
    width, height, left, bottom = 640.0, 260.0, 54.0, 34.0
    top_y = max((y + h for line in lines for y, h in zip(line.y, line.half, strict=True)), default=1.0) or 1.0
    far = max((x for line in lines for x in line.x), default=1.0) or 1.0

    def px(x: float) -> float:
        return left + log1p(x / _SOFT_S) / log1p(far / _SOFT_S) * (width - left - 130)

    def py(y: float) -> float:
        return height - bottom - min(max(y / top_y, 0.0), 1.0) * (height - bottom - 16)

    parts = [_frame(px, py, x_text, far, top_y, (width, height, left, bottom), x_label, y_label, digits)]
    ends: list[float] = []
    for k, line in enumerate(lines):
        color, dash = _COLORS[k % len(_COLORS)], _DASHES[(k // len(_COLORS)) % len(_DASHES)]
        upper = [f"{px(x):.1f},{py(y + h):.1f}" for x, y, h in zip(line.x, line.y, line.half, strict=True)]
        lower = [f"{px(x):.1f},{py(max(y - h, 0)):.1f}" for x, y, h in zip(line.x, line.y, line.half, strict=True)]
        middle = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in zip(line.x, line.y, strict=True))
        parts.append(f'<polygon points="{" ".join([*upper, *reversed(lower)])}" fill="{color}" opacity=".12"/>')
        parts.append(
            f'<polyline points="{middle}" fill="none" stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        y = _free(py(line.y[-1]), ends)
        ends.append(y)
        label = line.name if len(line.name) <= 22 else line.name[:21] + "…"
        style = f"fill:{color};font-weight:600"
        parts.append(f'<text x="{px(line.x[-1]) + 6:.1f}" y="{y + 4:.1f}" style="{style}">{escape(label)}</text>')
    title = f"{y_label} over {x_label}: " + ", ".join(f"{line.name} {points(line.y[-1], digits)}" for line in lines)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" class="curves"><title>{escape(title)}</title>'
        + "".join(parts)
        + "</svg>"
    )


def _free(y: float, taken: Sequence[float]) -> float:
    """Move a label until it stands clear of those already placed."""
    while any(abs(y - other) < 13 for other in taken):
        y -= 13
    return y


def _frame(
    px: object,
    py: object,
    x_text: Sequence[tuple[float, str]],
    far: float,
    top_y: float,
    box: tuple[float, float, float, float],
    x_label: str,
    y_label: str,
    digits: int,
) -> str:
    assert callable(px)
    assert callable(py)
    width, height, left, bottom = box
    parts = []
    for k in range(5):
        value = top_y * k / 4
        y = py(value)
        parts.append(f'<line x1="{left:g}" y1="{y:.1f}" x2="{width - 130:g}" y2="{y:.1f}" stroke="#e7eaee"/>')
        parts.append(f'<text x="{left - 8:g}" y="{y + 4:.1f}" text-anchor="end">{points(value, digits)}</text>')
    for value, text in x_text:
        if value <= far:
            parts.append(
                f'<text x="{px(value):.1f}" y="{height - bottom + 16:g}" text-anchor="middle">{escape(text)}</text>'
            )
    parts.append(f'<text x="{left:g}" y="{height - 3:g}">{escape(x_label)}</text>')
    parts.append(f'<text x="{left:g}" y="11">{escape(y_label)}</text>')
    return "".join(parts)
