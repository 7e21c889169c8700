"""Truth files: strict, may extend each other, and are refused with every problem named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planner.errors import ScenarioError
from planner.history.synthetic import Truth, load_truth
from planner.history.synthetic.tables import automated_channels, entry_shares, interval_profile, make_tables
from planner.history.synthetic.truth_file import fingerprint
from planner.library import scenario_library
from planner.scenario.load import load_scenario

BANK = scenario_library() / "retail_bank_truth.yaml"
THIN = scenario_library() / "thin_data_truth.yaml"


@pytest.fixture(scope="module")
def bank() -> Truth:
    return load_truth(BANK)


def _edited(tmp_path: Path, old: str, new: str) -> Path:
    text = BANK.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "edited_truth.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_thin_truth_changes_only_what_it_says(bank: Truth) -> None:
    thin = load_truth(THIN)
    assert thin.reasons == bank.reasons
    assert thin.routing == bank.routing
    assert (thin.channels["voice"].response, thin.channels["email"].response) == (0.04, 0.0)
    assert thin.channels["voice"].returns_to == bank.channels["voice"].returns_to
    assert (thin.missing.customer_id, thin.missing.reason, thin.missing.staffing) == (0.25, 0.20, True)
    assert thin.missing.entry_reason == bank.missing.reason == 0.0


def test_fingerprints_follow_the_content_only(bank: Truth, tmp_path: Path) -> None:
    child = tmp_path / "child.yaml"
    child.write_text(f"extends: {BANK.as_posix()}\n", encoding="utf-8")
    assert fingerprint(load_truth(child)) == fingerprint(bank)
    child.write_text(f"extends: {BANK.as_posix()}\nseed: 7\n", encoding="utf-8")
    assert fingerprint(load_truth(child)) != fingerprint(bank)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("day_noise_sd:", "day_nois_sd:", "volume.day_nois_sd"),
        ("returns_if_unresolved: 0.88", "returns_if_unresolved: 88", "write 0.88, not 88"),
        ("must_human: [mortgage,", "must_human: [mortgages,", "unknown names mortgages"),
        ("escalates_to: {voice: 1.0}", "escalates_to: {phone: 1.0}", "unknown names phone"),
        ("mix: [0.34, 0.16,", "mix: [0.50,", "lists of the wrong length in balance"),
        ("profile: evening, urgency: 0.9", "profile: evening, urgency: -1", "reasons.balance.urgency"),
    ],
)
def test_what_a_truth_cannot_say_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        load_truth(_edited(tmp_path, old, new))


def test_a_truth_that_extends_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "circle.yaml"
    path.write_text("extends: circle.yaml\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="extends itself"):
        load_truth(path)


def test_shares_are_shares_and_no_automaton_meets_a_must_human_reason(bank: Truth) -> None:
    tables = make_tables(bank)
    human = [list(bank.reasons).index(key) for key in bank.must_human]
    machines = automated_channels(bank)
    assert list(np.array(list(bank.channels))[machines]) == ["self_service", "assistant"]
    served = tables.pool_share.sum(axis=-1)
    assert (served[human][:, :, machines] == 0).all()
    np.testing.assert_allclose(np.delete(served, human, axis=0), 1.0)
    np.testing.assert_allclose(served[:, :, ~machines], 1.0)
    choices = entry_shares(bank)
    np.testing.assert_allclose(choices.sum(axis=-1), 1.0)
    others = np.delete(np.arange(len(bank.reasons)), human)
    assert (choices[others][:, 1][:, human] == 0).all()
    np.testing.assert_allclose(1 - choices[0, 0, 0], bank.reasons["balance"].confused)
    np.testing.assert_allclose(interval_profile(bank).sum(axis=1), 1.0)
    np.testing.assert_allclose(tables.return_channel_cum[human][:, :, 2:], 1.0, err_msg="voice, chat, e-mail only")


@pytest.mark.parametrize("name", ["retail_bank", "thin_data"])
@pytest.mark.parametrize("variant", [None, "rigid", "busy_week"])
def test_scenarios_speak_the_language_of_their_truth(name: str, variant: str | None) -> None:
    scenario = load_scenario(scenario_library() / f"{name}.yaml", variant=variant)
    assert scenario.history is not None
    assert scenario.history.truth is not None
    truth = load_truth(scenario_library() / scenario.history.truth)
    assert list(scenario.reasons) == list(truth.reasons)
    assert list(scenario.segments) == list(truth.segments)
    assert list(scenario.channels) == list(truth.channels)
    assert {k: p.channel for k, p in scenario.pools.items()} == {k: p.channel for k, p in truth.pools.items()}
    assert {k for k, r in scenario.reasons.items() if r.must_human} == set(truth.must_human)
    assert (len(scenario.reasons), len(scenario.segments), len(scenario.channels)) == (12, 3, 5)
    assert (len(scenario.pools), scenario.horizon.intervals, len(scenario.steers)) == (8, 196, 8)
    for key, pool in scenario.pools.items():
        staffing = truth.pools[key].staffing
        assert pool.staffed == (staffing is not None)
        if staffing is not None:
            assert pool.shrinkage.bounds[0] <= staffing.shrinkage <= pool.shrinkage.bounds[1]
            assert pool.roster is not None
            assert pool.roster.heads == staffing.heads
        if pool.chat is not None:
            assert pool.chat.total_speed == truth.pools[key].total_speed


@pytest.mark.parametrize("name", ["retail_bank", "thin_data"])
def test_todays_routing_is_allowed_by_the_scenario(name: str) -> None:
    scenario = load_scenario(scenario_library() / f"{name}.yaml")
    truth = load_truth(BANK)
    share = make_tables(truth).pool_share
    for e, reason in enumerate(truth.reasons):
        for s, segment in enumerate(truth.segments):
            for pool in np.array(list(truth.pools))[share[e, s].sum(axis=0) > 0]:
                assert scenario.eligible(str(pool), reason, segment), (reason, segment, pool)
