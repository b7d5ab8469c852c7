"""What a finding says, of one row and of many."""

import pytest

from orchestration.findings import finding_line


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "Found: rows of crm.contacts have no role (1 such row: c1). Map titles to roles."),
        (
            1200,
            "Found: rows of crm.contacts have no role (1,200 such rows, for one: c1). "
            "Map titles to roles.",
        ),
    ],
)
def test_a_finding_agrees_in_number(number: int, said: str) -> None:
    """One row of contacts "have no role"."""
    row = {
        "kind": "Found",
        "rows_affected": number,
        "full_name": "crm.contacts",
        "sentence": "have no role",
        "example": "c1",
        "first_step": "Map titles to roles",
    }
    assert finding_line(row) == said
