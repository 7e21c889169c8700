"""The same history in PostgreSQL and in a file: equal counts, equal sums, equal estimates; nothing stays behind."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
import planner.history.cells as cells_module
from planner.errors import HistoryError
from planner.experience.estimated import fit_all
from planner.experience.evidence import gather
from planner.history import (
    History,
    contact_cells,
    first_contact_volumes,
    load_history,
    patience,
    redial_shares,
    return_destinations,
    routing_shares,
    stitch_issues,
    weekly_service,
)
from planner.history.before import history_with_covariates
from planner.history.follow_up import follow_up_counts
from planner.history.halves import customer_halves
from planner.history.issue_steps import issue_lengths, issue_steps
from planner.history.links import linked_reasons
from planner.history.return_times import first_contact_codes, return_counts
from planner.history.rows import contact_rows
from planner.history.surveys import kept_log, survey_log
from planner.history.volumes import escalation_destinations, link_counts, linked_returns, reason_confusion

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from warehouse import PASSWORD, Server, binaries, hard_history, put_table, running_server, statements  # noqa: E402

pytest.importorskip(
    "psycopg",
    exc_type=ImportError,
    reason="the driver of PostgreSQL is not installed: pip install 'cxfrontier[warehouse]'",
)

CONTACTS = 8_000
WINDOW = 7.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = binaries()
    if folder is None:
        pytest.skip("there is no PostgreSQL server on this machine: apt-get install postgresql")
    with running_server(folder) as found:
        yield found


def opened(server: Server, folder: Path, frame: pd.DataFrame, table: str) -> tuple[History, History]:
    """The same rows from a Parquet file, and, in another order, from a table."""
    put_table(server, frame.sample(frac=1.0, random_state=3), table)
    frame.to_parquet(folder / "contacts.parquet", index=False)
    file = load_history(folder / "contacts.parquet", salt="pepper")
    return file, load_history(server.address(table=table), salt="pepper")


@pytest.fixture(scope="module", params=[False, True], ids=["customers", "known-ids"])
def both(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> tuple[History, History]:
    frame = hard_history(CONTACTS, known_ids=request.param)
    statements(server, "CREATE SCHEMA IF NOT EXISTS crm")
    return opened(server, tmp_path_factory.mktemp("file"), frame, f"crm.Contacts {request.param}")


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    assert len(one) > 0
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_quality_and_quarantine_are_equal(both: tuple[History, History]) -> None:
    one, other = (history.quality.to_dict() for history in both)
    assert other.pop("source").startswith("crm.Contacts")
    assert one.pop("source") == "contacts.parquet"
    assert {name: str(value) for name, value in one.items()} == {name: str(value) for name, value in other.items()}
    same(*(history.quarantine for history in both))
    assert both[0].quality.rows_quarantined == 40


def test_rows_and_stitched_columns_are_equal(both: tuple[History, History]) -> None:
    same(*(history.materialize() for history in both))
    for days in (WINDOW, 14.0):
        stitched = [stitch_issues(history, days).drop("person_key").order_by("row_id").execute() for history in both]
        same(*stitched)
        assert set(stitched[0]["stage"]) >= {"first", "redialed", "returned"}


@pytest.mark.parametrize(
    ("outcome", "covariates"),
    [("csat", ()), ("csat", ("severity", "tenure")), ("fcr", ("severity", "tenure", "value"))],
)
def test_cells_are_equal_to_the_last_bit(
    both: tuple[History, History], outcome: str, covariates: tuple[str, ...]
) -> None:
    one, other = (contact_cells(h, outcome=outcome, covariates=covariates, window_days=WINDOW) for h in both)
    same(one.frame, other.frame)
    same(one.waits, other.waits)
    same(one.weeks, other.weeks)
    assert one.hour_cuts == other.hour_cuts
    assert one.wait_cuts == other.wait_cuts
    assert one.covariate_cuts == other.covariate_cuts
    assert one.frame["cnt"].sum() == both[0].quality.rows_kept


def counted(history: History) -> dict[str, pd.DataFrame]:
    log = survey_log(history, outcome="csat", window_days=WINDOW)
    first, _ = customer_halves(history, window_days=WINDOW, seed=3)
    extended = history_with_covariates(history, WINDOW).contacts
    return {
        "volumes": first_contact_volumes(history, window_days=WINDOW),
        "patience": patience(history),
        "redials": redial_shares(history),
        "returns": return_destinations(history),
        "escalations": escalation_destinations(history),
        "confusion": reason_confusion(history),
        "links": link_counts(history),
        "linked": linked_returns(history),
        "reasons": linked_reasons(history, WINDOW).assign(there=1),
        "times": return_counts(history, window_days=WINDOW),
        "codes": first_contact_codes(history, window_days=WINDOW),
        "steps": issue_steps(history, silence_days=14.0, outcome="csat", gave_up_dispositions=["n/a"]),
        "lengths": issue_lengths(history, silence_days=7.0),
        "follow_up": follow_up_counts(history, window_days=WINDOW),
        "surveys": log.sums(["period", "channel"]),
        "drivers": log.pair_sums("wait", ["gap_bin", "recent_answers"]),
        "rows": contact_rows(history, outcome="csat", covariates=(), window_days=WINDOW, at_most=1000, seed=1).frame,
        "half": first.contacts.order_by("row_id").select("row_id", "contact_id").execute(),
        "before": extended.order_by("row_id").drop("person_key").execute(),
        "routing": routing_shares(history),
        "service": weekly_service(history),
    }


def test_all_other_counts_are_equal(both: tuple[History, History]) -> None:
    one, other = (counted(history) for history in both)
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name], check_exact=True, obj=name)


KEYS = ["entry_reason", "reason", "channel", "segment", "pool", "disposition", "stage", "later_kind"]
FLAGS = ["abandoned", "anonymous", "censored"]


def exactly(values: pd.Series) -> float:
    """Sum of millionths as whole Python numbers, each rounded half away from zero."""
    scaled = values.dropna().to_numpy() * 1e6
    whole = np.trunc(scaled)
    whole += np.sign(scaled) * (np.abs(scaled - whole) >= 0.5)
    return sum(int(number) for number in whole) / 10**6


def recounted(rows: pd.DataFrame, wait_cuts: dict[str, tuple[float, ...]]) -> pd.DataFrame:
    """The cells of csat, once more and row by row, from stitched rows."""
    rows = rows.assign(later_kind=rows["later_kind"].fillna("none"), abandoned=rows["abandoned"].eq(True))
    rows["wait_band"] = [
        -1 if pd.isna(wait) else sum(wait > cut for cut in wait_cuts[channel])
        for wait, channel in zip(rows["wait_s"], rows["channel"], strict=True)
    ]
    rows["square"], rows["handle2"] = rows["csat"] ** 2, rows["handle_s"] ** 2
    found = []
    for keys, part in rows.groupby([*KEYS, *FLAGS, "wait_band"], dropna=False):
        sums = [len(part), part["csat"].count(), exactly(part["csat"]), exactly(part["square"])]
        sums += [part["wait_s"].count(), exactly(part["wait_s"])]
        sums += [part["handle_s"].count(), exactly(part["handle_s"]), exactly(part["handle2"])]
        found.append([*(None if isinstance(key, float) and np.isnan(key) else key for key in keys), *sums])
    names = ["cnt", "ans", "s1", "s2", "n_wait", "sum_wait_s", "n_handle", "sum_handle_s", "sum_handle2"]
    return pd.DataFrame(found, columns=[*KEYS, *FLAGS, "wait_band", *names])


def test_cells_are_what_rows_add_up_to(both: tuple[History, History]) -> None:
    cells = contact_cells(both[1], outcome="csat", window_days=WINDOW)
    rows = stitch_issues(both[0], WINDOW).order_by("row_id").execute().sample(frac=1.0, random_state=5)
    by = [*KEYS, *FLAGS, "wait_band"]
    own = recounted(rows, cells.wait_cuts)
    own = own.sort_values(by, ignore_index=True, key=_text).astype({name: bool for name in FLAGS})
    theirs = cells.frame.sort_values(by, ignore_index=True, key=_text)[own.columns]
    theirs = theirs.astype({name: own[name].dtype for name in KEYS})
    pd.testing.assert_frame_equal(own, theirs, check_exact=True, check_dtype=False)


def _text(column: pd.Series) -> pd.Series:
    return column.astype(str) if column.dtype == object else column


def test_nothing_stays_in_the_database(both: tuple[History, History], server: Server) -> None:
    contact_cells(both[1], outcome="csat", window_days=WINDOW)
    permanent = (
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'v', 'm')"
    )
    types = "SELECT count(*) FROM pg_type WHERE typtype = 'e'"
    found, enumerated = statements(server, permanent, types)
    assert all(str(name).startswith("Contacts ") for schema, name in found if schema == "crm")
    assert {schema for schema, _ in found} <= {"crm", "public"}
    assert enumerated == [(0,)]


def test_tables_of_the_user_with_names_of_ours_are_left_alone(server: Server) -> None:
    frame = hard_history(600, seed=4)
    put_table(server, frame, "contacts")
    ours = (
        "staged",
        "faulty",
        "near",
        "narrow",
        "pairs",
        "pair_counts",
        "paired",
        "stitched_7",
        "linked_7",
        "halves_3",
        "survey_log",
    )
    statements(server, *(f"CREATE TABLE {name} (x int); INSERT INTO {name} VALUES (7)" for name in ours))
    try:
        history = load_history(server.address(), salt="pepper")
        assert contact_cells(history, outcome="csat").frame["cnt"].sum() == history.quality.rows_kept
        customer_halves(history, window_days=WINDOW, seed=3)
        with kept_log(history, outcome="csat", window_days=WINDOW) as log:
            assert log.sums(["channel"])["contacts"].sum() > 0
        assert statements(server, *(f"SELECT x FROM {name}" for name in ours)) == [[(7,)]] * len(ours)
    finally:
        statements(server, *(f"DROP TABLE {name}" for name in ours))


@pytest.mark.slow
def test_estimates_are_equal(server: Server, tmp_path: Path) -> None:
    histories = opened(server, tmp_path, hard_history(4_000, seed=2), "estimated")
    one, other = (planner.estimate(history, outcome="csat", covariates=("severity",)) for history in histories)
    tables = [name for name, value in vars(one).items() if isinstance(value, pd.DataFrame)]
    assert len(tables) > 3
    for name in tables:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-9, obj=name)


@pytest.mark.slow
def test_split_added_and_shuffled_cells_give_identical_estimates(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the customers counted in the file, the other half in the database, with the cut points of all."""
    file, table = opened(server, tmp_path, hard_history(4_000, seed=2), "estimated")
    whole = contact_cells(file, outcome="csat", window_days=WINDOW)
    bands = cells_module.find_bands(file.contacts, file.quality.rows_kept, ())
    monkeypatch.setattr(cells_module, "find_bands", lambda *_: bands)
    halves = [customer_halves(history, window_days=WINDOW, seed=3)[k] for k, history in enumerate((file, table))]
    counted = [contact_cells(half, outcome="csat", window_days=WINDOW) for half in halves]
    assert min(part.frame["cnt"].sum() for part in counted) > 1_500
    frames = {}
    for name in ("frame", "waits"):
        parts = pd.concat([getattr(part, name) for part in counted]).sample(frac=1.0, random_state=1)
        expected = getattr(whole, name)
        keys = list(expected.columns[: list(expected.columns).index("cnt")])
        added = parts.groupby(keys, dropna=False, as_index=False, sort=False).sum().round(6)
        frames[name] = added.astype(object).where(
            added[keys].notna().reindex(columns=added.columns, fill_value=True), None
        )
        frames[name] = frames[name].astype({column: kind for column, kind in expected.dtypes.items()})
        order = frames[name].sort_values(keys, key=_text, ignore_index=True)
        pd.testing.assert_frame_equal(order, expected.round(6).sort_values(keys, key=_text, ignore_index=True))
    exact = replace(whole, frame=whole.frame.round(6), waits=whole.waits.round(6))
    one, other = (
        fit_all(gather(cells, None, (1.0, 5.0)).cells, higher_is_better=True, seed=0)
        for cells in (exact, replace(whole, **frames))
    )
    for kind in ("total", "final", "back"):
        for name, value in vars(getattr(one, kind)).items():
            if isinstance(value, pd.DataFrame):
                pd.testing.assert_frame_equal(value, getattr(getattr(other, kind), name), check_exact=True)
            elif isinstance(value, np.ndarray):
                np.testing.assert_array_equal(value, getattr(getattr(other, kind), name))


