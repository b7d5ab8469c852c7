"""Amounts for each period of billing as a month's: 1,200 a year are 100 a month. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sources.guessing.languages import without_accents
from sources.guessing.names import singular, words_of
from sources.guessing.values import Profile
from sources.landing import literal, quoted

# How many times a year, by the words of exports, without accents and marks: English, German,
# French, Spanish, Portuguese, Italian, Dutch. Before them may stand one of BEFORE, or a number.
WORDS = {
    365: "day|days|daily|tag|tage|taglich|jour|jours|journalier|quotidien|dia|dias|diario|diaria|"
    "diariamente|giorno|giorni|giornaliero|dag|dagen|dagelijks",
    52: "week|weeks|weekly|woche|wochen|wochentlich|semaine|semaines|hebdomadaire|hebdo|semana|"
    "semanas|semanal|semanalmente|settimana|settimane|settimanale|weken|wekelijks",
    26: "fortnight|fortnights|fortnightly|biweekly|bi weekly|zweiwochentlich|14 tagig|14 taglich|"
    "tweewekelijks",
    24: "semi monthly|semimonthly|twice a month|halbmonatlich|bimensuel|bimensuelle|quincenal|"
    "quincena|quinzenal|quinzena|quindicinale",
    12: "month|months|monthly|mthly|mo|monat|monate|monaten|monatlich|monatsweise|mois|mensuel|"
    "mensuelle|mensuellement|mes|meses|mensual|mensualmente|mensal|mensalmente|mese|mesi|mensile|"
    "mensilmente|maand|maanden|maandelijks",
    6: "zweimonatlich|bimestriel|bimestrielle|bimestre|bimestral|bimestrale|tweemaandelijks",
    4: "quarter|quarters|quarterly|qtr|vierteljahr|vierteljahrlich|quartal|quartale|quartalsweise|"
    "dreimonatlich|trimestre|trimestres|trimestriel|trimestrielle|trimestriellement|trimestral|"
    "trimestralmente|trimestri|trimestrale|kwartaal|kwartalen|driemaandelijks",
    3: "quadrimestre|quadrimestriel|cuatrimestre|cuatrimestral|quadrimestral|quadrimestrale",
    2: "semi annual|semiannual|semi annually|semiannually|half yearly|half year|biannual|halbjahr|"
    "halbjahrlich|semestre|semestres|semestriel|semestrielle|semestral|semestralmente|semestri|"
    "semestrale|halfjaar|halfjaarlijks|zesmaandelijks",
    1: "annual|annually|yearly|year|years|yr|jahr|jahre|jahren|jahrlich|an|ans|annee|annees|annuel|"
    "annuelle|annuellement|anual|anualmente|ano|anos|anno|anni|annuale|annualmente|annua|annuo|"
    "jaar|jaren|jaarlijks",
    0.5: "biennial|biennially|zweijahrlich|bisannuel|biennal|bienal|biennale|bienio|tweejaarlijks",
}
BEFORE = (
    "every", "each", "per", "once a", "a", "pro", "je", "jede", "jeden", "jedes", "alle", "zum",
    "par", "chaque", "tous les", "toutes les", "por", "al", "cada", "todos los", "ao", "a cada",
    "ogni", "all", "elke", "elk", "iedere",
)  # fmt: skip
TIMES_A_YEAR: Mapping[str, float] = {
    word: times for times, words in WORDS.items() for word in words.split("|")
}
BEGINNING = re.compile(rf"(?:{'|'.join(sorted(BEFORE, key=len, reverse=True))}) (?=.)")
NUMBERED = re.compile(r"(\d{1,2}) ?(\D+)")
# Inflected: jährliche, monatlicher Betrag, maandelijkse.
ENDINGS = ("e", "er", "es", "en", "em", "s")
OF_PERIODS = frozenset(
    {"interval", "frequency", "cycle", "period", "cadence", "recurrence", "periodicity"}
)
# What else the name of such a column may say: meetings, reviews and trials have intervals too.
OF_BILLING = frozenset(
    {"billing", "payment", "invoice", "invoicing", "charge", "plan", "price", "subscription",
     "recurring", "unit"}
)  # fmt: skip


@dataclass(frozen=True)
class Billed:
    """The column that says for which period an amount is, and the one that says for how many."""

    unit: Profile
    count: Profile | None = None

    def per_month(self, number: str, amount: str) -> str:
        """SQL: a number brought to a month. For a period that has no word the amount stays with
        it, so that the contract names the row."""
        period = f"lower({quoted(self.unit.header)}::varchar)"
        words = sorted({text.casefold() for text in self.unit.known if times_a_year(text)})
        whens = " ".join(f"when {literal(word)} then {_factor(word)}" for word in words)
        monthly = (
            f"try_cast({number} as decimal(28, 6)) * case {period} {whens} end "
            f"/ nullif(12 * {times(self.count)}, 0)"
        )
        return f"coalesce(({monthly})::varchar, {amount} || ' per ' || coalesce({period}, '?'))"


def times_a_year(text: str) -> float | None:
    """How often a year a period comes; None where its word is unknown."""
    words = " ".join(re.findall(r"[^\W_]+", without_accents(text)))
    found = _listed(words)
    if found is None and (numbered := NUMBERED.fullmatch(_without_beginning(words))):
        # as it stands: "4 per year" comes four times a year, "every 4 years" in four once
        number, unit = int(numbered[1]), _listed(numbered[2], is_alone=True)
        found = unit / number if unit and number else None
    return found


def _listed(words: str, is_alone: bool = False) -> float | None:
    """How often a year, of a word that is listed, as it stands, inflected or after `every`."""
    for spelled in (words,) if is_alone else (words, _without_beginning(words)):
        for ending in ("", *ENDINGS):
            if spelled.endswith(ending):
                found = TIMES_A_YEAR.get(spelled.removesuffix(ending))
                if found is not None:
                    return found
    return None


def _without_beginning(words: str) -> str:
    return BEGINNING.sub("", words, count=1) if BEGINNING.match(words) else words


def _factor(text: str) -> str:
    """SQL: how often a year a period comes. As a float where it is none of few digits: a decimal of
    all of them has no room left for the amount."""
    often = times_a_year(text) or 0
    return f"{often:g}" if often * 2 % 1 == 0 else f"{often!r}e0"


def share_of_periods(profile: Profile) -> float:
    """The share of a column's values that are words for periods."""
    return profile.share(lambda text: times_a_year(text) is not None)


