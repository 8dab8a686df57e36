"""The network that hears: patches to probabilities of 50 tags, and an embedding of 200 numbers.

musicnn by J. Pons (Music Technology Group, UPF), trained on 200 000 songs of the Million Song
Dataset; it knows style, era, mood and voice. Its embedding also tells music from other sounds.
onnxruntime is imported when it is loaded.
"""

import json
import logging
import os
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from genregenie.autotag.mel import Patch
from genregenie.common import resources, settings
from genregenie.common.errors import GenreGenieError

EMBEDDING: Final = 200

_log = logging.getLogger(__name__)


class AutotagError(GenreGenieError):
    """The network cannot be used; the message says what is missing."""


class Network:
    """The network, ready to hear. Safe to use from many threads.

    Attributes
    ----------
    names : tuple of str
        What its 50 probabilities are of, in their order.
    """

    def __init__(self) -> None:
        check_installed()
        self._session = session(_path())
        self.names: tuple[str, ...] = tuple(
            json.loads(self._session.get_modelmeta().custom_metadata_map["names"])
        )

    def hear(self, patches: Sequence[Patch]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities, shape (n, 50), and embeddings, shape (n, 200), of n patches."""
        # A batch is no faster (benchmarks/hearing.py), and takes more memory.
        heard = [self._session.run(None, {"patches": patch[None]}) for patch in patches]
        probabilities = [answer[0] for answer in heard] or [np.empty((0, len(self.names)))]
        embeddings = [answer[1] for answer in heard] or [np.empty((0, EMBEDDING))]
        return (
            np.concatenate(probabilities).astype(np.float32, copy=False),
            np.concatenate(embeddings).astype(np.float32, copy=False),
        )


def session(path: Path) -> Any:
    """An ONNX network, to be run on one core: files are spread over the cores, not their parts.

    Returns
    -------
    onnxruntime.InferenceSession

    Raises
    ------
    AutotagError
        If it cannot be read, or onnxruntime is missing.
    """
    # Unless it is told so before it is loaded, it sends what it is used for to its makers, and
    # keeps a number in the home folder that it is known by.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise AutotagError("Networks answer with onnxruntime: pip install onnxruntime.") from error
    from onnxruntime.capi import onnxruntime_pybind11_state as faults

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except (OSError, faults.Fail, faults.InvalidProtobuf, faults.InvalidGraph) as error:
        raise AutotagError(f"The network in {path} cannot be read: {error}") from error


def is_installed() -> bool:
    """Whether the libraries are there that it needs; nothing is imported."""
    return all(find_spec(name) is not None for name in ("onnxruntime", "soxr"))


def is_left_out() -> bool:
    """Whether ``GENREGENIE_HEARING`` leaves the network out; if it is unset, a missing library."""
    wanted = settings.hearing()
    if wanted is None and not is_installed():
        _say_once()
        return True
    return wanted == "timbre"


@cache
def _say_once() -> None:
    _log.warning(
        "onnxruntime is not installed, so timbre and rhythm alone are heard; "
        "'pip install onnxruntime soxr' adds the network."
    )


def check_installed() -> None:
    """Make sure that the network can be loaded, without loading it.

    Raises
    ------
    AutotagError
        If a library or the weights are missing.
    """
    if not is_installed():
        raise AutotagError(
            "The network that hears needs onnxruntime and soxr. Install them with "
            "'pip install onnxruntime soxr', or use --fast."
        )
    if not _path().is_file():
        raise AutotagError(f"The network that hears is missing: there is no {_path()}.")


def _path() -> Path:
    return resources.models() / "musicnn" / "msd.onnx"


@cache
def network() -> Network:
    """The network, loaded once per process.

    Raises
    ------
    AutotagError
        If onnxruntime or the weights are missing.
    """
    return Network()
