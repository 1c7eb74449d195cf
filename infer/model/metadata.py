"""What a model file says of itself: the JSON in its ``melonnx`` metadata entry."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from math import isnan
from typing import Any, Self
from unicodedata import category

from melonnx.infer.errors import UnknownRateError
from melonnx.infer.frontend.mel_spec import MelSpec
from melonnx.infer.frontend.mfcc import DELTA_WIDTH
from melonnx.infer.frontend.windows import MOST_WINDOWS
from melonnx.infer.model.heads import HeadInfo, read_heads
from melonnx.infer.model.hierarchy import genres_above
from melonnx.infer.model.onnx_file import METADATA_KEY
from melonnx.infer.model.pooling import POOLINGS

__all__ = ["DEFAULT_SURE", "FORMAT_VERSION", "METADATA_KEY", "WAVE_KEY", "ModelInfo"]

WAVE_KEY = "melonnx.wave"
"""Of a waveform twin; the entry is that of its model."""
FORMAT_VERSION = 5
DEFAULT_SURE = 90
"""Percent of sure answers that are right, where nothing else is asked for."""

_WITHOUT_MFCC = 4
"""The version before, whose ``mel_spec`` has neither ``reference`` nor ``mfcc``. A model is written
in the oldest version that says all of it, so that readers of that go on reading it."""
_WITHOUT_HEADS = 3
"""The version before, which has no ``heads``."""
_BEFORE = 2
"""The version before that, which is read too. It had ``thresholds``, the bars at 90, and none of
the fields in ``_NEW``."""
_NEW = {"pooling", "bars", "accepts", "music_bar"}
_MOST_ELEMENTS = 1 << 26
"""Of one patch: 256 MB."""
_TEMPERATURES = 0.01, 100
"""Beyond, every answer would be certain, or none would be told from another."""
_LEAST_STEP_S = 0.001
"""Between frames; a smaller one would only fill the memory."""
_RATES = {str(percent) for percent in range(1, 100)}
_HEAD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAKEN = {
    *("probabilities", "embedding", "evidence", "music", "label_probabilities", "log_mel"),
    "waveform",
}
"""Names of tensors that are something else."""
_UNPRINTABLE = {"Cc", "Cs"}
"""Unicode's categories of control characters, which would steer the terminal that a label is
printed in, and of surrogates, which cannot be printed at all."""


@dataclass(frozen=True)
class ModelInfo:
    """Everything the runtime and a reader need to know of a model, apart from its weights."""

    name: str
    version: str
    labels: tuple[str, ...]
    """In the order of the network's outputs; sub-genres where there are ``parents``."""
    mel_spec: MelSpec
    window: int
    """Frames of one patch."""
    window_hop: int
    """Frames from one patch to the next."""
    max_windows: int = 0
    """A longer track is heard at so many places, evenly spread; 0 for all of it."""
    temperature: float = 1.0
    """Divides the logits; fitted on validation data."""
    pooling: str = "probabilities"
    """How a song's answer comes of its windows': the mean of their "probabilities", or the softmax
    of the mean of their "logits" (:mod:`melonnx.infer.model.pooling`)."""
    bars: dict[str, dict[str, float]] = field(default_factory=dict)
    """For a rate, whole percents as text ("80", "90", "95"): by genre, the score from which on so
    many answers are right. One below is unsure; an absent genre's bar is 0."""
    accepts: dict[str, dict[str, float]] = field(default_factory=dict)
    """accepts[answer][other]: the chance that a song whose first genre is ``other`` is rightly
    called ``answer`` too (:mod:`melonnx.infer.model.acceptance`). Of genres, not sub-genres."""
    music_bar: float = 0.0
    """A song whose ``music`` is below it does not sound like music; 0: the network does not
    say."""
    parents: dict[str, str] = field(default_factory=dict)
    """Genre by label, of a model that tells sub-genres; empty where the labels are genres.
    A genre's label of its own, for music of none of its sub-genres, is above itself."""
    dataset: str = ""
    split: str = ""
    """How training, validation and test data were parted."""
    metrics: dict[str, Any] = field(default_factory=dict)
    """Figures measured on the test part of ``split`` through this runtime."""
    license: str = ""
    attribution: str = ""
    heads: dict[str, HeadInfo] = field(default_factory=dict)
    """What the network says besides genres, by the name of the output."""

    def __post_init__(self) -> None:
        if len(self.labels) < 2 or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels {self.labels} must be two or more, all different")
        if self.window < 1 or self.window_hop < 1:
            raise ValueError(f"window={self.window}, window_hop={self.window_hop} must be >= 1")
        if self.window * self.mel_spec.n_mels > _MOST_ELEMENTS:
            raise ValueError(f"window={self.window} is beyond any memory")
        if self.mel_spec.frame_seconds < _LEAST_STEP_S:
            raise ValueError(f"hop_length={self.mel_spec.hop_length} is less than a millisecond")
        if self.mel_spec.mfcc and self.mel_spec.mfcc.deltas and self.window < DELTA_WIDTH:
            raise ValueError(f"window={self.window}: deltas are told by {DELTA_WIDTH} frames")
        if not 0 <= self.max_windows <= MOST_WINDOWS:
            raise ValueError(f"max_windows={self.max_windows} must be 0 to {MOST_WINDOWS}")
        if not _TEMPERATURES[0] <= self.temperature <= _TEMPERATURES[1]:
            least, most = _TEMPERATURES
            raise ValueError(f"temperature={self.temperature} must be {least} to {most}")
        if self.pooling not in POOLINGS:
            raise ValueError(f"pooling is {self.pooling!r}, not one of {', '.join(POOLINGS)}")
        if not 0 <= self.music_bar <= 1:
            raise ValueError(f"music_bar={self.music_bar} must be 0 to 1")
        if self.parents and set(self.parents) != set(self.labels):
            strange = sorted(set(self.parents) ^ set(self.labels))
            raise ValueError(f"parents must name the genre of each label; {strange} do not fit")
        if len(self.genres) < 2:
            raise ValueError(f"parents name one genre only, {', '.join(self.genres)!r}")
        for text in (self.name, self.version, *self.labels, *self.genres):
            if any(category(letter) in _UNPRINTABLE for letter in text):
                raise ValueError(f"{text!a} holds characters that cannot be printed")
        self._check_bars()
        self._check_accepts()
        for name in self.heads:
            if not _HEAD_NAME.fullmatch(name) or name in _TAKEN:
                raise ValueError(
                    f"a head cannot be called {name!a}: small letters, digits and _, and none of "
                    f"{', '.join(sorted(_TAKEN))}"
                )

    def _check_bars(self) -> None:
        for rate, bars in self.bars.items():
            if rate not in _RATES:
                raise ValueError(f"bars {rate!a} must be whole percents as text, 1 to 99")
            if any(map(isnan, bars.values())):
                raise ValueError(f"bars {bars} must be numbers")

    def _check_accepts(self) -> None:
        named = {*self.accepts, *(other for row in self.accepts.values() for other in row)}
        if strange := sorted(named - set(self.genres)):
            raise ValueError(f"accepts names {strange}, which are none of the genres")
        for answer, row in self.accepts.items():
            if not all(0 <= chance <= 1 for chance in row.values()):
                raise ValueError(f"accepts of {answer!a} must be 0 to 1, not {row}")

    @property
    def genres(self) -> tuple[str, ...]:
        """What a song is told to be: the labels, or the genres that are above them."""
        return genres_above(self.labels, self.parents)

    def bars_at(self, sure: int) -> dict[str, float]:
        """By genre, the score from which on ``sure`` percent of the answers are right.

        Raises UnknownRateError for a rate that the file does not have. One without any bars, as
        nothing was measured, has them at ``DEFAULT_SURE``: none.
        """
        bars = self.bars.get(str(sure), {} if not self.bars and sure == DEFAULT_SURE else None)
        if bars is None:
            there = ", ".join(sorted(self.bars, key=int)) or DEFAULT_SURE
            raise UnknownRateError(
                f"{self.name} {self.version} cannot say which answers are right in {sure}% of "
                f"cases; it can for {there}"
            )
        return bars

    def to_json(self) -> str:
        """The metadata entry, keys sorted so that equal models are equal bytes."""
        values = {"format_version": FORMAT_VERSION, **asdict(self)}
        values["mel_spec"] = self.mel_spec.to_dict()
        if self.mel_spec.is_of_format_4:
            values["format_version"] = _WITHOUT_MFCC
            if not self.heads:
                del values["heads"]
                values["format_version"] = _WITHOUT_HEADS
        return json.dumps(values, sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Inverse of :meth:`to_json`.

        Raises ValueError on text that is not JSON, another format version, and missing,
        unknown or bad fields.
        """
        try:
            values = json.loads(text)
        except RecursionError:
            raise ValueError("the metadata is nested too deep") from None
        if not isinstance(values, dict):
            raise ValueError("the metadata is not a JSON object")
        version = values.pop("format_version", None)
        versions = (_BEFORE, _WITHOUT_HEADS, _WITHOUT_MFCC, FORMAT_VERSION)
        if not _is_integer(version) or version not in versions:
            raise ValueError(
                f"its format version is {version}, this melonnx reads {_BEFORE} to "
                f"{FORMAT_VERSION}: update melonnx or export the model again"
            )
        known = {entry.name for entry in fields(cls)}
        if version in (_BEFORE, _WITHOUT_HEADS):
            known = known - {"heads"}
        if version == _BEFORE:
            known = known - _NEW | {"thresholds"}
        if values.keys() != known:
            raise ValueError(f"fields {sorted(values.keys() ^ known)} are missing or unknown")
        for name in sorted(known):
            if not _KINDS[name](values[name]):
                raise ValueError(f"{name} has the wrong type: {values[name]!a:.60}")
        strange = values["mel_spec"].keys() & {"reference", "mfcc"}
        if version != FORMAT_VERSION and strange:
            raise ValueError(f"mel_spec has {sorted(strange)}, which version {version} has not")
        if version == _BEFORE:
            values |= {"bars": {str(DEFAULT_SURE): values.pop("thresholds")}}
        try:
            return cls(
                **{
                    **values,
                    "labels": tuple(values["labels"]),
                    "mel_spec": MelSpec.from_dict(values["mel_spec"]),
                    "temperature": float(values["temperature"]),
                    "bars": _as_floats(values["bars"]),
                    "accepts": _as_floats(values.get("accepts", {})),
                    "music_bar": float(values.get("music_bar", 0)),
                    "heads": read_heads(values.get("heads", {})),
                }
            )
        except (TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"a field has the wrong type ({error})") from error


def _as_floats(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, float]]:
    return {key: {name: float(value) for name, value in row.items()} for key, row in rows.items()}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_integer(value) or isinstance(value, float)


def _maps_to(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(fits, value.values()))


_KINDS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("name", "version", "dataset", "split", "license", "attribution"), _is_text),
    **dict.fromkeys(("window", "window_hop", "max_windows"), _is_integer),
    "labels": lambda value: isinstance(value, list) and all(map(_is_text, value)),
    **dict.fromkeys(("temperature", "music_bar"), _is_number),
    "pooling": _is_text,
    **dict.fromkeys(("bars", "accepts"), _maps_to(_maps_to(_is_number))),
    "thresholds": _maps_to(_is_number),
    "parents": _maps_to(_is_text),
    **dict.fromkeys(("metrics", "heads"), lambda value: isinstance(value, dict)),
    "mel_spec": lambda value: isinstance(value, dict),
}
"""What JSON value each field takes: it is not made to fit, since other readers would not."""
