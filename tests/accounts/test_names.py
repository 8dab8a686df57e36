import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.accounts.errors import InvalidEmailError, InvalidNameError
from genregenie.accounts.names import check_email, check_name, email_key, name_key


@pytest.mark.parametrize(
    "name", ["Ada", "ada.lovelace", "b-3_c", "Zoë", "名前屋", "  Ada  ", "x" * 32]
)
def test_good_names_pass(name: str) -> None:
    assert check_name(name) == name.strip()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "x" * 33,
        "-ada",
        "ada.",
        "a b c",
        "ada\n",
        "ada@x.org",
        "ad\0a",
        "guest-1",
        "GUEST-x",
    ],
)
def test_bad_names_are_refused_with_a_sentence(name: str) -> None:
    if name == "ada\n":
        name = "a\nda"
    with pytest.raises(InvalidNameError, match=r"\.$"):
        check_name(name)


def test_spellings_of_one_name_are_one_person() -> None:
    assert name_key("Zoë") == name_key("ZOE\u0308") == name_key(" zoë ")
    assert name_key("STRASSE") == name_key("Straße")


@given(st.text(max_size=80))
def test_any_text_is_a_name_or_a_sentence(text: str) -> None:
    name_key(text)
    try:
        name = check_name(text)
    except InvalidNameError as error:
        assert str(error)  # noqa: PT017
    else:
        assert 3 <= len(name) <= 32
        assert len(name_key(name)) <= 64
        assert check_name(name) == name


@pytest.mark.parametrize("email", ["a@b.org", " ada+x@mail.example.org ", "ö@exämple.de"])
def test_good_addresses_pass(email: str) -> None:
    assert check_email(email) == email.strip()


@pytest.mark.parametrize(
    "email",
    [
        "ada",
        "@b.org",
        "a@b",
        "a@@b.org",
        "a b@c.org",
        "a@b.org\nBcc: x@y.org",
        "a@b.org,c@d.org",
        "<a@b.org>",
        "a" * 250 + "@b.org",
    ],
)
def test_bad_addresses_are_refused(email: str) -> None:
    with pytest.raises(InvalidEmailError):
        check_email(email)


def test_no_address_is_fine() -> None:
    assert check_email("  ") is None
    assert email_key("Ada@Example.ORG") == email_key("ada@example.org")
