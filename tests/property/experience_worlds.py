"""Random histories with known potential outcomes, row by row, for tests of everything from rows to estimates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from experience_families import DAYS, LAWS, UNRESOLVED_COST, Array, Center, draw_center
from numpy.typing import NDArray

Index = NDArray[np.intp]
COVARIATES = ("severity", "affinity", "tenure")
FIRST_SHARE = 0.765
ISSUES_PER_CUSTOMER = 3
WINDOW_DAYS = 7.0
WAIT_QUANTILES = (0.2, 0.4, 0.6, 0.8, 0.95)
_CUSTOMER_SD = 0.3
_LATER_COST = 0.1
_START = np.datetime64("2024-01-01T00:00:00", "s")


@dataclass(frozen=True)
class World:
    """A history and the truth behind it.

    Attributes
    ----------
    rows
        Contacts in canonical columns, by time; `covariates` names those known before the choice, strongest first.
    truth_scores, truth_fcr
        `reason, channel, segment, truth, people, users`: mean score (share without return within 7 days) if all
        `people` first contacts of the reason and segment were served in the channel; `users` of them were.
    truth_moves
        `reason, segment, from_channel, to_channel, score, fcr, users`: effect on today's users of `from_channel`.
    truth_waits
        `channel, wait_s, loss`: mean wait of a band of the channel's waits (cut at its .2 .4 .6 .8 .95 quantiles) and
        points lost there against the first band, by today's users, lost resolution included.
    """

    rows: pd.DataFrame
    covariates: tuple[str, ...]
    truth_scores: pd.DataFrame
    truth_fcr: pd.DataFrame
    truth_moves: pd.DataFrame
    truth_waits: pd.DataFrame
    center: Center


@dataclass(frozen=True)
class _People:
    """First contacts: who, when, about what and by which channel."""

    reason: Index
    segment: Index
    z: Array
    customer: Index
    mood: Array
    day: Index
    hour: Array
    channel: Index


def make_world(
    seed: int, family: str = "logit", contacts: int = 100_000, *, effects: bool = True, peak: float | None = None
) -> World:
    """Draw a history of about `contacts` contacts of a random center of a family (see `experience_families`)."""
    center = draw_center(seed, family, effects=effects, peak=peak)
    rng = np.random.default_rng([seed, contacts, 7])
    people = _draw_people(center, rng, int(FIRST_SHARE * contacts))
    wait = _waits(center, rng, people)
    sums, served = _potential(center, people, wait)
    counts = np.bincount(_place(center, people), minlength=sums.shape[1]).astype(float)
    rows = _rows(center, rng, people, wait, served)
    scores, fcr, moves = _truth(center, sums, counts)
    return World(rows, COVARIATES[: center.covariates], scores, fcr, moves, _truth_waits(center, people, wait), center)


def _draw_people(center: Center, rng: np.random.Generator, n: int) -> _People:
    customers = max(n // ISSUES_PER_CUSTOMER, 1)
    customer = rng.integers(0, customers, n)
    sizes = np.linspace(1, 0.5, center.segments)
    segment = rng.choice(center.segments, customers, p=sizes / sizes.sum())[customer]
    reason = rng.choice(center.reasons, n, p=center.reason_share)
    z = rng.standard_normal((n, center.covariates))
    z[:, 0] += 0.3 * np.sin(np.arange(center.reasons) * 2.4)[reason]
    if center.covariates > 1:
        # The second covariate belongs to the customer, and to the segment.
        z[:, 1] = 0.8 * rng.standard_normal(customers)[customer] + 0.6 * z[:, 1] + 0.2 * (segment - 1)
    utility = center.taste[reason] + center.confounding * z @ center.pull
    utility += LAWS[center.family].choice_noise(rng, n, center.channels)
    hour = 8 + 12 * np.where(rng.random(n) < 0.5, rng.beta(4, 8, n), rng.beta(6, 4, n))
    mood = _CUSTOMER_SD * rng.standard_normal(customers)[customer]
    return _People(reason, segment, z, customer, mood, rng.integers(0, DAYS, n), hour, utility.argmax(axis=1))


def _peak(hour: Array) -> Array:
    """Busy around 11 and 17 o'clock, -1 to 1."""
    return np.sin((hour - 9.5) * np.pi / 3)


def _waits(center: Center, rng: np.random.Generator, people: _People) -> Array:
    """Wait of every first contact in every channel, seconds: peak hours, shocks by day and by hour, luck."""
    shock = rng.normal(0, 0.35, (DAYS, 1, center.channels)) + rng.normal(0, 0.4, (DAYS, 13, center.channels))
    level = shock[people.day, (people.hour - 8).astype(int)] + 0.6 * _peak(people.hour)[:, None] + center.wait_base
    luck = rng.standard_gamma(2.0, level.shape) / 2
    return np.where(center.no_wait, 0.0, np.exp(level) * luck)


