"""Work is done in order, here or elsewhere."""

import math
import os
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from planner.errors import HistoryError, Issue
from solvers.executor import local_executor, map_in_order, run_apart

ROOT = Path(__file__).resolve().parents[3]


def slower_first(number):
    time.sleep(0.05 if number == 0 else 0)
    return number


def test_order_is_that_of_the_items():
    assert map_in_order(slower_first, range(4)) == [0, 1, 2, 3]
    with ThreadPoolExecutor(4) as executor:
        assert map_in_order(slower_first, iter(range(4)), executor) == [0, 1, 2, 3]


def test_one_worker_stays_here():
    assert local_executor(1) is None
    with pytest.raises(ValueError, match="workers = 0 — must be at least 1"):
        local_executor(0)


def test_processes_give_the_same():
    executor = local_executor(2)
    assert executor is not None
    with executor:
        assert map_in_order(math.factorial, range(20), executor) == [math.factorial(n) for n in range(20)]


def warned(words):
    warnings.warn(words, FutureWarning, stacklevel=1)
    return os.getpid(), words


def refused(path):
    raise HistoryError([Issue("contacts.csv", 7, None, path, "is wrong")])


def test_work_apart_comes_back_with_its_warnings_and_its_process_ends():
    with pytest.warns(FutureWarning, match="said there"):
        pid, words = run_apart(warned, "said there")
    assert words == "said there"
    assert pid != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_errors_of_work_apart_are_those_of_work_here():
    with pytest.raises(HistoryError, match="contacts.csv:7") as caught:
        run_apart(refused, "csat")
    assert caught.value.issues == [Issue("contacts.csv", 7, None, "csat", "is wrong")]


KILLED = """
import os, signal, sys, threading, time
from solvers.executor import run_apart

def work(path):
    with open(path, "w") as file:
        file.write(f"{os.getpid()}\\n")
    return bytes(10**7)

def kill_here():
    while not os.path.exists(sys.argv[1]) or not open(sys.argv[1]).read().endswith("\\n"):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=kill_here, daemon=True).start()
run_apart(work, sys.argv[1])
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks the system for the state of a process")
def test_work_apart_ends_with_a_parent_that_is_killed(tmp_path):
    """Also once it is done: what it sends is more than a pipe holds, and nobody reads it."""
    told = tmp_path / "pid"
    done = subprocess.run([sys.executable, "-c", KILLED, str(told)], cwd=ROOT, timeout=60)
    assert done.returncode == -signal.SIGKILL
    child, end = int(told.read_text()), time.monotonic() + 20
    while runs(child) and time.monotonic() < end:
        time.sleep(0.1)
    assert not runs(child)


def runs(pid):
    """Tell if a process is there; one that ended and waits to be asked how is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