def test_stamps_numbers_and_flags_written_as_text(server: Server, tmp_path: Path) -> None:
    """A table of text alone reads as the same CSV file does."""
    rows = pd.DataFrame(
        {
            "id": [f"t{k}" for k in range(14)],
            "at": ["03/02/2025 09:00:01", "3/2/2025 9:5:7", "29/02/2024 10:00:00", "31/12/2024 23:59:59",
                   "28/02/2025 00:00:00", "01/01/2025 12:00:00", "02/01/2025 12:00:00", "29/02/2025 10:00:00",
                   "never", "31/04/2025 10:00:00", "03/01/2025 12:00:00", "04/01/2025 12:00:00",
                   "05/01/2025 12:00:00", "06/01/2025 12:00:00"],
            "channel": ["voice", " chat "] * 7,
            "wait": ["1.5", "2e1", "", "n/a", "+7", ".5", "7.", "1e", "--1", "0", "12", "13", "1 2", "1e999"],
            "talk": ["1:30", "01:02:03", "90", "", "x:1", "2:00", "0:05", "1:1", "", "1:00", "3:00", "1:00:00",
                     "2:2", "0:1"],
            "lost": ["yes", "No", "t", "F", "1", "0", "", "maybe", "TRUE", "n", "y", "no", "no", "no"],
        }
    )  # fmt: skip
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        "columns:\n  contact_id: id\n  started_at: {from: at, format: '%d/%m/%Y %H:%M:%S'}\n  channel: channel\n"
        "  wait_s: wait\n  handle_s: {from: talk, unit: 'HH:MM:SS'}\n  abandoned: lost\n",
        encoding="utf-8",
    )
    rows.to_csv(tmp_path / "rows.csv", index=False)
    put_table(server, rows.replace("", None), "written")
    one = load_history(tmp_path / "rows.csv", mapping, salt="pepper")
    other = load_history(server.address(table="written"), mapping, salt="pepper")
    columns = ["contact_id", "started_at", "channel", "wait_s", "handle_s", "abandoned"]
    first, second = (
        history.contacts.select(columns).execute().sort_values("contact_id", ignore_index=True)
        for history in (one, other)
    )
    pd.testing.assert_frame_equal(first, second, check_dtype=False)
    same(one.quarantine[["problem", "rows"]], other.quarantine[["problem", "rows"]])
    assert list(one.quarantine["rows"]) == [3]


