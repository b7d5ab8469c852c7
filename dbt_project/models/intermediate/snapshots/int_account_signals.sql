-- Grain: one row per account and snapshot date that is due.
-- A signal is null where nothing is known; zero is only written where zero was seen.
with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

usage as (select * from {{ ref('int_usage_signals') }}),

usage_past as (select * from {{ ref('int_usage_past_signals') }}),

usage_metrics as (select * from {{ ref('int_usage_metric_signals') }}),

feature_use as (select * from {{ ref('int_feature_use_signals') }}),

support as (select * from {{ ref('int_support_signals') }}),

survey as (select * from {{ ref('int_survey_signals') }}),

learning as (select * from {{ ref('int_learning_signals') }}),

relationship as (select * from {{ ref('int_relationship_signals') }}),

contacts as (select * from {{ ref('int_contact_signals') }}),

crm as (select * from {{ ref('int_crm_signals') }}),

value as (select * from {{ ref('int_value_signals') }}),

onboarding as (select * from {{ ref('int_onboarding_signals') }}),

subscriptions as (select * from {{ ref('int_subscription_signals') }}),

payments as (select * from {{ ref('int_payment_signals') }}),

reporting as (select distinct reporting_currency from {{ ref('int_snapshot_rates') }}),

segments as (select * from {{ ref('int_account_segments') }}),

