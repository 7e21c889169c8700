"""What is assumed about what nobody observed: the one place where these assumptions are stated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BiasSettings:
    """Sizes of the two biases no amount of data shows.

    Attributes
    ----------
    response_tilt
        Logits by which the chance to answer may rise or fall per standard deviation of the score, given everything
        recorded about the contact.
    unseen_multiple
        Bias of an unseen cause of channel choice, as a multiple of the bias the strongest known covariate would leave
        behind if it were missing (benchmarking after Cinelli & Hazlett 2020). 0.5: half as strong.
    unseen_bias_sd
        Least sd of that bias of a move, points. 0 stands for what the known causes leave of 0.18 standard deviations of
        one score, which unadjusted moves were off by in simulated worlds: all of it where nothing is known.
    """

    response_tilt: float = 0.3
    unseen_multiple: float = 0.5
    unseen_bias_sd: float = 0.0

    def __post_init__(self) -> None:
        for name in ("response_tilt", "unseen_multiple", "unseen_bias_sd"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise ValueError(f"{name} = {value}: must be a finite number of at least 0")
