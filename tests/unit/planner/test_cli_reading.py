"""The commands that read a run: `frontier`, `show`, `explain`, `compare`, `export`."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from toy_frontier import make_frontier

from planner.cli import main
from planner.cli.app import app
from planner.cli.examples import example_lines
from planner.frontier.wish import Reach
from planner.runs import load_run, save_frontier

Captured = pytest.CaptureFixture[str]


def test_frontier_lists_today_first(toy_run: Path, capsys: Captured) -> None:
    assert main(["frontier", str(toy_run)]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.strip().startswith("p0")]
    assert len(rows) == 4
    assert rows[0].split()[1] == "today"
    assert rows[1].split()[:4] == ["p001", "cheapest", "3.92", "€900"]
    assert "€1,200" in rows[3] or "€1,201" in rows[3]
    assert "30.0%" in rows[3]


def test_frontier_filters_and_keeps_today(toy_run: Path, capsys: Captured) -> None:
    assert main(["frontier", str(toy_run), "--max-cost", "995", "--min-cx", "4", "--json"]) == 0
    captured = capsys.readouterr()
    assert [row["plan"] for row in json.loads(captured.out)["plans"]] == ["p000", "p002"]
    assert "1 of 3 plans meet these limits" in captured.err
    assert main(["frontier", str(toy_run), "--named", "--json"]) == 0
    assert [row["plan"] for row in json.loads(capsys.readouterr().out)["plans"]] == ["p000", "p001", "p002"]


def test_frontier_names_the_nearest_miss(toy_run: Path, capsys: Captured) -> None:
    assert main(["frontier", str(toy_run), "--max-cost", "989", "--min-cx", "4.05"]) == 0
    err = capsys.readouterr().err
    assert "0 of 3 plans" in err
    assert "Nearest is p002: it misses --max-cost by 1." in err


def test_frontier_csv_has_every_column_and_exact_numbers(toy_run: Path, capsys: Captured) -> None:
    assert main(["frontier", str(toy_run), "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [float(row["cost"]) for row in rows] == [1000.0, 900.0, 990.0, 1200.5]
    assert "cx_high" in rows[0]


def test_json_is_strict_where_numbers_are_missing(toy_run: Path, capsys: Captured) -> None:
    assert main(["frontier", str(toy_run), "--json"]) == 0
    text = capsys.readouterr().out
    assert "NaN" not in text
    assert json.loads(text)["plans"][0]["gap"] is None


def test_show_gives_the_whole_plan(toy_run: Path, capsys: Captured) -> None:
    assert main(["show", str(toy_run), "cheapest"]) == 0
    out = capsys.readouterr().out
    for words in ("Plan p001", "voice to chat", "80_20", "wages", "20", "80.0%"):
        assert words in out
    assert main(["show", str(toy_run), "p001", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["plan"]["cost"] == 900.0
    assert [row["scheduled"] for row in found["tables"]["staffing"]] == [3.5, 4.5]


def test_unknown_plan_exits_2_and_names_known_ones(toy_run: Path, capsys: Captured) -> None:
    assert main(["show", str(toy_run), "p999"]) == 2
    assert "known are" in capsys.readouterr().err


def test_explain_says_it_in_words_and_prices(toy_run: Path, capsys: Captured) -> None:
    assert main(["explain", str(toy_run), "best_cx"]) == 0
    out = capsys.readouterr().out
    assert "p002 is on the frontier" in out
    assert "12.50" in out
    assert main(["explain", str(toy_run), "p002", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["prices"][0]["price"] == 12.5


def test_compare_puts_today_first_and_signs_every_difference(toy_run: Path, capsys: Captured) -> None:
    assert main(["compare", str(toy_run), "cheapest", "p003"]) == 0
    lines = capsys.readouterr().out.splitlines()
    cost = next(line for line in lines if line.strip().startswith("cost"))
    assert cost.split()[:6] == ["cost", "a", "day", "€1,000", "€900", "-€100"]
    assert "-€100 ✓" in cost
    assert "✗" in cost
    cx = next(line for line in lines if line.strip().startswith("CX"))
    assert "≈" in cx
    assert "✓" in cx


def test_differences_of_shares_are_in_points_and_retained_value_is_money(tmp_path: Path, capsys: Captured) -> None:
    made = make_frontier()
    plans = made.table.assign(retained_value=[0.0, -1234.4, 10.0, 20.0], headroom=[0.1, 0.25, 0.2, 0.3])
    chosen = [{"name": "retained_value", "sense": "max"}]
    run = tmp_path / "value-00000000"
    save_frontier(
        dataclasses.replace(made, tables={**made.tables, "plans": plans}, meta={**made.meta, "objectives": chosen}), run
    )
    assert main(["compare", str(run), "p001"]) == 0
    lines = {line.strip().split("  ")[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "+15.0 pts ✓" in lines["headroom"]
    assert "-€1,234 ✗" in lines["retained value"]
    assert main(["show", str(run), "p001"]) == 0
    assert "-€1,234" in capsys.readouterr().out
    assert main(["frontier", str(run)]) == 0
    assert "-€1,234" in capsys.readouterr().out


def test_the_interval_of_the_draws_is_not_that_of_the_worst_of_them(tmp_path: Path, capsys: Captured) -> None:
    made = make_frontier({"robust": {"share": 0.2, "draws": 10}, "metric": "csat"})
    plans = made.table.assign(cx_expected=made.table["cx"] + 0.25)
    save_frontier(dataclasses.replace(made, tables={**made.tables, "plans": plans}), tmp_path / "worst-00000000")
    assert main(["show", str(tmp_path / "worst-00000000"), "p001"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    (worst,) = [line for line in lines if line.startswith("CX (CSAT), worst 20%")]
    assert worst.split()[-1] == "3.92"
    assert "4.17 (90 % interval 3.82 to 4.02)" in next(line for line in lines if line.startswith("expected"))


def test_compare_json_has_exact_differences(toy_run: Path, capsys: Captured) -> None:
    assert main(["compare", str(toy_run), "p003", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["today"]["plan"] == "p000"
    assert found["plans"][0]["difference"]["cost"] == 200.5
    assert main(["compare", str(toy_run), *["p001"] * 5]) == 2


WORDS = "Plans were chosen with one half of the customers and scored again with the other."


def rescored_run(folder: Path) -> Path:
    """The toy run, its plans scored again .02 lower, but for Today."""
    frontier = make_frontier({"certificate_words": "4 plans reach 94% of it.", "rescored": {"words": WORDS}})
    plans = frontier.tables["plans"]
    plans["cx_rescored"] = plans["cx"] - [0.0, 0.02, 0.03, 0.04]
    frontier.explanations["p000"] = (
        "Today.\n   4.100  Survey mean: as reported.\n   3.900  CX of Today, as on the axis."
    )
    save_frontier(frontier, folder / "again-00000000")
    return folder / "again-00000000"


def test_frontier_says_what_the_second_look_found_after_the_certificate(tmp_path: Path, capsys: Captured) -> None:
    run = str(rescored_run(tmp_path))
    assert main(["frontier", run]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert said.index("4 plans reach 94% of it.") < said.index(WORDS)
    assert main(["frontier", run, "--named"]) == 0
    assert WORDS not in " ".join(capsys.readouterr().err.split())


def test_compare_shows_cx_scored_again_on_a_line_of_its_own(tmp_path: Path, toy_run: Path, capsys: Captured) -> None:
    run = str(rescored_run(tmp_path))
    assert main(["compare", run, "best_cx"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    again = next(line for line in lines if "scored again" in line)
    assert again.split("scored again")[1].split() == ["3.90", "4.02", "+0.12", "✓"]
    assert main(["compare", run, "best_cx", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["plans"][0]["difference"]["cx_rescored"] == pytest.approx(0.12)
    assert main(["compare", str(toy_run), "best_cx"]) == 0
    assert "scored again" not in capsys.readouterr().out


def test_explain_today_prints_the_way_from_the_survey(tmp_path: Path, capsys: Captured) -> None:
    assert main(["explain", str(rescored_run(tmp_path)), "today"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "   4.100  Survey mean: as reported." in lines
    assert "   3.900  CX of Today, as on the axis." in lines


def test_show_says_why_no_more_are_moved_only_where_a_bound_is_reached(tmp_path: Path, capsys: Captured) -> None:
    frontier = make_frontier()
    mix = frontier.tables["channel_mix"]
    why = "few answers: chat may at most double its billing / all contacts (20% of this move)"
    mix["limit"] = ["" if a == b or p != "p002" else why
                    for a, b, p in zip(mix["from_channel"], mix["channel"], mix["plan"], strict=True)]  # fmt: skip
    save_frontier(frontier, tmp_path / "bound-00000000")
    assert main(["show", str(tmp_path / "bound-00000000"), "p002"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "as large as history allows" in out
    assert why in out
    assert main(["show", str(tmp_path / "bound-00000000"), "p001"]) == 0
    assert "as large as history allows" not in capsys.readouterr().out


def test_show_gives_the_longest_wait_of_a_promise_and_the_least_service(tmp_path: Path, capsys: Captured) -> None:
    frontier = make_frontier()
    own = frontier.tables["promises"]
    waits = pd.DataFrame({"plan": "p001", "promise": "asa", "period": ["a", "b"], "target": 40.0,
                          "value": [1e-7, 22.5], "kept": True})  # fmt: skip
    level = waits.assign(promise="answered", target=0.5, value=[0.9, 0.625])
    frontier.tables["promises"] = pd.concat([own, waits, level], ignore_index=True)  # type: ignore[index]
    save_frontier(frontier, tmp_path / "waits-00000000")
    assert main(["show", str(tmp_path / "waits-00000000"), "p001"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["asa", "40", "22.5", "kept"] in rows
    assert ["answered", "0.5", "0.625", "kept"] in rows


def test_not_a_run_exits_2(tmp_path: Path, capsys: Captured) -> None:
    assert main(["frontier", str(tmp_path / "none")]) == 2
    assert "no such run directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("form", "columns"),
    [
        ("staffing", ["plan", "pool", "interval", "on_task", "scheduled", "run"]),
        ("shifts", ["plan", "pool", "day", "shift", "start", "end", "people", "run"]),
    ],
)
def test_export_of_tables_carries_plan_and_run(
    toy_run: Path, tmp_path: Path, form: str, columns: list[str], capsys: Captured
) -> None:
    target = tmp_path / "out" / "x.csv"
    arguments = ["export", str(toy_run), "--plan", "cheapest", "--format", form, "--out", str(target)]
    assert main(arguments) == 0
    assert capsys.readouterr().out.strip() == target.as_posix()
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert list(rows[0]) == columns
    assert {row["plan"] for row in rows} == {"p001"}
    assert len({row["run"] for row in rows}) == 1
    assert not any(value.startswith("=") for row in rows for value in row.values())
    assert main(arguments) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["jdm", "csv"])
def test_export_of_rules(toy_run: Path, tmp_path: Path, form: str) -> None:
    target = tmp_path / f"rules.{form}"
    assert main(["export", str(toy_run), "--plan", "p001", "--format", form, "--out", str(target)]) == 0
    assert "phone" in target.read_text(encoding="utf-8")


def test_hostile_names_are_inert_in_the_terminal(tmp_path: Path, capsys: Captured) -> None:
    evil = "[bold]x[/bold]\x1b[2J\u202etxt" + "n" * 80
    frontier = make_frontier({"title": evil})
    for table in frontier.tables.values():
        for column in ("pool", "reason", "promise", "what"):
            if column in table.columns:
                table[column] = evil
    save_frontier(frontier, tmp_path / "r")
    for arguments in (["frontier"], ["show", "p001"], ["explain", "p001"], ["compare", "p001"], ["brief"]):
        assert main([arguments[0], str(tmp_path / "r"), *arguments[1:]]) == 0
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert "\u202e" not in out
        if arguments[0] not in ("compare", "brief"):
            assert "[bold]x[/bold]\\x1b[2J" in out


def _examples() -> dict[str, list[str]]:
    return {str(command.name): example_lines(command.epilog) for command in app.registered_commands}


def test_every_command_ends_its_help_with_examples(capsys: Captured) -> None:
    wanted = "demo init import validate schema estimate diff run frontier show explain gap what-if compare "
    wanted += "backtest simulate export report doctor serve adopt brief"
    assert set(_examples()) == set(wanted.split())
    for name, lines in _examples().items():
        assert lines, name
        assert main([name, "--help"]) == 0
        out = " ".join(capsys.readouterr().out.split())
        for line in lines:
            assert " ".join(line.split()) in out


def test_a_wish_ranks_the_plans_and_names_the_nearest(toy_run: Path, capsys: Captured) -> None:
    assert main(["frontier", str(toy_run), "--wish", "cx>=4.1,cost<=1000", "--json"]) == 0
    captured = capsys.readouterr()
    assert [row["plan"] for row in json.loads(captured.out)["plans"]] == ["p002", "p001", "p003"]
    assert "Nearest to this wish is p002: cx 4.05 (misses 4.10), cost €990 (reaches €1,000)." in captured.err


def test_a_wish_missed_by_a_hair_does_not_read_as_reached(toy_run: Path, capsys: Captured) -> None:
    assert main(["explain", str(toy_run), "--wish", "cx>=4.2004"]) == 0
    assert "cx 4.200 (misses 4.200)" not in (out := capsys.readouterr().out)
    assert "cx 4.2000 (misses 4.2004)." in out


def test_what_a_lever_proves_is_said_of_the_wish(
    toy_run: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stored bound knows nothing; that some of a lever is surely needed proves that things as they are fail."""
    nan = float("nan")
    monkeypatch.setattr("planner.scenario.load_scenario", lambda *_: None)
    for proven, words in ((0.12, "the bound rules it out"), (0.0, "does not rule it out")):
        found = [Reach("raise it", proven, nan, nan, nan, nan)]
        monkeypatch.setattr("planner.pipeline.reach_wish", lambda *_, found=found, **__: found)
        assert main(["explain", str(toy_run), "--wish", "cx>=4.9", "--scenario", str(toy_run)]) == 0
        assert words in capsys.readouterr().out


