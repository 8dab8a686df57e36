"""Somebody tries it, stays, and keeps what was heard: the whole way, in Chromium."""

import re

import pytest
from playwright.sync_api import expect

from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.web.ui.examples import EXAMPLES
from tests.web.pages import judged, serious_faults, start_again
from tests.web.servers import GOOD, NewTab, Scheme, Server


@pytest.mark.parametrize(("scheme", "width", "height"), [("light", 1280, 900), ("dark", 375, 812)])
def test_one_click_a_verdict_and_it_is_kept(
    new_tab: NewTab, gated_app: Server, scheme: Scheme, width: int, height: int
) -> None:
    sentence = Headline.of(Classifier.load().predict(EXAMPLES[1].path)).title
    page = new_tab(gated_app, width, height)
    page.emulate_media(color_scheme=scheme)
    page.goto("/")
    page.get_by_role("button", name="Try without an account").click()
    expect(page).to_have_url(re.compile("/app/$"))
    page.set_input_files("#clip input[type=file]", EXAMPLES[1].path)
    expect(page.locator("#verdict h2")).to_have_text(sentence, timeout=20_000)
    line = page.locator("#keep-note")
    kept = "Gone when you leave. Keep it: create an account."
    expect(line).to_have_text(kept, timeout=20_000)
    # A guest posts pictures; a link lasts, and needs an account.
    page.locator("#share-menu > button").click()
    expect(page.get_by_role("button", name="Upright picture")).to_be_enabled()
    expect(page.locator("#keep-link")).to_contain_text("A link to share needs an account.")
    expect(page.get_by_role("button", name="Share a link")).to_have_count(0)
    expect(page.get_by_label("Show the cover")).to_have_count(0)
    assert serious_faults(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_label("Keep the audio with it")).to_have_count(0)
    expect(page.locator("#bar")).not_to_contain_text("guest-")
    assert serious_faults(page) == []
    line.get_by_role("link").click()
    page.get_by_label("User name").fill(f"stays-{scheme}")
    page.get_by_label("Password", exact=True).fill(GOOD)
    page.get_by_role("button", name="Create an account").click()
    expect(page.get_by_role("status").first).to_have_text("What you heard so far is in My music.")
    page.get_by_role("link", name="Start listening").click()
    expect(page.locator("#bar")).to_contain_text(f"stays-{scheme}")
    results = page.request.get("/history/results.json").json()
    assert [one["name"] for one in results] == ["GenreGenie \u2013 Corner Table"]


def test_nothing_is_lost_by_reloading(new_tab: NewTab, gated_app: Server) -> None:
    page = new_tab(gated_app)
    page.goto("/")
    page.get_by_role("button", name="Try without an account").click()
    judged(page, EXAMPLES[1].path)
    sentence = page.locator("#verdict h2").inner_text()
    expect(page.locator("#keep-note")).to_contain_text("Gone when you leave.")
    page.reload()
    expect(page.locator("#verdict h2")).to_have_text(sentence)
    expect(page.locator("#sounds-like li")).to_have_count(6)
    expect(page.locator("#table [style*=gradient]").first).to_be_attached()
    expect(page.locator("#player")).to_be_hidden()  # the clip itself is not kept
    start_again(page)
    page.reload()
    expect(page.locator("#listen-button")).to_be_visible()
