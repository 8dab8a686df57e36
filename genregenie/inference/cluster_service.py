"""Single clips on a Dask cluster, for as long as a server runs.

The cluster is the one that ``genregenie classify --dask`` knows, with the same demands. When it
cannot be used, whoever has the clip is told at once, and for a while it is not asked again.
"""

import contextlib
import logging
import threading
import time
import warnings
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any, Final

from genregenie.audio import AudioError
from genregenie.audio.spread import WHOLE
from genregenie.inference.classifier import Classifier
from genregenie.inference.cluster import connect
from genregenie.inference.cluster_tasks import KILLED, ClusterError, Task, apart, listen_to
from genregenie.inference.prediction import Prediction

REST_S: Final = 30.0
"""So long a cluster is left alone that could not be used."""
_LOOK_EVERY_S: Final = 0.05

log = logging.getLogger("genregenie.cluster")


class ClusterService:
    """Has clips listened to on a cluster. Safe to use from many threads.

    Parameters
    ----------
    address : str
        Of the scheduler.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._client: Any = None
        self._rests_until = 0.0

    def listen(self, clip: Path | bytes, limit_s: float) -> Generator[None, None, Prediction]:
        """Have a clip listened to; closing the generator gives it up.

        Parameters
        ----------
        clip : path or bytes
        limit_s : float
            How long it may take.

        Yields
        ------
        None
            Now and then while it takes.

        Returns
        -------
        Prediction
            As the generator's value.

        Raises
        ------
        AudioError
            If the clip cannot be used as audio.
        ClusterError
            If the cluster cannot be used, or is not asked for a while because it could not.
        TimeoutError
        """
        from distributed import KilledWorker

        client, task = self._connected(), _task(clip)
        deadline = time.monotonic() + limit_s
        try:
            return (yield from self._done(client, deadline, listen_to, task))
        except KilledWorker:  # another clip may have ended the workers that this one waited for
            with contextlib.suppress(KilledWorker):
                return (yield from self._done(client, deadline, apart, partial(listen_to, task)))
            raise AudioError(KILLED) from None

    def close(self) -> None:
        """Let go of the cluster."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connected(self) -> Any:
        with self._lock:
            if time.monotonic() < self._rests_until:
                raise ClusterError("The cluster could not be used a moment ago.")
            if self._client is not None and self._client.status == "running":
                return self._client
            try:
                self._client = connect(self._address)
            except ClusterError:
                self._rests_until = time.monotonic() + REST_S
                raise
            return self._client

    def _done(
        self, client: Any, deadline: float, work: Callable[..., Any], argument: object
    ) -> Generator[None, None, Prediction]:
        if not client.nthreads():
            raise self._given_up(ClusterError("The cluster has no workers."))
        with warnings.catch_warnings():
            # A clip travels with its task once and is let go; scattering it would keep it.
            warnings.filterwarnings("ignore", "Sending large graph")
            future = client.submit(work, argument, pure=False)
        try:
            while not future.done():
                if client.status != "running":
                    raise self._given_up(ClusterError("The connection to the cluster was lost."))
                if time.monotonic() > deadline:
                    raise TimeoutError
                yield None
                time.sleep(_LOOK_EVERY_S)
            return self._result(future)
        finally:
            future.cancel()

    def _result(self, future: Any) -> Prediction:
        from distributed import KilledWorker

        try:
            heard = future.result()
        except KilledWorker:
            raise
        except ClusterError as error:  # of a worker
            raise self._given_up(error) from error
        except Exception as error:  # whatever a worker of another release or the network may do
            raise self._given_up(ClusterError(f"The cluster failed: {error}")) from error
        if isinstance(heard, AudioError):
            raise heard
        return heard

    def _given_up(self, error: ClusterError) -> ClusterError:
        with self._lock:
            self._rests_until = time.monotonic() + REST_S
        self.close()
        return error


def _task(clip: Path | bytes) -> Task:
    data = clip if isinstance(clip, bytes) else clip.read_bytes()
    classifier = Classifier.load()
    return Task("clip", len(data), 0, data, WHOLE, None, classifier.fast, classifier.version)
