"""Fewer rules at a known price: exact merging first, then the simplification that loses least, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from planner.frontier.restaff import restaffed
from planner.operation.problem import FlowProblem
from planner.routing.answers import (
    Answer,
    Block,
    Cell,
    answers_of,
    blocks_of,
    distances,
    make_answer,
    rows_needed,
    table_of,
)
from planner.routing.decision import routing_by_rules
from planner.routing.ruleset import RuleSet
from solvers.flow.covering import day_covers
from solvers.flow.evaluate import Evaluation, evaluate
from solvers.flow.network import Floats

LOOKED_AT = 12
"""Simplifications evaluated at each step: those that change the fewest contacts per row they spare."""

POLISHING = 12
"""Most changes at the end that gain without taking a row."""

GAIN = 1e-6
Proposal = tuple[float, str, dict[Cell, Answer]]


@dataclass(frozen=True)
class Compressed:
    """Fewer rules and what they cost.

    `rules`; `steps`: one row per simplification, `rows` (after it), `what`, `loss` (money per horizon, at the price of
    CX), `cx` and `cost` (evaluated); `exact_rows`: rows after exact merging, which loses nothing; `reached`: False
    where the budget is below what the channels need.
    """

    rules: RuleSet
    steps: pd.DataFrame
    exact_rows: int
    reached: bool


@dataclass(frozen=True)
class Judge:
    """The one evaluator with the plan's people, and the price of CX (money per point) that makes one number of two.

    Work that goes to another pool is priced at what the plan pays there per second of work, because people are moved
    with it in the end.
    """

    problem: FlowProblem
    on_task: Floats
    price: float
    work_price: Floats
    guess: Any

    def value(self, rules: RuleSet) -> tuple[float, float, float]:
        """Value (money), CX and cost of variable kind plus priced work."""
        found = self.evaluation(rules)
        cost = found.variable_cost + float(found.state.work_s.sum(axis=1) @ self.work_price)
        return self.price * found.cx - cost, found.cx, cost

    def evaluation(self, rules: RuleSet) -> Evaluation:
        """Evaluate rules with the plan's people, headroom left out."""
        decision = routing_by_rules(self.problem, rules).with_people(self.on_task)
        network, promises = self.problem.network, self.problem.instance.promises
        return evaluate(network, promises, decision, known_headroom=np.nan, guess=self.guess)


def make_judge(problem: FlowProblem, rules: RuleSet, on_task: Floats, wages: Floats, price: float) -> Judge:
    """Prepare to judge simplifications of a plan's rules.

    Parameters
    ----------
    on_task
        Agents on task of the plan, shape (pool, interval).
    wages
        Money for people of the plan per pool, shape (pool,).
    price
        Money per point of CX.
    """
    start = Judge(problem, on_task, price, np.zeros(len(wages)), None)
    state = start.evaluation(rules).state
    work = state.work_s.sum(axis=1)
    return replace(start, work_price=np.where(work > 1e-6, wages / np.maximum(work, 1e-300), 0.0), guess=state)


def compress(judge: Judge, rules: RuleSet, most: int) -> Compressed:
    """Say a plan's rules in at most so many rows.

    Exact merging gives cells (reason × segment × channel) with equal answers common rows. Then, while there are too
    many, blocks of cells take over another answer of their channel or give up their smallest share; of the changes that
    move the fewest contacts per spared row the one evaluator picks the one that loses least: greedy agglomeration (Ward
    1963) with the plan's own objective as the distance. At the end blocks change their answer as long as that gains and
    takes no row more.

    Raises
    ------
    ValueError
        `most` is below 1.
    """
    if most < 1:
        raise ValueError(f"most = {most}: a rule set has at least one row")
    work = _Work(judge, rules, most)
    exact = work.rows
    while work.rows > most and work.step(1):
        pass
    for _ in range(POLISHING if work.steps else 0):
        if not work.step(work.rows - most):
            break
    steps = pd.DataFrame(work.steps, columns=["rows", "what", "loss", "cx", "cost"])
    return Compressed(work.table(work.blocks), steps, exact, work.rows <= most)


