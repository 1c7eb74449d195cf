"""Names of FMA's 518 features, and the sets of them that its paper compares."""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["COLUMNS", "FEATURE_SETS", "SERIES", "STATISTICS", "FeatureName", "columns_of"]


class FeatureName(NamedTuple):
    """One column, by the three header rows of the published table."""

    feature: str
    statistics: str
    number: str
    """From "01"."""

    def __str__(self) -> str:
        return ".".join(self)


SERIES = {
    "chroma_cens": 12,
    "chroma_cqt": 12,
    "chroma_stft": 12,
    "mfcc": 20,
    "rmse": 1,
    "spectral_bandwidth": 1,
    "spectral_centroid": 1,
    "spectral_contrast": 7,
    "spectral_rolloff": 1,
    "tonnetz": 6,
    "zcr": 1,
}
"""How many series there are of each feature."""

STATISTICS = ("kurtosis", "max", "mean", "median", "min", "skew", "std")

COLUMNS = tuple(
    FeatureName(feature, statistic, f"{number:02}")
    for feature, size in SERIES.items()
    for statistic in STATISTICS
    for number in range(1, size + 1)
)
"""In the order of the published table, which is that of the alphabet."""

FEATURE_SETS = {
    "MFCC": ("mfcc",),
    "contrast": ("spectral_contrast",),
    "centroid": ("spectral_centroid",),
    "MFCC + contrast": ("mfcc", "spectral_contrast"),
    "MFCC + contrast + centroid": ("mfcc", "spectral_contrast", "spectral_centroid"),
    "all 518": tuple(SERIES),
}
"""Features by the name of the set."""


def columns_of(features: Sequence[str]) -> list[int]:
    """Where the columns of ``features`` are in :data:`COLUMNS`."""
    return [at for at, column in enumerate(COLUMNS) if column.feature in features]
