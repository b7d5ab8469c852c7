"""Product events, drawn user by user and day by day, one month at a time."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulator.assumptions import API_FEATURE, DATA_FEATURES, FEATURES, PLANS, PRODUCTS, Assumptions
from simulator.calendar import DAY_SECONDS, Calendar
from simulator.columns import flags, keys, texts
from simulator.exports.observed_states import ObservedStates, office_seconds
from simulator.exports.seasons import Seasons
from simulator.life.leaving import logistic
from simulator.life.lifecycles import Lifecycles
from simulator.life.population import Population
from simulator.randomness import Randomness

EVENT_SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("account_id", pa.dictionary(pa.int32(), pa.string())),
        ("user_id", pa.dictionary(pa.int32(), pa.string())),
        ("feature", pa.dictionary(pa.int32(), pa.string())),
        ("occurred_at", pa.timestamp("us", tz="UTC")),
        ("session_id", pa.string()),
        ("value", pa.float64()),
        ("data_bytes", pa.int64()),
        ("is_api", pa.bool_()),
    ]
)
_FEATURE_NAMES = [entry[0] for entry in FEATURES]
_API = _FEATURE_NAMES.index(API_FEATURE)
_CARRIES_DATA = np.isin(_FEATURE_NAMES, DATA_FEATURES)
_INTEGRATIONS = PRODUCTS.index("integrations")
# Some look things up while their contract is on pause.
_USE_IN_A_PAUSE = 0.15


def feature_table() -> dict:
    return {
        "feature": texts(_FEATURE_NAMES, np.arange(len(FEATURES))),
        "product": texts(PRODUCTS, np.array([entry[1] for entry in FEATURES])),
        "is_core": flags(np.array([entry[2] for entry in FEATURES])),
        "is_advanced": flags(np.array([entry[3] for entry in FEATURES])),
        "minimum_plan": texts(PLANS, np.array([entry[4] for entry in FEATURES])),
    }


@dataclass(frozen=True)
class _Users:
    """One entry per product user, ordered by account; `rank` counts within the account."""

    account: np.ndarray
    rank: np.ndarray
    keenness: np.ndarray
    joined: np.ndarray


class UsageStream:
    """The events of each month; months can be drawn in any order."""

    def __init__(
        self,
        population: Population,
        lifecycles: Lifecycles,
        observed: ObservedStates,
        calendar: Calendar,
        rules: Assumptions,
        randomness: Randomness,
        seasons: Seasons,
    ) -> None:
        self._population, self._lives, self._observed = population, lifecycles, observed
        self._calendar, self._rules, self._randomness = calendar, rules, randomness
        self._seasons = seasons
        self._users = _draw_users(population, lifecycles, randomness.stream("users"))
        self._order, self._available = _feature_order(
            population, randomness.stream("feature order")
        )
        self._breadth = -0.2 + 0.6 * randomness.stream("breadth").standard_normal(population.size)
        self._spell_account, self._opened, self._closed = lifecycles.changes.spells()
        user_key = np.char.mod("u%04d", self._users.rank + 1)
        self._user_names = pa.array(np.unique(user_key), pa.string())
        self._user_code = np.unique(user_key, return_inverse=True)[1].astype(np.int32)
        self._account_names = keys("acct", np.arange(population.size))

    def month(self, number: int, first_day: int, last_day: int) -> pa.Table:
        """All events from the first to the last day, ordered by day."""
        rng = self._randomness.stream("events", number)
        visits = [self._visits(rng, day) for day in range(first_day, last_day + 1)]
        user = np.concatenate([visit[0] for visit in visits])
        day = np.concatenate([visit[1] for visit in visits])
        calls = [self._api_calls(rng, day_) for day_ in range(first_day, last_day + 1)]
        return self._assemble(rng, number, user, day, calls)

    def _presence(self, day: int) -> np.ndarray:
        """How much of its use is left of each account: none before and after its contract."""
        presence = np.zeros(self._population.size)
        covers = (self._opened <= day) & (self._closed > day)
        presence[self._spell_account[covers]] = 1.0
        week = (day - self._calendar.first_monday) // 7
        if week:
            # Pauses begin and end on Sundays.
            presence[self._lives.weekly_paused[:, week - 1]] *= _USE_IN_A_PAUSE
        return presence

    def _visits(self, rng: np.random.Generator, day: int) -> tuple[np.ndarray, np.ndarray]:
        """Users who come on the day."""
        users, week = self._users, (day - self._calendar.first_monday) // 7
        state = self._observed.usage[:, week]
        share = logistic(self._rules.active_share + self._rules.usage_slope * state)
        share = share * self._seasons.use(day, self._population.region) * self._presence(day)
        seats = self._lives.weekly_seats[:, week]
        comes = rng.random(len(users.account), dtype=np.float32) < (
            np.minimum(share[users.account] * users.keenness, 0.97)
        )
        comes &= (users.joined <= day) & (users.rank < seats[users.account])
        came = np.flatnonzero(comes)
        return came, np.full(len(came), day)

    def _api_calls(self, rng: np.random.Generator, day: int) -> tuple[np.ndarray, np.ndarray]:
        """Account and day of each call by the programs of those who bought integrations."""
        week = (day - self._calendar.first_monday) // 7
        uses = self._population.has_product[:, _INTEGRATIONS] * self._presence(day)
        rate = 0.8 * np.sqrt(self._lives.weekly_seats[:, week] / 20.0)
        rate = rate * np.exp(0.45 * self._observed.usage[:, week]) * uses
        rate = rate * self._seasons.programs(day)
        times = rng.poisson(rate * self._rules.events_per_active_day)
        account = np.repeat(np.arange(len(times)), times)
        return account, np.full(len(account), day)

    def _assemble(
        self,
        rng: np.random.Generator,
        number: int,
        user: np.ndarray,
        day: np.ndarray,
        calls: list[tuple[np.ndarray, np.ndarray]],
    ) -> pa.Table:
        population, users = self._population, self._users
        begins = day * DAY_SECONDS + office_seconds(rng, population.region[users.account[user]])
        each = 1 + rng.poisson(max(self._rules.events_per_active_day - 1.0, 0.0), len(user))
        visit = np.repeat(np.arange(len(user)), each)
        account = users.account[user][visit]
        # Some come back later in the day: a second session.
        is_later = rng.random(len(visit), dtype=np.float32) < 0.12
        second = begins[visit] + rng.integers(1500, size=len(visit)) + 9000 * is_later
        second = np.minimum(second, (day[visit] + 1) * DAY_SECONDS - 1)
        feature = self._features(rng, account, day[visit])

        call_account = np.concatenate([call[0] for call in calls])
        call_day = np.concatenate([call[1] for call in calls])
        call_second = call_day * DAY_SECONDS + rng.integers(DAY_SECONDS, size=len(call_day))
        people, programs = len(visit), len(call_account)
        account = np.concatenate([account, call_account])
        feature = np.concatenate([feature, np.full(programs, _API)])
        second = np.concatenate([second, call_second])
        is_api = np.repeat([False, True], [people, programs])
        session = np.concatenate([2 * visit + is_later, np.zeros(programs, dtype=np.int64)])
        user_code = np.concatenate([self._user_code[user][visit], np.zeros(programs, np.int32)])
        by_day = np.argsort(second // DAY_SECONDS, kind="stable")
        return self._table(
            rng,
            number,
            account[by_day],
            user_code[by_day],
            feature[by_day],
            second[by_day],
            session[by_day],
            is_api[by_day],
        )

    def _features(
        self, rng: np.random.Generator, account: np.ndarray, day: np.ndarray
    ) -> np.ndarray:
        """Which feature: the account's favourites first, more of them the more it is engaged."""
        week = (day - self._calendar.first_monday) // 7
        available = self._available[account]
        breadth = logistic(self._breadth[account] + 0.5 * self._observed.usage[account, week])
        known = np.maximum(1, np.ceil(available * breadth))
        place = np.floor(known * rng.random(len(account)) ** 1.5).astype(np.int64)
        return self._order[account, place]

    def _table(
        self,
        rng: np.random.Generator,
        number: int,
        account: np.ndarray,
        user_code: np.ndarray,
        feature: np.ndarray,
        second: np.ndarray,
        session: np.ndarray,
        is_api: np.ndarray,
    ) -> pa.Table:
        count = len(account)
        carries = _CARRIES_DATA[feature]
        size = np.exp(11.0 + 1.3 * rng.standard_normal(count))
        value = np.rint(np.exp(2.5 + 0.9 * rng.standard_normal(count)))
        prefix = (number + 1) * 10**10
        columns = [
            pa.array(prefix + np.arange(count)).cast(pa.string()),
            pa.DictionaryArray.from_arrays(account.astype(np.int32), self._account_names),
            pa.DictionaryArray.from_arrays(pa.array(user_code, mask=is_api), self._user_names),
            pa.DictionaryArray.from_arrays(feature.astype(np.int32), _FEATURE_NAMES),
            pa.array(second).cast(pa.timestamp("s", tz="UTC")).cast(pa.timestamp("us", tz="UTC")),
            pa.array(prefix + session, mask=is_api).cast(pa.string()),
            pa.array(value, mask=~carries),
            pa.array(size.astype(np.int64), mask=~carries),
            pa.array(is_api),
        ]
        return pa.Table.from_arrays(columns, schema=EVENT_SCHEMA)


