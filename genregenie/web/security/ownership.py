"""Who may read which file, and who uses which of Gradio's handles. In memory, like Gradio's own.

Gradio keeps uploads and results of everybody in one folder and serves each to whoever asks, and
lets the browser choose the name of its session. Here both belong to the first who had them.
"""

import contextlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from genregenie.web.security.shared_files import SharedFiles

MAX_HANDLES: Final = 50_000


class Ownership:
    """Files under one folder and handles (session hashes, event ids), each with its people.

    With the gate off all of it is nobody's, who is None and one person like any other.

    Parameters
    ----------
    folder : Path
        Where Gradio keeps uploads and results. What lies there when `publish` is called belongs
        to the page itself and is for everybody who is logged in.
    shared : SharedFiles, optional
        What other servers know of such files, where there are several.
    """

    def __init__(self, folder: Path, shared: SharedFiles | None = None) -> None:
        self.folder = Path(os.path.realpath(folder))
        self.shared = shared
        self._lock = threading.Lock()
        self._files: dict[str, set[int | None]] = {}
        self._public: frozenset[str] = frozenset()
        self._handles: OrderedDict[str, int | None] = OrderedDict()

    def publish(self) -> None:
        """Let everybody read what is in the folder now, if it is this server's alone."""
        if self.shared is not None:
            return
        found = (p for p in self.folder.rglob("*") if p.is_file())
        self._public = frozenset(str(p.relative_to(self.folder)) for p in found)

    def inside(self, path: str) -> str | None:
        """The path below the folder, however it is written; None when it leads elsewhere."""
        try:
            real = Path(os.path.realpath(path))
            return str(real.relative_to(self.folder))
        except (ValueError, OSError):
            return None

    def grant(self, person_id: int | None, path: str) -> None:
        """Note that a file is this person's, too. Paths outside the folder are not ours to give."""
        name = self.inside(path)
        if name is not None:
            with self._lock:
                self._files.setdefault(name, set()).add(person_id)

    def share(self, person_id: int | None, paths: Iterable[str], *, uploaded: bool) -> None:
        """Tell other servers whose these files are, and give them what was uploaded."""
        if self.shared is None:
            return
        for name in filter(None, map(self.inside, paths)):
            self.shared.tell(person_id, name)
            if uploaded:
                self.shared.send(name)

    def learn(self, person_id: int | None, paths: Iterable[str]) -> None:
        """Find out whose files are that this server does not know, and have this person's here."""
        if self.shared is None:
            return
        for name in filter(None, map(self.inside, paths)):
            with self._lock:
                known = person_id in self._files.get(name, ())
            owners = {person_id} if known else self.shared.owners(name)
            if person_id in owners:
                self.shared.fetch(name)
                with self._lock:
                    self._files.setdefault(name, set()).update(owners)

    def may_read(self, person_id: int | None, path: str) -> bool:
        """Whether this person may fetch a path; outside the folder that is Gradio's to say."""
        return self.inside(path) is None or self.may_use(person_id, path)

    def may_use(self, person_id: int | None, path: str) -> bool:
        """Whether this person may hand a path to a handler: never one outside the folder."""
        name = self.inside(path)
        if name is None:
            return False
        if name in self._public:
            return True
        with self._lock:
            return person_id in self._files.get(name, ())

    def claim(self, person_id: int | None, handle: str) -> bool:
        """Take a handle nobody has, or confirm one's own; False if it is someone else's."""
        with self._lock:
            owner = self._handles.setdefault(handle, person_id)
            self._handles.move_to_end(handle)
            if len(self._handles) > MAX_HANDLES:
                self._handles.popitem(last=False)
            return owner == person_id

    def keep_only(self, people: set[int]) -> None:
        """Forget everybody else but nobody, who never leaves, and remove what was only theirs."""
        with self._lock:
            gone = {i for owners in self._files.values() for i in owners} - people - {None}
        for person_id in gone:
            self.forget(person_id)

    def sweep(self, older_than_s: float) -> None:
        """Remove everybody's files that are older, with the folders this leaves empty."""
        limit = time.time() - older_than_s
        for path in sorted(self.folder.rglob("*"), reverse=True):  # children before parents
            with contextlib.suppress(OSError):
                name = str(path.relative_to(self.folder))
                if path.stat().st_mtime > limit or name in self._public:
                    continue
                if path.is_dir():
                    path.rmdir()  # refuses while anything is inside
                    continue
                path.unlink()
                with self._lock:
                    self._files.pop(name, None)
        if self.shared is not None:
            self.shared.sweep(older_than_s, time.time())

    def hand_over(self, old_id: int, new_id: int) -> None:
        """Make all that one person has another's."""
        with self._lock:
            theirs = {name: who for name, who in self._files.items() if old_id in who}
            for owners in theirs.values():
                owners.remove(old_id)
                owners.add(new_id)
            for handle in [h for h, owner in self._handles.items() if owner == old_id]:
                self._handles[handle] = new_id
        if self.shared is not None:
            self.shared.hand_over(theirs, old_id, new_id)

    def forget(self, person_id: int | None) -> None:
        """Forget a person, and remove the files that nobody else has."""
        gone = []
        with self._lock:
            for name, owners in list(self._files.items()):
                owners.discard(person_id)
                if not owners:
                    gone.append(name)
                if not owners or not (self.folder / name).exists():
                    del self._files[name]
            for handle in [h for h, owner in self._handles.items() if owner == person_id]:
                del self._handles[handle]
        for name in gone:
            # Somebody may have sent the same file to another server.
            alone = self.shared is None or self.shared.forget(person_id, name)
            if alone and name not in self._public:
                with contextlib.suppress(OSError):
                    (self.folder / name).unlink(missing_ok=True)
