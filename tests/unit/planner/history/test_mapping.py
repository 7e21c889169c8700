"""Mapping files: other layouts become canonical contacts, mistakes are named with their position."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from planner.errors import HistoryError
from planner.history import load_history
from planner.history.mapping import load_mapping

Write = Callable[..., Path]

SOURCE = (
    "nr;day;clock;what;who;queue;talk;end\n"
    "1;04.03.2024;09:00;PS;77;1500;00:03:20;AGENT\n"
    "2;04.03.2024;09:05;XX;;2500,5;00:00:00;HANG\n"
    "3;05.03.2024;10:00;NW;78;0;01:00;AGENT\n"
    "4;05.03.2024;11:00;NW;78;0;01:00;TEST\n"
)
MAPPING = """
version: 1
csv: {delimiter: ";", decimal: ","}
filters:
  - why: test call of the switch
    drop: {end: TEST}
constants: {channel: voice, segment: retail}
columns:
  contact_id: nr
  started_at: {date: day, time: clock, format: "%d.%m.%Y %H:%M"}
  reason: {from: what, values: {PS: regular, NW: prospect}}
  customer_id: who
  wait_s: {from: queue, unit: ms}
  handle_s: {from: talk, unit: "HH:MM:SS"}
  abandoned: {when: {end: HANG, queue: {above: 0}}}
