"""``genregenie feedback``: what people said of verdicts, as data; and what it did for a model."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from genregenie.cli.accounts import opened_accounts
from genregenie.cli.arguments import Commands, add_command, file_path
from genregenie.cli.messages import CommandError, log

if TYPE_CHECKING:
    from genregenie.accounts.feedback import FeedbackRecord
    from genregenie.datasets.feedback import FeedbackTable
    from genregenie.model.metadata import Change
    from genregenie.training.improve import Improved

DATABASE: Final = "the database"


def add(commands: Commands) -> None:
    """Add the command, and the one below it, to the parser's."""
    feedback = commands.add_parser("feedback", help="what people said of verdicts")
    feedback.set_defaults(prefix="")
    below = feedback.add_subparsers(dest="feedback_command", required=True, metavar="COMMAND")
    export = add_command(below, "export", _export, "write all of it to a table of statistics")
    export.add_argument("file", type=file_path, metavar="FILE.npz")


def add_options(train: argparse.ArgumentParser) -> None:
    """Add to ``train`` what concerns feedback."""
    train.add_argument(
        "--with-feedback",
        nargs="?",
        type=file_path,
        const=Path(DATABASE),
        metavar="FILE.npz",
        help="let the model learn from what people said as well, and measure what that does; "
        "default: what is in the database of the accounts",
    )
    train.add_argument(
        "--replace",
        action="store_true",
        help="with feedback: replace the model, provided that the feedback helped",
    )


def _export(options: argparse.Namespace) -> int:
    import numpy as np

    from genregenie.common.files import creating
    from genregenie.datasets.feedback import FeedbackTable

    columns = from_database()
    known = FeedbackTable.of(columns, DATABASE).table.known()
    try:
        # A stream, since NumPy would add its suffix to another name.
        with creating(options.file) as draft, draft.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **columns)
    except FileExistsError:
        raise CommandError(f"{options.file} exists already. Choose another name.") from None
    people = len(np.unique(columns["person"]))
    print(
        f"Copied into {options.file}: {len(columns['track'])} answers, by {people} "
        f"{'person' if people == 1 else 'people'}. Names of people are not in it; the artist "
        f"is known of {known.known} answers."
    )
    return 0


def from_database() -> dict[str, Any]:
    """All feedback in the accounts' database, as columns of a table.

    Raises
    ------
    DataError
        If there is none, or it is of another GenreGenie.
    DatabaseError, SettingsError
        If the database cannot be used.
    """
    from genregenie.common.errors import DataError

    with opened_accounts() as accounts:
        given = accounts.feedback.everything()
    if not given:
        raise DataError("Nobody has given feedback yet.")
    return as_columns(given)


def as_columns(given: Sequence["FeedbackRecord"]) -> dict[str, Any]:
    """Answers as columns of a table. People are numbered; all guests are one, and so is nobody.

    Raises
    ------
    DataError
        If their numbers are no statistics.
    """
    import numpy as np

    from genregenie.accounts.feedback import clip_key
    from genregenie.datasets.feedback import sound_columns

    numbers: dict[str, int] = {}
    people = []
    for one in given:
        key = "guest" if one.guest else str(one.person_id)
        people.append(f"person {numbers.setdefault(key, len(numbers) + 1)}")
    answers = [one.answer for one in given]
    return {
        "track": np.array([clip_key(answer.numbers).hex() for answer in answers]),
        "genre": np.array([answer.genre for answer in answers]),
        "artist": np.array([answer.artist for answer in answers]),
        "person": np.array(people),
        "said_at": np.array([f"{one.said_at:%Y-%m-%dT%H:%M:%SZ}" for one in given]),
        "model_genre": np.array([answer.model_genre or "" for answer in answers]),
        "verdict": np.array([answer.verdict for answer in answers]),
        "model_version": np.array([answer.model_version for answer in answers]),
        **sound_columns([answer.numbers for answer in answers]),
    }


def read(source: Path) -> "FeedbackTable":
    """The feedback in a file or, if that is what `source` says, in the database.

    Raises
    ------
    DataError, DatabaseError, SettingsError
    """
    from genregenie.datasets.feedback import FeedbackTable, read_feedback

    if source == Path(DATABASE):
        return FeedbackTable.of(from_database(), DATABASE)
    return read_feedback(source)


def report(improved: "Improved", base: Path, *, replace: bool) -> int:
    """Print what feedback did; the exit status."""
    outcome = improved.outcome
    print(f"\n{outcome.measured}:\n")
    print(f"{'':<12}{'without':>8}{'with':>8}   difference (95 % interval)")
    print(_line("accuracy", outcome.accuracy))
    print(_line("log loss", outcome.log_loss) + "   less is better")
    if outcome.agreement is not None:
        print("\nOn what people said whose feedback was not learned from:\n")
        print(_line("accuracy", outcome.agreement))
    print(f"\nThe feedback {outcome.verdict}.")
    if improved.replaced:
        print(f"{base} is replaced. Restart the app to use it.")
        return 0
    print(
        f"Written to {improved.folder}; {base} is as it was. "
        f"To use the new one: GENREGENIE_MODEL={improved.folder}"
    )
    if not replace:
        return 0
    log.error("%s was not replaced: only feedback that helped may do that.", base)
    return 1


def _line(name: str, change: "Change") -> str:
    return (
        f"{name:<12}{change.without:>8.3f}{change.with_feedback:>8.3f}   "
        f"{change.difference:+.3f} ({change.low:+.3f} to {change.high:+.3f})"
    )
