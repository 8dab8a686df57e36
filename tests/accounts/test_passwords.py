import threading
from concurrent.futures import ThreadPoolExecutor

import argon2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.accounts.errors import WeakPasswordError
from genregenie.accounts.passwords import (
    ADVISED_LENGTH,
    AT_ONCE,
    MAX_LENGTH,
    MIN_LENGTH,
    HashCost,
    Hasher,
    check_password,
    strength,
)

CHEAP = HashCost(memory_kib=16, passes=1)


def test_the_figures_are_owasps() -> None:
    assert (MIN_LENGTH, ADVISED_LENGTH, MAX_LENGTH) == (8, 15, 128)
    cost = HashCost()
    assert cost.memory_kib >= 19 * 1024
    assert cost.passes >= 2


@pytest.mark.parametrize(
    "password",
    [
        "xkqzvbnm",
        "correct horse battery staple",
        "κωδικός με διάκενα",
        "🎷🎺🥁🎸🎻🪕🎹🪗",
        "only lower case letters",
        "9183640275184",
        "a rather long phrase that nobody else has thought of " * 2,
        "x7" + "!" * 5 + "lighthouse",
    ],
)
def test_good_passwords_pass_whatever_they_are_made_of(password: str) -> None:
    check_password(password, "ada")


@pytest.mark.parametrize(
    "password",
    [
        "password", "password1", "Passw0rd!", "12345678", "123456789012345678", "qwertyuiop",
        "qwertyuiopqwertyuiop", "aaaaaaaaaaaaaaaaaaaa", "abcabcabcabc", "iloveyou", "letmein1",
        "genregenie", "GenreGenie1", "abcdefgh", "19841984", "drowssap",
    ],
)  # fmt: skip
def test_what_attackers_try_first_is_refused(password: str) -> None:
    with pytest.raises(WeakPasswordError, match="attackers"):
        check_password(password, "ada")


def test_the_user_name_is_no_password() -> None:
    check_password("wilhelmtrud", "ada")
    with pytest.raises(WeakPasswordError):
        check_password("wilhelmtrud", "Wilhelmtrud")


@pytest.mark.parametrize("length", [0, 1, 7, 129, 5000])
def test_the_length_has_bounds(length: int) -> None:
    with pytest.raises(WeakPasswordError, match=r"choose|at least 8|at most 128"):
        check_password("zy"[: length % 2] + "gx" * (length // 2))


def test_128_characters_are_welcome() -> None:
    check_password(("seventeen quiet llamas " * 6)[:128])


@given(st.text(max_size=200))
@settings(max_examples=60)
def test_any_text_is_judged_without_an_accident(password: str) -> None:
    try:
        check_password(password, "ada")
    except WeakPasswordError as error:
        assert str(error).endswith(".")  # noqa: PT017


@pytest.mark.slow
def test_hostile_passwords_are_judged_by_their_ends_only() -> None:
    assert strength("4@8({[<369!1|0$5+7%2" * 6) >= 2


def test_only_argon2id_is_stored_and_no_two_hashes_are_alike() -> None:
    hasher = Hasher()
    stored = hasher.hash("a calm indigo morning")
    parameters = argon2.extract_parameters(stored)
    assert stored.startswith("$argon2id$")
    assert parameters.memory_cost == HashCost().memory_kib
    assert stored != hasher.hash("a calm indigo morning")
    assert hasher.verify(stored, "a calm indigo morning")
    assert not hasher.verify(stored, "a calm indigo evening")


def test_the_same_letters_typed_on_another_keyboard_fit() -> None:
    hasher = Hasher(CHEAP)
    assert hasher.verify(hasher.hash("Zoe\u0308 spielt Geige"), "Zo\u00eb spielt Geige")


@pytest.mark.parametrize("stored", [None, "", "no hash at all", "$argon2id$v=19$m=1"])
def test_nothing_fits_where_there_is_no_hash(stored: str | None) -> None:
    assert not Hasher(CHEAP).verify(stored, "the password of nobody")


def test_a_hash_of_other_parameters_is_outdated() -> None:
    old = Hasher(CHEAP).hash("a calm indigo morning")
    assert Hasher(HashCost(memory_kib=32, passes=1)).outdated(old)
    assert not Hasher(CHEAP).outdated(old)


def test_at_most_two_hashes_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0
    lock = threading.Lock()
    real = argon2.PasswordHasher.hash

    def counted(*args: object, **kwargs: object) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            return str(real(*args, **kwargs))  # type: ignore[arg-type]
        finally:
            with lock:
                running -= 1

    hasher = Hasher(HashCost(memory_kib=4096, passes=1))
    monkeypatch.setattr(argon2.PasswordHasher, "hash", counted)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(hasher.hash, ["a calm indigo morning"] * 24))
    assert most == AT_ONCE == 2
