"""Files that do not hold their customers' key: pairs in another file, lists, and domains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sources import Contract, ingest
from sources.domains import domain_of
from sources.guessing import guess_folder, plan_folder, write_mappings
from sources.mapping import find_mappings
from sources.session import open_duckdb
from tests.sources.conftest import write_files
from warehouse import Settings, Warehouse

HUBSPOT = {
    "companies.csv": (
        "Record ID,Company name,Create Date,Company Domain Name\n"
        "9001,Acme,2024-01-05,acme.com\n9002,Birch,2024-02-05,birch.io\n9003,Cedar,2024-03-05,\n"
    ),
    "contacts.csv": (
        "Record ID,First Name,Last Name,Email,Job Title\n"
        "701,Ann,A,ann@acme.com,CIO\n702,Bob,B,bob@birch.io,Admin\n703,Cy,C,cy@x.org,User\n"
    ),
    "contact_company_associations.csv": (
        "contact_id,company_id,association_type\n"
        "701,9001,Primary\n702,9001,Former\n702,9002,Primary\n703,9003,Primary\n"
    ),
    "deals.csv": (
        "Deal ID,Deal Name,Deal Type,Deal Stage,Amount,Create Date\n"
        "51,Renewal Acme,renewal,closedwon,1200,2025-01-05\n"
        "52,More Birch,existingbusiness,open,800,2025-02-05\n"
    ),
    "deal_company.csv": "deal_id,company_id\n51,9001\n52,9002\n",
    "tickets.csv": (
        "Ticket ID,Subject,Priority,Create Date\n"
        "8001,Help,HIGH,2025-03-01\n8002,Broken,LOW,2025-03-02\n8003,More,MEDIUM,2025-03-03\n"
    ),
    "ticket_company.csv": "ticket_id,company_id\n8001,9001\n8002,9002\n8003,9003\n",
}
INTERCOM = {
    "companies.csv": ("id,name,created_at\nco-alpha,Alpha,2024-01-05\nco-beta,Beta,2024-02-05\n"),
    "contacts.jsonl": (
        '{"id": "p1", "email": "a@x.com", "name": "A", "role": "user", '
        '"companies": {"data": [{"id": "co-alpha"}]}}\n'
        '{"id": "p2", "email": "b@x.com", "name": "B", "role": "user", '
        '"companies": {"data": [{"id": "co-beta"}, {"id": "co-alpha"}]}}\n'
    ),
    "conversations.csv": (
        "conversation_id,created_at,contact_id,state\n"
        "c-1,2025-03-01,p1,closed\nc-2,2025-03-04,p2,open\nc-3,2025-03-05,p2,open\n"
    ),
    "contact_companies.csv": "contact_id,company_id\np1,co-alpha\np2,co-beta\n",
}
SALESFORCE = {
    "Account.csv": (
        "Id,Name,CreatedDate,Website\n"
        "001000000000001AAA,Acme,2024-01-05,https://www.acme.com/en\n"
        "001000000000002AAA,Birch,2024-02-05,birch.io\n"
    ),
    "Contact.csv": (
        "Id,Name,Email,Title\n"
        "003000000000001AAA,Ann,ann@acme.com,CIO\n003000000000002AAA,Bob,bob@birch.io,Admin\n"
    ),
    "AccountContactRelation.csv": (
        "Id,AccountId,ContactId,IsPrimary\n"
        "07k1,001000000000001AAA,003000000000001AAA,true\n"
        "07k2,001000000000001AAA,003000000000002AAA,false\n"
        "07k3,001000000000002AAA,003000000000002AAA,true\n"
    ),
    "Opportunity.csv": (
        "Id,Name,Type,StageName,Amount,CreatedDate\n"
        "006000000000001AAA,One,Renewal,Closed Won,1200,2025-01-05\n"
        "006000000000002AAA,Two,Upsell,Prospecting,800,2025-02-05\n"
    ),
    "OpportunityContactRole.csv": (
        "Id,OpportunityId,ContactId,AccountId,IsPrimary\n"
        "00K1,006000000000001AAA,003000000000001AAA,001000000000001AAA,true\n"
        "00K2,006000000000002AAA,003000000000002AAA,001000000000002AAA,true\n"
    ),
}
ADDRESSES = {
    "customers.csv": (
        "Customer ID,Customer Name,Customer Since,Website\n"
        "C-1,Acme,2024-01-05,https://www.acme.com/en\nC-2,Birch,2024-02-05,birch.io\n"
        "C-3,Elm UK,2024-03-05,elm.org\nC-4,Elm US,2024-03-05,www.elm.org\n"
    ),
    "tickets.csv": (
        "Ticket ID,Requester Email,Opened,Priority\n"
        "T-1,ann@acme.com,2025-03-01,P1\nT-2,bob@birch.io,2025-03-02,P2\n"
        "T-3,carl@gmail.com,2025-03-03,P2\nT-4,dora@elm.org,2025-03-04,P3\n"
    ),
    "NPS March 2025.csv": "Email,Score\nann@acme.com,9\nBob@Birch.io,3\n",
    "events.csv": (
        "event,user_email,timestamp\nopen,ann@acme.com,2025-03-01 10:00:00\n"
        "save,bob@birch.io,2025-03-02 11:00:00\n"
    ),
}


class Mapped:
    """A folder that was mapped and loaded as `tenure map` and `tenure run` do."""

    def __init__(
        self,
        warehouse: Warehouse,
        contract: Contract,
        folder: Path,
        files: Mapping[str, str],
    ) -> None:
        self.warehouse = warehouse
        write_files(folder / "files", files)
        with open_duckdb(Settings(home=folder, company="test")) as con:
            plans = plan_folder(contract, guess_folder(con, contract, folder / "files"))
        self.plans = plans
        self.notes = [
            note for of_table in plans.values() for plan in of_table for note in plan.notes
        ]
        write_mappings(folder / "mappings" / "export", plans)
        found = find_mappings("export", [folder / "mappings"])
        self.loads = ingest(
            warehouse, warehouse.settings, contract, "export", folder / "files", None, found
        )

    def accounts_of(self, table: str, key: str) -> dict[str, str]:
        """The customer of each row."""
        rows = self.warehouse.read(f"select {key}, account_id from {table} order by 1")
        return dict(zip(rows[key], rows["account_id"], strict=True))


@pytest.fixture
def mapped(
    fresh_company: Callable[[], Warehouse], contract: Contract, tmp_path: Path
) -> Callable[[Mapping[str, str]], Mapped]:
    return lambda files: Mapped(fresh_company(), contract, tmp_path, files)


def test_hubspots_associations_give_each_row_its_company(
    mapped: Callable[[Mapping[str, str]], Mapped],
) -> None:
    found = mapped(HUBSPOT)
    assert found.accounts_of("crm.opportunities", "opportunity_id") == {"51": "9001", "52": "9002"}
    assert found.accounts_of("support.tickets", "ticket_id") == {
        "8001": "9001",
        "8002": "9002",
        "8003": "9003",
    }
    # Bob left Acme for Birch: the primary company is his
    assert found.accounts_of("crm.contacts", "contact_id") == {
        "701": "9001",
        "702": "9002",
        "703": "9003",
    }
    assert any("the primary one is taken" in note for note in found.notes)


def test_intercoms_contacts_list_their_companies(
    mapped: Callable[[Mapping[str, str]], Mapped],
) -> None:
    found = mapped(INTERCOM)
    assert found.accounts_of("crm.contacts", "contact_id") == {"p1": "co-alpha", "p2": "co-beta"}
    assert found.accounts_of("support.tickets", "ticket_id") == {
        "c-1": "co-alpha",
        "c-2": "co-beta",
        "c-3": "co-beta",
    }
    assert any("lists several customers, the first is taken" in note for note in found.notes)


def test_salesforces_relations_give_contacts_and_opportunities_their_account(
    mapped: Callable[[Mapping[str, str]], Mapped],
) -> None:
    found = mapped(SALESFORCE)
    first, second = "001000000000001AAA", "001000000000002AAA"
    assert list(found.accounts_of("crm.contacts", "contact_id").values()) == [first, second]
    assert list(found.accounts_of("crm.opportunities", "opportunity_id").values()) == [
        first,
        second,
    ]


def test_rows_with_an_address_alone_find_the_customer_of_its_domain(
    mapped: Callable[[Mapping[str, str]], Mapped],
) -> None:
    """An address of a free provider is no company's, a domain of two customers is not guessed."""
    found = mapped(ADDRESSES)
    assert found.accounts_of("support.tickets", "ticket_id") == {"T-1": "C-1", "T-2": "C-2"}
    assert sorted(found.accounts_of("survey.responses", "response_id").values()) == ["C-1", "C-2"]
    days = found.warehouse.read("select distinct account_id from product.account_days order by 1")
    assert list(days["account_id"]) == ["C-1", "C-2"]
    assert any('several customers share "elm.org"' in note for note in found.notes)
    assert any("1 of 4 values" in note and "no company's domain" in note for note in found.notes)
    [tickets] = [load for load in found.loads if load.full_name == "support.tickets"]
    assert (tickets.rows_in, tickets.rows_loaded, tickets.rows_quarantined) == (4, 2, 2)


