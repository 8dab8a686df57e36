"""Sound to numbers that add up, and to the vector a classifier reads from them.

Mean and covariance of the MFCC frames make a Gaussian; `tangent` maps it to a flat space where
ordinary classifiers work.
"""

from genregenie.common.arrays import Array
from genregenie.features.bandwidth import Quality, Spectrum, from_low_bands
from genregenie.features.mfcc import (
    CEPSTRUM,
    COEFFICIENTS,
    FRAME_S,
    FRAME_SAMPLES,
    HOP_SAMPLES,
    TABLE_FRAMES,
    mel_frames,
    mfcc_frames,
)
from genregenie.features.statistics import (
    MelStatistics,
    Statistics,
    binned_mel_statistics,
    binned_statistics,
    statistics,
)
from genregenie.features.tangent import (
    ROW_WIDTH,
    VECTOR_WIDTH,
    as_row,
    as_rows,
    row_covariances,
    row_means,
    tangent_vectors,
)

__all__ = [
    "CEPSTRUM",
    "COEFFICIENTS",
    "FRAME_S",
    "FRAME_SAMPLES",
    "HOP_SAMPLES",
    "ROW_WIDTH",
    "TABLE_FRAMES",
    "VECTOR_WIDTH",
    "Array",
    "MelStatistics",
    "Quality",
    "Spectrum",
    "Statistics",
    "as_row",
    "as_rows",
    "binned_mel_statistics",
    "binned_statistics",
    "from_low_bands",
    "mel_frames",
    "mfcc_frames",
    "row_covariances",
    "row_means",
    "statistics",
    "tangent_vectors",
]
