import stat
from pathlib import Path

import pytest

from genregenie.common import limits, settings
from genregenie.common.settings import SettingsError
from genregenie.web.config import WebConfig, load_key


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in (
        "GENREGENIE_GATE", "GENREGENIE_COOKIES", "GENREGENIE_PUBLIC_URL", "DATABASE_URL",
        "GENREGENIE_SMTP_HOST", "SPACE_ID", "SPACE_HOST", "GRADIO_SERVER_NAME",
        "GRADIO_SERVER_PORT", "GENREGENIE_SECRET_KEY", "GENREGENIE_GUESTS",
        "GENREGENIE_GUEST_UPLOADS", "GENREGENIE_GUEST_MINUTES",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path))


def test_a_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    config = WebConfig.from_settings()
    assert (config.gate, config.cookies, config.ephemeral, config.mails) == (
        "demo",
        "http",
        False,
        False,
    )
    assert (settings.server_host(), settings.server_port()) == ("127.0.0.1", None)


def test_a_space(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "someone/genregenie")
    monkeypatch.setenv("SPACE_HOST", "someone-genregenie.hf.space")
    config = WebConfig.from_settings()
    assert (config.gate, config.cookies, config.ephemeral) == ("demo", "space", True)
    assert config.public_url == "https://someone-genregenie.hf.space"
    assert (settings.server_host(), settings.server_port()) == ("0.0.0.0", 7860)  # noqa: S104
    monkeypatch.setenv("DATABASE_URL", "postgres://u:p@db.example.org/x")
    assert not WebConfig.from_settings().ephemeral


def test_a_server_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENREGENIE_PUBLIC_URL", "https://music.example.org/")
    config = WebConfig.from_settings()
    assert (config.cookies, config.public_url) == ("https", "https://music.example.org")
    assert config.gate == "on"  # though it listens to this machine: a proxy stands in front of it
    monkeypatch.setenv("GENREGENIE_COOKIES", "http")
    assert WebConfig.from_settings().cookies == "http"


@pytest.mark.parametrize("mode", ["on", "OFF", " demo "])
def test_the_modes_of_the_gate(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv("GENREGENIE_GATE", mode)
    assert WebConfig.from_settings().gate == mode.strip().lower()


@pytest.mark.parametrize(
    ("host", "gate"),
    [
        ("127.0.0.1", "demo"),
        ("localhost", "demo"),
        ("::1", "demo"),
        ("127.8.9.1", "demo"),
        ("0.0.0.0", "on"),  # noqa: S104
        ("::", "on"),
        ("192.168.1.7", "on"),
        ("music.example.org", "on"),
        ("localhost.example.org", "on"),
    ],
)
def test_guests_are_welcome_where_nobody_but_this_machine_gets_in(
    monkeypatch: pytest.MonkeyPatch, host: str, gate: str
) -> None:
    assert WebConfig.from_settings(host).gate == gate
    monkeypatch.setenv("GRADIO_SERVER_NAME", host)
    assert WebConfig.from_settings().gate == gate
    assert WebConfig.from_settings("localhost").gate == "demo"  # as the command line says
    monkeypatch.setenv("GENREGENIE_PUBLIC_URL", "http://localhost:7860")
    assert WebConfig.from_settings().gate == gate
    monkeypatch.setenv("SPACE_ID", "someone/genregenie")
    assert WebConfig.from_settings().gate == "demo"
    for asked in ("on", "off"):
        monkeypatch.setenv("GENREGENIE_GATE", asked)
        assert WebConfig.from_settings().gate == asked


def test_what_guests_may_take_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert WebConfig.from_settings().guests == limits.GuestLimits(20, 30, 60)
    for number, name in enumerate(("GUESTS", "GUEST_UPLOADS", "GUEST_MINUTES"), 5):
        monkeypatch.setenv(f"GENREGENIE_{name}", f" {number} ")
    assert WebConfig.from_settings().guests == limits.GuestLimits(5, 6, 7)


@pytest.mark.parametrize("name", ["GUESTS", "GUEST_UPLOADS", "GUEST_MINUTES"])
@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "100001", "9" * 5000, "\u0663"])
def test_numbers_that_make_no_sense_are_a_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"GENREGENIE_{name}", value)
    told = f"^GENREGENIE_{name} must be a whole number, 1 to 100000.$"
    with pytest.raises(SettingsError, match=told):
        WebConfig.from_settings()


def test_a_typing_mistake_does_not_open_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENREGENIE_GATE", "of")
    with pytest.raises(SettingsError, match="one of on, off, demo"):
        WebConfig.from_settings()


def test_the_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENREGENIE_SECRET_KEY", "k" * 40)
    config = WebConfig.from_settings()
    assert config.key == b"k" * 40
    assert "kkkk" not in repr(config)


def test_the_key_is_made_once_and_kept_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "data"))
    key = load_key()
    assert len(key) == 64
    assert load_key() == key
    assert stat.S_IMODE((tmp_path / "data" / "secret-key").stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / "data").iterdir()] == ["secret-key"]
    monkeypatch.setenv("GENREGENIE_SECRET_KEY", "k" * 32)
    assert load_key() == b"k" * 32


def test_how_long_what_people_heard_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert WebConfig.from_settings().keep_days is None
    monkeypatch.setenv("GENREGENIE_KEEP_DAYS", " 90 ")
    assert WebConfig.from_settings().keep_days == 90
    for wrong in ("0", "-1", "1.5", "a week"):
        monkeypatch.setenv("GENREGENIE_KEEP_DAYS", wrong)
        with pytest.raises(SettingsError, match="GENREGENIE_KEEP_DAYS must be a whole number"):
            WebConfig.from_settings()
