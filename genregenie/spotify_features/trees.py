"""Boosted trees as plain arrays: small on disk, safe to read, evaluated with NumPy alone.

scikit-learn's own file of such a model is five times as large and takes scikit-learn to read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array

_ROWS_AT_ONCE: Final = 256


@dataclass(frozen=True)
class TreeEnsemble:
    """TreeEnsemble whose leaves add up to a decision for each class.

    The nodes of all trees lie one after the other; children are counted from the tree's root.

    Attributes
    ----------
    roots : int array, shape (t,)
        Where each tree begins; tree i adds to class ``i % k``.
    feature : uint8 array, shape (nodes,)
    cut : uint16 array, shape (nodes,)
        Index into `cuts`: rows up to that value go left.
    left, right : uint16 arrays, shape (nodes,)
        Both 0 in a leaf.
    value : float32 array, shape (nodes,)
        What a leaf adds.
    cuts : float64 array
    baseline : float64 array, shape (k,)
    """

    roots: NDArray[np.int64]
    feature: NDArray[np.uint8]
    cut: NDArray[np.uint16]
    left: NDArray[np.uint16]
    right: NDArray[np.uint16]
    value: NDArray[np.float32]
    cuts: Array
    baseline: Array

    def decisions(self, vectors: Array) -> Array:
        """Unnormalised log-confidences, shape (n, k), of vectors of shape (n, d)."""
        parts = [
            self._decisions(vectors[i : i + _ROWS_AT_ONCE])
            for i in range(0, len(vectors), _ROWS_AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.empty((0, len(self.baseline)))

    def _decisions(self, vectors: Array) -> Array:
        feature, threshold, child, depth = self._walk
        width = vectors.shape[1]
        flat = np.ascontiguousarray(vectors).ravel()
        first = (np.arange(len(vectors)) * width)[:, None]
        node = np.tile(self.roots.astype(np.int32), (len(vectors), 1))
        for _ in range(depth):
            goes_right = flat[first + feature[node]] > threshold[node]
            node = child[2 * node + goes_right]
        leaves = self.value[node].reshape(len(vectors), -1, len(self.baseline))
        return np.asarray(leaves.sum(axis=1, dtype=np.float64) + self.baseline)

    @cached_property
    def _walk(self) -> tuple[Any, Any, Any, int]:
        """Each node's feature and threshold, both its children, and the longest way down.

        Children are counted from the first node of all, and a leaf is its own child, so that a
        walk needs no test for having arrived.
        """
        nodes = np.arange(len(self.feature))
        size = np.diff(np.append(self.roots, len(nodes)))
        root = np.repeat(self.roots, size)
        inner = self.left > 0
        left, right = (np.where(inner, root + c, nodes) for c in (self.left, self.right))
        child = np.stack([left, right], axis=1).ravel().astype(np.int32)
        here, depth = self.roots, 0
        while len(here := here[inner[here]]):
            here = np.concatenate([left[here], right[here]])
            depth += 1
        return self.feature.astype(np.int64), self.cuts[self.cut], child, depth

    def save(self, path: Path) -> None:
        """Write the arrays to an npz file."""
        arrays = {name: getattr(self, name) for name in self.__dataclass_fields__}
        np.savez_compressed(path, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        ValueError, KeyError, OSError
            If it is not such a file, or its nodes point out of their trees.
        """
        with np.load(path, allow_pickle=False) as npz:
            trees = cls(**{name: npz[name] for name in cls.__dataclass_fields__})
        trees._check()
        return trees

    def _check(self) -> None:
        nodes = len(self.feature)
        size = np.diff(np.append(self.roots, nodes))
        if not (
            all(len(a) == nodes for a in (self.cut, self.left, self.right, self.value))
            and len(self.roots) % max(len(self.baseline), 1) == 0
            and self.roots[0] == 0
            and (size > 0).all()
        ):
            raise ValueError("the trees do not fit together")
        limit = np.repeat(size, size)
        place = np.arange(nodes) - np.repeat(self.roots, size)
        inner = self.left > 0
        # A child lies after its parent, so every walk ends; and inside the same tree.
        for child in (self.left, self.right):
            if not ((child < limit) & (~inner | (child > place))).all():
                raise ValueError("a node of the trees points out of its tree")
        if nodes and int(self.cut.max()) >= len(self.cuts):
            raise ValueError("a node of the trees has no value to compare with")

    @classmethod
    def of(cls, members: Sequence[Any]) -> Self:
        """The trees of fitted ``HistGradientBoostingClassifier``s of 3+ classes, averaged."""
        every = [tree.nodes for m in members for trees in m._predictors for tree in trees]
        nodes = np.concatenate(every)
        leaf = nodes["is_leaf"].astype(bool)
        threshold = np.where(leaf, 0.0, nodes["num_threshold"])
        cuts, cut = np.unique(threshold, return_inverse=True)
        baseline = np.mean([np.ravel(m._baseline_prediction) for m in members], axis=0)
        return cls(
            roots=np.cumsum([0, *(len(tree) for tree in every[:-1])]).astype(np.int64),
            feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.uint8),
            cut=cut.astype(np.uint16),
            left=np.where(leaf, 0, nodes["left"]).astype(np.uint16),
            right=np.where(leaf, 0, nodes["right"]).astype(np.uint16),
            value=np.where(leaf, nodes["value"] / len(members), 0.0).astype(np.float32),
            cuts=cuts,
            baseline=np.asarray(baseline, dtype=np.float64),
        )
