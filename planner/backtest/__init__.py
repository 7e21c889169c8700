"""Whether the planner would have predicted the last weeks, had it known only what came before them."""

from planner.backtest.center import CenterFacts, PoolFacts, facts_of
from planner.backtest.rolling import Backtest, BacktestSettings, backtest

__all__ = ["Backtest", "BacktestSettings", "CenterFacts", "PoolFacts", "backtest", "facts_of"]
