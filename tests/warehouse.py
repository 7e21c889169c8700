"""A PostgreSQL server of one test session, and a small history that is hard on a database."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

OWNER, PASSWORD = "owner", "s3cret&%x"
REASONS = (
    "billing",
    "Ärger",
    "fault'; DROP TABLE contacts; --",
    "<b>card</b>",
    'say "hi"',
    "zeta",
    "Zeta",
    "100%s",
    "列",
)
CHANNELS = ("voice", "chat", "E-Mail")
_KINDS = {
    "object": "text",
    "str": "text",
    "float64": "double precision",
    "bool": "boolean",
    "boolean": "boolean",
    "int64": "bigint",
    "datetime64[us]": "timestamp",
    "datetime64[ns]": "timestamp",
}


def binaries() -> Path | None:
    """Folder of the newest server on this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    own = shutil.which("initdb")
    return found[-1].parent if found else Path(own).parent if own else None


@dataclass(frozen=True)
class Server:
    """A running server: its port, and the folder of its socket."""

    port: int
    folder: Path

    def address(self, user: str = OWNER, *, table: str = "contacts", password: str = "") -> str:
        """Address of a table in it."""
        who = f"{user}:{password}" if password else user
        return f"postgresql://{who}@127.0.0.1:{self.port}/postgres?table={table}"


@contextlib.contextmanager
def running_server(bin_folder: Path) -> Iterator[Server]:
    """Start a server on the loopback in a folder of its own, and stop it; as `postgres` where root may not."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=120)

    data, log = str(folder / "data"), str(folder / "log")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c lc_messages=C"
    try:
        run(
            str(bin_folder / "initdb"), "-D", data, "-A", "trust", "-U", OWNER, "--no-sync", "-E", "UTF8", "--no-locale"
        )
        run(str(bin_folder / "pg_ctl"), "-D", data, "-w", "-l", log, "-o", options, "start")
        yield Server(port, folder)
    finally:
        with contextlib.suppress(subprocess.SubprocessError):
            run(str(bin_folder / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def put_table(server: Server, frame: pd.DataFrame, table: str) -> None:
    """Write a frame as a permanent table of the user, in the order of its rows."""

    columns = ", ".join(f'"{name}" {_KINDS[str(kind)]}' for name, kind in frame.dtypes.items())
    name = ".".join(f'"{part}"' for part in table.split("."))
    rows = frame.astype(object).where(frame.notna(), None)
    with _session(server) as session:
        session.execute(f"DROP TABLE IF EXISTS {name}")
        session.execute(f"CREATE TABLE {name} ({columns})")
        with session.cursor().copy(f"COPY {name} FROM STDIN") as copy:
            for row in rows.itertuples(index=False, name=None):
                copy.write_row(row)
        session.execute(f"ANALYZE {name}")


def _session(server: Server):  # type: ignore[no-untyped-def]  # psycopg is optional
    import psycopg

    return psycopg.connect(host="127.0.0.1", port=server.port, user=OWNER, dbname="postgres", autocommit=True)


def statements(server: Server, *queries: str) -> list[list[tuple[object, ...]]]:
    """Run SQL as the owner; rows of each query that has any."""
    with _session(server) as session:
        found = []
        for query in queries:
            cursor = session.execute(query)
            found.append(cursor.fetchall() if cursor.description else [])
        return found


def hard_history(contacts: int = 20_000, seed: int = 1, *, known_ids: bool = False) -> pd.DataFrame:
    """Contacts of a sixth as many customers: gaps in every column, abandoned, handed over, returning, a few faulty."""
    rng = np.random.default_rng(seed)
    n = contacts
    reason = rng.choice(np.array(REASONS, dtype=object), n, p=np.array([6, 5, 4, 4, 3, 2, 2, 1, 1]) / 28)
    entry = np.where(rng.random(n) < 0.8, reason, rng.choice(np.array(REASONS, dtype=object), n))
    channel = rng.choice(np.array(CHANNELS, dtype=object), n, p=[0.6, 0.3, 0.1])
    customer = rng.integers(0, n // 6, n)
    second = np.sort(rng.integers(0, 120 * 86_400, n))
    abandoned = rng.random(n) < 0.1
    frame = pd.DataFrame({"customer_id": [f"k{k}" for k in customer], "entry_reason": entry, "reason": reason})
    # Some follow the contact before within minutes or days.
    follow = rng.random(n) < 0.25
    source = rng.integers(0, n, n)
    frame.loc[follow, ["customer_id", "reason"]] = frame.loc[source[follow], ["customer_id", "reason"]].to_numpy()
    second[follow] = second[source[follow]] + rng.integers(60, 9 * 86_400, int(follow.sum()))
    frame["started_at"] = pd.Timestamp("2025-01-06") + pd.to_timedelta(
        second * 1_000_000 + rng.integers(0, 2, n) * 250_000, "us"
    )
    frame["channel"] = channel
    frame["segment"] = np.where(rng.random(n) < 0.3, "gold", "std")
    frame["pool"] = np.where(channel == "voice", "phone", "desk")
    frame["agent_id"] = [f"a{k}" for k in rng.integers(0, 40, n)]
    frame["disposition"] = rng.choice(np.array(["done", "follow up", "n/a"], dtype=object), n)
    frame["wait_s"] = rng.exponential(60, n)
    frame["handle_s"] = np.where(abandoned, np.nan, rng.gamma(2, 200, n))
    frame["abandoned"], frame["transferred"] = abandoned, rng.random(n) < 0.08
    frame["resolved"] = pd.array(np.where(rng.random(n) < 0.7, 1, 0), dtype="Int8").astype("boolean")
    score = 3.5 + 0.4 * (channel == "voice") - 0.004 * frame["wait_s"].to_numpy() + rng.normal(0, 1, n)
    frame["csat"] = np.where(~abandoned & (rng.random(n) < 0.5), np.clip(np.round(score), 1, 5), np.nan)
    frame["nps"] = np.where(rng.random(n) < 0.2, rng.integers(0, 11, n), np.nan).astype(float)
    frame["severity"] = rng.normal(0, 1, n) + (channel == "voice")
    frame["tenure"] = rng.gamma(2, 500, n)
    for name, share in {"customer_id": 0.1, "entry_reason": 0.05, "reason": 0.1, "segment": 0.02, "wait_s": 0.05,
                        "handle_s": 0.05, "resolved": 0.3, "severity": 0.03, "pool": 0.02}.items():  # fmt: skip
        frame.loc[rng.random(n) < share, name] = pd.NA if name == "resolved" else None
    frame = frame.sort_values(["started_at", "severity"], ignore_index=True)
    frame.insert(0, "contact_id", [f"c{k:06d}" for k in range(n)])
    if known_ids:
        issue = np.array([f"i{k}" for k in rng.integers(0, n // 2, n)], dtype=object)
        frame["issue_id"] = np.where(rng.random(n) < 0.3, issue, None)
        before = np.maximum(np.arange(n) - rng.integers(1, 50, n), 0)
        named = np.where(rng.random(n) < 0.5, frame["contact_id"].to_numpy(object)[before], "voice")
        frame["escalated_from"] = np.where(rng.random(n) < 0.05, named, None)
    faulty = rng.choice(n, 40, replace=False)
    frame.loc[faulty[:20], "channel"] = None
    frame.loc[faulty[20:], "wait_s"] = -1.0
    return frame
