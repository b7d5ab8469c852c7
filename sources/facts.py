"""How far a company's facts go: the day up to which it can be measured."""

from __future__ import annotations

from datetime import date, datetime

from warehouse import Warehouse

# A count of a period is known when the period is over.
PERIOD_END = (
    "(case grain when 'month' then period_start + interval '1 month' - interval '1 day' "
    "when 'week' then period_start + interval '6 days' else period_start end)"
)

# Times that a system writes down when the thing happens, so that none lies ahead of the delivery.
# A renewal, a due date or the end of a live subscription does: fightchurn's newest subscription
# ends eleven months after its newest event.
OBSERVED = (
    ("product.account_days", "usage_date"),
    ("product.usage_metrics", PERIOD_END),
    ("support.tickets", "created_at"),
    ("crm.activities", "occurred_at"),
    ("billing.payments", "attempted_at"),
    ("survey.responses", "submitted_at"),
    ("community.posts", "posted_at"),
)

# For companies that deliver nothing but customers and contracts.
AGREED = (
    ("billing.subscriptions", "started_at"),
    ("crm.opportunities", "closed_at"),
    ("crm.accounts", "signed_at"),
)


def newest_fact_date(warehouse: Warehouse, known_as_of: datetime | None = None) -> date:
    """The day (UTC) of the newest thing that happened, in any raw table; today if there is none.

    Of what was known at `known_as_of`, else of what is known now. Never later than today. Raises
    WarehouseNotPrepared before the first load.
    """
    holds = "_superseded_at is null"
    if known_as_of is not None:
        known = f"timestamptz '{known_as_of.isoformat()}'"
        holds = f"_recorded_at <= {known} and coalesce(_superseded_at > {known}, true)"
    today = "(now() at time zone 'utc')::date"
    for columns in (OBSERVED, AGREED):
        newest = ", ".join(
            f"(select max({column})::date from {table} where {holds} and {column}::date <= {today})"
            for table, column in columns
        )
        found = warehouse.read_arrow(f"select greatest({newest}) as newest")["newest"][0].as_py()
        if found is not None:
            return found
    return warehouse.read_arrow(f"select {today} as today")["today"][0].as_py()
