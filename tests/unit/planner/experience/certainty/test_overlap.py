"""Overlap worked out by hand on a few cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hidden_worlds import make_hidden_world

from planner.experience.cells import Cells
from planner.experience.certainty.overlap import overlap_of_cells, overlap_of_moves


def cells_of(counts: dict[tuple[str, int], float], covariates: tuple[str, ...] = ("severity",)) -> Cells:
    """Contacts by (channel, bin of severity); one reason and segment."""
    rows = [
        {"reason": "card", "entry_reason": "card", "segment": "all", "stage": "first", "channel": channel,
         "bin_severity": b, "contacts": n}
        for (channel, b), n in counts.items()
    ]  # fmt: skip
    return Cells(pd.DataFrame(rows), covariates, (1.0, 5.0))


def asked(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [("card", "all", a, b) for a, b in pairs], columns=["entry_reason", "segment", "from_channel", "to_channel"]
    )


def test_equal_mixes_overlap_fully() -> None:
    cells = cells_of({("voice", 0): 100, ("voice", 1): 300, ("chat", 0): 50, ("chat", 1): 150})
    row = overlap_of_moves(cells, asked(("voice", "chat"))).iloc[0]
    assert (row["people"], row["users"]) == (400, 200)
    assert row["n_effective"] == pytest.approx(200)
    assert (row["share_thin"], row["share_extrapolated"]) == (0, 0)
    assert (row["verdict"], row["covariate"]) == ("ok", "severity")
    assert row["why"] == "200 comparable contacts in chat (by severity)"


def test_kish_n_by_hand() -> None:
    """w = 100/90 for 90 users and 300/10 for 10: (400)^2 / (100^2/90 + 300^2/10) = 17.6 contacts."""
    cells = cells_of({("voice", 0): 100, ("voice", 1): 300, ("chat", 0): 90, ("chat", 1): 10})
    row = overlap_of_moves(cells, asked(("voice", "chat"))).iloc[0]
    weights = np.r_[np.full(90, 100 / 90), np.full(10, 30.0)]
    assert row["n_effective"] == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert row["n_effective"] == pytest.approx(17.56, abs=0.01)
    assert row["verdict"] == "extrapolated"
    assert "only 18 comparable contacts in chat" in row["why"]


def test_people_of_a_kind_never_served_there_are_extrapolated() -> None:
    cells = cells_of({("voice", 0): 700, ("voice", 1): 300, ("chat", 0): 5_000})
    row = overlap_of_moves(cells, asked(("voice", "chat"))).iloc[0]
    assert row["share_extrapolated"] == pytest.approx(0.3)
    assert row["verdict"] == "extrapolated"
    assert "30% of these people are of a kind hardly ever served in chat (by severity)" in row["why"]


def test_propensity_below_one_percent_is_thin_but_not_gone() -> None:
    cells = cells_of({("voice", 0): 100, ("voice", 1): 30_000, ("chat", 0): 5_000, ("chat", 1): 200})
    row = overlap_of_moves(cells, asked(("voice", "chat"))).iloc[0]
    assert row["share_extrapolated"] == 0
    assert row["share_thin"] == pytest.approx(30_000 / 30_100)
    assert row["n_effective"] > 20
    assert row["verdict"] == "extrapolated"
    enough = cells_of({("voice", 0): 100, ("voice", 1): 30_000, ("chat", 0): 5_000, ("chat", 1): 400})
    assert overlap_of_moves(enough, asked(("voice", "chat"))).iloc[0]["verdict"] == "ok"


def test_the_way_back_is_another_question() -> None:
    cells = cells_of({("voice", 0): 500, ("voice", 1): 500, ("chat", 0): 500})
    there, back = overlap_of_moves(cells, asked(("voice", "chat"), ("chat", "voice"))).to_dict("records")
    assert (there["verdict"], back["verdict"]) == ("extrapolated", "ok")


def test_a_channel_that_never_served_the_reason_has_none() -> None:
    cells = cells_of({("voice", 0): 500, ("voice", 1): 500})
    row = overlap_of_moves(cells, asked(("voice", "bot"))).iloc[0]
    assert (row["verdict"], row["users"], row["share_extrapolated"]) == ("none", 0, 1)
    assert row["why"] == "nobody with card was ever served in bot"


def test_without_covariates_users_alone_count() -> None:
    cells = cells_of({("voice", 0): 500, ("chat", 0): 15}, covariates=())
    row = overlap_of_moves(cells, asked(("voice", "chat"))).iloc[0]
    assert row["n_effective"] == pytest.approx(15)
    assert (row["covariate"], row["verdict"]) == ("", "extrapolated")


def test_the_worst_of_two_covariates_is_named() -> None:
    frame = cells_of({("voice", 0): 100, ("voice", 1): 300, ("chat", 0): 90, ("chat", 1): 60}).frame
    cells = Cells(frame.assign(bin_age=0), ("age", "severity"), (1.0, 5.0))
    assert overlap_of_moves(cells, asked(("voice", "chat"))).iloc[0]["covariate"] == "severity"


def test_later_contacts_say_nothing_about_first_ones() -> None:
    frame = cells_of({("voice", 0): 100, ("chat", 0): 100}).frame
    later = frame.assign(stage="returned", contacts=1e6)
    both = Cells(pd.concat([frame, later], ignore_index=True), ("severity",), (1.0, 5.0))
    assert overlap_of_moves(both, asked(("voice", "chat"))).iloc[0]["people"] == 100


def test_every_reason_segment_and_channel_has_a_row_that_agrees_with_a_direct_count() -> None:
    world = make_hidden_world(6, contacts=6_000, reasons=3, channels=3, known=2.0)
    table = overlap_of_cells(world.cells)
    assert len(table) == 3 * 2 * 3
    rows = world.rows.assign(b=np.searchsorted(np.quantile(world.rows["x"], [0.2, 0.4, 0.6, 0.8]), world.rows["x"]))
    for record in table.sample(6, random_state=1).to_dict("records"):
        own = rows[(rows["reason"] == record["reason"]) & (rows["segment"] == record["segment"])]
        every = own.groupby("b").size()
        used = own[own["channel"] == record["channel"]].groupby("b").size().reindex(every.index).fillna(0)
        weight = (every / used.where(used > 0)).reindex(own.loc[own["channel"] == record["channel"], "b"]).to_numpy()
        assert record["n_effective"] == pytest.approx(weight.sum() ** 2 / (weight**2).sum())
        assert record["share_thin"] == pytest.approx(every[used < 0.01 * every].sum() / every.sum())
        assert (record["people"], record["users"]) == (len(own), used.sum())


def test_order_of_cells_changes_nothing() -> None:
    world = make_hidden_world(6, contacts=3_000, reasons=2, channels=3)
    mixed = Cells(world.cells.frame.sample(frac=1, random_state=2), ("x",), (1.0, 5.0))
    pd.testing.assert_frame_equal(overlap_of_cells(world.cells), overlap_of_cells(mixed))
