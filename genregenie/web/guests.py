"""How much guests may have listened to."""

from collections.abc import Callable

from genregenie.accounts import Accounts
from genregenie.web.config import WebConfig
from genregenie.web.identity import PageRequest, who_asks

Admit = Callable[[PageRequest], None]
"""Called before a clip is listened to.

Raises
------
GuestLimitError
    If it is for a guest, who has had as many as guests may have.
"""


def admission(accounts: Accounts | None, config: WebConfig | None) -> Admit:
    """What counts the clips of guests, and lets all others have as many as they like."""

    def admit(request: PageRequest) -> None:
        who = who_asks(request)
        if accounts is not None and config is not None and who is not None and who.guest:
            accounts.guests.count_clip(who.id, config.guests)

    return admit