def _wait_loss(center: Center, wait: Array, channel: Index | int) -> Array:
    """Latent points lost, k log(1 + (w - T)+ / T); by threshold centers up to a ceiling."""
    free, cost = center.wait_free_s[channel], center.wait_cost[channel]
    over = np.maximum(wait - free, 0.0) / free
    return cost * np.log1p(over) if center.family == "logit" else 2.2 * cost * over / (over + 4.0)


def _predictors(center: Center, people: _People, channel: Index | int, wait: Array) -> tuple[Array, Array]:
    """Latent score if resolved, and predictor of resolution, of each person in a channel."""
    severity = center.severity(people.z[:, 0], people.reason)
    lost = _wait_loss(center, wait, channel)
    score = center.score_rc[people.reason, channel] + center.segment_score[people.segment, channel] + people.mood
    score = score + center.score_slope[0, channel] * severity - lost - center.peak * _peak(people.hour) + 0.25
    solve = center.solve_rc[people.reason, channel] + center.solve_slope[0, channel] * severity - 0.3 * lost
    for k in range(1, center.covariates):
        score = score + center.score_slope[k, channel] * people.z[:, k]
        solve = solve + center.solve_slope[k, channel] * people.z[:, k]
    return score, solve


def _expected(center: Center, score: Array, solve: Array) -> tuple[Array, Array]:
    law = LAWS[center.family]
    p = law.resolve(solve)
    return p * law.mean_score(score) + (1 - p) * law.mean_score(score - UNRESOLVED_COST), p


def _place(center: Center, people: _People) -> Index:
    return (people.reason * center.segments + people.segment) * center.channels + people.channel


def _potential(center: Center, people: _People, wait: Array) -> tuple[Array, tuple[Array, Array]]:
    """Sums of expected score and resolution by (reason, segment, own channel), shape (2, place, channel)."""
    place = _place(center, people)
    size = center.reasons * center.segments * center.channels
    sums = np.empty((2, size, center.channels))
    own_score, own_solve = np.empty(len(place)), np.empty(len(place))
    for c in range(center.channels):
        score, solve = _predictors(center, people, c, wait[:, c])
        for k, value in enumerate(_expected(center, score, solve)):
            sums[k, :, c] = np.bincount(place, weights=value, minlength=size)
        mine = people.channel == c
        own_score[mine], own_solve[mine] = score[mine], solve[mine]
    return sums, (own_score, own_solve)


def _labels(center: Center) -> tuple[Array, Array, Array]:
    names = [np.array([f"{x}{k}" for k in range(n)], dtype=object) for x, n in
             (("reason_", center.reasons), ("segment_", center.segments), ("channel_", center.channels))]  # fmt: skip
    return names[0], names[1], names[2]


def _truth(center: Center, sums: Array, counts: Array) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    shape = (center.reasons, center.segments, center.channels, center.channels)
    score, fcr = sums.reshape(2, *shape)
    users = counts.reshape(shape[:3])
    reason, segment, channel = _labels(center)
    r, s, a, c = (axis.ravel() for axis in np.indices(shape))
    with np.errstate(invalid="ignore"):
        effect = [(x - np.einsum("rsaa->rsa", x)[..., None]) / users[..., None] for x in (score, fcr)]
        means = [x.sum(axis=2) / users.sum(axis=2)[..., None] for x in (score, fcr)]
    moves = pd.DataFrame(
        {"reason": reason[r], "segment": segment[s], "from_channel": channel[a], "to_channel": channel[c],
         "score": effect[0].ravel(), "fcr": effect[1].ravel(), "users": users[r, s, a]}
    )  # fmt: skip
    moves = moves[(a != c) & (moves["users"] > 0).to_numpy()].reset_index(drop=True)
    r, s, c = (axis.ravel() for axis in np.indices(shape[:3]))
    tables = [
        pd.DataFrame(
            {"reason": reason[r], "channel": channel[c], "segment": segment[s], "truth": mean.ravel(),
             "people": users.sum(axis=2)[r, s], "users": users[r, s, c]}
        )
        for mean in means
    ]  # fmt: skip
    return tables[0], tables[1], moves


def _truth_waits(center: Center, people: _People, wait: Array) -> pd.DataFrame:
    own = wait[np.arange(len(wait)), people.channel]
    lost = _expected(center, *_predictors(center, people, people.channel, np.zeros(len(own))))[0]
    lost = lost - _expected(center, *_predictors(center, people, people.channel, own))[0]
    parts = []
    for c in np.flatnonzero(~center.no_wait):
        w, x = own[people.channel == c], lost[people.channel == c]
        band = np.searchsorted(np.quantile(w, WAIT_QUANTILES), w)
        n = np.bincount(band, minlength=6)
        loss = np.bincount(band, weights=x, minlength=6) / n
        mean = np.bincount(band, weights=w, minlength=6) / n
        parts.append(pd.DataFrame({"channel": f"channel_{c}", "wait_s": mean, "loss": loss - loss[0]}))
    return pd.concat(parts, ignore_index=True)


