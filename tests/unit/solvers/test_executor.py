"""Work is done in order, here or elsewhere."""

import math
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from solvers.executor import local_executor, map_in_order


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
