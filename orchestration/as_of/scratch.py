"""The warehouse's models for one account, in a schema of their own: as of a day, as known then.

The same dbt models that a run builds are built for one account in the schema `scratch`, which is
dropped afterwards. Nothing else is written, so that a run may be under way meanwhile: raw rows are
read as known at the end of a run that has finished, whatever another one records.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from orchestration.as_of.question import Question, Unanswerable
from orchestration.lib.dbt_invocation import invoke
from orchestration.lib.dbt_runner import parsed_project, place
from orchestration.lib.scoring_inputs import COMPANY_WIDE, restore
from orchestration.lib.scratch_schema import SCHEMA, ScratchLocked, lock_scratch
from warehouse import Settings, Warehouse

WANTED = (
    "fct_health_contributions",
    "fct_health_scores",
    "health_policy",
    "int_displayed_scorecards",
    "scorecard_rules",
)
# What says which rows are due: empty, all rows of the account are.
EMPTY = (
    "int_account_changes",
    "int_weeks_inputs",
    "int_unscored_snapshots",
    "int_score_inputs",
    "int_scores_built",
)
# Only appended to, and looked up by version.
COPIED = ("dim_score_policies",)


class Scratch:
    """The project with the models of one account in the schema `scratch`."""

    def __init__(self, settings: Settings, warehouse: Warehouse, question: Question) -> None:
        self.settings = settings
        self.warehouse = warehouse
        self.question = question
        self.manifest = parsed_project(settings)

    def build(self) -> None:
        """Make what the scores of the account need, and the scores."""
        built, given = needed(self.manifest, WANTED)
        at_home = {name: _node(self.manifest, name).schema for name in given}
        self.warehouse.execute(f"create schema {SCHEMA}")
        for name, schema in at_home.items():
            self._give(name, f"{schema}.{name}")
        for name in built + given:
            _move(_node(self.manifest, name), self.settings.database)
        # what macros read as `graph`
        self.manifest.build_flat_graph()
        self._dbt("run", built)

    def compiled(self, name: str) -> str:
        """The SQL of a model or analysis, reading the schema `scratch`."""
        [result] = self._dbt("compile", [name])
        return result.node.compiled_code

    def read(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        """The rows of a query; `%(account_id)s`, `%(as_of)s` and `%(known_as_of)s` are those of the
        question."""
        asked = {
            "account_id": self.question.account_id,
            "as_of": self.question.as_of,
            "known_as_of": self.question.known_as_of,
        }
        return self.warehouse.read_arrow(sql, {**asked, **params}).to_pylist()

    def _give(self, name: str, relation: str) -> None:
        if name in EMPTY:
            # with its keys, which writing without repeats asks for
            self.warehouse.execute(
                f"create table {SCHEMA}.{name} (like {relation} including indexes)"
            )
        elif name in COPIED:
            self.warehouse.execute(f"create table {SCHEMA}.{name} as select * from {relation}")
        else:
            restore(self.warehouse, relation, self.question.known_as_of, SCHEMA)

    def _dbt(self, command: str, names: Sequence[str]) -> Sequence[Any]:
        answer = invoke(
            self.settings,
            ["--cache-selected-only", command, "--select", *names, "--no-write-json"],
            self.settings.dbt_target / SCHEMA,
            self.question.as_environment(),
            self.manifest,
        )
        results = getattr(answer.result, "results", None) or []
        if answer.success:
            return results
        messages = [str(result.message) for result in results if result.status == "error"]
        raise Unanswerable("\n".join(messages) or f"dbt: {answer.exception}")


@contextmanager
def scratch(settings: Settings, warehouse: Warehouse, question: Question) -> Iterator[Scratch]:
    """The built models of one account; dropped at the end.

    Raises Unanswerable where they cannot be built, or are being built by another process.
    """
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        try:
            lock_scratch(cursor)
        except ScratchLocked as error:
            raise Unanswerable(
                "Another tenure score or tenure diff is under way. Try again soon."
            ) from error
        # A process that was killed has left it behind.
        warehouse.execute(f"drop schema if exists {SCHEMA} cascade")
        try:
            built = Scratch(settings, warehouse, question)
            built.build()
            yield built
        finally:
            warehouse.execute(f"drop schema if exists {SCHEMA} cascade")


def needed(manifest: Any, wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    """The models to build for those wanted, and what is given to them: what was kept of a run
    (seeds, COMPANY_WIDE), what is copied, what stays empty. In a fixed order."""
    given_names = {*EMPTY, *COPIED, *COMPANY_WIDE}
    built, given = set[str](), set[str]()
    waiting = [_node(manifest, name).unique_id for name in wanted]
    while waiting:
        node = manifest.nodes.get(waiting.pop())
        if node is None or node.name in built | given:
            continue
        if node.resource_type == "seed" or node.name in given_names:
            given.add(node.name)
            continue
        built.add(node.name)
        waiting += node.depends_on_nodes
    return sorted(built), sorted(given)


def _node(manifest: Any, name: str) -> Any:
    return next(
        node
        for node in manifest.nodes.values()
        if node.name == name and node.resource_type in ("model", "seed")
    )


def _move(node: Any, database: str) -> None:
    place(node, database, SCHEMA)
    # comments of a table that is gone in a moment are never read
    node.config.persist_docs = {}
