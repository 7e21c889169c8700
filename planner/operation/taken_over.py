"""Contacts that are escalated need somebody who takes them over."""

from __future__ import annotations

from planner.errors import Issue, ScenarioError
from planner.operation.draft import Builder


def check_taken_over(maker: Builder) -> None:
    """Refuse escalations to where no pool may serve the type: nobody would serve these contacts, and none may vanish.

    Types that never get into the escalating channel do not count.

    Raises
    ------
    ScenarioError
        Some contacts of a type are escalated, but no pool with a known score may serve it where they go.
    """
    goes: dict[int, list[int]] = {}
    index = {name: c for c, name in enumerate(maker.channels)}
    for row in maker.experience.escalations.itertuples():
        if row.channel in index and row.to_channel in index:
            goes.setdefault(index[str(row.channel)], []).append(index[str(row.to_channel)])
    share: dict[tuple[int, int], float] = {}
    for flow in maker.draft.flows:
        place = maker.draft.nodes[int(flow["node"])][:2]
        share[place] = max(share.get(place, 0.0), flow["escalate"])
    first = (node[:2] for node in maker.draft.nodes if node[2] == 0 and maker.demand.issues[node[0]] > 0)
    reached, problems = list(dict.fromkeys(first)), []
    for kind, c in reached:
        if share.get((kind, c), 0.0) <= 0:
            continue
        taken = [to for to in goes.get(c, []) if maker.serving(kind, to)]
        reached += [(kind, to) for to in taken if (kind, to) not in reached]
        if not taken:
            problems.append(_issue(maker, kind, c, [maker.channels[to] for to in goes.get(c, [])], share[kind, c]))
    if problems:
        raise ScenarioError(problems)


def _issue(maker: Builder, kind: int, c: int, to: list[str], share: float) -> Issue:
    reason, segment = maker.types[kind]
    where = f"{' or '.join(to)}, where" if to else "nowhere:"
    message = (
        f"up to {share:.0%} of {reason} / {segment} served in {maker.channels[c]} are escalated to {where} no pool "
        f"with a known score may serve them; let a pool there serve {reason}, name another channel in escalations, "
        "or state p_escalate: 0 for it"
    )
    return Issue(maker.scenario.name, None, None, f"reasons.{reason}", message)
