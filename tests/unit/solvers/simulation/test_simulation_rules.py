"""What must hold in every simulation: nobody is lost, Little's law, the same numbers for anybody who asks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.executor import local_executor
from solvers.simulation import (
    Network,
    NextContacts,
    Routes,
    SimulationResult,
    empirical,
    exponential,
    gamma,
    log_normal,
    make_network,
    simulate,
    single_queue,
)

HOUR = 3600.0


def busy_days(agents: float = 4.0) -> Network:
    """Two short days with a night: three sources, four classes, voice with overflow, chat, e-mail, a bot."""
    open_h = np.array([9.0, 10.0, 11.0, 33.0, 34.0, 35.0])
    shape = np.array([1.0, 1.0, 0.0, 1.2, 0.8, 0.0])
    following = NextContacts(
        of_class=np.array([0, 0, 1, 3, 3, 1]),
        pool=np.array([0, -1, 1, 3, 3, -1]),
        to=np.array([0, 0, 0, 0, 1, 1]),
        share=np.array([0.15, 0.5, 0.1, 0.2, 0.1, 0.3]),
        delay=np.array([5, 4, 5, -1, -1, 4]),
        placed=np.array([True, False, True, False, False, False]),
    )
    return make_network(
        interval_s=HOUR,
        starts_s=open_h * HOUR,
        cycle_s=48 * HOUR,
        arrivals=np.outer([60.0, 50.0, 10.0], shape),
        entry=[[0.7, 0.0, 0.0, 0.3], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]],
        agents=np.array([[agents], [2.5], [1.0], [np.inf]]).repeat(6, axis=1) * [1, 1, 1, 1, 0.75, 1],
        distributions=(
            exponential(220.0),
            log_normal(300.0, 1.2),
            gamma(400.0, 0.7),
            empirical([20.0, 40.0, 90.0]),
            exponential(300.0),
            exponential(9 * HOUR),
            empirical([60.0, 120.0, 400.0], [0.2, 0.3, 0.3]),
        ),
        service=[[0, -1, 2, -1], [-1, 1, -1, -1], [-1, -1, 2, -1], [-1, -1, -1, 3]],
        patience=[4, 6, -1, -1],
        routes=Routes(
            np.array([0, 1, 2, 3]),
            np.ones(4),
            np.array([[0, 2], [1, -1], [2, -1], [3, -1]]),
            np.array([[0.0, 45.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]),
        ),
        priority=np.array([[0], [0], [1], [0]]).repeat(4, axis=1),
        reserve=[[0, 0, 0, 0]] * 4,
        speed=[[1.0, np.nan, np.nan], [1.0, 1.6, 2.0], [1.0, np.nan, np.nan], [1.0, np.nan, np.nan]],
        deadline_s=[[np.inf] * 4, [np.inf] * 4, [np.inf, np.inf, 2 * HOUR, np.inf], [np.inf] * 4],
        following=following,
        comeback=np.tile(shape, (4, 1)),
    )


@pytest.fixture(scope="module")
def found() -> SimulationResult:
    return simulate(busy_days(), replications=25, seed=3, warm_up=6, records=True, drain_s=400 * HOUR)


def test_every_contact_ends_in_exactly_one_way(found: SimulationResult) -> None:
    offered, answered, abandoned = (found.tally[..., k] for k in range(3))
    assert np.array_equal(offered, answered + abandoned)
    came, ended = found.endings[..., 0:2].sum(axis=2), found.endings[..., 2:4].sum(axis=2)
    assert np.array_equal(came, ended)
    assert np.array_equal(found.endings[..., 2], found.endings[..., 4] + found.endings[..., 5])
    assert np.array_equal(found.endings[..., 3], found.endings[..., 6] + found.endings[..., 7])
    assert (found.endings[:, :, :4].sum(axis=0) > 0)[[0, 1]].all()


def test_records_and_counts_are_the_same_contacts(found: SimulationResult) -> None:
    rows = found.records
    assert len(rows) == found.tally[..., 0].sum()
    assert rows["wait_s"].sum() == pytest.approx(found.tally[..., 6].sum())
    assert rows["work_s"].sum() == pytest.approx(found.tally[..., 8].sum())
    assert (rows["pool"] < 0).sum() == found.tally[..., 2].sum()
    first = rows[rows["replication"] == 0]
    assert len(np.unique(first["contact"])) == len(first)
    assert set(first["parent"][first["parent"] >= 0]) - set(first["contact"]) != set(first["parent"])


def test_nobody_new_comes_and_nobody_begins_while_closed(found: SimulationResult) -> None:
    rows, within = found.records, found.records["arrival_s"] % (24 * HOUR)
    assert ((within >= 9 * HOUR) & (within < 12 * HOUR)).all()
    people = (rows["pool"] >= 0) & (rows["pool"] < 3)
    began = (rows["arrival_s"] + rows["wait_s"])[people] % (24 * HOUR)
    assert ((began >= 9 * HOUR) & (began < 12 * HOUR + 1e-6)).all()
    assert found.tally[:, :, -1, 0].sum() == 0


def test_contacts_that_follow_respect_their_edges(found: SimulationResult) -> None:
    """Those after a served call come by profile: never in an hour without weight, and only after the call."""
    rows = found.records
    by_number = {(r, c): n for n, (r, c) in enumerate(zip(rows["replication"], rows["contact"], strict=True))}
    later = [(n, by_number[r, p]) for n, (r, p) in enumerate(zip(rows["replication"], rows["parent"], strict=True))
             if (r, p) in by_number]  # fmt: skip
    assert len(later) > 100
    child, parent = rows[[n for n, _ in later]], rows[[p for _, p in later]]
    assert (child["arrival_s"] >= parent["end_s"] - 1e-6).all()
    placed = (parent["klass"] == 0) & (parent["pool"] == 0)
    hours = np.floor(child["arrival_s"][placed] / HOUR) % 24
    late = parent["end_s"][placed] % (24 * HOUR) >= 11 * HOUR
    assert set(hours[~late]) <= {9.0, 10.0, 11.0}
    assert (hours[~late] == 11.0).mean() < 0.05
    at_once = parent["klass"] == 3
    assert np.allclose(child["arrival_s"][at_once], parent["end_s"][at_once])


def test_little_and_utilization_hold_exactly_where_all_begins_and_ends_empty() -> None:
    """Contacts come in the first of three intervals only, and all is over before the third."""
    network = make_network(
        interval_s=HOUR,
        arrivals=[[0.0, 120.0, 0.0, 0.0, 0.0, 0.0]],
        agents=[[8.0, 8.0, 5.0, 8.0, 8.0, 8.0], [0.0, 2.0, 2.0, 2.0, 2.0, 2.0]],
        distributions=(exponential(300.0), exponential(200.0)),
        service=[[0, 0]],
        patience=[1],
        speed=[[1.0, np.nan], [1.0, 1.5]],
    )
    found = simulate(network, replications=8, seed=2)
    both = found.tally.sum(axis=(1, 2))
    assert both[:, 9] == pytest.approx(both[:, 6], rel=1e-9)  # ∫ queue dt = Σ waits
    assert both[:, 10] == pytest.approx(both[:, 8], rel=1e-9)  # ∫ work done dt = Σ work
    assert (found.tally[..., 10] <= found.tally[..., 11] + 1e-6).all()
    assert (found.tally[:, 0, :6, 11] >= np.array([8, 8, 5, 8, 8, 8]) * HOUR - 1e-6).all()


def test_agents_who_leave_finish_first() -> None:
    """Ten long contacts are under way when nine of ten agents leave; nobody else begins until their work is done."""
    network = make_network(
        interval_s=100.0,
        arrivals=[[60.0] + [0.0] * 299],
        agents=[[10.0] + [1.0] * 299],
        distributions=(empirical([350.0]),),
        service=[[0]],
    )
    rows = simulate(network, replications=1, seed=1, records=True).records
    began = np.sort(rows["arrival_s"] + rows["wait_s"])
    assert (began[:10] < 100).all()
    assert (np.diff(began[10:]) > 349.9).all()
    assert began[10] >= 350.0


def test_any_number_of_workers_gives_the_same_bytes(found: SimulationResult) -> None:
    executor = local_executor(2)
    again = simulate(
        busy_days(), replications=25, seed=3, warm_up=6, records=True, drain_s=400 * HOUR, executor=executor
    )
    assert again.tally.tobytes() == found.tally.tobytes()
    assert again.endings.tobytes() == found.endings.tobytes()
    assert again.records.tobytes() == found.records.tobytes()
    assert simulate(busy_days(), replications=25, seed=4).tally.tobytes() != found.tally.tobytes()


def test_two_plans_meet_the_same_contacts() -> None:
    """Same arrivals and same work, whoever serves; so the difference of two plans is known far better than either."""
    few = simulate(busy_days(4.0), replications=20, seed=3, records=True)
    more = simulate(busy_days(5.0), replications=20, seed=3, records=True)

    def outside(result: SimulationResult) -> np.ndarray:
        rows = result.records[result.records["parent"] < 0]
        return np.sort(rows[["replication", "source", "arrival_s"]], order=["replication", "source", "arrival_s"])

    assert np.array_equal(outside(few), outside(more))
    waits = [r.tally[:, 0, :, 6].sum(axis=1) for r in (few, more)]
    assert (waits[1] < waits[0]).all()
    paired = (waits[0] - waits[1]).std()
    assert paired < 0.8 * np.hypot(waits[0].std(), waits[1].std())


def test_more_replications_do_not_change_earlier_ones() -> None:
    few, many = (simulate(busy_days(), replications=n, seed=9) for n in (3, 7))
    assert np.array_equal(few.tally, many.tally[:3])


def test_deadlines_count_open_time_only() -> None:
    """An agent with an hour of work a piece, three pieces in the last half hour, two hours to finish them."""
    network = make_network(
        interval_s=HOUR,
        starts_s=[0.0, 1 * HOUR, 24 * HOUR, 25 * HOUR],
        cycle_s=48 * HOUR,
        arrivals=[[0.0, 400.0, 0.0, 0.0]],
        agents=[[0.0, 300.0, 0.0, 3.0]],
        distributions=(empirical([0.55 * HOUR]),),
        service=[[0]],
        deadline_s=[[1.9 * HOUR]],
    )
    found = simulate(network, replications=1, seed=8, records=True)
    rows, open_s = found.records, []
    for row in rows:
        ends = [t if t < 2 * HOUR else 2 * HOUR if t < 24 * HOUR else min(t - 22 * HOUR, 4 * HOUR)
                for t in (row["arrival_s"], row["end_s"])]  # fmt: skip
        open_s.append(ends[1] - ends[0])
    ends_in_first_cycle = rows["end_s"] < 48 * HOUR
    assert ends_in_first_cycle.mean() > 0.5
    kept = np.array(open_s) <= 1.9 * HOUR
    assert kept[ends_in_first_cycle].sum() > 0
    assert found.tally[..., 5].sum() >= kept[ends_in_first_cycle].sum()
    assert found.tally[..., 4].sum() == len(rows)


def test_it_stops_when_it_is_precise_enough() -> None:
    network = single_queue(8 / 60, exponential(60.0), 9, patience=exponential(90.0), horizon_s=4000)
    found = simulate(network, replications=10, seed=1, warm_up=1, until={"abandon_rate": 0.004})
    assert found.replications % 10 == 0
    assert found.replications > 10
    assert found.estimate("abandon_rate").half_width <= 0.004
    less = simulate(network, replications=found.replications - 10, seed=1, warm_up=1)
    assert less.estimate("abandon_rate").half_width > 0.004
    assert simulate(network, replications=10, seed=1, until={"asa_s": 1e-9}, most_replications=25).replications == 25


def test_an_overloaded_center_grows_and_says_who_still_waits() -> None:
    network = single_queue(20.0, exponential(60.0), 10, horizon_s=1000)
    found = simulate(network, replications=2, seed=1, drain_s=0.0)
    assert found.estimate("unfinished_rate").mean > 0.97
    assert found.estimate("queue_length").mean > 5000
    late = simulate(network.scaled(0.0), replications=2, seed=1)
    assert late.estimate("offered").mean == 0.0
    assert np.isnan(late.estimate("asa_s").mean)


def test_a_fraction_of_an_agent_is_there_now_and_then() -> None:
    network = single_queue(1.0, exponential(60.0), 12.3, patience=exponential(60.0), horizon_s=1e5, intervals=2000)
    found = simulate(network, replications=5, seed=1)
    there = found.tally[..., :-1, 11] / found.interval_s
    assert there.mean() == pytest.approx(12.3, abs=0.15)


def test_memory_does_not_depend_on_the_simulated_time() -> None:
    short, long = (
        simulate(single_queue(1.0, exponential(60.0), 70, horizon_s=3000), replications=1, seed=1, cycles=cycles)
        for cycles in (1, 30)
    )
    assert short.tally.nbytes == long.tally.nbytes
    assert long.records is None
    assert long.estimate("offered").mean == pytest.approx(3000, rel=0.05)


def test_surge_scales_what_comes_from_outside() -> None:
    base, grown = (
        simulate(network, replications=20, seed=1).estimate("offered")
        for network in (busy_days(), busy_days().scaled(1.2))
    )
    assert grown.mean / base.mean == pytest.approx(1.2, rel=0.03)
    with pytest.raises(ValueError, match=r"factor = -1"):
        busy_days().scaled(-1.0)


def test_networks_are_values() -> None:
    network = busy_days()
    with pytest.raises(AttributeError):
        network.agents = network.agents  # type: ignore[misc]
    assert replace(network, agents=network.agents).arrivals is network.arrivals


@pytest.mark.parametrize("drain_s", [None, 0.0, 300.0])
@pytest.mark.parametrize("agents", [1, 9])
def test_the_short_way_for_a_single_line_is_the_event_loop(agents: int, drain_s: float | None) -> None:
    """Records are kept by the event loop only, so asking for them asks for it."""
    network = make_network(
        interval_s=500.0,
        arrivals=np.array([[80.0, 60.0, 0.0, 90.0]]) * agents / 9,
        agents=np.full((1, 4), float(agents)),
        distributions=(log_normal(60.0, 1.2), gamma(80.0, 0.8)),
        service=[[0]],
        patience=[1],
        speed=[[1.2]],
    )
    settings = {"replications": 6, "seed": 4, "warm_up": 2, "cycles": 3, "drain_s": drain_s}
    short, events = simulate(network, **settings), simulate(network, **settings, records=True)
    assert np.array_equal(short.tally[..., :6], events.tally[..., :6])
    assert np.array_equal(short.tally[..., 12:], events.tally[..., 12:])
    assert short.tally == pytest.approx(events.tally, rel=1e-9, abs=1e-6)
    assert short.endings == pytest.approx(events.endings, rel=1e-9, abs=1e-6)
    assert np.array_equal(short.endings[..., :8], events.endings[..., :8])
