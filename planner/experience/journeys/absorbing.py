"""Absorbing Markov chains in closed form: how many contacts an issue takes, what it costs, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Absorption:
    """What an issue that starts in each state comes to; arrays may have leading axes (draws) in front.

    visits
        N, shape (state, state): expected contacts in the second state of an issue that starts in the first.
    contacts, contacts_sd
        Shape (state,): contacts per issue, the first one included.
    cost, cost_sd
        Shape (state,), unit of the cost given.
    ends
        Shape (state, end): probability of each end.
    final_score, final_score_sd
        Shape (state,), scale points.
    """

    visits: Floats
    contacts: Floats
    contacts_sd: Floats
    cost: Floats
    cost_sd: Floats
    ends: Floats
    final_score: Floats
    final_score_sd: Floats


def absorb(
    q: Floats,
    a: Floats,
    *,
    cost: Floats,
    end_score: Floats,
    effort: float = 0.0,
    cost2: Floats | None = None,
    end_score_var: Floats | None = None,
) -> Absorption:
    """Solve a chain with transient block Q and absorbing block A.

    With N = (I - Q)^-1, t = N1 and g = Nc (Kemeny & Snell 1960, theorems 3.2.4, 3.3.3 and 3.3.7)

        Var[contacts] = (2N - I)t - t∘t          E[cost²] = N(E[c²] + 2 c∘(Qg))          ends B = NA.

    The score at the end of an issue is Z = Y(last state, end) - h (contacts - 1). With every contact earning -h,
    Z' = Z - h has mean m = N((A∘Y)1 - h1), and E[Z'²] = N((A∘(Y² + s²))1 - h² - 2hm).

    Parameters
    ----------
    q, a
        Shapes (..., state, state) and (..., state, end), ratios; each row of both together sums to 1.
    cost, cost2
        Shape (..., state): mean cost of a contact, and the mean of its square (`cost²` where left out).
    end_score, end_score_var
        Shape (..., state, end): mean score after the last contact and its variance (0 where left out), scale points.
    effort
        h, scale points lost per contact beyond the first.

    Raises
    ------
    ValueError
        If a row does not sum to 1, or if issues never end (spectral radius of Q not below 1).
    """
    if not np.allclose(q.sum(axis=-1) + a.sum(axis=-1), 1.0, atol=1e-9):
        raise ValueError("a row of the chain does not sum to 1")
    if spectral_radius(q) >= 1:
        raise ValueError("the chain never ends: some state has no way to an end")
    eye = np.eye(q.shape[-1])
    n = np.asarray(np.linalg.inv(eye - q), dtype=np.float64)
    t = n.sum(axis=-1)
    g = _times(n, cost)
    squares = _times(n, (cost**2 if cost2 is None else cost2) + 2 * cost * _times(q, g))
    spread = end_score**2 if end_score_var is None else end_score**2 + end_score_var
    m = _times(n, (a * end_score).sum(axis=-1) - effort)
    scores2 = _times(n, (a * spread).sum(axis=-1) - effort**2 - 2 * effort * m)
    return Absorption(
        visits=n,
        contacts=t,
        contacts_sd=_root(_times(2 * n - eye, t) - t**2),
        cost=g,
        cost_sd=_root(squares - g**2),
        ends=n @ a,
        final_score=m + effort,
        final_score_sd=_root(scores2 - m**2),
    )


def spectral_radius(q: Floats) -> float:
    """Return the largest modulus of the eigenvalues of Q, the largest over leading axes; below 1 every issue ends."""
    if q.shape[-1] == 0:
        return 0.0
    return float(np.max(np.abs(np.linalg.eigvals(q))))


def length_shares(q: Floats, start: Floats, most: int) -> Floats:
    """Return the share of issues with 1, 2, ..., `most` or more contacts: shape (most,).

    P(T > k) = start Q^k 1 (Kemeny & Snell 1960, section 3.2).
    """
    alive = [1.0]
    now = np.asarray(start, dtype=float)
    for _ in range(most - 1):
        now = now @ q
        alive.append(float(now.sum()))
    return np.asarray([*(-np.diff(alive)), alive[-1]])


def _times(matrix: Floats, vector: Floats) -> Floats:
    return np.asarray((matrix @ vector[..., None])[..., 0])


def _root(variance: Floats) -> Floats:
    # Rounding can leave a variance of zero a hair below it.
    return np.sqrt(np.clip(variance, 0.0, None))
