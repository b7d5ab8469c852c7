"""The app as a whole in a real Chromium: it renders, it fits, and it talks to nobody else."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from warehouse import Warehouse

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# A busy machine takes longer than the usual five seconds to draw the first page, or thirty to load.
PATIENCE = 180_000
expect.set_options(timeout=PATIENCE)

ROOT = Path(__file__).resolve().parents[2]
# Without the last three, Chromium itself looks up its maker's hosts.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAGES = {"": "Portfolio", "accounts_at_risk": "Accounts at risk", "cohorts": "Cohorts"}
PAGES |= {"data_quality": "Data"}
CHARTS = {"": 4, "accounts_at_risk": 0, "cohorts": 1, "data_quality": 0}
SIZES = {"desk": (1440, 900), "narrow": (800, 900)}


@pytest.fixture(scope="module")
def address(stocked: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app, started as the documentation says, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("streamlit") / "log"
    command = [sys.executable, "-m", "streamlit", "run", "dashboards/streamlit_app.py"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--server.port", str(port)],
            cwd=ROOT,
            env=os.environ | {"TENURE_COMPANY": stocked.settings.company},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    found = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{found}/_stcore/health", log)
        yield found
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)
    assert "deprecat" not in log.read_text().lower(), log.read_text()


def wait_for(url: str, log: Path, seconds: float = PATIENCE / 1000) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"The app did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


def open_page(browser: Browser, size: str = "desk") -> Page:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(PATIENCE)
    return page


def visit(browser: Browser, url: str, size: str, charts: int) -> Page:
    page = open_page(browser, size)
    page.goto(url)
    expect(page.get_by_test_id("stMetric").nth(3)).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(charts)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    return page


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", PAGES, ids=PAGES.values())
def test_a_page_renders_with_data_and_fits_the_screen(
    browser: Browser, address: str, path: str, size: str, tmp_path: Path
) -> None:
    page = visit(browser, f"{address}/{path}", size, CHARTS[path])
    try:
        assert page.locator("h1").inner_text() == PAGES[path]
        assert page.get_by_test_id("stException").count() == 0
        assert page.get_by_test_id("stAlertContentError").count() == 0
        # Nothing sticks out to the right, and no figure of a card is cut short.
        main = page.get_by_test_id("stMain")
        assert main.evaluate("e => e.scrollWidth <= e.clientWidth")
        cut = "e => [...e.querySelectorAll('*')].some(x => x.scrollWidth > x.clientWidth + 1)"
        values = page.get_by_test_id("stMetricValue").all()
        assert not any(value.evaluate(cut) for value in values)
        assert len(page.screenshot(path=tmp_path / "page.png")) > 20_000
    finally:
        page.close()


def test_the_app_asks_nobody_but_its_own_server(browser: Browser, address: str) -> None:
    """A favicon by name of a Material icon was fetched from fonts.gstatic.com."""
    asked: list[str] = []
    page = open_page(browser)
    try:
        page.on("request", lambda request: asked.append(request.url))
        for path in PAGES:
            page.goto(f"{address}/{path}")
            page.wait_for_selector("h1")
            page.wait_for_timeout(1_500)
        assert asked
        own = (address, address.replace("http", "ws"), "data:", "blob:")
        assert [url for url in asked if not url.startswith(own)] == []
    finally:
        page.close()


def test_a_filter_goes_to_the_url_and_a_reload_keeps_it(browser: Browser, address: str) -> None:
    page = visit(browser, f"{address}/accounts_at_risk", "desk", 0)
    try:
        page.get_by_text("Lowest health", exact=True).click()
        page.get_by_placeholder("Account name or id").fill("logistics")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("search=logistics"))
        assert "rank=Lowest+health" in page.url
        page.reload()
        page.wait_for_selector("h1")
        expect(page.get_by_placeholder("Account name or id")).to_have_value("logistics")
    finally:
        page.close()


def test_choosing_a_row_shows_that_account_and_can_be_linked_to(
    browser: Browser, address: str, made: dict
) -> None:
    page = visit(browser, f"{address}/accounts_at_risk", "desk", 0)
    try:
        table = page.get_by_test_id("stDataFrame").bounding_box()
        assert table is not None
        page.mouse.click(table["x"] + 18, table["y"] + 36 + 31)
        page.wait_for_url(re.compile("account=acc_"))
        account_id = re.search(r"account=(acc_\d+)", page.url)
        assert account_id is not None
        health = made["customer_health"].query("is_open")
        worst = health.sort_values("mrr_at_risk", ascending=False).iloc[0]
        assert account_id[1] == worst["account_id"]
        expect(page.locator("h3").first).to_have_text(worst["account_name"])
        expect(page.locator(".js-plotly-plot")).to_have_count(2)
    finally:
        page.close()


def test_the_whole_navigation_can_be_walked_by_keyboard(browser: Browser, address: str) -> None:
    page = visit(browser, address, "desk", CHARTS[""])
    try:
        reached = ""
        for _ in range(40):
            page.keyboard.press("Tab")
            reached += page.evaluate("document.activeElement.innerText") + "\n"
        for name in ("Accounts at risk", "Cohorts", "What was quarantined", "Region"):
            assert name in reached
    finally:
        page.close()
