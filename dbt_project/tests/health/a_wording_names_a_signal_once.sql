-- A signal that counts twice would be two contributions of one name.
with

policies as (select * from {{ ref('dim_score_policies') }})

select
    policies.policy_version,
    policies.segment,
    named.signal
from policies
cross join lateral unnest(policies.signals) as named (signal)
group by policies.policy_version, policies.segment, named.signal
having count(*) > 1
