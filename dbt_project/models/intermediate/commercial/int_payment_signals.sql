-- Grain: one row per account and snapshot date that is due from which invoices or payments are known.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

due_accounts as (
    select distinct account_id from snapshots
),

words as (
    select * from {{ ref('status_words') }}
    where table_name = 'invoices'
),

invoices as (
    select
        invoices.invoice_id,
        invoices.account_id,
        invoices.amount_cents,
        invoices.currency,
        words.meaning,
        {{ utc_date('invoices.issued_at') }} as issued_date,
        {{ utc_date('invoices.due_at') }} as due_date,
        {{ utc_date('invoices.voided_at') }} as voided_date
    from {{ ref('stg_billing__invoices') }} as invoices
    inner join due_accounts on invoices.account_id = due_accounts.account_id
    left join words on {{ status_word('invoices.status') }} = words.word
),

payments as (
    select
        invoice_id,
        amount_cents,
        currency,
        outcome,
        {{ utc_date('attempted_at') }} as attempted_date
    from {{ ref('stg_billing__payments') }}
),

coverage as (select * from {{ ref('int_source_coverage') }}),

-- the sum paid so far; refunds are left out: giving money back makes no late payer
paid_so_far as (
    select
        payments.invoice_id,
        payments.attempted_date,
        invoices.amount_cents,
        sum(payments.amount_cents) over (
            partition by payments.invoice_id order by payments.attempted_date
        ) as paid_cents
    from payments
    inner join invoices
        on
            payments.invoice_id = invoices.invoice_id
            and payments.currency = invoices.currency
    where payments.outcome = 'paid'
),

settled as (
    select
        invoice_id,
        min(attempted_date) as paid_date
    from paid_so_far
    where paid_cents >= amount_cents
    group by invoice_id
),

closings as (
    select * from {{ ref('int_status_closings') }}
    where table_name = 'invoices'
),

-- Paid by its status or given up, without a payment: since it was first recorded so. The payment
-- may have come between two deliveries, so that it closes the invoice and makes no late payer.
dated_invoices as (
    select
        invoices.*,
        coalesce(
            settled.paid_date,
            -- greatest() skips the null of a closing that is not known
            case
                when invoices.meaning = 'paid' and closings.closed_date is not null
                    then greatest(closings.closed_date, invoices.issued_date)
            end
        ) as paid_date,
        coalesce(invoices.meaning = 'paid', false) and settled.paid_date is null as is_paid_by_status,
        case when invoices.meaning = 'written_off' then closings.closed_date end as given_up_date
    from invoices
    left join settled on invoices.invoice_id = settled.invoice_id
    left join closings on invoices.invoice_id = closings.row_key
),

owed_invoices as (
    select
        account_id,
        issued_date,
        due_date,
        -- since when is not known: overdue in no week
        coalesce(meaning = 'written_off' and given_up_date is null, false) as is_written_off,
        paid_date,
        is_paid_by_status,
        -- least() skips the null of what never happened
        least(paid_date, voided_date, given_up_date) as closed_date
    from dated_invoices
    where
        -- a credit note is never owed
        amount_cents > 0
        and coalesce(voided_date > due_date, true)
        -- void, or a draft, and since when is not known: it was never owed
        and coalesce(meaning != 'not_owed' or voided_date is not null, true)
        -- paid, and when is not known: from credit, or by a payment that was not delivered
        and coalesce(meaning != 'paid' or paid_date is not null, true)
),

due_invoices as (
    select * from owed_invoices
    where due_date is not null
),

undated_invoices as (
    select * from owed_invoices
    where due_date is null
),

failures as (
    select
        invoices.account_id,
        payments.attempted_date
    from payments
    inner join invoices on payments.invoice_id = invoices.invoice_id
    where payments.outcome = 'failed'
),

-- overdue from the day after the due date to the day on which it is paid or voided
timeline as (
    {{ timeline(
        {
            'fell_due': '0',
            'paid_late': '0',
            'overdue_change': '0',
            'undated_change': '0',
            'failed_payments': '0',
        },
        [
            {
                'from': 'due_invoices',
                'where': 'not is_paid_by_status',
                'day': 'due_date',
                'fell_due': '1',
                'paid_late': '(paid_date is null or paid_date > due_date)::integer',
            },
            {
                'from': 'due_invoices',
                'where': 'not is_written_off and (closed_date is null or closed_date > due_date)',
                'day': 'due_date + 1',
                'overdue_change': '1',
            },
            {
                'from': 'due_invoices',
                'where': 'not is_written_off and closed_date > due_date',
                'day': 'closed_date',
                'overdue_change': '-1',
            },
            {
                'from': 'undated_invoices',
                'where': 'not is_written_off',
                'day': 'issued_date',
                'undated_change': '1',
            },
            {
                'from': 'undated_invoices',
                'where': 'not is_written_off and closed_date is not null',
                'day': 'greatest(closed_date, issued_date)',
                'undated_change': '-1',
            },
            {'from': 'failures', 'day': 'attempted_date', 'failed_payments': '1'},
        ]
    ) }}
),

rolled as (
    select
        account_id,
        event_date as snapshot_date,
        is_snapshot,
        sum(failed_payments) over last_90_days as failed_payments_90d,
        sum(overdue_change) over so_far as overdue_invoices,
        sum(undated_change) over so_far as undated_invoices,
        sum(fell_due) over last_180_days as fell_due_180d,
        sum(paid_late) over last_180_days as paid_late_180d
    from timeline
    window
        last_90_days as {{ last_days(90) }},
        last_180_days as {{ last_days(180) }},
        so_far as (partition by account_id order by event_date)
),

signals as (
    select
        rolled.account_id,
        rolled.snapshot_date,
        rolled.failed_payments_90d::double precision as failed_payments_90d,
        case
            -- one that is owed and has no due date may be overdue
            when rolled.snapshot_date >= coverage.invoices_from and rolled.undated_invoices = 0
                then rolled.overdue_invoices
        end::double precision as overdue_invoices,
        case
            when rolled.snapshot_date >= coverage.invoices_from
                then rolled.paid_late_180d::numeric / nullif(rolled.fell_due_180d, 0)
        end::double precision as paid_late_share_180d
    from rolled
    cross join coverage
    -- without payments it is unknown who is late
    where rolled.is_snapshot and rolled.snapshot_date >= coverage.payments_from
)

select * from signals