def test_instants_become_clock_times_of_the_center(server: Server, tmp_path: Path) -> None:
    """Around both changes of the clock, from instants of the database and from those of a file."""
    moments = pd.date_range("2025-03-29 22:00", periods=30, freq="15min", tz="UTC").append(
        pd.date_range("2025-10-25 22:00", periods=30, freq="15min", tz="UTC")
    )
    frame = pd.DataFrame({"contact_id": [f"c{k:02d}" for k in range(60)], "started_at": moments, "channel": "voice"})
    frame.to_parquet(tmp_path / "rows.parquet", index=False)
    values = ", ".join(f"('{row.contact_id}', '{row.started_at}', 'voice')" for row in frame.itertuples())
    statements(
        server,
        "CREATE TYPE kind AS ENUM ('voice', 'chat')",
        "CREATE TABLE moments (contact_id varchar(9), started_at timestamptz, channel kind, notes jsonb)",
        f"INSERT INTO moments (contact_id, started_at, channel) VALUES {values}",
    )
    try:
        one = load_history(tmp_path / "rows.parquet", timezone="Europe/Zurich", salt="x")
        other = load_history(server.address(table="public.moments"), timezone="Europe/Zurich", salt="x")
        same(one.materialize(), other.materialize())
        text = "columns: {contact_id: contact_id, channel: channel, started_at: clock}\ntimezone: Europe/Zurich\n"
        (tmp_path / "mapping.yaml").write_text(text, encoding="utf-8")
        frame["clock"] = pd.date_range("2025-03-30 00:00", periods=30, freq="15min").append(
            pd.date_range("2025-10-26 00:00", periods=30, freq="15min")
        )
        frame.to_parquet(tmp_path / "clocks.parquet", index=False)
        put_table(server, frame.drop(columns="started_at").astype({"clock": "datetime64[us]"}), "clocks")
        options = {"mapping": tmp_path / "mapping.yaml", "timezone": "America/New_York", "salt": "x"}
        one = load_history(tmp_path / "clocks.parquet", **options)
        other = load_history(server.address(table="clocks"), **options)
        same(one.materialize(), other.materialize())
    finally:
        statements(server, "DROP TABLE moments", "DROP TYPE kind")