class _Work:
    """Answers and blocks while they become fewer."""

    def __init__(self, judge: Judge, rules: RuleSet, most: int) -> None:
        problem = judge.problem
        self.judge, self.plan, self.most = judge, rules.plan, most
        self.people = {name: pool.staffed for name, pool in problem.scenario.pools.items()}
        self.default = str(rules.table[-1].actions["pool"])
        cells = _cells(problem)
        self.volume, self.allowed = _volumes(problem, cells), _allowed(problem, cells)
        self.planned = self.answers = answers_of(rules.table, cells)
        self.blocks = blocks_of(self.answers, self.people)
        self.rows = rows_needed(self.blocks, self.people)
        self.value = judge.value(self.table(self.blocks))[0]
        self.steps: list[tuple[int, str, float, float, float]] = []

    def table(self, blocks: Sequence[Block]) -> RuleSet:
        """Write blocks as rules."""
        return table_of(blocks, self.people, self.default, self.plan)

    def step(self, least: int) -> bool:
        """Take the best change that spares at least so many rows; where none must be spared, only one that gains."""
        nearest = sorted(self.proposals(least), key=lambda one: one[:2])[: LOOKED_AT if least > 0 else 3 * LOOKED_AT]
        found = []
        for _, what, changed in nearest:
            after = blocks_of(changed, self.people)
            rows = rows_needed(after, self.people)
            worth, cx, cost = self.judge.value(self.table(after))
            found.append(
                (
                    (self.value - worth) / (max(1, self.rows - rows) if least > 0 else 1),
                    what,
                    changed,
                    after,
                    rows,
                    worth,
                    cx,
                    cost,
                )
            )
        if not found:
            return False
        _, what, changed, after, rows, worth, cx, cost = min(found, key=lambda one: one[:2])
        if least <= 0 and worth <= self.value + GAIN:
            return False
        self.steps.append((rows, what, self.value - worth, cx, cost))
        self.answers, self.blocks, self.rows, self.value = changed, after, rows, worth
        return True

    def proposals(self, least: int) -> Iterator[Proposal]:
        """Changes that spare enough rows, with the contacts they touch per row."""
        for what, changes in self.changes(least):
            if not all(_may(answer, *self.allowed[cell]) for cell, answer in changes.items()):
                continue
            changed = {**self.answers, **changes}
            spared = self.rows - rows_needed(blocks_of(changed, self.people), self.people)
            if spared >= least and changes:
                touched = sum(sum(distances(self.answers[cell], a)) * self.volume[cell] for cell, a in changes.items())
                if touched > 0:
                    yield touched / max(1, spared), what, changed

    def changes(self, least: int) -> Iterator[tuple[str, dict[Cell, Answer]]]:
        """Blocks with another answer; where no row must be spared also reasons back to what the plan says."""
        for block in self.blocks:
            for what, answer in _alternatives(block, self.blocks):
                yield what, dict.fromkeys(block.cells, answer)
        if least <= 0:
            for reason, channel in dict.fromkeys((cell[0], cell[2]) for cell in self.answers):
                own = [cell for cell in self.answers if (cell[0], cell[2]) == (reason, channel)]
                yield f"{channel}: {reason} as planned", {cell: self.planned[cell] for cell in own}
                most = max(own, key=lambda cell: self.volume[cell])
                yield f"{channel}: {reason} as planned for {most[1]}", dict.fromkeys(own, self.planned[most])


def _cells(problem: FlowProblem) -> list[Cell]:
    network = problem.network
    pairs = dict.fromkeys(zip(network.split_channel.tolist(), network.split_kind.tolist(), strict=True))
    return [(*problem.types[kind], problem.channels[c]) for c, kind in sorted(pairs)]


