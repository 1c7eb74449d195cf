"""What the commands here need of ``melonnx.export``, which training may not import.

The command line's table names the function; ``Context.obj``, when it is called, imports it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from melonnx.train.data.columns import Column
from melonnx.train.data.tracks import Track
from melonnx.train.progress import Say

if TYPE_CHECKING:
    from melonnx.infer.model.heads import HeadInfo
    from melonnx.infer.model.metadata import ModelInfo
    from melonnx.train.classical.benchmark import Benchmark
    from melonnx.train.classical.feature_table import FeatureTable
    from melonnx.train.own_genres import OwnGenres

__all__ = ["AddHeads", "ExportHead", "ExportPipeline", "ExportedHead", "MakeHeads", "PipelineProof"]


class ExportedHead(Protocol):
    """A model file with a head for somebody's own genres."""

    @property
    def info(self) -> "ModelInfo":
        """What the file says of itself."""
        ...

    @property
    def own(self) -> "OwnGenres":
        """The head, and what it scored."""
        ...


class ExportHead(Protocol):
    """Fits a head for the genres of ``tracks`` and writes the model file ``out``."""

    def __call__(
        self,
        tracks: Sequence[Track],
        base: str | Path | None,
        out: Path,
        *,
        name: str,
        dataset: str,
        say: Say,
        cache: Path | None = None,
    ) -> ExportedHead:
        """``base``: the model file whose embedding is learnt on, or a released one's name.

        ``cache``: folder for the songs' embeddings; None keeps none.
        """
        ...


class AddHeads(Protocol):
    """Learns a head for each of ``columns`` and writes the model file ``out`` with them."""

    def __call__(
        self,
        tracks: Sequence[Track],
        columns: Sequence[Column],
        base: str | Path | None,
        out: Path,
        *,
        dataset: str,
        say: Say,
        cache: Path | None = None,
    ) -> "dict[str, HeadInfo]":
        """``base``: the model file that gets them, or a released one's name.

        ``cache``: folder for the songs' embeddings; None keeps none.
        """
        ...


class MakeHeads(Protocol):
    """Both."""

    @property
    def own_genres(self) -> ExportHead:
        """Other genres in the place of the base's."""
        ...

    @property
    def further(self) -> AddHeads:
        """More beside the base's genres."""
        ...


class PipelineProof(Protocol):
    """How far a pipeline's file is from scikit-learn."""

    @property
    def rows(self) -> int:
        """Songs compared."""
        ...

    @property
    def worst(self) -> float:
        """The largest difference of a score."""
        ...


class ExportPipeline(Protocol):
    """Writes the best pipeline of a benchmark as one ONNX file."""

    def __call__(
        self, pipeline: Any, benchmark: "Benchmark", table: "FeatureTable", out: Path
    ) -> PipelineProof:
        """``table``: the features that ``pipeline`` was fitted to."""
        ...
