"""The notebooks are committed clean and run; the public objects and figures show themselves, hostile names inert."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from planner.frontier.frontier import Frontier

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("plotly")

ROOT = Path(__file__).resolve().parents[2]
BOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))
EVIL = '<script>alert("x")</script>'


def test_notebooks_are_committed_without_outputs() -> None:
    assert len(BOOKS) == 5
    for path in BOOKS:
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
        for cell in book.cells:
            assert cell.cell_type == "markdown" or (cell.outputs == [] and cell.execution_count is None), path.name


@pytest.mark.slow
def test_every_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One kernel for all, its names cleared between them: imports are paid once."""
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    joined = nbformat.v4.new_notebook()
    for path in BOOKS:
        book = nbformat.read(path, as_version=4)
        joined.cells += [nbformat.v4.new_code_cell("%reset -f"), *book.cells]
    for k, cell in enumerate(joined.cells):
        cell["id"] = f"c{k:03d}"
    NotebookClient(
        joined, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    kinds = [kind for cell in joined.cells for one in cell.get("outputs", ()) for kind in one.get("data", ())]
    assert kinds.count("application/vnd.plotly.v1+json") == 4
    assert kinds.count("text/html") >= 10


def _hostile(frontier: Frontier) -> Frontier:
    tables = {name: frame.copy() for name, frame in frontier.tables.items()}
    tables["plans"]["name"] = tables["plans"]["name"].astype(object).where(tables["plans"]["origin"] == "today", EVIL)
    tables["rules"]["pool"] = EVIL
    return dataclasses.replace(frontier, tables=tables, meta={**frontier.meta, "title": EVIL})


def test_names_from_files_are_escaped(toy_planned: Frontier, toy_scenario: Any) -> None:
    from planner.experience.stated import stated_model
    from planner.figures import frontier_figure, gap_figure, moves_figure, wait_figure

    frontier = _hostile(toy_planned)
    plan = frontier.plan(frontier.table["plan"].iloc[1])
    model = stated_model(toy_scenario)
    model = dataclasses.replace(
        model,
        table=model.table.assign(reason=EVIL),
        moves=model.moves.assign(reason=EVIL, lower=0.0, upper=0.0),
        wait_curve=model.wait_curve.assign(channel=EVIL),
        notes=(EVIL,),
    )
    scenario = toy_scenario.model_copy(update={"title": EVIL})
    for shown in (frontier, plan, plan.rules, model, scenario):
        text = shown._repr_html_()
        assert "<script" not in text, type(shown).__name__
        assert "&lt;script" in text, type(shown).__name__
    months = pd.DataFrame({"pool": [EVIL], "month": [1], "required": [2.0], "available": [1.0]})
    for figure in (frontier_figure(frontier), moves_figure(model), wait_figure(model), gap_figure(months)):
        written = figure.to_json()
        assert "<script" not in written.replace("\\u003c", "<")
        assert "&lt;script" in written.replace("\\u003c", "<")
