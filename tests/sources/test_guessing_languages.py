"""Exports in other words: German and French names, numbers and months, and other layouts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from sources import Contract, ingest
from sources.guessing import guess_folder, plan_folder, write_mappings
from sources.guessing.derived import survey_scale
from sources.guessing.languages import compound
from sources.guessing.names import file_words, words_of
from sources.guessing.tables import FileLook
from sources.guessing.usage import grain_of, metric_name
from sources.guessing.values import Profile
from sources.mapping import find_mappings
from tests.sources.conftest import write_files
from warehouse import Warehouse

GERMAN = {
    "Kundenliste.csv": (
        "Kundennummer;Kundenname;Jahreswert (EUR);Vertragsende;Tarif;Kunde seit\n"
        "K-1;Müller AG;1.200,00;31.12.2026;Basis;15.01.2024\n"
        "K-2;Weiß GmbH;24.000,00;30.06.2026;Profi;20.02.2023\n"
    ),
    "Nutzung je Monat.csv": (
        "Kundennummer;Monat;Aktive Nutzer;API-Aufrufe;Stunden\n"
        "K-1;01/2026;12;1.293;2,5\nK-1;02/2026;11;705;12\nK-2;02/2026;7;2.001;0,25\n"
    ),
    "Supporttickets.csv": (
        "Ticketnummer;Kundennummer;Erstellt am;Betreff;Priorität;Gelöst am\n"
        "T-1;K-1;03.02.2026 09:30;Frage;Dringend;04.02.2026 10:00\n"
        "T-2;K-2;13.02.2026 08:00;Fehler;Hoch;\nT-3;K-2;14.02.2026 08:00;Fehler;Mittel;\n"
    ),
    "NPS Februar 2026.csv": "Kundennummer;Bewertung;Kommentar\nK-1;9;gut\nK-2;3;langsam\n",
}


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Kunden-Nr.", "customer number"),
        ("Vertragsende", "contract end"),
        ("Gelöst am", "solved at"),
        ("Date de création", "created at"),
        ("Nom du client", "customer name"),
        ("Identifiant client", "customer id"),
        ("Utilisateurs actifs", "active users"),
        ("Código de cliente", "customer id"),
        ("Fecha de creación", "created at"),
        ("Nombre del cliente", "customer name"),
        ("Fin del contrato", "contract end"),
        ("Klantnummer", "customer number"),
        ("Naam van de klant", "customer name"),
        ("Contracteinde", "contract end"),
        ("Aangemaakt op", "created at"),
        ("Nome do cliente", "customer name"),
        ("Data de criação", "created at"),
        ("Usuários ativos", "active users"),
        ("data_bytes", "data bytes"),
        ("Do not call", "do not call"),
        ("To Do", "to do"),
    ],
)
def test_names_of_other_languages_are_read_in_english(header: str, words: str) -> None:
    assert " ".join(words_of(header)) == words


def test_file_names_of_other_languages_say_what_rows_are() -> None:
    assert file_words("Enquête NPS mars 2026.xlsx")[-1] == "nps"
    assert file_words("Utilisation par semaine.xlsx") == file_words("usage by week.csv")
    assert file_words("Demandes de support.csv") == ("support", "request")


def test_no_english_word_is_taken_apart() -> None:
    assert compound("kundennummer") == ("customer", "number")
    assert compound("subscription") is compound("support") is compound("supporter") is None


def test_a_metric_without_a_name_of_the_contract_keeps_its_own() -> None:
    assert metric_name("Documents créés") == "documents_créés"
    assert metric_name("Aktive Nutzer") == "active_users"


def test_weeks_are_weeks_whichever_way_round_days_are_written() -> None:
    assert grain_of(Profile("Semaine", ("05/01/2026", "12/01/2026", "19/01/2026"), 3)) == "week"
    assert grain_of(Profile("Month", ("01/01/2026", "02/01/2026", "03/01/2026"), 3)) == "month"
    assert grain_of(Profile("Day", ("13/01/2026", "14/01/2026"), 2)) == "day"


FRENCH = {
    "Clients.csv": (
        "Code client,Nom du client,Montant annuel (EUR),Fin de contrat,Client depuis\n"
        "K-1,Un,1200,31/12/2026,15/01/2024\nK-2,Deux,2400,30/06/2026,20/02/2023\n"
    ),
    "Utilisation par semaine.csv": (
        "Code client,Semaine du,Utilisateurs actifs,Appels API\n"
        "K-1,05/01/2026,3,40\nK-1,12/01/2026,4,50\nK-2,19/01/2026,9,70\n"
    ),
    "Demandes de support.csv": (
        "Numéro,Code client,Date de création,Objet,Priorité,Date de résolution\n"
        "T-1,K-1,13/01/2026 10:00,Aide,Urgente,\nT-2,K-2,14/01/2026 10:00,Aide,Basse,\n"
    ),
    "Enquête NPS janvier 2026.csv": "Code client,Note,Commentaire\nK-1,9,bien\nK-2,4,lent\n",
}
SPANISH = {
    "Lista de clientes.csv": (
        "Código de cliente;Nombre del cliente;Valor anual (EUR);Fin del contrato;Plan;"
        "Cliente desde\nK-1;Uno;1.200,00;31/12/2026;Pro;15/01/2024\n"
        "K-2;Dos;2.400,00;30/06/2026;Pro;20/02/2023\n"
    ),
    "Uso por mes.csv": (
        "Código de cliente;Mes;Usuarios activos;Llamadas a la API\n"
        "K-1;01/2026;3;40\nK-1;02/2026;4;50\nK-2;02/2026;9;70\n"
    ),
    "Incidencias.csv": (
        "Número;Código de cliente;Fecha de creación;Asunto;Prioridad;Fecha de cierre\n"
        "T-1;K-1;13/01/2026 10:00;Ayuda;Urgente;\nT-2;K-2;14/01/2026 10:00;Ayuda;Baja;\n"
    ),
    "Encuesta NPS enero 2026.csv": "Código de cliente;Nota;Comentario\nK-1;9;bien\nK-2;4;mal\n",
}
DUTCH = {
    "Klantenlijst.csv": (
        "Klantnummer;Naam van de klant;Jaarwaarde (EUR);Contracteinde;Pakket;Klant sinds\n"
        "K-1;Een;1.200,00;31-12-2026;Pro;15-01-2024\nK-2;Twee;2.400,00;30-06-2026;Pro;20-02-2023\n"
    ),
    "Gebruik per maand.csv": (
        "Klantnummer;Maand;Actieve gebruikers;API aanroepen\n"
        "K-1;01-2026;3;40\nK-1;02-2026;4;50\nK-2;02-2026;9;70\n"
    ),
    "Meldingen.csv": (
        "Nummer;Klantnummer;Aangemaakt op;Onderwerp;Prioriteit;Opgelost op\n"
        "T-1;K-1;13-01-2026 10:00;Hulp;Kritiek;\nT-2;K-2;14-01-2026 10:00;Hulp;Laag;\n"
    ),
    "NPS onderzoek januari 2026.csv": "Klantnummer;Cijfer;Opmerking\nK-1;9;goed\nK-2;4;traag\n",
}
PORTUGUESE = {
    "Lista de clientes.csv": (
        "Código do cliente;Nome do cliente;Valor anual (BRL);Fim do contrato;Plano;Cliente desde\n"
        "K-1;Um;1.200,00;31/12/2026;Pro;15/01/2024\nK-2;Dois;2.400,00;30/06/2026;Pro;20/02/2023\n"
    ),
    "Uso por mês.csv": (
        "Código do cliente;Mês;Usuários ativos;Chamadas de API\n"
        "K-1;01/2026;3;40\nK-1;02/2026;4;50\nK-2;02/2026;9;70\n"
    ),
    "Chamados.csv": (
        "Número;Código do cliente;Data de criação;Assunto;Prioridade;Data de fechamento\n"
        "T-1;K-1;13/01/2026 10:00;Ajuda;Crítica;\nT-2;K-2;14/01/2026 10:00;Ajuda;Baixa;\n"
    ),
    "Pesquisa NPS janeiro 2026.csv": "Código do cliente;Nota;Comentário\nK-1;9;bom\nK-2;4;mau\n",
}
FOUR = {
    "billing.subscriptions": {"mrr_cents", "currency", "started_at", "renewal_date"},
    "product.usage_metrics": {"account_id", "metric", "period_start", "value"},
    "support.tickets": {
        "ticket_id",
        "account_id",
        "created_at",
        "subject",
        "priority",
        "solved_at",
    },
    "survey.responses": {"account_id", "score", "submitted_at", "comment", "survey_type"},
}
BY_NAME = {
    "book of business.csv": (
        "Client,ARR,Expiration Date,Package,Signed\n"
        'Acme,"$12,000",12/31/2026,Pro,01/31/2024\nBirch,"$6,000",06/30/2026,Pro,02/28/2024\n'
    ),
    "jira export.csv": (
        "Issue key\tClient\tCreated\tPriority\tResolved\n"
        "J-1\tAcme\t17/Dec/25 9:30 AM\tHighest\t\nJ-2\tBirch\t18/Dec/25 1:00 PM\tLow\t\n"
    ),
    "active users.csv": "Client,Aug 2025,Sep 2025,Oct 2025\nAcme,5,6,7\nBirch,1,2,3\n",
}


@pytest.mark.parametrize(
    ("files", "tables"),
    [
        (FRENCH, {"billing.subscriptions", "product.usage_metrics", "support.tickets",
                  "survey.responses"}),
        (BY_NAME, {"billing.subscriptions", "product.usage_metrics", "support.tickets"}),
    ],
    ids=["French and weekly", "no keys, Jira's days, months as columns"],
)  # fmt: skip
def test_exports_in_other_forms_are_mapped_without_an_edit(
    contract: Contract, tmp_path: Path, files: dict[str, str], tables: set[str]
) -> None:
    folder = write_files(tmp_path / "files", files)
    plans = plan_folder(contract, guess_folder(duckdb.connect(), contract, folder))
    assert {"crm.accounts", *tables} <= set(plans)
    assert [plan for of_table in plans.values() for plan in of_table if plan.missing] == []
    [accounts] = plans["crm.accounts"]
    key = next(line for line in accounts.lines if line.column == "account_id")
    assert key.headers == (("Code client",) if files is FRENCH else ("Client",))
    usage = plans["product.usage_metrics"][0].wide
    assert usage is not None
    assert usage.grain == ("week" if files is FRENCH else "month")


@pytest.mark.parametrize(
    "files", [FRENCH, SPANISH, DUTCH, PORTUGUESE], ids=["French", "Spanish", "Dutch", "Portuguese"]
)
def test_exports_of_other_languages_give_all_their_columns(
    contract: Contract, tmp_path: Path, files: dict[str, str]
) -> None:
    folder = write_files(tmp_path / "files", files)
    plans = plan_folder(contract, guess_folder(duckdb.connect(), contract, folder))
    [accounts] = plans["crm.accounts"]
    given = {line.column: line.headers for line in accounts.lines}
    assert given.keys() >= {"account_id", "account_name", "signed_at"}
    assert given["account_id"] != given["account_name"]
    for table, columns in FOUR.items():
        [found] = plans[table]
        assert found.missing == ()
        assert {line.column for line in found.lines} >= columns
    [tickets] = plans["support.tickets"]
    priority = next(line for line in tickets.lines if line.column == "priority")
    assert {"'urgent'", "'low'"} <= set(priority.sql.split())


def test_a_severity_is_the_priority_where_there_is_no_other(
    contract: Contract, tmp_path: Path
) -> None:
    files = {"customers.csv": "id,name\nC-1,Acme\nC-2,Birch\n", "cases.csv": (
        "Case Number,Customer,Created,Severity\n1,C-1,2025-12-01,Critical\n"
        "2,C-2,2025-12-01,Minor\n"
    )}  # fmt: skip
    folder = write_files(tmp_path / "files", files)
    [plan] = plan_folder(contract, guess_folder(duckdb.connect(), contract, folder))[
        "support.tickets"
    ]
    priority = next(line for line in plan.lines if line.column == "priority")
    assert "when 'critical' then 'urgent'" in priority.sql
    assert "when 'minor' then 'low'" in priority.sql


def scores(header: str, *values: str) -> FileLook:
    return FileLook("survey.csv", ("survey.csv",), (Profile(header, values, len(values)),))


def test_the_scale_of_a_survey_is_what_its_header_or_most_scores_say() -> None:
    """One 11 among scores of ten is a slip of the pen; scores of eighty are another scale."""
    assert survey_scale("csat", scores("Rating (1-7)", "3"), "Rating (1-7)")[0] == (1, 7)
    assert survey_scale("nps", scores("Score", "9", "11", "3"), "Score")[0] == (0, 10)
    scale, _, is_assumed = survey_scale("nps", scores("Score", "80", "7", "95"), "Score")
    assert (scale, is_assumed) == ((0, 100), True)


def test_a_german_company_is_mapped_and_loaded_without_an_edit(
    fresh_company: Callable[[], Warehouse], contract: Contract, tmp_path: Path
) -> None:
    """1.293 calls are a thousand and more, 2,5 hours are two and a half: never the other."""
    folder = write_files(tmp_path / "files", GERMAN)
    plans = plan_folder(contract, guess_folder(duckdb.connect(), contract, folder))
    assert not any(plan.missing for of_table in plans.values() for plan in of_table)
    write_mappings(tmp_path / "mappings" / "export", plans)
    warehouse = fresh_company()
    found = find_mappings("export", [tmp_path / "mappings"])
    loads = ingest(warehouse, warehouse.settings, contract, "export", folder, None, found)
    assert [load for load in loads if load.status == "failed" or load.rows_quarantined] == []

    def rows(sql: str) -> list[tuple]:
        return [tuple(row.values()) for row in warehouse.read_arrow(sql).to_pylist()]

    assert rows("select account_id, mrr_cents, currency from billing.subscriptions order by 1") == [
        ("K-1", 10_000, "EUR"),
        ("K-2", 200_000, "EUR"),
    ]
    usage = "select metric, value::float8 as value from product.usage_metrics"
    assert rows(f"{usage} where account_id = 'K-1' and period_start = '2026-01-01' order by 1") == [
        ("active_users", 12.0),
        ("api_calls", 1293.0),
        ("stunden", 2.5),
    ]
    assert rows("select priority from support.tickets order by ticket_id") == [
        ("urgent",),
        ("high",),
        ("normal",),
    ]
    assert rows("select survey_type, score::int, submitted_at::date::text from survey.responses "
                "order by 2") == [("nps", 3, "2026-02-01"), ("nps", 9, "2026-02-01")]  # fmt: skip


def test_an_english_word_that_another_language_has_is_read_by_its_values(
    contract: Contract, tmp_path: Path
) -> None:
    """AM is a manager, Fin is no end, Tag no day and Reference no key where values say so."""
    files = {
        "accounts.csv": "Account ID,Account Name,AM,Customer Since\n"
        "C-1,Acme,Ann,2024-01-01\nC-2,Birch,Bob,2024-01-01\n",
        "cases.csv": "Reference,Case ID,Account ID,Opened,Tag,Fin\n"
        "r1,1,C-1,2025-12-01,login,resolved\nr2,2,C-2,2025-12-01,billing,open\n",
        "usage.csv": "Kunde,Tag,Aktive Nutzer\nC-1,2025-12-01,3\nC-2,2025-12-02,4\n",
    }
    folder = write_files(tmp_path / "files", files)
    plans = plan_folder(contract, guess_folder(duckdb.connect(), contract, folder))

    def headers(table: str) -> dict[str, tuple[str, ...]]:
        return {line.column: line.headers for line in plans[table][0].lines}

    assert headers("crm.accounts")["csm_id"] == ("AM",)
    tickets = headers("support.tickets")
    assert tickets["ticket_id"] == ("Case ID",)
    assert ("Tag",) not in tickets.values()
    assert ("Fin",) not in tickets.values()
    assert headers("product.usage_metrics")["period_start"] == ("Tag",)
