"""Opens any audio file as a stream of sample blocks, at its own rate and channels.

soundfile decodes wav, flac, ogg, opus, mp3, aiff, au, caf; PyAV (the ``ffmpeg`` extra) decodes
m4a, aac, wma and webm. The bytes choose the decoder, never the name, and what a header says
of the length is never believed.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import numpy as np
import soundfile
from numpy.typing import NDArray

from melonnx.infer.audio import sniff
from melonnx.infer.audio.headers import is_cut_short, mend
from melonnx.infer.audio.joined import Joined
from melonnx.infer.errors import (
    EmptyAudioError,
    MissingExtraError,
    UnreadableAudioError,
    UnsupportedFormatError,
)

__all__ = ["Decoder", "Places", "Samples", "open_decoder"]

Samples = NDArray[np.float32]
"""(samples, channels)."""

BLOCK_LENGTH = 1 << 17
"""Samples per channel in a block."""

_CAREFUL_LENGTH = 1024

_NEEDS_AV = {
    "mp4": "MPEG-4 audio (m4a)",
    "asf": "Windows Media audio (wma)",
    "matroska": "WebM or Matroska audio",
    "adts": "AAC audio",
}
_MPEG_1 = 32_000
"""Hz; where libmpg123 seeks in what has a lower rate, it prints a line about bits that it lacks."""
_UNKNOWN_LENGTH = 1 << 62
"""Samples: libsndfile's word for a FLAC that does not say."""


class DecodeError(Exception):
    """The stream broke; what was decoded before it is good. Never leaves this package."""


@dataclass(frozen=True)
class Decoder:
    """An open stream of audio."""

    rate: int
    """Hz."""
    channels: int
    blocks: Iterator[Samples]
    """float32 (samples, channels); raises DecodeError where the data is damaged, and what the
    file raises where it cannot be read."""
    skipped: int = 0
    """Samples per channel before the first block, left out by seeking."""
    claimed: int | None = None
    """Samples per channel that a trustworthy header promises; None where none does."""
    cut_short: bool = False
    """The header promises more bytes than the file has."""
    places: "Places | None" = None
    """None where seeking is not exact, or no header can be trusted with the length."""


@dataclass(frozen=True)
class Places:
    """Any part of an open stream, to be read instead of its blocks."""

    n_samples: int
    """Samples per channel."""
    read: Callable[[int, int], Samples]
    """Of (first, n_samples): those samples, exactly. Raises DecodeError."""


def open_decoder(file: BinaryIO, offset_s: float, resources: ExitStack) -> Decoder:
    """Choose the decoder for ``file`` (seekable) by its bytes, and open it.

    ``offset_s``: seconds to skip where seeking is exact (``Decoder.skipped`` tells).
    What is opened is closed by ``resources``.

    Raises UnreadableAudioError, UnsupportedFormatError (naming the missing extra) and
    EmptyAudioError, their messages without the file's name; and what ``file`` raises.
    """
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        raise EmptyAudioError("the file is empty (0 bytes)")
    start = sniff.after_id3(file)
    if start:
        file = cast("BinaryIO", Joined(b"", file, start))
        size -= start
    file.seek(0)
    head = file.read(64)
    container = sniff.container(head)
    if container in _NEEDS_AV:
        return _open_av(file, container, resources)
    mpeg = None if container else sniff.find_mpeg_stream(file)
    if mpeg is not None:
        return _open_mpeg(file, mpeg, size, resources)
    cut_short = is_cut_short(file, container, size)
    view = mend(file, container, size)
    decoder = _open_soundfile(view, resources)
    if decoder is None or decoder.format == "MP3":  # no frames were found: silence, made up
        raise UnreadableAudioError(_what_it_is(head))
    skipped = _skip(decoder, round(offset_s * decoder.samplerate))
    is_known = decoder.frames < _UNKNOWN_LENGTH
    seeks = is_known and not cut_short and _seeks_exactly(decoder)
    return Decoder(
        decoder.samplerate,
        decoder.channels,
        _soundfile_blocks(decoder, view, resources),
        skipped=skipped,
        claimed=decoder.frames if is_known else None,
        cut_short=cut_short,
        places=_places(decoder) if seeks else None,
    )


