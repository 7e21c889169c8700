"""Addresses of databases, and what is said where one cannot be read; no server is needed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from planner.errors import HistoryError, ScenarioError
from planner.history import load_history
from planner.history.database import connect_database, database_of
from planner.scenario import load_scenario

FULL = "postgresql://ana:p%40ss%2Fw@db.example.com:6543/shop?table=crm.contacts&staffing=crm.stood&sslmode=require"


def test_an_address_is_read_in_full() -> None:
    found = database_of(FULL)
    assert found is not None
    assert found.settings == {
        "host": "db.example.com",
        "port": "6543",
        "user": "ana",
        "password": "p@ss/w",
        "dbname": "shop",
        "sslmode": "require",
    }
    assert (found.table, found.staffing, found.shown) == ("crm.contacts", "crm.stood", "db.example.com/shop")


def test_a_path_made_of_an_address_is_the_same_address() -> None:
    assert database_of(Path(FULL)) == database_of(FULL)


def test_what_is_left_out_is_left_to_the_server_and_the_environment() -> None:
    found = database_of("postgres:///shop?host=/run/postgresql")
    assert found is not None
    assert found.settings == {"host": "/run/postgresql", "dbname": "shop"}
    assert (found.table, found.staffing, found.shown) == (None, None, "localhost/shop")


@pytest.mark.parametrize("path", ["contacts.parquet", "data/postgresql.csv", "postgresql", Path("postgres/x.db")])
def test_paths_of_files_are_no_addresses(path: str | Path) -> None:
    assert database_of(path) is None


@pytest.mark.parametrize("address", ["postgresql://ana:p%40ss@host", "postgresql://ana:p%40ss@host:no/shop"])
def test_half_an_address_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(HistoryError, match=r"write postgresql://user@host:5432/database\?table=") as caught:
        database_of(address)
    assert "ss@" not in str(caught.value)


def test_the_password_is_not_in_what_is_shown() -> None:
    assert "p@ss" not in repr(database_of(FULL))


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "planner.history.engines.postgres_connection", raising=False)
    monkeypatch.delitem(sys.modules, "ibis.backends.postgres", raising=False)
    with pytest.raises(HistoryError, match=r"pip install 'cxfrontier\[warehouse\]'") as caught:
        load_history(FULL)
    assert "p@ss" not in str(caught.value)


def test_nobody_listens() -> None:
    pytest.importorskip("psycopg", exc_type=ImportError)
    found = database_of("postgresql://ana:s3cret@127.0.0.1:1/shop")
    assert found is not None
    with pytest.raises(HistoryError, match="no connection") as caught:
        connect_database(found)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_scenario_names_files_and_never_shows_an_address(tmp_path: Path) -> None:
    source = Path(__file__).parents[4] / "scenarios/minimal.yaml"
    child = tmp_path / "child.yaml"
    child.write_text(f"extends: {source}\nhistory: {{contacts: '{FULL}'}}\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="planner estimate") as caught:
        load_scenario(child)
    assert "p%40ss" not in str(caught.value)
