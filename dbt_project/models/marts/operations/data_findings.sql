-- Grain: one row per system, source, table and finding.
with

subscriptions as (select * from {{ ref('int_subscriptions') }}),

invoices as (select * from {{ ref('stg_billing__invoices') }}),

payments as (select * from {{ ref('stg_billing__payments') }}),

tickets as (select * from {{ ref('stg_support__tickets') }}),

opportunities as (select * from {{ ref('stg_crm__opportunities') }}),

contradicting_rows as (select * from {{ ref('int_contradicting_rows') }}),

words as (select * from {{ ref('status_words') }}),

sentences as (select * from {{ ref('finding_sentences') }}),

found_in_subscriptions as (
    select
        source_system,
        'billing' as source,
        'subscriptions' as table_name,
        subscription_id as example,
        unnest(array[
            case when is_end_of_day then 'end_of_day' end,
            case when is_inclusive_end then 'inclusive_end' end,
            case
                when not has_held and not is_end_unknown and coalesce(status_meaning != 'not_begun', true)
                    then 'never_held'
            end,
            case
                when is_closed_by_status and not is_end_unknown and is_pause is not true
                    then 'ended_by_status'
            end,
            case when is_end_unknown then 'ended_undated' end,
            case when status_meaning = 'not_begun' then 'not_begun' end,
            case when is_renewed_early then 'renewed_early' end,
            case when has_further_periods then 'one_id_for_periods' end,
            case when has_held and coalesce(started_date < first_paid_date, true) then 'trial' end
        ]) as finding
    from subscriptions
),

paid as (
    select
        invoice_id,
        currency,
        sum(amount_cents) as paid_cents
    from payments
    where outcome = 'paid'
    group by invoice_id, currency
),

read_invoices as (
    select
        invoices.*,
        words.meaning,
        coalesce(paid.paid_cents, 0) >= invoices.amount_cents as is_paid_in_full
    from invoices
    left join words
        on
            words.table_name = 'invoices'
            and {{ status_word('invoices.status') }} = words.word
    left join paid on invoices.invoice_id = paid.invoice_id and invoices.currency = paid.currency
    where invoices.amount_cents > 0
),

found_in_invoices as (
    select
        source_system,
        'billing' as source,
        'invoices' as table_name,
        concat_ws(', ', invoice_id, status) as example,
        unnest(array[
            case when meaning = 'paid' and not is_paid_in_full then 'paid_without_payment' end,
            case when meaning = 'not_owed' and voided_at is null then 'not_owed_undated' end,
            case when meaning = 'written_off' and not is_paid_in_full then 'written_off' end,
            case
                when
                    is_paid_in_full
                    and (meaning = 'owed' or (meaning = 'not_owed' and voided_at is not null))
                    then 'paid_against_status'
            end,
            case
                when
                    due_at is null and voided_at is null and not is_paid_in_full
                    and coalesce(meaning = 'owed', true)
                    then 'no_due_date'
            end,
            case when meaning is null and status is not null then 'unknown_status' end
        ]) as finding
    from read_invoices
),

found_in_tickets as (
    select
        tickets.source_system,
        'support' as source,
        'tickets' as table_name,
        concat_ws(', ', tickets.ticket_id, tickets.status) as example,
        unnest(array[
            case when words.meaning = 'closed' and tickets.solved_at is null then 'closed_undated' end,
            case
                when words.meaning = 'open' and tickets.solved_at is not null then 'solved_against_status'
            end,
            case when words.meaning is null and tickets.status is not null then 'unknown_status' end
        ]) as finding
    from tickets
    left join words
        on
            words.table_name = 'tickets'
            and {{ status_word('tickets.status') }} = words.word
),

found_in_opportunities as (
    select
        opportunities.source_system,
        'crm' as source,
        'opportunities' as table_name,
        concat_ws(', ', opportunities.opportunity_id, opportunities.stage) as example,
        unnest(array[
            case
                when words.meaning = 'open' and not opportunities.is_won then 'open_with_result'
            end,
            case
                when
                    (words.meaning != 'won' and opportunities.is_won)
                    or (words.meaning = 'won' and not opportunities.is_won)
                    then 'result_against_stage'
            end,
            case
                when words.meaning is null and opportunities.stage is not null then 'unknown_status'
            end
        ]) as finding
    from opportunities
    left join words
        on
            words.table_name = 'opportunities'
            and {{ status_word('opportunities.stage') }} = words.word
),

found as (
    select * from found_in_subscriptions
    union all
    select * from found_in_invoices
    union all
    select * from found_in_tickets
    union all
    select * from found_in_opportunities
    union all
    select * from contradicting_rows
),

counted as (
    select
        source_system as system,
        source,
        table_name,
        finding,
        count(*) as rows_affected,
        {{ impersonal('min(example)') }} as example
    from found
    where finding is not null
    group by source_system, source, table_name, finding
),

findings as (
    select
        counted.*,
        sentences.is_correction,
        sentences.sentence,
        sentences.first_step
    from counted
    left join sentences on counted.finding = sentences.finding
)

select * from findings
