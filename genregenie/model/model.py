"""A trained model on disk: what is in its folder, how it is read, what it answers.

====================  =======================================================================
``model.json``        genres, temperature, thresholds, where it came from and how it scored
``catalogue.npz``     the reference tracks: artist, title, genre and vector
``map.npz``           where they lie on a map, where there is one
``model.skops``       the fitted scikit-learn pipeline, readable with skops, no pickle
``arrays.npz``        the arrays of a kernel or linear model or their vote, where it is one
``heads.npz``         the models of movement in time and of the network's autotags, where there are
====================  =======================================================================
"""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from genregenie.common.arrays import Array
from genregenie.common.errors import GenreGenieError
from genregenie.features.bandwidth import from_low_bands
from genregenie.features.statistics import MelStatistics, Statistics
from genregenie.model.blend import HEADS_NPZ, Blended, Head, load_heads
from genregenie.model.catalogue import Catalogue, novelty
from genregenie.model.map import Map
from genregenie.model.metadata import FormatError, Hearing, Metadata, Part, Thresholds
from genregenie.model.scorers import ArrayScorer, PipelineScorer, Scorer

CATALOGUE_NPZ: Final = "catalogue.npz"
MAP_NPZ: Final = "map.npz"
PIPELINE_SKOPS: Final = "model.skops"
ARRAYS_NPZ: Final = "arrays.npz"


class ModelError(GenreGenieError):
    """A model folder that is missing or cannot be used."""


@dataclass(frozen=True)
class Answers:
    """What a model says of some clips.

    Attributes
    ----------
    confidences : float64 array, shape (n, k)
        Calibrated; each row sums to 1.
    hearings : tuple of n Hearing
        By which parts each clip was judged, and from where on that is confident.
    vectors : float64 array, shape (n, 104), or None
        What the model of timbre looked at: where the clips lie in its own space. None for a
        scikit-learn pipeline, whose space is not known here.
    """

    confidences: Array
    hearings: tuple[Hearing, ...]
    vectors: Array | None


@dataclass(frozen=True)
class Model:
    """A trained model, ready to answer. Safe to use from many threads.

    Attributes
    ----------
    metadata : Metadata
        Everything in ``model.json``.
    scorer : Scorer
        Of timbre.
    catalogue : Catalogue
    heads : mapping of Part to Head
        Of what else it knows.
    map : Map or None
        Where the catalogue's tracks lie on a map; None in models of earlier releases, and for a
        catalogue that is too small.
    """

    metadata: Metadata
    scorer: Scorer
    catalogue: Catalogue
    heads: Mapping[Part, Head] = field(default_factory=dict)
    map: Map | None = None

    @property
    def genres(self) -> tuple[str, ...]:
        """The order of all confidences."""
        return self.metadata.genres

    @property
    def temperature(self) -> float:
        """What the scorer's log-confidences are divided by."""
        return self.metadata.temperature

    @property
    def thresholds(self) -> Thresholds:
        """Where verdicts change."""
        return self.metadata.thresholds

    @property
    def version(self) -> str:
        """Twelve characters that change with every training that comes out differently."""
        return self.metadata.version

    @property
    def timbre(self) -> Hearing:
        """How timbre alone is judged."""
        held_out = self.metadata.held_out
        unknown = float("nan")
        return Hearing(
            weights={"timbre": 1.0 / self.temperature},
            confident=self.thresholds.confident,
            clips=self.metadata.trained_on.tracks,
            accuracy=unknown,
            accuracy_sd=unknown,
            macro_f1=unknown,
            top3=unknown,
            log_loss=unknown,
            ece=held_out.ece,
            confident_accuracy=held_out.confident_accuracy,
            confident_share=held_out.confident_share,
        )

    def answers(
        self, rows: Array, autotags: Array | None = None, temporal: Array | None = None
    ) -> Answers:
        """What the model says of clips, and what it looked at.

        Parameters
        ----------
        rows : array, shape (n, 105)
            Statistics, as `genregenie.features.tangent.as_rows` lays them out.
        autotags : array, shape (n, 50), optional
            Mean probabilities of the network's tags; NaN in the row of a clip that it has not
            heard.
        temporal : array, shape (n, 64), optional
            As `genregenie.features.temporal.ModulationSpectrum.row`.
        """
        vectors: Array | None = None
        if isinstance(self.scorer, ArrayScorer):
            vectors = self.scorer.space.vectors(rows)
            timbre = self.scorer.log_confidences_of(vectors)
        else:
            timbre = self.scorer.log_confidences(rows)
        logs: dict[Part, Array] = {"timbre": timbre}
        known: dict[Part, Array | None] = {"temporal": temporal, "autotags": autotags}
        for part, head in self.heads.items():
            values = known[part]
            if values is not None:
                logs[part] = head.log_confidences(values)  # NaN where they are
        blended = Blended.of((*self.metadata.hearings, self.timbre), logs)
        return Answers(blended.confidences, blended.hearings, vectors)

    def confidences(
        self, rows: Array, autotags: Array | None = None, temporal: Array | None = None
    ) -> Array:
        """Calibrated confidences, shape (n, k), each row with a sum of 1; see `answers`."""
        return self.answers(rows, autotags, temporal).confidences

    def seen(self, stats: MelStatistics, end_hz: float | None = None) -> Statistics:
        """What the model sees of a clip: its MFCC statistics.

        Parameters
        ----------
        stats : MelStatistics
            Of one frame at least.
        end_hz : float, optional
            Where the sound ends, from `genregenie.features.bandwidth.Spectrum.end_hz`. Then they
            are those that the clip would have if it did not.
        """
        if end_hz is None:
            return stats.cepstral()
        space = self.catalogue.space
        return from_low_bands(stats, end_hz, space.centre, space.reference)

    def places(self, vectors: Array, autotags: Array) -> Array | None:
        """Where clips lie on the map, shape (m, 2), from 0 to 1; None where there is no map.

        Parameters
        ----------
        vectors, autotags
            As for `Catalogue.alike`.
        """
        return None if self.map is None else self.map.place(self.catalogue.alike(vectors, autotags))

    def novelty(self, distances: Array) -> Array:
        """How unlike every reference, shape (n,), from `Catalogue.distances`, shape (n, m)."""
        return novelty(distances, self.thresholds.novelty_neighbours)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a model folder.

        Raises
        ------
        ModelError
            If it is missing, incomplete, or written in another format.
        """
        try:
            metadata = Metadata.read(folder)
            arrays = folder / ARRAYS_NPZ
            scorer: Scorer = (
                ArrayScorer.load(arrays)
                if arrays.exists()
                else PipelineScorer(folder / PIPELINE_SKOPS)
            )
            catalogue = Catalogue.load(folder / CATALOGUE_NPZ)
            heads = load_heads(folder / HEADS_NPZ)
            drawn = Map.load(folder / MAP_NPZ, len(catalogue.genre))
            return cls(metadata, scorer, catalogue, heads, drawn)
        except FileNotFoundError as error:
            raise ModelError(
                f"There is no model in {folder}. Train one with 'genregenie train', or point "
                "GENREGENIE_MODEL at one."
            ) from error
        except FormatError as error:
            raise ModelError(
                f"The model in {folder} {error} Train it again with 'genregenie train'."
            ) from error
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise ModelError(f"The model in {folder} cannot be read: {error}") from error
