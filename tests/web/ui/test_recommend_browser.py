"""Recommendations in a real browser, with an account and a stand-in for Spotify."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from genregenie.accounts.export import export_person
from tests.spotify import standin
from tests.web.servers import NewTab, Server, Start, let_in


@pytest.fixture(scope="module")
def spotify(spotify_data):
    with standin.Spotify(spotify_data) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running
        assert running.invalid == []


@pytest.fixture(scope="module")
def server(start: Start, spotify) -> Iterator[Server]:
    begun = start(page=None)
    spotify.redirect_uri = f"{begun.url}/spotify/callback"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPOTIPY_REDIRECT_URI", spotify.redirect_uri)
        yield begun


@pytest.fixture
def page(new_tab: NewTab, server: Server) -> Page:
    return let_in(new_tab(server, 375, 812), server)


def drop(page: Page, clip) -> None:
    page.locator("#clip input[type=file]").set_input_files(clip)
    expect(page.locator("#on-spotify .rec-card")).to_have_count(10, timeout=30_000)


def outside(page: Page) -> list[str]:
    """Addresses beyond this machine that the page asks for; none is answered."""
    asked: list[str] = []

    def note(route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route(re.compile(r"^https?://(?!localhost|127\.0\.0\.1)"), note)
    return asked


def test_cards_player_and_covers_only_when_asked(page: Page, gtzan) -> None:
    asked = outside(page)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None,
    )
    drop(page, gtzan / "audio/full/rock.00001.flac")
    expect(page.locator("#sounds-like .rec-line")).to_have_count(6)
    assert asked == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Show covers").click()
    expect(page.locator("img.rec-cover").first).to_have_attribute("src", re.compile("i.scdn.co"))
    page.get_by_role("button", name="Play here").first.click()
    player = page.locator("iframe.rec-player")
    expect(player).to_have_attribute("src", re.compile("^https://open.spotify.com/embed/track/"))
    assert "allow-popups" in player.get_attribute("sandbox")
    assert player.get_attribute("allow") == "encrypted-media"
    page.wait_for_timeout(300)
    assert {url.split("/")[2] for url in asked} == {"i.scdn.co", "open.spotify.com"}
    assert errors == []


def test_a_like_is_kept_and_changes_the_order(page: Page, server: Server, gtzan) -> None:
    drop(page, gtzan / "audio/full/rock.00001.flac")
    titles = page.locator("#sounds-like .rec-line b")
    before = titles.all_inner_texts()
    page.locator('#sounds-like [data-act="like"]').nth(3).click()
    expect(titles.first).to_have_text(before[3])
    expect(page.locator("#sounds-like .rec-reason").first).to_contain_text("because you liked")
    # The keyboard stays with the button that was pressed, wherever its card has gone.
    expect(page.locator('#sounds-like [data-act="like"]').first).to_be_focused()
    unwanted = titles.nth(1).inner_text()
    page.locator('#sounds-like [data-act="dislike"]').nth(1).click()
    expect(page.locator("#sounds-like")).not_to_contain_text(unwanted)
    page.reload()
    drop(page, gtzan / "audio/full/rock.00001.flac")
    expect(titles.first).to_have_text(before[3])
    newest = max(server.accounts.people.living())
    mine = export_person(server.accounts.db, server.accounts.blobs, newest)["opinions"]
    assert sorted(opinion["liked"] for opinion in mine) == [False, True]
    # A second click on the same button takes it back.
    page.locator('#sounds-like [aria-pressed="true"]').first.click()
    expect(page.locator('#sounds-like [aria-pressed="true"]')).to_have_count(0)


def test_a_click_counts_though_the_cards_are_laid_anew_under_it(page: Page, gtzan) -> None:
    drop(page, gtzan / "audio/full/rock.00001.flac")
    unwanted = page.locator("#sounds-like .rec-line b").first.inner_text()
    page.locator('#sounds-like [data-act="dislike"]').first.hover()
    page.mouse.down()
    page.evaluate(
        "() => { const cards = document.querySelector('#sounds-like .rec-line').parentElement;"
        " cards.innerHTML = cards.innerHTML }"
    )
    page.mouse.up()
    expect(page.locator("#sounds-like")).not_to_contain_text(unwanted)


def test_years_exports_and_a_playlist(page: Page, spotify, gtzan) -> None:
    drop(page, gtzan / "audio/full/rock.00001.flac")
    page.get_by_label("From year").fill("1990")
    page.get_by_label("To year").fill("1999")
    page.get_by_label("To year").press("Enter")
    expect(page.locator("#on-spotify .rec-card").first).to_contain_text(re.compile(r", 199\d"))
    expect(page.locator("#on-spotify")).not_to_contain_text(re.compile(r", 19[678]\d|, 20\d\d"))
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "on Spotify" in download.value.path().read_text(encoding="utf-8")
    page.get_by_text("As text to paste").click()
    assert len(page.get_by_label("The list as text").input_value().splitlines()) == 16

    page.get_by_role("button", name="Save as playlist on Spotify").click()
    expect(page.locator("#playlist-message")).to_contain_text("not connected")
    link = page.get_by_role("link", name="Connect Spotify")
    with page.expect_popup() as popup:
        link.click()
    expect(popup.value.get_by_role("heading")).to_have_text("Spotify is connected")
    page.get_by_role("button", name="Save as playlist on Spotify").click()
    expect(page.locator("#playlist-message")).to_contain_text("Saved as a private playlist")
    (playlist,) = spotify.playlists.values()
    assert len(playlist["uris"]) >= 10
