"""The reference center with the data most centers have: it runs, its intervals are wide, and it says what it lacks."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.cli import main
from planner.experience import model_for
from planner.experience.model import ExperienceModel
from planner.frontier.frontier import Frontier
from planner.history.scenario_history import history_of

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
CELL = ["reason", "channel", "segment"]
SURVEYED = ("voice", "chat")
LITTLE = (
    "frontier.headroom_levels=[0,0.2]",
    "frontier.cost_points=4",
    "frontier.plans=6",
    "frontier.bound_prices=2",
    "frontier.bound_boxes=2",
    "frontier.bound_steps=1",
    "frontier.search_evaluations=0",
    "frontier.risk_draws=10",
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the scenario from the command line with little work; it must end with 0."""
    sets = [part for setting in LITTLE for part in ("--set", setting)]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        file, folder = str(SCENARIOS / "thin_data.yaml"), str(tmp_path_factory.mktemp("thin"))
        assert main(["--quiet", "run", file, "--out", folder, "--workers", "1", "--seed", "0", *sets]) == 0
    return Path(out.getvalue().strip())


@pytest.fixture(scope="module")
def found(run: Path) -> Frontier:
    return planner.load_run(run)


@pytest.fixture(scope="module")
def thin(found: Frontier) -> pd.DataFrame:
    """The table of scores that the report shows."""
    return pd.DataFrame(found.meta["experience_table"])


@pytest.fixture(scope="module")
def full() -> ExperienceModel:
    scenario = planner.load_scenario(SCENARIOS / "retail_bank.yaml")
    return model_for(scenario, history_of(scenario), seed=0)


def test_it_runs_and_finds_plans(found: Frontier) -> None:
    plans = found.table[found.table["origin"] != "today"]
    assert len(plans) >= 1
    assert plans["cx"].between(1, 5).all()
    assert plans["promises_kept"].all()


def test_intervals_are_wider_than_with_full_data(thin: pd.DataFrame, full: ExperienceModel) -> None:
    both = thin.merge(full.table, on=CELL, suffixes=("", "_full"))
    both = both[both["mean"].notna() & both["mean_full"].notna()]
    width, usual = both["upper"] - both["lower"], both["upper_full"] - both["lower_full"]
    surveyed = both["channel"].isin(SURVEYED)
    assert surveyed.sum() >= 60
    assert (width > usual)[surveyed].mean() > 0.95
    assert (width / usual)[surveyed].median() > 1.3
    # Where nobody is asked, the score is read off resolution: at least four times as wide.
    assert (width / usual)[~surveyed].median() > 4


def test_fallbacks_are_flagged(found: Frontier, thin: pd.DataFrame, full: ExperienceModel) -> None:
    asked = thin["channel"].isin(SURVEYED)
    seen = thin["n_contacts"] > 0
    assert set(thin.loc[~asked & seen, "support"]) == {"extrapolated"}
    assert (thin.loc[~asked, "n_effective"] == 0).all()
    assert (thin.loc[asked & seen, "support"] == "ok").mean() > 0.5
    bots = full.table[(full.table["channel"] == "assistant") & (full.table["n_contacts"] > 0)]
    assert (bots["support"] == "ok").any()
    flows = found.plan("today").flows
    assert set(flows.loc[flows["channel"].isin(["assistant", "email", "self_service"]), "support"]) == {"extrapolated"}


def test_intervals_still_hold_what_full_data_says(thin: pd.DataFrame, full: ExperienceModel) -> None:
    """The 90 % intervals cover most of what three times the answers, in every channel, say."""
    both = thin.merge(full.table, on=CELL, suffixes=("", "_full"))
    both = both[both["mean"].notna() & both["mean_full"].notna()]
    inside = (both["lower"] <= both["mean_full"]) & (both["mean_full"] <= both["upper"])
    asked = both["channel"].isin(SURVEYED)
    print(f"within the thin intervals: {inside[asked].mean():.0%} with surveys, {inside[~asked].mean():.0%} without")
    assert inside[asked].mean() > 0.9
    # Present users stand in for all customers of a reason there: hard reasons chose other channels.
    assert inside[~asked].mean() > 0.65


def test_moves_into_channels_without_surveys_are_held_unsure(full: ExperienceModel) -> None:
    scenario = planner.load_scenario(SCENARIOS / "thin_data.yaml")
    moves = model_for(scenario, history_of(scenario), seed=0).moves
    pairs = ["reason", "segment", "from_channel", "to_channel"]
    both = moves.merge(full.moves, on=pairs, suffixes=("", "_full"))
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
