"""The absorbing chain of an issue: states (channel, attempt), ends solved and gave up, from counted steps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.experience.journeys.absorbing import Absorption, Floats, absorb
from planner.experience.journeys.contact_costs import ContactCosts
from planner.history.issue_steps import GAVE_UP, GOES_ON, MOST_ATTEMPTS, SOLVED

ENDS = (SOLVED, GAVE_UP)
State = tuple[str, int]
"""Channel and attempt (1, 2, 3 = third or later)."""

_PRIOR = 0.5
_MIN_EXIT = 0.01
_PRIOR_ANSWERS = 20.0
_STATE = ["channel", "attempt"]


@dataclass(frozen=True)
class IssueChain:
    """Counts and values of one reason (None: of all reasons), in the order of `states`.

    Attributes
    ----------
    states
        (channel, attempt).
    rows
        Shape (state, state + 2): probability of the next state, of solved and of gave up; each row sums to 1.
    counts
        Shape (state, state + 2), contacts behind `rows`; `prior` has the same shape and stands for half a contact.
    starts
        Shape (state,): share of issues that begin there.
    issues
        First contacts of identified customers that could be followed.
    cost, cost2, cost_sd
        Shape (state,): mean cost of a contact, mean of its square, standard error of the mean.
    score, score_var, score_sd
        Shape (state, end): mean score after the last contact, variance between contacts, standard error of the mean.
    effort
        Scale points lost per contact beyond the first.
    """

    reason: str | None
    states: tuple[State, ...]
    rows: Floats
    counts: Floats
    prior: Floats
    starts: Floats
    issues: float
    cost: Floats
    cost2: Floats
    cost_sd: Floats
    score: Floats
    score_var: Floats
    score_sd: Floats
    effort: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def q(self) -> Floats:
        """Probabilities between states, shape (state, state)."""
        return self.rows[:, : len(self.states)]

    @property
    def first_channels(self) -> tuple[str, ...]:
        """Channels in which issues begin."""
        return tuple(channel for channel, attempt in self.states if attempt == 1)

    def state(self, channel: str, attempt: int = 1) -> int:
        """Return the place of a state.

        Raises
        ------
        ValueError
            If no contact of this reason was seen there.
        """
        if (channel, attempt) not in self.states:
            known = ", ".join(self.first_channels)
            of = "any reason" if self.reason is None else f"reason {self.reason!r}"
            raise ValueError(f"no attempt {attempt} in channel {channel!r} was seen for {of}; first contacts: {known}")
        return self.states.index((channel, attempt))

    def solved(self) -> Absorption:
        """Solve the chain at its point estimates."""
        return self._absorb(self.rows, self.cost, self.cost2, self.score, self.score_var)

    def draws(self, n: int, seed: int, design_effect: float = 1.0) -> tuple[Absorption, Floats, Floats]:
        """Solve the chain for `n` draws: rows ~ Dirichlet(counts / design_effect + prior / 2), values normal.

        Returns the solutions with a leading axis (draw), the costs, shape (draw, state), and the scores, shape
        (draw, state, end), they rest on. `design_effect` is the factor by which contacts of the same customers inflate
        the variance.
        """
        rng = np.random.default_rng([seed, 31])
        # A state's place in the random stream must not depend on what else was seen: one gamma per entry, in order.
        shape = self.counts / max(design_effect, 1.0) + _PRIOR * self.prior
        gamma = rng.standard_gamma(np.broadcast_to(shape, (n, *shape.shape)))
        rows = with_exit(gamma / np.maximum(gamma.sum(axis=-1, keepdims=True), 1e-300), len(self.states))
        cost = np.clip(self.cost + self.cost_sd * rng.standard_normal((n, len(self.states))), 0.0, None)
        score = self.score + self.score_sd * rng.standard_normal((n, len(self.states), len(ENDS)))
        variance = np.clip(self.cost2 - self.cost**2, 0.0, None)
        return self._absorb(rows, cost, cost**2 + variance, score, self.score_var), cost, score

    def _absorb(self, rows: Floats, cost: Floats, cost2: Floats, score: Floats, score_var: Floats) -> Absorption:
        k = len(self.states)
        return absorb(
            rows[..., :k],
            rows[..., k:],
            cost=cost,
            cost2=cost2,
            end_score=score,
            end_score_var=score_var,
            effort=self.effort,
        )


def with_exit(rows: Floats, states: int) -> Floats:
    """Give every row at least 1 % to end: what goes on is scaled down, what is missing then counts as solved."""
    on = rows[..., :states].sum(axis=-1, keepdims=True)
    scale = np.minimum(1.0, (1 - _MIN_EXIT) / np.maximum(on, 1e-12))
    out = rows.copy()
    out[..., :states] *= scale
    out[..., states] += (on * (1 - scale))[..., 0]
    return out / out.sum(axis=-1, keepdims=True)


def issue_chains(steps: pd.DataFrame, costs: ContactCosts, *, effort: float = 0.0) -> dict[str | None, IssueChain]:
    """Build the chain of all reasons (key None) and of each reason.

    A row is (counts + p/2) / (n + 1/2) with p the row of all reasons, so that a state seen in few contacts of a reason
    leans on the others. Contacts of anonymous customers and those whose silence is not over are left out. Scores after
    the last contact lean on those of all reasons with the weight of 20 answers.

    Parameters
    ----------
    steps
        As from `planner.history.issue_steps.issue_steps`.
    """
    known = steps[~steps["anonymous"].astype(bool) & ~steps["censored"].astype(bool)]
    if known.empty:
        return {}
    overall = _chain(None, known, costs, effort, None)
    chains: dict[str | None, IssueChain] = {None: overall}
    for reason in sorted(known["reason"].dropna().unique()):
        mine = known[known["reason"] == reason]
        chains[str(reason)] = _chain(str(reason), mine, costs, effort, overall)
    return chains


def _chain(
    reason: str | None,
    steps: pd.DataFrame,
    costs: ContactCosts,
    effort: float,
    overall: IssueChain | None,
) -> IssueChain:
    states = _states(steps)
    counts = _counts(steps, states)
    prior = _own_shares(counts) if overall is None else _prior_rows(overall, states)
    rows = (counts + _PRIOR * prior) / (counts.sum(axis=1, keepdims=True) + _PRIOR)
    begun = steps[steps["attempt"] == 1].groupby(_STATE)["contacts"].sum()
    first = np.asarray([float(begun.get(state, 0.0)) for state in states])
    score, score_var, score_sd, notes = _scores(steps, states, overall)
    cost, cost2, cost_sd = costs.of(steps, states)
    forced = float(rows[:, : len(states)].sum(axis=1).max()) > 1 - _MIN_EXIT
    if forced:
        label = "all reasons" if reason is None else reason
        notes = (*notes, f"{label}: nearly every contact is followed by another; 1 % is taken to end")
    return IssueChain(
        reason=reason,
        states=states,
        rows=with_exit(rows, len(states)),
        counts=counts,
        prior=prior,
        starts=first / max(first.sum(), 1.0),
        issues=float(first.sum()),
        cost=cost,
        cost2=cost2,
        cost_sd=cost_sd,
        score=score,
        score_var=score_var,
        score_sd=score_sd,
        effort=effort,
        notes=notes,
    )


def _states(steps: pd.DataFrame) -> tuple[State, ...]:
    on = steps[steps["then"] == GOES_ON]
    after = zip(on["next_channel"], np.minimum(on["attempt"] + 1, MOST_ATTEMPTS), strict=True)
    seen = {(str(c), int(k)) for c, k in zip(steps["channel"], steps["attempt"], strict=True)}
    return tuple(sorted(seen | {(str(c), int(k)) for c, k in after}, key=lambda state: (state[1], state[0])))


def _counts(steps: pd.DataFrame, states: tuple[State, ...]) -> Floats:
    place = {state: k for k, state in enumerate(states)}
    ends = {SOLVED: len(states), GAVE_UP: len(states) + 1}
    counts = np.zeros((len(states), len(states) + len(ENDS)))
    columns = steps[["channel", "attempt", "next_channel", "then", "contacts"]]
    for channel, attempt, following, then, contacts in columns.itertuples(index=False, name=None):
        after = (str(following), min(int(attempt) + 1, MOST_ATTEMPTS))
        counts[place[str(channel), int(attempt)], ends[then] if then in ends else place[after]] += contacts
    return counts


def _own_shares(counts: Floats) -> Floats:
    """Shares of each row; of the ends over all rows where a state is seen only at the end of the data."""
    states = len(counts)
    total = counts.sum(axis=1, keepdims=True)
    ends = counts[:, states:].sum(axis=0)
    fallback = np.concatenate([np.zeros(states), ends / ends.sum() if ends.sum() else np.asarray([1.0, 0.0])])
    return np.where(total > 0, counts / np.where(total > 0, total, 1.0), fallback)


def _prior_rows(overall: IssueChain, states: tuple[State, ...]) -> Floats:
    """Rows of all reasons, on the states of one: what leads elsewhere is left out."""
    place = [overall.states.index(state) for state in states]
    ends = [len(overall.states), len(overall.states) + 1]
    rows = overall.rows[np.ix_(place, [*place, *ends])]
    return rows / rows.sum(axis=1, keepdims=True)


def _scores(
    steps: pd.DataFrame, states: tuple[State, ...], overall: IssueChain | None
) -> tuple[Floats, Floats, Floats, tuple[str, ...]]:
    """Mean score, variance and standard error of the mean per state and end; NaN where nobody answered at all."""
    ended = steps[steps["then"] != GOES_ON]
    sums = _sums(ended, [*_STATE, "then"], ["answers", "s1", "s2"])
    totals = _sums(ended, ["then"], ["answers", "s1", "s2"])
    shape = (len(states), len(ENDS))
    n, s1, s2 = (np.zeros(shape) for _ in range(3))
    base, base_var = np.full(shape, np.nan), np.full(shape, np.nan)
    for e, end in enumerate(ENDS):
        for k, state in enumerate(states):
            n[k, e], s1[k, e], s2[k, e] = sums.get((*state, end), np.zeros(3))
            if overall is not None:
                at = overall.states.index(state)
                base[k, e], base_var[k, e] = overall.score[at, e], overall.score_var[at, e]
            elif (end,) in totals and totals[end,][0] > 0:
                answers, total, squares = totals[end,]
                base[k, e] = total / answers
                base_var[k, e] = max(squares / answers - base[k, e] ** 2, 0.0)
    mean = (s1 + _PRIOR_ANSWERS * base) / (n + _PRIOR_ANSWERS)
    spread = (s2 + _PRIOR_ANSWERS * (base_var + base**2)) / (n + _PRIOR_ANSWERS) - mean**2
    variance = np.clip(spread, 0.0, None)
    error = np.sqrt(variance / np.maximum(n, 1.0))
    if overall is not None or not np.isnan(mean[:, 1]).any() or np.isnan(mean[:, 0]).any():
        return mean, variance, error, ()
    # Who gave up is not better off than who was solved, so this is an upper bound.
    mean[:, 1], variance[:, 1], error[:, 1] = float(mean[:, 0].min()), 0.0, 0.0
    note = f"no score of anybody who gave up: taken as {mean[0, 1]:.2f}, the lowest of the solved"
    return mean, variance, error, (f"{note}; final scores are at most what is shown",)


def _sums(frame: pd.DataFrame, keys: list[str], sums: list[str]) -> dict[tuple[object, ...], Floats]:
    grouped = frame.groupby(keys, as_index=False)[sums].sum()
    labels = grouped[keys].itertuples(index=False, name=None)
    return dict(zip(labels, grouped[sums].to_numpy(float), strict=True))


def with_first_rows(chain: IssueChain, adjusted: pd.DataFrame) -> IssueChain:
    """Replace what happens after a first contact by adjusted values; later rows stay.

    A chain describes who uses a channel today. For a *move* the first contact of the moved customers is what matters:
    their probability of needing no further contact there, and their score if so.

    Parameters
    ----------
    adjusted
        Columns `channel`, `fcr` (adjusted first-contact resolution, ratio) and where known `fcr_sd`, `score` (after a
        first contact that solved the issue, scale points) and `score_sd`. The other contacts go on, and the resolved
        ones end, in the proportions seen. Without `fcr_sd` the contacts seen in the channel decide how sure it is.

    Raises
    ------
    ValueError
        If a channel has no first contacts, or a resolution is not in [0, 1].
    """
    k = len(chain.states)
    rows, counts, prior = chain.rows.copy(), chain.counts.copy(), chain.prior.copy()
    score, score_sd = chain.score.copy(), chain.score_sd.copy()
    numbers = adjusted.reindex(columns=["fcr", "fcr_sd", "score", "score_sd"]).to_numpy(float)
    for channel, (share, sd, value, value_sd) in zip(adjusted["channel"].astype(str), numbers, strict=True):
        at = chain.state(channel)
        if not 0 <= share <= 1:
            raise ValueError(f"first-contact resolution of {channel!r} is {share}; it must be in [0, 1]")
        rows[at] = prior[at] = _resolving(chain, at, share)
        n = float(chain.counts[at].sum())
        if sd > 0:
            # A beta with mean p and this deviation has p(1 - p)/sd² - 1 contacts behind it, the prior's half included.
            n = max(share * (1 - share) / sd**2 - 1 - _PRIOR, 0.0)
        counts[at] = n * rows[at]
        if not np.isnan(value):
            score[at, ENDS.index(SOLVED)] = value
            if value_sd >= 0:
                score_sd[at, ENDS.index(SOLVED)] = value_sd
    return replace(chain, rows=with_exit(rows, k), counts=counts, prior=prior, score=score, score_sd=score_sd)


def _resolving(chain: IssueChain, at: int, share: float) -> Floats:
    """Row of a first contact that ends with probability `share`."""
    k = len(chain.states)
    on, ends = _normalized(chain.rows[at, :k]), _normalized(chain.rows[at, k:])
    if on.sum() == 0:
        # Nobody went on from here: those who do now take the ways of the other first contacts.
        first = [j for j, (_, attempt) in enumerate(chain.states) if attempt == 1]
        on = _normalized(chain.rows[first, :k].sum(axis=0))
    return np.concatenate([on * (1 - share), ends * (share if on.sum() else 1.0)])


def _normalized(part: NDArray[np.float64]) -> Floats:
    total = part.sum()
    return part / total if total > 0 else part.copy()
