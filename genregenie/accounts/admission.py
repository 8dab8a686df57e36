"""Who may make an account: everybody within limits, who was invited, or nobody."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from genregenie.accounts.core import Core
from genregenie.accounts.errors import InvitationError, SignupClosedError
from genregenie.accounts.invitations import redeem, works
from genregenie.accounts.origin import NOWHERE, Origin
from genregenie.common.limits import SignupRules

_SIGN_UP: Final = "signup"


@dataclass(frozen=True)
class Admission:
    """One try to make an account.

    Attributes
    ----------
    rules : SignupRules or None
        None for what is no stranger's try: the program itself.
    origin : Origin
        Where it comes from; all from one address share its limit.
    invitation : str
        A code, where it takes one. Who has one is not counted.
    """

    rules: SignupRules | None = None
    origin: Origin = NOWHERE
    invitation: str = ""

    def look(self, core: Core) -> None:
        """See whether it may be; nothing is used up yet.

        Raises
        ------
        SignupClosedError, InvitationError, TooManySignupsError
        """
        if self.rules is None:
            return
        if self.rules.mode == "closed":
            raise SignupClosedError
        if self.rules.mode == "invite":
            if not works(core, self.invitation):
                raise InvitationError
            return
        for what, most in self._limits(self.rules):
            core.throttles.look(_SIGN_UP, what, most)

    def use(self, core: Core, session: Session) -> None:
        """Use it up, in the transaction that makes the account.

        Raises
        ------
        InvitationError, TooManySignupsError
            If somebody else was faster.
        """
        if self.rules is None:
            return
        if self.rules.mode == "invite":
            if not redeem(session, core, self.invitation):
                raise InvitationError
            return
        for what, most in self._limits(self.rules):
            core.throttles.spend(session, _SIGN_UP, what, most)

    def _limits(self, rules: SignupRules) -> list[tuple[str, int]]:
        return [(f"from {self.origin.address}", rules.an_hour), ("overall", rules.an_hour_overall)]


EVERYBODY: Final = Admission()
