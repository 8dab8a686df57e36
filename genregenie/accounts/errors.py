"""What can go wrong with an account, as types. The face turns them into words."""

from typing import Final

from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import format_megabytes, format_pause


class AccountError(GenreGenieError):
    """Base of everything a person can be told about; the text is fit for showing."""


class InvalidNameError(AccountError):
    """The user name breaks a rule."""


class NameTakenError(AccountError):
    """Somebody already has this user name."""


class InvalidEmailError(AccountError):
    """The e-mail address cannot be one."""


class WeakPasswordError(AccountError):
    """The password breaks a rule of `genregenie.accounts.passwords`."""


class WrongCredentialsError(AccountError):
    """Name or password is wrong; which of the two is never said."""


class WrongCodeError(AccountError):
    """Name, recovery code or reset link is wrong, used or too old; which is never said."""


class TooManyAttemptsError(AccountError):
    """Too many failures; try again after `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        self.wait_s = wait_s
        pause = format_pause(wait_s)
        super().__init__(f"Too many failed tries. Please wait {pause} and try again.")


class TooManySignupsError(AccountError):
    """Too many accounts were made of late; try again after `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        self.wait_s = wait_s
        super().__init__(
            "Many accounts were made in the last hour. "
            f"Please wait {format_pause(wait_s)} and try again."
        )


class SignupClosedError(AccountError):
    """No new accounts are made here."""

    def __init__(self) -> None:
        super().__init__("No new accounts are made here.")


class InvitationError(AccountError):
    """The invitation is wrong, used up, revoked or too old; which is never said."""

    def __init__(self) -> None:
        super().__init__("This invitation is wrong, or it was used before, or it is too old.")


class UploadQuotaError(AccountError):
    """More was uploaded in a day than may be; try again after `wait_s` seconds."""

    def __init__(self, most: int, wait_s: int) -> None:
        self.wait_s = wait_s
        super().__init__(
            f"You may upload {format_megabytes(most)} in a day. "
            f"Please come back in {format_pause(wait_s)}."
        )


class InvalidTokenNameError(AccountError):
    """An access token cannot be called that."""


class InvalidScopesError(AccountError):
    """An access token has to be for something that there is."""

    def __init__(self) -> None:
        super().__init__("Choose what the token is for.")


class NotAllowedError(AccountError):
    """What whoever looks after the server may not do from here."""


class DemoFullError(AccountError):
    """There are as many guests as are let in at a time; try again after `wait_s` seconds."""

    wait_s: Final = 300

    def __init__(self) -> None:
        super().__init__(
            "Many people are trying it just now. Create an account, or come back in "
            f"{format_pause(self.wait_s)}."
        )


class GuestLimitError(AccountError):
    """A guest has had as much as guests may have."""


class AccountNeededError(AccountError):
    """A guest asked for what takes an account."""


class NoRoomError(AccountError):
    """More audio, or more links, than a person may keep."""


class UnknownPersonError(AccountError):
    """The command line named an account that does not exist."""
