"""Amounts for each period of billing as a month's: 1,200 a year are 100 a month. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sources.guessing.languages import without_accents
from sources.guessing.names import singular, words_of
from sources.guessing.values import Profile
from sources.landing import literal, quoted

# How many times a year, by the words of exports, without accents.
WORDS = {
    "365": "day|days|daily|taglich|tag|jour|diario|dag",
    "52": "week|weeks|weekly|wochentlich|woche|hebdomadaire|semaine|semanal|wekelijks",
    "26": "fortnight|fortnightly|biweekly|bi-weekly|every 2 weeks",
    "12": "month|months|monthly|mthly|1 month|every month|monatlich|monat|mensuel|mensuelle|mois|"
    "mensual|mensal|mes|maandelijks|maand",
    "4": "quarter|quarters|quarterly|3 months|every 3 months|vierteljahrlich|quartal|quartalsweise|"
    "trimestriel|trimestrielle|trimestre|trimestral|kwartaal|per kwartaal",
    "2": "semi-annual|semiannual|semi-annually|half-yearly|6 months|every 6 months|halbjahrlich|"
    "semestriel|semestre|semestral|halfjaarlijks",
    "1": "annual|annually|yearly|year|years|12 months|1 year|every year|jahrlich|jahr|annuel|"
    "annuelle|an|anual|ano|jaarlijks|jaar",
    "0.5": "biennial|biennially|2 years|24 months|every 2 years",
}
TIMES_A_YEAR: Mapping[str, str] = {
    word: times for times, words in WORDS.items() for word in words.split("|")
}
# In months, of those that are whole months.
MONTHS: Mapping[str, int] = {
    word: int(12 / float(times)) for word, times in TIMES_A_YEAR.items() if float(times) <= 12
}
OF_PERIODS = frozenset({"interval", "frequency", "cycle", "period", "cadence", "recurrence"})
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
        whens = " ".join(f"when {literal(word)} then {times_a_year(word)}" for word in words)
        monthly = (
            f"try_cast({number} as decimal(28, 6)) * case {period} {whens} end "
            f"/ nullif(12 * {times(self.count)}, 0)"
        )
        return f"coalesce(({monthly})::varchar, {amount} || ' per ' || coalesce({period}, '?'))"


def times_a_year(text: str) -> str | None:
    """How often a year a period comes, as a number; None where its word is unknown."""
    return TIMES_A_YEAR.get(without_accents(text.strip()))


def share_of_periods(profile: Profile) -> float:
    """The share of a column's values that are words for periods."""
    return profile.share(lambda text: times_a_year(text) is not None)


def months_of(profile: Profile) -> dict[str, str]:
    """Whole months by the words of a column, in small letters."""
    words = {text.casefold(): without_accents(text.strip()) for text in profile.known}
    return {text: str(MONTHS[word]) for text, word in words.items() if word in MONTHS}


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
