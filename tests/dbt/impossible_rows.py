"""Rows that no business has, many kinds at once, for each table of the contract."""

from __future__ import annotations

import csv
import random
import shutil
from pathlib import Path

import duckdb

from simulator import write_company
from sources.landing import literal

NEVER, LONG_AGO = "9999-12-31", "0001-01-01"
HUGE = str(2**63 - 1)
MEGABYTE = "x" * 1_000_000
# What PostgreSQL cannot compress, and so cannot index.
LONG_KEY = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=10_000))
FOREIGN = "\u202e\u0645\u0631\u062d 👩\u200d👩\u200d👧 <script>alert(1)</script> =cmd|x"
ODD = "odd account"

Row = dict[str, str]


def impossible_rows(account: str, invoice: str) -> dict[str, list[Row]]:
    """By table. `account` and `invoice` are good ones that the rows are about."""
    own = {"account_id": account}
    return {
        "crm.accounts": [
            {
                "account_id": ODD,
                "account_name": FOREIGN,
                "signed_at": "2026-01-05",
                "closed_at": NEVER,
                "created_at": LONG_AGO,
                "updated_at": NEVER,
                "employee_count": "2147483647",
                "country": FOREIGN,
                "industry": MEGABYTE,
                "touch_tier": "??",
                "csm_id": "listed nowhere",
            },
            {"account_id": LONG_KEY, "account_name": "Long", "signed_at": "2026-01-05"},
            {"account_id": "year 202", "account_name": "Old", "signed_at": "0202-01-05"},
        ],
        "crm.contacts": [
            {"contact_id": "c", **own, "joined_at": LONG_AGO, "left_at": NEVER, "title": MEGABYTE},
            {"contact_id": LONG_KEY, **own, "joined_at": NEVER},
        ],
        "crm.csms": [{"csm_id": LONG_KEY, "csm_name": FOREIGN, "weekly_capacity_hours": "1e300"}],
        "crm.activities": [
            {"activity_id": "a1", **own, "activity_type": "call", "occurred_at": NEVER},
            {"activity_id": "a2", **own, "activity_type": "call", "occurred_at": LONG_AGO},
            {
                "activity_id": "a3",
                **own,
                "activity_type": "email",
                "occurred_at": "2026-02-01",
                "responded_at": NEVER,
                "notes": MEGABYTE,
            },
        ],
        "crm.tasks": [
            {"task_id": "t", **own, "opened_at": "2026-02-01", "due_at": NEVER}
            | {"completed_at": NEVER, "escalated_at": NEVER, "playbook": MEGABYTE}
        ],
        "crm.opportunities": [
            {"opportunity_id": "o", **own, "opportunity_type": "expansion", "stage": MEGABYTE}
            | {"amount_cents": HUGE, "currency": "USD", "created_at": LONG_AGO, "closed_at": NEVER}
        ],
        "billing.subscriptions": [
            {"subscription_id": "s1", "account_id": ODD, "product": "p", "mrr_cents": HUGE}
            | {"currency": "USD", "started_at": "2026-01-05"},
            {"subscription_id": "s2", "account_id": ODD, "product": FOREIGN, "mrr_cents": "10000"}
            | {"currency": "USD", "started_at": "2026-01-05", "ended_at": NEVER}
            | {"quantity": "1e25", "unit": "users", "usage_limit": "1e28", "renewal_date": NEVER}
            | {"billing_period_months": "2147483647", "term_months": "2147483647"},
            {"subscription_id": "s3", "account_id": ODD, "product": "q", "mrr_cents": "10" * 7}
            | {"currency": "EUR", "started_at": "2026-01-05"},
            {"subscription_id": "s4", "account_id": ODD, "product": "r", "mrr_cents": "500"}
            | {"currency": "USD", "started_at": "2026-01-05", "ended_at": LONG_AGO},
        ],
        "billing.invoices": [
            {"invoice_id": "i1", **own, "issued_at": NEVER, "amount_cents": "1", "currency": "USD"},
            {"invoice_id": "i2", **own, "issued_at": "2026-02-01", "amount_cents": "1"}
            | {"currency": "USD", "due_at": NEVER, "voided_at": NEVER, "status": MEGABYTE},
            {"invoice_id": "i3", **own, "issued_at": "2026-02-01", "due_at": "2026-02-10"}
            | {"amount_cents": HUGE, "currency": "USD"},
        ],
        "billing.payments": [
            {"payment_id": "p1", "invoice_id": invoice, "attempted_at": "2026-02-01"}
            | {"amount_cents": HUGE, "currency": "USD", "outcome": "paid"},
            {"payment_id": "p2", "invoice_id": invoice, "attempted_at": LONG_AGO}
            | {"amount_cents": "1", "currency": "USD", "outcome": "paid"},
        ],
        "product.features": [{"feature": MEGABYTE}, {"feature": FOREIGN, "is_core": "perhaps"}],
        "product.events": [
            {**own, "occurred_at": NEVER, "user_id": "u", "feature": "f"},
            {**own, "occurred_at": "2026-02-01", "user_id": LONG_KEY, "feature": LONG_KEY}
            | {"value": "1e308", "data_bytes": HUGE, "event_id": MEGABYTE},
        ],
        "product.usage_metrics": [
            {**own, "metric": "events", "period_start": "2026-02-01", "grain": "month"}
            | {"value": "1e308"},
            {**own, "metric": "events", "period_start": NEVER, "grain": "month", "value": "1"},
        ],
        "support.tickets": [
            {"ticket_id": "t1", **own, "created_at": "2026-02-01", "solved_at": NEVER}
            | {"first_response_at": NEVER, "escalated_at": LONG_AGO, "status": MEGABYTE}
            | {"csat_score": "-1e20", "reopened_count": "2147483647", "priority": "P0"},
            {"ticket_id": "t2", **own, "created_at": NEVER},
        ],
        "survey.responses": [
            {"response_id": "r1", **own, "survey_type": "nps", "submitted_at": "2026-02-01"}
            | {"score": "5", "scale_min": "5", "scale_max": "5"},
            {"response_id": "r2", **own, "survey_type": "nps", "submitted_at": "2026-02-01"}
            | {"score": "5", "scale_min": "-1e20", "scale_max": "1e20"},
        ],
        "survey.invitations": [
            {"invitation_id": "v", **own, "survey_type": "nps", "sent_at": LONG_AGO}
        ],
        "training.enrollments": [
            {"enrollment_id": "e", **own, "scheduled_at": NEVER, "completed_at": NEVER}
        ],
        "community.posts": [{"post_id": "q", **own, "posted_at": NEVER, "post_type": MEGABYTE}],
        "success.goals": [
            {"goal_id": "g", **own, "value_type": "annual_savings", "set_at": "2026-02-01"}
            | {"target_cents": "1", "achieved_cents": HUGE, "currency": "USD", "achieved_at": NEVER}
        ],
        "success.onboarding_steps": [
            {**own, "template": "t", "step": LONG_KEY, "planned_at": NEVER},
            {**own, "template": "t", "step": "s", "started_at": LONG_AGO, "completed_at": NEVER},
        ],
        "success.health_overrides": [
            {"override_id": "h", **own, "score": "1e20", "reason": MEGABYTE, "author": "a"}
            | {"set_at": "2026-02-01", "expires_at": NEVER}
        ],
        "finance.exchange_rates": [
            {"currency": "JPY", "rate_date": LONG_AGO, "usd_per_unit": "0.0067"},
            {"currency": "GBP", "rate_date": "2019-02-01", "usd_per_unit": "1e25"},
            # turned round, and worth a hundred in a dollar's place
            {"currency": "GBP", "rate_date": "2026-02-28", "usd_per_unit": "99"},
        ],
    }


