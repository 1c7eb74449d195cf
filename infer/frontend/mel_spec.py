"""What decides the spectrogram that a network is given: rate, frames, bands, scale, MFCC."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import inf
from typing import Any, Self

from melonnx.infer.frontend.mfcc import Mfcc

__all__ = ["FULL_SCALE", "LOUDEST", "RANGE", "MelSpec"]

RANGE, LOUDEST, FULL_SCALE = "range", "loudest", "full scale"
_REFERENCES = (RANGE, LOUDEST, FULL_SCALE)
_FULL_SCALE_DB = 100.0
"""Decibels of full scale end there: power of 1e-10, as librosa has it."""
_HIGHEST_RATE = 1_000_000
_LARGEST_FFT = 1 << 20
_MOST_WEIGHTS = 1 << 26
"""Of the filterbank: 256 MB."""


@dataclass(frozen=True)
class MelSpec:
    """Everything that decides a log-mel spectrogram; it travels inside the model file.

    The window is a periodic Hann of ``n_fft`` samples; frame ``i`` is centred on sample
    ``i * hop_length`` of the signal, which is padded with ``n_fft // 2`` zeros on both sides;
    mel scale and filter norm are Slaney's; the power is 2 (librosa's defaults).
    """

    sample_rate: int = 22050
    """Hz."""
    n_fft: int = 2048
    """Samples."""
    hop_length: int = 1707
    """Samples between frames; at most ``n_fft``."""
    n_mels: int = 128
    fmin: float = 0.0
    """Hz, lowest edge of the lowest band."""
    fmax: float = 11025.0
    """Hz, highest edge of the highest band; at most half the sample rate."""
    top_db: float = 80.0
    """Depth in dB of the floor below the clip's loudest bin."""
    log_gain: float = 0.0
    """0: decibels between the clip's floor and its maximum. Otherwise log10(1 + log_gain * power),
    and ``top_db`` plays no part."""
    level: float = 0.0
    """With ``log_gain``: the power of all bands together, mean over frames, that every clip is
    brought to first, so that loudness stays out."""
    reference: str = RANGE
    """Of decibels. ``range``: 0 is the clip's own floor, 1 its loudest bin. ``loudest``: 0 is
    ``top_db`` below its loudest bin, wherever its floor is. ``full scale``: 0 is -100 dB, 1 is 0
    dB of power 1, which loud clips exceed; then loudness matters (librosa's default)."""
    mfcc: Mfcc | None = None
    """What is made of each window of the log-mel; None where the network takes it as it is."""

    def __post_init__(self) -> None:
        if not 0 < self.hop_length <= self.n_fft or self.n_fft % 2 or self.n_mels < 1:
            raise ValueError(
                f"n_fft={self.n_fft} must be even, hop_length={self.hop_length} between 1 and "
                f"n_fft, n_mels={self.n_mels} positive"
            )
        if self.sample_rate > _HIGHEST_RATE:
            raise ValueError(f"sample_rate={self.sample_rate} must be at most {_HIGHEST_RATE}")
        if self.n_fft > _LARGEST_FFT or self.n_fft // 2 * self.n_mels > _MOST_WEIGHTS:
            raise ValueError(f"n_fft={self.n_fft}, n_mels={self.n_mels} are beyond any memory")
        if not 0 <= self.fmin < self.fmax <= self.sample_rate / 2 or not 0 < self.top_db < inf:
            raise ValueError(
                f"0 <= fmin={self.fmin} < fmax={self.fmax} <= sample_rate/2="
                f"{self.sample_rate / 2} must hold, and top_db={self.top_db} be positive and finite"
            )
        decibels = self.log_gain == self.level == 0
        if not decibels and not (0 < self.log_gain < inf and 0 < self.level < inf):
            raise ValueError(
                f"log_gain={self.log_gain} and level={self.level} must both be positive and "
                "finite, or both 0"
            )
        self._check_scale(decibels)

    def _check_scale(self, decibels: bool) -> None:
        if self.reference not in _REFERENCES:
            told = ", ".join(f'"{one}"' for one in _REFERENCES)
            raise ValueError(f"reference is {self.reference!r}, not one of {told}")
        if self.reference != RANGE and not decibels:
            raise ValueError(f"reference={self.reference!r} is of decibels: log_gain must be 0")
        if self.mfcc is None:
            return
        if self.reference == RANGE:
            raise ValueError(
                f'mfcc needs decibels: "reference": "{FULL_SCALE}" (librosa.feature.mfcc of '
                f'samples) or "{LOUDEST}" (of power_to_db with ref=np.max)'
            )
        if self.mfcc.n_mfcc > self.n_mels:
            raise ValueError(
                f"n_mfcc={self.mfcc.n_mfcc} are made of n_mels={self.n_mels} bands: that many at "
                "most"
            )

    @property
    def frame_seconds(self) -> float:
        """Seconds from one frame to the next."""
        return self.hop_length / self.sample_rate

    @property
    def n_features(self) -> int:
        """Numbers of a frame that the network takes: mel bands, or coefficients."""
        return self.mfcc.n_features if self.mfcc else self.n_mels

    @property
    def depth_db(self) -> float:
        """Decibels from 0 to 1, where ``reference`` is no range."""
        return _FULL_SCALE_DB if self.reference == FULL_SCALE else self.top_db

    @property
    def is_of_format_4(self) -> bool:
        """Whether readers of the format before ``reference`` and ``mfcc`` make it too."""
        return self.reference == RANGE and self.mfcc is None

    def n_frames(self, n_samples: int) -> int:
        """Frames that ``n_samples`` samples give: one centred on every hop."""
        return 1 + n_samples // self.hop_length

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values; ``reference`` and ``mfcc`` only where they say something."""
        values = asdict(self)
        return values if not self.is_of_format_4 else {name: values[name] for name in _NUMBERS}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of :meth:`to_dict`. Raises ValueError on a missing, unknown or bad field."""
        wrong = _NUMBERS.keys() - values.keys() | values.keys() - {*_NUMBERS, "reference", "mfcc"}
        if wrong:
            raise ValueError(f"fields {sorted(wrong)} missing or unknown")
        try:
            for name, type_ in _NUMBERS.items():
                allowed = (int,) if type_ is int else (int, float)
                if type(values[name]) not in allowed:
                    raise ValueError(f"{name} is {values[name]!r}, not of type {type_.__name__}")
            converted: dict[str, Any] = {
                name: type_(values[name]) for name, type_ in _NUMBERS.items()
            }
            mfcc = values.get("mfcc")
            return cls(
                **converted,
                reference=values.get("reference", RANGE),
                mfcc=None if mfcc is None else Mfcc.from_dict(mfcc),
            )
        except (TypeError, OverflowError) as error:
            raise ValueError(str(error)) from error


_NUMBERS = {
    field.name: type(field.default)
    for field in fields(MelSpec)
    if field.name not in ("reference", "mfcc")
}