def test_a_reservation_says_how_far_a_wish_may_be_missed(toy_run: Path, capsys: Captured) -> None:
    wish = ["frontier", str(toy_run), "--wish", "cx>=4.1,cost<=1000", "--json"]
    assert main([*wish, "--reservation", "cx>=4.05,cost<=1500"]) == 0
    captured = capsys.readouterr()
    assert [row["plan"] for row in json.loads(captured.out)["plans"]] == ["p003", "p002", "p001"]
    assert "Nearest to this wish is p003" in captured.err


def test_weights_rank_the_plans(toy_run: Path, capsys: Captured) -> None:
    assert main(["frontier", str(toy_run), "--weights", "cx=1", "--json"]) == 0
    captured = capsys.readouterr()
    assert [row["plan"] for row in json.loads(captured.out)["plans"]] == ["p003", "p002", "p001"]
    assert "Best by these weights is p003: 100 of 100." in captured.err


def test_a_wish_may_be_for_any_figure_plans_can_be_preferred_by(toy_run: Path, capsys: Captured) -> None:
    assert main(["frontier", str(toy_run), "--wish", "peak_fte<=0,cx>=1", "--csv"]) == 0
    captured = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(captured.out)))
    assert "peak_fte" in captured.err
    assert "(misses 0.00)" in captured.err
    assert float(rows[0]["peak_fte"]) == min(float(row["peak_fte"]) for row in rows)
    assert main(["frontier", str(toy_run), "--wish", "peak_fte>=1"]) == 2
    assert "peak_fte<=NUMBER" in capsys.readouterr().err


