"""Chains of contacts must come to an end."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "tests"))

from small_centers import problem_of, write_center  # noqa: E402

from planner.errors import ScenarioError  # noqa: E402
from planner.operation.endings import check_endings  # noqa: E402

TOY = ROOT / "scenarios/minimal.yaml"


def returning(share: float) -> str:
    return f"experience.outcomes.0.p_return={share}"


def test_contacts_that_come_back_too_often_are_refused():
    """The toy's first row is voice; 60 in 100 may come back, 61 may not: one issue per reason, all at once."""
    assert problem_of(TOY, returning(0.6)).network.flows.resolve.min() == pytest.approx(0.4)
    with pytest.raises(ScenarioError) as caught:
        problem_of(TOY, returning(0.61))
    assert [issue.path for issue in caught.value.issues] == ["reasons.billing", "reasons.fault"]
    assert "of 100 contacts of billing served in voice up to 61 come back" in caught.value.issues[0].message
    assert "at most 60 in 100" in caught.value.issues[0].message


@pytest.mark.parametrize(("times", "refused"), [(1.4, False), (1.7, True)])
def test_what_a_history_counted_is_noted_and_refused_only_next_to_never_ending(times, refused):
    """60 in 100 that come back, made 84 or 102 by a history that joins customers."""
    problem = problem_of(TOY, returning(0.6))
    network = replace(problem.network, served_share=times * problem.network.served_share)
    notes: list[str] = []
    maker = SimpleNamespace(
        scenario=SimpleNamespace(name="toy", history=object()),
        types=problem.types,
        channels=problem.channels,
        draft=SimpleNamespace(notes=notes),
    )
    if refused:
        with pytest.raises(ScenarioError):
            check_endings(maker, network)
    else:
        check_endings(maker, network)
        assert "billing in voice (84%), fault in voice (84%)" in notes[0]


def test_escalations_in_a_circle_are_refused_and_in_a_line_are_not(tmp_path):
    """A bot that hands everybody to voice ends there; a chat that hands everybody back to the bot does not."""
    path = write_center(tmp_path, 1)
    line = ("experience.outcomes.3.p_escalate=1", "experience.outcomes.4.p_escalate=1")
    assert problem_of(path, *line).network.flows.escalate.max() == 1
    chat_only = "escalations=[{from_channel: bot, to_channel: chat}, {from_channel: chat, to_channel: bot}]"
    with pytest.raises(ScenarioError) as caught:
        problem_of(path, *line, chat_only, "experience.outcomes.1.p_escalate=1")
    named = {issue.message.split(" up to")[0] for issue in caught.value.issues}
    circle = [(reason, channel) for reason in ("order", "fault") for channel in ("chat", "bot")]
    assert named == {f"of 100 contacts of {reason} served in {channel}" for reason, channel in circle}
