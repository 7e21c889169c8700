"""Links by chance: their rate from late ones, and steps without them, on customers who also just come again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.experience.journeys.chance_steps import steps_without_chance
from planner.experience.journeys.contact_costs import contact_costs
from planner.experience.journeys.issue_chain import issue_chains
from planner.experience.journeys.late_links import chance_per_day, chance_within, first_contact_chance
from planner.history.issue_steps import SUMS

SILENCE = 14.0


def _linked_world(seed: int, rate: float, n: int = 40_000, days: float = 400.0) -> tuple[pd.DataFrame, float]:
    """Issues of customers who come back soon with p = .25 (a: .35), and anew at a rate: steps as linked by silence.

    Returns the steps and the true contacts per issue.
    """
    rng = np.random.default_rng(seed)
    rows, issues = [], 0
    for customer in range(n // 4):
        at = rng.exponential(1 / rate)
        while at < days:
            issues += 1
            now, attempt = at, 1
            while True:
                channel = "a" if rng.random() < 0.4 else "b"
                rows.append((customer, now, channel, attempt))
                if rng.random() > (0.35 if channel == "a" else 0.2) + (0.1 if attempt > 1 else 0.0):
                    break
                now, attempt = now + rng.exponential(1.5), attempt + 1
            at += rng.exponential(1 / rate)
        if len(rows) > n:
            break
    frame = pd.DataFrame(rows, columns=["customer", "at", "channel", "true_attempt"]).sort_values(["customer", "at"])
    gap = frame.groupby("customer")["at"].diff()
    frame["attempt"] = frame.groupby(["customer", (~(gap <= SILENCE)).cumsum()]).cumcount() + 1
    later = -frame.groupby("customer")["at"].diff(-1)
    frame["on"] = later <= SILENCE
    frame["next"] = frame.groupby("customer")["channel"].shift(-1)
    frame["gap_s"] = later.where(frame["on"]) * 86_400
    frame = frame[frame["at"] <= days - SILENCE]
    frame["late_days"] = (frame["gap_s"].fillna(SILENCE * 86_400) / 86_400 - 0.75 * SILENCE).clip(lower=0)
    frame["n_late"] = frame["on"] & (frame["late_days"] > 0)
    return _as_steps(frame), len(rows) / issues


def _as_steps(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.assign(
        reason="card",
        attempt=frame["attempt"].clip(upper=3),
        next_channel=frame["next"].where(frame["on"]).astype(object),
        then=np.where(frame["on"], "goes_on", "solved"),
    )
    keys = ["reason", "channel", "attempt", "next_channel", "then"]
    named = {
        "size": ("gap_s", "size"),
        "sum": ("gap_s", "sum"),
        "n_late": ("n_late", "sum"),
        "late_days": ("late_days", "sum"),
    }
    grouped = frame.groupby(keys, dropna=False).agg(**named).reset_index()
    steps = grouped[keys].assign(anonymous=False, censored=False, **dict.fromkeys(SUMS, 0.0))
    steps["next_channel"] = steps["next_channel"].where(steps["next_channel"].notna(), None)
    on = steps["then"] == "goes_on"
    return steps.assign(
        contacts=grouped["size"].astype(float),
        n_gap=grouped["size"].where(on, 0),
        sum_gap_s=grouped["sum"],
        n_late=grouped["n_late"].astype(float),
        late_days=grouped["late_days"],
    )


def _contacts(steps: pd.DataFrame) -> float:
    chain = issue_chains(steps, contact_costs(steps))[None]
    return float(chain.starts @ chain.solved().contacts)


@pytest.mark.parametrize(("seed", "rate"), [(1, 1 / 150), (2, 1 / 300), (3, 1 / 80)])
def test_contacts_per_issue_are_found_where_links_alone_read_too_high(seed: int, rate: float) -> None:
    steps, truth = _linked_world(seed, rate)
    per_day = chance_per_day(steps)
    late = steps.loc[steps["attempt"] == 1, "n_late"].sum()
    assert per_day["card", 1] == pytest.approx(rate, rel=3.3 / np.sqrt(late))
    better = steps_without_chance(steps, chance_within(per_day, SILENCE), silence_days=SILENCE)
    linked, found = _contacts(steps), _contacts(better)
    assert linked - truth > 0.04
    assert abs(found - truth) < 0.25 * (linked - truth)


def test_where_nobody_comes_by_chance_nothing_is_taken_out() -> None:
    steps, truth = _linked_world(4, 1 / 20_000, n=4_000, days=400.0)
    assert chance_per_day(steps)["card", 1] < 2e-3
    same = steps_without_chance(steps, {("card", 1): 0.0}, silence_days=SILENCE)
    assert _contacts(same) == pytest.approx(_contacts(steps), rel=1e-12)
    assert _contacts(steps) == pytest.approx(truth, abs=0.03)


def test_contacts_and_their_sums_are_kept(steps) -> None:
    rows = [
        ("card", "a", 1, "a", 30),
        ("card", "a", 1, "solved", 60),
        ("card", "a", 1, "gave_up", 10),
        ("card", "a", 2, "a", 5),
        ("card", "a", 2, "solved", 25),
        ("card", "a", 3, "solved", 5),
    ]
    frame = steps(rows, n_handle=[r[-1] for r in rows], sum_handle_s=[r[-1] * 100.0 for r in rows])
    found = steps_without_chance(frame, dict.fromkeys([("card", k) for k in (1, 2, 3)], 0.1), silence_days=SILENCE)
    assert found["contacts"].sum() == pytest.approx(135)
    assert found["sum_handle_s"].sum() == pytest.approx(13_500)
    first = found[found["attempt"] == 1].set_index("then")["contacts"]
    # (.3 - .1) / .9 of the first contacts go on; who came by chance is counted among them.
    assert first["goes_on"] / first.sum() == pytest.approx(0.2 / 0.9)
    assert first["gave_up"] / first["solved"] == pytest.approx(1 / 6)
    assert first.sum() > 100


def test_anonymous_and_young_contacts_pass_unchanged(steps) -> None:
    frame = steps([("card", "a", 1, "a", 30), ("card", "a", 1, "solved", 70), ("card", "a", 1, "solved", 11)])
    frame.loc[2, "censored"] = True
    found = steps_without_chance(frame, dict.fromkeys([("card", k) for k in (1, 2, 3)], 0.1), silence_days=SILENCE)
    assert found.loc[found["censored"], "contacts"].tolist() == [11.0]
    assert list(found.columns) == list(frame.columns)


def test_few_customers_who_call_all_the_time_do_not_lengthen_issues(steps) -> None:
    """Taking chance out may never leave more contacts per issue than were linked."""
    rows = [
        ("card", "a", 1, "a", 300),
        ("card", "a", 1, "solved", 700),
        ("card", "a", 2, "a", 200),
        ("card", "a", 2, "solved", 100),
        ("card", "a", 3, "a", 1800),
        ("card", "a", 3, "solved", 200),
    ]
    frame = steps(rows)
    found = steps_without_chance(frame, {("card", 1): 0.2, ("card", 2): 0.3, ("card", 3): 0.5}, silence_days=SILENCE)
    share = (
        found[found["then"] == "goes_on"].groupby("attempt")["contacts"].sum()
        / found.groupby("attempt")["contacts"].sum()
    )
    assert (share <= [0.3 + 1e-9, 2 / 3 + 1e-9, 0.9 + 1e-9]).all()
    assert _contacts(found) < _contacts(frame)
    assert found["contacts"].sum() == pytest.approx(frame["contacts"].sum())


def test_reasons_with_few_contacts_lean_on_all(steps) -> None:
    rows = [
        ("big", "a", 1, "a", 400),
        ("big", "a", 1, "solved", 19_600),
        ("tiny", "a", 1, "a", 2),
        ("tiny", "a", 1, "solved", 3),
    ]
    frame = steps(rows, n_late=[400, 0, 2, 0], late_days=[800, 68_600, 4, 10])
    rates = chance_per_day(frame)
    assert rates["big", 1] == pytest.approx(400 / 69_400, rel=0.01)
    assert rates["tiny", 1] == pytest.approx(rates["big", 1], rel=0.2)
    assert chance_per_day(frame.iloc[:0]) == {}
    within = chance_within({("a", 1): 0.01, ("a", 2): 0.5}, 7)
    assert within["a", 1] == pytest.approx(1 - np.exp(-0.07))
    assert first_contact_chance(within) == {"a": within["a", 1]}
