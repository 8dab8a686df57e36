"""Reading forms: whatever is sent becomes fields of text, or an error with a sentence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from genregenie.accounts.errors import AccountError
from genregenie.web.errors import FormError

MAX_BYTES: Final = 32 * 1024
MAX_FIELDS: Final = 20


@dataclass
class Form:
    """The fields of a form, and what is wrong with them.

    Attributes
    ----------
    errors : dict
        Sentences by field name; under ``""`` what concerns the form as a whole.
    """

    fields: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """A field's text, empty when it was not sent."""
        return self.fields.get(name, "")

    def check(self, name: str, rule: Callable[[str], object]) -> None:
        """Note what a rule has against a field's text."""
        try:
            rule(self.get(name))
        except AccountError as error:
            self.fail(error, name)

    def fail(self, error: Exception | str, name: str = "") -> None:
        """Note what is wrong with a field, or with the form."""
        self.errors.setdefault(name, str(error))


async def read_fields(request: Request) -> dict[str, str]:
    """The fields of an urlencoded form. Of a name sent twice the last counts.

    Raises
    ------
    FormError
        If the body is too big, has too many fields, or is no such form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormError("This is not a form GenreGenie can read.")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                raise FormError("This is more text than the form takes.")
    except ClientDisconnect:
        raise FormError("The form did not arrive whole.") from None
    try:
        text = body.decode("utf-8", "replace")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise FormError("This is not a form GenreGenie can read.") from None
    # No database takes a NUL, and no person types one.
    return {name: value.replace("\0", "\N{REPLACEMENT CHARACTER}") for name, value in pairs}
