"""A song heard once, with all that pictures and explanations of it need."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from melonnx.infer.audio.reader import AudioReader, Source, open_array, open_audio, require_sound
from melonnx.infer.explain.stages import Envelope, Listener, Raster, Spectrum
from melonnx.infer.frontend.long_tracks import Heard, hear_frames
from melonnx.infer.frontend.mel import Frames, mel_frames
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.model.session import Outputs
from melonnx.infer.prediction import Prediction
from melonnx.infer.predictor import Predictor

__all__ = ["Examined", "examine", "examine_array"]


@dataclass(frozen=True)
class Examined:
    """The answer for a song, what the model heard of it, and its stages on the way there."""

    prediction: Prediction
    info: ModelInfo
    """Of the model."""
    waveform: Envelope
    spectrum: Spectrum
    spectrogram: Raster
    mel_spectrogram: Raster
    heard: Heard
    outputs: Outputs
    """Of the network for each window, evidence among them."""


def examine(
    predictor: Predictor,
    source: Source,
    *,
    offset: float = 0.0,
    duration: float | None = None,
) -> Examined:
    """Classify as :meth:`Predictor.predict` does, and keep what there is to see.

    Raises what it raises. The source is decoded once. Memory is bounded as there: pictures
    have 2048 columns at most.
    """
    sample_rate = predictor.info.mel_spec.sample_rate
    with open_audio(
        source, sample_rate, offset=offset, duration=duration, track=predictor.track
    ) as reader:
        return _examine(predictor, reader)


def examine_array(predictor: Predictor, waveform: NDArray[Any], sample_rate: int) -> Examined:
    """The same of samples, as :meth:`Predictor.predict_array` takes them."""
    with open_array(waveform, sample_rate, predictor.info.mel_spec.sample_rate) as reader:
        return _examine(predictor, reader)


def _examine(predictor: Predictor, reader: AudioReader) -> Examined:
    info, spec = predictor.info, predictor.info.mel_spec
    listener = Listener(spec.sample_rate, spec)
    frames = _watched(listener, mel_frames(listener.samples(reader), spec))
    heard = hear_frames(frames, spec, info.window, info.window_hop, info.max_windows)
    require_sound(reader, spec.n_fft)
    outputs = predictor.run(predictor.patches(heard), evidence=True)
    return Examined(
        prediction=predictor.answer(reader, heard, outputs),
        info=info,
        waveform=listener.waveform,
        spectrum=listener.spectrum,
        spectrogram=listener.spectrogram,
        mel_spectrogram=listener.mel_spectrogram,
        heard=heard,
        outputs=outputs,
    )


def _watched(listener: Listener, frames: Iterable[Frames]) -> Iterator[Frames]:
    for some in frames:
        for power in listener.mel([some.power]):
            yield Frames(power, some.swing)
