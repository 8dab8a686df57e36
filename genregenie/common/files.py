"""Files that are made once: whole or not at all, and never over one that is there."""

import os
from pathlib import Path


def put_once(draft: Path, path: Path) -> None:
    """Give a finished file its name, unless another has it; of several processes one succeeds.

    Parameters
    ----------
    draft : Path
        The finished file, beside `path`. It is gone afterwards, whatever happens.
    path : Path
        The name it shall have.

    Raises
    ------
    FileExistsError
        If there is a file of this name.
    OSError
        If the file system does not take it.
    """
    try:
        try:
            os.link(draft, path)  # refuses what rename() would replace
        except FileExistsError:
            raise
        except OSError:  # exFAT, and many a network or bucket mount, know no hard links
            _rename_once(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _rename_once(draft: Path, path: Path) -> None:
    from filelock import FileLock

    # A lock that goes with its process: what a killed one had claimed would stay claimed for ever.
    with FileLock(path.with_name(f".{path.name}.lock")):
        if path.exists():
            raise FileExistsError(f"{path} exists already.")
        draft.rename(path)
