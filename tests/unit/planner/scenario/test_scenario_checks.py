"""Relations between fields: unknown names, who reaches whom, shifts, scores, steps, files."""

from __future__ import annotations

import pytest
from scenario_center import Center

from planner.drawing import draw_problem
from planner.errors import ScenarioError
from planner.scenario import load_scenario

STEER = """\
steers:
  offer_chat:
    from_channel: voice
    to_channel: chat
    offered_at: menu
    acceptance: 0.5
    reasons: [billing]
"""
STEER_VARIANT = "    steers.offer_chat.acceptance: {value: 0.4, low: 0.3, high: 0.5}\n"
OUTCOME = "{channel: voice, aht_s: 300, score: 4.2}"
WRONG = [
    ("channel: voice\n    disc", "channel: vioce\n    disc", "34:14", "unknown channel 'vioce'; did you mean 'voice'?"),
    ("reasons: [billing]", "reasons: [biling]", "43:15", "unknown reason 'biling'; did you mean 'billing'?"),
    ("reasons: [billing]", "reasons: [billing, billing]", "43:24", "'billing' is listed twice"),
    ("reasons: [billing]", "segments: [al]", "43:16", "unknown segment 'al'; did you mean 'all'?"),
    ("reasons: [billing]", "reasons: []", "43:14", "the empty list selects nothing"),
    ("shifts: [morning]", "shifts: [Morning]", "38:14", "unknown shift 'Morning'; did you mean 'morning'?"),
    ("    from_channel: voice", "    from_channel: phone", "46:19", "unknown channel 'phone'; known: voice, chat"),
    ("    to_channel: chat", "    to_channel: voice", "47:17", "a steer from voice to itself moves nobody"),
    (OUTCOME, "{channel: voise, score: 4.2}", "23:17", "unknown channel 'voise'; did you mean 'voice'?"),
    (OUTCOME, "{pool: voice_cor, score: 4.2}", "23:14", "unknown pool 'voice_cor'; did you mean 'voice_core'?"),
    ("pools: [voice_core]", "pools: [voice_cor]", "53:13", "unknown pool 'voice_cor'; did you mean 'voice_core'?"),
    ("pools: [voice_core]", "pools: [bot]", "53:13", "service_level needs live_voice or live_chat pools"),
    ("measure: service_level", "measure: deadline_kept", "53:13", "deadline_kept needs deferred pools"),
    ("promises:", "limits: {seats: {hall: {pools: [x], max: 3}}}\npromises:", "51:33", "unknown pool 'x'"),
    ("promises:", "escalations: [{from_channel: bot, to_channel: voice}]\npromises:", "51:30", "unknown channel 'bot'"),
    ("promises:", "frontier: {share_step: 0.3}\npromises:", "51:24", "share_step 0.3 does not divide 1"),
    ("promises:", "frontier: {share_step: 0}\npromises:", "51:24", "share_step 0 does not divide 1"),
    ("last: 11:00", "last: 11:30", "28:34", "ends 30 min after closing at 12:00; write at most 11:00"),
    ("first: 10:30", "first: 10:00", "28:21", "starts at 10:00, before opening at 10:30"),
    ("first: 10:30", "first: 10:40", "28:21", "10 min, not a multiple of the interval of 30 min"),
    ("length_min: 30", "length_min: 20", "30:36", "length of the break is 20 min, not a multiple"),
    ("length_h: 1\n", "length_h: 0.8\n    # short\n", "27:15", "length is 48 min, not a multiple"),
    ("score_given_up: 2.0", "score_given_up: 1.0", "21:20", "lost customers (1.5) must not score better"),
    ("high: 1.8}", "high: 5.8}", "21:49", "score 5.8 is outside the scale 1..5"),
    ("score: 4.2", "score: 1.9", "23:43", "helped customers (1.9) must not score worse than given-up ones (2)"),
    (
        "outcomes:\n    - {channel: voice, aht_s: 300, ",
        "give_up_share: 0.3\n  outcomes:\n    - {channel: voice, aht_s: 300, p_return: 0.8, ",
        "24:46",
        "80% return, but with a give_up_share of 30% at most 70% can; lower one of them",
    ),
    ("score_given_up: 2.0", "scale: [5, 1]\n  score_given_up: 2.0", "20:10", "the scale runs from 5 to 1"),
    ("Europe/Zurich", "Europe/Zuric", "9:13", "did you mean 'Europe/Zurich'?"),
    ("Europe/Zurich", "../../etc/passwd", "9:13", "unknown time zone"),
    ("demand.csv", "demnd.csv", "10:18", "no such file: demnd.csv"),
    ("{source: demand.csv}", "{growth: 0.1}", "10:1", "demand comes from the history, but there is none"),
    ("staffing.csv", "today/staffing.csv", "57:13", "no such file: today/staffing.csv"),
    ("segments:\n  all:", "segments:\n  all: {cx_min: 7}", "12:17", "score 7 is outside the scale 1..5"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), WRONG)
