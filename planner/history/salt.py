"""The salt of a project: ids of customers and agents are hashed with it before anything else sees them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

FILE_NAME = ".planner-salt"


def project_salt(folder: Path) -> str:
    """Return the salt kept in `folder`, making one on first use.

    A folder that cannot be written to uses the salt of the user's configuration folder instead, so that the same
    history always gets the same hashed ids.
    """
    for place in (folder, user_folder()):
        found = _read(place / FILE_NAME) or _create(place / FILE_NAME)
        if found:
            return found
    return secrets.token_hex(16)


def user_folder() -> Path:
    """Folder of the user's own settings."""
    base = os.environ.get("APPDATA") or os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "cxfrontier"


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _create(path: Path) -> str | None:
    salt = secrets.token_hex(16)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Exclusive creation: of two processes that start together, the second takes the first one's salt.
        with path.open("x", encoding="utf-8") as file:
            file.write(salt + "\n")
    except FileExistsError:
        return _read(path)
    except OSError:
        return None
    return salt
