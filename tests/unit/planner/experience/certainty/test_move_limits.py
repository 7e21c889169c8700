"""Bounds of moves worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.experience.certainty.limits import move_limits


def outcomes(**users: float) -> pd.DataFrame:
    rows = [
        {"reason": "card", "segment": "all", "channel": channel, "pool": f"{channel}{k}", "stage": stage,
         "n_contacts": n / 2 if stage == "first" else 77.0}
        for channel, n in users.items()
        for k in range(2)
        for stage in ("first", "returned")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def moves(*rows: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["from_channel", "to_channel", "support"])
    return frame.assign(reason="card", segment="all", effect=np.where(frame["support"] == "none", np.nan, 0.1))


def test_well_supported_moves_are_free() -> None:
    got = move_limits(moves(("voice", "chat", "ok")), outcomes(voice=900, chat=10))
    assert got["max_share"].tolist() == [1.0]
    assert got["why"].tolist() == ["history carries this move"]


@pytest.mark.parametrize("support", ["sparse", "extrapolated"])
def test_thin_moves_may_double_the_new_channel(support: str) -> None:
    got = move_limits(moves(("voice", "chat", support)), outcomes(voice=900, chat=90)).iloc[0]
    assert got["max_share"] == pytest.approx(0.1)
    assert "chat may at most double its card / all contacts (10% of this move)" in got["why"]


def test_thin_moves_into_one_channel_share_its_doubling() -> None:
    got = move_limits(
        moves(("voice", "chat", "extrapolated"), ("mail", "chat", "extrapolated"), ("chat", "voice", "ok")),
        outcomes(voice=800, mail=200, chat=100),
    )
    assert got["max_share"].tolist() == pytest.approx([0.1, 0.1, 1.0])
    moved = (got["max_share"].to_numpy()[:2] * np.array([800, 200])).sum()
    assert moved == pytest.approx(100)


def test_small_moves_into_a_large_channel_are_not_cut() -> None:
    got = move_limits(moves(("mail", "chat", "extrapolated")), outcomes(mail=50, chat=100))
    assert got["max_share"].tolist() == [1.0]


def test_unknown_moves_are_closed() -> None:
    got = move_limits(moves(("voice", "bot", "none"), ("voice", "sms", "extrapolated")), outcomes(voice=900, bot=50))
    assert got["max_share"].tolist() == [0.0, 0.0]
    assert "state a score for it or try it in a pilot" in got["why"].iloc[0]


def test_poor_overlap_caps_what_the_flag_calls_ok() -> None:
    overlap = moves(("voice", "chat", "ok")).assign(verdict="extrapolated", why="only 4 comparable contacts in chat")
    got = move_limits(moves(("voice", "chat", "ok")), outcomes(voice=900, chat=90), overlap).iloc[0]
    assert got["max_share"] == pytest.approx(0.1)
    assert got["why"].startswith("only 4 comparable contacts in chat")
    fine = overlap.assign(verdict="ok", why="many")
    assert move_limits(moves(("voice", "chat", "ok")), outcomes(voice=900, chat=90), fine)["max_share"].item() == 1.0


def test_good_overlap_does_not_open_what_the_flag_closes() -> None:
    overlap = moves(("voice", "chat", "none")).assign(verdict="ok", why="many")
    got = move_limits(moves(("voice", "chat", "none")), outcomes(voice=900, chat=90), overlap)
    assert got["max_share"].tolist() == [0.0]


def test_every_share_is_a_ratio_and_rows_keep_their_order() -> None:
    rng = np.random.default_rng(0)
    names = ["a", "b", "c", "d"]
    rows = [(x, y, str(rng.choice(["ok", "sparse", "extrapolated", "none"]))) for x in names for y in names if x != y]
    got = move_limits(moves(*rows), outcomes(a=10, b=500, c=3, d=0))
    assert got["max_share"].between(0, 1).all()
    assert list(zip(got["from_channel"], got["to_channel"], strict=True)) == [row[:2] for row in rows]
