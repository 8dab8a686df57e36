"""A Dask cluster in processes of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests import machine


class Cluster:
    """A scheduler and its workers, each started as ``dask scheduler`` and ``dask worker`` are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[str]] = []
        self.scheduler = self._start(
            *("scheduler", "--port", "0", "--no-dashboard"),
            DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1",
        )
        found = self._wait_for(self.scheduler, re.compile(r"tcp://\S+:\d+"))
        self.address = "tcp://127.0.0.1:" + found.rpartition(":")[2]

    def worker(self, **environment: str) -> subprocess.Popen[str]:
        worker = self._start(
            *("worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard"),
            *("--local-directory", str(self.folder)),
            **environment,
        )
        self._wait_for(worker, re.compile("Registered to"))
        return worker

    def dismiss(self) -> None:
        """End all workers; the scheduler knows of it, and is ready for others."""
        workers = [process for process in self.processes if process is not self.scheduler]
        self._end(workers)
        if workers:
            self._wait_for(self.scheduler, re.compile("Lost all workers"))

    def stop(self) -> None:
        self._end(self.processes[::-1])

    def _end(self, processes: list[subprocess.Popen[str]]) -> None:
        for process in processes:
            process.kill()
            process.wait()
            process.stderr.close()
            self.processes.remove(process)

    def _start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = machine.start(
            *("-m", "dask", *arguments),
            environment={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | environment,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )
        self.processes.append(process)
        return process

    def _wait_for(self, process: subprocess.Popen[str], sign: re.Pattern[str]) -> str:
        seen = []
        for line in process.stderr:
            seen.append(line)
            if found := sign.search(line):
                return found.group()
        raise AssertionError("".join(seen))


def customised(folder: Path, code: str) -> dict[str, str]:
    """An environment in which Python runs `code` at its start."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}
