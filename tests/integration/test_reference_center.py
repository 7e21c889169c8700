"""The reference center against its declared truth, and with the data most centers have: less sure, and says so."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import planner
import planner.drawing
from planner.cli import main
from planner.demand import demand_for
from planner.experience import ExperienceModel, model_for
from planner.frontier.frontier import Frontier
from planner.history import History
from planner.history.scenario_history import history_of
from planner.history.synthetic import load_truth
from planner.scenario import Scenario, load_scenario

pytestmark = pytest.mark.slow

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
Z90 = 1.645
CELL = ["reason", "channel", "segment"]
SURVEYED = ("voice", "chat")
LITTLE = (
    "experience.rescore=none",
    "frontier.headroom_levels=[0.2]",
    "frontier.cost_points=4",
    "frontier.plans=6",
    "frontier.bound_prices=2",
    "frontier.bound_boxes=2",
    "frontier.bound_steps=1",
    "frontier.search_evaluations=0",
    "frontier.bound_plans=0",
    "frontier.risk_draws=0",
)


@pytest.fixture(scope="module")
def reference() -> Scenario:
    return load_scenario(SCENARIOS / "retail_bank.yaml")


@pytest.fixture(scope="module")
def history(reference: Scenario) -> History:
    found = history_of(reference)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def model(reference: Scenario, history: History) -> ExperienceModel:
    return model_for(reference, history, seed=0)


def truth(reference: Scenario, name: str) -> pd.DataFrame:
    assert reference.history is not None
    folder = reference.resolve(reference.history.contacts).parent / "truth"
    return pd.read_parquet(folder / f"{name}.parquet")


def at_entry(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["level"] == "entry_reason"].drop(columns="level")


def rmse(error: pd.Series) -> float:
    return float(np.sqrt(np.mean(np.square(error))))


def test_scores_of_pools_cover_the_truth(reference: Scenario, model: ExperienceModel) -> None:
    first = model.outcomes[model.outcomes["stage"] == "first"]
    both = first.merge(at_entry(truth(reference, "pools")), on=["reason", "segment", "channel", "pool"],
                       suffixes=("", "_true"))  # fmt: skip
    assert len(both) > 200
    error = both["score"] - both["score_true"]
    assert np.mean(np.abs(error) <= Z90 * both["score_sd"]) >= 0.7
    assert rmse(error) < 0.1
    assert rmse(both["p_return"] - both["p_return_true"]) < 0.03
    assert abs((both["p_return"] - both["p_return_true"]).mean()) < 0.015
    assert rmse(both["p_escalate"] - both["p_escalate_true"]) < 0.02


def test_scores_of_movers_cover_the_truth_and_beat_the_channels_own_score(
    reference: Scenario, model: ExperienceModel
) -> None:
    keys = ["reason", "segment", "from_channel", "to_channel"]
    both = model.moves.merge(at_entry(truth(reference, "moves")), on=keys, suffixes=("", "_true"))
    both = both[both["n"] >= 100]
    users = at_entry(truth(reference, "scores")).rename(columns={"channel": "to_channel", "score_users": "own"})
    both = both.merge(users[["reason", "segment", "to_channel", "own"]], on=["reason", "segment", "to_channel"])
    error = both["score"] - both["score_true"]
    assert np.mean(np.abs(error) <= Z90 * both["sd"]) >= 0.7
    assert rmse(error) < 0.6 * rmse(both["own"] - both["score_true"])


def test_wait_curve_of_the_phone_is_near_the_truth(reference: Scenario, model: ExperienceModel) -> None:
    true = truth(reference, "wait_curve")
    true = true[(true["channel"] == "voice") & true["wait_s"].isin([30.0, 60.0])]
    curve = model.wait_curve[model.wait_curve["channel"] == "voice"]
    got = [
        np.interp(row.wait_s, own["wait_s"], own["loss"])
        for row in true.itertuples()
        for own in [curve[curve["reason"] == row.reason]]
    ]
    assert rmse(np.asarray(got) - true["loss"]) < 0.1


def test_issues_and_confusion_are_near_the_truth(reference: Scenario, model: ExperienceModel) -> None:
    both = model.issues.merge(truth(reference, "issues"), on=["reason", "segment"], suffixes=("", "_true"))
    assert abs((both["contacts_per_issue"] - both["contacts_per_issue_true"]).mean()) < 0.05
    assert model.confusion.groupby("entry_reason")["share"].sum().round(9).eq(1).all()
    assert model.returns.groupby(["reason", "channel"])["share"].sum().round(9).eq(1).all()


def test_the_contract_holds(reference: Scenario, model: ExperienceModel) -> None:
    assert not model.outcomes.duplicated(["reason", "segment", "pool", "stage"]).any()
    usable = model.outcomes["support"] != "none"
    assert model.outcomes.loc[usable, "score"].between(*reference.experience.scale).all()
    assert model.outcomes.loc[~usable, "score"].isna().all()
    draws = model.draws(300, 1)
    assert draws.scores.shape == (300, len(model.outcomes))
    assert draws.move_scores.shape == (300, len(model.moves))
    spread = draws.scores.std(axis=0)
    error = (draws.scores.mean(axis=0) - model.outcomes["score"]).abs()
    assert (error <= 5 * spread / np.sqrt(300))[usable].all()
    assert np.mean(spread[usable] > model.outcomes.loc[usable, "score_sd"]) > 0.95, "the bias is in the draws"
    assert np.array_equal(draws.scores, model.draws(300, 1).scores)


def test_demand_is_near_the_declared_volume(reference: Scenario, history: History, model: ExperienceModel) -> None:
    demand = demand_for(reference, history, model)
    assert reference.history is not None
    assert reference.history.truth is not None
    declared = load_truth(reference.resolve(reference.history.truth)).volume.issues_per_week
    assert demand.issues.sum() == pytest.approx(declared, rel=0.05)
    np.testing.assert_allclose(demand.profile.sum(axis=1), 1.0)
    np.testing.assert_allclose(demand.natural.sum(axis=1), 1.0)


@dataclass(frozen=True)
class ThinRun:
    """A run with little data: its directory, and the model of experience it worked with."""

    path: Path
    model: ExperienceModel


@pytest.fixture(scope="module")
def thin_run(tmp_path_factory: pytest.TempPathFactory) -> ThinRun:
    """Run the scenario from the command line with little work; it must end with 0."""
    sets = [part for setting in LITTLE for part in ("--set", setting)]
    out, models = io.StringIO(), []

    def kept(*arguments: Any, **options: Any) -> ExperienceModel:
        models.append(model_for(*arguments, **options))
        return models[-1]

    with contextlib.redirect_stdout(out), pytest.MonkeyPatch.context() as patched:
        patched.setattr(planner.drawing, "model_for", kept)
        file, folder = str(SCENARIOS / "thin_data.yaml"), str(tmp_path_factory.mktemp("thin"))
        assert main(["--quiet", "run", file, "--out", folder, "--workers", "1", "--seed", "0", *sets]) == 0
    (model,) = models
    return ThinRun(Path(out.getvalue().strip()), model)


@pytest.fixture(scope="module")
def run(thin_run: ThinRun) -> Path:
    return thin_run.path


@pytest.fixture(scope="module")
def thin_model(thin_run: ThinRun) -> ExperienceModel:
    return thin_run.model


@pytest.fixture(scope="module")
def found(run: Path) -> Frontier:
    return planner.load_run(run)


@pytest.fixture(scope="module")
def thin(found: Frontier) -> pd.DataFrame:
    """The table of scores that the report shows."""
    return pd.DataFrame(found.meta["experience_table"])


def test_it_runs_and_finds_plans(found: Frontier) -> None:
    plans = found.table[found.table["origin"] != "today"]
    assert len(plans) >= 1
    assert plans["cx"].between(1, 5).all()
    assert plans["promises_kept"].all()


def test_intervals_are_wider_than_with_full_data(thin: pd.DataFrame, model: ExperienceModel) -> None:
    both = thin.merge(model.table, on=CELL, suffixes=("", "_full"))
    both = both[both["mean"].notna() & both["mean_full"].notna()]
    width, usual = both["upper"] - both["lower"], both["upper_full"] - both["lower_full"]
    surveyed = both["channel"].isin(SURVEYED)
    assert surveyed.sum() >= 60
    assert (width > usual)[surveyed].mean() > 0.95
    assert (width / usual)[surveyed].median() > 1.3
    # Where nobody is asked, the score is read off resolution: at least four times as wide.
    assert (width / usual)[~surveyed].median() > 4


def test_fallbacks_are_flagged(found: Frontier, thin: pd.DataFrame, model: ExperienceModel) -> None:
    asked = thin["channel"].isin(SURVEYED)
    seen = thin["n_contacts"] > 0
    assert set(thin.loc[~asked & seen, "support"]) == {"extrapolated"}
    assert (thin.loc[~asked, "n_effective"] == 0).all()
    assert (thin.loc[asked & seen, "support"] == "ok").mean() > 0.5
    bots = model.table[(model.table["channel"] == "assistant") & (model.table["n_contacts"] > 0)]
    assert (bots["support"] == "ok").any()
    flows = found.plan("today").flows
    assert set(flows.loc[flows["channel"].isin(["assistant", "email", "self_service"]), "support"]) == {"extrapolated"}


def test_intervals_still_hold_what_full_data_says(thin: pd.DataFrame, model: ExperienceModel) -> None:
    """The 90 % intervals cover most of what three times the answers, in every channel, say."""
    both = thin.merge(model.table, on=CELL, suffixes=("", "_full"))
    both = both[both["mean"].notna() & both["mean_full"].notna()]
    inside = (both["lower"] <= both["mean_full"]) & (both["mean_full"] <= both["upper"])
    asked = both["channel"].isin(SURVEYED)
    print(f"within the thin intervals: {inside[asked].mean():.0%} with surveys, {inside[~asked].mean():.0%} without")
    assert inside[asked].mean() > 0.9
    # Present users stand in for all customers of a reason there: hard reasons chose other channels.
    assert inside[~asked].mean() > 0.65


def test_moves_into_channels_without_surveys_are_held_unsure(
    thin_model: ExperienceModel, model: ExperienceModel
) -> None:
    pairs = ["reason", "segment", "from_channel", "to_channel"]
    both = thin_model.moves.merge(model.moves, on=pairs, suffixes=("", "_full"))
    both = both[both["support"] == "extrapolated"].dropna(subset=["effect", "effect_full"])
    inside = (both["lower"] <= both["effect_full"]) & (both["effect_full"] <= both["upper"])
    print(f"moves without surveys: {inside.mean():.0%} of {len(both)} within their intervals")
    assert len(both) > 100
    assert inside.mean() > 0.85


def test_notes_say_what_could_not_be_known(run: Path, found: Frontier) -> None:
    notes = "\n".join(str(note) for note in found.meta["notes"])
    page = run.parent / "report.html"
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["--quiet", "report", str(run), "-o", str(page)]) == 0
    shown = page.read_text(encoding="utf-8")
    for words in (
        "no survey at all in assistant, email, self_service",
        "no survey there; scores are read off first-contact resolution",
        "fewer than 5% answered a survey in chat, voice",
        "customer_id missing in 25%",
        "24.9% of the contacts are anonymous",
        "reason missing in 23%",
        "have no reason: allocated by the mix of the others",
        "no staffing table",
        "nobody measured who really stood there",
    ):
        assert words in notes
        assert words in shown


def test_scores_of_surveyed_pools_are_less_sure_and_the_model_says_why(
    thin_model: ExperienceModel, model: ExperienceModel
) -> None:
    keys = ["reason", "segment", "channel", "pool", "stage"]
    both = thin_model.outcomes.merge(model.outcomes, on=keys, suffixes=("", "_full"))
    surveyed = both["channel"].isin(["voice", "chat"])
    assert (both.loc[surveyed, "score_sd"] > both.loc[surveyed, "score_sd_full"]).mean() > 0.9
    assert set(both.loc[~surveyed, "support"]) <= {"extrapolated", "none"}
    text = " ".join(thin_model.notes)
    for words in ("no survey there", "anonymous", "have no reason"):
        assert words in text
