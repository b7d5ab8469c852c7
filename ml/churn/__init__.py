"""Churn within a horizon: features as of a date, honest validation, probability and reasons."""

from ml.churn.company import CompanyTraining, score_company, train_company
from ml.churn.policy import ChurnPolicy

__all__ = ["ChurnPolicy", "CompanyTraining", "score_company", "train_company"]
