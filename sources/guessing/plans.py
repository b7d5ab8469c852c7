"""A guess as lines of SQL: one for each column of the contract that a file can give. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sources.contract import Column, Contract, Table
from sources.events import EVENTS
from sources.guessing.columns import NUMBERS, Match, match_columns
from sources.guessing.derived import Line, currency, derive, durations, is_quotable, shown
from sources.guessing.folder import ACCOUNTS, FolderGuess
from sources.guessing.lookups import with_lookups
from sources.guessing.names import words_of
from sources.guessing.periods import count_of, find_billed, months_of, times
from sources.guessing.plan import Plan
from sources.guessing.tables import FileLook, TableGuess
from sources.guessing.usage import METRICS, Wide
from sources.guessing.values import Profile, overlap
from sources.guessing.words import vocabulary
from sources.guessing.written_numbers import number_form, plain_number
from sources.landing import literal, quoted

SUBSCRIPTIONS, CSMS = "billing.subscriptions", "crm.csms"
OF_A_WHOLE_CONTRACT = frozenset({"contract", "total"})
YEARLY = frozenset({"annual", "annually", "arr", "acv", "yearly", "year"})
MONTHLY = frozenset({"mrr", "monthly", "month", "mthly"})


def plan_folder(contract: Contract, guess: FolderGuess) -> dict[str, tuple[Plan, ...]]:
    """Plans by table: of each guessed table, and of those that the customers' file feeds too."""
    newest = newest_day(guess)
    plans = {
        name: tuple(plan(_table(contract, name), each, newest) for each in guesses)
        for name, guesses in guess.tables.items()
    }
    for each in guess.tables.get(ACCOUNTS, ())[:1]:
        if SUBSCRIPTIONS not in plans and (found := _sold(contract, each, newest)):
            plans[SUBSCRIPTIONS] = (found,)
        if CSMS not in plans and (found := _managers(each)):
            plans[CSMS] = (found,)
    return _without_orphans(with_lookups(plans, guess), guess)


def _table(contract: Contract, name: str) -> Table:
    return EVENTS if name == EVENTS.full_name else contract.table(name)


def plan(table: Table, guess: TableGuess, newest: date | None) -> Plan:
    """The lines of one guess: matches first, then what can be derived."""
    file, matches = guess.file, guess.matches
    wide_columns = {"metric", "value", "period_start", "grain", "feature"} if guess.wide else set()
    lines = [
        line_of(table, next(c for c in table.columns if c.name == name), match, file, matches)
        for name, match in matches.items()
        if name not in wide_columns or name == "feature"
    ]
    if guess.wide:
        lines += _usage_lines(guess.wide, file)
    lines += durations(table, file, matches) + _urgency(table, file, matches)
    given = {line.column for line in lines}
    # an amount without a currency is no amount, whether the contract requires one or not
    of_amounts = ["currency"] if any(name.endswith("_cents") for name in given) else []
    for name in dict.fromkeys((*table.required, "full_name", *of_amounts)):
        if name in table.column_names and name not in given:
            derived = derive(table, name, file, matches, newest)
            lines += [derived] if derived else []
    given = {line.column for line in lines}
    order = {name: place for place, name in enumerate(table.column_names)}
    return Plan(
        table=table.full_name,
        file=file,
        lines=tuple(sorted(lines, key=lambda line: order[line.column])),
        missing=tuple(name for name in table.required if name not in given),
        dates=_dates(table, lines, file),
        wide=guess.wide,
        notes=_notes(table, guess),
    )


