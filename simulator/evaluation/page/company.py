"""A simulated company's files, opened for questions in SQL."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from simulator.assumptions import PRODUCTS, SEGMENTS
from simulator.evaluation.errors import EvaluationError

# Of every table that is asked about, copies of a row are one row, as any reader would take them.
_VIEWS = """
create view segments as select account_id, segment from '{truth}/accounts.csv';
create view weeks as select * from '{truth}/account_weeks.parquet';
create view losses as select * from '{truth}/churn_causes.csv';
create view subscriptions as
select distinct account_id, product, mrr_cents, currency, started_at::date as starts,
    coalesce(ended_at::date, date '9999-12-31') as ends
from '{folder}/billing.subscriptions.parquet' semi join segments using (account_id);
create view seats as
select distinct account_id, quantity as seats, started_at::date as starts,
    coalesce(ended_at::date, date '9999-12-31') as ends
from '{folder}/billing.subscriptions.parquet' semi join segments using (account_id)
where product = '{core}';
create view dollars as
select currency, arg_max(usd_per_unit, rate_date) / 100 as per_cent
from '{folder}/finance.exchange_rates.csv' group by currency;
create view regions as
select account_id, any_value(region) as region from '{folder}/crm.accounts.csv'
semi join segments using (account_id) group by account_id;
create view events as
select account_id, user_id, occurred_at from '{folder}/product.events/*.parquet';
create view invitations as
select distinct invitation_id, account_id, contact_id, survey_type, sent_at
from '{folder}/survey.invitations.parquet' semi join segments using (account_id);
create view responses as
select distinct response_id, account_id, contact_id, survey_type, score, submitted_at
from '{folder}/survey.responses.parquet' semi join segments using (account_id);
create macro mrr_on(day) as table
select account_id, sum(mrr_cents * per_cent) as mrr
from subscriptions join dollars using (currency)
where starts <= day and ends > day group by account_id;
"""


@dataclass(frozen=True)
class Company:
    """A connection with one view per table, and the run's own facts.

    Money is in dollars at the last day's rates; accounts are those that the truth knows.
    """

    folder: Path
    facts: dict
    connection: duckdb.DuckDBPyConnection

    @classmethod
    def open(cls, folder: Path) -> "Company":
        """Raises EvaluationError where a folder has no simulated company, or lacks a table."""
        truth = folder / "truth"
        if not (truth / "simulation.json").is_file():
            raise EvaluationError(f"{folder} holds no simulated company with its truth")
        connection = duckdb.connect()
        connection.execute("set timezone = 'UTC'")
        quoted = str(folder).replace("'", "''")
        views = _VIEWS.format(folder=quoted, truth=f"{quoted}/truth", core=PRODUCTS[0])
        try:
            for statement in views.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
        except duckdb.IOException as error:
            raise EvaluationError(
                f"the page needs a table that {folder} does not have: {error}"
            ) from error
        return cls(folder, json.loads((truth / "simulation.json").read_text()), connection)

    @property
    def first_day(self) -> date:
        """The first simulated day."""
        return date.fromisoformat(self.facts["start_date"])

    @property
    def last_day(self) -> date:
        """The last simulated day."""
        return date.fromisoformat(self.facts["end_date"])

    def table(self, query: str) -> pd.DataFrame:
        """The rows of a query."""
        return self.connection.sql(query).df()

    def truth_table(self, name: str) -> pd.DataFrame | None:
        """A CSV file of `truth/`; None where this company has none."""
        path = self.folder / "truth" / name
        return pd.read_csv(path) if path.is_file() else None

    def truth_facts(self, name: str) -> dict | None:
        """A JSON file of `truth/`; None where this company has none."""
        path = self.folder / "truth" / name
        return json.loads(path.read_text()) if path.is_file() else None

    def by_segment(self, table: pd.DataFrame) -> pd.DataFrame:
        """Columns in the order of the segments, smallest customers first."""
        return table.reindex(columns=[name for name in SEGMENTS if name in table])
