"""Which panels the page has: those that the company's files can fill."""

from functools import partial

from simulator.evaluation.page import business, customers, experiments, measures, oracle
from simulator.evaluation.page.company import Company
from simulator.evaluation.page.layout import Panel, Row
from simulator.evaluation.truth import Truth


def facts_in_words(company: Company) -> tuple[str, str]:
    """The line below the title, and the one at the foot of the page."""
    facts = company.facts
    return (
        f"{facts['accounts']:,} customers over {facts['months']} months to "
        f"{company.last_day:%-d %B %Y} · {facts['rows']['product.events']:,} product events · "
        f"{facts['churned_accounts']:,} customers lost · seed {facts['seed']}",
        "Every number on this page is measured from the company's own files. "
        "tenure benchmark page --company-folder FOLDER --out FILE",
    )


def contents(company: Company) -> list[Row]:
    """All rows, measured."""
    return [
        _business(company),
        _retention(company),
        _use(company),
        _surveys(company),
        _oracle(company),
        *_experiments(company),
    ]


def _business(company: Company) -> Row:
    mrr, accounts = measures.portfolio(company)
    moved = measures.movements(company)
    return Row(
        "The business",
        2.1,
        (
            Panel(partial(business.draw_mrr, mrr=mrr), 0.00, 0.33, right=1.1),
            Panel(partial(business.draw_accounts, accounts=accounts), 0.33, 0.64, right=1.35),
            Panel(partial(business.draw_movements, moved=moved), 0.64, 1.00, right=1.3),
        ),
    )


def _retention(company: Company) -> Row:
    rows, curves = measures.retention(company), measures.survival(company)
    return Row(
        "Retention",
        2.3,
        (
            Panel(partial(business.draw_retention, rows=rows), 0.00, 0.64, left=0.85, right=0.5),
            Panel(partial(business.draw_survival, curves=curves), 0.64, 1.00, right=1.3),
        ),
    )


def _use(company: Company) -> Row:
    use, before = measures.use(company), measures.use_before_leaving(company)
    return Row(
        "Use",
        1.9,
        (
            Panel(partial(customers.draw_weekdays, use=use), 0.00, 0.22, 0.0, 0.4),
            Panel(partial(customers.draw_weeks, use=use), 0.22, 0.70, 0.3, 0.8),
            Panel(partial(customers.draw_before_leaving, level=before), 0.70, 1.00, 0.45, 0.5),
        ),
    )


def _surveys(company: Company) -> Row:
    scores, thirds = measures.scores(company), measures.scores_by_health(company)
    causes = measures.causes(company)
    return Row(
        "What customers say, and why they leave",
        2.1,
        (
            Panel(partial(customers.draw_scores, answers=scores), 0.00, 0.26, 0.0, 0.5),
            Panel(partial(customers.draw_scores_by_health, thirds=thirds), 0.26, 0.64, 1.1, 1.0),
            Panel(partial(customers.draw_causes, losses=causes), 0.64, 1.00, 1.25, 0.5),
        ),
    )


def _oracle(company: Company) -> Row:
    weeks = Truth.read(company.folder).evaluated_weeks()
    return Row(
        "What can be known at best",
        2.8,
        (
            Panel(partial(oracle.draw_reliability, weeks=weeks), 0.00, 0.34, 0.45, 0.6),
            Panel(partial(oracle.draw_roc, weeks=weeks), 0.34, 0.66, 0.5, 0.5),
            Panel(partial(oracle.draw_risks, weeks=weeks), 0.66, 1.00, 0.0, 0.3),
        ),
    )


def _experiments(company: Company) -> list[Row]:
    """Playbooks, the programme change and defects and scenarios, where the company has them."""
    effects = company.truth_table("playbook_effects.csv")
    programme, switches = company.truth_facts("programme.json"), company.truth_table("mess.csv")
    drawings = []
    if effects is not None and len(rows := experiments.comparable(effects)):
        drawings.append((partial(experiments.draw_playbooks, rows=rows), 0.95, 0.5))
    if programme and "first_year_retention" in programme:
        drawings.append((partial(experiments.draw_programme, facts=programme), 0.5, 1.6))
    if switches is not None and switches["count"].sum():
        drawings.append((partial(experiments.draw_defects, counts=switches), 1.15, 1.1))
    edges = {1: (0, 0.5), 2: (0, 0.5, 0.9), 3: (0, 0.4, 0.7, 1)}.get(len(drawings), ())
    panels = tuple(
        Panel(draw, begins, ends, left, right)
        for (draw, left, right), begins, ends in zip(drawings, edges[:-1], edges[1:], strict=True)
    )
    return [Row("What was tried, and what life did", 2.6, panels)] if panels else []
