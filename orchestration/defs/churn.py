"""Churn: train a challenger, score open accounts with the champion."""

from collections.abc import Iterator

import dagster as dg

from ml.churn import score_company, train_company
from ml.registry import ChurnRegistry
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss
