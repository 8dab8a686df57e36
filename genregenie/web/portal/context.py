"""What every page of the portal needs: templates, cookies, form tokens, and the accounts."""

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from genregenie.accounts import Accounts
from genregenie.accounts.core import User
from genregenie.accounts.origin import Origin
from genregenie.accounts.passwords import ADVISED_LENGTH, MAX_LENGTH, MIN_LENGTH
from genregenie.accounts.sessions import MAX_AGE
from genregenie.accounts.tokens import new_token
from genregenie.common import resources
from genregenie.common.formatting import format_megabytes
from genregenie.storage.registry import MemoryRegistry, Registry
from genregenie.web.addresses import network_of
from genregenie.web.config import WebConfig
from genregenie.web.errors import FormError
from genregenie.web.identity import Identity, identify, identity_of, user_of
from genregenie.web.paths import ASSETS
from genregenie.web.portal.forms import Form, read_fields
from genregenie.web.portal.my_data import Downloads
from genregenie.web.security import cookies, devices
from genregenie.web.security.cookies import Cookies
from genregenie.web.security.csrf import FormTokens
from genregenie.web.security.devices import Devices
from genregenie.web.security.ownership import Ownership
from genregenie.web.serving.logs import request_id
from genregenie.web.workers import Workers

STATIC: Final = resources.static("web/portal")
TAGLINE: Final = "Names the genre of a song, and says how sure it is."
_LOCAL: Final = re.compile(r'(\s(?:href|src|action|formaction|poster)=")/(?!/)')
_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/manifest+json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


_GONE: Final = "gone"
_BROUGHT: Final = "brought"
_TOLD_S: Final = 60.0
"""Long enough for all servers to hear of it, which they ask for every few seconds."""


