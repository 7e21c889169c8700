"""Reading histories: what is kept, what is quarantined, what is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from planner.errors import HistoryError, PlannerWarning
from planner.history import load_history
from planner.history.columns import NAMES

Write = Callable[..., Path]
HEAD = "contact_id,started_at,channel,wait_s,handle_s,csat\n"
GOOD = "".join(f"g{k},2024-03-04 09:{k:02d}:00,voice,10,200,5\n" for k in range(20))


def refused(path: Path, **options: object) -> str:
    with pytest.raises(HistoryError) as caught:
        load_history(path, salt="s", **options)  # type: ignore[arg-type]
    return str(caught.value)


def test_every_bad_row_is_quarantined_with_its_reason_and_none_is_lost(csv: Write) -> None:
    bad = (
        ",2024-03-04 10:00:00,voice,1,1,5\n"
        "b1,,voice,1,1,5\n"
        "b2,2024-02-31 10:00:00,voice,1,1,5\n"
        "b3,2024-03-04 10:00:00,,1,1,5\n"
        "b4,2024-03-04 10:00:00,voice,-1,1,5\n"
        "b5,2024-03-04 10:00:00,voice,1,-2,5\n"
        "b6,2024-03-04 10:00:00,voice,1,1,6\n"
        "g0,2024-03-04 11:00:00,voice,1,1,5\n"
        "g0,2024-03-04 12:00:00,voice,1,1,5\n"
    )
    history = load_history(csv(HEAD + GOOD + bad), salt="s")
    found = dict(zip(history.quarantine["problem"], history.quarantine["rows"], strict=True))
    assert found == {
        "contact_id is missing": 1,
        "started_at is missing": 1,
        "started_at cannot be read as a date and time": 1,
        "channel is missing or not mapped": 1,
        "wait_s is negative": 1,
        "handle_s is negative": 1,
        "contact_id is a duplicate (the first row is kept)": 2,
    }
    quality = history.quality
    assert (quality.rows_read, quality.rows_kept, quality.rows_quarantined) == (29, 21, 8)
    assert quality.rows_read == quality.rows_kept + quality.rows_quarantined
    assert quality.duplicates == 2
    assert quality.channels["channel"].dtype == "str"
    channels = quality.channels.set_index("channel")
    assert list(channels.loc["voice", ["rows_read", "rows_kept", "rows_quarantined"]]) == [28, 21, 7]
    assert list(channels.loc["(none)", ["rows_read", "rows_kept", "rows_quarantined"]]) == [1, 0, 1]
    examples = history.quarantine.set_index("problem")["example"]
    assert examples["started_at cannot be read as a date and time"] == "row 23: 2024-02-31 10:00:00"
    assert "29 rows in = 21 kept + 8 quarantined" in "\n".join(quality.lines())


def test_the_first_of_duplicates_in_the_file_is_kept(csv: Write) -> None:
    rows = "g0,2024-03-03 11:00:00,voice,77,1,5\n"
    kept = load_history(csv(HEAD + GOOD + rows), salt="s").materialize()
    assert kept.loc[kept["contact_id"] == "g0", "wait_s"].tolist() == [10.0]


def test_missing_columns_become_null_and_their_cost_is_said(csv: Write) -> None:
    history = load_history(csv(HEAD + GOOD), salt="s")
    frame = history.materialize()
    assert set(NAMES) <= set(frame.columns)
    assert frame["customer_id"].isna().all()
    missing = history.quality.missing.set_index("column")
    assert missing.loc["customer_id", "share_missing"] == 1.0
    assert "no first-contact resolution" in missing.loc["customer_id", "cost"]
    assert missing.loc["csat", "cost"] == ""
    assert history.quality.share_anonymous == 1.0
    assert history.quality.channels["csat_rate"].tolist() == [1.0]


def test_reason_and_entry_reason_stand_in_for_each_other_only_where_a_column_is_absent(load: Callable) -> None:
    rows = [{"started_at": f"2024-03-04 09:0{k}", "channel": "voice", "reason": "fees"} for k in range(3)]
    frame = load(rows).materialize()
    assert frame["entry_reason"].tolist() == ["fees"] * 3
    rows[0]["entry_reason"] = "menu"
    assert load(rows).materialize()["entry_reason"].fillna("-").tolist() == ["menu", "-", "-"]


def test_ids_are_hashed_with_the_salt_and_never_shown(load: Callable) -> None:
    rows = [
        {"started_at": "2024-03-04 09:00", "channel": "voice", "customer_id": "0791234567", "agent_id": "0791234567"},
        {"started_at": "2024-03-04 09:10", "channel": "voice", "customer_id": None, "agent_id": None},
    ]
    first = load(rows).materialize()
    wanted = hashlib.sha256(b"pepper:customer_id:0791234567").hexdigest()[:20]
    assert first["customer_id"].iloc[0] == wanted
    assert first["agent_id"].iloc[0] not in (wanted, "0791234567")
    assert first["customer_id"].isna().tolist() == [False, True]
    assert load(rows).materialize()["customer_id"].iloc[0] == wanted
    assert load(rows, salt="other").materialize()["customer_id"].iloc[0] != wanted


def test_the_salt_is_kept_beside_the_history(csv: Write, tmp_path: Path) -> None:
    path = csv("contact_id,started_at,channel,customer_id\na,2024-03-04 09:00,voice,k1\n")
    first = load_history(path).materialize()["customer_id"].iloc[0]
    assert (tmp_path / ".planner-salt").read_text(encoding="utf-8").strip()
    assert load_history(path).materialize()["customer_id"].iloc[0] == first


def test_a_folder_that_cannot_be_written_uses_the_users_salt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from planner.history.salt import project_salt

    monkeypatch.delenv("APPDATA", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    salt = project_salt(blocked)
    assert salt == project_salt(blocked)
    assert (tmp_path / "config" / "cxfrontier" / ".planner-salt").exists()


def test_numeric_extra_columns_are_covariates_and_free_text_is_left_out(csv: Write) -> None:
    text = (
        "contact_id,started_at,channel,severity,note\na,2024-03-04 09:00,voice,0.5,call me\nb,2024-03-04 09:01,chat,,\n"
    )
    history = load_history(csv(text), salt="s")
    assert history.covariates == ("severity",)
    assert "note" not in history.contacts.columns
    assert any("note" in note for note in history.quality.notes)


def test_values_that_cannot_be_read_are_counted_and_missing(csv: Write) -> None:
    history = load_history(csv(HEAD + GOOD + "x,2024-03-04 11:00:00,voice,soon,1,5\n"), salt="s")
    assert pd.isna(history.materialize()["wait_s"].iloc[-1])
    assert any("wait_s: 1 values such as 'soon'" in text for text in history.quality.warnings)


def test_abandoned_contacts_have_no_handle_time(load: Callable) -> None:
    rows = [
        {"started_at": "2024-03-04 09:00", "channel": "voice", "abandoned": True, "handle_s": 0.0, "wait_s": 9.0},
        {"started_at": "2024-03-04 09:01", "channel": "voice", "abandoned": False, "handle_s": 0.0, "wait_s": 9.0},
    ]
    assert load(rows).materialize()["handle_s"].isna().tolist() == [True, False]


def test_few_rows_in_the_future_are_quarantined_many_are_kept_with_a_warning(load: Callable) -> None:
    now = pd.Timestamp.now()
    rows = [{"started_at": now - pd.Timedelta(days=k + 2), "channel": "voice"} for k in range(150)]
    history = load([*rows, {"started_at": now + pd.Timedelta(days=9), "channel": "voice"}])
    assert history.quarantine["problem"].tolist() == ["started_at lies in the future"]
    late = [{"started_at": now + pd.Timedelta(days=k + 2), "channel": "voice"} for k in range(10)]
    history = load(late)
    assert history.quality.rows_kept == 10
    assert any("in the future" in text for text in history.quality.warnings)


def test_a_duckdb_database_is_read_with_its_staffing(tmp_path: Path) -> None:
    path = tmp_path / "center.duckdb"
    with duckdb.connect(str(path)) as base:
        base.execute(
            "create table contacts as select 'a' contact_id, timestamp '2024-03-04 09:00' started_at, 'v' channel"
        )
        base.execute(
            "create table staffing as select timestamp '2024-03-04 09:00' interval_start, 'p' pool, "
            "10 scheduled, 7 on_task"
        )
    history = load_history(path, salt="s")
    assert history.quality.rows_kept == 1
    assert history.staffing is not None
    assert history.staffing.execute()["on_task"].tolist() == [7.0]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.parquet").endswith(
        "none.parquet: error: no such file; check the name, or the folder you are in"
    )


def test_an_empty_file_is_refused(csv: Write) -> None:
    assert "the file is empty" in refused(csv(""))
    assert "column names but no rows" in refused(csv(HEAD))


def test_a_file_that_is_not_what_its_name_says_is_refused(csv: Write, tmp_path: Path) -> None:
    assert "the name says Parquet, but the content is text (CSV)" in refused(csv(HEAD + GOOD, "contacts.parquet"))
    disguised = tmp_path / "disguised.csv"
    pd.DataFrame({"contact_id": ["a"]}).to_parquet(disguised)
    assert "the name says CSV, but the content is Parquet" in refused(disguised)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1" + b"x" * 100)
    assert "cannot be read" in refused(broken)


def test_all_missing_required_columns_are_named_with_a_hint(csv: Write) -> None:
    text = refused(csv("call_id,start_time,queue\n1,2024-03-04 09:00,x\n"))
    assert "contact_id: required column is missing (did you mean call_id?)" in text
    assert "started_at: required column is missing (did you mean start_time?)" in text
    assert "`constants: {channel: voice}`; the file has call_id, start_time, queue" in text
    assert len(text.splitlines()) == 3


def test_stamps_written_otherwise_are_refused_with_the_format_they_have(csv: Write) -> None:
    for stamp, form in (("31.12.2024 09:00:10", "%d.%m.%Y %H:%M:%S"), ("31.12.2024 09:00", "%d.%m.%Y %H:%M")):
        assert f'format: "{form}"' in refused(csv(f"contact_id,started_at,channel\na,{stamp},voice\n"))


def test_semicolons_and_decimal_commas_are_refused_with_the_exact_hint(csv: Write) -> None:
    text = refused(csv("contact_id;started_at;channel\na;2024-03-04 09:00;voice\n"))
    assert 'declare `csv: {delimiter: ";", decimal: ","}` in a mapping file' in text
    text = refused(
        csv('contact_id,started_at,channel,wait_s\na,2024-03-04 09:00,voice,3\nb,2024-03-04 09:00,voice,"12,5"\n')
    )
    assert "contacts.csv:3: error: wait_s: 1 decimal commas" in text
    assert 'decimal: ","' in text


def test_more_than_half_bad_rows_are_refused_with_every_problem(csv: Write) -> None:
    text = refused(
        csv(HEAD + "a,2024-03-04 09:00:00,voice,1,1,5\nb,never,voice,1,1,5\n,2024-03-04 09:00:00,voice,1,1,5\n")
    )
    assert "contact_id is missing" in text
    assert "started_at cannot be read" in text
    assert 'started_at: {from: COLUMN, format: "%d.%m.%Y %H:%M"}' in text
    assert "more than half of the rows cannot be used" in text


def test_an_aggregate_is_recognized_and_read_as_counts(csv: Write) -> None:
    rows = "interval_start,reason,channel,volume,aht_s,csat_mean,csat_n\n"
    history = load_history(csv(rows + "2024-03-04 09:00,fees,voice,3,200,4.5,2\n2024-03-04 09:30,cards,chat,2,90,,\n"))
    contacts = history.materialize()
    assert contacts["reason"].tolist() == ["fees"] * 3 + ["cards"] * 2
    assert contacts["handle_s"].tolist() == [200.0] * 3 + [90.0] * 2
    assert contacts["csat"].isna().all()
    assert any("csat_mean and csat_n are not read as answers" in note for note in history.quality.notes)


def test_staffing_with_repeated_intervals_or_missing_columns_is_refused(load: Callable) -> None:
    rows = [{"started_at": "2024-03-04 09:00", "channel": "voice"}]
    row = {"interval_start": pd.Timestamp("2024-03-04 09:00"), "pool": "p", "scheduled": 10.0, "on_task": 7.0}
    with pytest.raises(HistoryError, match="repeat a pool and interval"):
        load(rows, staffing=pd.DataFrame([row, row]))
    with pytest.raises(HistoryError, match="on_task: required column is missing"):
        load(rows, staffing=pd.DataFrame([row]).drop(columns="on_task"))


def test_unknown_time_zone_is_refused(csv: Write) -> None:
    assert "did you mean Europe/Zurich?" in refused(csv(HEAD + GOOD), timezone="Europe/Zürich")


def test_stamps_with_a_zone_but_no_declared_one_warn(csv: Write) -> None:
    text = "contact_id,started_at,channel\na,2024-03-04T09:00:00Z,voice\n"
    with pytest.warns(PlannerWarning, match="hours of the day are those of UTC"):
        history = load_history(csv(text), salt="s")
    assert history.quality.timezone == "UTC"
