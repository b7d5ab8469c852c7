"""What life does to a company and to its exports, each switched on or off by name."""

from collections.abc import Iterator
from dataclasses import dataclass

# What happens to customers and contracts: true, and every number downstream must show it.
LIFE = {
    "currency-mix": "customers outside the dollar countries are billed in euros and pounds",
    "proration": "what is bought within a billing period is billed for the rest of it",
    "credits": "some incidents are made good with a credit note, an invoice below zero",
    "refunds": "some payments are paid back in part",
    "pauses": "some customers pause: a subscription without MRR for one to three months",
    "reactivations": "some customers who left come back after two months or more",
    "mergers": "now and then one customer takes over another one's contract",
    "midterm-upgrades": "seats and products are sold within a term too, not at renewals alone",
    "annual-prepayment": "many customers pay for a quarter or a year in advance",
    "seasonality": "summers and the turn of the year are quiet, by region",
    "pandemic-week": "in one week nearly no user works, anywhere",
}
# What happens to the files on their way: false, and nothing downstream may show it.
DEFECTS = {
    "duplicates": "some rows are delivered twice, alike in every column",
    "out-of-order": "rows are shuffled, and old versions of customers follow the new ones",
    "late-events": "some product events arrive up to 30 days after they happened",
    "changed-keys": "support, training and community know some customers by another key",
    "missing-tables": "some tables are not delivered at all",
    "stopped-source": "for two weeks no product event is recorded",
    "test-accounts": "the CRM holds accounts that were never sold to, with data of their own",
    "leaky-column": "the CRM has a column that is filled in once a customer has left",
}
KINDS = LIFE | DEFECTS
GROUPS = {
    "none": frozenset(),
    "usual": frozenset(LIFE) - {"pandemic-week"},
    "life": frozenset(LIFE),
    "defects": frozenset(DEFECTS),
    "all": frozenset(KINDS),
}


@dataclass(frozen=True)
class Switches:
    """The defects and scenarios that are on: names of `KINDS`."""

    on: frozenset[str]

    def __post_init__(self) -> None:
        if strange := sorted(self.on - set(KINDS)):
            raise ValueError(f"no such switch: {', '.join(strange)}; there are {', '.join(KINDS)}")

    @classmethod
    def parse(cls, text: str) -> "Switches":
        """Names and groups of them joined by commas; `-name` takes one out again.

        Raises ValueError for a name that is neither.
        """
        on: frozenset[str] = frozenset()
        for word in filter(None, (part.strip() for part in text.split(","))):
            if word.startswith("-"):
                on -= cls(GROUPS.get(word[1:], frozenset({word[1:]}))).on
            else:
                on |= cls(GROUPS.get(word, frozenset({word}))).on
        return cls(on)

    def __contains__(self, name: str) -> bool:
        if name not in KINDS:
            raise KeyError(name)
        return name in self.on

    def __iter__(self) -> Iterator[str]:
        """The names, in the order of `KINDS`."""
        return (name for name in KINDS if name in self.on)


NO_SWITCHES = Switches.parse("none")
USUAL_SWITCHES = Switches.parse("usual")
ALL_SWITCHES = Switches.parse("all")
