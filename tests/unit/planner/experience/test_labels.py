"""What users read holds text, whatever the cells keep."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from planner.experience.labels import plain_labels, with_plain_labels


@dataclass(frozen=True)
class Held:
    table: pd.DataFrame
    name: str


def test_coded_labels_and_objects_of_text_become_text() -> None:
    frame = pd.DataFrame({"channel": pd.Categorical(["voice", "chat"]), "reason": pd.Series(["a", "b"], dtype=object)})
    plain = plain_labels(frame)
    assert [str(kind) for kind in plain.dtypes] == ["str", "str"]
    assert (plain["channel"] < plain["reason"]).tolist() == [False, False]


def test_numbers_and_gaps_stay_as_they_are() -> None:
    frame = pd.DataFrame({"n": [1.0, 2.0], "pool": pd.Series(["a", None], dtype=object)})
    pd.testing.assert_frame_equal(plain_labels(frame), frame)


def test_every_table_of_a_value_is_plain() -> None:
    held = with_plain_labels(Held(pd.DataFrame({"channel": pd.Categorical(["voice"])}), "kept"))
    assert str(held.table["channel"].dtype) == "str"
    assert held.name == "kept"