def _draw_users(population: Population, lifecycles: Lifecycles, rng: np.random.Generator) -> _Users:
    """As many users as an account ever has seats; most start in the weeks of its onboarding."""
    most = lifecycles.weekly_seats.max(axis=1)
    account = np.repeat(np.arange(population.size), most)
    rank = np.arange(len(account)) - np.repeat(np.cumsum(most) - most, most)
    wait = np.array([18.0, 30.0, 70.0])[population.onboarding]
    joined = population.signed_day[account] + rng.exponential(wait[account])
    # Some keen, many occasional: the mean is 1, the spread wide.
    keenness = rng.gamma(0.6, 1 / 0.6, len(account)).astype(np.float32)
    return _Users(account, rank, keenness, joined)


def _feature_order(
    population: Population, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Each account's features from its favourite on, and how many it may use.

    Products bought later do not widen the list: that keeps breadth a sign of engagement.
    """
    product = np.array([entry[1] for entry in FEATURES])
    plan = np.array([entry[4] for entry in FEATURES])
    is_core = np.array([entry[2] for entry in FEATURES])
    allowed = population.has_product[:, product] & (population.plan[:, None] >= plan[None, :])
    allowed[:, _API] = False
    liking = rng.random(allowed.shape) + 0.6 * is_core + 10.0 * allowed
    return np.argsort(-liking, axis=1), allowed.sum(axis=1)
