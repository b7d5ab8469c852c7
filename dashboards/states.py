"""What to say when the warehouse cannot answer: one sentence and the next command, no traceback.

Pure: an exception goes in, words come out, the sentence as Markdown. The warehouse's own classes
decide, then PostgreSQL's error code.
"""

from dataclasses import dataclass

from warehouse import WarehouseNotPrepared, WarehouseRefused, WarehouseUnavailable
from warehouse.plain_text import markdown

DEMO = "demo"
UNDEFINED_TABLE = "42P01"
# PostgreSQL's codes for a missing column and for a missing permission; a run mends both.
BY_CODE = {
    "42703": (
        "The marts are older than this app",
        "A column that this page shows is missing. A run rebuilds the marts in today's form.",
    ),
    "42501": (
        "The app may not read the marts",
        "The read-only role has no permission on a mart. A run grants it again.",
    ),
}


@dataclass(frozen=True)
class Explanation:
    """A state of the warehouse in words: what is wrong, why, and the command that helps."""

    title: str
    sentence: str
    command: str


def run_command(company: str) -> str:
    """The command that loads a company and builds its marts."""
    if company == DEMO:
        return "make run"
    return f"tenure run --company {company} --source SYSTEM --data FOLDER"


def explain(error: BaseException, company: str) -> Explanation:
    """The state behind an error met while opening or reading the warehouse."""
    run = run_command(company)
    if isinstance(error, WarehouseUnavailable):
        return Explanation(
            "The database cannot be reached",
            "The database server is down, restarting or refusing connections. `tenure status` "
            "starts the embedded one and tells what it holds; a server of your own is the one that "
            "TENURE_DATABASE_URL names.",
            "tenure status",
        )
    if isinstance(error, WarehouseNotPrepared):
        return _not_there(error, company)
    if (known := BY_CODE.get(_code(error))) is not None:
        title, sentence = known
        return Explanation(title, sentence, run)
    if isinstance(error, WarehouseRefused):
        return Explanation("The warehouse refused", markdown(error), "tenure doctor")
    return Explanation(
        "The warehouse did not answer",
        f"{markdown(_first_line(error))} The app's log has the rest; `tenure doctor` checks the "
        "machine, the server and the roles.",
        "tenure doctor",
    )


def _not_there(error: WarehouseNotPrepared, company: str) -> Explanation:
    if _code(error) == UNDEFINED_TABLE or "relation" in str(error):
        return Explanation(
            "The marts are not built yet",
            "The warehouse answers, but a table that this page shows does not exist. A run builds "
            "it.",
            run_command(company),
        )
    return Explanation(
        "This company has no data yet",
        f"The server answers, but nothing has been loaded for the company “{markdown(company)}”.",
        run_command(company),
    )


def no_accounts(company: str) -> Explanation:
    """The state of marts that are built and hold no account."""
    return Explanation(
        "There are no accounts to show",
        "The marts are built and empty: no account was loaded. `tenure status` tells how many "
        "rows arrived and how many are in quarantine.",
        run_command(company),
    )


def _code(error: BaseException) -> str:
    # Tenure's errors are raised from the driver's, which know PostgreSQL's code.
    cause = error.__cause__
    return str(getattr(cause, "pgcode", None) or getattr(cause, "sqlstate", None) or "")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") + "." if lines else "Reading the marts failed."
