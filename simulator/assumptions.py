"""Every number that the invented company rests on, in one place.

The numbers are written to `truth/assumptions.json` beside the data, so that those who judge a
health score on this company can read its causes instead of guessing them.
"""

from dataclasses import dataclass, field

SEGMENTS = ("smb", "mid_market", "enterprise")
REGIONS = ("AMER", "EMEA", "APAC")
INDUSTRIES = (
    "Software",
    "Financial Services",
    "Healthcare",
    "Manufacturing",
    "Retail",
    "Logistics",
    "Education",
    "Media",
    "Energy",
    "Professional Services",
)
# Region of each country, its weight within the region, and the currency it is billed in.
COUNTRIES = (
    ("US", "AMER", 0.80, "USD"),
    ("CA", "AMER", 0.12, "USD"),
    ("BR", "AMER", 0.05, "USD"),
    ("MX", "AMER", 0.03, "USD"),
    ("GB", "EMEA", 0.30, "GBP"),
    ("DE", "EMEA", 0.22, "EUR"),
    ("FR", "EMEA", 0.16, "EUR"),
    ("NL", "EMEA", 0.12, "EUR"),
    ("IE", "EMEA", 0.07, "EUR"),
    ("SE", "EMEA", 0.07, "USD"),
    ("CH", "EMEA", 0.06, "USD"),
    ("AU", "APAC", 0.45, "USD"),
    ("SG", "APAC", 0.20, "USD"),
    ("JP", "APAC", 0.15, "USD"),
    ("IN", "APAC", 0.12, "USD"),
    ("NZ", "APAC", 0.08, "USD"),
)
CURRENCIES = ("USD", "EUR", "GBP")
TERMS = (1, 12, 24, 36)
PLANS = ("starter", "professional", "enterprise")

# The first product is the core that every customer has; the others are add-ons.
PRODUCTS = ("platform", "analytics", "automation", "integrations")
PRODUCT_UNITS = ("users", "reports", "workflows", "connections")
# feature, product, is_core, is_advanced, plan from which it is included (index into PLANS)
FEATURES = (
    ("record_view", 0, True, False, 0),
    ("record_edit", 0, True, False, 0),
    ("search", 0, True, False, 0),
    ("task_board", 0, True, False, 0),
    ("comments", 0, True, False, 0),
    ("file_import", 0, True, False, 0),
    ("file_export", 0, False, False, 0),
    ("saved_filters", 0, False, False, 0),
    ("templates", 0, False, False, 0),
    ("approvals", 0, True, True, 1),
    ("audit_trail", 0, False, True, 1),
    ("custom_roles", 0, False, True, 2),
    ("dashboard_view", 1, False, False, 0),
    ("report_builder", 1, False, True, 0),
    ("scheduled_reports", 1, False, True, 0),
    ("forecasting", 1, False, True, 1),
    ("workflow_run", 2, False, False, 0),
    ("workflow_edit", 2, False, True, 0),
    ("triggers", 2, False, True, 0),
    ("api_call", 3, False, True, 0),
    ("webhooks", 3, False, True, 0),
    ("data_sync", 3, False, False, 0),
)
# Features whose events carry data; the others leave `data_bytes` empty.
DATA_FEATURES = ("file_import", "file_export", "data_sync", "api_call")
API_FEATURE = "api_call"

# What can befall a customer in a week. Each shock lowers health at once and fades with it;
# each also shows in its own place: an incident in tickets, a reorganisation in silence,
# a budget cut in payments, a departure in the list of contacts.
SHOCKS = ("incident", "reorganisation", "budget_cut", "new_use_case", "sponsor_departure")


