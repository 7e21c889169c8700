"""The full posterior of the block model by Hamiltonian Monte Carlo: optional, needs the extra `bayes`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import linalg

from planner.errors import PlannerError
from planner.experience.blocks import Array, Block
from planner.experience.design import stack
from planner.experience.hierarchical import BlockFit

COMPONENTS = 48
"""Draws of the variances kept: components of the mixture."""
_LEAST_EX = 1e-10


def sample_blocks(
    y: Array,
    v: Array,
    blocks: Sequence[Block],
    *,
    residual_scale: float | None = None,
    draws: int = COMPONENTS,
    seed: int = 0,
    center: float | None = None,
    start: Array | None = None,
    max_steps: int = 20,
    warmup: int = 500,
    samples: int = 500,
) -> BlockFit:
    """Sample the model that `fit_blocks` approximates, and return its posterior in the same shape.

    y = center + sum_b Z_b u_b + eps, u_b ~ N(0, sd_b^2 I), eps ~ N(0, v + ex), each sd with the density
    sd * exp(-sd^2 / (2 scale^2)) (Rayleigh; Chung et al. 2013). Effects and sds are drawn together by the no-U-turn
    sampler (Hoffman & Gelman 2014); `draws` of the sds, evenly thinned, are then the components of the mixture, each
    with the exact normal posterior of the effects given its sds (Rao-Blackwell). So whatever reads a `BlockFit` reads
    this one. A drop-in for `fit_blocks`: same arguments; `start` and `max_steps` have no meaning here.

    Parameters
    ----------
    draws
        Components of the mixture; 0 stands for one, at the posterior mean of the log variances.
    warmup, samples
        Iterations of the sampler, thrown away and kept.

    Raises
    ------
    PlannerError
        numpyro is not installed.
    ValueError
        No rows, or shapes that do not match.
    """
    if len(y) == 0 or any(len(block.codes) != len(y) for block in blocks) or len(v) != len(y):
        raise ValueError(f"{len(y)} rows, {len(v)} variances and blocks of {[len(b.codes) for b in blocks]} rows")
    value, known = np.asarray(y, float), np.asarray(v, float)
    middle = float(np.average(value, weights=1.0 / (known + np.median(known)))) if center is None else center
    phi, divergent = _sampled(value - middle, known, blocks, residual_scale, warmup, samples, seed)
    kept = phi.mean(axis=0, keepdims=True) if draws == 0 else phi[_thinned(len(phi), draws)]
    rows = stack(blocks, len(value))
    free = [k for k, block in enumerate(blocks) if not block.fixed]
    parts = [_given(value - middle, known, rows, blocks, free, point, residual_scale is not None) for point in kept]
    lam = _spread(blocks, free, phi.mean(axis=0))
    centered = np.cov(phi, rowvar=False).reshape(phi.shape[1], phi.shape[1])
    names = (*(blocks[k].name for k in free), *(("cell",) if residual_scale is not None else ()))
    covariance = np.mean([part[1] for part in parts], axis=0)
    return BlockFit(
        center=middle,
        mean=np.stack([part[0] for part in parts]),
        covariance=covariance[None],
        residual=np.asarray([part[2] for part in parts]),
        log_variance=phi.mean(axis=0),
        information=np.asarray(np.linalg.pinv(centered), dtype=float),
        names=names,
        edf=len(lam) - float((np.diag(covariance) / lam).sum()),
        steps=warmup + samples,
        converged=divergent <= 0.01 * samples,
    )


def _thinned(samples: int, draws: int) -> Array:
    return np.unique(np.linspace(0, samples - 1, min(draws, samples)).round().astype(int))


def _spread(blocks: Sequence[Block], free: list[int], phi: Array) -> Array:
    """Prior variance of each column."""
    lam = np.asarray([block.scale**2 for block in blocks])
    lam[free] = np.exp(phi[: len(free)])
    return np.asarray(np.repeat(lam, [block.size for block in blocks]))


def _given(
    y: Array, v: Array, rows: Any, blocks: Sequence[Block], free: list[int], phi: Array, residual: bool
) -> tuple[Array, Array, float]:
    """Effects, their covariance and the residual variance, given the log variances."""
    ex = float(np.exp(phi[-1])) if residual else 0.0
    weight = 1.0 / (v + ex)
    weighted = rows.multiply(weight[:, None]).tocsr()
    system = np.asarray((rows.T @ weighted).todense()) + np.diag(1 / _spread(blocks, free, phi))
    covariance = linalg.inv(system)
    covariance = (covariance + covariance.T) / 2
    return covariance @ np.asarray(weighted.T @ y), covariance, ex


def _sampled(
    y: Array, v: Array, blocks: Sequence[Block], residual_scale: float | None, warmup: int, samples: int, seed: int
) -> tuple[Array, int]:
    """Draws of the log variances, shape (draw, free component), and the number of divergent transitions."""
    jax, numpyro = _engine()
    free = [k for k, block in enumerate(blocks) if not block.fixed]
    scales = np.asarray([blocks[k].scale for k in free] + ([] if residual_scale is None else [residual_scale]))
    slopes = [np.ones(len(y)) if block.slope is None else np.asarray(block.slope, float) for block in blocks]
    codes = [np.asarray(block.codes) for block in blocks]

    def model() -> None:
        # A Weibull variable of shape 2 and scale s sqrt(2) is Rayleigh with scale s.
        sd = numpyro.sample("sd", numpyro.distributions.Weibull(jax.numpy.asarray(scales * np.sqrt(2.0)), 2.0))
        predicted, place = jax.numpy.zeros(len(y)), 0
        for k, block in enumerate(blocks):
            own = block.scale
            if not block.fixed:
                own, place = sd[place], place + 1
            unit = numpyro.sample(f"unit_{k}", numpyro.distributions.Normal(0, 1).expand([block.size]).to_event(1))
            predicted = predicted + own * unit[codes[k]] * slopes[k]
        ex = 0.0 if residual_scale is None else sd[-1] ** 2
        noise = jax.numpy.sqrt(v + ex)
        numpyro.sample("y", numpyro.distributions.Normal(predicted, noise), obs=y)

    kernel = numpyro.infer.NUTS(model, target_accept_prob=0.9)
    chain = numpyro.infer.MCMC(kernel, num_warmup=warmup, num_samples=samples, progress_bar=False)
    chain.run(jax.random.PRNGKey(seed), extra_fields=("diverging",))
    found = np.asarray(chain.get_samples()["sd"], dtype=float)
    divergent = int(np.asarray(chain.get_extra_fields()["diverging"]).sum())
    return np.log(np.maximum(found**2, _LEAST_EX)), divergent


def _engine() -> tuple[Any, Any]:
    try:
        import jax
        import numpyro
        import numpyro.distributions
        import numpyro.infer
    except ImportError as error:
        message = "the full posterior needs numpyro, which is not installed; try: pip install 'cxfrontier[bayes]'"
        raise PlannerError(message) from error
    numpyro.enable_x64()  # variances of cells span six orders of magnitude
    return jax, numpyro
