"""The environment variables that GenreGenie reads; limits of what people take up are in `limits`.

Values are read when asked for, so tests and long-running processes see changes.
"""

import ipaddress
import os
import re
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from genregenie.common import environment, resources
from genregenie.common.environment import SettingsError as SettingsError
from genregenie.common.formatting import reason

USUAL_PORT = 7860
HEARING = "GENREGENIE_HEARING"
_ROOT_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")


def model_dir() -> Path:
    """Folder of the model that listens: ``GENREGENIE_MODEL``, else `trained` ``gtzan``."""
    return Path(os.environ.get("GENREGENIE_MODEL") or trained("gtzan"))


def hearing() -> str | None:
    """``GENREGENIE_HEARING``: ``all``, ``timbre`` alone, or None where nothing is said.

    Raises
    ------
    SettingsError
        For any other value.
    """
    if not os.environ.get("GENREGENIE_HEARING"):
        return None
    return environment.one_of("GENREGENIE_HEARING", ("all", "timbre"), "all")


def training_data_dir() -> Path:
    """Folder of the training data: ``data`` in ``GENREGENIE_SHARED``, else in ``../shared``.

    What is beside depends on the checkout; without one, on the working folder.
    """
    beside = (resources.checkout() or Path.cwd()).parent / "shared"
    return Path(os.environ.get("GENREGENIE_SHARED") or beside) / "data"


def trained_dir() -> Path:
    """Folder that new models go to: ``models`` of the checkout, else of the data folder."""
    return (resources.checkout() or data_dir()) / "models"


def trained(name: str) -> Path:
    """What has this name among the models: the one made here, else the one that is shipped."""
    own = trained_dir() / name
    return own if own.exists() else resources.models() / name


def on_space() -> bool:
    """Whether this process runs inside a Hugging Face Space."""
    return bool(os.environ.get("SPACE_ID"))


def server_host() -> str:
    """Address to listen on: ``GRADIO_SERVER_NAME``, else all on a Space, else this machine."""
    return os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if on_space() else "127.0.0.1")  # noqa: S104


def server_port() -> int | None:
    """Port to listen on: ``GRADIO_SERVER_PORT``, 7860 on a Space, else None: 7860 or one near it.

    Raises
    ------
    SettingsError
        If it is not a port number.
    """
    if not os.environ.get("GRADIO_SERVER_PORT") and not on_space():
        return None
    return environment.port("GRADIO_SERVER_PORT", USUAL_PORT)


def is_this_machine(host: str | None) -> bool:
    """Whether an address to listen on, or one that people type, is for this machine alone."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def gate_mode(host: str | None = None) -> str:
    """Who may come in: ``GENREGENIE_GATE`` is ``on`` (log in), ``demo`` (guests too) or ``off``.

    When absent: ``demo`` on a Space and where nobody but this machine gets in, else ``on``.

    Parameters
    ----------
    host : str, optional
        What is listened on; by default `server_host`.

    Raises
    ------
    SettingsError
        For any other value, so that a typing mistake never leaves the door open.
    """
    # What has a public address listens to this machine for the proxy in front of it.
    url = public_url()
    hosts = [host or server_host(), *([urlsplit(url).hostname] if url else [])]
    welcome = on_space() or all(map(is_this_machine, hosts))
    usual = "demo" if welcome else "on"
    return environment.one_of("GENREGENIE_GATE", ("on", "off", "demo"), default=usual)


def data_dir() -> Path:
    """Folder of accounts and keys: ``GENREGENIE_DATA_DIR``, else the platform's own place."""
    given = os.environ.get("GENREGENIE_DATA_DIR")
    return Path(given) if given else platformdirs.user_data_path("genregenie", appauthor=False)


def ready_data_dir() -> Path:
    """The folder of `data_dir`, made where it is missing, and one that can be written.

    Raises
    ------
    SettingsError
        If nothing can be kept there; the message names the variable to set.
    """
    folder = data_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(4096))  # a full disk still takes names
    except OSError as error:
        raise SettingsError(
            f"The data folder {folder} cannot be written: {reason(error)}. "
            "Set GENREGENIE_DATA_DIR to one that can."
        ) from None
    return folder


def upload_parent() -> Path:
    """Folder that each server makes its folder of uploads in: the one for temporary files.

    Raises
    ------
    SettingsError
        If there is no such folder that can be written.
    """
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        raise SettingsError(
            "There is no folder for temporary files that can be written and has room. "
            "Set TMPDIR to one."
        ) from None


def database_url() -> str | None:
    """Database of the accounts: ``DATABASE_URL``, else None for SQLite in the data folder."""
    return os.environ.get("DATABASE_URL") or None


