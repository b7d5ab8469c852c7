"""The count of what was done to the company and its files, for `truth/mess.csv`."""

from dataclasses import asdict, dataclass

import pyarrow as pa

from simulator.defects.switches import DEFECTS

FACT = "fact"
DROPPED = "dropped"
QUARANTINED = "quarantined"
REPAIRED = "repaired"
UNKNOWN = "unknown"
ALARMED = "alarmed"
# What a warehouse owes each kind of count.
FATES = {
    FACT: "it happened; figures must show it",
    DROPPED: "a copy; one of the rows stays",
    QUARANTINED: "a row that must be kept out, and kept",
    REPAIRED: "a row that must end up where it belongs",
    UNKNOWN: "was never reported; must not read as zero",
    ALARMED: "a column that must not be learnt from",
}


@dataclass(frozen=True)
class Count:
    """So many things of one defect or scenario in one table.

    `rule` is the name of Tenure's rule that deals with it, empty for facts.
    """

    kind: str
    table: str
    unit: str
    count: int
    fate: str
    rule: str = ""

    def __post_init__(self) -> None:
        if self.fate not in FATES:
            raise ValueError(f"{self.fate} is none of {', '.join(FATES)}")
        if (self.kind in DEFECTS) == (self.fate == FACT):
            raise ValueError(f"{self.kind}: a defect has a fate, and what is no defect is a fact")


def count_table(counts: list[Count]) -> pa.Table:
    """The counts as a table, one row each; kinds that found nothing to do have a row with 0."""
    return pa.Table.from_pylist(
        # `mess`: as published with the benchmark
        [{"mess": count.kind, **asdict(count)} for count in counts],
        schema=pa.schema(
            [
                ("mess", pa.string()),
                ("table", pa.string()),
                ("unit", pa.string()),
                ("count", pa.int64()),
                ("fate", pa.string()),
                ("rule", pa.string()),
            ]
        ),
    )