class PortalContext:
    """Reads forms, renders pages, hands out cookies, and knows what stands behind them."""

    def __init__(
        self,
        accounts: Accounts,
        workers: Workers,
        config: WebConfig,
        ownership: Ownership,
        registry: Registry | None = None,
    ) -> None:
        self.accounts = accounts
        self.workers = workers
        self.config = config
        self.ownership = ownership
        self._registry = registry or MemoryRegistry()
        self.downloads = Downloads(accounts, workers, ownership.folder)
        self.cookies = Cookies(config.cookies, config.root_path)
        self.tokens = FormTokens(config.key)
        self._devices = Devices(config.key)
        # Reset links on their way, so that no task is forgotten before it is done.
        self.mailing: set[asyncio.Task[None]] = set()
        # With the page's own style sheet, for results that are shown outside of it.
        files = [*STATIC.iterdir(), resources.assets() / "style.css"]
        self.assets = {ASSETS + f.name: (f.read_bytes(), _TYPES[f.suffix]) for f in files}
        version = hashlib.sha256(b"".join(body for body, _ in self.assets.values())).hexdigest()
        self._pages = Environment(
            loader=PackageLoader("genregenie.web.portal"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pages.filters.update(day=_day, moment=_moment, size=format_megabytes)
        self._pages.globals.update(
            blank=Form({}),
            assets=ASSETS,
            tagline=TAGLINE,
            version=version[:12],
            config=config,
            password_min=MIN_LENGTH,
            password_max=MAX_LENGTH,
            password_advised=ADVISED_LENGTH,
        )

    async def read(self, request: Request) -> Form:
        """The form that was sent, if it came from a page of ours.

        Raises
        ------
        FormError
            If it is too big, is no form, or carries no token that fits the browser's cookie.
        """
        fields = await read_fields(request)
        if not self.tokens.check(self._secret(request), fields.get("token", "")):
            raise FormError(
                "This page was open for too long, or your browser did not keep its cookie. "
                "Please try again."
            )
        return Form(fields)

    def message(self, request: Request, status: int, title: str, text: str) -> Response:
        """A page that only says something."""
        about = request_id.get() if status >= 500 else ""
        return self.page(
            request, "message.html", None, status, title=title, text=text, reference=about
        )

    def page(
        self,
        request: Request,
        template: str,
        form: Form | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> Response:
        """Render a page, with a cookie for the form token where the browser has none yet."""
        token, visitor = self.form_token(request)
        response = self.open_page(
            request,
            template,
            status,
            headers,
            form=form or Form({}),
            token=token,
            who=user_of(request.scope),
            **content,
        )
        return self.with_visitor(request, response, visitor)

    def form_token(self, request: Request) -> tuple[str, str | None]:
        """A token for the forms of a page.

        Returns
        -------
        token : str
        visitor : str or None
            The secret that it belongs to, for `with_visitor`, where the browser has none yet.
        """
        secret = self._secret(request)
        visitor = None if secret else new_token()
        return self.tokens.make(secret or visitor or ""), visitor

    def with_visitor(self, request: Request, response: Response, visitor: str | None) -> Response:
        """The same page, with a cookie for a new visitor's secret."""
        if visitor:
            response.headers.append(*self.cookies.store(request, cookies.VISITOR, visitor))
        return response

    def open_page(
        self,
        request: Request,
        template: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> Response:
        """Render a page without a form, which needs no cookie and knows nobody."""
        html = self._pages.get_template(template).render(
            framed=request.headers.get("sec-fetch-dest") == "iframe",
            here=request.url.path,
            **content,
        )
        return HTMLResponse(self._rooted(html), status, headers)

    def _rooted(self, html: str) -> str:
        """The same page with its addresses under the path that the app lies under."""
        # What people write cannot be taken for one: its quotation marks are escaped.
        return _LOCAL.sub(rf"\1{self.config.root_path}/", html) if self.config.root_path else html

    def at_the_door(self, request: Request, name: str) -> Origin:
        """Where somebody comes from who wants to be let in under this name."""
        device = self._devices.known(self.cookies.read(request, cookies.DEVICE), name)
        return Origin(network_of(request.scope), device, account=name if device else "")

    def enter(self, request: Request, user: User, token: str, target: str) -> Response:
        """Send somebody in, with the cookie of a new session."""
        return self._with_session(request, RedirectResponse(target, 303), user, token)

    def welcome(
        self, request: Request, user: User, token: str, template: str, **content: Any
    ) -> Response:
        """Render a page for somebody who is in from now on, with the cookie of a new session."""
        identify(request.scope, Identity(user, token, self.tokens.make(token)))
        page = self.page(request, template, **content)
        return self._with_session(request, page, user, token)

    async def bring_along(self, request: Request, user: User) -> bool:
        """Whether somebody came as a guest; what the guest has uploaded is the user's then."""
        before = user_of(request.scope)
        if before is None or not before.guest:
            return False
        await self.workers.quick(self._hand_over, before.id, user.id)
        return True

    def _hand_over(self, old_id: int, new_id: int) -> None:
        self.ownership.hand_over(old_id, new_id)
        self._registry.put(_BROUGHT, str(old_id), json.dumps([old_id, new_id]), _TOLD_S)

    def leave(self, request: Request, target: str) -> Response:
        """Send somebody away without a session."""
        response = RedirectResponse(target, 303)
        response.headers.append(*self.cookies.drop(request, cookies.SESSION))
        return response

    async def forget(self, user: User) -> None:
        """Delete somebody, with all that is kept of them."""
        await self.workers.quick(self.accounts.people.delete, user)
        await self.workers.quick(self.forget_files, user.id)

    def forget_files(self, person_id: int) -> None:
        """Remove what somebody who is deleted has uploaded, and was shown, from all servers."""
        self.ownership.forget(person_id)
        self._registry.put(_GONE, str(person_id), str(person_id), _TOLD_S)

    def hear_of_people(self) -> None:
        """Do here what another server did: hand over what guests had, remove what the gone had."""
        for both in self._registry.values(_BROUGHT):
            self.ownership.hand_over(*json.loads(both))
        for number in self._registry.values(_GONE):
            self.ownership.forget(int(number))

    def _with_session(
        self, request: Request, response: Response, user: User, token: str
    ) -> Response:
        age = timedelta(minutes=self.config.guests.minutes) if user.guest else MAX_AGE
        response.headers.append(
            *self.cookies.store(request, cookies.SESSION, token, int(age.total_seconds()))
        )
        # The next form must carry a token of the new session, not of the time before it.
        response.headers.append(*self.cookies.drop(request, cookies.VISITOR))
        if not user.guest:
            known, age_s = self._devices.make(user.name), int(devices.MAX_AGE.total_seconds())
            response.headers.append(*self.cookies.store(request, cookies.DEVICE, known, age_s))
        return response

    def _secret(self, request: Request) -> str | None:
        identity = identity_of(request.scope)
        return identity.session_token if identity else self.cookies.read(request, cookies.VISITOR)


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def user_agent(request: Request) -> str:
    """The browser's description of itself, at a length worth reading."""
    return request.headers.get("user-agent", "")[:500]
