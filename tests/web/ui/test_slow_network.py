"""The page over a slow connection: how much has to come before there is something to press.

Over 1 Mbit/s a second brings 122 kB, and each turn of questions and answers takes 150 ms. How long
that takes is measured by ``benchmarks/page.py``; here is what must stay small for it to hold.
"""

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.web.servers import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SLOW = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 125_000,
    "uploadThroughput": 125_000,
}


def test_what_comes_before_the_button_is_small(chromium: Chromium, gated_app: Server) -> None:
    context = chromium.new_context(base_url=gated_app.url, viewport={"width": 375, "height": 812})
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", SLOW)
    received: list[float] = []
    network.on("Network.loadingFinished", lambda done: received.append(done["encodedDataLength"]))

    page.goto("/")
    attempt = page.get_by_role("button", name="Try without an account")
    expect(attempt).to_be_visible()
    page.wait_for_load_state("load")
    assert sum(received) < 60_000
    received.clear()

    attempt.click()
    expect(page.locator("#listen-button")).to_be_visible(timeout=60_000)
    before_the_button = sum(received)
    assert 0 < before_the_button < 520_000
    assert len(received) < 100
    # Pressed before the microphone's own part is there, it waits for that.
    page.locator("#listen-button").click()
    expect(page.get_by_role("alert")).to_contain_text("microphone")  # this browser has none
    context.close()