def test_a_managers_name_is_no_pair_with_a_customer(
    mapped: Callable[[Mapping[str, str]], Mapped],
) -> None:
    """Tickets name who answers them, the customers' file names the same people."""
    people = ["Ann Archer", "Bob Bishop", "Cara Castle"]
    customers = "".join(f"C-{n},Name {n},2024-01-01,{people[n % 3]}\n" for n in range(12))
    tickets = "".join(f"T-{n},{people[n % 3]},2025-01-01\n" for n in range(12))
    found = mapped(
        {
            "customers.csv": "Customer ID,Customer Name,Customer Since,Manager\n" + customers,
            "tickets.csv": "Ticket ID,Handler,Opened\n" + tickets,
        }
    )
    assert [plan.missing for plan in found.plans["support.tickets"]] == [("account_id",)]


def test_customers_are_looked_up_across_delimiters(
    mapped: Callable[[Mapping[str, str]], Mapped],
) -> None:
    """A CRM that writes semicolons and a helpdesk that writes commas are one company's."""
    found = mapped(
        {
            "customers.csv": "Customer ID;Customer Name;Customer Since\n"
            + "".join(f"C-{n};Name {n};2024-01-01\n" for n in range(3)),
            "tickets.csv": "Ticket ID,Customer,Opened\n"
            + "".join(f"T-{n},Name {n},2025-01-01\n" for n in range(3)),
            "calls.csv": "Customer ID,Date,Type\nC-1,2025-02-01,call\n",
            "meetings.csv": "Customer ID;Date;Type\nC-2;2025-02-01;meeting\n",
        }
    )
    assert found.accounts_of("support.tickets", "ticket_id") == {
        f"T-{n}": f"C-{n}" for n in range(3)
    }
    assert set(found.accounts_of("crm.activities", "activity_type")) == {"call", "meeting"}


