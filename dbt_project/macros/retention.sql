{#-
What a closed cohort kept, as the body of a CTE: its accounts, its money and the shares of both.

`cohorts` is a relation of a row per account of a cohort, with the columns of `grain`, `start_mrr`,
`end_mrr` (0 when no subscription covers the end) and `is_churned`. Money is compared where it is
known at both ends; the others are counted, not guessed: least() and greatest() skip nulls.
-#}
{% macro retention_of(cohorts, grain) -%}
    {%- set compared = 'filter (where start_mrr is not null and end_mrr is not null)' -%}
    {%- set start_mrr = 'sum(start_mrr) ' ~ compared -%}
    {%- set retained = 'sum(end_mrr) ' ~ compared -%}
    {%- set churned = 'sum(case when is_churned then start_mrr else 0 end) ' ~ compared -%}
    {%- set contraction = 'sum(case when is_churned then 0 else greatest(start_mrr - end_mrr, 0) end) '
        ~ compared -%}
    select
        {{ grain | join(', ') }},
        count(*) as start_accounts,
        count(*) filter (where is_churned) as churned_accounts,
        count(*) filter (where start_mrr is null or end_mrr is null) as unconverted_accounts,
        ({{ start_mrr }})::numeric(14, 2) as start_mrr,
        ({{ retained }})::numeric(14, 2) as retained_mrr,
        ({{ churned }})::numeric(14, 2) as churned_mrr,
        ({{ contraction }})::numeric(14, 2) as contraction_mrr,
        (sum(greatest(end_mrr - start_mrr, 0)) {{ compared }})::numeric(14, 2) as expansion_mrr,
        ({{ retained }})::double precision / nullif({{ start_mrr }}, 0)::double precision as nrr,
        ({{ start_mrr }} - {{ churned }} - {{ contraction }})::double precision
        / nullif({{ start_mrr }}, 0)::double precision as grr,
        (count(*) filter (where is_churned))::double precision / count(*) as logo_churn
    from {{ cohorts }}
    group by {{ grain | join(', ') }}
{%- endmacro %}
