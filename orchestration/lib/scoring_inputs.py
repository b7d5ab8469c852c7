"""What scores are made of beside raw rows, kept per run: a past score can be made again from it.

Seeds are today's files, and some tables look at all snapshots of all accounts. They are small, and
are kept whenever a run finds them changed. Raw rows need no keeping: they say themselves when they
were known.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from orchestration.lib.runs import Run
from warehouse import Warehouse

# Tables of which one account's score needs what all accounts have made of them.
COMPANY_WIDE = (
    "int_displayed_scorecards",
    "int_policies_in_force",
    "int_signal_coverage",
    "int_usage_peers",
)

KEEP_SQL = """
insert into tenure.scoring_inputs (relation, known_as_of, run_id, content)
select %(relation)s, %(known_as_of)s, %(run_id)s, present.content
from (
    select coalesce(jsonb_agg(to_jsonb(kept) order by to_jsonb(kept)::text), '[]') as content
    from {relation} as kept
) as present
where present.content is distinct from (
    select earlier.content
    from tenure.scoring_inputs as earlier
    where earlier.relation = %(relation)s
    order by earlier.known_as_of desc
    limit 1
)
-- a step that is repeated after the connection was lost
on conflict (relation, known_as_of) do update set content = excluded.content
"""

RESTORE_SQL = """
create table {schema}.{name} (like {relation});
insert into {schema}.{name}
select restored.*
from
    (
        select content
        from tenure.scoring_inputs
        where relation = %(relation)s
        -- a table that came later was kept by a later run first
        order by
            known_as_of <= %(known_as_of)s desc,
            case when known_as_of <= %(known_as_of)s then known_as_of end desc,
            known_as_of
        limit 1
    ) as kept
cross join lateral jsonb_populate_recordset(null::{relation}, kept.content) as restored
"""


def kept_relations(manifest: Mapping[str, Any]) -> list[str]:
    """`schema.table` of each relation that is kept: the seeds, and COMPANY_WIDE."""
    return sorted(
        f"{node['schema']}.{node['name']}"
        for node in manifest["nodes"].values()
        if node["resource_type"] == "seed" or node["name"] in COMPANY_WIDE
    )


def keep_scoring_inputs(warehouse: Warehouse, run: Run, relations: Iterable[str]) -> None:
    """Keep those relations that differ from what was kept last; not in a run that looks back at
    what was known before, which another run has kept."""
    if run.is_known_as_of_given:
        return
    for relation in relations:
        warehouse.execute(
            KEEP_SQL.format(relation=relation),
            {"relation": relation, "known_as_of": run.known_as_of, "run_id": run.run_id},
        )


def restore(warehouse: Warehouse, relation: str, known_as_of: object, schema: str) -> None:
    """Make `schema.table` with the rows that a run had found by then, or, of a table that came
    later, with the first that were kept; none where none was."""
    name = relation.split(".")[1]
    warehouse.execute(
        RESTORE_SQL.format(schema=schema, name=name, relation=relation),
        {"relation": relation, "known_as_of": known_as_of},
    )
