"""Reading a text file as UTF-8, refusing with one clear line what is not text at all."""

from __future__ import annotations

from pathlib import Path

from planner.errors import Issue, ScenarioError

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ARROW1", "an Arrow file"),
    (b"\xff\xfe", "text in UTF-16, not UTF-8; save it as UTF-8"),
    (b"\xfe\xff", "text in UTF-16, not UTF-8; save it as UTF-8"),
)


def read_text(path: Path, shown: str, kind: str, place: str = "") -> str:
    """Read a UTF-8 text file; a leading byte order mark is dropped.

    Parameters
    ----------
    path
        The file.
    shown
        Its name in messages.
    kind
        What it should be, in words: "YAML scenario", "CSV table".
    place
        Dotted path of the key that names the file, for messages.

    Raises
    ------
    ScenarioError
        If it is missing, unreadable, empty, binary or not UTF-8.
    """
    raw = _read_bytes(path, shown, kind, place)
    found = next((words for magic, words in _MAGIC if raw.startswith(magic)), None)
    if found is None and raw[8:12] == b"DUCK":
        found = "a DuckDB database"
    if found is None and b"\x00" in raw:
        found = "binary data"
    if found is not None:
        _refuse(shown, place, f"this is {found}, not a {kind}; name the right file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        before = raw[: err.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        message = f"byte 0x{raw[err.start]:02x} is not UTF-8; save the file with the encoding UTF-8"
        raise ScenarioError([Issue(shown, line, column, place, message)]) from err
    if not text.strip():
        _refuse(shown, place, f"the file is empty; a {kind} is expected")
    return text


def _read_bytes(path: Path, shown: str, kind: str, place: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        _refuse(shown, place, "no such file; check the name, or the folder you are in")
    except IsADirectoryError:
        _refuse(shown, place, f"this is a folder, not a {kind}; name a file inside it")
    except PermissionError:
        what = f"this is a folder, not a {kind}" if path.is_dir() else "no permission to read this file"
        _refuse(shown, place, f"{what}; name a file you may read")
    except (OSError, ValueError) as err:
        _refuse(shown, place, f"the file cannot be read ({err}); check its name")
    raise AssertionError("unreachable")


def _refuse(shown: str, place: str, message: str) -> None:
    raise ScenarioError([Issue(shown, None, None, place, message)]) from None
