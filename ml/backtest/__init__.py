"""Scorecards, models and plain rules on trial: who ranked rightly those who churned later."""

from ml.backtest.evaluation import BACKTEST_COLUMNS, backtest
from ml.backtest.panel import BacktestPolicy, BacktestRows, assemble

__all__ = ["BACKTEST_COLUMNS", "BacktestPolicy", "BacktestRows", "assemble", "backtest"]
