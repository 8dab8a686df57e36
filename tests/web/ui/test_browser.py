"""The portal in a real browser: Debian's chromium, driven by Playwright."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import FloatRect, Page, expect
from starlette.responses import HTMLResponse

from genregenie.web.config import WebConfig
from tests.web.servers import GOOD, NEW, NewTab, OpenChromium, Scheme, Server, Start, running

HUB = "huggingface.co"
SPACE = "someone-genregenie.hf.space"


@pytest.fixture(scope="module")
def demo(start: Start) -> Server:
    """One that guests may try."""
    return start(WebConfig(gate="demo"))


@pytest.fixture
def page(new_tab: NewTab, server: Server) -> Page:
    return new_tab(server, 375, 812)


def sign_up(page: Page, name: str) -> list[str]:
    page.goto("/signup")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(GOOD)
    page.get_by_role("button", name="Create an account").click()
    expect(page.get_by_role("heading")).to_have_text(f"You are in, {name}.")
    return page.locator("#codes code").all_inner_texts()


def stranger(page: Page) -> None:
    """The same browser, which knows nobody any more."""
    page.context.clear_cookies()


def log_in(page: Page, name: str, password: str = GOOD) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()


def test_sign_up_codes_app_log_out_log_in_and_back_shows_nothing(
    page: Page, server: Server
) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None,
    )
    codes = sign_up(page, "chrome-ada")
    assert len(codes) == 8
    expect(page.get_by_text(f"Keep these {len(codes)} codes")).to_be_visible()
    page.get_by_role("link", name="Start listening").click()
    expect(page).to_have_url(f"{server.url}/app/")
    expect(page.get_by_text("The inner room")).to_be_visible()
    expect(page.locator("#bar").get_by_text("chrome-ada")).to_be_visible()
    page.locator("#bar").get_by_role("button", name="Log out").click()
    expect(page.get_by_role("status")).to_contain_text("You are logged out.")
    page.go_back()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert "The inner room" not in page.content()
    assert "chrome-ada" not in page.content()
    page.goto("/app/")
    log_in(page, "chrome-ada")
    expect(page.locator("#bar").get_by_text("chrome-ada")).to_be_visible()
    assert errors == []


def test_after_log_out_on_the_account_page_back_shows_nothing(page: Page) -> None:
    sign_up(page, "chrome-bea")
    stranger(page)
    page.goto("/login?next=/account")
    log_in(page, "chrome-bea")
    expect(page.get_by_role("heading", name="chrome-bea")).to_be_visible()
    page.get_by_role("button", name="Log out", exact=True).click()
    expect(page.get_by_role("status")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert "chrome-bea" not in page.content()


def test_reset_with_a_code(page: Page) -> None:
    codes = sign_up(page, "chrome-cleo")
    stranger(page)
    page.goto("/login")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("User name").fill("chrome-cleo")
    page.get_by_label("Recovery code").fill(codes[3].lower())
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Set the new password").click()
    expect(page.get_by_role("status")).to_contain_text("Your password is changed.")
    log_in(page, "chrome-cleo", NEW)
    expect(page.get_by_text("The inner room")).to_be_visible()


def test_a_wrong_password_says_so_and_keeps_the_name(page: Page) -> None:
    sign_up(page, "chrome-dora")
    stranger(page)
    page.goto("/login")
    log_in(page, "chrome-dora", NEW)
    expect(page.get_by_role("alert")).to_have_text("The user name or the password is wrong.")
    expect(page.get_by_label("User name")).to_have_value("chrome-dora")
    expect(page.get_by_label("Password", exact=True)).to_have_value("")


def test_the_password_can_be_shown_and_its_length_is_judged(page: Page) -> None:
    page.goto("/signup")
    field = page.get_by_label("Password", exact=True)
    field.fill("short")
    expect(page.locator("[data-strength]")).to_have_text("3 more needed.")
    field.fill("long enough")
    expect(page.locator("[data-strength]")).to_contain_text("4 more would make it strong")
    field.fill(GOOD)
    expect(page.locator("[data-strength]")).to_have_text("Good length.")
    page.get_by_role("button", name="Show").click()
    expect(field).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide").click()
    expect(field).to_have_attribute("type", "password")


def test_the_keyboard_alone_is_enough_and_goes_in_order(page: Page) -> None:
    page.goto("/")
    for place in ("Skip to the text", "GenreGenie", "The guide", "Create an account"):
        page.keyboard.press("Tab")
        assert place in page.evaluate("document.activeElement.innerText")
    page.keyboard.press("Enter")
    expect(page.get_by_label("User name")).to_be_focused()
    expect(page.get_by_role("button", name="Show")).to_be_visible()  # once the script has run
    page.keyboard.type("chrome-elsa")
    page.keyboard.press("Tab")
    page.keyboard.type(GOOD)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Show")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Add an e-mail address")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("elsa@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading")).to_have_text("You are in, chrome-elsa.")
    stranger(page)
    page.goto("/login")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("chrome-elsa")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    page.keyboard.type(GOOD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("The inner room")).to_be_visible()


def test_codes_can_be_copied_and_downloaded(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    codes = sign_up(page, "chrome-fay")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").split() == codes
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "genregenie-recovery-codes.txt"
    assert Path(download.value.path()).read_text().split("\n\n")[1].split() == codes
    expect(page.get_by_role("button", name="Print")).to_be_visible()


def test_everything_works_without_javascript(chromium: Chromium, server: Server) -> None:
    context = chromium.new_context(base_url=server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name="Create an account").first.click()
    expect(page).to_have_url(f"{server.url}/signup")
    codes = sign_up(page, "chrome-gwen")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    page.goto("/reset")
    page.get_by_label("User name").fill("chrome-gwen")
    page.get_by_label("Recovery code").fill(codes[0])
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Set the new password").click()
    expect(page.get_by_role("status")).to_contain_text("Your password is changed.")
    page.goto("/login?next=/account")
    log_in(page, "chrome-gwen", NEW)
    expect(page.get_by_text("You have 7 unused codes.")).to_be_visible()
    page.locator("#delete-current").fill(NEW)
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("status")).to_contain_text("deleted")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(375, 812), (1280, 900)])
def test_the_front_door(
    new_tab: NewTab, demo: Server, scheme: Scheme, width: int, height: int
) -> None:
    """What a page looks like that somebody sees first, and that anybody can use it."""
    page = new_tab(demo, width, height)
    page.emulate_media(color_scheme=scheme)
    asked: list[str] = []
    told: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: told.append(said.text))
    page.goto("/")
    title = box(page, "h1")
    button = box(page, "button:has-text('Try without an account')")
    still = box(page, "figure")
    assert title["y"] + title["height"] < button["y"]
    assert button["y"] + button["height"] <= 500
    header, wide = box(page, "header"), width > 640
    assert page.get_by_text("Names the genre of a song").is_visible() == wide
    if wide:
        assert still["x"] > title["x"] + title["width"]
        assert still["y"] + still["height"] <= height
    else:
        assert still["y"] > button["y"] + button["height"]
        assert header["height"] == 56
        assert (button["x"], button["width"]) == (16, width - 32)
    assert page.evaluate(_SMALL_TARGETS) == []
    assert faults(page) == []
    page.get_by_role("link", name="Create an account").click()
    page.get_by_text("Add an e-mail address").click()
    assert page.evaluate(_SMALL_TARGETS) == []
    assert faults(page) == []
    sign_up(page, f"door-{scheme}-{width}")
    assert page.evaluate(_SMALL_TARGETS) == []
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert told == []
    assert all(url.startswith(demo.url) for url in asked)


def test_one_click_without_a_script_and_one_key(chromium: Chromium, demo: Server) -> None:
    context = chromium.new_context(base_url=demo.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="Try without an account").press("Enter")
    expect(page).to_have_url(f"{demo.url}/app/")
    page.goto("/logout")
    page.get_by_role("button", name="Leave").press("Enter")
    expect(page.get_by_role("status")).to_have_text(
        "You have left, and what you brought is deleted."
    )
    expect(page.get_by_role("button", name="Try without an account")).to_be_visible()
    context.close()


def box(page: Page, selector: str) -> FloatRect:
    """Where something stands on the page."""
    found = page.locator(selector).first.bounding_box()
    assert found is not None
    return found


def faults(page: Page) -> list[str]:
    return [
        f"{fault['id']}: {node['html'][:150]}"
        for fault in Axe().run(page).response["violations"]
        for node in fault["nodes"]
    ]


# What a finger would miss: links in a sentence are no targets of their own.
_SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, input, summary")]
  .filter((e) => e.checkVisibility() && !e.matches(".skip, p:not(.dots, .links) a:not(.button)"))
  .filter((e) => e.getBoundingClientRect().height < 44)
  .map((e) => e.outerHTML)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_can_be_read(new_tab: NewTab, server: Server, scheme: Scheme) -> None:
    page = new_tab(server)
    page.emulate_media(color_scheme=scheme)
    for path in ("/", "/login", "/signup", "/reset", "/reset/link"):
        page.goto(path)
        for width in (320, 375, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert fits, (path, width)
            lowest = page.evaluate(_LOWEST_CONTRAST)
            assert lowest >= 4.5, (path, width)  # WCAG AA for text


# The lowest contrast between any text and the nearest painted background behind it.
_LOWEST_CONTRAST = """() => {
  const light = (rgb) => {
    const [r, g, b] = rgb.match(/[\\d.]+/g).map((v) => v / 255)
      .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let lowest = 21;
  for (const element of document.querySelectorAll("body *")) {
    const said = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!said || !element.checkVisibility()) continue;
    let behind = element;
    while (behind && /, 0\\)$/.test(getComputedStyle(behind).backgroundColor)) {
      behind = behind.parentElement;
    }
    const a = light(getComputedStyle(element).color);
    const b = light(getComputedStyle(behind || document.body).backgroundColor);
    lowest = Math.min(lowest, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return lowest;
}"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    issued = trustme.CA().issue_cert(HUB, SPACE, "localhost")
    folder = tmp_path_factory.mktemp("certificate")
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    path = str(folder / "both.pem")
    ssl.create_default_context().load_cert_chain(path)
    return {"ssl_certfile": path, "ssl_keyfile": path}


def framed(
    start: Start, open_chromium: OpenChromium, certificate: dict[str, str], profile: str
) -> Iterator[Page]:
    space = start(WebConfig(cookies=profile, public_url=f"https://{SPACE}"), **certificate)

    async def hub(scope: dict, receive: Callable, send: Callable) -> None:  # type: ignore[type-arg]
        if scope["type"] == "http":
            frame = f'<iframe src="https://{SPACE}/" width="900" height="700"></iframe>'
            await HTMLResponse(f"<!doctype html><h1>A Space</h1>{frame}")(scope, receive, send)  # type: ignore[arg-type]

    with running(hub, lifespan="off", **certificate) as hub_port:
        browser = open_chromium(
            "--ignore-certificate-errors",
            f"--host-resolver-rules=MAP {HUB} 127.0.0.1:{hub_port},"
            f"MAP {SPACE} 127.0.0.1:{space.port}",
        )
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.goto(f"https://{HUB}/spaces/someone/genregenie")
        yield page
        context.close()


def test_the_app_in_the_iframe_of_a_space(
    start: Start, open_chromium: OpenChromium, certificate: dict[str, str]
) -> None:
    for page in framed(start, open_chromium, certificate, "space"):
        frame = page.frame_locator("iframe")
        frame.get_by_role("link", name="Create an account").first.click()
        frame.get_by_label("User name").fill("Space-Ada")
        frame.get_by_label("Password", exact=True).fill(GOOD)
        frame.get_by_role("button", name="Create an account").click()
        expect(frame.get_by_role("link", name="Open in a new tab")).to_be_visible()
        frame.get_by_role("link", name="Start listening").click()
        expect(frame.get_by_text("The inner room")).to_be_visible()
        expect(frame.locator("#bar").get_by_text("Space-Ada")).to_be_visible()
        (cookie,) = (c for c in page.context.cookies() if c["name"] == "__Host-genregenie")
        assert cookie["partitionKey"] == f"https://{HUB}"
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "None")
        frame.locator("#bar").get_by_role("button", name="Log out").click()
        expect(frame.get_by_role("status")).to_contain_text("You are logged out.")
        frame.get_by_label("User name").fill("Space-Ada")
        frame.get_by_label("Password", exact=True).fill(GOOD)
        frame.get_by_role("button", name="Log in").click()
        expect(frame.get_by_text("The inner room")).to_be_visible()


def test_elsewhere_the_app_cannot_be_framed(
    start: Start, open_chromium: OpenChromium, certificate: dict[str, str]
) -> None:
    for page in framed(start, open_chromium, certificate, "https"):
        page.wait_for_timeout(200)
        assert page.frame_locator("iframe").get_by_text("What genre").count() == 0