def write_good_company(folder: Path) -> None:
    """Thirty accounts over four months, each table in a folder of its own."""
    made = write_company(folder / "made", accounts=30, months=4, seed=3).folder
    for path in sorted(made.iterdir()):
        if path.name == "truth":
            continue
        name = path.name if path.is_dir() else path.name.removesuffix(path.suffix)
        if path.is_dir():
            shutil.copytree(path, folder / name)
        else:
            (folder / name).mkdir()
            shutil.copy(path, folder / name / f"good{path.suffix}")
    shutil.rmtree(folder / "made")
    # The simulator sends events, and nothing that was added up.
    account = first_key(folder, "crm.accounts", "account_id")
    added_up = {"account_id": account, "period_start": "2026-02-01", "grain": "month", "value": "7"}
    metrics = [added_up | {"metric": f"metric {number}"} for number in range(10)]
    add_rows(folder, "product.usage_metrics", metrics, "good.csv")


def first_key(folder: Path, table: str, column: str) -> str:
    """The least key of a good table."""
    [file] = (folder / table).iterdir()
    found = duckdb.execute(f"select min({column}) from {literal(str(file))}").fetchall()
    return found[0][0]


def add_rows(folder: Path, table: str, rows: list[Row], file: str = "odd.csv") -> None:
    """A further file of the table."""
    (folder / table).mkdir(exist_ok=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / table / file).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(rows)
