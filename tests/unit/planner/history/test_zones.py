"""Clock times: conversion, daylight saving, and zones that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from planner.errors import HistoryError
from planner.history import load_history

Write = Callable[..., Path]
HEAD = "contact_id,started_at,channel\n"


def starts(path: Path, **options: object) -> list[str]:
    frame = load_history(path, salt="s", **options).materialize()  # type: ignore[arg-type]
    return [str(stamp) for stamp in frame["started_at"]]


def test_instants_become_clock_times_of_the_center_across_both_changes(csv: Write) -> None:
    """Zurich changes on 2024-03-31 01:00 UTC (to +2) and on 2024-10-27 01:00 UTC (to +1)."""
    text = HEAD + (
        "a,2024-03-31T00:30:00Z,voice\nb,2024-03-31T01:30:00Z,voice\n"
        "c,2024-10-27T00:30:00Z,voice\nd,2024-10-27T01:30:00Z,voice\n"
    )
    assert starts(csv(text), timezone="Europe/Zurich") == [
        "2024-03-31 01:30:00",
        "2024-03-31 03:30:00",
        "2024-10-27 02:30:00",
        "2024-10-27 02:30:00",
    ]


def test_parquet_instants_are_converted(tmp_path: Path) -> None:
    path = tmp_path / "h.parquet"
    at = pd.to_datetime(["2024-07-01 12:00"]).tz_localize("UTC")
    pd.DataFrame({"contact_id": ["a"], "started_at": at, "channel": ["voice"]}).to_parquet(path)
    assert starts(path, timezone="America/New_York") == ["2024-07-01 08:00:00"]


def test_clock_times_without_zone_stay_what_they_are(csv: Write) -> None:
    assert starts(csv(HEAD + "a,2024-07-01 12:00,voice\n"), timezone="Europe/Zurich") == ["2024-07-01 12:00:00"]
    assert starts(csv(HEAD + "a,2024-07-01 12:00,voice\n")) == ["2024-07-01 12:00:00"]


def test_clock_times_of_a_declared_other_zone_are_converted(csv: Write, yaml: Write) -> None:
    mapping = yaml("timezone: UTC\n")
    assert starts(csv(HEAD + "a,2024-07-01 12:00,voice\n"), mapping=mapping, timezone="Europe/Zurich") == [
        "2024-07-01 14:00:00"
    ]


def test_mixed_stamps_are_refused(csv: Write) -> None:
    text = HEAD + "a,2024-07-01 12:00:00,voice\nb,2024-07-01T12:00:00Z,voice\n"
    with pytest.raises(HistoryError, match=r"1 stamps carry a time zone \(such as 2024-07-01T12:00:00Z\) and 1 do not"):
        load_history(csv(text), salt="s", timezone="Europe/Zurich")


def test_an_offset_that_the_declared_zone_never_has_is_refused(csv: Write) -> None:
    path = csv(HEAD + "a,2024-07-01T12:00:00+09:00,voice\n")
    with pytest.raises(HistoryError, match="carry an offset that Europe/Zurich never has"):
        load_history(path, salt="s", timezone="Europe/Zurich")


def test_a_file_that_names_another_zone_is_refused_unless_the_mapping_confirms_it(tmp_path: Path, yaml: Write) -> None:
    path = tmp_path / "h.parquet"
    at = pd.to_datetime(["2024-07-01 12:00"]).tz_localize("Asia/Tokyo")
    pd.DataFrame({"contact_id": ["a"], "started_at": at, "channel": ["voice"]}).to_parquet(path)
    with pytest.raises(HistoryError, match="stamps carry the time zone Asia/Tokyo"):
        load_history(path, salt="s", timezone="Europe/Zurich")
    mapping = yaml("timezone: Asia/Tokyo\n")
    assert starts(path, mapping=mapping, timezone="Europe/Zurich") == ["2024-07-01 05:00:00"]


def test_clock_times_that_a_spring_change_skips_are_reported(csv: Write) -> None:
    text = HEAD + "a,2024-03-31 02:30,voice\nb,2024-03-31 12:30,voice\n"
    warnings = load_history(csv(text), salt="s", timezone="Europe/Zurich").quality.warnings
    assert any(text.startswith("1 contacts start at clock times that Europe/Zurich skips") for text in warnings)
