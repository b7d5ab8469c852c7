"""A home that an earlier version has made goes on: migrated in place, with the same numbers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Home
from warehouse import Warehouse, load_settings, server
from warehouse.urls import libpq_url

EARLIER = Path(__file__).parent / "earlier_home"

# As the earlier version showed them; the scorecard's document rounds to whole points.
NUMBERS = """
select account_id, mrr::float8, renewal_date::text, round(health_score)::float8 as health_score
from marts.customer_health order by account_id
"""


@pytest.fixture(scope="module")
def earlier(open_folder: Path) -> Iterator[Home]:
    """The earlier version's database, restored under a server of today's.

    Of the end-to-end tests' homes the only one that is given no parsed project.
    """
    home = Home(open_folder / "earlier")
    settings = load_settings("earlier", home.environment())
    server.start(settings)
    Warehouse(settings).ensure_database(settings.database)
    restored = subprocess.run(
        [
            str(server.program(settings, "pg_restore")),
            *("--no-owner", "--exit-on-error", "--dbname", libpq_url(settings, "owner")),
            str(EARLIER / "warehouse.dump"),
        ],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert restored.returncode == 0, restored.stderr
    yield home
    server.remove(settings)


@pytest.mark.slow
def test_an_earlier_home_shows_the_same_numbers_after_the_upgrade(earlier: Home) -> None:
    """A warehouse that was made anew for an update would have lost its history."""
    raw = "select subscription_id, _recorded_at from billing.subscriptions order by 1"
    upgraded = earlier.open("earlier")
    before, first_known = upgraded.read(NUMBERS), upgraded.read(raw)
    printed = earlier.tenure(
        "run", "--source", "canonical", "--data", str(EARLIER / "files"), "--company", "earlier"
    )
    assert "open accounts of 6" in printed
    assert upgraded.read(NUMBERS).values.tolist() == before.values.tolist()
    # The rows are the same rows: Tenure still knows when it first saw them.
    assert upgraded.read(raw).values.tolist() == first_known.values.tolist()
    [superseded] = upgraded.read(
        "select count(*) from billing.subscriptions where _superseded_at is not null"
    )["count"]
    assert superseded == 0
