"""How much of eight vendors' exports is recognised, and a company on its first day.

The measure: of all columns of the contract that a vendor's main files hold (ANSWERS, made by hand
from the vendors' documentation), the share for which table, file and column are right. A column
whose values were scrubbed so that they mean nothing any more (a type turned into a hash) is no
answer; where two columns would do, either is right.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from sources import Contract
from sources.guessing import FolderGuess, guess_folder, plan_folder

pytestmark = pytest.mark.shared_data

# vendor → table → (files that will do, column → headers that will do)
ANSWERS: dict[str, dict[str, tuple[str, dict[str, str]]]] = {
    "salesforce": {
        "crm.accounts": (
            "sf_account_data",
            {
                "account_id": "id",
                "account_name": "name",
                "parent_account_id": "parent_id",
                "industry": "industry",
                "country": "billing_country|billing_country_code",
                "employee_count": "number_of_employees",
                "csm_id": "owner_id",
            },
        ),
        "crm.contacts": (
            "sf_contact_data",
            {
                "contact_id": "id",
                "account_id": "account_id",
                "email": "email",
                "full_name": "name",
                "title": "title",
                "joined_at": "created_date",
            },
        ),
        "crm.csms": (
            "sf_user_data",
            {
                "csm_id": "id",
                "csm_name": "name",
                "email": "email",
                "manager_id": "manager_id",
                "team": "department|division",
                "region": "state|state_code",
            },
        ),
        "crm.activities": (
            "sf_event_data",
            {
                "activity_id": "id",
                "account_id": "account_id",
                "contact_id": "who_id",
                "csm_id": "owner_id",
                "occurred_at": "activity_date_time|activity_date|start_date_time",
                "notes": "description|subject",
            },
        ),
        "crm.tasks": (
            "sf_task_data",
            {
                "task_id": "id",
                "account_id": "account_id",
                "csm_id": "owner_id",
                "task_type": "type|task_subtype",
                "opened_at": "created_date",
                "due_at": "activity_date",
            },
        ),
        "crm.opportunities": (
            "sf_opportunity_data",
            {
                "opportunity_id": "id",
                "account_id": "account_id",
                "stage": "stage_name",
                "amount_cents": "amount",
                "created_at": "created_date",
                "closed_at": "close_date",
                "is_won": "is_won",
            },
        ),
    },
    "hubspot": {
        "crm.accounts": (
            "company_data|company_data_postgres|company_data_snowflake|company_data_databricks",
            {
                "account_id": "id",
                "account_name": "property_name",
                "industry": "property_industry",
                "country": "property_country",
                "created_at": "property_createdate",
            },
        ),
        "crm.contacts": (
            "contact_data",
            {
                "contact_id": "id",
                "email": "property_email",
                "title": "property_jobtitle",
                "joined_at": "property_createdate|property_created_at",
            },
        ),
        "crm.csms": (
            "owner_data|users_data",
            {"csm_id": "owner_id|id", "email": "email", "csm_name": "first_name+last_name"},
        ),
        "crm.opportunities": (
            "deal_data",
            {
                "opportunity_id": "deal_id",
                "stage": "deal_pipeline_stage_id",
                "amount_cents": "property_amount",
                "created_at": "property_createdate",
                "closed_at": "property_closedate",
            },
        ),
        "crm.tasks": (
            "engagement_task_data",
            {
                "task_id": "engagement_id",
                "csm_id": "property_hubspot_owner_id",
                "task_type": "property_hs_task_type|task_type",
                "opened_at": "property_hs_createdate",
                "due_at": "property_hs_timestamp",
            },
        ),
        "support.tickets": (
            "ticket_data",
            {
                "ticket_id": "id",
                "subject": "property_subject",
                "body": "property_content",
                "product_area": "property_hs_ticket_category",
                "priority": "property_hs_ticket_priority",
                "assignee": "property_hubspot_owner_id",
                "created_at": "property_createdate",
                "first_response_at": "property_first_agent_reply_date",
                "solved_at": "property_closed_date",
                "status": "property_hs_pipeline_stage",
            },
        ),
    },
    "zendesk": {
        "crm.accounts": (
            "organization_data",
            {
                "account_id": "id",
                "account_name": "name",
                "created_at": "created_at",
                "updated_at": "updated_at",
            },
        ),
        "crm.contacts": (
            "user_data|user_data_snowflake",
            {
                "contact_id": "id",
                "account_id": "organization_id",
                "email": "email",
                "full_name": "name",
                "joined_at": "created_at",
            },
        ),
        "support.tickets": (
            "ticket_data",
            {
                "ticket_id": "id",
                "account_id": "organization_id",
                "contact_id": "requester_id",
                "subject": "subject",
                "body": "description",
                "priority": "priority",
                "channel": "via_channel",
                "assignee": "assignee_id",
                "created_at": "created_at",
                "status": "status",
            },
        ),
    },
    "intercom": {
        "crm.accounts": (
            "company_history_data",
            {
                "account_id": "id|company_id",
                "account_name": "name",
                "industry": "industry",
                "employee_count": "size",
                "created_at": "created_at|remote_created_at",
                "updated_at": "updated_at",
            },
        ),
        "crm.contacts": (
            "contact_history_data",
            {
                "contact_id": "id",
                "email": "email",
                "full_name": "name",
                "title": "custom_job_title",
                "joined_at": "signed_up_at|created_at",
            },
        ),
        "crm.csms": ("admin_data", {"csm_id": "id", "csm_name": "name", "email": "email"}),
        "support.tickets": (
            "conversation_history_data",
            {
                "ticket_id": "id",
                "contact_id": "source_author_id",
                "subject": "source_subject",
                "body": "source_body",
                "channel": "source_type|source_delivered_as",
                "priority": "priority",
                "assignee": "assignee_id",
                "created_at": "created_at",
                "status": "state",
                "csat_score": "conversation_rating_value",
            },
        ),
    },
    "stripe": {
        "crm.accounts": (
            "customer_data",
            {
                "account_id": "id",
                "account_name": "name",
                "country": "address_country",
                "created_at": "created",
            },
        ),
        "billing.subscriptions": (
            "subscription_data|subscription_history_data",
            {
                "subscription_id": "id",
                "account_id": "customer_id",
                "quantity": "quantity",
                "started_at": "start_date",
                "ended_at": "ended_at",
                "cancelled_at": "canceled_at",
                "renewal_date": "current_period_end",
            },
        ),
        "billing.invoices": (
            "invoice_data",
            {
                "invoice_id": "invoice_id|id",
                "account_id": "customer_id",
                "due_at": "due_date",
                "amount_cents": "amount_due|total|amount",
                "currency": "currency",
                "status": "status",
            },
        ),
        "billing.payments": (
            "charge_data",
            {
                "payment_id": "id",
                "invoice_id": "invoice_id",
                "attempted_at": "created",
                "amount_cents": "amount",
                "currency": "currency",
                "outcome": "status",
            },
        ),
    },
    "recurly": {
        "crm.accounts": (
            "account_history_data",
            {
                "account_id": "id",
                "account_name": "company",
                "country": "account_country",
                "closed_at": "deleted_at",
                "created_at": "created_at",
                "updated_at": "updated_at",
            },
        ),
        "billing.subscriptions": (
            "subscription_history_data",
            {
                "subscription_id": "id",
                "account_id": "account_id",
                "plan": "plan_id",
                "quantity": "quantity",
                "mrr_cents": "subtotal",
                "currency": "currency",
                "started_at": "activated_at",
                "ended_at": "expires_at",
                "cancelled_at": "canceled_at",
                "cancel_reason": "expiration_reason",
                "auto_renews": "auto_renew",
                "renewal_date": "current_period_ends_at|current_term_ends_at",
            },
        ),
        "billing.invoices": (
            "invoice_history_data",
            {
                "invoice_id": "id",
                "account_id": "account_id",
                "issued_at": "created_at",
                "due_at": "due_at",
                "amount_cents": "total",
                "currency": "currency",
                "status": "state",
            },
        ),
        "billing.payments": (
            "transaction_data",
            {
                "payment_id": "id",
                "invoice_id": "invoice_id",
                "attempted_at": "created_at|collected_at",
                "amount_cents": "amount",
                "currency": "currency",
                "outcome": "status",
            },
        ),
    },
    "pendo": {
        "crm.accounts": ("account_history", {"account_id": "id"}),
        "crm.contacts": ("visitor_history", {"contact_id": "id", "account_id": "account_id"}),
        "product.features": (
            "feature_history",
            {"feature": "id|name", "product": "app_id", "is_core": "is_core_event"},
        ),
        "product.events": (
            "feature_event|event|page_event",
            {
                "account_id": "account_id",
                "user_id": "visitor_id",
                "feature": "feature_id|page_id",
                "occurred_at": "timestamp",
                "value": "num_events",
            },
        ),
    },
    "mixpanel": {
        "product.events": (
            "event",
            {
                "event_id": "insert_id|event_id",
                "user_id": "distinct_id",
                "feature": "name",
                "occurred_at": "time",
            },
        ),
    },
}
WANTED = 0.8


@pytest.fixture(scope="module")
def guesses(
    shared_data: Path, contract: Contract, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, FolderGuess]:
    con = duckdb.connect()
    seeds = shared_data / "fivetran_seeds"
    return {
        vendor: guess_folder(con, contract, seeds / f"dbt_{vendor}" / "integration_tests" / "seeds")
        for vendor in ANSWERS
    }


def missed(contract: Contract, vendor: str, guess: FolderGuess) -> list[str]:
    """The columns of a vendor that were not recognised, with what was taken in their place."""
    plans = plan_folder(contract, guess)
    wrong = []
    for table, (files, columns) in ANSWERS[vendor].items():
        found = [
            p for p in plans.get(table, ()) if p.file.names[0].split(".")[0] in files.split("|")
        ]
        lines = {line.column: "+".join(line.headers) for plan in found[:1] for line in plan.lines}
        guessed = {c: m.header for g in guess.tables.get(table, ())[:1] if found
                   for c, m in g.matches.items()}  # fmt: skip
        wrong += [
            f"{vendor}: {table}.{column} is {taken}, not {headers}"
            for column, headers in columns.items()
            if (taken := lines.get(column) or guessed.get(column)) not in headers.split("|")
        ]
    return wrong


def test_four_of_five_columns_of_the_vendors_exports_are_recognised(
    contract: Contract, guesses: dict[str, FolderGuess]
) -> None:
    wrong = [line for vendor, guess in guesses.items() for line in missed(contract, vendor, guess)]
    columns = sum(len(of_table) for tables in ANSWERS.values() for _, of_table in tables.values())
    share = 1 - len(wrong) / columns
    print(f"{share:.1%} of {columns} columns")
    assert share >= WANTED, "\n".join([f"{share:.1%} of {columns}", *wrong])


def test_a_company_on_its_first_day_is_mapped_without_an_edit(
    shared_data: Path, contract: Contract
) -> None:
    folder = shared_data.parent / "cold_start"
    plans = plan_folder(contract, guess_folder(duckdb.connect(), contract, folder))
    lines = {
        f"{table}.{line.column}": "+".join(line.headers)
        for table, of_table in plans.items()
        for line in of_table[0].lines
    }
    assert lines.items() >= {
        ("crm.accounts.account_id", "Customer ID"),
        ("crm.accounts.account_name", "Customer Name"),
        ("crm.accounts.signed_at", "Customer Since"),
        ("crm.accounts.csm_id", "Success Manager"),
        ("crm.csms.csm_id", "Success Manager"),
        ("billing.subscriptions.mrr_cents", "Annual Value (USD)"),
        ("billing.subscriptions.renewal_date", "Contract End"),
        ("support.tickets.ticket_id", "Ticket #"),
        ("support.tickets.solved_at", "Hours to Resolve"),
        ("survey.responses.score", "Score"),
    }
    assert not any(plan.missing for of_table in plans.values() for plan in of_table)
    files = {plan.file.name for of_table in plans.values() for plan in of_table}
    assert "truth.csv" not in files