def _volumes(problem: FlowProblem, cells: Sequence[Cell]) -> dict[Cell, float]:
    """Contacts that come to a cell by themselves, plus a crumb, so that nothing is free to change."""
    types, channels = list(problem.types), list(problem.channels)
    network = problem.network
    return {
        cell: float(
            network.issues[types.index(cell[:2])]
            * (network.natural[types.index(cell[:2]), channels.index(cell[2])] + 0.05)
        )
        for cell in cells
    }


def _allowed(problem: FlowProblem, cells: Sequence[Cell]) -> dict[Cell, tuple[set[str], set[str | None]]]:
    """Pools that may serve a cell, and offers that may be made to it."""
    network, nodes = problem.network, problem.network.nodes
    found: dict[Cell, tuple[set[str], set[str | None]]] = {cell: (set(), {None}) for cell in cells}
    for kind, c, g in zip(network.split_kind, network.split_channel, network.split_pool, strict=True):
        found[(*problem.types[kind], problem.channels[c])][0].add(problem.pools[g])
    for n in np.flatnonzero(nodes.steer >= 0):
        cell = (*problem.types[nodes.kind[n]], problem.channels[nodes.natural[n]])
        if cell in found:
            found[cell][1].add(problem.channels[nodes.channel[n]])
    return found


def _may(answer: Answer, pools: set[str], offers: set[str | None]) -> bool:
    return answer.pools <= pools and {name for name, _ in answer.offers} <= offers


def _alternatives(block: Block, blocks: Sequence[Block]) -> Iterator[tuple[str, Answer]]:
    name = f"{block.channel}: {'the rest' if block.rest else ', '.join(block.reasons or ())}"
    name += "" if block.segments is None else f" ({', '.join(block.segments)})"
    for other in blocks:
        if other.channel == block.channel and other.answer != block.answer:
            theirs = "the rest" if other.rest else ", ".join(other.reasons or ())
            yield f"{name} as {theirs}", other.answer
    answer = block.answer
    if len(answer.lanes) > 1:
        least = min(answer.lanes, key=lambda lane: lane[2])
        kept = {(pool, rank): share for pool, rank, share in answer.lanes if (pool, rank, share) != least}
        yield f"{name} without {least[0]}", make_answer(dict(answer.offers), kept)
    if len(answer.offers) > 1:
        least_offer = min(answer.offers, key=lambda offer: offer[1])
        offers = {offer: share for offer, share in answer.offers if offer != least_offer[0]}
        said = (
            f"{name} without the offer of {least_offer[0]}" if least_offer[0] else f"{name}: everybody gets the offer"
        )
        yield said, make_answer(offers, {(pool, rank): share for pool, rank, share in answer.lanes})


def kept_gain(judge: Judge, plan: RuleSet, small: RuleSet, today: tuple[float, float], headroom: float) -> pd.DataFrame:
    """What fewer rules keep of a plan's gain over Today, each routing staffed anew for the plan's headroom.

    Parameters
    ----------
    today
        CX and cost of Today.

    Returns
    -------
    DataFrame
        Rows `today`, `plan`, `small`; `rows, cx, cost, kept_promises, gain_cx, saving` (against Today) and `gain`: both
        in money at the judge's price of CX. NaN where no shift covers the work.
    """
    covers = day_covers(judge.problem.instance)
    rows: list[tuple[Any, ...]] = [("today", np.nan, *today, None)]
    for name, rules in (("plan", plan), ("small", small)):
        found = restaffed(judge.problem.instance, routing_by_rules(judge.problem, rules), headroom, covers)
        cx, cost, kept = (np.nan, np.nan, None) if found is None else (found.cx, found.cost, found.kept)
        rows.append((name, len(rules.rows), cx, cost, kept))
    frame = pd.DataFrame(rows, columns=["which", "rows", "cx", "cost", "kept_promises"]).set_index("which")
    frame["gain_cx"] = frame["cx"] - today[0]
    frame["saving"] = today[1] - frame["cost"]
    frame["gain"] = judge.price * frame["gain_cx"] + frame["saving"]
    return frame
