"""Which contacts end an issue: those nobody came back from, and in short histories those nobody knows of."""

from __future__ import annotations

import pandas as pd
import pytest

from planner.experience.cells import Cells, final_contacts
from planner.experience.estimated import fit_all

SUMS = {"sum_score2": 0.0, "sum_wait_s": 0.0, "handled": 0.0, "sum_handle_s": 0.0, "sum_handle2": 0.0}


def cells(answers: dict[tuple[str, str], float], outcome: str = "csat") -> Cells:
    """One cell per channel and what followed, ten contacts for every answer."""
    rows = [
        {"reason": "card", "entry_reason": "card", "channel": channel, "segment": "all", "pool": channel,
         "stage": "first", "wait_band": -1, "hour_band": -1, "disposition": "", "later": later, "contacts": 10 * n,
         "answers": n, "sum_score": 4.0 * n, **SUMS}
        for (channel, later), n in answers.items()
    ]  # fmt: skip
    return Cells(pd.DataFrame(rows).assign(sum_score2=lambda frame: 16.5 * frame["answers"]), (), (1.0, 5.0), outcome)


def kept(found: Cells) -> set[tuple[str, str]]:
    return set(found.frame[["channel", "later"]].itertuples(index=False, name=None))


def test_followed_contacts_suffice_where_every_channel_has_enough() -> None:
    asked = {("voice", "no"): 40.0, ("voice", "unknown"): 60.0, ("chat", "no"): 30.0, ("chat", "yes"): 9.0}
    found, note = final_contacts(cells(asked))
    assert kept(found) == {("voice", "no"), ("chat", "no")}
    assert note == ""


def test_a_short_history_keeps_contacts_of_which_nobody_knows_what_followed() -> None:
    """Hundreds of answers of the last days must not be called fewer than 30."""
    asked = {("voice", "no"): 40.0, ("voice", "unknown"): 300.0, ("voice", "yes"): 5.0,
             ("chat", "no"): 12.0, ("chat", "unknown"): 160.0, ("chat", "yes"): 8.0}  # fmt: skip
    found, note = final_contacts(cells(asked))
    assert kept(found) == {("voice", "no"), ("voice", "unknown"), ("chat", "no"), ("chat", "unknown")}
    assert note.startswith("in chat fewer than 30 answers")
    fits = fit_all(cells(asked), higher_is_better=True, seed=1)
    assert fits.surveyed == ("chat", "voice")
    assert not any("no score is estimated" in text for text in fits.notes)


def test_a_channel_nobody_answers_in_does_not_make_others_less_exact() -> None:
    asked = {("voice", "no"): 40.0, ("voice", "unknown"): 60.0, ("chat", "unknown"): 20.0}
    found, note = final_contacts(cells(asked))
    assert kept(found) == {("voice", "no")}
    assert note == ""


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("csat", "fewer than 30 survey answers at contacts that may be the last of their issue in chat (20)"),
        ("fcr", "fewer than 30 known values of fcr at contacts that may be the last of their issue in chat (20)"),
    ],
)
def test_the_note_says_what_is_counted(outcome: str, words: str) -> None:
    asked = cells({("voice", "no"): 60.0, ("voice", "yes"): 5.0, ("chat", "no"): 20.0, ("chat", "yes"): 80.0}, outcome)
    assert any(words in note for note in fit_all(asked, higher_is_better=True, seed=1).notes)
