"""Makes files deadly: a Python with this folder in its PYTHONPATH dies of them when it opens them.

A file is deadly if it ends in one of the lines of `tests.deaths`; others do what no song does. The
hook sits where every file is handed to FFmpeg, whoever does it.
"""

import ctypes
import os
import signal
import socket
from pathlib import Path

import av

SPARED = globals().get("SPARED")  # the tests' own process, which must open none of them

_open = av.open


def die(how: str) -> None:
    if os.getpid() == SPARED:
        raise AssertionError("a deadly file was opened outside the workers")
    if how == "segfault":
        ctypes.string_at(0)
    if how == "kill":  # as the kernel does it when memory runs out
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exit":
        os._exit(3)
    while how == "hang":
        pass
    word, _, rest = how.partition(" ")
    if word == "connect":
        socket.create_connection(("127.0.0.1", int(rest))).close()
    if word == "write":
        Path(rest).touch()
    if word == "take":
        bytearray(int(rest))


def open_deadly(file, *arguments, **options):
    file.seek(-min(400, file.seek(0, os.SEEK_END)), os.SEEK_END)
    end = file.read()
    file.seek(0)
    if b"deadly by " in end:
        die(end.rpartition(b"deadly by ")[2].decode())
    return _open(file, *arguments, **options)


av.open = open_deadly