"""


def test_a_foreign_layout_is_read(csv: Write, yaml: Write) -> None:
    history = load_history(csv(SOURCE), yaml(MAPPING), salt="s")
    frame = history.materialize()
    assert frame["contact_id"].tolist() == ["1", "2", "3"]
    assert [str(at) for at in frame["started_at"]] == [
        "2024-03-04 09:00:00",
        "2024-03-04 09:05:00",
        "2024-03-05 10:00:00",
    ]
    assert frame["wait_s"].tolist() == [1.5, 2.5005, 0.0]
    assert frame["handle_s"].fillna(-1).tolist() == [200.0, -1, 60.0]
    assert frame["abandoned"].tolist() == [False, True, False]
    assert frame["reason"].fillna("-").tolist() == ["regular", "-", "prospect"]
    assert set(frame["channel"]) == {"voice"}
    assert set(frame["segment"]) == {"retail"}
    assert history.quarantine.to_dict("records") == [
        {"problem": "filter: test call of the switch", "rows": 1, "example": "row 4: 4"}
    ]
    assert history.quality.rows_filtered == 1
    assert history.quality.unmapped.to_dict("records") == [{"column": "reason", "value": "XX", "rows": 1}]


def test_durations_between_stamps_and_values_that_stand_for_nothing(csv: Write, yaml: Write) -> None:
    path = csv(
        "contact_id,started_at,channel,answered_at,score\n"
        "a,2024-03-04 09:00:00,voice,2024-03-04 09:00:30,99\nb,2024-03-04 09:00:00,voice,2024-03-04 08:59:00,4\n"
    )
    mapping = yaml(
        "columns:\n  wait_s: {from: answered_at, minus: started_at, negative: missing}\n"
        "  csat: {from: score, missing: [99]}\n"
    )
    frame = load_history(path, mapping, salt="s").materialize()
    assert frame["wait_s"].fillna(-1).tolist() == [30.0, -1]
    assert frame["csat"].fillna(-1).tolist() == [-1, 4.0]


def test_another_scale_may_be_declared(csv: Write, yaml: Write) -> None:
    path = csv("contact_id,started_at,channel,csat\na,2024-03-04 09:00:00,voice,9\n")
    frame = load_history(path, yaml("scales: {csat: [1, 10]}\n"), salt="s").materialize()
    assert frame["csat"].tolist() == [9.0]


def test_covariates_and_scales_have_a_short_and_a_long_form(yaml: Write) -> None:
    mapping = load_mapping(
        yaml(
            "covariates: {age: years, sev: {from: code, known: before}, work: {from: acw, known: after}}\n"
            "scales: {csat: [1, 10], ces: {low: 1, high: 5, better: low}}\n"
        )
    )
    assert mapping.covariates == {"age": "years", "sev": "code", "work": "acw"}
    assert [mapping.known(name) for name in ("age", "sev", "work", "other")] == [None, "before", "after", None]
    assert mapping.scales == {"csat": (1.0, 10.0), "ces": (1.0, 5.0)}
    assert mapping.low_is_good == ("ces",)


def test_counts_become_contacts(csv: Write, yaml: Write) -> None:
    path = csv("start,calls\n2024-03-04 09:00,3\n2024-03-04 09:30,0\n2024-03-04 10:00,2\n")
    mapping = yaml("layout: counts\nconstants: {channel: voice}\ncolumns: {started_at: start, volume: calls}\n")
    history = load_history(path, mapping, salt="s")
    counted = history.materialize().groupby("started_at").size()
    assert {str(at): n for at, n in counted.items()} == {"2024-03-04 09:00:00": 3, "2024-03-04 10:00:00": 2}
    assert history.quality.layout == "counts"
    with pytest.raises(HistoryError, match="1 volumes are missing, negative or not whole"):
        load_history(csv("start,calls\n2024-03-04 09:00,2.5\n"), mapping, salt="s")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("colums: {}\n", r"mapping.yaml:1:1: error: colums: unknown key \(did you mean columns\?\)"),
        ("columns:\n  chanel: x\n", r"mapping.yaml:2:3: error: columns: chanel is not a canonical column \(did you"),
        ("columns:\n  wait_s: {from: w, unit: minutes}\n", r"mapping.yaml:2:\d+: error: columns.wait_s.unit"),
        ("columns:\n  wait_s: {from: w, unt: s}\n", r"columns.wait_s.unt: unknown key \(did you mean unit\?\)"),
        ("columns:\n  started_at: {date: d}\n", "date and time go together"),
        ("timezone: Europe/Zurch\n", r"did you mean Europe/Zurich\?"),
        ("constants: {channel: voice}\ncolumns: {channel: c}\n", "stands under columns and under constants"),
        ("columns:\n  channel: {when: {a: 1}}\n", "only true/false columns may say when"),
        (
            "covariates:\n  age: {from: a, known: later}\n",
            r"mapping.yaml:2:\d+: error: covariates.age.known: .*'before'",
        ),
        ("covariates:\n  age: {form: a}\n", r"covariates.age.form: unknown key \(did you mean from\?\)"),
        ("covariates:\n  csat: a\n", "covariate csat bears the name of a canonical column"),
        (
            "scales:\n  ces: [5, 1]\n",
            r"mapping.yaml:2:\d+: error: scales.ces: the scale runs from 5 to 1; .*better: low",
        ),
        ("scales:\n  ces: [1, 2, 3]\n", r"scales.ces: a scale is written \[lowest, highest\]"),
        ("scales:\n  ces: {low: 1, high: 5, beter: low}\n", r"scales.ces.beter: unknown key \(did you mean better\?\)"),
        ("scales: {csta: [1, 5]}\n", r"csta is not a canonical column \(did you mean csat\?\)"),
        ("composites: {cx: {csat: -1}}\n", "composites.cx.csat: Input should be greater than 0"),
    ],
)
def test_mistakes_of_a_mapping_are_named_with_their_place(yaml: Write, text: str, wanted: str) -> None:
    with pytest.raises(HistoryError, match=wanted):
        load_mapping(yaml(text))


def test_source_columns_that_are_not_there_are_all_named(csv: Write, yaml: Write) -> None:
    mapping = yaml("columns: {wait_s: wating, handle_s: talk}\nfilters: [{why: test, drop: {flag: 1}}]\n")
    path = csv("contact_id,started_at,channel,waiting\na,2024-03-04 09:00:00,voice,9\n")
    with pytest.raises(HistoryError) as caught:
        load_history(path, mapping, salt="s")
    text = str(caught.value)
    assert "columns.wait_s: the file has no column 'wating' (did you mean waiting?)" in text
    assert "columns.handle_s: the file has no column 'talk'" in text
    assert "filters.0: the file has no column 'flag'" in text


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[4].glob("scenarios/mappings/*.yaml")), ids=lambda p: p.stem
)
def test_every_mapping_file_of_the_project_is_valid(path: Path) -> None:
    assert load_mapping(path).title