def months_of(profile: Profile) -> dict[str, str]:
    """Whole months by the words of a column, in small letters."""
    months = {
        text.casefold(): round(12 / often, 6)
        for text in profile.known
        if (often := times_a_year(text))
    }
    return {text: f"{number:.0f}" for text, number in months.items() if number % 1 == 0}


def is_of_billing(header: str) -> bool:
    """Whether a header names the interval at which amounts are billed, and no other interval."""
    words = set(map(singular, words_of(header)))
    return bool(words & OF_PERIODS) and words <= OF_PERIODS | OF_BILLING


def find_billed(profiles: Sequence[Profile]) -> Billed | None:
    """The period for which a file's amounts are; None where no column says so."""
    for unit in profiles:
        if is_of_billing(unit.header) and share_of_periods(unit) >= 0.5:
            return Billed(unit, count_of(profiles, unit))
    return None


def times(count: Profile | None) -> str:
    """SQL: how many units a period is. One where that is blank; null where it is no number."""
    if count is None:
        return "1"
    return f"try_cast(coalesce(nullif(trim({quoted(count.header)}::varchar), ''), '1') as integer)"


def count_of(profiles: Sequence[Profile], unit: Profile) -> Profile | None:
    """How many of the units one period is: interval count beside interval, billing period beside
    billing period unit."""
    words = words_of(unit.header)
    names = [(*words, word) for word in ("count", "length", "number")]
    if words[-1] == "unit":
        names = [*names, words[:-1]]
    found = (each for each in profiles if words_of(each.header) in names and each.numbers >= 0.8)
    return next(found, None)