def line_of(
    table: Table, column: Column, match: Match, file: FileLook, matches: dict[str, Match]
) -> Line:
    """The SQL of one matched column."""
    profile = file.profile(match.header)
    name, header = quoted(match.header), (match.header,)
    line = Line(column.name, name, match.reason, header)
    if column.name.endswith("_cents"):
        return _amount(line, profile, file, matches)
    if column.is_time and profile.month_format:
        return replace(line, sql=first_of_month(name, profile.month_format))
    if column.name == "billing_period_months":
        return _billing_period(line, profile, file)
    if column.data_type in NUMBERS and not column.has_ranges:
        form = number_form(profile.values, file.delimiter)
        why = f"{line.why}; {form.doubt}" if form.doubt else line.why
        return replace(line, sql=plain_number(name, profile, form), why=why,
                       is_assumed=bool(form.doubt))  # fmt: skip
    codes = vocabulary().codes(table.full_name, column.name)
    rules = [rule for rule in table.rules if column.name in rule.columns]
    accepted = next((rule.values for rule in rules if rule.kind == "accepted_values"), ())
    if accepted:
        other = {word: code for word, code in codes.items() if word not in accepted}
        return replace(line, sql=_case(name, other, profile))
    return line


def first_of_month(name: str, written: str) -> str:
    """SQL: the first day of a month written in one format; what cannot be read stays as it is."""
    return f"coalesce(strftime(try_strptime({name}, {literal(written)}), '%Y-%m-%d'), {name})"


def _case(name: str, codes: dict[str, str], profile: Profile) -> str:
    seen = {text.casefold() for text in profile.known}
    used = {word: code for word, code in codes.items() if word in seen}
    if not used:
        return name
    whens = " ".join(f"when {literal(word)} then {literal(code)}" for word, code in used.items())
    return f"case lower({name}::varchar) {whens} else {name}::varchar end"


def _billing_period(line: Line, profile: Profile, file: FileLook) -> Line:
    """A period in months: of a word such as annual, or of a number beside which its unit stands."""
    if profile.numbers < 0.8:
        months = _case(line.sql, months_of(profile), profile)
        count = count_of(file.profiles, profile)
        if count is None:
            return replace(line, sql=months)
        counted = f"try_cast({months} as integer) * {times(count)}"
        return replace(
            line,
            sql=f"coalesce(({counted})::varchar, {line.sql}::varchar)",
            headers=(*line.headers, count.header),
        )
    of_unit = (*words_of(profile.header), "unit")
    for unit in file.profiles:
        if words_of(unit.header) == of_unit and not unit.is_empty:
            one = f"try_cast({_case(quoted(unit.header), months_of(unit), unit)} as integer)"
            headers = (*line.headers, unit.header)
            return replace(line, sql=f"try_cast({line.sql} as integer) * {one}", headers=headers)
    return line


def _urgency(table: Table, file: FileLook, matches: dict[str, Match]) -> list[Line]:
    """A priority where tickets have a severity alone, in words that are known."""
    if "severity" not in matches or "priority" in matches or "priority" not in table.column_names:
        return []
    header = matches["severity"].header
    profile, codes = file.profile(header), vocabulary().codes(table.full_name, "priority")
    if profile.share(lambda text: text.casefold() in codes) < 0.8:
        return []
    return [Line("priority", _case(quoted(header), codes, profile), "the severity", (header,))]


