"""How much of the page's work may run at once and how much may wait: for all tabs together.

Gradio counts runs by ``concurrency_id``; events that have none are counted each on its own. Spread
one of these options into an event, ``**ANALYSIS``, and what the event shows beside it.
"""

from typing import Any, Final

from genregenie.web import analysis

MAX_QUEUE: Final = 1_000
"""Events that may wait, of all people; how many of one person is in `turns`."""

Options = dict[str, Any]

PRIVATE: Final[Options] = {"api_visibility": "private"}
"""For the page alone, not for programs."""

QUIET: Final[Options] = {**PRIVATE, "show_progress": "hidden"}
"""Over before anybody wonders."""

ANALYSIS: Final[Options] = {
    "concurrency_limit": analysis.WORKERS,
    "concurrency_id": "analysis",
}
"""What analyses sound or numbers."""

AFTERWARDS: Final[Options] = {
    "concurrency_limit": analysis.WORKERS,
    "concurrency_id": "afterwards",
}
"""What is drawn of a clip after its verdict: clips that wait for theirs come first."""

PICTURES: Final[Options] = {"concurrency_limit": 2, "concurrency_id": "pictures"}
"""What draws pictures to post: a moment's work, which does not wait for what analyses."""

LAB: Final[Options] = {"concurrency_limit": 1, "concurrency_id": "lab"}
"""What trains models."""

HEAVY: Final = frozenset(
    str(kind["concurrency_id"]) for kind in (ANALYSIS, AFTERWARDS, PICTURES, LAB)
)
"""What takes a processor its time; all else is over in a moment, or waits for others."""

STORAGE: Final[Options] = {"concurrency_limit": 8}
"""What mostly waits for the database."""

SPOTIFY: Final[Options] = {"concurrency_limit": 8}
"""What mostly waits for Spotify."""

IN_TURN: Final[Options] = {"concurrency_limit": 1}
"""What must come about in the order it was asked for: of two answers the later one stays."""