def _rows(
    center: Center, rng: np.random.Generator, people: _People, wait: Array, served: tuple[Array, Array]
) -> pd.DataFrame:
    """First contacts and what follows them, by time."""
    n = len(people.reason)
    law = LAWS[center.family]
    who, channel, moment = np.arange(n), people.channel, people.day * 86_400.0 + people.hour * 3_600.0
    score, solve, own_wait = served[0], served[1], wait[np.arange(n), channel]
    parts = []
    for attempt in range(4):
        back = rng.random(len(who)) >= law.resolve(solve)
        latent = score - UNRESOLVED_COST * back - _LATER_COST * attempt
        parts.append(pd.DataFrame({"who": who, "channel": channel, "moment": moment, "wait_s": own_wait, "back": back,
                                   "csat": law.draw_score(rng, latent)}))  # fmt: skip
        # Customers come back at about the same time of the day, 1 to 6 days later.
        gap = np.minimum(1 + np.floor(rng.exponential(1.5, len(who))), 6) + rng.uniform(-0.02, 0.02, len(who))
        later = moment + gap * 86_400.0
        who, channel, moment = who[back], channel[back], later[back]
        other = rng.random(len(who)) < 0.3
        channel = np.where(other, rng.integers(0, center.channels, len(who)), channel)
        own_wait = wait[who, channel]
        again = _People(people.reason[who], people.segment[who], people.z[who], who, people.mood[who],
                        people.day[who], people.hour[who], channel)  # fmt: skip
        score, solve = _predictors(center, again, channel, own_wait)
        solve = solve + 0.2
    rows = pd.concat(parts, ignore_index=True)
    return _finished(center, rng, people, rows[rows["moment"] < DAYS * 86_400.0].reset_index(drop=True))


def _finished(center: Center, rng: np.random.Generator, people: _People, rows: pd.DataFrame) -> pd.DataFrame:
    """Add codes, answers and labels; closing codes are gamed, answers depend on what the history shows."""
    reason, segment, channel = _labels(center)
    who, c, n = rows["who"].to_numpy(), rows["channel"].to_numpy(), len(rows)
    back = rows["back"].to_numpy()
    solved = rng.random(n) < np.where(back, 0.45, 0.93)
    code = np.where(solved, 0, 1 + (rng.random(n) < 0.3))
    observed = LAWS[center.family].observe(people.z)[who]
    followed = _followed(people.customer[who], people.reason[who], rows["moment"].to_numpy())
    wish = (
        0.6 * solved
        - 0.5 * followed
        - 0.3 * people.z[who, 0]
        + center.answer_c[c]
        + center.answer_r[people.reason[who]]
    )
    if center.covariates > 1:
        wish = wish + 0.3 * people.z[who, 1]
    answered = rng.random(n) < _response(center, wish)
    out = pd.DataFrame(
        {
            "contact_id": np.arange(n),
            "customer_id": people.customer[who],
            "started_at": _START + rows["moment"].to_numpy().astype("timedelta64[s]"),
            "reason": reason[people.reason[who]],
            "channel": channel[c],
            "segment": segment[people.segment[who]],
            "wait_s": rows["wait_s"].round(1),
            "handle_s": np.round(np.exp(5.6 + 0.2 * people.z[who, 0] + 0.5 * rng.standard_normal(n))),
            "disposition": np.array(["solved", "open", "passed_on"], dtype=object)[code],
            "csat": np.where(answered, rows["csat"], np.nan),
        }
    )
    for k in range(center.covariates):
        out[COVARIATES[k]] = observed[:, k]
    out = out.sort_values("started_at", kind="stable", ignore_index=True)
    return out.assign(contact_id=np.arange(n))


def _followed(customer: Index, reason: Index, moment: Array) -> NDArray[np.bool_]:
    """Whether the customer comes with the same reason again within the window: what the history itself shows."""
    order = np.lexsort((moment, reason, customer))
    same = (np.diff(customer[order]) == 0) & (np.diff(reason[order]) == 0)
    soon = np.diff(moment[order]) <= WINDOW_DAYS * 86_400.0
    out = np.zeros(len(order), dtype=bool)
    out[order[:-1]] = same & soon
    return out


def _response(center: Center, wish: Array) -> Array:
    """Probability of an answer: the declared rate on average."""
    law, tilt = LAWS[center.family].respond, center.response_strength * (wish - wish.mean())
    low, high = -12.0, 6.0
    sample = tilt[:: max(len(tilt) // 20_000, 1)]
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if law(sample + middle).mean() < center.response_rate else (low, middle)
    return law(tilt + low)
