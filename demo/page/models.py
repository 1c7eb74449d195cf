"""The models that the page offers: each opened once, and used by all requests."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from melonnx.infer.errors import MelonnxError, ModelFileError, UnknownGenreError
from melonnx.infer.model.metadata import DEFAULT_SURE, METADATA_KEY, ModelInfo
from melonnx.infer.model.onnx_file import read_metadata
from melonnx.infer.model.session import MODELS_FOLDER, Device
from melonnx.infer.predictor import Predictor
from melonnx.infer.spelling import fold

__all__ = ["RATES", "Choice"]

RATES = (80, 90, 95)
"""Percent right that visitors may ask of sure answers, as far as a model's file has them."""
_RELEASED = {
    "genre-base": "right most often",
    "genre-small": "the fastest",
    "genre-open": "free to build in and sell",
}
"""What each is for."""


class Choice:
    """The released models by name, and the files in ``own`` by theirs, the first of which leads.

    ``own`` is opened at once, so that a bad file is refused before the page is up; raises
    ModelFileError, DeviceError and UnknownGenreError. ``genres``: the only ones that may be
    answers, of every model. Files come from whoever starts the page, never from its visitors.
    """

    def __init__(
        self,
        own: Sequence[Path] = (),
        device: Device = "auto",
        threads: int | None = None,
        genres: Sequence[str] | None = None,
    ) -> None:
        self._device: Device = device
        self._threads = threads
        self._genres = genres
        self._files = {path.stem: path for path in own} | {
            name: MODELS_FOLDER / f"{name}.onnx"
            for name in _RELEASED
            if name not in {path.stem for path in own}
        }
        if len({path.stem for path in own}) < len(own):
            raise ModelFileError("two of the model files have one name; rename one")
        self._open: dict[str, Predictor] = {}
        self._lock = Lock()
        for name in [path.stem for path in own] or self.names[:1]:
            self.predictor(name)

    @property
    def names(self) -> list[str]:
        """The first is taken where none is named."""
        return list(self._files)

    def describe(self, name: str) -> str:
        """A model's name, and what it is for."""
        is_released = self._files[name].parent == MODELS_FOLDER
        return f"{name}: {_RELEASED[name] if is_released else 'your own'}"

    def predictor(self, name: str | None = None) -> Predictor:
        """The one ``Predictor`` of a model; raises MelonnxError for a name that is none of them."""
        name = name or self.names[0]
        if name not in self._files:
            raise MelonnxError(f'the model "{name}" is not here; there are {", ".join(self.names)}')
        with self._lock:
            if name not in self._open:
                how = self._device, self._threads
                self._open[name] = Predictor(self._files[name], *how, genres=self._genres)
            return self._open[name]

    @property
    def genres(self) -> list[str]:
        """Those that visitors may choose among: what any of the models may answer."""
        allowed = None if self._genres is None else {fold(genre) for genre in self._genres}
        found: dict[str, None] = {}
        for path in self._files.values():
            info = ModelInfo.from_json(
                read_metadata(path.read_bytes(), METADATA_KEY).decode()  # not opened for that
            )
            found |= dict.fromkeys(info.genres)
        return sorted(one for one in found if allowed is None or fold(one) in allowed)

    def among(self, name: str | None, genres: Sequence[str] | None) -> Predictor:
        """The model for which only ``genres`` may be answers, as far as it tells them.

        None or none for all that it may answer. Raises UnknownGenreError where fewer than two are
        left: there is nothing to choose.
        """
        whole = self.predictor(name)
        if not genres:
            return whole
        told = [one for one in whole.genres if one in genres]
        if len(told) < 2:
            raise UnknownGenreError(
                f"choose two genres or more that {whole.info.name} tells: {', '.join(whole.genres)}"
            )
        return whole.among(told)

    def rates(self, name: str | None = None) -> list[int]:
        """Those of ``RATES`` that a model's file has bars for."""
        there = self.predictor(name).info.bars
        return [rate for rate in RATES if str(rate) in there] or [DEFAULT_SURE]

    def nearest_rate(self, name: str | None, sure: int | None) -> int:
        """``sure``, or what comes nearest to it of :meth:`rates`: another model may have others."""
        wanted = sure or DEFAULT_SURE
        return min(self.rates(name), key=lambda rate: abs(rate - wanted))
