"""Was it right? Asked in a real browser, answered into a real database."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import text

from genregenie.accounts import open_accounts
from genregenie.accounts.feedback import FeedbackRecord, clip_key
from genregenie.features.statistics import Statistics
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.storage.database import sqlite_url
from genregenie.web.ui.sections import feedback
from tests import sounds
from tests.web.pages import start_again
from tests.web.servers import CHEAP, NewTab, Server, let_in


@pytest.fixture
def page(new_tab: NewTab, gated_app: Server) -> Page:
    """The Listen tab of somebody new."""
    return let_in(new_tab(gated_app, 375, 812), gated_app)


def drop(page: Page, clip: Path) -> None:
    page.set_input_files("#clip input[type=file]", clip)
    expect(page.locator("#was-it-right h3")).to_be_visible(timeout=30_000)


def given(server: Server) -> list[FeedbackRecord]:
    newest = max(server.accounts.people.living())
    return [one for one in server.accounts.feedback.everything() if one.person_id == newest]


def test_it_is_rather_country(page: Page, gated_app: Server, gtzan: Path) -> None:
    clip = gtzan / "audio/full/metal.00001.flac"
    drop(page, clip)
    page.get_by_label("It is rather").select_option("Country")
    expect(page.locator("#feedback-kept")).to_contain_text("Kept with your account")

    (one,) = given(gated_app)
    prediction = Classifier.load().predict(clip)
    assert (one.answer.genre, one.answer.model_genre) == ("country", prediction.genre)
    assert one.answer.verdict == prediction.verdict
    assert one.answer.model_version == Classifier.load().model.version
    kept = Statistics.from_bytes(one.answer.numbers)
    assert kept.count == prediction.statistics.count
    assert (kept.total == prediction.statistics.total).all()
    assert (kept.outer == prediction.statistics.outer).all()
    newest = text("SELECT * FROM feedback ORDER BY id DESC LIMIT 1")
    # All there is of the clip: numbers and their hash.
    with gated_app.accounts.db.read() as session:
        row = session.execute(newest).mappings().one()
    assert {k: len(v) for k, v in row.items() if isinstance(v, bytes)} == {
        "clip_key": 32,
        "numbers": 8 * 183,
    }

    # Another genre replaces it, by keyboard; the first button agrees; and it can be taken back.
    page.get_by_label("It is rather").focus()
    page.keyboard.type("Jaz")
    page.keyboard.press("Enter")
    page.get_by_role("button", name=re.compile("^Yes|^Metal")).press("Enter")
    expect(page.locator("#was-it-right [aria-pressed=true]")).to_have_count(1)
    expect(page.get_by_label("It is rather")).to_have_value("")
    for _ in range(100):
        said = [one.answer.genre for one in given(gated_app)]
        if said == [prediction.genre]:
            break
        page.wait_for_timeout(50)
    assert said == [prediction.genre]

    page.goto(page.url)  # unlike a reload, it brings nothing back that would be shown twice
    drop(page, clip)
    expect(page.locator("#feedback-kept")).to_contain_text("You have said before: metal")
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("#feedback-kept")).to_contain_text("Taken back")
    assert given(gated_app) == []


def test_a_double_click_is_one_answer_and_each_clip_has_its_own(
    page: Page, gated_app: Server, gtzan: Path
) -> None:
    metal = gtzan / "audio/full/metal.00001.flac"
    other = next((gtzan / "audio/full").glob("classical.*.flac"))
    drop(page, metal)
    page.locator("#was-it-right button").first.dblclick()
    expect(page.locator("#feedback-kept")).to_contain_text("Thanks")
    first = page.locator(".gg-ask").get_attribute("data-clip")
    start_again(page)
    expect(page.locator("#feedback")).to_be_hidden()
    drop(page, other)
    expect(page.locator(".gg-ask")).not_to_have_attribute("data-clip", first)
    page.locator("#was-it-right button").first.click()
    expect(page.locator("#feedback-kept")).to_contain_text("Thanks")
    keys = [
        clip_key(Classifier.load().predict(clip).statistics.to_bytes()) for clip in (metal, other)
    ]
    assert [clip_key(one.answer.numbers) for one in given(gated_app)] == keys


def test_what_is_called_no_music_can_be_music_all_the_same(
    page: Page, gated_app: Server, tmp_path: Path
) -> None:
    clip = tmp_path / "noise.wav"
    clip.write_bytes(sounds.encode(sounds.noise(6.0)))
    drop(page, clip)
    expect(page.locator("#was-it-right")).to_contain_text("Is it music after all?")
    page.get_by_label("It is").select_option("Metal")
    expect(page.locator("#feedback-kept")).to_contain_text("Thanks")
    (one,) = given(gated_app)
    assert (one.answer.genre, one.answer.model_genre) == ("metal", None)
    assert Axe().run(page, "#feedback").response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- the handlers alone ----------------------------------------------------------------------


@pytest.fixture
def handlers(tmp_path: Path) -> Iterator[feedback.Handlers]:
    accounts = open_accounts(sqlite_url(tmp_path), CHEAP)
    yield feedback.Handlers(accounts)
    accounts.close()


def heard() -> Prediction:
    return Classifier.load().predict(sounds.encode(sounds.tune(5.0)))


NOBODY = SimpleNamespace(request=None)


def event(clip: object, genre: object) -> SimpleNamespace:
    return SimpleNamespace(clip=clip, genre=genre)


def test_without_accounts_it_is_kept_without_a_name(handlers: feedback.Handlers) -> None:
    prediction = heard()
    key = clip_key(prediction.statistics.to_bytes())
    assert "without a name" in handlers.answer(prediction, NOBODY, event(key.hex(), "jazz"))
    (one,) = handlers._feedback.everything()
    assert (one.person_id, one.answer.genre) == (None, "jazz")
    _, html, before = handlers.show(prediction, NOBODY)
    assert "before: jazz" in before
    assert html.count('aria-pressed="true"') + html.count(" selected") == 1


@pytest.mark.parametrize(
    ("clip", "genre", "message"),
    [
        ("another clip", "jazz", "Another clip"),
        (None, "jazz", "Another clip"),
        ("mine", "polka", "no genre"),
        ("mine", ["jazz"], "no genre"),
        ("mine", None, "no genre"),
    ],
)
def test_what_the_browser_says_is_not_believed(
    handlers: feedback.Handlers, clip: object, genre: object, message: str
) -> None:
    prediction = heard()
    if clip == "mine":
        clip = clip_key(prediction.statistics.to_bytes()).hex()
    assert message in handlers.answer(prediction, NOBODY, event(clip, genre))
    assert "Another clip" in handlers.answer(None, NOBODY, event(clip, genre))
    assert handlers._feedback.everything() == []
