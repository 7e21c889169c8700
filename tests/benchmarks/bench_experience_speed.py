"""How long rows take to become estimates, and in how much memory; writes experience_speed_<contacts>.md.

One million contacts; PLANNER_BENCH_ROWS=10000000 for ten, where only those methods run that can. Each method runs in a
process of its own, from the Parquet file to its table, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests" / "property")]

from experience_worlds import make_world  # noqa: E402

SCENARIOS = ROOT / "scenarios"
MILLION = 1_000_000
BAR_S = {MILLION: 8.0, 10 * MILLION: 15.0}
BAR_MB = {10 * MILLION: 1_500.0}
CHUNK = 1_000_000
REPEATS = 3
"""Runs of the first method; its middle one counts, with the most memory of all."""
BAR_CENTER_S = 25.0
SCALING = ("planner.estimate (all estimates)", "pandas, naive means")
"""Methods that ten million rows fit into."""

_START = """
import json, resource, sys, time
sys.path[:0] = {paths!r}
path, covariates = {path!r}, {covariates!r}
{before}
began = time.perf_counter()
{work}
wall, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({{"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss * 1024 / 1e6}}))
"""
_METHODS = {
    "planner.estimate (all estimates)": (
        "import planner\nplanner.load_history, planner.estimate",
        "history = planner.load_history(path, salt='bench')\n"
        "planner.estimate(history, outcome='csat', covariates=covariates)",
    ),
    "pandas, naive means": (
        "import pandas as pd",
        "by = ['reason', 'channel', 'segment']\n"
        "pd.read_parquet(path, columns=[*by, 'csat']).groupby(by)['csat'].agg(['mean', 'std', 'count'])",
    ),
    "numpy and scipy, regression standardization": (
        "import pandas as pd\nfrom experience_peers import regression_means",
        "frame = pd.read_parquet(path).rename(columns={'csat': 'y'})\nframe['later'] = 'unknown'\n"
        "frame['hour'] = frame['started_at'].dt.hour.astype(float)\n"
        "regression_means(frame, covariates, ('reason', 'segment'))",
    ),
    "numpy and scipy, inverse weighting": (
        "import pandas as pd\nfrom experience_peers import weighted_means",
        "frame = pd.read_parquet(path).rename(columns={'csat': 'y'})\nframe['later'] = 'unknown'\n"
        "frame['hour'] = frame['started_at'].dt.hour.astype(float)\n"
        "weighted_means(frame, covariates, ('reason', 'segment'))",
    ),
}


def _loop_s() -> float:
    """Seconds of a plain loop: how fast a processor of this machine is at the moment, whoever else uses it."""
    began, total = time.perf_counter(), 0
    for k in range(10_000_000):
        total += k
    return time.perf_counter() - began


def _write_rows(path: Path, contacts: int) -> tuple[str, ...]:
    """Write worlds of one center after another, customers of their own each."""
    writer, covariates = None, ()
    for k in range(0, contacts, CHUNK):
        world = make_world(2_000, "logit", min(CHUNK, contacts - k))
        rows, covariates = world.rows, world.covariates
        rows = rows.assign(contact_id=rows["contact_id"] + 2 * k, customer_id=rows["customer_id"] + k)
        table = pa.Table.from_pandas(rows, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()
    return covariates


def _measured(name: str, path: Path, covariates: tuple[str, ...]) -> dict[str, float]:
    before, work = _METHODS[name]
    paths = [str(ROOT), str(Path(__file__).parent)]
    script = _START.format(paths=paths, path=str(path), covariates=list(covariates), before=before, work=work)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _compared(path: Path, covariates: tuple[str, ...], contacts: int) -> pd.DataFrame:
    names = SCALING if contacts > MILLION else tuple(_METHODS)
    runs = pd.DataFrame([_measured(names[0], path, covariates) for _ in range(REPEATS)]).sort_values("wall")
    first = {"method": names[0], **runs.iloc[REPEATS // 2], "peak_mb": runs["peak_mb"].max()}
    first |= {"fastest": runs["wall"].min(), "slowest": runs["wall"].max()}
    table = pd.DataFrame([first, *({"method": name, **_measured(name, path, covariates)} for name in names[1:])])
    return table.assign(ratio=table["wall"] / table["wall"].iloc[0])


def test_experience_speed(tmp_path: Path) -> None:
    contacts = int(os.environ.get("PLANNER_BENCH_ROWS", MILLION))
    path = tmp_path / "contacts.parquet"
    covariates = _write_rows(path, contacts)
    rows = pq.read_metadata(path).num_rows
    table = _compared(path, covariates, contacts)
    text = _report(table, rows, contacts)
    print("\n" + text)
    Path(__file__).with_name(f"experience_speed_{contacts}.md").write_text(text, encoding="utf-8")
    bar = BAR_S.get(contacts)
    if bar is not None and table["wall"].iloc[0] > bar:
        pytest.fail(f"{table['wall'].iloc[0]:.1f} s, bar {bar} s")
    peak, most = table["peak_mb"].iloc[0], BAR_MB.get(contacts, float("inf"))
    if peak > most:
        pytest.fail(f"{peak:.0f} MB, bar {most:.0f} MB")


def _report(table: pd.DataFrame, rows: int, contacts: int) -> str:
    bar = f"; bar {BAR_S[contacts]:.0f} s" if contacts in BAR_S else ""
    lines = [
        "# From rows to estimates: time and memory",
        "",
        f"{rows:,} contacts in a Parquet file, {os.cpu_count()} processors{bar}; load average {os.getloadavg()[0]:.1f}",
        "(other work lengthens wall seconds most). Wall and processor seconds from the file to the table,",
        "imports left out; peak memory of the whole process; ratio of wall seconds to the first.",
        "`planner.estimate` stitches issues and returns adjusted scores, moves, wait curves, returns and the chain;",
        "the others only one table of means, and without stitching every contact counts as a first one.",
        f"Adding up ten million numbers in a plain loop takes {_loop_s():.2f} s right after.",
        f"The first is the middle of {REPEATS} runs ({table['fastest'][0]:.1f} to {table['slowest'][0]:.1f} s).",
        "",
        "| method | wall s | processor s | peak MB | ratio |",
        "|---|---|---|---|---|",
    ]
    for row in table.itertuples():
        lines.append(f"| {row.method} | {row.wall:.1f} | {row.cpu:.1f} | {row.peak_mb:.0f} | {row.ratio:.2f} |")
    return "\n".join(lines) + "\n"


_CENTER = """
import sys, time
from planner.experience import model_for
from planner.history.scenario_history import history_of
from planner.scenario import load_scenario
scenario = load_scenario(sys.argv[1])
history = history_of(scenario)
start = time.process_time()
model_for(scenario, history)
print(time.process_time() - start)
"""


def test_reference_center_speed() -> None:
    """Eight weeks of the reference center, about 700,000 contacts: processor seconds of one linear-algebra thread."""
    one = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-c", _CENTER, str(SCENARIOS / "retail_bank.yaml")]
    done = subprocess.run(command, env=one, cwd=ROOT, capture_output=True, text=True, check=True)
    print(f"\nthe reference center: {float(done.stdout):.1f} processor seconds, bar {BAR_CENTER_S:.0f}")
    assert float(done.stdout) <= BAR_CENTER_S
