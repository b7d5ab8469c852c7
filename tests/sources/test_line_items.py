"""An export with a row per line item: one id and start for several products of a subscription."""

from __future__ import annotations

from tests.sources.conftest import ACCOUNTS, Loader

SUBSCRIPTIONS = (
    "subscription_id,account_id,product,mrr_cents,currency,started_at\n"
    "S-1,A-1,platform,10000,USD,2024-01-01\n"
    "S-1,A-1,support,2500,USD,2024-01-01\n"
    "S-1,A-1,support,900,USD,2024-01-01\n"
)


def test_line_items_of_one_id_are_told_apart_by_their_product(loader: Loader) -> None:
    """Add-ons went to quarantine as duplicates, and their revenue with them."""
    loader.deliver({"crm.accounts.csv": ACCOUNTS, "billing.subscriptions.csv": SUBSCRIPTIONS})
    kept = loader.rows("select product, mrr_cents from billing.subscriptions order by 1")
    assert kept == [("platform", 10000), ("support", 2500)]
    [(rule, message)] = loader.rows("select rule, message from quarantine.rejected_rows")
    assert rule == "unique_combination(subscription_id, product, started_at)"
    assert "S-1, support" in message
    assert "row 2" in message
