"""What people may take up, and who may make an account, as the environment says.

Values are read when asked for, like all others in `genregenie.common.settings`.
"""

from dataclasses import dataclass

from genregenie.common import environment


@dataclass(frozen=True)
class GuestLimits:
    """What guests may take up, so that they do not crowd people out.

    Attributes
    ----------
    at_once : int
        Guests at the same time.
    uploads : int
        Clips that one of them may have listened to.
    minutes : int
        How long one may stay.
    """

    at_once: int = 20
    uploads: int = 30
    minutes: int = 60


def guest_limits() -> GuestLimits:
    """``GENREGENIE_GUESTS``, ``GENREGENIE_GUEST_UPLOADS`` and ``GENREGENIE_GUEST_MINUTES``.

    Raises
    ------
    SettingsError
        If one of them is no whole number of 1 or more.
    """
    return GuestLimits(
        environment.number("GENREGENIE_GUESTS", GuestLimits.at_once),
        environment.number("GENREGENIE_GUEST_UPLOADS", GuestLimits.uploads),
        environment.number("GENREGENIE_GUEST_MINUTES", GuestLimits.minutes),
    )


@dataclass(frozen=True)
class SignupRules:
    """Who may make an account, and how many.

    Attributes
    ----------
    mode : str
        ``open`` to everybody, to those with an ``invite``, or ``closed``.
    an_hour : int
        Accounts in an hour from one address.
    """

    mode: str = "open"
    an_hour: int = 20

    @property
    def an_hour_overall(self) -> int:
        """Accounts in an hour, wherever from."""
        return 10 * self.an_hour


def signup_rules() -> SignupRules:
    """``GENREGENIE_SIGNUP`` and ``GENREGENIE_SIGNUPS_AN_HOUR``.

    Raises
    ------
    SettingsError
        If the first is none of the three words, or the second no whole number of 1 or more.
    """
    return SignupRules(
        environment.one_of("GENREGENIE_SIGNUP", ("open", "invite", "closed"), default="open"),
        environment.number("GENREGENIE_SIGNUPS_AN_HOUR", SignupRules.an_hour),
    )


@dataclass(frozen=True)
class Quotas:
    """What a person with an account may take up, in megabytes.

    Attributes
    ----------
    kept_mb : int
        Of audio that is kept.
    uploaded_mb : int
        Of uploads in a day.
    """

    kept_mb: int = 60
    uploaded_mb: int = 4000

    @property
    def kept_bytes(self) -> int:
        """The first, in bytes."""
        return self.kept_mb << 20

    @property
    def uploaded_bytes(self) -> int:
        """The second, in bytes."""
        return self.uploaded_mb << 20


def quotas() -> Quotas:
    """``GENREGENIE_KEPT_MB`` and ``GENREGENIE_UPLOAD_MB_A_DAY``.

    Raises
    ------
    SettingsError
        If one of them is no whole number of 1 or more.
    """
    return Quotas(
        environment.number("GENREGENIE_KEPT_MB", Quotas.kept_mb),
        environment.number("GENREGENIE_UPLOAD_MB_A_DAY", Quotas.uploaded_mb),
    )


def keep_days() -> int | None:
    """For how many days what people heard is kept: ``GENREGENIE_KEEP_DAYS``; None: for ever.

    Raises
    ------
    SettingsError
        If it is no whole number of 1 or more.
    """
    return environment.optional_number("GENREGENIE_KEEP_DAYS")


@dataclass(frozen=True)
class UploadLimits:
    """What one person may upload.

    Attributes
    ----------
    megabytes, files : int
        In ten minutes.
    kept_megabytes : int
        In an hour, which is how long uploads may lie on the disk.
    """

    megabytes: int = 600
    files: int = 2_000
    kept_megabytes: int = 1_200


def upload_limits() -> UploadLimits:
    """``GENREGENIE_UPLOAD_MB``, ``GENREGENIE_UPLOAD_FILES`` and ``GENREGENIE_UPLOAD_KEPT_MB``.

    Raises
    ------
    SettingsError
        If one of them is no whole number of 1 or more.
    """
    return UploadLimits(
        environment.number("GENREGENIE_UPLOAD_MB", UploadLimits.megabytes),
        environment.number("GENREGENIE_UPLOAD_FILES", UploadLimits.files),
        environment.number("GENREGENIE_UPLOAD_KEPT_MB", UploadLimits.kept_megabytes),
    )


def page_kept_s() -> int:
    """How long what was on a page is kept after it was closed: ``GENREGENIE_PAGE_SECONDS``, or 600.

    Raises
    ------
    SettingsError
        If it is no whole number of 1 or more.
    """
    return environment.number("GENREGENIE_PAGE_SECONDS", 600)


def workers() -> int:
    """How many processes serve: ``GENREGENIE_WORKERS``, or 1.

    Raises
    ------
    SettingsError
        If it is no whole number from 1 to 64.
    """
    return environment.number("GENREGENIE_WORKERS", 1, most=64)


@dataclass(frozen=True)
class Connections:
    """How many connections there may be.

    Attributes
    ----------
    at_once : int
        In all; fewer where the system allows too few open files.
    an_address : int
        From one address, half of all at most.
    """

    at_once: int = 10_000
    an_address: int = 2000


def connections() -> Connections:
    """``GENREGENIE_CONNECTIONS`` and ``GENREGENIE_CONNECTIONS_AN_ADDRESS``.

    Raises
    ------
    SettingsError
        If one of them is no whole number of 1 or more.
    """
    return Connections(
        environment.number("GENREGENIE_CONNECTIONS", Connections.at_once),
        environment.number("GENREGENIE_CONNECTIONS_AN_ADDRESS", Connections.an_address),
    )
