"""Where somebody may be sent."""

from urllib.parse import urlsplit

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.web.paths import local_target, login_url


@given(st.text(max_size=60) | st.text(alphabet="/\\.:@%?#evil\t\n", max_size=20))
@settings(max_examples=300)
def test_every_target_is_a_path_of_this_site(text: str) -> None:
    for target in (local_target(text), login_url(text)):
        parts = urlsplit(target)
        assert target.startswith("/")
        assert target[1:2] not in ("/", "\\")
        assert (parts.scheme, parts.netloc) == ("", "")
        assert target.isascii()
        assert target.isprintable()
        assert httpx.URL("http://here.example").join(target).host == "here.example"
