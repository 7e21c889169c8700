"""The brief as the first sheet of the workbook: the page's words, on one printed page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from planner.frontier.frontier import Frontier
from planner.report.brief import build_brief, cell_lines, marked
from planner.report.brief_words import BRIEF
from planner.report.sheets import LINE, Book, lines_of
from planner.report.strings import MEASURES, PAGE

_WIDTHS = (20, 15, 30, 30, 30)  # label, Today, three options: what an upright page holds, characters


def write_brief(book: Book, frontier: Frontier) -> None:
    """Write the brief; cells hold what is read, for numbers to reckon with are on the sheets behind."""
    brief = build_brief(frontier)
    sheet = book.sheet(BRIEF["title"])
    sheet.set_portrait()
    sheet.fit_to_pages(1, 1)
    sheet.hide_gridlines(2)
    page = _Page(book, sheet, columns=max(3, 1 + len(brief["heads"])))
    page.across(str(frontier.meta.get("title") or frontier.meta.get("scenario") or ""), "title")
    for text in brief["missing"]:
        page.across(text)
    heads = [
        f"{head['title']}\n{MEASURES['plan']} {head['plan']}".removesuffix(f"\n{MEASURES['plan']} ")
        for head in brief["heads"]
    ]
    page.row([PAGE["measure"], *heads], "head")
    for row in brief["rows"]:
        page.row([row["label"], *(_read(cell) for cell in row["cells"])])
    page.heading(BRIEF["must"])
    page.across(brief["assumptions"]["help"])
    _spread(
        page,
        brief["assumptions"]["heads"],
        [(f"{row['input']}\n{row['range']}, {row['source']}", row["swing"]) for row in brief["assumptions"]["rows"]],
    )
    page.heading(PAGE["bridge"])
    if not brief["bridge"]:
        page.across(BRIEF["no_bridge"])
    _spread(
        page,
        [PAGE["bridge_step"], f"{PAGE['bridge_change']} · {PAGE['bridge_value']}"],
        [(row["step"], " · ".join(filter(None, (row["change"], row["value"])))) for row in brief["bridge"]],
    )
    page.heading(BRIEF["ask"])
    page.across(brief["ask"], "asked")
    page.across(" ".join(brief["notes"]))


def _read(cell: dict[str, Any]) -> str:
    lines = cell_lines(cell)
    told = "\n".join(f"• {line}" for line in lines) if len(lines) > 1 else lines[0]
    return " ".join(filter(None, (told, marked(cell))))


def _spread(page: _Page, heads: Sequence[str], rows: Sequence[tuple[str, str]]) -> None:
    """Write rows of two texts, each over half of the page."""
    if rows:
        for texts, style in ((tuple(heads), "head"), *((row, "sentence") for row in rows)):
            page.halves(texts, style)


class _Page:
    """A sheet written from top to bottom; rows are as high as their text, for merged cells do not grow."""

    def __init__(self, book: Book, sheet: Any, columns: int) -> None:
        self._book, self._sheet, self._columns, self._line = book, sheet, columns, 0
        self._widths = (*_WIDTHS, *[_WIDTHS[-1]] * columns)[:columns]
        for column, width in enumerate(self._widths):
            sheet.set_column(column, column, width)

    def row(self, texts: Sequence[str], style: str = "sentence") -> None:
        """One text per column."""
        for column, text in enumerate(texts):
            own = "label_wrapped" if column == 0 and style == "sentence" else style
            self._sheet.write_string(self._line, column, text, self._book.formats[own])
        self._next([(text, width) for text, width in zip(texts, self._widths, strict=False)], style)

    def across(self, text: str, style: str = "sentence") -> None:
        """One text over the whole width."""
        self._merged(0, self._columns - 1, text, style)
        self._next([(text, sum(self._widths))], style)

    def heading(self, text: str) -> None:
        """A heading with room above it."""
        self._line += 1
        self.across(text, "label")

    def halves(self, texts: tuple[str, ...], style: str) -> None:
        """Two texts, the first over label and Today, the second over the options."""
        self._merged(0, 1, texts[0], style)
        self._merged(2, self._columns - 1, texts[1], style)
        self._next([(texts[0], sum(self._widths[:2])), (texts[1], sum(self._widths[2:]))], style)

    def _merged(self, first: int, last: int, text: str, style: str) -> None:
        chosen = self._book.formats[style]
        if last > first:
            self._sheet.merge_range(self._line, first, self._line, last, "", chosen)
        self._sheet.write_string(self._line, first, text, chosen)

    def _next(self, texts: Sequence[tuple[str, float]], style: str) -> None:
        lines = max(lines_of(text, width) for text, width in texts)
        self._sheet.set_row(self._line, (1.6 if style == "title" else 1.0) * LINE * lines + 4)
        self._line += 1
        if style == "head":  # on paper its rule runs through the tops of letters right below
            self._sheet.set_row(self._line, 4)
            self._line += 1
