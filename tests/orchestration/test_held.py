"""What a failed check holds back, in words; views that a build would take along."""

from __future__ import annotations

from datetime import date

import pytest

from expectations import TableCheck, record_checks
from orchestration.lib.held import (
    HeldMarts,
    failed_tables,
    forget_checks,
    held_in_words,
    record_held,
    shown_in_words,
    shown_until,
    with_children,
)
from orchestration.lib.views import forget_views, keep_views, restore_views
from orchestration.run import shown_after_failure
from sources import load_contract
from warehouse import Warehouse, WarehouseUnavailable, load_settings

DAY, BEFORE = date(2026, 3, 8), "still as of 2026-03-01"


def test_the_sentence_names_the_check_what_is_held_and_both_days() -> None:
    held = [HeldMarts("survey.responses", {"dim_signals": BEFORE, "customer_health": BEFORE})]
    assert held_in_words(held, ["retention_monthly"], 4, DAY) == (
        "The check of survey.responses failed. Held back, for they need it or new predictions, 2 "
        "of 4 marts, still as of 2026-03-01: customer_health, dim_signals. As of 2026-03-08: "
        "retention_monthly."
    )


def test_each_mart_is_named_once_and_with_its_own_day() -> None:
    """A survey that was wrong a week longer than the tickets must not date what reads tickets."""
    held = [
        HeldMarts("survey.responses", {"customer_health": "still as of 2026-02-22"}),
        HeldMarts(
            "support.tickets",
            {"customer_health": "still as of 2026-02-22", "churn_cohorts": BEFORE, "new": "no"},
        ),
    ]
    said = held_in_words(held, [], 4, DAY)
    assert said == (
        "The checks of survey.responses and support.tickets failed. Held back, for they need them "
        "or new predictions, 3 of 4 marts, still as of 2026-03-01: churn_cohorts; still as of "
        "2026-02-22: customer_health; no: new."
    )


def test_a_table_that_no_mart_needs_holds_nothing_back() -> None:
    users = HeldMarts("product.users_seen", {})
    assert held_in_words([users], ["a"], 4, DAY) == ""
    said = held_in_words([users, HeldMarts("crm.csms", {"dim_accounts": BEFORE})], [], 4, DAY)
    assert said.startswith("The check of crm.csms failed.")


def test_rows_that_wait_for_a_table_are_held_back_with_it() -> None:
    """Payments of invoices that a cut export lacks lie in quarantine: fewer were paid, it seems."""
    found = with_children(load_contract(), ["billing.invoices"])
    assert found == {"billing.invoices", "billing.payments"}


def built(warehouse: Warehouse, run: str, day: str, *assets: str) -> None:
    """Record that a run as of a day has built these."""
    warehouse.execute(
        """
        insert into tenure.runs (
            run_id, job, status, as_of_date, known_as_of, is_known_as_of_given, is_full_refresh,
            code_version, policy_version
        )
        values (%(run)s, 'weekly', 'failed', %(day)s, now(), false, false, '', '');
        insert into tenure.asset_states (asset, signature, run_id)
        select asset, '', %(run)s from unnest(%(assets)s::text[]) as built (asset)
        on conflict (asset) do update set run_id = excluded.run_id
        """,
        {"run": run, "day": day, "assets": list(assets)},
    )


def test_marts_are_of_the_day_of_the_run_that_built_them(warehouse: Warehouse) -> None:
    """A held run that is repeated builds nothing: what it built before is of its day."""
    assert shown_in_words(warehouse) == "No mart is known to be whole."
    built(warehouse, "first", "2026-03-01", "marts/a", "marts/b", "marts/c", "staging/d")
    built(warehouse, "held", "2026-03-08", "marts/a")
    built(warehouse, "repeated", "2026-03-08")
    assert shown_in_words(warehouse) == "Marts built as of 2026-03-08: 1; as of 2026-03-01: 2."
    there = {"marts/a", "marts/b", "marts/killed"}
    assert shown_until(warehouse, ["marts/b", "marts/killed", "marts/new"], there) == {
        "marts/b": BEFORE,
        "marts/killed": "of a run that broke off",
        "marts/new": "not there yet",
    }


def test_each_failed_check_says_what_it_holds_back(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENURE_ACCEPT_CHECKS", "survey.responses")
    names = ["survey.responses", "ml.predictions", "crm.accounts", "crm.csms", "crm.gone"]
    tables = [name.split(".") for name in names]
    record_checks(warehouse, [TableCheck(suite, name, 1, 9, ["wrong"]) for suite, name in tables])
    forget_checks(warehouse, load_contract())
    assert failed_tables(warehouse) == ["crm.accounts", "crm.csms"]
    record_held(warehouse, [HeldMarts("crm.csms", {"dim_accounts": BEFORE})])
    said = warehouse.read("select table_name, consequence from tenure.failed_checks")
    assert dict(said.itertuples(index=False)) == {
        "responses": "It holds nothing back: it was accepted.",
        "predictions": "It holds back customer_health and what else waits for predictions.",
        "accounts": "No mart was built after it.",
        "csms": "Held back, for they need it or new predictions, still as of 2026-03-01: "
        "dim_accounts.",
    }
    monkeypatch.setenv("TENURE_ACCEPT_CHECKS", "ml.predictions")
    record_checks(warehouse, [TableCheck("ml", "predictions", 1, 9, ["wrong"])])
    said = warehouse.read("select consequence from tenure.failed_checks where source = 'ml'")
    assert said["consequence"].tolist() == ["It holds nothing back: it was accepted."]


def test_a_database_that_went_away_takes_no_failure_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the steps said is all that explains the run."""

    def gone(*_: object, **__: object) -> None:
        raise WarehouseUnavailable("gone")

    monkeypatch.setattr(Warehouse, "open", gone)
    assert shown_after_failure(load_settings("demo", {})) == ""


VIEWS = """
select relname, coalesce(obj_description(oid, 'pg_class'), '') from pg_class
where relkind = 'v' and relnamespace = 'marts'::regnamespace order by relname
"""


def test_views_that_a_build_dropped_are_there_again(warehouse: Warehouse) -> None:
    """Also where the build was killed before it could create them, as the next one begins."""
    warehouse.execute("""
        create schema if not exists marts;
        create table marts.built (id integer, gone integer);
        create view marts.remade as select id from marts.built;
        create view marts.below as select id from marts.remade;
        create view marts."On top" as select id + 1 as "next {}%" from marts.below;
        create view marts.lost as select gone from marts.built;
        comment on view marts.below is 'What it''s for: 100 %';
        insert into marts.built values (1, 1)
    """)
    keep_views(warehouse, ["marts/remade"])
    warehouse.execute("""
        drop table marts.built cascade;
        create table marts.built (id integer);
        insert into marts.built values (2)
    """)
    # killed here; as the next build begins, what they read is not there yet either
    assert [each.partition(":")[0] for each in restore_views(warehouse)] == [
        "marts.below",
        "marts.On top",
        "marts.lost",
    ]
    keep_views(warehouse, ["marts/remade"])
    warehouse.execute("create view marts.remade as select id from marts.built")
    assert restore_views(warehouse) == ['marts.lost: column "gone" does not exist']
    shown = warehouse.read('select "next {}%" as found from marts."On top"')
    assert shown["found"].tolist() == [3]
    views = dict(warehouse.read(VIEWS).itertuples(index=False))
    assert views == {"On top": "", "below": "What it's for: 100 %", "remade": ""}
    forget_views(warehouse)
    assert restore_views(warehouse) == []