def test_wrong_relation_is_named_at_its_place(center: Center, old: str, new: str, place: str, words: str) -> None:
    center.write((old, new))
    said = [line for line in center.said() if line.startswith(f"small.yaml:{place}: error: ")]
    assert len(said) == 1, center.said()
    assert words in said[0]


def test_low_scores_may_be_good(center: Center) -> None:
    low_is_good = ("score_given_up: 2.0", "higher_is_better: false\n  score_given_up: 4.5")
    center.write(low_is_good, ("{value: 1.5, low: 1.2, high: 1.8}", "5"))
    assert center.said() == []
    center.write(low_is_good, ("{value: 1.5, low: 1.2, high: 1.8}", "4"))
    assert "lost customers (4) must not score better than given-up ones (4.5); lower is better" in center.only()


def test_pool_that_no_steer_leads_to(center: Center) -> None:
    center.write((STEER, ""), (STEER_VARIANT, ""))
    assert center.only() == (
        "small.yaml:39:3: error: pools.bot: no contact can reach this pool: none arrives in chat, and no steer or "
        "escalation leads there; add a steer, or take the pool away"
    )


def test_escalation_and_natural_contacts_reach_a_pool_too(center: Center) -> None:
    center.write((STEER, "escalations: [{from_channel: voice, to_channel: chat}]\n"), (STEER_VARIANT, ""))
    assert center.said() == []
    center.write((STEER, ""), (STEER_VARIANT, ""))
    center.write_csv("demand", *[("billing,voice", "billing,chat")] * 3)
    assert center.said() == []


def test_pool_whose_reasons_nobody_brings(center: Center) -> None:
    center.write(("reasons: [billing]", "reasons: [fault]"))
    assert center.only().startswith(
        "small.yaml:39:3: error: pools.bot: no contact can reach this pool: its reasons and segments leave none"
    )
    center.write(("{must_human: true}", "{}"), ("reasons: [billing]", "reasons: [fault]"))
    assert center.only().startswith(
        "small.yaml:39:3: error: pools.bot: no contact can reach this pool: of its reasons and segments none comes to"
    )


def test_reason_without_any_eligible_pool(center: Center) -> None:
    center.write(("shifts: [morning]", "shifts: [morning]\n    reasons: [billing]"))
    assert [line for line in center.said() if "small.yaml" in line] == [
        "small.yaml:15:3: error: reasons.fault: no pool may serve this reason (must_human: automated pools do not "
        "count); add it to the reasons and segments of a pool"
    ]


def test_reason_without_pool_where_it_arrives(center: Center) -> None:
    center.write_csv("demand", *[("fault,voice", "fault,chat")] * 3)
    assert center.only().startswith(
        "small.yaml:15:3: error: reasons.fault: no pool may serve this reason in chat (must"
    )


def test_segment_without_pool(center: Center) -> None:
    center.write(("  all:\n", "  all:\n  vip:\n"), ("shifts: [morning]", "shifts: [morning]\n    segments: [all]"))
    said = center.said()
    assert any("reasons.fault: no pool may serve this reason for segment vip (must_human" in line for line in said)
    assert any("reasons.billing: no pool may serve this reason for segment vip in voice" in line for line in said)


def test_channel_without_pool(center: Center) -> None:
    center.write(("  chat: {}", "  chat: {}\n  email: {}"))
    assert center.only().startswith("small.yaml:19:3: error: channels.email: no pool serves this channel")


def test_several_steers_may_leave_one_channel(center: Center) -> None:
    second = STEER.replace("steers:\n", "").replace("offer_chat", "web_offer")
    center.write((STEER, STEER + second))
    assert center.said() == []


def test_deadline_beyond_the_horizon(center: Center) -> None:
    pool = (
        "  desk: {kind: human, channel: chat, discipline: deferred, shrinkage: 0, shifts: [morning], deadline_h: 2}\n"
    )
    center.write(("  bot:\n", pool + "  bot:\n"))
    assert center.only().startswith(
        "small.yaml:39:105: error: pools.desk.deadline_h: deadline of 2 open hours is longer than the horizon of 1.5"
    )


def test_chat_speed_must_not_fall(center: Center) -> None:
    pool = "  desk: {kind: human, channel: chat, discipline: live_chat, shrinkage: 0, shifts: [morning], chat: "
    center.write(("  bot:\n", pool + "{total_speed: [1, 0.9]}}\n  bot:\n"))
    assert center.only().startswith(
        "small.yaml:39:114: error: pools.desk.chat.total_speed: total_speed [1.0, 0.9] must"
    )


def test_missing_sources_of_today_are_warnings(center: Center) -> None:
    center.write(("today:\n  staffing: staffing.csv\n  routing: routing.csv\n", ""))
    assert [line.split(": nothing")[0] for line in center.said()] == [
        "small.yaml:1:1: warning: today.staffing",
        "small.yaml:1:1: warning: today.routing",
    ]
    assert all("so no plan can be made; name a CSV file here" in line for line in center.said())
    scenario = load_scenario(center.path)
    assert scenario.today.routing == "history"
    with pytest.raises(ScenarioError, match="the scenario names no staffing table"):
        draw_problem(scenario, seed=1)