def secret_key() -> str | None:
    """Key that form tokens are signed with: ``GENREGENIE_SECRET_KEY``, else None (kept in a file).

    Raises
    ------
    SettingsError
        If the key is shorter than 32 characters, which could be guessed offline.
    """
    key = os.environ.get("GENREGENIE_SECRET_KEY") or None
    if key is not None and len(key) < 32:
        raise SettingsError("GENREGENIE_SECRET_KEY must be at least 32 characters long.")
    return key


def public_url() -> str | None:
    """Address people type, for links in e-mails: ``GENREGENIE_PUBLIC_URL``, else the Space's.

    It ends with `root_path`, whether or not that was written there.

    Raises
    ------
    SettingsError
        If it is not an ``http://`` or ``https://`` address, or has another path.
    """
    space = os.environ.get("SPACE_HOST") if on_space() else None
    url = _public_url() or (f"https://{space}" if space else None)
    root = root_path()
    return url if url is None or url.endswith(root) else url + root


def _public_url() -> str | None:
    return environment.address("GENREGENIE_PUBLIC_URL", "https://music.example.org")


def root_path() -> str:
    """What all paths begin with: ``GENREGENIE_ROOT_PATH``, else the path of the public address.

    Without a slash at the end, so empty where the app has a host to itself.

    Raises
    ------
    SettingsError
        If it is not a plain path, or is another one than that of ``GENREGENIE_PUBLIC_URL``.
    """
    public = urlsplit(_public_url() or "").path
    given = os.environ.get("GENREGENIE_ROOT_PATH", "").strip()
    root = (given or public).rstrip("/")
    parts = root.split("/")[1:]
    if not _ROOT_PATH.fullmatch(root) or {".", ".."} & set(parts):
        name = "GENREGENIE_ROOT_PATH" if given else "The path of GENREGENIE_PUBLIC_URL"
        raise SettingsError(f"{name} must be a plain path, such as /genre.")
    if given and public not in ("", root):
        raise SettingsError(
            "GENREGENIE_ROOT_PATH and the path of GENREGENIE_PUBLIC_URL must be the same."
        )
    return root


def cookie_profile() -> str:
    """How cookies are marked: ``GENREGENIE_COOKIES`` is ``http``, ``https`` or ``space``.

    When absent: ``space`` on a Space (it is shown in an iframe of another site), ``https`` when
    the public address is https, else ``http``.
    """
    if on_space():
        usual = "space"
    else:
        usual = "https" if (public_url() or "").startswith("https://") else "http"
    return environment.one_of("GENREGENIE_COOKIES", ("http", "https", "space"), default=usual)


# Where Spaces' own proxy is; nobody else reaches one.
_INSIDE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "::1"]


def trusted_proxies() -> list[str]:
    """Addresses whose word on clients' addresses counts: ``GENREGENIE_TRUSTED_PROXIES``, else none.

    Addresses and networks, with commas between them; on a Space, when absent, what is inside.

    Raises
    ------
    SettingsError
        If one is neither an address nor a network.
    """
    usual = _INSIDE if on_space() else []
    return environment.networks("GENREGENIE_TRUSTED_PROXIES") or usual


def metrics_from() -> list[str]:
    """Networks that ``/readyz`` and ``/metrics`` are open to: ``GENREGENIE_METRICS_FROM``.

    When absent: this machine, unless there is a public address and nobody says which proxy leads
    from it to here; then all the world may seem to be this machine.

    Raises
    ------
    SettingsError
        If one is neither an address nor a network.
    """
    public = urlsplit(public_url() or "").hostname
    hidden = public is not None and not is_this_machine(public) and not trusted_proxies()
    usual = [] if hidden else ["127.0.0.0/8", "::1/128"]
    return environment.networks("GENREGENIE_METRICS_FROM") or usual


def metrics_token() -> str | None:
    """What opens both from anywhere: ``GENREGENIE_METRICS_TOKEN``, else None.

    Raises
    ------
    SettingsError
        If it is shorter than 16 characters, which could be guessed.
    """
    token = os.environ.get("GENREGENIE_METRICS_TOKEN") or None
    if token is not None and (len(token) < 16 or not token.isascii()):
        raise SettingsError("GENREGENIE_METRICS_TOKEN must be at least 16 ASCII characters long.")
    return token


def log_form() -> str:
    """How the server writes its log: ``GENREGENIE_LOG`` is ``text``, the default, or ``json``.

    Raises
    ------
    SettingsError
        For any other value.
    """
    return environment.one_of("GENREGENIE_LOG", ("text", "json"), default="text")


def mcp() -> bool:
    """Whether assistants may call what the page can do: ``GENREGENIE_MCP`` is ``on`` or ``off``.

    Raises
    ------
    SettingsError
        For any other value.
    """
    return environment.one_of("GENREGENIE_MCP", ("on", "off"), default="off") == "on"


def library_index() -> Path | None:
    """Index of one's own library: ``GENREGENIE_INDEX``, else None for the shipped catalogue."""
    given = os.environ.get("GENREGENIE_INDEX")
    return Path(given) if given else None