def _open_mpeg(file: BinaryIO, mpeg: sniff.MpegStream, size: int, resources: ExitStack) -> Decoder:
    """MPEG audio, read to its end.

    libsndfile stops at the tag's length, or without one at an estimate from the first frames:
    half of a variable-rate file, or the second of two joined files, would be lost. Where the
    tag cannot be right, an endless one is put in front.
    """
    n_bytes = size - mpeg.start
    tag_fits = mpeg.claimed_bytes is not None and n_bytes < mpeg.claimed_bytes * 1.01 + 4096
    as_it_is = tag_fits and mpeg.claimed_samples is not None
    view = _mpeg_view(file, mpeg.start, as_it_is=as_it_is)
    decoder = _open_soundfile(view, resources)
    if decoder is None:
        raise UnreadableAudioError("has MPEG audio frames, but none that decodes")
    return Decoder(
        decoder.samplerate,
        decoder.channels,
        _mpeg_blocks(decoder, view, file, size, resources),
        claimed=mpeg.claimed_samples if tag_fits else None,
        places=_places(decoder) if as_it_is and decoder.samplerate >= _MPEG_1 else None,
    )


def _mpeg_view(file: BinaryIO, start: int, *, as_it_is: bool) -> BinaryIO:
    file.seek(start)
    prefix = b"" if as_it_is else sniff.info_frame(file.read(4))
    return cast("BinaryIO", Joined(prefix, file, start)) if prefix or start else file


def _open_soundfile(file: BinaryIO, resources: ExitStack) -> "_Forward | None":
    file.seek(0)
    calm = _Calm(file)
    try:
        decoder = resources.enter_context(_Forward(calm))
    except (soundfile.SoundFileError, TypeError, ValueError, OverflowError):
        decoder = None
    calm.require_whole()
    return decoder


def _seeks_exactly(decoder: soundfile.SoundFile) -> bool:
    """To the sample; libsndfile misses in Vorbis near the end."""
    return decoder.subtype.startswith(("PCM_", "FLOAT", "DOUBLE"))


def _skip(decoder: soundfile.SoundFile, wanted: int) -> int:
    if not wanted or not _seeks_exactly(decoder):
        return 0
    try:
        return decoder.seek(min(wanted, decoder.frames))
    except soundfile.SoundFileError:
        return 0


def _places(decoder: soundfile.SoundFile) -> Places:
    def read(first: int, n_samples: int) -> Samples:
        buffer = np.empty((n_samples, decoder.channels), np.float32)
        try:
            at = decoder.seek(first)
            n_read = decoder.buffer_read_into(cast("Any", buffer), "float32")
        except soundfile.SoundFileError as error:
            raise DecodeError(str(error)) from error
        if (at, n_read) != (first, n_samples):
            raise DecodeError(f"{n_read} samples at {at}, not {n_samples} at {first}")
        return buffer

    return Places(decoder.frames, read)


def _soundfile_blocks(
    decoder: "_Forward", file: BinaryIO, resources: ExitStack
) -> Iterator[Samples]:
    """Blocks from where ``decoder`` stands.

    A block is lost whole with an error inside it; what lies before the damage then comes in
    small pieces, from a new decoder, since the old one may not even seek any more.
    """
    position = _position(decoder)
    try:
        for block in _read(decoder, BLOCK_LENGTH):
            yield block
            position += len(block)
    except DecodeError:
        again = _open_soundfile(file, resources)
        if again is None:
            raise
        at = 0
        for block in _read(again, _CAREFUL_LENGTH):
            at += len(block)
            if at > position:
                yield block[position - at :]
                position = at
        raise


