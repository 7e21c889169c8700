"""The house: who may import whom, which package owns which engine, how long and how documented things are."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("planner", "solvers")
ENGINES = {
    "highspy": ("solvers.highs",),
    "cbcbox": ("solvers.cbc",),
    "pyomo": ("solvers.flow",),
    "pymoo": ("solvers.evolution",),
    "moocore": ("solvers.pareto", "solvers.evolution"),
    "networkx": ("planner.experience",),
    "numpyro": ("planner.experience.bayes",),
    "jax": ("planner.experience.bayes",),
    "duckdb": ("planner.history",),
    "ibis": ("planner.history",),
    "psycopg": ("planner.history.engines",),
    "zen": ("planner.routing",),
    "botocore": ("planner.routing",),
    "xlsxwriter": ("planner.report",),
    "openpyxl": ("planner.proposal",),
    "jinja2": ("planner.report",),
    "fastapi": ("planner.serve",),
    "starlette": ("planner.serve",),
    "uvicorn": ("planner.serve",),
    "loky": ("solvers.executor",),
    "distributed": ("solvers.executor",),
    "ruamel": ("planner.scenario",),
    "typer": ("planner.cli",),
    "rich": ("planner.cli",),
    "plotly": ("planner.figures",),
}
"""One door per engine: engine -> the modules or packages that may import it."""

FORBIDDEN = ("/wo" + "rk/", "/ro" + "ot/", "--index" + "-url", "extra-index" + "-url")
"""Places of one machine; split, so that this file does not contain them."""

TEXT_SUFFIXES = {".py", ".md", ".toml", ".yaml", ".yml", ".csv", ".txt", ".json", ".js", ".css", ".html", ".j2", ".sh"}
TEXT_FILES = {"Makefile", "LICENSE", ".gitignore", "run"}
PRODUCT_FOLDERS = (*PACKAGES, "scenarios", "tests", "notebooks", ".ci")


def _modules(*packages: str) -> dict[str, Path]:
    found = {}
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = path
    return found


@functools.cache
@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _statements(body: list[ast.stmt], everywhere: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    """Import statements; not `everywhere`: only those that run when the module is imported."""
    for statement in body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield statement
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test) and not everywhere:
            continue
        elif everywhere or not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for part in ("body", "orelse", "finalbody", "handlers"):
                for child in getattr(statement, part, []):
                    yield from _statements(child.body if isinstance(child, ast.ExceptHandler) else [child], everywhere)


def _imported(name: str, path: Path, everywhere: bool) -> set[str]:
    """Dotted names a module imports; `from a import b` gives both a and a.b."""
    found: set[str] = set()
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for statement in _statements(_tree(path).body, everywhere):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
            continue
        anchor = package[: len(package) - statement.level + 1] if statement.level else []
        base = ".".join([*anchor, *([statement.module] if statement.module else [])])
        found |= {base} | {f"{base}.{alias.name}" for alias in statement.names}
    return found


def _with_parents(names: set[str], importer: str) -> set[str]:
    """Add the packages that are initialized on the way, except the importer's own."""
    parents = {name.rsplit(".", depth)[0] for name in names for depth in range(1, name.count(".") + 1)}
    return {name for name in names | parents if not (importer + ".").startswith(name + ".")}


def _find_cycle(graph: dict[str, set[str]]) -> list[str]:
    done: set[str] = set()

    def visit(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return []
        for following in sorted(graph[node]):
            cycle = visit(following, [*way, node])
            if cycle:
                return cycle
        done.add(node)
        return []

    return next((cycle for node in sorted(graph) if (cycle := visit(node, []))), [])


def _definitions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, bool]]:
    """Every definition with its place and whether it is public (a name without underscore, all the way up)."""

    def walk(body: list[ast.stmt], place: str, public: bool) -> Iterator[tuple[str, ast.AST, bool]]:
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                mine = public and not node.name.startswith("_")
                yield f"{place}:{node.lineno} {node.name}", node, mine
                yield from walk(node.body, place, mine and isinstance(node, ast.ClassDef))

    for path in _modules(*PACKAGES).values():
        yield from walk(_tree(path).body, path.relative_to(ROOT).as_posix(), True)  # type: ignore[misc]


