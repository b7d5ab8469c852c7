"""Eight customers with a year of history in the raw tables, of whom every signal says something."""

from __future__ import annotations

from warehouse import Warehouse

# Eight customers over 56 weeks; `week` days differ by account, so that no two look alike.
HISTORY = """
with accounts as (
    select n, 'a' || n as account_id, timestamptz '2024-12-20 00:00Z' + n * interval '9 days' as t
    from generate_series(1, 8) as n
), weeks as (
    select *, t + (week * 7 + n % 3) * interval '1 day' as at
    from accounts cross join generate_series(0, 50) as week
), csms as (
    insert into crm.csms (csm_id, csm_name) values ('c', 'Cleo')
), customers as (
    insert into crm.accounts (account_id, account_name, csm_id, employee_count, signed_at)
    select account_id, 'Account ' || n, 'c', n * 100, t from accounts
), subscriptions as (
    insert into billing.subscriptions (subscription_id, account_id, product, quantity, unit,
        mrr_cents, currency, billing_period_months, term_months, auto_renews, usage_limit,
        started_at, ended_at, renewal_date)
    select 's' || n || '-' || half, account_id, 'platform', 10 * n, 'users', 10000 * n, 'USD', 6,
        6 + n % 2, n % 3 = 0, 100 * n, t + half * interval '180 days',
        case when half = 0 or n = 3 then t + (half + 1) * interval '180 days' end,
        (t + (half + 1) * interval '180 days')::date
    from accounts cross join generate_series(0, 1) as half
), invoices as (
    insert into billing.invoices (invoice_id, account_id, issued_at, due_at, amount_cents, currency)
    select 'i' || n || '-' || week, account_id, at, at + interval '14 days', 5000, 'USD'
    from weeks where week % 4 = 0
), payments as (
    insert into billing.payments (payment_id, invoice_id, attempted_at, amount_cents, currency,
        outcome)
    select 'p' || n || '-' || week, 'i' || n || '-' || week, at + n * interval '3 days', 5000,
        'USD', case when (n + week) % 5 = 0 then 'failed' else 'paid' end
    from weeks where week % 4 = 0
), opportunities as (
    insert into crm.opportunities (opportunity_id, account_id, opportunity_type, closed_at, is_won)
    select 'o' || n, account_id, 'renewal', t + interval '180 days', n != 5 from accounts
), expansions as (
    insert into crm.opportunities (opportunity_id, account_id, opportunity_type, created_at,
        closed_at, is_won)
    select 'e' || n, account_id, 'expansion', t + n * interval '30 days',
        case when n < 6 then t + n * interval '40 days' end, case when n < 6 then n % 2 = 0 end
    from accounts where n > 1
), tasks as (
    insert into crm.tasks (task_id, account_id, opened_at, due_at, completed_at)
    select 'w' || n || '-' || week, account_id, at, at + interval '7 days',
        case when week < 40 then at + n * interval '3 days' end
    from weeks where week % 10 = 0
), contacts as (
    insert into crm.contacts (contact_id, account_id, role, is_executive_sponsor, joined_at,
        left_at)
    select 'k' || n, account_id, null, n != 6, t, case when n = 4 then t + interval '300 days' end
    from accounts
    union all
    select role || n, account_id, role, null, t, null
    from accounts cross join unnest(array['champion', 'admin']) as role
), activities as (
    insert into crm.activities (activity_id, account_id, contact_id, activity_type, occurred_at,
        is_inbound, responded_at, was_attended)
    select 'x' || n || '-' || week, account_id,
        (array['k', 'champion', 'admin'])[1 + week % 3] || n,
        case when week % 12 = 0 then 'business_review' else 'email' end, at, week % 16 = 0,
        case when week % 16 != 0 then at + (n + week % 5) * interval '1 hour' end,
        case when week % 12 = 0 then n % 2 = 0 end
    from weeks where week % 4 = 0
), features as (
    insert into product.features (feature, is_core)
    select 'f' || f, f <= 3 from generate_series(1, 5) as f
), days as (
    insert into product.account_days (account_id, usage_date, events, active_users, sessions,
        session_seconds, api_calls, data_bytes, active_users_7d, active_users_28d)
    select account_id, at::date + d, case when d < 5 then 9 * n + week end, n, n,
        n * week * 60, week, n * week,
        n + 2 + week / 8, 2 * n + week % 4
    from weeks cross join generate_series(0, 6) as d
), feature_days as (
    insert into product.account_feature_days (account_id, feature, usage_date, events)
    select account_id, 'f' || 1 + week % n, at::date, 1 from weeks
    where n > 1 and not (week % n = 0 and week between 20 and 30)
), metrics as (
    insert into product.usage_metrics (account_id, metric, period_start, grain, value)
    select account_id, metric, date_trunc('week', at)::date, 'week',
        n * 7 + week * (n % 3) + length(metric)
    from weeks cross join unnest(array['MAU', 'Reports', 'API calls']) as metric
    -- of one the events alone are compared with its past at first
    where n != 8 or week >= 24
), tickets as (
    insert into support.tickets (ticket_id, account_id, priority, is_core_function, created_at,
        first_response_at, solved_at, escalated_at, reopened_count, csat_score)
    select 't' || n || '-' || week, account_id, (array['low', 'urgent'])[1 + week / 2 % 2],
        week % 3 = 0, at, at + (n + week % 3) * interval '1 hour',
        case when n != 7 then at + interval '5 days' end,
        case when week % 5 = 0 then at + interval '1 day' end, week / 2 % 3, 1 + week % 5
    from weeks where week % 2 = 0
), invitations as (
    insert into survey.invitations (invitation_id, account_id, survey_type, sent_at)
    select 'v' || n || '-' || week, account_id, 'nps', at from weeks where week % 8 = 0
), responses as (
    insert into survey.responses (response_id, account_id, survey_type, score, scale_min, scale_max,
        submitted_at)
    select 'r' || n || '-' || week, account_id, (array['nps', 'csat'])[1 + n % 2], week % 11, 0, 10,
        at + interval '2 days'
    from weeks where week % 8 = 0 and n != 2
), seats as (
    insert into training.enrollments (enrollment_id, account_id, scheduled_at, outcome)
    select 'e' || n || '-' || week, account_id, at,
        case when (n + week) % 4 = 0 then 'no_show' else 'completed' end
    from weeks where week % 6 = 0
), overrides as (
    insert into success.health_overrides (override_id, account_id, score, reason, author, set_at,
        expires_at)
    select 'h' || n, account_id, 10 * n, 'A reason', 'c', t + interval '100 days',
        t + n * interval '60 days'
    from accounts where n in (5, 6, 7)
), posts as (
    insert into community.posts (post_id, account_id, posted_at)
    select 'm' || n || '-' || week, account_id, at from weeks where week % n = 0
), goals as (
    insert into success.goals (goal_id, account_id, value_type, target_cents, achieved_cents,
        currency, set_at, achieved_at)
    select 'g' || n || '-' || k, account_id,
        (array['annual_savings', 'efficiency_gains', 'implementation_cost'])[k], 90000, 10000 * n,
        'USD', t, case when n != 7 then t + interval '200 days' end
    from accounts cross join generate_series(1, 3) as k
)
insert into success.onboarding_steps (account_id, template, step, planned_at, completed_at)
select account_id, 'standard', 's' || k, t + k * interval '7 days',
    case when n + k != 9 then t + k * interval '8 days' end
from accounts cross join generate_series(1, 6) as k
"""

# No use was reported in two weeks of August, nor since a week, nor of tickets for a
# month: the poison speaks on the day after AS_OF, and ends the last two outages.
OUTAGES = """
with outage as (
    delete from product.account_days
    where usage_date between '2025-08-04' and '2025-08-17'
        or usage_date between '2026-01-09' and '2026-01-14'
)
delete from support.tickets where created_at between '2025-12-15' and '2026-01-15'
"""

# Ingestion fills these; here every row has the same, and is known since the ninth month.
PROVENANCE = """
do $$
declare raw record;
begin
    for raw in
        select table_schema, table_name from information_schema.columns
        where column_name = '_row_hash'
    loop
        execute format(
            'alter table %I.%I alter _source set default $d$test$d$,'
            ' alter _row_hash set default $d$test$d$,'
            ' alter _recorded_at set default $d$2025-09-01 06:00Z$d$',
            raw.table_schema, raw.table_name
        );
    end loop;
end $$
"""


def fill(warehouse: Warehouse) -> None:
    """Put the eight customers into raw tables that are empty."""
    warehouse.execute(PROVENANCE)
    warehouse.execute(HISTORY)
    warehouse.execute(OUTAGES)
