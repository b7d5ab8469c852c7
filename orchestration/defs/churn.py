"""Churn: train a challenger, score open accounts with the champion."""
