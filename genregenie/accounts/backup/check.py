"""Whether a backup is as it was written: every digest, every row, the audio that rows name."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from genregenie.accounts.backup import layout
from genregenie.accounts.backup.layout import BackupError, Manifest
from genregenie.accounts.tables import ResultRow
from genregenie.common.formatting import reason


@dataclass(frozen=True)
class Checked:
    """What was found of one backup.

    Attributes
    ----------
    path : Path
    manifest : Manifest or None
        None where it cannot be read.
    faults : list of str
        Sentences; none for a backup that is as it was written.
    """

    path: Path
    manifest: Manifest | None
    faults: list[str]


def find(folder: Path) -> list[Path]:
    """All backups of a folder, the oldest first; the folder itself if it is a backup.

    Raises
    ------
    BackupError
        If there is none.
    """
    folder = folder.resolve()
    found = [folder] if layout.is_backup(folder) else layout.backups_in(folder)
    if not found:
        raise BackupError(f"There is no backup in {folder}.")
    return found


class Checker:
    """Checks backups of one folder; the audio that they share is read once."""

    def __init__(self) -> None:
        self._digests: dict[Path, str] = {}

    def check(self, path: Path) -> Checked:
        """Look through one of them."""
        try:
            sums = layout.read_sums(path / layout.SUMS)
        except FileNotFoundError:
            return Checked(path, None, [f"Its {layout.SUMS} is missing."])
        except (BackupError, OSError) as error:
            return Checked(path, None, [str(error)])
        faults = [fault for name in sums if (fault := self._fault_of(path, name, sums[name]))]
        if not (path / layout.MANIFEST).is_file() or layout.MANIFEST not in sums:
            return Checked(path, None, faults or [f"Its {layout.MANIFEST} is missing."])
        try:
            text = (path / layout.MANIFEST).read_text(encoding="utf-8", errors="replace")
            manifest = Manifest.from_json(text)
        except (BackupError, OSError) as error:
            return Checked(path, None, [*faults, str(error)])
        named: dict[str, int] = {}
        for name in manifest.tables:
            if layout.file_of(name) not in sums:
                faults.append(f"There is no digest of {layout.file_of(name)}.")
            elif (path / layout.file_of(name)).is_file():
                faults += _faults_of_rows(path, name, manifest, named)
        faults += _faults_of_clips(path, named, layout.blobs_of(sums))
        return Checked(path, manifest, faults)

    def _fault_of(self, path: Path, name: str, digest: str) -> str | None:
        file = path / name
        try:
            place = file.resolve()
            if place not in self._digests:
                with file.open("rb") as opened:
                    self._digests[place] = hashlib.file_digest(opened, "sha256").hexdigest()
        except FileNotFoundError:
            return f"{name} is missing."
        except OSError as error:
            return f"{name} cannot be read: {reason(error)}."
        return None if self._digests[place] == digest else f"{name} is damaged."


def _faults_of_rows(path: Path, name: str, manifest: Manifest, named: dict[str, int]) -> list[str]:
    """What is wrong with a table; what its rows name is added to `named`, with its size."""
    entry, rows = manifest.tables[name], 0
    try:
        for row in layout.rows_of(path, name, entry):
            rows += 1
            if name == ResultRow.__tablename__ and row.get("audio_key"):
                named[row["audio_key"]] = row["audio_bytes"]
    except BackupError as error:
        return [str(error)]
    if rows != entry.rows:
        return [f"{layout.file_of(name)} has {rows} rows, and had {entry.rows}."]
    return []


def _faults_of_clips(path: Path, named: dict[str, int], clips: dict[str, str]) -> list[str]:
    faults = []
    for key, size in named.items():
        if key not in clips:
            faults.append(f"A result has audio that is not in the backup: {key}.")
        else:
            file = path / layout.name_of_blob(key)
            if file.is_file() and file.stat().st_size != size:
                faults.append(f"{layout.name_of_blob(key)} has another size than its result says.")
    return faults
