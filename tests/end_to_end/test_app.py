"""The app over marts that a real run built, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.end_to_end.conftest import Home
from tests.end_to_end.test_services import free_port, has_answered, interrupt

PAGES = {"": "Portfolio", "accounts_at_risk": "Accounts at risk", "cohorts": "Cohorts"}
# Without these Chromium asks its maker's hosts for updates at every start.
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def address(home: Home, demo: str) -> Iterator[str]:
    port = free_port()
    process = home.start("app", "--company", "demo", environment={"TENURE_APP_PORT": str(port)})
    try:
        assert has_answered(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        interrupt(process)


@pytest.fixture(scope="module")
def page(chromium: Path) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=QUIET)
        opened = browser.new_page(viewport={"width": 1440, "height": 1200})
        # on a busy machine, too
        opened.set_default_timeout(180_000)
        yield opened
        browser.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_shows_the_run_and_no_error(address: str, page: Page, path: str) -> None:
    page.goto(f"{address}/{path}")
    page.get_by_role("heading", name=PAGES[path], exact=True).wait_for()
    page.get_by_text("checks passed").first.wait_for()
    page.locator("[data-testid=stMetricValue]").first.wait_for()
    # A warning may be the truth: that this small company's model does not pass its gate.
    errors = "[data-testid=stException], [data-testid=stAlertContentError]"
    assert page.locator(errors).count() == 0
    drawn = page.locator("[data-testid=stPlotlyChart], [data-testid=stDataFrame]")
    drawn.first.wait_for()
