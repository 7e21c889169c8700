"""Choice files: what a page saves is what a run takes up, and hostile content is refused in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from planner.choice import FORMAT, MOST_BYTES, choice_of, limit_changes, read_choice
from planner.cli import main
from planner.errors import RunError
from planner.runs import load_run

TOY = Path(__file__).resolve().parents[3] / "scenarios/minimal.yaml"
GOOD = {
    "format": FORMAT,
    "run": "minimal-0a1b2c3d",
    "fingerprint": "0123456789abcdef",
    "plan": "p003",
    "keep": ["offers", "shifts:phone & desk"],
    "pins": ["p001", "p003"],
    "limits": {"cx": 4.1, "cost": 900, "headroom": 0.1},
}


def test_a_good_choice_is_read_whole():
    found = choice_of(GOOD)
    assert (found.run, found.plan, found.keep) == ("minimal-0a1b2c3d", "p003", ("offers", "shifts:phone & desk"))
    assert found.limits == {"cx": 4.1, "cost": 900.0, "headroom": 0.1}
    least = choice_of({"format": FORMAT, "run": "a-1"})
    assert (least.plan, least.keep, least.pins, dict(least.limits)) == ("", (), (), {})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "planner choice 2"}, "is not a choice file"),
        ({"more": 1}, "unknown key 'more'; allowed are format, run"),
        ({"run": "../../etc/passwd"}, "run = '../../etc/passwd': must be the name of a run directory"),
        ({"run": "a\n"}, "run = "),
        ({"run": ".."}, "run = "),
        ({"run": ""}, "run = "),
        ({"run": 7}, "run = 7"),
        ({"run": "x" * 500}, "run = "),
        ({"fingerprint": "zz"}, "fingerprint = 'zz': must be hexadecimal"),
        ({"plan": "--help"}, "plan = '--help': must be the id of a plan"),
        ({"plan": ""}, "plan and keep belong together"),
        ({"keep": []}, "plan and keep belong together"),
        ({"keep": "offers"}, "keep = 'offers': must be a list"),
        ({"keep": ["offers", "rm -rf"]}, r"keep\[1\] = 'rm -rf': must be offers, shares"),
        ({"keep": ["shifts:a\x1b[2J"]}, r"keep\[0\]"),
        ({"keep": ["offers"] * 51}, "at most 50"),
        ({"pins": [{}]}, r"pins\[0\] = {}"),
        ({"limits": [1]}, "limits = .*must map cx, cost, headroom"),
        ({"limits": {"budget": 1}}, "limits.budget: must be one of cx, cost, headroom"),
        ({"limits": {"cx": "4"}}, "limits.cx = '4': must be a number"),
        ({"limits": {"cx": True}}, "limits.cx = True"),
        ({"limits": {"cost": float("inf")}}, "limits.cost = inf: must be a number"),
        ({"limits": {"cost": -1}}, "limits.cost = -1: must be between 0 and 1e.15"),
        ({"limits": {"headroom": 99}}, "limits.headroom = 99: must be between -0.9 and 10"),
    ],
)
def test_hostile_content_is_refused_with_what_is_allowed(change, words):
    with pytest.raises(ValueError, match=words):
        choice_of(GOOD | change)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 5000, "is not JSON"),
        (b'["format"]', "is not a choice file"),
        (b" " * (MOST_BYTES + 1), f"is longer than {MOST_BYTES} bytes"),
        (b'{"format": "planner choice 1", "run": "a", "limits": {"cx": NaN}}', "limits.cx = nan"),
    ],
)
def test_files_that_are_none(tmp_path, data, words):
    file = tmp_path / "choice.json"
    file.write_bytes(data)
    with pytest.raises(RunError, match=words):
        read_choice(file)
    with pytest.raises(RunError, match="cannot read"):
        read_choice(tmp_path / "nothing.json")


def test_a_run_takes_a_choice_up(tmp_path, capsys, quick_run):
    """The new run has the old one's settings, keeps the offers, and no plan is dearer than the limit."""
    out = tmp_path / "runs"
    shutil.copytree(quick_run, out / quick_run.name)
    first = load_run(next(out.glob("minimal-*")))
    spare = first.table[first.table["origin"] != "today"].sort_values("headroom").iloc[-1]
    choice = {
        "format": FORMAT,
        "run": first.run,
        "fingerprint": first.fingerprint,
        "plan": str(spare["plan"]),
        "keep": ["offers"],
        "pins": [],
        "limits": {"cost": float(spare["cost"]), "headroom": 0.2, "cx": 4.0},
    }
    assert limit_changes({"headroom": 0.2}, out / first.run) == ["frontier.headroom_levels=[0.2, 0.4]"]
    file = tmp_path / "choice.json"
    file.write_text(json.dumps(choice), encoding="utf-8")
    again = ["run", str(TOY), "--out", str(out), "--seed", "3", "--workers", "1", "--from-choice", str(file)]
    capsys.readouterr()
    assert main([*again, "--dry-run", "--json"]) == 0
    assert main(again) == 0
    told = capsys.readouterr()
    assert "--set frontier.plans=4 --set" in told.err
    assert "Nearest to the limits of the choice: p0" in told.err
    made = load_run(told.out.strip().splitlines()[-1])
    assert made.table["cost"].iloc[1:].max() <= choice["limits"]["cost"]
    key = ["reason", "segment", "from_channel", "channel"]
    shares = [one.channel_mix.set_index(key)["share"].round(5).to_dict() for one in (first.plan(spare["plan"]),)]
    assert made.plan(made.table["plan"].iloc[1]).channel_mix.set_index(key)["share"].round(5).to_dict() == shares[0]

    assert main([*again, "--keep", "shifts", "--plan", "p001"]) == 2
    file.write_text(json.dumps(choice | {"fingerprint": "00ff"}), encoding="utf-8")
    assert main(again) == 2
    assert "was made from another result" in capsys.readouterr().err
    file.write_text(json.dumps(choice | {"run": "elsewhere-1"}), encoding="utf-8")
    assert main(again) == 2
    assert "name it with --from RUN" in capsys.readouterr().err
