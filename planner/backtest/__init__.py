"""Whether the planner would have predicted the last weeks, had it known only what came before them."""

from typing import TYPE_CHECKING

from planner.doors import on_first_use

if TYPE_CHECKING:
    from planner.backtest.center import CenterFacts, PoolFacts, facts_of
    from planner.backtest.reading import backtest
    from planner.backtest.rolling import Backtest, BacktestSettings

_PLACES = {
    "Backtest": "rolling",
    "BacktestSettings": "rolling",
    "CenterFacts": "center",
    "PoolFacts": "center",
    "backtest": "reading",
    "facts_of": "center",
}

__all__ = ["Backtest", "BacktestSettings", "CenterFacts", "PoolFacts", "backtest", "facts_of"]

__getattr__ = on_first_use(__name__, _PLACES)
