"""What a failed check holds back, in words; views that a build would take along."""

from __future__ import annotations

from datetime import date

from orchestration.lib.held import HeldMarts, held_in_words, with_children
from orchestration.lib.views import restore_views, views_beside
from sources import load_contract
from warehouse import Warehouse

DAY, BEFORE = date(2026, 3, 8), date(2026, 3, 1)


def test_the_sentence_names_the_check_what_is_held_and_both_days() -> None:
    held = [HeldMarts("survey.responses", ("customer_health", "dim_signals"), BEFORE)]
    assert held_in_words(held, ["retention_monthly"], 4, DAY) == (
        "The check of survey.responses failed. Held back, for they need it, 2 of 4 marts, still as "
        "of 2026-03-01: customer_health, dim_signals. As of 2026-03-08: retention_monthly."
    )


def test_a_mart_that_two_tables_hold_back_is_named_once() -> None:
    held = [
        HeldMarts("survey.responses", ("customer_health",), BEFORE),
        HeldMarts("support.tickets", ("customer_health", "source_outages"), None),
    ]
    said = held_in_words(held, [], 4, DAY)
    assert said.startswith("The checks of survey.responses and support.tickets failed. Held back")
    assert said.count("customer_health") == 1
    assert "2 of 4 marts" in said
    assert "2026-03-08" not in said


def test_on_a_first_run_what_is_held_is_not_there_yet() -> None:
    held = [HeldMarts("survey.responses", ("customer_health",), None)]
    assert "1 of 4 marts, not there yet: customer_health." in held_in_words(held, ["a"], 4, DAY)


def test_a_table_that_no_mart_needs_is_named_all_the_same() -> None:
    held = [HeldMarts("product.users_seen", (), None)]
    assert held_in_words(held, ["a"], 4, DAY) == (
        "The check of product.users_seen failed; no mart needs it."
    )


def test_rows_that_wait_for_a_table_are_held_back_with_it() -> None:
    """Payments of invoices that a cut export lacks lie in quarantine: fewer were paid, it seems."""
    found = with_children(load_contract(), ["billing.invoices"])
    assert found == {"billing.invoices", "billing.payments"}


def test_views_that_a_build_dropped_are_there_again(warehouse: Warehouse) -> None:
    warehouse.execute("""
        create schema if not exists marts;
        create table marts.built (id integer, gone integer);
        create view marts.below as select id from marts.built;
        create view marts."On top" as select id + 1 as "next {}%" from marts.below;
        create view marts.lost as select gone from marts.built;
        create view marts.remade as select id from marts.built;
        comment on view marts.below is 'What it''s for: 100 %';
        insert into marts.built values (1, 1)
    """)
    views = [view for view in views_beside(warehouse, {"marts/remade"}) if view.schema == "marts"]
    assert [view.asset for view in views] == ["marts/below", "marts/On top", "marts/lost"]
    warehouse.execute("""
        drop table marts.built cascade;
        create table marts.built (id integer);
        insert into marts.built values (2)
    """)
    restore_views(warehouse, views)
    shown = warehouse.read('select "next {}%" as found from marts."On top"')
    assert shown["found"].tolist() == [3]
    kept = views_beside(warehouse, ())
    assert [view.name for view in kept if view.schema == "marts"] == ["below", "On top"]
    assert kept[-2].description == "What it's for: 100 %"
