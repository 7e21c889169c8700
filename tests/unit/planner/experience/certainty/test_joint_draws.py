"""Joint draws of the bias, and the model that holds them."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from conftest import Known
from hidden_worlds import todays_outcomes

from planner.experience.certainty.bias import bias_of
from planner.experience.certainty.joint import bias_draws, with_bias
from planner.experience.estimated import final_scores, move_effects, move_rows, reading_table
from planner.experience.model import ExperienceDraws, ExperienceModel


def model_of(known: Known) -> ExperienceModel:
    """Put the estimates into the frame the optimizer reads, with a sampler that draws nothing but the means."""
    outcomes = todays_outcomes(known.world)
    asked = move_rows(outcomes)
    found = final_scores(known.fits, outcomes, asked)
    assert found is not None
    score = found[0].mean
    effect, sd, support = move_effects(known.fits, asked)
    moves = asked.rename(columns={"entry_reason": "reason"}).assign(
        effect=effect, sd=sd, support=support, score=score[len(outcomes) :]
    )
    outcomes = outcomes.assign(score=score[: len(outcomes)], score_sd=0.1, source="estimated")
    rest = {
        name: pd.DataFrame() for name in ("wait_curve", "returns", "escalations", "patience", "confusion", "issues")
    }

    def flat(n: int, seed: int) -> ExperienceDraws:
        return ExperienceDraws(np.tile(outcomes["score"], (n, 1)), np.tile(moves["score"], (n, 1)))

    return ExperienceModel(
        outcome="csat", table=reading_table(known.fits), outcomes=outcomes, moves=moves, chain=nx.DiGraph(),
        sampler=flat, notes=("a note",), **rest,
    )  # fmt: skip


def test_draws_have_the_spread_and_the_correlation_of_the_loadings(known: Known) -> None:
    draws = bias_draws(known.bias, 20_000, 1)
    np.testing.assert_allclose(draws.moves.std(axis=0), known.bias.moves["bias_sd"], rtol=0.05)
    np.testing.assert_allclose(draws.table.std(axis=0), known.bias.table["bias_sd"], rtol=0.05)
    moves = known.bias.moves
    first = moves.index[(moves["reason"] == "r0") & (moves["segment"] == "s0")]
    pair = moves.loc[first].set_index(["from_channel", "to_channel"]).index
    place = dict(zip(pair, first, strict=True))
    correlation = np.corrcoef(draws.moves[:, [place[("c0", "c1")], place[("c1", "c0")], place[("c2", "c1")]]].T)
    assert correlation[0, 1] < -0.8
    assert 0.2 < correlation[0, 2] < 0.8


def test_one_unseen_cause_does_not_average_out_over_reasons(known: Known) -> None:
    moves = known.bias.moves
    same = ((moves["from_channel"] == "c0") & (moves["to_channel"] == "c1")).to_numpy()
    draws = bias_draws(known.bias, 5_000, 2).moves[:, same]
    assert draws.mean(axis=1).std() > 0.9 * draws.std(axis=0).mean()


def test_one_seed_gives_one_world(known: Known) -> None:
    one, two, other = (bias_draws(known.bias, 5, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.moves, two.moves)
    np.testing.assert_array_equal(np.asarray(one.outcomes), np.asarray(two.outcomes))
    assert not np.array_equal(one.moves, other.moves)


def test_the_model_holds_the_bias_in_tables_notes_and_draws(known: Known) -> None:
    plain = model_of(known)
    model = with_bias(plain, known.bias)
    assert {"bias_response", "bias_unseen", "total_sd", "lower_total", "certainty"} <= set(model.moves.columns)
    assert {"bias_sd", "upper_total"} <= set(model.table.columns)
    assert model.notes[0] == "a note"
    assert len(model.notes) > 1
    assert "total_sd" not in plain.table.columns
    draws, extra = model.draws(4_000, 5), bias_draws(known.bias, 4_000, 5)
    np.testing.assert_allclose(draws.scores - plain.draws(4_000, 5).scores, np.asarray(extra.outcomes))
    np.testing.assert_allclose(draws.move_scores - plain.draws(4_000, 5).move_scores, np.asarray(extra.move_scores))
    assert draws.move_scores.std(axis=0).min() > 0.05


def test_customers_who_stay_where_they_are_know_no_unseen_cause(known: Known) -> None:
    outcomes = todays_outcomes(known.world)
    own = (outcomes["n_contacts"] > 0).to_numpy()
    loading = known.bias.outcome_loading
    assert loading is not None
    assert not loading[own, 1:].any()
    assert (np.abs(loading[own, 0]) > 0).all()


def test_stated_rows_keep_their_own_spread(known: Known) -> None:
    plain = model_of(known)
    outcomes = plain.outcomes.assign(source=np.where(np.arange(len(plain.outcomes)) == 0, "stated", "estimated"))
    moves = plain.moves.assign(effect=np.where(np.arange(len(plain.moves)) == 0, 9.0, plain.moves["effect"]))
    stated = ExperienceModel(**{**plain.__dict__, "outcomes": outcomes, "moves": moves})
    draws = with_bias(stated, known.bias).draws(50, 1)
    assert draws.scores[:, 0].std() == pytest.approx(0.0, abs=1e-12)
    assert draws.move_scores[:, 0].std() == pytest.approx(0.0, abs=1e-12)
    assert draws.move_scores[:, 1].std() > 0.01


def test_a_bias_of_other_rows_is_refused(known: Known) -> None:
    model = model_of(known)
    with pytest.raises(ValueError, match=r"the model has 0 or in another order: work it out for model\.outcomes"):
        with_bias(ExperienceModel(**{**model.__dict__, "outcomes": model.outcomes.iloc[:0]}), known.bias)
    with pytest.raises(ValueError, match=r"in another order: work it out for model\.moves"):
        with_bias(ExperienceModel(**{**model.__dict__, "moves": model.moves.iloc[::-1]}), known.bias)


@pytest.mark.slow
def test_a_bias_without_outcomes_is_refused(known: Known) -> None:
    with pytest.raises(ValueError, match=r"call bias_of\(fits, moves, outcomes\)"):
        with_bias(model_of(known), bias_of(known.fits, known.world.movers))
