"""Only a lost connection and a lock that was not given earn a second try."""

from pathlib import Path

import dagster as dg
import pytest

from orchestration import defs
from orchestration.lib.retries import MAX_RETRIES, retried_on_connection_loss
from warehouse import WarehouseBusy, WarehouseError, WarehouseRefused, WarehouseUnavailable


@pytest.mark.parametrize("kind", [WarehouseBusy, WarehouseUnavailable])
def test_what_may_go_well_the_next_time_is_tried_again(kind: type[WarehouseError]) -> None:
    with pytest.raises(dg.RetryRequested) as asked, retried_on_connection_loss():
        raise kind("the server closed the connection, or a table was in use")
    assert asked.value.max_retries == MAX_RETRIES


def test_a_wrong_answer_is_not_tried_again() -> None:
    """Trying again would hide a defect behind three slow failures."""
    with pytest.raises(WarehouseRefused), retried_on_connection_loss():
        raise WarehouseRefused("another company's database")


def test_each_step_opens_its_company_with_a_second_chance() -> None:
    """One that does not fails a run of an hour for a restart of the server."""
    opened = [
        line.strip()
        for path in Path(defs.__path__[0]).glob("*.py")
        for line in path.read_text().splitlines()
        # what ends a failed run is no step, and has no other try
        if "companies.open()" in line and "context.resources." not in line
    ]
    assert opened
    assert [line for line in opened if "retried_on_connection_loss()" not in line] == []
