{#-
The signal columns of account_snapshots as rows of a `values` list: name and value.

A test keeps the list equal to the seed `signals`.
-#}
{% macro snapshot_signals(relation) -%}
    {%- set signals = [
        'seats', 'active_user_share', 'active_users_7d', 'active_users_28d', 'stickiness',
        'events_28d', 'events_per_user_28d', 'usage_change_28d', 'active_user_change_56d',
        'sessions_28d', 'api_calls_28d', 'api_calls_change_28d', 'data_bytes_28d',
        'data_bytes_change_28d', 'days_since_last_use', 'features_used_28d', 'feature_adoption',
        'tickets_28d', 'tickets_90d', 'urgent_tickets_90d', 'core_tickets_28d', 'escalations_90d',
        'open_tickets', 'first_response_hours_90d', 'csat_90d', 'nps_score_180d',
        'csat_survey_180d', 'survey_response_rate_180d', 'training_attendance_180d',
        'training_no_shows_90d', 'community_posts_90d', 'review_attendance_180d',
        'inbound_activities_90d', 'days_since_last_contact', 'sponsor_present',
        'sponsor_left_90d', 'goal_progress', 'roi_multiple', 'efficiency_progress',
        'onboarding_progress', 'onboarding_overdue_steps', 'mrr', 'events_per_mrr',
        'mrr_change_90d', 'products', 'days_to_renewal', 'tenure_days', 'billing_period_months',
        'failed_payments_90d', 'overdue_invoices', 'paid_late_share_180d',
    ] -%}
    {%- for signal in signals -%}
        ('{{ signal }}', {{ relation }}.{{ signal }}::double precision){{ ',' if not loop.last }}
    {% endfor -%}
{%- endmacro %}
