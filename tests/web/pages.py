"""The page's own ways, for tests that drive it in a browser."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

VERDICT_MS = 20_000


def choose(page: Page, clip: Any) -> None:
    """Give the Listen tab a file."""
    page.set_input_files("#clip input[type=file]", clip)


def in_state(page: Page, *states: str) -> Locator:
    """The Listen tab's verdict where it is in one of these states, and nowhere else."""
    return page.locator(", ".join(f"#verdict [data-state={state}]" for state in states))


def expect_state(page: Page, *states: str, ms: float = VERDICT_MS) -> None:
    """Wait until the Listen tab is in one of these states."""
    expect(in_state(page, *states)).to_be_attached(timeout=ms)


def judged(page: Page, clip: Any) -> None:
    """Give the Listen tab a file, and wait for what is made of it."""
    choose(page, clip)
    expect_state(page, "result", "nothing")


def start_again(page: Page) -> None:
    """Leave a result, or an error, behind."""
    page.get_by_role("button", name="Another song").click()
    expect(page.locator("#listen-button")).to_be_visible()


def open_tab(page: Page, *names: str) -> None:
    """Open a tab, and one inside it, however narrow the page is."""
    for name in names:
        tab = page.get_by_role("tab", name=name, exact=True)
        if tab.count() and tab.first.is_visible():
            tab.first.click()
        else:  # too narrow for all of them
            page.locator(".overflow-menu > button:visible").first.click()
            page.locator(".overflow-dropdown:visible").get_by_text(name, exact=True).first.click()


def serious_faults(page: Page) -> list[str]:
    """What axe finds that keeps people out."""
    return [
        f"{fault['id']}: {node['html'][:150]}"
        for fault in Axe().run(page).response["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
