"""What the page shows, measured from the files: one function per question."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulator.assumptions import SEGMENTS
from simulator.evaluation.page.company import Company

MOVEMENTS = ("new", "expansion", "reactivation", "contraction", "churn")
WEEKS_BEFORE = 36
DAYS_A_MONTH = 30.4375


def month_ends(company: Company) -> str:
    """SQL for the last day of each month, and the day before the first."""
    return f"""
        select least(last_day(month), date '{company.last_day}')::date as day
        from generate_series(
            date_trunc('month', date '{company.first_day}' - 1),
            date_trunc('month', date '{company.last_day}'), interval 1 month
        ) as months(month)
    """


def portfolio(company: Company) -> tuple[pd.DataFrame, pd.DataFrame]:
    """MRR and open accounts at each month's end; columns are segments."""
    rows = company.table(
        f"""
        select day, segment, sum(mrr_cents * per_cent) as mrr,
            count(distinct account_id) as accounts
        from ({month_ends(company)}) join subscriptions on starts <= day and ends > day
        join segments using (account_id) join dollars using (currency)
        group by day, segment
        """
    )
    mrr, accounts = (
        company.by_segment(rows.pivot(index="day", columns="segment", values=name)).fillna(0.0)
        for name in ("mrr", "accounts")
    )
    return mrr, accounts


def movements(company: Company) -> pd.DataFrame:
    """MRR won and lost in each month, in dollars; columns MOVEMENTS."""
    rows = company.table(
        f"""
        with balances as (
            select account_id, day, coalesce(mrr, 0) as mrr
            from ({month_ends(company)}) cross join segments
            left join (
                select account_id, day, sum(mrr_cents * per_cent) as mrr
                from ({month_ends(company)}) join subscriptions on starts <= day and ends > day
                join dollars using (currency) group by all
            ) as covered using (account_id, day)
        ),
        steps as (
            select *, lag(mrr) over before as earlier, max(mrr) over earlier_ones as most
            from balances
            window before as (partition by account_id order by day), earlier_ones as (
                partition by account_id order by day
                rows between unbounded preceding and 1 preceding
            )
        )
        select day, mrr - earlier as change, case
            when earlier = 0 and most = 0 then 'new' when earlier = 0 then 'reactivation'
            when mrr = 0 then 'churn' when mrr > earlier then 'expansion' else 'contraction'
        end as movement
        from steps where earlier is not null and abs(mrr - earlier) > 0.005
        """
    )
    table = rows.pivot_table(index="day", columns="movement", values="change", aggfunc="sum")
    # The first month also holds all who were customers before the data begin.
    return table.reindex(columns=MOVEMENTS).fillna(0.0).iloc[1:]


def retention(company: Company) -> pd.DataFrame:
    """Logo churn, GRR and NRR of every window of twelve months, by segment and for all.

    Columns begins, segment, logo_churn, grr, nrr; no rows for a company younger than a year.
    """
    return company.table(
        f"""
        with days as ({month_ends(company)}),
        windows as (
            select sooner.day as begins, later.day as ends from days as sooner
            join days as later on later.day = last_day(sooner.day + interval 1 year)
            where sooner.day >= date '{company.first_day}'
        ),
        balances as (
            select day, account_id, sum(mrr_cents * per_cent) as mrr
            from days join subscriptions on starts <= day and subscriptions.ends > day
            join dollars using (currency) group by all
        ),
        pairs as (
            select begins, segment, sooner.mrr as before, coalesce(later.mrr, 0) as after,
                later.account_id is null as is_lost
            from windows join balances as sooner on sooner.day = begins
            left join balances as later
                on later.day = windows.ends and later.account_id = sooner.account_id
            join segments on segments.account_id = sooner.account_id
        )
        select begins, coalesce(segment, 'all') as segment, avg(is_lost::integer) as logo_churn,
            sum(least(before, after)) / sum(before) as grr, sum(after) / sum(before) as nrr
        from pairs group by grouping sets ((begins, segment), (begins))
        """
    )


def survival(company: Company) -> dict[str, pd.DataFrame]:
    """Share still there by months since the first subscription in the data (Kaplan-Meier)."""
    rows = company.table(
        f"""
        with firsts as (select account_id, min(starts) as starts from subscriptions group by all),
        lost as (
            select account_id, min(churned_on) as churned_on from losses group by account_id
        )
        select segment, coalesce(churned_on, date '{company.last_day}') - starts as days,
            churned_on is not null as is_lost
        from firsts join segments using (account_id) left join lost using (account_id)
        """
    )
    return {name: kaplan_meier(rows.loc[rows["segment"] == name]) for name in SEGMENTS}


