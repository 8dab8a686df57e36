"""What can go wrong with an account, as types. The face turns them into words."""

from typing import Final

from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import format_pause


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
