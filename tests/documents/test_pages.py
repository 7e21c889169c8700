"""Every code block of the README and of the documentation runs; the pages hang together."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from page_runner import ROOT, PageRunner, assert_said, blocks_of, commands_in, parse  # noqa: E402
from world import RUN, settle  # noqa: E402

from planner.history.importers.presets import PRESETS  # noqa: E402
from planner.routing.export import TARGETS  # noqa: E402
from planner.scenario.reference_page import reference_markdown  # noqa: E402
from planner.scenario.schema import scenario_schema  # noqa: E402

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUNNING = [page for page in PAGES if "```" in page.read_text(encoding="utf-8")]


def page_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageRunner]:
    """A reader in a folder of their own; what an example adds to the planner is taken back."""
    monkeypatch.chdir(tmp_path)
    kept = [(table, dict(table)) for table in (TARGETS, PRESETS)]
    yield PageRunner(tmp_path / RUN, tmp_path / "library")
    for table, before in kept:
        table.clear()  # type: ignore[attr-defined]
        table.update(before)  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNING, ids=page_name)
def test_every_block_of_a_page_runs(page: Path, reader: PageRunner, world: Path) -> None:
    settle(world, Path(), made=page.read_text(encoding="utf-8"))
    reader.follow(blocks_of(page))


def test_a_wrong_page_fails(reader: PageRunner, world: Path, tmp_path: Path) -> None:
    """The check can fail: an unknown option, a wrong exit code, another output, a key nobody knows."""
    settle(world, tmp_path, made="")
    for text in (
        "```\nplanner frontier RUN --mincx 4\n```\n",
        "```\nplanner show RUN nobody\n```\n",
        "```sh\nplanner serve runs --prot 1\n```\n",
        "```sh\nmake lint\n```\n",
        "```yaml\npools: {phone: {wage: 3}}\n```\n",
        "```\nplanner --version\n```\n```text\nplanner 99\n```\n",
        "```python\nassert 1 == 2\n```\n",
        "```ruby\n1\n```\n",
    ):
        page = tmp_path / "page.md"
        page.write_text(text, encoding="utf-8")
        with pytest.raises((AssertionError, Exception)):
            reader.follow(blocks_of(page))


def test_commands_are_read_as_people_write_them() -> None:
    assert commands_in("planner a \\\n  --b 1   # why\n# all remark\n\n") == ["planner a --b 1"]
    assert_said("one\n...\nlast", "one\n two\nthree\nlast\n")
    with pytest.raises(AssertionError):
        assert_said("one\n...", "two")
    parse("PGPASSWORD=x planner estimate contacts.parquet --outcome csat")


def test_links_between_pages_lead_somewhere() -> None:
    generated = {ROOT / "docs/reference/scenario.md", ROOT / "docs/reference/commands.md"}
    missing = []
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            target = (page.parent / link).resolve()
            if "://" not in link and not target.exists() and target not in generated:
                missing.append(f"{page_name(page)}: {link}")
    assert not missing


def test_every_page_is_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in PAGES if page.name != "README.md"]
    assert [page for page in pages if page not in menu] == []


def test_the_reference_names_every_key_with_its_meaning() -> None:
    """Counted from the schema on a second way: every property of every reachable definition stands once."""
    schema = scenario_schema()
    reached, waiting = set(), [json.dumps(schema["properties"])]
    while waiting:
        for name in re.findall(r"#/\$defs/(\w+)", waiting.pop()):
            if name not in reached:
                reached.add(name)
                waiting.append(json.dumps(schema["$defs"][name]))
    models = [schema["$defs"][name] for name in sorted(reached - {"Stated"})]
    keys = list(schema["properties"])
    for model in models:
        inner = model if "properties" in model else next((o for o in model.get("anyOf", ()) if "properties" in o), {})
        keys += list(inner.get("properties", ()))
    text = reference_markdown()
    rows = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert sorted(rows) == sorted(keys)
    links = set(re.findall(r"\]\(#([\w-]+)\)", text))
    heads = {re.sub(r"[^\w-]", "", head.lower()) for head in re.findall(r"^## (.+)$", text, re.MULTILINE)}
    assert links <= heads


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("material", reason="the extra docs is not installed")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    build(load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(tmp_path / "site")))
    assert "occupancy_max" in (tmp_path / "site/reference/scenario.html").read_text(encoding="utf-8")
    assert "planner what-if" in (tmp_path / "site/reference/commands.html").read_text(encoding="utf-8")
    page = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="https?://', page), "nothing is fetched from elsewhere"
