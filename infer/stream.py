"""Tells the genre of sound that has no end yet: blocks in, a prediction each hop out."""

from dataclasses import replace
from itertools import groupby
from math import inf
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.arrays import Samples, Waveform
from melonnx.infer.audio.array_samples import as_samples, require_audible, to_float32
from melonnx.infer.audio.down_mix import down_mix
from melonnx.infer.audio.reader import SILENCE, open_array
from melonnx.infer.errors import AudioError
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.prediction import Prediction

__all__ = ["Stream"]

_NOTHING = np.zeros(0, np.float32)


class Listener(Protocol):
    """All that a stream needs of a predictor, which makes it: to be asked."""

    info: ModelInfo

    def predict_array(
        self, waveform: NDArray[Any], sample_rate: int, *, top: int | None, name: str
    ) -> Prediction:
        """As ``Predictor.predict_array``."""
        ...


class Stream:
    """What a radio, a microphone or a mixer plays, heard as it comes.

    Made by ``Predictor.stream``, one for each source; not to be shared between threads.

    Each ``hop`` seconds of sound make a prediction of the last ``length`` seconds (of fewer, as
    long as fewer have come): what ``predict_array`` says of those samples, to the last bit, for
    the samples are kept and it is asked. ``start_s``, ``end_s`` and ``timeline`` of a prediction
    are seconds since the stream began.

    A hop that is silent from end to end parts two songs: its prediction, of that hop alone, has
    the status "silent", and what came before it is forgotten.

    Latency: an answer is there once the block that completes its hop was pushed and the network
    was run. A new song that follows without a pause has half of the say after ``length / 2``
    seconds, and all of it after ``length``. Memory: float32, ``length`` seconds of mono and ``hop``
    of all channels.
    """

    def __init__(
        self,
        predictor: Listener,
        sample_rate: int,
        *,
        length: float,
        hop: float,
        top: int | None,
        name: str,
    ) -> None:
        spec = predictor.info.mel_spec
        frame_s = spec.n_fft / spec.sample_rate
        if not frame_s <= length < inf or not 0 < hop < inf:
            raise ValueError(
                f"length={length} must be a frame's {frame_s:.3f} seconds or more, and "
                f"hop={hop} more than 0"
            )
        if top is not None and top < 1:
            raise ValueError(f"top={top} must be 1 or more")
        with open_array(np.zeros(1), sample_rate, sample_rate, name):
            pass  # refuses what is no rate before the first block does
        self._predictor, self._top = predictor, top
        self._rate, self._name = sample_rate, name
        self._length = round(length * sample_rate)
        self._context = _NOTHING
        self._hop_length = max(1, round(hop * sample_rate))
        self._hop: list[Samples] = []
        self._in_hop = 0
        self._heard = 0
        self._closed = False

    @property
    def heard_s(self) -> float:
        """Seconds pushed so far."""
        return (self._heard + self._in_hop) / self._rate

    def push(self, block: NDArray[Any]) -> list[Prediction]:
        """Take in any number of samples, and return the predictions of the hops they complete.

        ``block``: (samples,) or (samples, channels) at the stream's rate, float or integer PCM.

        Raises InvalidSamplesError (NaN, infinite, no shape or dtype of audio), after which the
        stream goes on as if ``block`` had never come; ValueError after :meth:`close`.
        """
        if self._closed:
            raise ValueError(f"{self._name}: the stream is closed")
        if not np.size(block):
            return []
        samples = to_float32(as_samples(block, self._name))
        require_audible(float(samples.min()), float(samples.max()), self._name)
        predictions: list[Prediction] = []
        while len(samples):
            room = self._hop_length - self._in_hop
            part, samples = samples[:room], samples[room:]
            self._hop.append(part)
            self._in_hop += len(part)
            if self._in_hop == self._hop_length:
                predictions.append(self._predict())
        return predictions

    def close(self) -> Prediction | None:
        """End the stream; returns the prediction with the samples since the last hop, if any."""
        self._closed = True
        return self._predict() if self._in_hop else None

    def _predict(self) -> Prediction:
        new = _mono(self._hop)
        is_pause = len(new) == self._hop_length and _is_silent(new)
        before = _NOTHING if is_pause else self._context
        context = np.concatenate((before, new))[-self._length :]
        self._context = _NOTHING if is_pause else context
        self._heard += self._in_hop
        self._hop, self._in_hop = [], 0
        start_s = (self._heard - len(context)) / self._rate
        try:
            prediction = self._predictor.predict_array(
                context, self._rate, top=self._top, name=self._name
            )
        except AudioError as error:
            info = self._predictor.info
            prediction = Prediction.failed(self._name, error, f"{info.name} {info.version}")
        return replace(
            prediction,
            start_s=start_s,
            duration_s=len(context) / self._rate,
            timeline=tuple(
                part._replace(start_s=start_s + part.start_s, end_s=start_s + part.end_s)
                for part in prediction.timeline
            ),
        )


def _mono(parts: list[Samples]) -> Waveform:
    """Of a whole hop at once, so that blocks of any size are mixed alike."""
    runs = groupby(parts, lambda part: part.shape[1])
    return np.concatenate([down_mix(np.concatenate(list(run))) for _, run in runs])


def _is_silent(mono: Waveform) -> bool:
    return float(mono.max()) - float(mono.min()) < 2 * SILENCE