joined as (
    select
        snapshots.account_id,
        snapshots.snapshot_date,
        snapshots.is_latest,
        subscriptions.is_open,
        -- among whom its use is compared: see int_usage_peers
        coalesce(segments.segment, 'unknown') as segment,
        reporting.reporting_currency as currency,
        subscriptions.renewal_date,

        -- usage: what is counted of events, else what the source had added up
        subscriptions.seats,
        (
            coalesce(usage.active_users_28d, usage_metrics.active_users_28d) / nullif(subscriptions.seats, 0)
        )::double precision as active_user_share,
        coalesce(usage.active_users_7d, usage_metrics.active_users_7d) as active_users_7d,
        coalesce(usage.active_users_28d, usage_metrics.active_users_28d) as active_users_28d,
        usage.daily_active_users_28d,
        usage.active_days_per_user_28d,
        usage.stickiness,
        coalesce(usage.events_28d, usage_metrics.events_28d) as events_28d,
        usage.events_per_user_28d,
        coalesce(usage.usage_change_28d, usage_metrics.usage_change_28d) as usage_change_28d,
        coalesce(usage.active_user_change_56d, usage_metrics.active_user_change_56d)
            as active_user_change_56d,
        usage.active_user_slope_56d,
        usage.active_user_slope_t_56d,
        coalesce(usage.sessions_28d, usage_metrics.sessions_28d) as sessions_28d,
        usage.minutes_per_session_28d,
        coalesce(usage.api_calls_28d, usage_metrics.api_calls_28d) as api_calls_28d,
        coalesce(usage.api_calls_change_28d, usage_metrics.api_calls_change_28d) as api_calls_change_28d,
        coalesce(usage.data_bytes_28d, usage_metrics.data_bytes_28d) as data_bytes_28d,
        coalesce(usage.data_bytes_change_28d, usage_metrics.data_bytes_change_28d) as data_bytes_change_28d,
        usage.days_since_last_use,
        usage_metrics.active_users_against_past,
        usage_metrics.usage_against_past,
        usage_metrics.usage_peer_rank,
        -- whose metrics are compared with their past is not compared twice
        case
            when
                num_nonnulls(usage_metrics.active_users_against_past, usage_metrics.usage_against_past) = 0
                then usage_past.active_use_against_past
        end as active_use_against_past,
        (
            coalesce(usage.events_28d, usage_metrics.events_28d) / nullif(subscriptions.usage_limit, 0)
        )::double precision as usage_limit_share_28d,
        feature_use.features_used_28d,
        feature_use.features_change_28d,
        (
            coalesce(usage.events_28d, usage_metrics.events_28d) / nullif(feature_use.features_used_28d, 0)
        )::double precision as events_per_feature_28d,
        feature_use.feature_adoption,

        -- support
        support.tickets_28d,
        support.tickets_90d,
        support.urgent_tickets_90d,
        support.core_tickets_28d,
        support.ticket_spike_28d,
        support.core_ticket_spike_28d,
        support.ticket_gap_ratio,
        support.escalations_90d,
        support.open_tickets,
        support.first_response_hours_90d,
        support.first_response_change_90d,
        support.reopened_share_90d,
        support.csat_90d,
        support.poor_ratings_90d,

        -- surveys
        survey.nps_score_180d,
        survey.csat_survey_180d,
        survey.negative_answers_90d,
        survey.survey_response_rate_180d,

        -- training and community
        learning.training_attendance_180d,
        learning.training_no_shows_90d,
        learning.community_posts_90d,

        -- relationship
        relationship.review_attendance_180d,
        relationship.inbound_activities_90d,
        relationship.days_since_last_contact,
        relationship.weeks_since_last_review,
        relationship.reply_hours_90d,
        contacts.contacts_in_touch_90d,
        contacts.days_since_sponsor_contact,
        contacts.days_since_champion_contact,
        contacts.days_since_admin_contact,
        contacts.sponsor_reply_hours_180d,
        relationship.sponsor_present,
        relationship.sponsor_left_90d,

        -- value and onboarding
        value.goal_progress,
        value.roi_multiple,
        value.efficiency_progress,
        onboarding.onboarding_progress,
        onboarding.onboarding_overdue_steps,
        onboarding.onboarding_delay_days,
        crm.overdue_tasks,

        -- commercial
        subscriptions.mrr,
        (
            coalesce(usage.events_28d, usage_metrics.events_28d) / nullif(subscriptions.mrr, 0)
        )::double precision as events_per_mrr,
        subscriptions.mrr_change_90d,
        subscriptions.products,
        subscriptions.days_to_renewal,
        subscriptions.renewal_window_open,
        subscriptions.days_to_term_end,
        subscriptions.auto_renews,
        subscriptions.term_months,
        subscriptions.tenure_days,
        subscriptions.billing_period_months,
        crm.open_expansions,
        crm.days_since_expansion_talk,
        payments.failed_payments_90d,
        payments.overdue_invoices,
        payments.paid_late_share_180d
    from snapshots
    cross join reporting
    left join segments
        on
            snapshots.account_id = segments.account_id
            and (segments.valid_from is null or snapshots.snapshot_date >= segments.valid_from)
            and (segments.valid_to is null or snapshots.snapshot_date < segments.valid_to)
    left join usage_metrics
        on
            snapshots.account_id = usage_metrics.account_id
            and snapshots.snapshot_date = usage_metrics.snapshot_date
    -- of whom metrics are delivered and no event, no event does not mean no use
    left join usage
        on
            snapshots.account_id = usage.account_id
            and snapshots.snapshot_date = usage.snapshot_date
            and coalesce(usage_metrics.has_events, true)
    left join usage_past
        on
            snapshots.account_id = usage_past.account_id
            and snapshots.snapshot_date = usage_past.snapshot_date
            and coalesce(usage_metrics.has_events, true)
    left join feature_use
        on
            snapshots.account_id = feature_use.account_id
            and snapshots.snapshot_date = feature_use.snapshot_date
            and coalesce(usage_metrics.has_events, true)
    left join support
        on
            snapshots.account_id = support.account_id
            and snapshots.snapshot_date = support.snapshot_date
    left join survey
        on
            snapshots.account_id = survey.account_id
            and snapshots.snapshot_date = survey.snapshot_date
    left join learning
        on
            snapshots.account_id = learning.account_id
            and snapshots.snapshot_date = learning.snapshot_date
    left join relationship
        on
            snapshots.account_id = relationship.account_id
            and snapshots.snapshot_date = relationship.snapshot_date
    left join contacts
        on
            snapshots.account_id = contacts.account_id
            and snapshots.snapshot_date = contacts.snapshot_date
    left join crm
        on
            snapshots.account_id = crm.account_id
            and snapshots.snapshot_date = crm.snapshot_date
    left join value
        on
            snapshots.account_id = value.account_id
            and snapshots.snapshot_date = value.snapshot_date
    left join onboarding
        on
            snapshots.account_id = onboarding.account_id
            and snapshots.snapshot_date = onboarding.snapshot_date
    inner join subscriptions
        on
            snapshots.account_id = subscriptions.account_id
            and snapshots.snapshot_date = subscriptions.snapshot_date
    left join payments
        on
            snapshots.account_id = payments.account_id
            and snapshots.snapshot_date = payments.snapshot_date
)

select * from joined
