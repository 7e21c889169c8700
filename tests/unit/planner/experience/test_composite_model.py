"""The model of a composite: parts estimated one by one, their tables and moves added up, no scores to optimize on."""

from __future__ import annotations

import dataclasses

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from planner.experience.composites import composite_model
from planner.experience.model import ExperienceModel
from planner.history.composite import Composite
from planner.history.outcomes import Outcome, OutcomeKind

PARTS = {
    "csat": Outcome("csat", OutcomeKind.SCORE, (1.0, 5.0)),
    "repeat": Outcome("repeat", OutcomeKind.SHARE, (0.0, 1.0), higher_is_better=False),
}
WHOLE = Composite("cx", tuple(PARTS.values()), (0.5, 0.5))
VALUES = {"csat": ([4.0, 3.0], -1.0, 40.0), "repeat": ([0.2, 0.4], 0.2, 90.0)}


def part(name: str) -> ExperienceModel:
    mean, effect, answers = VALUES[name]
    order = [0, 1] if name == "csat" else [1, 0]
    table = pd.DataFrame({"reason": "fees", "channel": ["voice", "chat"], "segment": "all", "mean": mean, "sd": 0.1,
                          "lower": 0.0, "upper": 0.0, "n_contacts": [200.0, 300.0], "n_effective": answers,
                          "support": "ok"})  # fmt: skip
    moves = pd.DataFrame({"reason": "fees", "segment": "all", "from_channel": ["voice", "chat"],
                          "to_channel": ["chat", "voice"], "effect": [effect, -effect], "sd": 0.1, "lower": 0.0,
                          "upper": 0.0, "support": "ok", "score": 3.0, "p_return": [0.1, 0.2]})  # fmt: skip
    outcomes = pd.DataFrame({"reason": ["fees"], "score": 4.0, "score_sd": 0.1, "support": "ok", "p_return": 0.1})
    empty = pd.DataFrame({"reason": ["fees"], "loss": [0.3]})
    notes = ("said of every part", f"said of {name} alone")
    tables = (table.iloc[order], outcomes, moves.iloc[order], *[empty] * 6)
    return ExperienceModel(name, *tables, nx.DiGraph(), notes=notes)


def test_tables_and_moves_are_sums_of_their_parts() -> None:
    model = composite_model(WHOLE, part)
    assert model.outcome == "composite:csat=0.5,repeat=0.5"
    table = model.table.set_index("channel")
    assert table.loc["voice", "mean"] == 0.5 * 0.75 + 0.5 * 0.8
    assert table.loc["chat", "mean"] == 0.5 * 0.5 + 0.5 * 0.6
    assert (table["part_csat"] + table["part_repeat"] == table["mean"]).all()
    assert table["n_contacts"].to_dict() == {"voice": 200.0, "chat": 300.0}
    assert table["n_effective"].tolist() == [40.0, 40.0]
    assert table["n_repeat"].tolist() == [90.0, 90.0]
    moves = model.moves.set_index("from_channel")
    assert np.allclose(moves.loc["voice", ["effect", "p_return"]].astype(float), [0.5 * -1 / 4 - 0.5 * 0.2, 0.1])
    assert np.allclose(moves["part_csat"] + moves["part_repeat"], moves["effect"])


def test_there_is_no_score_to_optimize_on_and_notes_are_said_once() -> None:
    model = composite_model(WHOLE, part)
    assert model.outcomes["score"].isna().all()
    assert set(model.outcomes["support"]) == {"none"}
    assert model.outcomes["p_return"].tolist() == [0.1]
    assert model.moves["score"].isna().all()
    assert model.sampler is None
    assert model.wait_curve.empty
    assert model.notes[0].startswith("cx is made of 50% csat, 1 to 5, high is good, 50% repeat")
    assert list(model.notes[1:]) == ["said of every part", "csat: said of csat alone", "repeat: said of repeat alone"]


def test_who_is_like_whom_is_kept_and_no_bias_is_drawn_on_scores_that_are_none() -> None:
    overlap = pd.DataFrame({"reason": ["fees"], "verdict": ["ok"]})

    def known(name: str) -> ExperienceModel:
        return dataclasses.replace(part(name), overlap=overlap, bias_sampler=lambda n, seed: pytest.fail("drawn"))

    model = composite_model(WHOLE, known)
    pd.testing.assert_frame_equal(model.overlap, overlap)
    assert np.isnan(model.draws(2, 1).scores).all()
