"""Small exports as the vendors' documented fields describe them; every person and number is invented."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write text, or values as JSON lines, to a file of the test."""

    def written(name: str, content: Any, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        text = content if isinstance(content, str) else "\n".join(json.dumps(item) for item in content)
        path.write_bytes(text.encode(encoding))
        return path

    return written
