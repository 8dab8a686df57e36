"""The page over a slow connection: how much has to come before there is something to press.

Over 1 Mbit/s a second brings 122 kB, and each turn of questions and answers takes 150 ms. How long
that takes is measured by ``benchmarks/page.py``; here is what must stay small for it to hold.
"""

import json

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from genregenie.web.ui.examples import EXAMPLES
from tests.web.pages import judged, start_again
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


# What is said over two connections comes in another order: of a stream the last, that it ends, and
# of what was asked for that it was taken.
LATE = """() => {
  const ask = window.fetch;
  const wait = (ms) => new Promise((go) => setTimeout(go, ms));
  window.fetch = async (...asked) => {
    const answer = await ask(...asked);
    if (answer.url.includes("/queue/join")) await wait(LATE_MS.join);
    if (!answer.url.includes("/queue/data")) return answer;
    const late = new TransformStream({
      async transform(chunk, controller) {
        const text = new TextDecoder().decode(chunk);
        const at = text.indexOf('data: {"msg":"close_stream"');
        if (at < 0) return controller.enqueue(chunk);
        controller.enqueue(new TextEncoder().encode(text.slice(0, at)));
        await wait(LATE_MS.end);
        window.late = (window.late ?? 0) + 1;
        controller.enqueue(new TextEncoder().encode(text.slice(at)));
      },
    });
    return new Response(answer.body.pipeThrough(late), answer);
  };
}"""


@pytest.mark.parametrize("late_ms", [{"join": 0, "end": 1000}, {"join": 700, "end": 0}])
def test_all_is_shown_in_whatever_order_it_is_told(
    chromium: Chromium, app: Server, late_ms: dict[str, int]
) -> None:
    """The verdict is the last thing that its stream tells; all else is asked for just then."""
    with chromium.new_context(base_url=app.url) as context:
        page = context.new_page()
        page.add_init_script(f"const LATE_MS = {json.dumps(late_ms)}; ({LATE})()")
        page.goto("/app/")
        expect(page.locator("#listen-button")).to_be_visible()
        for example in EXAMPLES[:2]:
            judged(page, example.path)
            expect(page.locator("#sounds-like li")).to_have_count(6)
            expect(page.locator("#was-it-right h3")).to_be_visible()
            start_again(page)
        assert page.evaluate("window.late") > 2
