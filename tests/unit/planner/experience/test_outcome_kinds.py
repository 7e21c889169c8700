"""Shares go through the logit model with their own n, rare ones are not pulled up, times need no survey."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.experience import shares
from planner.experience.cells import Cells
from planner.experience.estimated import fit_all, reading_table, reasons_table
from planner.experience.evidence import gather
from planner.history.cells import ContactCells

SCALE = (0.0, 1.0)


def cells(outcome: str, share: dict[str, float], *, n: float = 4000.0, known: float = 1.0, seed: int = 1) -> Cells:
    """Two reasons and a covariate that shifts nobody; `known` of the contacts have the outcome."""
    rng = np.random.default_rng(seed)
    rows = []
    for reason in ("card", "loan", "fees"):
        for channel, p in share.items():
            for level in range(5):
                asked = n * known
                rows.append((reason, channel, level, n, asked, float(rng.binomial(int(asked), p))))
    frame = pd.DataFrame(rows, columns=["reason", "channel", "bin_x", "contacts", "answers", "sum_score"])
    frame = frame.assign(
        entry_reason=frame["reason"], segment="all", pool=frame["channel"], stage="first", wait_band=-1, hour_band=-1,
        disposition="", later="no", sum_score2=frame["sum_score"], sum_wait_s=0.0, handled=0.0, sum_handle_s=0.0,
        sum_handle2=0.0, sum_x=frame["bin_x"] * frame["contacts"],
    )  # fmt: skip
    return Cells(frame, ("x",), SCALE, outcome)


@pytest.mark.parametrize("level", [0.004, 0.02, 0.3])
def test_shares_rare_or_not_are_recovered_with_their_own_n(level: float) -> None:
    share = {"voice": level, "chat": 2 * level}
    fits = fit_all(cells("transferred", share, known=0.5), higher_is_better=False, seed=0)
    assert fits.total is not None
    assert fits.total.logit
    assert fits.total.fit.converged
    table = reasons_table(fits)
    truth = table["channel"].map(share)
    assert (np.abs(table["mean"] - truth) <= 3 * table["sd"]).all()
    np.testing.assert_allclose(
        table.groupby("channel")["mean"].mean()[["voice", "chat"]], list(share.values()), rtol=0.15
    )
    assert (table["sd"] < 0.3 * truth).all()
    assert (table["n_answers"] == 10_000).all()
    assert (table["n_contacts"] == 20_000).all()


def test_a_fit_that_does_not_settle_says_so_and_has_wide_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = cells("transferred", {"voice": 0.1, "chat": 0.2}, n=40.0)
    settled = fit_all(asked, higher_is_better=False, seed=0)
    assert not any("did not settle" in note for note in settled.notes)
    monkeypatch.setattr(shares, "_ROUNDS", 1)
    fits = fit_all(asked, higher_is_better=False, seed=0)
    said = [note.split(":")[0] for note in fits.notes if "did not settle" in note]
    assert said == ["transferred of first contacts", "transferred of last contacts"]
    table = reasons_table(fits)
    assert (table["sd"] > 1.2 * reasons_table(settled)["sd"]).all()
    own = np.sqrt(table["raw_mean"] * (1 - table["raw_mean"]) / table["n_answers"])
    assert (table["sd"] > 0.9 * own).all()


def test_chance_returns_are_taken_out_of_resolution_and_repeats() -> None:
    """P(nothing linked follows) = fcr (1 - b)."""
    chance = pd.Series({"card": 0.05, "loan": 0.0, "fees": 0.1})
    fcr = reading_table(
        fit_all(cells("fcr", {"voice": 0.6, "chat": 0.8}), higher_is_better=True, seed=0, chance=chance)
    )
    plain = reading_table(fit_all(cells("fcr", {"voice": 0.6, "chat": 0.8}), higher_is_better=True, seed=0))
    factor = 1 / (1 - fcr["reason"].map(chance))
    np.testing.assert_allclose(fcr["mean"], plain["mean"] * factor)
    np.testing.assert_allclose(fcr["sd"], plain["sd"] * factor)
    repeat = cells("repeat", {"voice": 0.4, "chat": 0.2})
    lower = reading_table(fit_all(repeat, higher_is_better=False, seed=0, chance=chance))
    raw = reading_table(fit_all(repeat, higher_is_better=False, seed=0))
    np.testing.assert_allclose(lower["mean"], 1 - (1 - raw["mean"]) * factor)


def test_chance_known_by_the_label_of_the_menu_is_taken_out_of_the_reason_it_turned_out_to_be() -> None:
    """The chance is known per reason as it was when routed; half of the loans were routed as cards."""
    chance = pd.Series({"menu card": 0.10, "menu loan": 0.02, "menu fees": 0.0})
    world = cells("fcr", {"voice": 0.6, "chat": 0.8})
    frame = world.frame.assign(entry_reason="menu " + world.frame["reason"])
    as_cards = (frame["reason"] == "loan") & (frame["channel"] == "voice")
    frame.loc[as_cards, "entry_reason"] = "menu card"
    routed = Cells(frame, world.covariates, SCALE, "fcr")
    fcr, plain = (reading_table(fit_all(routed, higher_is_better=True, seed=0, chance=one)) for one in (chance, None))
    expected = fcr["reason"].map({"card": 0.10, "loan": 0.06, "fees": 0.0})
    np.testing.assert_allclose(fcr["mean"], plain["mean"] / (1 - expected))


def test_times_are_means_of_all_timed_contacts() -> None:
    base = cells("handle_s", {"voice": 0.5, "chat": 0.5}).frame
    mean = base["channel"].map({"voice": 300.0, "chat": 500.0}) * base["reason"].map(
        {"card": 1, "loan": 1.5, "fees": 0.8}
    )
    n = base["answers"]
    frame = base.assign(sum_score=n * mean, sum_score2=n * mean**2 * 1.6)
    fits = fit_all(Cells(frame, ("x",), (0.0, float("inf")), "handle_s"), higher_is_better=False, seed=0)
    table = reasons_table(fits)
    np.testing.assert_allclose(table["mean"], table["raw_mean"], rtol=0.02)
    # cv^2 = .6, 20,000 contacts: the sampling sd is .55 % of the mean; thirty cells cannot rule out a misfit beyond it.
    assert (table["sd"] / table["mean"]).between(0.005, 0.04).all()
    assert (np.abs(table["mean"] - table["raw_mean"]) <= 2 * table["sd"]).all()


def raw(outcome: str) -> ContactCells:
    """Contacts of which a tenth of voice and a fifth of chat was abandoned; `s1` counts the abandoned."""
    rows = []
    for reason in ("card", "loan"):
        for channel, lost in (("voice", 100), ("chat", 200)):
            for abandoned, n in ((False, 1000 - lost), (True, lost)):
                rows.append((reason, channel, abandoned, n, n, float(n if abandoned else 0)))
    frame = pd.DataFrame(rows, columns=["reason", "channel", "abandoned", "cnt", "ans", "s1"])
    frame = frame.assign(
        entry_reason=frame["reason"], segment="all", pool=None, disposition=None, stage="first", later_kind="none",
        anonymous=False, censored=False, wait_band=-1, s2=frame["s1"], n_wait=0, sum_wait_s=0.0, n_handle=0,
        sum_handle_s=0.0, sum_handle2=0.0,
    )  # fmt: skip
    return ContactCells(frame, outcome, (), 7.0, 5, (), {}, {})


def test_abandoned_contacts_are_not_lost() -> None:
    evidence = gather(raw("abandoned"), None, SCALE)
    assert evidence.cells.frame["contacts"].sum() == 3400
    table = reasons_table(fit_all(evidence.cells, higher_is_better=False, seed=0)).set_index(["reason", "channel"])
    assert table["n_contacts"].tolist() == [1000] * 4
    assert table.loc[("card", "voice"), "mean"] == pytest.approx(0.1, abs=0.02)
    assert table.loc[("loan", "chat"), "mean"] == pytest.approx(0.2, abs=0.02)


def test_answers_of_the_last_window_are_left_out_while_they_are_few() -> None:
    source = raw("csat")
    frame = source.frame[~source.frame["abandoned"]]
    scores = frame.assign(s1=frame["ans"] * 4.0, s2=frame["ans"] * 16.5)
    late = scores.assign(cnt=50, ans=50, s1=50 * 5.0, s2=50 * 25.5, censored=True)
    both = ContactCells(pd.concat([scores, late], ignore_index=True), "csat", (), 7.0, 5, (), {}, {})
    cells = gather(both, None, (1.0, 5.0)).cells
    assert cells.asked is not None
    assert cells.asked.frame["answers"].sum() == scores["ans"].sum()
    assert cells.frame["contacts"].sum() == scores["cnt"].sum() + 200
    many = late.assign(cnt=5000, ans=5000, s1=25_000.0, s2=127_500.0)
    short = ContactCells(pd.concat([scores, many], ignore_index=True), "csat", (), 7.0, 5, (), {}, {})
    assert gather(short, None, (1.0, 5.0)).cells.asked is None
