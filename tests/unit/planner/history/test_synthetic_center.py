"""The simulated center against queueing theory and against rules it may never break."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planner.history.synthetic import Truth, load_truth
from planner.history.synthetic.event_heap import empty_heap, pop, push
from planner.history.synthetic.event_loop import run
from planner.history.synthetic.loop_state import ABANDONED, ARRIVAL, ESCALATES, RETURNS, SERVED, Clock, make_world
from planner.history.synthetic.simulate_center import Center, simulate_center
from planner.history.synthetic.tables import ESCALATED, FIRST, RETURNED, Tables, make_tables
from planner.history.synthetic.today import cover_with_shifts
from planner.library import scenario_library
from solvers.queueing import waiting

BANK = scenario_library() / "retail_bank_truth.yaml"


@pytest.fixture(scope="module")
def truth() -> Truth:
    bank = load_truth(BANK)
    calendar = bank.calendar.model_copy(update={"weeks": 2})
    volume = bank.volume.model_copy(update={"issues_per_week": 20_000.0, "customers": 50_000})
    return bank.model_copy(update={"calendar": calendar, "volume": volume})


@pytest.fixture(scope="module")
def center(truth: Truth) -> Center:
    return simulate_center(truth, 11)


def _one_pool(truth: Truth) -> Tables:
    """The bank's tables with exponential-like handle times of 300 s in voice, nobody back and nobody confused."""
    tables = make_tables(truth)
    return tables._replace(
        handle_s=np.full_like(tables.handle_s, 300.0),
        resolved_logit=np.full_like(tables.resolved_logit, 50.0),
        escalated_logit=np.full_like(tables.escalated_logit, -np.inf),
        redial=np.zeros_like(tables.redial),
        handle_log_sd=float(np.sqrt(np.log(2.0))),
        handle_severity=0.0,
    )


@pytest.mark.parametrize(("agents", "per_hour"), [(10, 105.0), (40, 470.0), (40, 520.0)])
def test_waits_and_abandonments_follow_erlang_a(truth: Truth, agents: int, per_hour: float) -> None:
    """Poisson arrivals, fixed agents, exponential patience: log-normal service with the CV of the exponential."""
    tables = _one_pool(truth)
    rng = np.random.default_rng(5)
    horizon_s = 3.0e6
    arrivals = np.zeros(rng.poisson(per_hour / 3600 * horizon_s), dtype=ARRIVAL)
    arrivals["time_s"] = np.sort(rng.random(len(arrivals))) * horizon_s
    arrivals["reason"] = list(truth.reasons).index("mortgage")
    clock = Clock(0.0, 86400.0, 1800.0, horizon_s)
    everyone = np.zeros((1, len(tables.pool_channel)), dtype=np.int64)
    everyone[0, 0] = agents
    only_core = tables._replace(pool_cum=np.ones_like(tables.pool_cum))
    world = make_world(only_core, clock, arrivals)
    run(world, np.zeros(1), everyone, rng)
    book = world.book[: world.used[0]]
    assert (book["pool"] == 0).all()
    theory = waiting(per_hour / 3600, 300.0, agents, patience_s=float(tables.patience_s[0]), answer_within_s=20.0)
    lost = book["status"] == ABANDONED
    assert (lost | (book["status"] == SERVED)).all()
    assert lost.mean() == pytest.approx(float(theory.abandon_rate), rel=0.12)
    assert book["wait_s"].mean() == pytest.approx(float(theory.asa_s), rel=0.12)
    assert (book["wait_s"] > 0).mean() == pytest.approx(float(theory.p_wait), rel=0.08)
    # Waiting lost to patience, exactly: λ·P(abandon) = θ·E[Q].
    assert lost.mean() == pytest.approx(book["wait_s"].mean() / tables.patience_s[0], rel=0.05)