def test_a_name_that_two_customers_have_finds_neither(
    mapped: Callable[[Mapping[str, str]], Mapped],
) -> None:
    """One of them was given the tickets of both."""
    found = mapped(
        {
            "customers.csv": "Customer ID,Customer Name,Customer Since\n"
            "C-1,Acme,2024-01-01\nC-2,Acme,2024-01-01\nC-3,Birch,2024-01-01\n",
            "tickets.csv": "Ticket ID,Customer,Opened\n"
            "T-1,Acme,2025-01-01\nT-2,Birch,2025-01-02\nT-3,Birch,2025-01-03\n",
        }
    )
    assert found.accounts_of("support.tickets", "ticket_id") == {"T-2": "C-3", "T-3": "C-3"}
    assert 'several customers share "Acme": rows of it find no customer' in found.notes
    [tickets] = [load for load in found.loads if load.full_name == "support.tickets"]
    assert tickets.rows_quarantined == 1


def test_the_domain_of_an_address_is_read_alike_everywhere(tmp_path: Path) -> None:
    cases = {
        "Ann@Acme.com": "acme.com",
        "https://www.acme.com/en?x=1": "acme.com",
        "acme.co.uk": "acme.co.uk",
        " http://acme.com:80 ": "acme.com",
        "ann@acme.com; bob@x.com": "acme.com",
        "ann@acme.com,bob@x.com": "acme.com",
        "Ann Lee <ann@acme.com>": "acme.com",
        "mailto:ann@acme.com": "acme.com",
        "https://social.com/@acme.co": "social.com",
        "ann.lee@acme": None,
        "ann@gmail.com": None,
        "ann@hotmail.it": None,
        "ann@yahoo.ca": None,
        "ann@live.co.uk": None,
        "ann@yahoo.com.br": None,
        "ann@live.acme.com": "live.acme.com",
        "ann@gmail.acme.com": "gmail.acme.com",
        "nothing": None,
        "": None,
    }
    with open_duckdb(Settings(home=tmp_path, company="test")) as con:
        for address, domain in cases.items():
            assert domain_of(address) == domain, address
            assert con.execute("select domain_of(?)", [address]).fetchall() == [(domain,)], address


def test_events_with_keys_of_other_files_are_events(
    mapped: Callable[[Mapping[str, str]], Mapped],
) -> None:
    """Their own key and a time say that they are no list of who belongs to whom."""
    rows = "".join(f"e{n},C-{n % 3},u{n},login,2025-03-{n + 1:02}T10:00:00Z\n" for n in range(9))
    found = mapped(
        {
            "customers.csv": "Customer ID,Customer Name,Customer Since\n"
            + "".join(f"C-{n},Name {n},2024-01-01\n" for n in range(3)),
            "events.csv": "event_id,account_id,user_id,type,created_at\n" + rows,
        }
    )
    days = found.warehouse.read("select sum(events) as events from product.account_days")
    assert list(days["events"]) == [9]


def test_the_domain_of_our_own_people_is_no_customers(
    mapped: Callable[[Mapping[str, str]], Mapped],
) -> None:
    names = ("acme", "birch", "cove")
    found = mapped(
        {
            "customers.csv": "Customer ID,Customer Name,Customer Since,Owner Email,Website\n"
            + "".join(f"C-{n},{n},2024-01-01,ann@vendor.com,{n}.com\n" for n in names),
            "tickets.csv": "Ticket ID,Assignee Email,Requester Email,Opened\n"
            + "".join(f"T-{n},bob@vendor.com,{n} <x@{n}.com>; y@z.com,2025-01-01\n" for n in names),
        }
    )
    assert found.accounts_of("support.tickets", "ticket_id") == {f"T-{n}": f"C-{n}" for n in names}
