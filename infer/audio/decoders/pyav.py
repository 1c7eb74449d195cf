"""Decodes what libsndfile cannot (m4a, aac, wma, webm) by PyAV, the ``ffmpeg`` extra."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO, cast

import numpy as np

from melonnx.infer.arrays import Samples
from melonnx.infer.audio.decoders.calm_file import CalmFile
from melonnx.infer.audio.decoders.decoder import DecodeError, Decoder
from melonnx.infer.errors import MissingExtraError, UnreadableAudioError, UnsupportedFormatError

__all__ = ["NEEDS_AV", "open_av"]

NEEDS_AV = {
    "mp4": "MPEG-4 audio (m4a)",
    "asf": "Windows Media audio (wma)",
    "matroska": "WebM or Matroska audio",
    "adts": "AAC audio",
}
"""Containers as ``melonnx.infer.audio.sniff`` names them, and as people do."""


def open_av(file: BinaryIO, kind: str, resources: ExitStack) -> Decoder:
    """Open the first audio stream of ``file``, a container of ``kind`` (a key of ``NEEDS_AV``).

    Raises UnsupportedFormatError where the extra is missing, and UnreadableAudioError.
    """
    what = NEEDS_AV[kind]
    try:
        import av
        from av.error import FFmpegError
    except ModuleNotFoundError:
        raise UnsupportedFormatError(f"is {what}. {MissingExtraError('ffmpeg', 'PyAV')}") from None
    refused = UnreadableAudioError(f"looks like {what}, but holds no audio that decodes")
    file.seek(0)
    calm = CalmFile(file)
    try:
        container = resources.enter_context(av.open(cast("Any", calm), metadata_errors="replace"))
        stream = container.streams.audio[0]
    except (FFmpegError, IndexError, ValueError):
        calm.require_whole()
        raise refused from None
    if stream.codec_context is None or not (stream.rate and stream.channels):  # no decoder for it
        raise refused
    claimed = None
    if stream.duration and stream.time_base and kind != "adts":  # there FFmpeg only estimates it
        claimed = int(stream.duration * stream.time_base * stream.rate)
    blocks = _blocks(container, stream, calm)
    return Decoder(stream.rate, stream.channels, blocks, claimed=claimed)


def _blocks(container: Any, stream: Any, calm: CalmFile) -> Iterator[Samples]:
    """Blocks at one rate, though the stream may change its rate and channels on the way."""
    from av import AudioResampler
    from av.error import FFmpegError

    planar, shape, rate = None, None, stream.rate
    try:
        for frame in container.decode(stream):
            if planar is None or shape != (frame.format.name, frame.layout.name, frame.sample_rate):
                yield from _as_blocks(planar, None)
                shape = frame.format.name, frame.layout.name, frame.sample_rate
                planar = AudioResampler(format="fltp", layout=frame.layout, rate=rate)
            yield from _as_blocks(planar, frame)
        calm.require_whole()
        yield from _as_blocks(planar, None)
    except (FFmpegError, ValueError) as error:
        calm.require_whole()
        raise DecodeError(str(error)) from error


def _as_blocks(planar: Any, frame: Any) -> Iterator[Samples]:
    """Resample a frame; None gives what ``planar`` still holds."""
    for part in planar.resample(frame) if planar is not None else ():
        yield part.to_ndarray().T.astype(np.float32, copy=False)