def test_the_plan_that_is_named_is_one_of_those_shown(toy_run: Path, capsys: Captured) -> None:
    for flags, words in ((["--wish", "cx>=4.2"], "Nearest to this wish is"), (["--weights", "cx=1"], "Best by these")):
        assert main(["frontier", str(toy_run), *flags, "--max-cost", "1000", "--json"]) == 0
        captured = capsys.readouterr()
        assert [row["plan"] for row in json.loads(captured.out)["plans"]] == ["p002", "p001"]
        line = next(line for line in captured.err.splitlines() if line.startswith(words))
        assert "p002" in line
        assert main(["frontier", str(toy_run), *flags, "--max-cost", "1"]) == 0
        assert words not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--wish", "cx<=4"], "wish 'cx<=4'"),
        (["--wish", "cx>=4,2"], "decimals after a point"),
        (["--weights", "cx"], "weights 'cx'"),
        (["--weights", "speed=1"], "axis 'speed'"),
        (["--wish", "cx>=4", "--weights", "cx=1"], "not both"),
        (["--peak-weights", "cx=1"], "need --weights"),
        (["--reservation", "cx>=4"], "needs a --wish"),
        (["--wish", "cx>=4", "--reservation", "cx>=4.5"], "must be worse than aspiration 4"),
    ],
)
def test_unreadable_preferences_exit_2(toy_run: Path, capsys: Captured, flags: list[str], words: str) -> None:
    assert main(["frontier", str(toy_run), *flags]) == 2
    assert words in capsys.readouterr().err


