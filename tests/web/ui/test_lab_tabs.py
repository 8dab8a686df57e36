"""Both tabs of earlier systems in a real browser, at the width of a phone."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.web.pages import open_tab
from tests.web.servers import NewTab, Server


def violations(page: Page, part: str) -> list[str]:
    found = Axe().run(page, context=part).response["violations"]
    return [v["id"] for v in found if v["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("width", [1100, 375])
def test_features_are_judged_and_the_lab_shows_its_figures(
    new_tab: NewTab, app: Server, tmp_path: Path, width: int
) -> None:
    page = new_tab(app, width, 900)
    page.emulate_media(color_scheme="dark")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/app/")
    expect(page.locator("#listen-button")).to_be_visible(timeout=20_000)
    open_tab(page, "About", "Spotify's numbers")
    page.get_by_role("button", name="Typical hardstyle").click()
    expect(page.locator("#features-answer li").first).to_contain_text("Hardstyle")
    expect(page.locator("#features-answer li")).to_have_count(5)
    table = tmp_path / "playlist.csv"
    table.write_text("Track Name,Artist Name(s),Tempo,Energy\nRoller,Ana,174.0,0.9\n")
    page.set_input_files("#features-file input[type=file]", table)
    expect(page.locator("#features-notes")).to_contain_text("Named one track")
    expect(page.locator("#features-notes")).to_contain_text("liveness")
    expect(page.locator("#features-table")).to_contain_text("Ana")
    assert violations(page, "#features-answer") == []

    open_tab(page, "Earlier systems")
    expect(page.locator("#lab-headlines")).to_contain_text("87.0")
    expect(page.locator("#lab-result")).to_contain_text("What")
    expect(page.locator("#lab-result svg.gg-chart").first).to_be_visible()
    expect(page.locator("#lab-headlines")).to_contain_text("62.5")
    if width == 1100:
        open_tab(page, "Train a network")
        page.locator("#train-start").click()
        expect(page.locator("#train-shown")).to_contain_text("Loading")
        page.locator("#train-stop").click()
        expect(page.locator("#train-shown")).to_contain_text("Stopped.")
    open_tab(page, "Tables")
    expect(page.locator("#explore-result svg.gg-chart")).to_have_count(6)
    assert violations(page, "#lab-headlines") + violations(page, "#explore-result") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert errors == []