@dataclass(frozen=True)
class Assumptions:
    """The company's constants. Tuples by segment follow the order smb, mid-market, enterprise.

    Health is on a scale where 0 is an average customer and 1 is about one standard deviation
    between customers. Probabilities per week unless their name says otherwise.
    """

    # Who the customers are
    segment_shares: tuple[float, ...] = (0.55, 0.33, 0.12)
    employees_median: tuple[float, ...] = (28.0, 290.0, 2600.0)
    employees_spread: tuple[float, ...] = (0.75, 0.55, 0.70)
    seats_median: tuple[float, ...] = (7.0, 30.0, 115.0)
    seats_spread: tuple[float, ...] = (0.45, 0.50, 0.50)
    seat_price_cents: tuple[float, ...] = (4_200.0, 5_400.0, 6_600.0)
    region_shares: tuple[float, ...] = (0.55, 0.32, 0.13)
    opening_share: float = 0.58
    term_shares: tuple[tuple[float, ...], ...] = (
        (0.38, 0.62, 0.00, 0.00),
        (0.05, 0.83, 0.09, 0.03),
        (0.00, 0.66, 0.20, 0.14),
    )
    addon_shares: tuple[float, ...] = (0.28, 0.45, 0.62)
    addon_price_share: tuple[float, ...] = (0.22, 0.30, 0.18)
    touch_shares: tuple[tuple[float, ...], ...] = (
        (0.02, 0.18, 0.80),
        (0.15, 0.75, 0.10),
        (0.90, 0.10, 0.00),
    )
    accounts_per_csm: int = 70

    # Latent health = standing mean + onboarding effect + a weekly deviation
    health_mean: float = 0.42
    fit_effect: float = 0.55
    csm_effect: float = 0.15
    industry_effect: float = 0.12
    addon_effect: float = 0.10
    onboarding_shares: tuple[float, ...] = (0.55, 0.25, 0.20)
    onboarding_effects: tuple[float, ...] = (0.30, -0.15, -1.40)
    onboarding_fade_weeks: float = 55.0

    # The programme change: from a day on, customers are onboarded in a new way and are others.
    # The day is the first of the month in which this share of the calendar has passed.
    programme_after: float = 1 / 3
    new_onboarding_shares: tuple[float, ...] = (0.80, 0.15, 0.05)
    new_onboarding_pace: float = 0.72
    new_segment_shares: tuple[float, ...] = (0.75, 0.19, 0.06)

    deviation_levels: int = 41
    deviation_step: float = 0.18
    deviation_persistence: float = 0.965
    deviation_noise: float = 0.17
    shock_probabilities: dict[str, float] = field(
        default_factory=lambda: {
            "incident": 0.0080,
            "reorganisation": 0.0060,
            "budget_cut": 0.0060,
            "new_use_case": 0.0170,
            "sponsor_departure": 0.0050,
        }
    )
    shock_shifts: dict[str, float] = field(
        default_factory=lambda: {
            "incident": -1.2,
            "reorganisation": -1.4,
            "budget_cut": -1.2,
            "new_use_case": 1.0,
            "sponsor_departure": -0.9,
        }
    )
    sponsor_replaced: float = 1 / 14

    # Leaving. At a renewal: logistic(base - slope * health + vacancy, if no sponsor is there).
    # Between renewals, per week: base * exp(-slope * health), capped.
    renewal_base: tuple[float, ...] = (-4.00, -4.45, -5.05)
    monthly_renewal_base: tuple[float, ...] = (-7.20, -7.30, -7.40)
    renewal_slope: float = 2.40
    vacancy_effect: float = 0.70
    cancel_base: tuple[float, ...] = (0.00014, 0.00011, 0.00006)
    cancel_slope: float = 1.70
    cancel_cap: float = 0.10
    merger: float = 0.00012
    reactivation: float = 0.0016
    reactivation_rest_weeks: int = 8
    pause: float = 0.0009
    pause_weeks: tuple[int, int] = (4, 13)

    # Playbooks, in waves: those who are perceived to be at a band's risk of leaving within the wave
    # is listed. Shifts act on the log-odds of leaving until the next wave.
    first_wave_week: int = 6
    wave_weeks: int = 13
    risk_bands: tuple[float, ...] = (0.03, 0.10, 0.25)
    perception_noise: float = 0.45
    outreach_shift: float = -0.62
    review_shift: float = 1.60
    review_harms_below: float = 0.03
    review_share: float = 0.50
    onboarding_days: int = 120
    drawn_share: float = 0.70
    # A manager's own choice: log-odds of treating, and how they change with health.
    choice_base: dict[str, float] = field(
        default_factory=lambda: {
            "at-risk outreach": -0.6,
            "onboarding acceleration": 0.0,
            "executive review": -0.7,
        }
    )
    choice_slope: dict[str, float] = field(
        default_factory=lambda: {
            "at-risk outreach": -1.3,
            "onboarding acceleration": 1.2,
            "executive review": 1.0,
        }
    )

    # Growing and shrinking
    sale_base: float = 0.0215
    sale_slope: float = 0.50
    sale_closing: float = 0.20
    sale_failure: float = 0.45
    expansion_size: float = 0.18
    crosssell_share: float = 0.25
    renewal_expansion_base: float = -0.80
    renewal_contraction_base: float = -1.80
    renewal_change_slope: float = 0.75
    monthly_change_factor: float = 0.10
    renewal_expansion_size: float = 0.18
    renewal_contraction_size: float = 0.20
    price_rise: float = 0.035

    # Usage
    active_share: float = -1.45
    usage_slope: float = 0.50
    usage_lag: float = 0.22
    usage_noise: float = 0.14
    usage_baseline_spread: float = 0.55
    events_per_active_day: float = 1.3
