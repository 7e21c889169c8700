"""The gap as a picture that needs nothing else (SVG in one HTML page), and as a workbook with a chart."""

from __future__ import annotations

import html
import io
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import xlsxwriter

from planner.routing.export_cells import write_whole

_WIDE, _HIGH, _LEFT, _BASE = 560, 200, 48, 170
_HEADS = {
    "pool": "pool",
    "month": "month",
    "required": "required, FTE",
    "available": "available, FTE",
    "gap": "gap, FTE",
    "heads": "heads, people",
    "starters": "starters, people",
    "leavers": "leavers, people",
}
FORMULA = (
    "required[m] = paid hours of the plan a week / contract hours * (1 + growth a year)^(m/12) "
    "* (1 - shrinkage of the plan) / (1 - shrinkage)",
    "trained[m] = trained[m-1] * (1 - attrition a year / 12); trained[0] = heads on the payroll",
    "a class of starters shrinks alike; available[m] = trained[m] + sum of ramp[months since its start] * class",
    "gap[m] = available[m] - required[m]",
)


def write_gap(table: pd.DataFrame, words: Sequence[str], title: str, path: str | os.PathLike[str]) -> Path:
    """Write the gap as `.xlsx`, or as an HTML page by any other name; nothing in it is loaded from elsewhere."""
    if Path(path).suffix.lower() == ".xlsx":
        return write_whole(path, _workbook(table, words, title))
    return write_whole(path, gap_page(table, words, title).encode("utf-8"))


def gap_page(table: pd.DataFrame, words: Sequence[str], title: str) -> str:
    """Return the page: sentences, a chart per pool, the table, the formula."""
    charts = [_chart(str(pool), rows) for pool, rows in table.groupby("pool", sort=False)]
    heads = "".join(f"<th>{name}</th>" for name in _HEADS.values())
    cells = [
        "<tr>" + "".join(f"<td>{_shown(value)}</td>" for value in row) + "</tr>"
        for row in table[list(_HEADS)].itertuples(index=False)
    ]
    style = "body{font:15px sans-serif;margin:2em;max-width:60em}td{text-align:right;padding:0 .6em}svg{max-width:100%}"
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            f"<title>{html.escape(title)}</title><style>{style}</style><h1>{html.escape(title)}</h1>",
            *(f"<p>{html.escape(sentence)}</p>" for sentence in words),
            *charts,
            f"<table><tr>{heads}</tr>{''.join(cells)}</table>",
            *(f"<p><code>{html.escape(line)}</code></p>" for line in FORMULA),
            "</html>",
        ]
    )


def _chart(pool: str, rows: pd.DataFrame) -> str:
    """Required (dashed) and available (solid) FTE by month, from zero."""
    top = max(float(rows[["required", "available"]].max().max()), 1e-9)
    step = (_WIDE - _LEFT - 10) / max(len(rows) - 1, 1)

    def line(name: str) -> str:
        return " ".join(f"{_LEFT + k * step:.1f},{_BASE - v / top * 140:.1f}" for k, v in enumerate(rows[name]))

    name = html.escape(pool)
    worst = rows.iloc[int(rows["gap"].to_numpy().argmin())]
    ticks = "".join(
        f'<text x="{_LEFT + k * step:.1f}" y="{_BASE + 16}" font-size="11" text-anchor="middle">{month}</text>'
        for k, month in enumerate(rows["month"])
    )
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" role="img"><title>{name}: required and available FTE by month</title>'
        f"<desc>Least gap {worst['gap']:.1f} FTE in month {int(worst['month'])}</desc>"
        f'<text x="4" y="18" font-size="14" font-weight="bold">{name}</text>'
        f'<text x="{_LEFT - 6}" y="{_BASE - 136}" font-size="11" text-anchor="end">{top:.0f}</text>'
        f'<text x="{_LEFT - 6}" y="{_BASE + 4}" font-size="11" text-anchor="end">0</text>'
        f'<path d="M{_LEFT} {_BASE}H{_WIDE - 10}" stroke="#999"/>{ticks}'
        f'<polyline points="{line("required")}" fill="none" stroke="#a33" stroke-width="2" stroke-dasharray="6 4"/>'
        f'<polyline points="{line("available")}" fill="none" stroke="#06c" stroke-width="2"/>'
        f'<text x="{_WIDE - 210}" y="18" font-size="12">dashed: required, solid: available</text></svg>'
    )


def _shown(value: object) -> str:
    return html.escape(f"{value:.1f}" if isinstance(value, float) else str(value))


def _workbook(table: pd.DataFrame, words: Sequence[str], title: str) -> bytes:
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(stream, options)
    bold, number = book.add_format({"bold": True}), book.add_format({"num_format": "0.0"})
    sheet = book.add_worksheet("Gap")
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, len(_HEADS) - 1, 16)
    for column, head in enumerate(_HEADS.values()):
        sheet.write_string(0, column, head, bold)
    for k, row in enumerate(table[list(_HEADS)].itertuples(index=False), start=1):
        sheet.write_string(k, 0, str(row[0]))
        sheet.write_number(k, 1, int(row[1]))
        for column, value in enumerate(row[2:], start=2):
            if list(_HEADS)[column] == "gap":
                sheet.write_formula(k, column, f"=D{k + 1}-C{k + 1}", number, float(value))
            else:
                sheet.write_number(k, column, float(value), number)
    start = 1
    for position, (pool, rows) in enumerate(table.groupby("pool", sort=False)):
        end = start + len(rows) - 1
        chart = book.add_chart({"type": "line"})
        for column in (2, 3):
            name, values = ["Gap", 0, column], ["Gap", start, column, end, column]
            chart.add_series({"name": name, "categories": ["Gap", start, 1, end, 1], "values": values})
        chart.set_title({"name": str(pool)})
        chart.set_y_axis({"min": 0})
        sheet.insert_chart(
            1 + 16 * position, len(_HEADS) + 1, chart, {"description": f"{pool}: required and available FTE"}
        )
        start = end + 1
    page = book.add_worksheet("Read me")
    page.set_column(0, 0, 110)
    for k, text in enumerate([title, *words, *FORMULA]):
        page.write_string(k, 0, text)
    book.close()
    return stream.getvalue()
