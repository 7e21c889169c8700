"""The page's pure functions pass the tests that node's own runner holds them to."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).with_name("page_script.test.mjs")
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def test_pure_functions_of_the_page() -> None:
    found = subprocess.run(["node", "--test", str(TESTS)], capture_output=True, text=True, timeout=60)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "# pass 6" in found.stdout or "pass 6" in found.stdout
