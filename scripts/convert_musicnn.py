"""Converts the published musicnn network to ONNX: ``make network``.

The weights are read once from the wheel ``musicnn`` 0.1.0, which is downloaded and never installed:
its own requirements (TensorFlow 1, NumPy 1.16) cannot be met beside ours. What is committed is the
converted network and its licence, in models/musicnn.

Sources: J. Pons and X. Serra, "musicnn: pre-trained convolutional neural networks for music audio
tagging", ISMIR late-breaking 2019; the checkpoint is TensorFlow's V2 format, an index of keys (a
LevelDB table of protobufs) and one file of numbers.
"""

import argparse
import ast
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from genregenie.common import resources

RELEASE: Final = "musicnn==0.1.0"
PLACE: Final = "MSD_musicnn"
LABELS: Final = "MSD_LABELS"
OPSET: Final = 18
EPSILON: Final = 1e-3
BANDS: Final = 96

Weights = dict[str, NDArray[np.float32]]


# --- the checkpoint --------------------------------------------------------------------------


def read_checkpoint(index: bytes, numbers: bytes) -> Weights:
    """The variables of a TensorFlow V2 checkpoint, without the optimiser's."""
    found: Weights = {}
    footer, at = index[-48:], 0
    for _ in range(2):  # the handle of the meta-index, which is empty
        _, at = _varint(footer, at)
    start, at = _varint(footer, at)
    size, at = _varint(footer, at)
    for _, handle in _block(index, start, size):
        start, at = _varint(handle, 0)
        size, at = _varint(handle, at)
        for key, value in _block(index, start, size):
            name = key.decode()
            if not name or "Adam" in name or name.startswith("beta"):
                continue
            shape, offset, length = _entry(value)
            found[name] = np.frombuffer(numbers, "<f4", length // 4, offset).reshape(shape)
    return found


def _block(table: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a block; keys are stored as what differs from the one before."""
    if table[start + size] != 0:
        raise ValueError("The index is compressed, which this reader does not expect.")
    block = table[start : start + size]
    restarts = struct.unpack("<I", block[-4:])[0]
    at, end, key = 0, len(block) - 4 - 4 * restarts, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        at += own
        yield key, block[at : at + length]
        at += length


def _entry(message: bytes) -> tuple[tuple[int, ...], int, int]:
    """Shape, offset and size out of a BundleEntryProto."""
    fields = dict(_fields(message))
    shape = tuple(
        int(dict(_fields(dimension)).get(1, 0))
        for number, dimension in _fields(fields.get(2, b""))
        if number == 2
    )
    return shape, int(fields.get(4, 0)), int(fields.get(5, 0))


def _fields(message: Any) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
        elif kind == 2:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        else:  # a fixed32, the check sum
            value, at = message[at : at + 4], at + 4
        yield tag >> 3, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


# --- the network -----------------------------------------------------------------------------


class Graph:
    """An ONNX graph that grows by one operation at a time."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, values: Any) -> str:
        """The name of a constant."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Apply an operation; the name of what comes out."""
        out = name or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def affine(self, x: str, scale: Any, shift: Any, shape: tuple[int, ...]) -> str:
        """``x * scale + shift`` along the axis of channels."""
        scaled = self.add("Mul", x, self.constant(scale.reshape(shape).astype(np.float32)))
        return self.add("Add", scaled, self.constant(shift.reshape(shape).astype(np.float32)))


def normal(weights: Weights, number: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The scale and the shift of a batch normalisation in inference."""
    name = "batch_normalization" + (f"_{number}" if number else "")
    gamma, beta, mean, variance = (
        weights[f"{name}/{part}"].astype(float)
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + EPSILON)
    return scale, beta - mean * scale


def branch(graph: Graph, x: str, weights: Weights, number: int) -> str:
    """One branch of the front end, (n, channels, frames).

    It is conv, ReLU, normalisation, maximum over frequency. The maximum comes first here, over a
    hundredth of the numbers then: ReLU and a normalisation that rises keep the order, and where it
    falls the sign of the kernel is turned, so that the maximum finds what was the minimum.
    """
    name = "conv2d" + (f"_{number}" if number else "")
    kernel = weights[f"{name}/kernel"].transpose(3, 2, 0, 1)  # height, width, in, out
    scale, shift = normal(weights, number + 1)
    sign = np.where(scale < 0, -1.0, 1.0).astype(np.float32)
    length = kernel.shape[2]
    before = (length - 1) // 2
    conv = graph.add(
        "Conv",
        x,
        graph.constant(kernel * sign[:, None, None, None]),
        graph.constant(weights[f"{name}/bias"] * sign),
        pads=[before, 0, length - 1 - before, 0],
    )
    highest = graph.add("ReduceMax", conv, graph.constant(np.array([3])), keepdims=0)
    turned = graph.add("Mul", highest, graph.constant(sign.reshape(1, -1, 1)))
    return graph.affine(graph.add("Relu", turned), scale, shift, (1, -1, 1))


def middle(graph: Graph, x: str, weights: Weights, number: int) -> str:
    """A convolution over time, ReLU, normalisation: (n, 64, frames)."""
    kernel = weights[f"conv2d_{number}/kernel"][..., 0, :].transpose(2, 1, 0)
    conv = graph.add(
        "Conv",
        x,
        graph.constant(kernel),
        graph.constant(weights[f"conv2d_{number}/bias"]),
        pads=[3, 3],
    )
    return graph.affine(graph.add("Relu", conv), *normal(weights, number + 1), (1, -1, 1))


def build(weights: Weights, names: list[str]) -> onnx.ModelProto:
    """The network: log-mel patches (n, frames, 96) to probabilities (n, 50), embedding (n, 200)."""
    graph = Graph()
    one = graph.add("Unsqueeze", "patches", graph.constant(np.array([1])))
    x = graph.affine(one, *normal(weights, 0), (1, 1, 1, 1))
    front = graph.add("Concat", *(branch(graph, x, weights, i) for i in range(5)), axis=1)
    first = middle(graph, front, weights, 5)
    second = graph.add("Add", middle(graph, first, weights, 6), first)
    third = graph.add("Add", middle(graph, second, weights, 7), second)
    every = graph.add("Concat", front, first, second, third, axis=1)
    axes = graph.constant(np.array([2]))
    pooled = graph.add(
        "Concat",
        graph.add("ReduceMax", every, axes, keepdims=1),
        graph.add("ReduceMean", every, axes, keepdims=1),
        axis=2,
    )
    flat = graph.add("Flatten", pooled)  # the maximum and the mean of each channel in turn
    # A normalisation before a matrix is part of the matrix.
    scale, shift = normal(weights, 9)
    kernel = weights["dense/kernel"].astype(float)
    dense = graph.add(
        "Gemm",
        flat,
        graph.constant((scale[:, None] * kernel).astype(np.float32)),
        graph.constant((shift @ kernel + weights["dense/bias"]).astype(np.float32)),
    )
    scale, shift = normal(weights, 10)
    rescaled = graph.add("Mul", graph.add("Relu", dense), graph.constant(scale.astype(np.float32)))
    embedding = graph.add(
        "Add", rescaled, graph.constant(shift.astype(np.float32)), name="embedding"
    )
    logits = graph.add(
        "Gemm",
        embedding,
        graph.constant(weights["dense_1/kernel"]),
        graph.constant(weights["dense_1/bias"]),
    )
    graph.add("Sigmoid", logits, name="probabilities")
    proto = helper.make_graph(
        graph.nodes,
        "musicnn",
        [helper.make_tensor_value_info("patches", TensorProto.FLOAT, ["n", "frames", BANDS])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(names)]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 200]),
        ],
        graph.constants,
    )
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    helper.set_model_props(model, {"names": json.dumps(names)})
    onnx.checker.check_model(model, full_check=True)
    return model


# --- the command -----------------------------------------------------------------------------


def label_lists(configuration: str) -> dict[str, list[str]]:
    """The lists of names in the release's configuration; it is read, not run."""
    return {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(configuration).body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.List)
    }


def download(folder: Path) -> Path:
    """The published wheel, put into `folder`."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest"]
    subprocess.run([*command, str(folder), RELEASE], check=True)
    (wheel,) = folder.glob("musicnn-*.whl")
    return wheel


def convert(wheel: Path, folder: Path) -> None:
    """Write the network and its licence."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as release:
        names = label_lists(release.read("musicnn/configuration.py").decode())
        weights = read_checkpoint(
            release.read(f"musicnn/{PLACE}/.index"),
            release.read(f"musicnn/{PLACE}/.data-00000-of-00001"),
        )
        path = folder / "msd.onnx"
        model = build(weights, names[LABELS])
        path.write_bytes(model.SerializeToString(deterministic=True))
        count = sum(array.size for array in weights.values())
        print(f"{path.name}: {count:,} numbers, {path.stat().st_size / 1e6:.1f} MB")
        licence = release.read("musicnn-0.1.0.dist-info/LICENSE.md").decode()
        (folder / "LICENSE").write_text(licence, encoding="utf-8")


def main() -> None:
    """Convert the published release, or a wheel that is there already."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, help="the wheel, if it has been downloaded")
    parser.add_argument("--output", type=Path, default=resources.models() / "musicnn")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        convert(options.wheel or download(Path(folder)), options.output)


if __name__ == "__main__":
    main()