def test_contacts_of_a_pool_are_served_in_order_of_arrival(center: Center) -> None:
    book = center.book
    for pool in np.flatnonzero(~center.tables.automated):
        rows = book[(book.pool == pool) & (book.status == SERVED)]
        order = np.argsort(rows.arrival_s, kind="stable")
        starts = (rows.arrival_s + rows.wait_s)[order]
        assert (np.diff(starts) >= -1e-6).all()


def test_nobody_is_served_without_a_free_agent(center: Center) -> None:
    """Service begins only while fewer contacts are in service than agents stand there (voice: one at a time)."""
    book = center.book
    times, agents = center.staffing.changes(center.clock)
    rows = book[(book.pool == 0) & (book.status == SERVED)]
    starts = rows.arrival_s + rows.wait_s
    ends = np.sort(starts + rows.handle_s)
    starts = np.sort(starts)
    busy_after = np.arange(1, len(starts) + 1) - np.searchsorted(ends, starts, side="right")
    on_task = agents[np.searchsorted(times, starts, side="right") - 1, 0]
    assert (busy_after <= on_task).all()


def test_every_contact_ends_and_every_handover_has_a_parent(center: Center) -> None:
    book = center.book
    assert np.isin(book.status, [SERVED, ABANDONED]).all()
    child = np.flatnonzero(book.parent >= 0)
    assert (book.stage[child] == ESCALATED).all()
    assert (book.outcome[book.parent[child]] == ESCALATES).all()
    assert (book.issue[book.parent[child]] == book.issue[child]).all()
    assert (book.parent[book.stage == FIRST] == -1).all()
    assert (book.outcome[book.status == ABANDONED] == 0).all()


def test_the_number_of_contacts_adds_up(center: Center) -> None:
    """Contacts = issues + escalations + returns + redials, up to what falls behind the end."""
    book = center.book
    began = len(center.issues.time_s)
    assert (book.attempt == 1).sum() >= began
    later = ((book.outcome == ESCALATES) | (book.outcome == RETURNS)).sum()
    behind_the_end = later - (book.attempt > 1).sum() + _redials_of_later(center)
    # Of three weeks, returns come after 2.7 days on average: about an eighth falls behind the end.
    assert 0.08 * later <= behind_the_end <= 0.17 * later
    assert (book.attempt[book.stage == RETURNED] >= 2).all()


def _redials_of_later(center: Center) -> int:
    book = center.book
    pairs = book[book.attempt > 1]
    return len(pairs) - len(np.unique(np.stack([pairs.issue, pairs.attempt]), axis=1).T)


def test_the_center_opens_and_closes(truth: Truth, center: Center) -> None:
    second = center.book.arrival_s % 86400
    assert second.min() >= truth.calendar.opens * 60
    late = center.book.stage != ESCALATED
    assert second[late].max() < truth.calendar.closes * 60


def test_a_second_seed_is_another_world(truth: Truth, center: Center) -> None:
    other = simulate_center(truth, 12)
    assert len(other.book) != len(center.book)
    assert len(other.book) == pytest.approx(len(center.book), rel=0.05)


def test_the_heap_returns_events_in_order() -> None:
    rng = np.random.default_rng(3)
    heap = empty_heap(600)
    times = np.round(rng.random(500), 2)
    for code, time_s in enumerate(times):
        push(heap, time_s, code)
    taken = [pop(heap) for _ in range(500)]
    assert taken == sorted(zip(times, range(500), strict=True))
    assert heap.size[0] == 0


def test_a_full_heap_says_so() -> None:
    heap = empty_heap(1)
    push(heap, 1.0, 0)
    with pytest.raises(ValueError, match="more events"):
        push(heap, 2.0, 1)


def test_shifts_are_laid_over_the_need() -> None:
    need = np.concatenate([np.full(8, 10.0), np.full(12, 20.0), np.full(8, 5.0)])
    present = cover_with_shifts(need, 30)
    assert (present > 0).all()
    assert np.abs(present - need).mean() < 2.0
    assert (cover_with_shifts(np.zeros(28), 30) == 0).all()


def test_truth_files_are_found_beside_the_package() -> None:
    assert isinstance(scenario_library(), Path)
    assert BANK.is_file()