def test_staffing_beside_the_contacts(server: Server, tmp_path: Path) -> None:
    put_table(server, hard_history(600, seed=4), "contacts")
    stamps = pd.date_range("2025-01-06 08:00", periods=4, freq="30min").astype("datetime64[us]")
    stood = pd.DataFrame(
        {"interval_start": stamps, "pool": "phone", "scheduled": [4.0, 5, 5, 4], "on_task": [3.0, 4, 5, 3]}
    )
    put_table(server, stood, "stood")
    stood.to_parquet(tmp_path / "stood.parquet", index=False)
    named = load_history(server.address() + "&staffing=stood", salt="x")
    given = load_history(server.address(), staffing=tmp_path / "stood.parquet", salt="x")
    assert named.staffing is not None
    assert given.staffing is not None
    order = ["interval_start", "pool"]
    same(named.staffing.order_by(order).execute(), given.staffing.order_by(order).execute())
    assert load_history(server.address(), salt="x").staffing is None


def test_refusals_say_what_to_do_and_never_the_password(server: Server) -> None:
    put_table(server, hard_history(600, seed=4), "contacts")
    statements(
        server,
        "DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        "REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC",
        "GRANT SELECT ON contacts TO reader",
        "DO $$ BEGIN CREATE ROLE stranger LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        "GRANT TEMPORARY ON DATABASE postgres TO stranger",
        "CREATE TABLE IF NOT EXISTS empty (contact_id text)",
    )
    escaped = "s3cret%26%25x"
    cases = {
        server.address("reader", password=escaped): "GRANT TEMPORARY",
        server.address("nobody", password=escaped): "no connection",
        server.address(table="contcts", password=escaped): "did you mean",
        server.address(table="empty", password=escaped): "no rows",
        server.address("stranger", table="empty", password=escaped): "permission denied for table empty",
        server.address(password=escaped) + "&color=red": "no connection .*color",
        f"postgresql://owner:{escaped}@127.0.0.1:1/postgres": "no connection",
        f"postgresql://owner:{escaped}@127.0.0.1:port/x": "no address",
        f"postgresql://owner:{escaped}@127.0.0.1": "no address",
    }
    try:
        for address, words in cases.items():
            with pytest.raises(HistoryError, match=words) as caught:
                load_history(address, salt="x")
            assert PASSWORD not in str(caught.value)
            assert escaped not in str(caught.value)
        with warnings.catch_warnings(record=True) as heard:
            history = load_history(server.address(password=escaped), salt="x")
        shown = [
            repr(history),
            str(history.quality.to_dict()),
            *history.quality.lines(),
            *(str(w.message) for w in heard),
        ]
        assert not [text for text in shown if "s3cret" in text]
    finally:
        statements(server, "GRANT TEMPORARY ON DATABASE postgres TO PUBLIC")
