"""YAML 1.2 as people mean it, and one clear line for files that are something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_center import Center

from planner.errors import ScenarioError
from planner.scenario import load_scenario
from planner.scenario.document import parse_value, read_document, yaml_text


def _data(tmp_path: Path, text: str) -> dict[str, object]:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return read_document(path, "x.yaml").data


def _message(tmp_path: Path, raw: bytes) -> str:
    path = tmp_path / "x.yaml"
    path.write_bytes(raw)
    with pytest.raises(ScenarioError) as caught:
        read_document(path, "x.yaml")
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10:30", "10:30"),
        ("8:00", "8:00"),
        ("no", "no"),
        ("on", "on"),
        ("1e3", 1000),
        ("1e-4", 0.0001),
        (".1", 0.1),
        ("010", 10),
        ("true", True),
        ("null", None),
        ("[en, no, da]", ["en", "no", "da"]),
        ("2026-01-05 10:30", "2026-01-05 10:30"),
        ("'1'", "1"),
    ],
)
def test_values_mean_what_they_look_like(tmp_path: Path, text: str, value: object) -> None:
    assert _data(tmp_path, f"a: {text}\n") == {"a": value}
    assert parse_value(text, "--set") == value
    assert type(parse_value(text, "--set")) is type(value)


def test_keys_are_always_text(tmp_path: Path) -> None:
    assert list(_data(tmp_path, "no: 1\n1999: 2\ntrue: 3\n2026-01-05: 4\n")) == ["no", "1999", "true", "2026-01-05"]


def test_clock_times_without_quotes(center: Center) -> None:
    assert load_scenario(center.path).horizon.opens == 630


def test_every_repeated_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\nb: {c: 1, c: 2}\na: 2\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_document(path, "x.yaml")
    assert [str(issue) for issue in caught.value.issues] == [
        "x.yaml:2:11: error: b.c: key 'c' is given twice (first at line 2); keep one of them",
        "x.yaml:3:1: error: a: key 'a' is given twice (first at line 1); keep one of them",
    ]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "x.yaml: error: the file is empty; a YAML scenario is expected"),
        (b" \n\n", "x.yaml: error: the file is empty"),
        (b"# only a comment\n", "x.yaml:1:1: error: this file holds nothing but comments"),
        (b"- a\n- b\n", "x.yaml:1:1: error: this file holds no keys at the top"),
        (b"interval_start,reason\n2026,x\n", "x.yaml:1:1: error: this file holds no keys at the top"),
        (b"PAR1\x15\x04", "x.yaml: error: this is a Parquet file, not a YAML scenario; name the right file"),
        (b"\x89PNG\r\n\x1a\n", "this is a PNG picture, not a YAML scenario"),
        (b"PK\x03\x04\x14", "this is a ZIP archive or an Excel workbook, not a YAML scenario"),
        (b"\xff\xfea\x00:\x00", "UTF-16, not UTF-8"),
        (b"a: 1\nb: x\x00y", "this is binary data"),
        (b"a: 1\nb: M\xfcller\n", "x.yaml:2:5: error: byte 0xfc is not UTF-8; save the file with the encoding UTF-8"),
        (b"a:\n\tb: 1\n", "x.yaml:2:1: error: a tab is not allowed here; indent with spaces"),
        (b"a: 1\n---\nb: 2\n", "x.yaml:2:1: error: a second document starts here"),
        (b"a: [1, 2\nb: 3\n", "x.yaml:2:2: error: a list opened with '[' is not closed (it begins at line 1)"),
        (b"a: b: c\n", "x.yaml:1:5: error: a ':' stands where no key can be"),
        (b"a: 'x\nb: 1\n", "a quote is opened and never closed (it begins at line 1)"),
        (b"  a: 1\n b: 2\n", "x.yaml:2:2: error: this line is indented differently"),
        (b"a: 1\n<<: {b: 2}\n", "x.yaml:2:1: error: merge keys (<<) are not read"),
        (b"a: !secret x\n", "x.yaml:1:4: error: a: tag !secret is not read here"),
        (b"a: *x\n", "x.yaml:1:4: error: this alias (*name) has no anchor"),
        (b"a: &x [*x]\n", "an alias repeats itself without end"),
        (b"%YAML 1.1\n---\na: no\n", "this file asks for YAML 1.1"),
        (b"a: x\x07\n", "x.yaml:1:5: error: character U+0007 does not belong in a text file"),
        (b"? [a]\n: 1\n", "x.yaml:1:3: error: a key must be plain text"),
        (b"a: " + b"[" * 5000, "nested too deeply"),
    ],
)
def test_file_that_is_something_else(tmp_path: Path, raw: bytes, words: str) -> None:
    assert words in _message(tmp_path, raw)


def test_multiplying_aliases_are_stopped(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    path = tmp_path / "x.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ScenarioError, match="far too many values"):
        read_document(path, "x.yaml")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"gone\.yaml: error: no such file"):
        load_scenario(tmp_path / "gone.yaml")
    with pytest.raises(ScenarioError, match="this is a folder"):
        load_scenario(tmp_path)


def test_byte_order_mark_and_windows_line_ends(center: Center) -> None:
    text = center.path.read_text(encoding="utf-8")
    center.path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert center.said() == []
    center.path.write_bytes(b"\xef\xbb\xbf" + text.replace("days: 1", "days: 0").replace("\n", "\r\n").encode())
    assert center.only().startswith("small.yaml:5:9: error: horizon.days: found 0; must be at least 1")


def test_text_written_is_read_back(tmp_path: Path) -> None:
    data = {"b": "10:30", "a": ["no", "1e3", "", "ä"], "c": {"1999": None, "d": 0.1}}
    assert _data(tmp_path, yaml_text(data)) == data
    assert list(_data(tmp_path, yaml_text(data))) == ["b", "a", "c"]
