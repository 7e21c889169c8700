"""Runs the code blocks of a Markdown page, in order, as a reader would: real commands, real Python, real files.

What a fence says about itself:

- no language, or `sh`: commands. `planner ...` runs in this process and must exit with 0; RUN is the toy's run, and
  `planner demo` plans the toy. The few lines in NOT_RUN are only parsed.
- `python`: runs; all blocks of a page share one namespace; "RUN" is the toy's run here, too.
- `text`: what the command before it printed, on stdout or stderr; `...` stands for any lines, or any part of one.
- `diagram`: nothing to run.
- `yaml`: a part of a scenario; the toy with it must load.
- any language with `title="NAME"`: the content of that file, written where the page runs.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.main import get_command

from planner.cli import main, starters
from planner.cli.app import app
from planner.scenario.load import load_scenario

ROOT = Path(__file__).resolve().parents[2]
_FEW = {"share_step": "null", "plans": 8, "cost_points": 2, "headroom_levels": "[0, 0.2]", "search_evaluations": 0,
        "bound_plans": 0}  # fmt: skip
_FEW |= {"bound_steps": 1, "bound_boxes": 1, "risk_draws": 0}
LITTLE = ("--workers", "1", *(part for name, value in _FEW.items() for part in ("--set", f"frontier.{name}={value}")))
"""Added to every `planner run` of a page: few plans, in seconds."""

NOT_RUN = {
    "make demo": "builds an environment from the package index",
    "make test": "is the run of this test",
    "python -m venv .venv": "tests/unit/test_wheel.py installs into empty environments",
    ".venv/bin/python -m pip install -c constraints.txt .": "needs the package index",
    "pip install 'cxfrontier[web]'": "needs the package index",
    "pip install 'cxfrontier[warehouse]'": "needs the package index",
    "pip install 'cxfrontier[notebook]' jupyterlab": "needs the package index",
    ".venv/bin/planner demo": "tests/documents/test_help_examples.py runs planner demo",
    "planner serve runs": "serves until it is stopped; tests/browser works with a served folder",
    "planner serve RUN --scenario center/scenario.yaml": "serves until it is stopped",
    "planner serve runs --port 0 --workers 1": "serves until it is stopped",
    "planner estimate 'postgresql://user@host/database?table=schema.contacts' --outcome fcr": "needs a database server",
    "PGPASSWORD=... planner estimate 'postgresql://ana@host/crm?table=sales.contacts&staffing=sales.staffing'": (
        "needs a database server; tests/integration/test_warehouse.py starts one"
    ),
}
"""Lines of pages and help texts that no test can run, and why; a line that stands nowhere any more fails a test."""

_FENCE = re.compile(r"^```(?P<language>\w*)(?P<more>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: page, line of its fence, language, file it is the content of (or empty), text."""

    page: str
    line: int
    language: str
    title: str
    text: str


def blocks_of(path: Path) -> list[Block]:
    """Read the fenced blocks of a page."""
    text = path.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        title = re.search(r'title="([^"]+)"', match["more"])
        line = text.count("\n", 0, match.start()) + 1
        language = match["language"]
        found.append(Block(path.name, line, language, title[1] if title else "", match["text"]))
    assert len(found) * 2 == len(re.findall(r"^```", text, re.MULTILINE)), f"{path.name}: a fence is not closed"
    return found


def commands_in(text: str) -> list[str]:
    """Command lines of a block, without remarks; a line that ends in a backslash goes on."""
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    lines = (re.split(r"\s+#\s", line)[0].strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


@contextlib.contextmanager
def quick_library(library: Path) -> Iterator[None]:
    """Let `planner demo` take the toy of this copy of the scenarios, with few plans."""
    toy = library / "toy.yaml"
    if not toy.exists():
        (library / "minimal.yaml").rename(toy)
        few = "\n".join(f"  {name}: {value}" for name, value in _FEW.items())
        (library / "minimal.yaml").write_text(f"extends: toy.yaml\nfrontier:\n{few}\n", encoding="utf-8")
    before = starters.scenario_library
    starters.scenario_library = lambda: library
    try:
        yield
    finally:
        starters.scenario_library = before


@dataclass
class PageRunner:
    """One reader with one page, in the current folder; `run` is the toy's run directory, `library` the scenarios."""

    run: Path
    library: Path
    exit_codes: tuple[int, ...] = (0,)
    names: dict[str, Any] = field(default_factory=dict)
    said: str = ""
    commands: int = 0

    def follow(self, blocks: list[Block]) -> None:
        """Do what every block says."""
        for block in blocks:
            try:
                self._do(block)
            except BaseException as err:
                err.add_note(f"in {block.page}, block at line {block.line}")
                raise

    def _do(self, block: Block) -> None:
        if block.title:
            Path(block.title).parent.mkdir(parents=True, exist_ok=True)
            Path(block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            text = block.text.replace('"RUN"', repr(self.run.as_posix()))
            code = compile("\n" * block.line + text, block.page, "exec")
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(code, self.names)
            self.said = out.getvalue()
        elif block.language == "text":
            assert_said(block.text, self.said)
        elif block.language == "diagram":
            pass
        elif block.language == "yaml":
            self._load_with(block.text)
        else:
            assert block.language in ("", "sh"), f"{block.language}: nobody runs this language"
            self.said = "".join(self.command(line) for line in commands_in(block.text))

    def command(self, line: str) -> str:
        """Run one command line, or parse it if it is one of NOT_RUN; return what it said."""
        self.commands += 1
        if line in NOT_RUN:
            parse(line)
            return ""
        words = shlex.split(re.sub(r"\bRUN\b(?!-)", self.run.as_posix(), line))
        assert Path(words[0]).name == "planner", f"{line}: neither a planner command nor one of NOT_RUN"
        more: tuple[str, ...] = LITTLE if words[1] == "run" and "--dry-run" not in words else ()
        if words[1] == "demo":
            more = ("--workers", "1") if "--scenario" in words else ("--workers", "1", "--scenario", "minimal")
        out, err = io.StringIO(), io.StringIO()
        shortened = quick_library(self.library) if words[1] == "demo" else contextlib.nullcontext()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), shortened:
            code = main([*words[1:], *more])
        assert code in self.exit_codes, f"{line}: exit code {code}\n{err.getvalue()}"
        return out.getvalue() + err.getvalue()

    def _load_with(self, text: str) -> None:
        part = self.library / "part.yaml"
        part.write_text("extends: minimal.yaml\n" + text, encoding="utf-8")
        load_scenario(part)


def parse(line: str) -> None:
    """Refuse a line whose command, options or `make` target do not exist."""
    words = [word for word in shlex.split(line) if not re.fullmatch(r"[A-Z]+=\S+", word)]
    if words[0] == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), line
    elif Path(words[0]).name == "planner":
        group = get_command(app)
        command = group.commands[words[1]]  # type: ignore[attr-defined]
        command.make_context(words[1], list(words[2:]))


def assert_said(expected: str, said: str) -> None:
    """Compare line by line, blanks aside; `...` stands for any lines, also none, and within a line for any text."""
    wanted = [" ".join(line.split()) for line in expected.strip().splitlines()]
    lines = ["(?:.*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + "\n" for line in wanted]
    text = "".join(" ".join(line.split()) + "\n" for line in said.strip().splitlines())
    assert re.fullmatch("".join(lines), text), f"expected:\n{expected}\nsaid:\n{said}"
