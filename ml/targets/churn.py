"""Churn: within the horizon, the account has no subscription left or loses its renewal."""

from ml.targets.target import Target, Words

TARGET = Target(
    name="churn",
    description="Probability that a customer churns within the horizon.",
    outcomes="fct_churn_outcomes",
    label_column="churned_within_horizon",
    money_column="churned_mrr",
    words=Words(model="churn model", event="churn", happened="churned", unlikely="in its favour: "),
    former_names={
        "churned": "label",
        "churned_mrr": "label_amount",
        "churned_account_count": "positive_account_count",
        "churned_accounts": "positive_accounts",
        "churned_dollar_recall_top_10pct": "money_recall_top_10pct",
    },
)
