"""A kernel that changes takes the compiled code of its callers with it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from solvers.stale_caches import drop_stale_caches

CALLER = """
from pathlib import Path
from solvers.stale_caches import drop_stale_caches
drop_stale_caches(Path(__file__).parent)
from numba import njit
from callee import one
@njit(cache=True)
def more(x):
    return one(x) + 1.0
print(more(1.0))
"""
CALLEE = "from numba import njit\n@njit(cache=True)\ndef one(x):\n    return x * {factor}\n"


def _at(path: Path, text: str, seconds: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    os.utime(path, (seconds, seconds))
    return path


def test_only_what_is_older_than_a_changed_kernel_goes(tmp_path: Path) -> None:
    _at(tmp_path / "kernel.py", "from numba import njit", 200)
    _at(tmp_path / "words.py", "nothing compiled", 900)
    old = _at(tmp_path / "__pycache__" / "old.nbi", "", 100)
    new = _at(tmp_path / "__pycache__" / "new.nbi", "", 300)
    drop_stale_caches(tmp_path)
    assert not old.exists()
    assert new.exists()


def test_a_caller_sees_the_callee_as_it_is_now(tmp_path: Path) -> None:
    root = str(Path(__file__).resolve().parents[3])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), root]), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("NUMBA_CACHE_DIR", None)
    _at(tmp_path / "caller.py", CALLER, 1_000_000_000)
    seen = []
    for factor in (2.0, 5.0):
        (tmp_path / "callee.py").write_text(CALLEE.format(factor=factor), encoding="utf-8")
        command = [sys.executable, str(tmp_path / "caller.py")]
        seen.append(float(subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout))
    assert seen == [3.0, 6.0]
