"""Numbers as people read them."""

import math


def format_duration(seconds: float) -> str:
    """``75.2`` becomes ``"1:15"``, for people."""
    minutes, rest = divmod(math.floor(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
