"""People at a browser, over HTTP: what the page asks for, in the order in which it asks."""

import asyncio
import contextlib
import json
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from functools import cache
from typing import Any, Final

import httpx
from servers import PASSWORD

API: Final = "/app/gradio_api"
HTML: Final = {"accept": "text/html", "sec-fetch-dest": "document", "sec-fetch-site": "same-origin"}
PATIENCE_S: Final = 300
_JUDGED: Final = ("result", "nothing")
"""What the page says that it is showing, once there is a verdict."""


class RefusedError(Exception):
    """An answer that is a sentence, and says to come back."""


class CutOffError(Exception):
    """No answer, or one without a sentence."""


class GoneError(Exception):
    """A sentence that says to load the page again."""


class Page:
    """What Gradio tells a page about itself: the same for everybody.

    Parameters
    ----------
    config : dict
        As at ``/app/config``.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._components = {c["id"]: c["props"] for c in config["components"]}
        self._events = [e for e in config["dependencies"] if e["backend_fn"]]
        self.first = [e for e in self._events if any(t[1] == "load" for t in e["targets"])]
        self.listen = self.event("clip", "upload")

    def event(self, element: str, kind: str) -> dict[str, Any]:
        """What happens if that is done to an element."""
        for event in self._events:
            for number, what in event["targets"]:
                if what == kind and self._components[number].get("elem_id") == element:
                    return {**event, "trigger": number}
        raise LookupError(element)

    def after(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        """What is asked for when that has ended."""
        return [e for e in self._events if e["trigger_after"] == event["id"]]

    def values(self, event: dict[str, Any], given: Iterable[Any]) -> list[Any]:
        """What is sent: what was given, then what stands in the page."""
        given = list(given)
        rest = event["inputs"][len(given) :]
        return given + [self._components[number].get("value") for number in rest]


class Person:
    """Somebody with an account and a browser.

    Parameters
    ----------
    url : str
    name : str
    cookies : httpx.Cookies, optional
        Of the browser in which this is another tab.
    """

    def __init__(self, url: str, name: str, cookies: httpx.Cookies | None = None) -> None:
        self.name = name
        limits = httpx.Limits(max_connections=6, keepalive_expiry=4)
        self.client = httpx.AsyncClient(
            base_url=url, timeout=PATIENCE_S, limits=limits, verify=_anybody(), cookies=cookies
        )
        self._tab = ""
        self.beat: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Close the browser."""
        await self._close_tab()
        await self.client.aclose()

    async def _close_tab(self) -> None:
        if self.beat is not None:
            self.beat.cancel()
            await asyncio.gather(self.beat, return_exceptions=True)
            self.beat = None

    @property
    def server(self) -> str:
        """The server that this browser stays with, where there are several."""
        found = [c.value for c in self.client.cookies.jar if "genregenie-server" in c.name]
        return (found[0] or "").partition(".")[0] if found else ""

    async def see(self, path: str) -> str:
        """A page as it is written."""
        return (await self._asked("GET", path, headers=HTML)).text

    async def fill(self, page: str, path: str, status: int, **fields: str) -> str:
        """Fill in the form of a page; gives what is answered."""
        form = await self.see(page)
        if 'name="token" value="' not in form:
            raise CutOffError(f"no form on {page}")
        token = form.split('name="token" value="')[1].split('"')[0]
        return await self.send(path, status, token=token, **fields)

    async def send(self, path: str, status: int, **fields: str) -> str:
        """Send a form that is filled in."""
        answer = await self._asked("POST", path, status, data=fields, headers=HTML)
        return answer.text

    async def log_in(self, token: str) -> None:
        """Come in, with the token of the form."""
        await self.send("/login", 303, token=token, username=self.name, password=PASSWORD)

    async def form(self) -> str:
        """The log-in page; gives the token of its form."""
        return (await self.see("/login")).split('name="token" value="')[1].split('"')[0]

    async def config(self) -> Page:
        """What the page says of itself."""
        return Page((await self._asked("GET", "/app/config")).json())

    async def open(self, page: Page) -> None:
        """Open the page, in a tab of its own; `beat` ends when its server does."""
        await self._close_tab()
        self._tab = uuid.uuid4().hex[:11]
        if 'name="password"' in await self.see("/app/"):
            raise GoneError
        await self._asked("GET", "/app/theme.css")
        self.beat = asyncio.create_task(self._listen_to_the_heart())
        await self._do(page, page.first)

    async def upload(self, name: str, clip: bytes) -> str:
        """Send a file; gives what the server calls it."""
        answer = await self._asked("POST", f"{API}/upload", files={"files": (name, clip)})
        return str(answer.json()[0])

    async def listen(self, page: Page, path: str, judged: Callable[[], None]) -> None:
        """Have a clip heard, with all that the page shows of it; `judged` is called at once."""
        told = False

        def look(event: dict[str, Any], line: str) -> None:
            nonlocal told
            seen = any(f'data-state=\\"{state}\\"' in line for state in _JUDGED)
            if seen and not told and event["id"] == page.listen["id"]:
                told = True
                judged()

        file = {"path": path, "meta": {"_type": "gradio.FileData"}}
        await self._do(page, [page.listen], [file], look)
        if not told:
            raise CutOffError("the page has no verdict")

    async def call(self, path: str, status: int, token: dict[str, str], **body: Any) -> int:
        """Ask the API, as a program of this person's; gives the number of the result."""
        answer = await self._asked("POST", path, status, headers=token, **body)
        return int(answer.json()["id"])

    async def keep_audio(self, page: Page) -> bool:
        """Tick the box under a result; whether the page says that it is done."""
        said: list[str] = []
        event = page.event("keep-audio", "input")
        await self._do(page, [event], [True], lambda _, line: said.append(line))
        return any("with the audio; only you hear it" in line for line in said)

    async def _listen_to_the_heart(self) -> None:
        with contextlib.suppress(httpx.HTTPError):
            async with self.client.stream("GET", f"{API}/heartbeat/{self._tab}") as beating:
                async for _ in beating.aiter_raw():
                    pass

    async def _do(
        self,
        page: Page,
        events: list[dict[str, Any]],
        given: Iterable[Any] = (),
        look: Callable[[dict[str, Any], str], None] = lambda _event, _line: None,
    ) -> None:
        """Ask for events, and for what follows them, until all of it has come.

        What a server was asked for that is gone never comes, and another one may not know.
        """
        assert self.beat is not None  # noqa: S101 - a page is open
        work = asyncio.create_task(self._done(page, events, given, look))
        try:
            await asyncio.wait((work, self.beat), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise CutOffError("the server of this page is gone")
            await work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _done(
        self,
        page: Page,
        events: list[dict[str, Any]],
        given: Iterable[Any],
        look: Callable[[dict[str, Any], str], None],
    ) -> None:
        waiting: dict[str, dict[str, Any]] = {}
        for event in events:
            waiting[await self._join(page, event, given)] = event
        while waiting:
            address = f"{API}/queue/data?session_hash={self._tab}"
            async with self._streamed(address) as lines:
                async for line in lines:
                    if not line.startswith("data: "):
                        continue
                    told = json.loads(line[6:])
                    if told["msg"] == "close_stream":
                        break
                    if told["msg"] in ("unexpected_error", "server_stopped"):
                        raise CutOffError(line)
                    event = waiting.get(told.get("event_id", ""))
                    if event is None:
                        continue
                    look(event, line)
                    if told["msg"] == "process_completed":
                        del waiting[told["event_id"]]
                        if not told["success"]:
                            raise CutOffError(line)
                        for following in page.after(event):
                            waiting[await self._join(page, following)] = following

    async def _join(self, page: Page, event: dict[str, Any], given: Iterable[Any] = ()) -> str:
        body = {
            "data": page.values(event, given),
            "fn_index": event["id"],
            "session_hash": self._tab,
            "trigger_id": event.get("trigger"),
        }
        answer = await self._asked("POST", f"{API}/queue/join", json=body)
        return str(answer.json()["event_id"])

    @contextlib.asynccontextmanager
    async def _streamed(self, address: str) -> AsyncIterator[AsyncIterator[str]]:
        with _cut_off():
            async with self.client.stream("GET", address) as answer:
                if answer.status_code != 200:
                    await answer.aread()
                    _judge(answer, 200)
                yield answer.aiter_lines()

    async def _asked(
        self, method: str, path: str, status: int = 200, **options: Any
    ) -> httpx.Response:
        with _cut_off():
            answer = await self.client.request(method, path, **options)
        return _judge(answer, status)


@contextlib.contextmanager
def _cut_off() -> Any:
    try:
        yield
    except httpx.HTTPError as error:
        raise CutOffError(repr(error)) from error


def _judge(answer: httpx.Response, status: int) -> httpx.Response:
    """The answer, if it is the one that was hoped for."""
    if answer.status_code == status:
        return answer
    text = answer.text.lower()
    if answer.status_code in (429, 503) and "try again" in text:
        raise RefusedError(text[:200])
    if answer.status_code in (303, 401, 404, 421):
        raise GoneError(text[:200])
    raise CutOffError(f"{answer.request.url}: {answer.status_code} {text[:200]}")


@cache
def _anybody() -> ssl.SSLContext:
    """One for all, since each of its own would read the certificates of the world first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def timed(work: Any) -> float:
    """How many seconds something takes."""
    began = time.perf_counter()
    await work
    return time.perf_counter() - began
