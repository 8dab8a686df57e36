"""People's download: every section, in its order, as it has always been."""

import io
import json
import struct
from pathlib import Path

from genregenie.accounts import Accounts
from genregenie.accounts.export import export_person, write_person
from genregenie.accounts.feedback import Answer
from genregenie.accounts.opinions import StoredOpinion
from genregenie.accounts.results import Audio, Result
from tests.accounts.standins import Clock

GOLDEN = Path(__file__).with_name("my_data.json")
GOOD = "a calm indigo morning"


def live(accounts: Accounts, clock: Clock, name: str) -> int:
    """Do everything that leaves a trace; the person's number."""
    who, _ = accounts.people.sign_up(name, f"{name.lower()}@example.org", GOOD)
    clock.move(hours=1)
    for browser in ("Firefox/150.0 Linux", "something unheard of"):
        accounts.people.log_in(name, GOOD, browser)
    clock.move(minutes=5)
    accounts.people.change_password(who, GOOD, "seven loud orange evenings", "Edg/1 Windows")
    accounts.recovery.make_links(name)
    accounts.opinions.say(who.id, StoredOpinion("4uLU6hMCjMI75M1A2tKUQC", "Björk", "pop", True))
    accounts.opinions.say(who.id, StoredOpinion("cher/believe", "Cher", "pop", False))
    accounts.access_tokens.make(who, "my „script“", ("history", "classify"), 90)
    clock.move(seconds=1)
    numbers = struct.pack("<4d", 1.0, -2.5, 1e-9, 3.0)
    accounts.feedback.give(who.id, Answer("jazz", "blues", "confident", "v1", "Nina", numbers))
    accounts.feedback.give(who.id, Answer("rock", None, "not_music", "v1", "", numbers[:8]))
    first = accounts.results.keep(
        who.id, Result("a „tune“.mp3", "jazz", "confident", 0.75, 30.0, '{"a": [1, null, "ü"]}')
    )
    accounts.results.keep(who.id, Result("noise.wav", None, "not_music", 0.5, 3.25, "{}"))
    assert first is not None
    accounts.results.keep_audio(who.id, first, Audio(b"\0sound\xff", ".mp3"))
    clock.move(days=1)
    accounts.shares.make(who.id, first, b"key")
    accounts.shares.show_cover(who.id, first, b"cover")
    return who.id


def test_the_download_is_as_it_has_always_been(accounts: Accounts, clock: Clock) -> None:
    live(accounts, clock, "Bea")
    ada = live(accounts, clock, "Ada")
    data = export_person(accounts.db, accounts.blobs, ada)
    file = io.BytesIO()
    write_person(accounts.db, accounts.blobs, ada, file)
    assert file.getvalue() + b"\n" == GOLDEN.read_bytes()
    assert json.dumps(data, indent=2, ensure_ascii=False) + "\n" == GOLDEN.read_text("utf-8")


def test_somebody_who_has_done_nothing_has_empty_sections(accounts: Accounts) -> None:
    who, _ = accounts.people.sign_up("Ada", "", GOOD)
    data = export_person(accounts.db, accounts.blobs, who.id)
    assert list(data) == [
        "account",
        "sessions",
        "access_tokens",
        "feedback",
        "opinions",
        "results",
        "daily",
    ]
    assert not any(data[section] for section in list(data)[1:])


def test_my_data_holds_all_of_mine_and_no_secret(accounts: Accounts) -> None:
    who, codes = accounts.people.sign_up("Ada", "ada@example.org", GOOD)
    accounts.people.sign_up("Bea", "bea@example.org", GOOD)
    _, token = accounts.people.log_in("Ada", GOOD, "Firefox/150.0 Linux")
    text = json.dumps(export_person(accounts.db, accounts.blobs, who.id))
    data = json.loads(text)
    assert data["account"]["user_name"] == "Ada"
    assert data["account"]["email"] == "ada@example.org"
    assert data["account"]["recovery_codes_left"] == 8
    assert [s["browser"] for s in data["sessions"]] == ["Firefox on Linux"]
    for secret in ("argon2", token, "Bea", *codes):
        assert secret not in text
