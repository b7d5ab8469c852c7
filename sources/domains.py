"""The domain of an e-mail address or a website, by which customers are found who have no key."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

import duckdb

from sources.landing import literal

FREE_MAIL = Path(__file__).with_name("free_mail_domains.csv")
# Google's engine of expressions, which DuckDB has, and Python's read it alike.
DOMAIN = r"^(?:[a-z]+://)?(?:[^@/\s]*@)?(?:www\.)?([^@/:?#\s>]+\.[^@/:?#\s>.]+)"

DOMAIN_OF = """
create or replace macro domain_of(address) as nullif(
    case
        when regexp_extract(lower(trim(address::varchar)), {pattern}, 1) not in ({free})
        then regexp_extract(lower(trim(address::varchar)), {pattern}, 1)
    end,
    ''
)
"""


@cache
def free_mail() -> frozenset[str]:
    """The domains of providers that give anyone an address: they name no company."""
    with FREE_MAIL.open(encoding="utf-8", newline="") as stream:
        return frozenset(row["domain"] for row in csv.DictReader(stream))


def domain_of(address: str) -> str | None:
    """A company's domain: of ann@www.acme.com and of https://www.acme.com/en alike."""
    found = re.match(DOMAIN, address.strip().lower(), re.A)
    return found[1] if found and found[1] not in free_mail() else None


def define_domain_of(con: duckdb.DuckDBPyConnection) -> None:
    """Give mappings the macro `domain_of(address)`, which is null for free e-mail providers."""
    free = ", ".join(literal(domain) for domain in sorted(free_mail()))
    con.execute(DOMAIN_OF.format(pattern=literal(DOMAIN), free=free))
