"""Only a lost connection earns a second try."""

import dagster as dg
import pytest

from orchestration.lib.retries import MAX_RETRIES, retried_on_connection_loss
from warehouse import WarehouseRefused, WarehouseUnavailable


def test_a_lost_connection_is_tried_again() -> None:
    with pytest.raises(dg.RetryRequested) as asked, retried_on_connection_loss():
        raise WarehouseUnavailable("the server closed the connection")
    assert asked.value.max_retries == MAX_RETRIES


def test_a_wrong_answer_is_not_tried_again() -> None:
    """Trying again would hide a defect behind three slow failures."""
    with pytest.raises(WarehouseRefused), retried_on_connection_loss():
        raise WarehouseRefused("another company's database")