def test_solvers_know_nothing_of_contact_centers() -> None:
    wrong = {
        f"{name} imports {other}"
        for name, path in _modules("solvers").items()
        for other in _imported(name, path, everywhere=True)
        if other.split(".")[0] == "planner"
    }
    assert not wrong


def test_no_import_cycles() -> None:
    modules = _modules(*PACKAGES)
    graph = {
        name: _with_parents(_imported(name, path, everywhere=False) & set(modules), name) & set(modules)
        for name, path in modules.items()
    }
    assert _find_cycle(graph) == []


def test_cycles_are_found() -> None:
    assert _find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert _find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_one_door_per_engine(engine: str) -> None:
    allowed = ENGINES[engine]
    wrong = {
        name
        for name, path in _modules(*PACKAGES).items()
        if any(other.split(".")[0] == engine for other in _imported(name, path, everywhere=True))
        and not any((name + ".").startswith(door + ".") for door in allowed)
    }
    assert not wrong, f"{engine} belongs to {allowed}"


def test_the_command_line_alone_prints() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for name, path in _modules(*PACKAGES).items()
        if not name.startswith("planner.cli")
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not wrong


def test_no_star_imports_and_no_bare_excepts() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in _modules(*PACKAGES, "tests").values()
        for node in ast.walk(_tree(path))
        if (isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names))
        or (isinstance(node, ast.ExceptHandler) and node.type is None)
    ]
    assert not wrong


def test_files_stay_readable() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in _modules(*PACKAGES, "tests").values()
        if (lines := path.read_text(encoding="utf-8").count("\n")) > (600 if "tests" in path.parts else 400)
    }
    assert not long


def test_functions_stay_short() -> None:
    long = [
        place
        for place, node, _ in _definitions()
        if not isinstance(node, ast.ClassDef) and (node.end_lineno or 0) - node.lineno + 1 > 100
    ]
    assert not long


def test_everything_public_is_documented() -> None:
    modules = [p.relative_to(ROOT).as_posix() for p in _modules(*PACKAGES).values() if not ast.get_docstring(_tree(p))]
    names = [place for place, node, public in _definitions() if public and not ast.get_docstring(node)]
    assert not modules + names


def test_every_function_is_annotated() -> None:
    bare = []
    for place, node, _ in _definitions():
        if isinstance(node, ast.ClassDef):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        missing = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
        if missing or node.returns is None:
            bare.append(place)
    assert not bare


def test_packages_export_few_names_and_hide_no_module() -> None:
    wrong = []
    for name, path in _modules(*PACKAGES).items():
        if path.name != "__init__.py":
            continue
        exported = _exported(_tree(path))
        beside = {p.stem for p in path.parent.glob("*.py")} | {p.parent.name for p in path.parent.glob("*/__init__.py")}
        hidden = sorted(set(exported) & beside)
        if len(exported) > 15 or hidden:
            wrong.append(f"{name}: {len(exported)} names, hides {hidden}")
    assert not wrong


def _exported(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return list(ast.literal_eval(node.value))
    return []


def _text_files() -> Iterator[Path]:
    folders = (p for name in PRODUCT_FOLDERS for p in sorted((ROOT / name).rglob("*")))
    for path in [*sorted(ROOT.glob("*")), ROOT / ".gitignore", *folders]:
        if "__pycache__" in path.parts or "generated" in path.parts or not path.is_file():
            continue
        if path.suffix in TEXT_SUFFIXES or path.name in TEXT_FILES:
            yield path


def test_nothing_names_a_place_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in _text_files()
        for word in FORBIDDEN
        if word in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert not found


def test_test_files_have_names_of_their_own() -> None:
    """Test folders are no packages, so two files of one name would hide each other."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert sorted(names) == sorted(set(names))
