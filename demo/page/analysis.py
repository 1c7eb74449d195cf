"""From an uploaded file to what the page says of it: no Gradio, no HTML.

Files are read as streams, so that no answer or error tells where one lies: only its name.
"""

import csv
import io
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import BinaryIO, TypeVar

from melonnx.demo.page.limits import Limits
from melonnx.infer.audio.decoders.decoder import TRACK_HINT
from melonnx.infer.errors import AudioError, MelonnxError, NoMusicError
from melonnx.infer.explain.evidence import EvidenceMap, map_evidence
from melonnx.infer.explain.examine import Examined, examine
from melonnx.infer.model.metadata import DEFAULT_SURE, ModelInfo
from melonnx.infer.prediction import Prediction
from melonnx.infer.predictor import Predictor
from melonnx.infer.results.formats import cell_text
from melonnx.infer.results.rows import View, cells, columns, visible

__all__ = ["EvidenceMaps", "classify", "classify_each", "hear", "to_csv"]

_SAMPLE_S = 0.001
"""Seconds from sample to sample, at most: what is cut off ends as near to the limit."""
_T = TypeVar("_T")


def classify(
    predictor: Predictor, song: Path, limits: Limits, sure: int = DEFAULT_SURE
) -> Prediction:
    """The answer for an uploaded file, unsure below the bars of ``sure``.

    Raises an AudioError that calls it by its name, and UnknownRateError.
    """
    bars = predictor.info.bars_at(sure)
    most = limits.minutes * 60
    prediction = _read(song, lambda file: predictor.predict(file, duration=most))
    return _for_reader(prediction, song, limits, bars)


def hear(predictor: Predictor, song: Path, limits: Limits, sure: int = DEFAULT_SURE) -> Examined:
    """The same with all that there is to see; raises the same."""
    bars = predictor.info.bars_at(sure)
    most = limits.minutes * 60
    examined = _read(song, lambda file: examine(predictor, file, duration=most))
    return replace(examined, prediction=_for_reader(examined.prediction, song, limits, bars))


def classify_each(
    predictor: Predictor, songs: Sequence[Path], limits: Limits, sure: int = DEFAULT_SURE
) -> Iterator[Prediction]:
    """An answer for each, or a row that says why there is none."""
    for song in songs:
        try:
            yield classify(predictor, song, limits, sure)
        except MelonnxError as error:
            yield Prediction.failed(song.name, error)


def to_csv(predictions: Iterable[Prediction], info: ModelInfo) -> str:
    """The rows as ``melonnx classify --csv`` writes them, with the songs' names as ``path``."""
    text, view = io.StringIO(), View(info.genres, info.parents)
    names = columns(view)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for one in predictions:
        # No song is in the folder that the page was started in.
        values = cells(visible(one, view)) | {"path": _no_formula(one.path), "folder": None}
        writer.writerow(cell_text(values.get(name)) for name in names)
    return text.getvalue()


class EvidenceMaps:
    """The evidence maps of the last songs: a few kilobytes each, and seconds of work."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._maps: OrderedDict[tuple[Path, Predictor], EvidenceMap] = OrderedDict()
        self._lock = Lock()

    def of(self, predictor: Predictor, song: Path, examined: Examined) -> EvidenceMap:
        """The map of ``song``, whose path must be another for other contents."""
        key = song, predictor
        with self._lock:
            found = self._maps.get(key)
        if found is None:
            found = map_evidence(predictor, examined)
        with self._lock:
            self._maps[key] = found
            self._maps.move_to_end(key)
            while len(self._maps) > self._most:
                self._maps.popitem(last=False)
        return found


def _read(song: Path, use: Callable[[BinaryIO], _T]) -> _T:
    try:
        with song.open("rb") as file:
            return use(file)
    except FileNotFoundError:
        raise NoMusicError(f"{song.name}: is no longer here; drop it again") from None
    except AudioError as error:
        reason = str(error).removeprefix("<stream>: ")
        raise type(error)(f"{song.name}: {reason}") from None


def _for_reader(
    prediction: Prediction, song: Path, limits: Limits, bars: Mapping[str, float]
) -> Prediction:
    prediction = prediction.shown(min_score=bars.get(prediction.label or "", 0.0))
    warnings = tuple(one.removesuffix(TRACK_HINT) for one in prediction.warnings)  # not here
    if prediction.duration_s >= limits.minutes * 60 - _SAMPLE_S:
        warnings += (f"long: only the first {limits.minutes:g} minutes were listened to",)
    return replace(prediction, path=song.name, warnings=warnings)


def _no_formula(cell: str) -> str:
    """A name that begins as a formula does would be one in a spreadsheet."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
