"""Improvement initiatives: what they cost and change, which may go together, and the portfolios that remain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from planner.scenario.document import Place
from planner.scenario.quantities import Money, Stated, Strict, stated_within

MOST_PORTFOLIOS = 64
"""Portfolios that are looked at one by one; a scenario with more is refused."""

RatioChange = Annotated[Stated, stated_within(-0.9, 1.0)]
Selector = Literal["reasons", "segments", "channels", "pools"]

SELECTORS: tuple[Selector, ...] = ("reasons", "segments", "channels", "pools")
CHANGES = ("volume", "handle_time", "unresolved", "escalated", "score")


class Effect(Strict):
    """What an initiative changes, for the contacts that its lists select; effects of several initiatives multiply."""

    reasons: tuple[str, ...] | None = Field(default=None, description="Reasons it changes; left out: all.")
    segments: tuple[str, ...] | None = Field(default=None, description="Segments it changes; left out: all.")
    channels: tuple[str, ...] | None = Field(
        default=None, description="Channels it changes (of volume: those customers choose); left out: all."
    )
    pools: tuple[str, ...] | None = Field(default=None, description="Pools it changes (not for volume); left out: all.")
    volume: RatioChange | None = Field(
        default=None, description="Change of the issues that arise (ratio; -0.1: a tenth never arises)."
    )
    handle_time: RatioChange | None = Field(
        default=None, description="Change of handle times (ratio; -0.1: a tenth shorter)."
    )
    unresolved: RatioChange | None = Field(
        default=None,
        description="Change of the share of contacts not resolved the first time (ratio; -0.2: a fifth fewer).",
    )
    escalated: RatioChange | None = Field(
        default=None, description="Change of the share of contacts escalated (ratio; -0.2: a fifth fewer)."
    )
    score: Stated | None = Field(default=None, description="Change of the score of final contacts, scale points.")

    @model_validator(mode="after")
    def _changes_something(self) -> Effect:
        if all(getattr(self, name) is None for name in CHANGES):
            raise PydanticCustomError(
                "no_effect", "changes nothing; state one of {names}", {"names": ", ".join(CHANGES)}
            )
        if self.volume is not None and self.pools is not None:
            raise PydanticCustomError(
                "volume_of_pools",
                "volume cannot be limited to pools: customers choose a reason and a channel; state it in an effect of "
                "its own",
                {"at": "volume"},
            )
        return self


class Initiative(Strict):
    """Something that can be done once for the horizon: knowledge, coaching, an upstream fix. Plans decide which."""

    title: str = Field(default="", description="Name shown to people; the key where empty.")
    cost: Money = Field(description="Cost charged to the horizon, currency.")
    effects: tuple[Effect, ...] = Field(min_length=1, description="What it changes.")
    requires: tuple[str, ...] = Field(default=(), description="Initiatives without which it cannot be had.")
    excludes: tuple[str, ...] = Field(default=(), description="Initiatives that cannot be had beside it.")


def portfolios(initiatives: Mapping[str, Initiative], most: int = MOST_PORTFOLIOS) -> list[tuple[str, ...]]:
    """List the admissible sets of initiatives, in file order, the empty one first; at most one more than `most`.

    Admissible: with each initiative all it requires, and none that one of them excludes. Every such set but the empty
    one is a smaller one and one more initiative with all it requires, so growing sets finds them all.
    """
    order = {name: place for place, name in enumerate(initiatives)}
    found: list[tuple[str, ...]] = [()]
    for chosen in found:
        for name in initiatives:
            wider = tuple(sorted({*chosen, *needed_by(initiatives, name)}, key=order.__getitem__))
            if wider in found or any(excluding(initiatives, *pair) for pair in combinations(wider, 2)):
                continue
            found.append(wider)
            if len(found) > most:
                return found
    return sorted(found, key=lambda chosen: (len(chosen), [order[name] for name in chosen]))


def excluding(initiatives: Mapping[str, Initiative], one: str, other: str) -> bool:
    """Tell whether two initiatives cannot be had together."""
    return other in initiatives[one].excludes or one in initiatives[other].excludes


def needed_by(initiatives: Mapping[str, Initiative], name: str) -> list[str]:
    """List an initiative and all it requires, directly or through others, in the order found."""
    found = [name]
    for one in found:
        found += [need for need in initiatives[one].requires if need in initiatives and need not in found]
    return found


def check_initiative_relations(initiatives: Mapping[str, Initiative]) -> Iterator[tuple[Place, str]]:
    """Find relations that leave an initiative out of every plan, and more portfolios than can be looked at."""
    clean = True
    for key, one in initiatives.items():
        if "," in key:
            clean = False
            message = f"'{key}' holds a comma, which parts the initiatives of a plan; write another key"
            yield ("initiatives", key), message
        for name in ("requires", "excludes"):
            named = getattr(one, name)
            if key in named:
                clean = False
                message = f"'{key}' {name} itself; take it away"
                yield ("initiatives", key, name, named.index(key)), message
        both = [other for other in one.requires if other in one.excludes]
        if both:
            clean = False
            message = f"'{key}' requires and excludes '{both[0]}' at once; take one of the two away"
            yield ("initiatives", key, "excludes", one.excludes.index(both[0])), message
            continue
        needs = needed_by(initiatives, key)
        for first, second in combinations(needs, 2):
            if excluding(initiatives, first, second) and key not in one.excludes:
                clean = False
                message = (
                    f"'{key}' can be in no plan: it needs {' and '.join(repr(n) for n in (first, second) if n != key)},"
                    f" but '{first}' and '{second}' exclude each other; take one of these relations away"
                )
                yield ("initiatives", key, "requires"), message
                break
    if clean and len(portfolios(initiatives)) > MOST_PORTFOLIOS:
        message = (
            f"{len(initiatives)} initiatives make more than {MOST_PORTFOLIOS} portfolios, and each is planned by itself"
        )
        yield ("initiatives",), f"{message}; leave some out, join those that go together, or state requires or excludes"


def check_initiative_effects(
    initiatives: Mapping[str, Initiative], scale: tuple[float, float]
) -> Iterator[tuple[Place, str]]:
    """Find effects whose lists are empty or whose points are wider than the scale."""
    width = scale[1] - scale[0]
    for key, one in initiatives.items():
        for index, effect in enumerate(one.effects):
            here: Place = ("initiatives", key, "effects", index)
            for name in SELECTORS:
                if getattr(effect, name) == ():
                    yield (*here, name), f"the empty list selects nothing; name {name}, or leave the key out for all"
            if effect.score is not None and max(map(abs, effect.score.bounds)) > width > 0:
                message = f"score changes by {effect.score.value:g} points, but the scale is {width:g} points wide"
                yield (*here, "score"), f"{message}; write the change, not the score"
