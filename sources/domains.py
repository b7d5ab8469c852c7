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
ENDS = r"/:?#\s<>,;|()\[\]{}\"'"
LABEL = rf"[^@.{ENDS}]+"
# Of a website, of the first address of several, with a person's name before it or without.
DOMAIN = (
    r"(?:^[a-z]+://(?:[^@/\s]*@)?|^[^@/]*@|^)(?:www\.)?"
    rf"({LABEL}(?:\.{LABEL})+)\.?(?:[{ENDS}]|$)"
)

DOMAIN_OF = """
create or replace macro domain_of(address) as nullif(
    regexp_replace(
        regexp_extract(lower(trim(address::varchar)), {pattern}, 1), {free}, ''
    ),
    ''
)
"""


@cache
def free_mail() -> str:
    """A pattern of the domains of providers that give anyone an address: they name no company. One
    listed with a star goes by any country's ending: hotmail.it, live.co.uk."""
    with FREE_MAIL.open(encoding="utf-8", newline="") as stream:
        names = sorted(re.escape(row["domain"]) for row in csv.DictReader(stream))
    any_ending = r"\.(?:com?\.)?[a-z]{2,3}"
    return f"^(?:{'|'.join(names)})$".replace(r"\.\*", any_ending)


def domain_of(address: str) -> str | None:
    """A company's domain: of ann@www.acme.com and of https://www.acme.com/en alike."""
    found = re.match(DOMAIN, address.strip().lower(), re.A)
    return found[1] if found and not re.match(free_mail(), found[1]) else None


def define_domain_of(con: duckdb.DuckDBPyConnection) -> None:
    """Give mappings the macro `domain_of(address)`, which is null for free e-mail providers."""
    con.execute(DOMAIN_OF.format(pattern=literal(DOMAIN), free=literal(free_mail())))