def _amount(line: Line, profile: Profile, file: FileLook, matches: dict[str, Match]) -> Line:
    """An amount in minor units of its currency, and where it is yearly, a twelfth of it."""
    words = set(words_of(profile.header))
    form = number_form(profile.values, file.delimiter)
    in_minor_units = "cents" in words or "livemode" in {h.casefold() for h in file.headers}
    number = plain_number(line.sql, profile, form)
    why = f"{line.why}; {form.doubt}" if form.doubt else line.why
    is_divided = is_yearly = line.column == "mrr_cents" and bool(words & YEARLY)
    is_assumed = line.column == "mrr_cents" and not words & (YEARLY | MONTHLY)
    is_whole = bool(words & OF_A_WHOLE_CONTRACT)
    if is_yearly:
        number = f"coalesce((try_cast({number} as decimal(28, 6)) / 12)::varchar, {line.sql})"
        why += "; a year's amount, divided by twelve"
    elif is_assumed and is_whole and (term := _months_of_term(file, matches)):
        months = f"nullif(try_cast({quoted(term)} as decimal(28, 6)), 0)"
        number = f"coalesce((try_cast({number} as decimal(28, 6)) / {months})::varchar, {line.sql})"
        is_divided = True
        why += f"; a whole contract's amount, divided by {shown(term)}"
    elif (
        is_assumed
        and not is_whole
        and (billed := find_billed(file.profiles))
        and is_quotable(billed.unit.header)
    ):
        number = billed.per_month(number, line.sql)
        is_divided = True
        why += f"; an amount for each {shown(billed.unit.header)}, brought to a month"
    elif is_assumed:
        why += "; taken as a month's amount"
    is_assumed |= bool(form.doubt)
    if in_minor_units:
        if is_divided:  # what is no number stays, so that the contract names it
            whole = f"round(try_cast({number} as decimal(28, 6)))::bigint"
            number = f"coalesce({whole}::varchar, {number})"
        return replace(line, sql=number, why=why + "; in minor units", is_assumed=is_assumed)
    code = quoted(matches["currency"].header) if "currency" in matches else None
    code = code or currency(file, matches).sql
    return replace(line, sql=f"cents({number}, {code})", why=why, is_assumed=is_assumed)


def _months_of_term(file: FileLook, matches: dict[str, Match]) -> str | None:
    """The header of a contract's length where that is said to be in months, as in Term (months)."""
    if "term_months" not in matches:
        return None
    header = matches["term_months"].header
    says = words_of(header.replace("(", " ").replace(")", " "))
    is_known = {"month", "months"} & set(says) and is_quotable(header)
    return header if is_known and file.profile(header).has_plain_numbers else None


def _usage_lines(wide: Wide, file: FileLook) -> list[Line]:
    lines = [Line("grain", literal(wide.grain), "how far apart the periods are")]
    if wide.period is None:
        header = wide.metric_header
        lines.append(
            Line("metric", quoted(header), "which metric a row's months are of", (header,))
            if header
            else Line("metric", literal(wide.metric or "usage"), "the file's name", (), True)
        )
        lines.append(Line("period_start", "period_start", "the months are columns"))
    else:
        lines.append(Line("metric", "metric", "each column is one"))
        period = file.profile(wide.period)
        sql = quoted(wide.period)
        sql = first_of_month(sql, period.month_format) if period.month_format else sql
        lines.append(Line("period_start", sql, "periods", (wide.period,)))
    return [*lines, _value(wide, file)]


def _value(wide: Wide, file: FileLook) -> Line:
    """The numbers of a table with a column per metric, or per month, each as its column writes
    them."""
    forms: dict[str, list[str]] = {}
    profiles = [file.profile(header) for header in wide.values]
    if wide.period is None:  # the months of one metric are written alike
        profiles = [Profile("value", sum((p.values for p in profiles), ()), 0)]
    doubts: dict[str, list[str]] = {}
    for profile in profiles:
        form = number_form(profile.values, file.delimiter)
        if form.doubt:
            doubts.setdefault(form.doubt, []).append(shown(profile.header))
        sql = plain_number("value", profile, form)
        forms.setdefault(sql, []).append(wide.values.get(profile.header, ""))
    why = "; ".join(f"{doubt} in {', '.join(names)}" for doubt, names in doubts.items())
    why = why or "numbers"
    if len(forms) == 1:
        return Line("value", next(iter(forms)), why, (), bool(doubts))
    whens = " ".join(
        f"when metric in ({', '.join(map(literal, metrics))}) then {sql}"
        for sql, metrics in forms.items()
    )
    return Line("value", f"case {whens} end", why, (), bool(doubts))


def _dates(table: Table, lines: Sequence[Line], file: FileLook) -> tuple[str, ...]:
    """Headers whose text the reader must read as dates."""
    times = {column.name for column in table.columns if column.is_time}
    headers = [h for line in lines if line.column in times for h in line.headers]
    # what a duration is counted from is a time, the duration is not
    profiles = {header: file.profile(header) for header in headers}
    found = [
        header
        for header, profile in profiles.items()
        if max(profile.dates, profile.serial_days) >= 0.5 and not profile.month_format
    ]
    return tuple(dict.fromkeys(found))