def _position(decoder: soundfile.SoundFile) -> int:
    try:
        return decoder.tell()
    except soundfile.SoundFileError:  # one that cannot seek (G.721) stands at its start
        return 0


def _read(decoder: "_Forward", length: int) -> Iterator[Samples]:
    while True:
        buffer = np.empty((length, decoder.channels), np.float32)
        try:
            n_samples = decoder.buffer_read_into(cast("Any", buffer), "float32")
        except soundfile.SoundFileError as error:
            decoder.calm.require_whole()
            raise DecodeError(str(error)) from error
        decoder.calm.require_whole()
        if n_samples == 0:
            return
        yield buffer[:n_samples]


def _mpeg_blocks(
    decoder: "_Forward", view: BinaryIO, file: BinaryIO, size: int, resources: ExitStack
) -> Iterator[Samples]:
    """Blocks of MPEG audio; begin again where frames follow what decoded.

    libsndfile gives up at damage, often as if the file ended there.
    """
    kind = decoder.samplerate, decoder.channels
    damage: DecodeError | None = None
    while True:
        n_samples = 0
        try:
            for block in _soundfile_blocks(decoder, view, resources):
                n_samples += len(block)
                yield block
        except DecodeError as error:
            damage = error
        behind = sniff.find_mpeg_stream(file, file.tell(), limit=size)
        if behind is None:
            break
        if n_samples < decoder.frames:
            damage = damage or DecodeError("frames follow the end")
        view = _mpeg_view(file, behind.start, as_it_is=False)
        again = _open_soundfile(view, resources)
        if again is None or (again.samplerate, again.channels) != kind:
            break
        decoder = again
    if damage is not None:
        raise damage


def _open_av(file: BinaryIO, kind: str, resources: ExitStack) -> Decoder:
    what = _NEEDS_AV[kind]
    try:
        import av
        from av.error import FFmpegError
    except ModuleNotFoundError:
        raise UnsupportedFormatError(f"is {what}. {MissingExtraError('ffmpeg', 'PyAV')}") from None
    refused = UnreadableAudioError(f"looks like {what}, but holds no audio that decodes")
    file.seek(0)
    calm = _Calm(file)
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
    blocks = _av_blocks(container, stream, calm)
    return Decoder(stream.rate, stream.channels, blocks, claimed=claimed)


def _av_blocks(container: Any, stream: Any, calm: "_Calm") -> Iterator[Samples]:
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


class _Calm:
    """A file that raises nothing: what a decoder's C code calls may not; it would be printed.

    What is before the start is the start, where libsndfile seeks in some damaged files. A read
    that fails is the end of the file, until ``require_whole`` is called.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: Exception | None = None
        self.read = self._calmly(file.read, b"")
        if hasattr(file, "readinto"):  # called twice a frame: 2,300 times for 30 s of mp3
            self.readinto = self._calmly(cast("Any", file).readinto, 0)

    def require_whole(self) -> None:
        """Raise what a read has raised."""
        if self._error is not None:
            raise self._error

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError):
            return self._file.seek(0)

    def _calmly(self, call: Callable[[Any], Any], nothing: Any) -> Callable[[Any], Any]:
        def read(wanted: Any) -> Any:
            try:
                return call(wanted)
            except Exception as error:  # each file system has its own
                self._error = self._error or error
                return nothing

        return read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Forward(soundfile.SoundFile):
    """Reads on and on.

    The base class seeks to where it stands after each read, which makes libmpg123 decode
    frames without their bit reservoir and print an error for each.
    """

    def __init__(self, calm: _Calm) -> None:
        self.calm = calm
        super().__init__(cast("Any", calm))

    def seekable(self) -> bool:
        return False


def _what_it_is(head: bytes) -> str:
    if not head.strip(b"\0"):
        return "is not audio: it begins with zeros"
    if all(byte >= 32 or 9 <= byte <= 13 for byte in head):
        return "is not audio: it looks like text"
    return "is not audio in any format known here, or is damaged at its start"