def test_a_wish_beyond_the_scale_is_no_question_of_plans(tmp_path: Path, capsys: Captured) -> None:
    save_frontier(make_frontier({"scale": [1, 5]}), tmp_path / "scaled-00000000")
    assert main(["explain", str(tmp_path / "scaled-00000000"), "--wish", "cx>=5.5"]) == 2
    assert "no score is above 5, where the scale ends" in capsys.readouterr().err
    assert main(["explain", str(tmp_path / "scaled-00000000"), "--wish", "cx>=5"]) == 0


def test_explain_says_whether_a_wish_is_met_or_ruled_out(tmp_path: Path, capsys: Captured) -> None:
    frontier = make_frontier()
    bound = pd.DataFrame([(0.0, float("nan"), 890.0)], columns=["headroom", "slope", "intercept"])
    run = tmp_path / "wished-00000000"
    save_frontier(dataclasses.replace(frontier, tables={**frontier.tables, "bound": bound}), run)
    assert main(["explain", str(run), "--wish", "cost<=900"]) == 0
    assert "meets the wish as things are" in capsys.readouterr().out
    assert main(["explain", str(run), "--wish", "cost<=880"]) == 0
    captured = capsys.readouterr()
    assert "the bound rules it out" in captured.out
    assert "--scenario FILE" in captured.err
    assert main(["explain", str(run), "--wish", "cost<=895", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "nearest": "p001",
        "met": False,
        "ruled_out": False,
        "levers": [],
    }
    assert main(["explain", str(run)]) == 2


def test_tables_of_a_plan_and_every_reading_command_give_csv(toy_run: Path, capsys: Captured) -> None:
    assert main(["show", str(toy_run), "p002", "--table", "service", "--csv"]) == 0
    own = load_run(toy_run).plan("p002").service
    read = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert list(read.columns) == list(own.columns)
    assert read["offered"].tolist() == own["offered"].tolist()
    assert main(["show", str(toy_run), "p002", "--csv"]) == 0
    assert pd.read_csv(io.StringIO(capsys.readouterr().out))["cost"].tolist() == [990.0]
    assert main(["compare", str(toy_run), "p001", "p002", "--csv"]) == 0
    assert pd.read_csv(io.StringIO(capsys.readouterr().out))["plan"].tolist() == ["p000", "p001", "p002"]
    assert main(["show", str(toy_run), "p002", "--table", "servce"]) == 2
    assert "known are" in capsys.readouterr().err


def test_runs_are_compared_by_scenario_and_named_plans(toy_run: Path, tmp_path: Path, capsys: Captured) -> None:
    text = (Path(__file__).resolve().parents[3] / "scenarios/minimal.yaml").read_text(encoding="utf-8")
    other = tmp_path / "other-00000000"
    save_frontier(make_frontier(), other)
    save_frontier(make_frontier(), tmp_path / "one-00000000")
    (tmp_path / "one-00000000/scenario.yaml").write_text(text, encoding="utf-8")
    (other / "scenario.yaml").write_text(text.replace("wage_per_h: 40", "wage_per_h: 44"), encoding="utf-8")
    assert main(["compare", str(tmp_path / "one-00000000"), str(other)]) == 0
    out = capsys.readouterr().out
    assert "  wage per hour of phone +10 % (40 → 44)" in out
    assert "€900.00 (same)" in out or "€900 (same)" in out
    assert main(["compare", str(tmp_path / "one-00000000"), str(other), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["place"] for one in found[1]["differences"]] == ["pools.phone.wage_per_h"]
    assert main(["compare", str(toy_run), str(other)]) == 2
    assert "holds no scenario.yaml" in capsys.readouterr().err
    for meta, words in (
        ({"scale": [-100, 100]}, "on 1..5 and -100..100; one scale is needed"),
        ({"scale": [1, 5], "days": 14}, "these runs plan 1 and 14 days"),
    ):
        save_frontier(make_frontier({"scale": [1, 5], "days": 1}), tmp_path / f"first{len(meta)}-00000000")
        save_frontier(make_frontier(meta), tmp_path / f"second{len(meta)}-00000000")
        names = [str(tmp_path / f"{which}{len(meta)}-00000000") for which in ("first", "second")]
        assert main(["compare", *names]) == 2
        assert words in capsys.readouterr().err
