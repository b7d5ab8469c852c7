"""What a vendor's export has beside the cases of tests/cases: read, or named."""

from __future__ import annotations

from sources import TableLoad, ingest
from tests.sources.conftest import Loader, write_files

ACCOUNTS = "account_id,account_name,signed_at\nA-1,Larch Works,2024-01-01\n"


def deliver(loader: Loader, header: str, *rows: str) -> TableLoad:
    """Load subscriptions of one customer; the load of that table."""
    content = "\n".join([header, *rows, ""])
    write_files(loader.folder, {"crm.accounts.csv": ACCOUNTS, "billing.subscriptions.csv": content})
    loads = ingest(
        loader.warehouse, loader.warehouse.settings, loader.contract, "canonical", loader.folder
    )
    [load] = [load for load in loads if load.full_name == "billing.subscriptions"]
    return load


def test_a_column_that_exports_call_otherwise_is_named_with_the_guess(loader: Loader) -> None:
    """`churned_on` resembles `ended_at` by meaning alone, and no customer ever left."""
    load = deliver(
        loader,
        "subscription_id,account_id,product,mrr_cents,currency,started_at,churned_on",
        "S-1,A-1,p,100,USD,2024-01-01,2025-01-01",
    )
    assert load.problems == (
        "billing.subscriptions.csv: column churned_on is not in the contract and looks like "
        "ended_at, which the file lacks; rename it if it is meant",
    )


def test_the_zero_of_a_system_and_its_words_for_null_are_no_end(loader: Loader) -> None:
    """Rows of open subscriptions went to quarantine, and their revenue with them."""
    zeros = ["0001-01-01", "1899-12-30", "1900-01-01", "1970-01-01 00:00:00", "9999-12-31"]
    zeros += ["1970-01-01T00:00+01:00"]
    words = ["NaT", "<NA>", "(blank)", "n.a.", "#REF!", "0000-00-00", "0000-00-00 00:00:00"]
    deliver(
        loader,
        "subscription_id,account_id,product,mrr_cents,currency,started_at,ended_at",
        *(f"S-{place},A-1,p,100,USD,2024-01-01,{end}" for place, end in enumerate(zeros + words)),
        "S-early,A-1,p,100,USD,2024-01-01,1985-05-05",
    )
    assert loader.rows("select count(*), count(ended_at) from billing.subscriptions") == [(13, 0)]
    assert loader.rows("select count(*) from quarantine.corrected_cells") == [(len(zeros),)]
    [(_, message)] = loader.rows("select rule, message from quarantine.rejected_rows")
    assert "lies before 1990" in message


def test_numbers_and_flags_are_read_as_people_write_them(loader: Loader) -> None:
    deliver(
        loader,
        "subscription_id,account_id,product,mrr_cents,currency,started_at,quantity,auto_renews",
        'S-1,A-1,p,100,USD,2024-01-01,"1,200",Ja',
        "S-2,A-1,p,100,USD,2024-01-01,12.5,nein",
        'S-3,A-1,p,100,USD,2024-01-01,"1,5",x',
        "S-4,A-1,p,100,USD,2024-01-01,3,maybe",
    )
    assert loader.rows(
        "select quantity::float, auto_renews from billing.subscriptions order by subscription_id"
    ) == [(1200, True), (12.5, False), (None, True), (3, None)]