def test_generated_history_may_be_missing(center: Center) -> None:
    center.write(("demand:", "history: {contacts: c.parquet, staffing: s.parquet, truth: truth.yaml}\ndemand:"))
    assert center.only().startswith("small.yaml:10:60: error: history.truth: no such file: truth.yaml")
    (center.folder / "truth.yaml").write_text("version: 1\n", encoding="utf-8")
    assert center.said() == []
    center.write(("demand:", "history: {contacts: c.parquet}\ndemand:"))
    assert (
        center.only().startswith("small.yaml:10:21: error: history.contacts: no such file: c.parquet") or center.said()
    )


DESK = """\
  voice_vip:
    kind: human
    channel: voice
    discipline: live_voice
    shrinkage: 0.3
    shifts: [morning]
    reasons: [fault]
"""
VIP = ("  bot:\n", DESK + "  bot:\n")
BAD_LINKS = [
    ("from_pool: voice_core, to_pool: voice_vop", "", "58:45", "unknown pool 'voice_vop'; did you mean 'voice_vip'?"),
    ("from_pool: voice_core, to_pool: voice_core", "", "58:45", "a link from voice_core to itself moves nobody"),
    ("from_pool: voice_core, to_pool: bot", "", "58:45", "pool 'bot' is automated; overflow needs live_voice or live"),
    ("from_pool: bot, to_pool: voice_core", "", "58:24", "pool 'bot' is automated; overflow needs live_voice or live"),
    ("from_pool: voice_core, to_pool: voice_vip}, {from_pool: voice_core, to_pool: voice_vip", "", "58:90", "twice"),
    (
        "from_pool: voice_core, to_pool: voice_vip",
        "channel: chat",
        "58:45",
        "voice_vip has channel chat and voice_core",
    ),
    (
        "from_pool: voice_core, to_pool: voice_vip",
        "discipline: live_chat\n    chat: {total_speed: [1, 1.5]}",
        "59:45",
        "voice_vip has discipline live_chat and voice_core has live_voice; name a pool that serves the same way",
    ),
    (
        "from_pool: voice_core, to_pool: voice_vip",
        "platform: partner",
        "59:45",
        "voice_vip has platform partner and voice_core has main; contacts are never sent across platforms",
    ),
]


@pytest.mark.parametrize(("links", "change", "place", "words"), BAD_LINKS)
def test_link_that_carries_nobody(center: Center, links: str, change: str, place: str, words: str) -> None:
    own = DESK
    if change:
        key = change.split(":")[0]
        same = [line for line in DESK.splitlines() if line.strip().startswith(f"{key}:")]
        old = same[0].strip() if same else "    kind: human"
        own = DESK.replace(old, change if same else f"{old}\n    {change}")
    center.write(("  bot:\n", own + "  bot:\n"), ("promises:", f"overflow: [{{{links}}}]\npromises:"))
    said = [line for line in center.said() if line.startswith(f"small.yaml:{place}: error: overflow.")]
    assert len(said) == 1, center.said()
    assert words in said[0]


def test_link_between_pools_that_share_no_reason(center: Center) -> None:
    link = ("promises:", "overflow: [{from_pool: voice_core, to_pool: voice_vip}]\npromises:")
    center.write(VIP, link)
    assert center.said() == []
    only_billing = ("    shifts: [morning]\n  voice_vip", "    shifts: [morning]\n    reasons: [billing]\n  voice_vip")
    center.write(VIP, link, only_billing)
    said = [line for line in center.said() if "overflow" in line]
    assert len(said) == 1, center.said()
    assert said[0].startswith(
        "small.yaml:59:45: error: overflow.0.to_pool: no reason and segment may be served by both voice_core and "
    )


def test_a_promise_by_the_week_asks_for_whole_weeks(center: Center) -> None:
    center.write(("days: 1\n", "days: 10\n"), ("target: 0.8", "target: 0.8\n    period: week"))
    words = "10 days are no whole weeks; plan 7 days, or promise it for the month"
    assert any("promises.answered.period" in line and words in line for line in center.said())
    center.write(("days: 1\n", "days: 14\n"), ("target: 0.8", "target: 0.8\n    period: week"))
    assert not any("whole weeks" in line for line in center.said())


def test_the_step_of_a_single_start_need_not_fit_the_grid(center: Center) -> None:
    """Intervals of an hour, one start and no step: 30 min is a default nobody wrote."""
    step = "step between starts is 7 min, not a multiple"
    center.write(("last: 11:00}", "last: 11:00, every_min: 7}"))
    assert any(step in line for line in center.said())
    center.write(("last: 11:00}", "last: 10:30, every_min: 7}"))
    assert center.said() == []