def kaplan_meier(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns months and share; `rows` has days watched and whether the watch ended in a loss."""
    days, is_lost = rows["days"].to_numpy(), rows["is_lost"].to_numpy()
    when = np.unique(days[is_lost])
    lost = np.array([(days[is_lost] == day).sum() for day in when])
    there = np.array([(days >= day).sum() for day in when])
    share = np.r_[1.0, np.cumprod(1 - lost / there)] if len(when) else np.ones(1)
    last = days.max() if len(days) else 0
    return pd.DataFrame(
        {"months": np.r_[0, when, last] / DAYS_A_MONTH, "share": np.r_[share, share[-1]]}
    )


def scores(company: Company) -> pd.Series:
    """Answers to the NPS question, 0 to 10."""
    rows = company.table(
        "select score::integer as score, count(*) as n from responses "
        "where survey_type = 'nps' group by all"
    )
    return rows.set_index("score")["n"].reindex(range(11), fill_value=0)


def scores_by_health(company: Company) -> pd.DataFrame:
    """Index: third of true health (1 the poorest). Detractors, passives, promoters, answered."""
    return company.table(
        """
        with ranked as (
            select account_id, week_end, ntile(3) over (order by health) as third from weeks
        ),
        answers as (
            select third, avg((score <= 6)::integer) as detractors,
                avg((score between 7 and 8)::integer) as passives,
                avg((score >= 9)::integer) as promoters
            from responses join ranked on ranked.account_id = responses.account_id
                and week_end = date_trunc('week', submitted_at)::date + 6
            where survey_type = 'nps' group by third
        ),
        asked as (
            select third, avg((response_id is not null)::integer) as answered
            from invitations join ranked on ranked.account_id = invitations.account_id
                and week_end = date_trunc('week', sent_at)::date + 6
            left join responses on responses.contact_id = invitations.contact_id
                and responses.survey_type = invitations.survey_type
                and submitted_at between sent_at and sent_at + interval 45 days
            where invitations.survey_type = 'nps' group by third
        )
        select * from answers join asked using (third) order by third
        """
    ).set_index("third")


@dataclass(frozen=True)
class Use:
    """Events per open account.

    `weekdays`: 1 (Monday) to 7, where 1 is the average day. `weeks`: rows are week ends, columns
    regions, and 1 is the region's median week.
    """

    weekdays: pd.Series
    weeks: pd.DataFrame


def use(company: Company) -> Use:
    """When customers work."""
    daily = company.table(
        """
        with days as (select occurred_at::date as day, region, count(*) as events
            from events join regions using (account_id) group by all),
        open as (select week_end, region, count(*) as accounts
            from weeks join regions using (account_id) group by all)
        select day, week_end, region, events / accounts as level
        from days join open using (region)
        where week_end = date_trunc('week', day)::date + 6
        """
    )
    daily["weekday"] = daily["day"].dt.day_of_week + 1
    weekdays = daily.groupby("weekday")["level"].mean()
    weeks = daily.pivot_table(index="week_end", columns="region", values="level", aggfunc="sum")
    weeks = weeks.iloc[1:]
    return Use(weekdays / weekdays.mean(), weeks / weeks.median())


def use_before_leaving(company: Company) -> pd.Series:
    """Active users per seat in each week before a loss, over the average of segment and week.

    Index: weeks before the loss, 1 the last full one.
    """
    rows = company.table(
        f"""
        with users as (
            select account_id, date_trunc('week', occurred_at)::date + 6 as week_end,
                count(distinct user_id) as users
            from events where user_id is not null group by all
        ),
        shares as (
            select weeks.account_id, week_end, segment, coalesce(users, 0) / seats as share
            from weeks join segments using (account_id) left join users using (account_id, week_end)
            join seats on seats.account_id = weeks.account_id
                and starts <= week_end and ends > week_end
        ),
        relative as (
            select *, share / nullif(avg(share) over (
                partition by segment, week_end
            ), 0) as level from shares
        )
        select (churned_on - week_end) // 7 + 1 as weeks_before, avg(level) as level
        from losses join relative using (account_id)
        where churned_on > week_end and churned_on - week_end < {7 * WEEKS_BEFORE}
        group by all order by all
        """
    )
    return rows.set_index("weeks_before")["level"]


def causes(company: Company) -> pd.Series:
    """Losses by main cause, most frequent first."""
    rows = company.table("select main_cause, count(*) as n from losses group by all")
    return rows.set_index("main_cause")["n"].sort_values(ascending=False)
