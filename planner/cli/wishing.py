"""`planner explain RUN --wish …`: how near the plans come, whether the bound rules it out, and what it would take."""

from __future__ import annotations

from pathlib import Path

from planner.cli import console
from planner.cli.endings import Exit
from planner.errors import PlanError


def explain_wish(run: Path, text: str, scenario: Path | None, as_json: bool) -> int:
    """Print what a wish would take; with the scenario's file also the least change of each lever."""
    from planner.cli.preferring import wish_words
    from planner.frontier.wish import Reach, meets, parse_wish, reach_words, ruled_out
    from planner.runs import load_run
    from planner.runs.tables import plain

    loaded = load_run(run)
    try:
        wish = parse_wish(text)
    except ValueError as err:
        raise PlanError(f"explain: {err}") from err
    scale = loaded.meta.get("scale")
    if scale is not None and wish.cx is not None and wish.cx > float(scale[1]):
        raise PlanError(f"explain: wish cx>={wish.cx:g} — no score is above {float(scale[1]):g}, where the scale ends")
    nearest = loaded.nearest(wish.limits)
    met = meets((nearest.cx, nearest.cost, nearest.headroom), wish)
    bound = loaded.tables.get("bound")
    proven = bound is not None and ruled_out(bound, wish)
    found: list[Reach] = []
    if scenario is not None and not met:
        from planner.pipeline import reach_wish
        from planner.scenario import load_scenario

        found = reach_wish(load_scenario(scenario), wish, seed=int(loaded.meta["seed"]), frontier=loaded)
        proven = proven or any(one.proven > 0 for one in found)  # more than nothing of a lever is needed: proven
    if as_json:
        facts = {"nearest": nearest.id, "met": met, "ruled_out": proven}
        levers = [{name: getattr(one, name) for name in Reach.__dataclass_fields__} for one in found]
        console.give_json(plain(facts | {"levers": levers}))
        return int(Exit.DONE)
    console.give(console.inert(wish_words(loaded, wish.limits, nearest.id)))
    if met:
        console.give("It meets the wish as things are.")
        return int(Exit.DONE)
    console.give(
        "As things are, no plan can meet it: the bound rules it out."
        if proven
        else "The bound does not rule it out; no plan that meets it was found."
    )
    for one in found:
        console.give(console.inert(f"  {reach_words(one, str(loaded.meta.get('currency', '')))}"))
    if scenario is None:
        console.say(f'Next: planner explain {run} --wish "{text}" --scenario FILE')
    return int(Exit.DONE)
