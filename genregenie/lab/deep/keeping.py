"""Trained networks as ONNX files, which answer without Keras."""

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from genregenie.autotag.network import session
from genregenie.common.errors import DataError
from genregenie.common.files import replacing
from genregenie.common.steps import result_of
from genregenie.lab.deep.clips import Clips, Inputs
from genregenie.lab.deep.networks import Network
from genregenie.lab.deep.training import Plan, Trained, trained

_HALVED: Final = 2_048
"""Weights of more numbers than this are kept in half precision."""


def keep(network: Network, result: Trained, genres: tuple[str, ...], path: Path) -> None:
    """Write a trained network as ONNX, with what it must be given and what it answers.

    Its large weights are kept in half precision, and are single precision again as it is loaded.

    Raises
    ------
    DataError
        If the converter is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise DataError(
            f"Keeping a network needs a converter: pip install 'genregenie[deep]' ({error})."
        ) from error
    model = result.model
    example = [np.zeros([n or 32 for n in (1, *layer.shape[1:])], np.float32)
               for layer in model.inputs]  # fmt: skip
    model(example)  # the converter wants it called once
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as draft:
        with _quiet():
            model.export(str(draft), format="onnx", verbose=False)
        made = onnx.load(draft)
        _halve(made.graph)
        about = {"genres": list(genres), "system": network.system, "name": network.name}
        onnx.helper.set_model_props(made, {"genregenie": json.dumps(about)})
        onnx.checker.check_model(made)
        draft.write_bytes(made.SerializeToString())


def learnt(
    network: Network, clips: Clips, path: Path, plan: Plan, work: Path | None = None
) -> None:
    """Train a network on all clips, and keep it."""
    result = result_of(trained(network, clips, plan=plan, checkpoint=work))
    keep(network, result, clips.table.genres, path)


class KeptNetwork:
    """A network that was kept.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    system, name : str
    genres : tuple of str
    inputs : tuple of str

    Raises
    ------
    DataError
        If there is none.
    AutotagError
        If it cannot be read, or onnxruntime is not installed.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise DataError(
                f"The network {path.stem} is not kept yet; 'genregenie lab deep' makes it."
            )
        self._session = session(path)
        about = json.loads(self._session.get_modelmeta().custom_metadata_map["genregenie"])
        self.system, self.name = about["system"], about["name"]
        self.genres = tuple(about["genres"])
        self.inputs = tuple(given.name for given in self._session.get_inputs())

    def confidences(self, inputs: Inputs) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Of the genres, for clips, shape (n, k); their mean is the answer for slices of one."""
        given = {name: inputs[name] for name in self.inputs}
        return np.asarray(self._session.run(None, given)[0], dtype=np.float64)


def _halve(graph: Any) -> None:
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        if values.size < _HALVED or np.abs(values).max() > np.finfo(np.float16).max:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The converter's own words go nowhere."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