def _notes(table: Table, guess: TableGuess) -> tuple[str, ...]:
    """Sentences about headers that were close to a column and lost to another."""
    repeated = [
        match.header for name, match in guess.matches.items() if match.reason.endswith("it repeats")
    ]
    return tuple(
        f"{shown(header)} is taken as the key of {table.full_name} and repeats"
        for header in repeated
    )


def newest_day(guess: FolderGuess) -> date | None:
    """The newest day or month in columns that hold what has happened: usage, tickets, answers."""
    days: list[date] = []
    for name, column in ((METRICS, "period_start"), ("support.tickets", "created_at"),
                         ("survey.responses", "submitted_at"), ("product.events", "occurred_at"),
                         ("crm.activities", "occurred_at")):  # fmt: skip
        for each in guess.tables.get(name, ()):
            if column in each.matches:
                days += _days(each.file.profile(each.matches[column].header))
    return max(days, default=None)


def _days(profile: Profile) -> frozenset[date]:
    """The days of a column, or the first days of its months; none where two readings differ."""
    if profile.month_format:
        return profile.months
    return profile.days[0] if len(profile.days) == 1 else frozenset()


def _sold(contract: Contract, of_accounts: TableGuess, newest: date | None) -> Plan | None:
    """What the customers' file says of their contracts; None where it gives no amount."""
    table = contract.table(SUBSCRIPTIONS)
    matches = match_columns(table, of_accounts.file.profiles, vocabulary())
    if "account_id" in of_accounts.matches:
        key = of_accounts.matches["account_id"]
        matches = {n: m for n, m in matches.items() if m.header != key.header}
        matches["account_id"] = key
    if "mrr_cents" not in matches:
        return None
    if "ended_at" in matches and "renewal_date" not in matches:
        # a list of customers holds those that are there: their contracts end to be renewed
        matches["renewal_date"] = replace(matches.pop("ended_at"), column="renewal_date")
    if "started_at" not in matches and "signed_at" in of_accounts.matches:
        matches["started_at"] = of_accounts.matches["signed_at"]
    found = TableGuess(SUBSCRIPTIONS, of_accounts.file, of_accounts.score, matches)
    return replace(plan(table, found, newest), passes_all=False)


def _managers(of_accounts: TableGuess) -> Plan | None:
    """The success managers that the customers' file names."""
    match = of_accounts.matches.get("csm_id")
    if match is None or of_accounts.file.profile(match.header).is_empty:
        return None
    name, header = quoted(match.header), (match.header,)
    lines = (
        Line("csm_id", name, "named in the customers' file", header),
        Line("csm_name", name, "no name of its own", header),
    )
    return Plan(CSMS, of_accounts.file, lines, (), (), passes_all=False, where=match.header)


def _without_orphans(
    plans: dict[str, tuple[Plan, ...]], guess: FolderGuess
) -> dict[str, tuple[Plan, ...]]:
    """Leave out the customers' managers where the managers' file does not know them: each such
    customer would wait in quarantine for one."""
    managers = guess.tables.get(CSMS, ())
    accounts = plans.get(ACCOUNTS, ())
    if not managers or not accounts or "csm_id" not in managers[0].matches:
        return plans
    known = managers[0].file.profile(managers[0].matches["csm_id"].header).known
    kept = []
    for each in accounts:
        line = next((line for line in each.lines if line.column == "csm_id"), None)
        if line and overlap(each.file.profile(line.headers[0]).known, known) < 0.9:
            note = f"{shown(line.headers[0])} is no key of {managers[0].file.name}: left out"
            lines = tuple(other for other in each.lines if other is not line)
            kept.append(replace(each, lines=lines, notes=(*each.notes, note)))
        else:
            kept.append(each)
    return {**plans, ACCOUNTS: tuple(kept)}
