"""What `tenure score` and `tenure diff` are asked, checked against what was known then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from orchestration.lib.runs import code_version
from warehouse import Warehouse

RUN_SQL = """
select as_of_date, known_as_of, code_version
from tenure.runs
where
    status = 'succeeded'
    and not is_known_as_of_given
    and (%(known_as_of)s::timestamptz is null or known_as_of <= %(known_as_of)s)
order by known_as_of desc
limit 1
"""

KEPT_SQL = "select min(known_as_of) as kept_from from tenure.scoring_inputs"

ACCOUNT_SQL = """
select
    accounts.account_name,
    (min(subscriptions.started_at) at time zone 'UTC')::date as first_subscription_date
from crm.accounts as accounts
left join billing.subscriptions as subscriptions
    on
        accounts.account_id = subscriptions.account_id
        and subscriptions._recorded_at <= %(known_as_of)s
        and coalesce(subscriptions._superseded_at > %(known_as_of)s, true)
        -- a customer is one from the first paid day
        and subscriptions.mrr_cents > 0
        and coalesce(subscriptions.ended_at > subscriptions.started_at, true)
where
    accounts.account_id = %(account_id)s
    and accounts._recorded_at <= %(known_as_of)s
    and coalesce(accounts._superseded_at > %(known_as_of)s, true)
group by accounts.account_name
"""


class Unanswerable(Exception):
    """There is no answer; the message is a sentence for the person who asked."""


@dataclass(frozen=True)
class Question:
    """Which account, as of which day, as known at the end of which run; `further_dates` are days
    that shall be computed though they are no week-ends."""

    account_id: str
    account_name: str
    as_of: date
    known_as_of: datetime
    is_other_code: bool = False
    further_dates: tuple[date, ...] = ()

    def as_environment(self) -> dict[str, str]:
        """As the macros read it."""
        return {
            "TENURE_AS_OF_DATE": self.as_of.isoformat(),
            "TENURE_KNOWN_AS_OF": self.known_as_of.isoformat(),
            "TENURE_ONLY_ACCOUNT": self.account_id,
            "TENURE_FURTHER_DATES": ",".join(day.isoformat() for day in self.further_dates),
        }

    @property
    def title(self) -> str:
        """Whom it is about, and what was known."""
        known = self.known_as_of.astimezone(UTC)
        return f"{self.account_name} ({self.account_id}), as known on {known:%Y-%m-%d %H:%M} UTC"


def ask(
    warehouse: Warehouse, account_id: str, days: Sequence[date | None], known: datetime | None
) -> Question:
    """The question for an account and one day or more (None: the run's own), the last of which is
    the as-of day. What is known changes with runs alone: the newest one by `known` answers.

    Raises Unanswerable for what no run has known.
    """
    runs = warehouse.read_arrow(RUN_SQL, {"known_as_of": known}).to_pylist()
    if not runs:
        moment = f" by {known.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if known else ""
        raise Unanswerable(f"No run had ended well{moment}: nothing was known yet.")
    [run] = runs
    [kept_from] = warehouse.read_arrow(KEPT_SQL)["kept_from"].to_pylist()
    if kept_from is None or kept_from > run["known_as_of"]:
        raise Unanswerable(
            f"The run of {run['known_as_of']:%Y-%m-%d %H:%M} UTC was made by a version of Tenure "
            "that did not keep what scores are made of. Make a run, and ask again."
        )
    dates = sorted(day or run["as_of_date"] for day in days)
    if dates[-1] > run["as_of_date"]:
        raise Unanswerable(
            f"{dates[-1]} is in the future of what was known: the run of "
            f"{run['known_as_of']:%Y-%m-%d %H:%M} UTC looked back from {run['as_of_date']}."
        )
    asked = {"account_id": account_id, "known_as_of": run["known_as_of"]}
    accounts = warehouse.read_arrow(ACCOUNT_SQL, asked).to_pylist()
    if not accounts:
        raise Unanswerable(f"There was no account {account_id!r} then.")
    [account] = accounts
    first = account["first_subscription_date"]
    if first is None or first > dates[0]:
        begun = f"its first one began on {first}" if first else "it never had one"
        raise Unanswerable(f"{account_id!r} had no contract on {dates[0]}: {begun}.")
    return Question(
        account_id,
        account["account_name"],
        dates[-1],
        run["known_as_of"],
        run["code_version"] != code_version(),
        tuple(dates[:-1]),
    )
