"""Turns any source of audio into mono float32 blocks at the wanted sample rate."""

import io
import math
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, BinaryIO, Self, TypeGuard, cast

import numpy as np
import soxr
from numpy.typing import NDArray

from melonnx.infer.arrays import Samples, Waveform
from melonnx.infer.audio.array_samples import (
    MAX_CHANNELS,
    RATES,
    as_samples,
    require_audible,
    require_rate,
    silence_hint,
    to_float32,
)
from melonnx.infer.audio.decoders.choose import open_decoder
from melonnx.infer.audio.decoders.decoder import BLOCK_LENGTH, DecodeError, Decoder
from melonnx.infer.audio.down_mix import STRETCH, down_mix, down_mix_blocks
from melonnx.infer.errors import (
    AudioError,
    EmptyAudioError,
    InvalidSamplesError,
    NoMusicError,
    SilentAudioError,
    UnreadableAudioError,
)
from melonnx.infer.system import reachable

__all__ = [
    "SILENCE",
    "AudioReader",
    "Source",
    "load_audio",
    "open_array",
    "open_audio",
    "require_sound",
    "source_name",
]

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Traversable
"""A path, the bytes of a file, an open binary stream, or what is opened like a path: a file in a
zip (``zipfile.Path``) or in a package (``importlib.resources``)."""

_LEAD = 256
"""Samples of the lower of two rates, more than the resampler's filter reaches."""
_QUALITY = "HQ"
"""Of soxr; models are trained on what it makes."""
_LONGEST = 1e9
"""Seconds: thirty years, in place of infinity."""
_MOST_AT_ONCE = 1 << 24
"""Samples of all channels together: 64 MB."""
SILENCE = 2 / 32768
"""Two steps of 16-bit audio: what swings less about its middle is dither, or constant."""


class AudioReader:
    """One source of audio as an iterable of mono float32 blocks; read it once, in a ``with``.

    Made by :func:`open_audio` and :func:`open_array`. Iterating raises InvalidSamplesError
    (NaN, infinite), EmptyAudioError and UnreadableAudioError. After the last block
    ``duration_s`` holds the seconds read, ``peak`` the largest absolute sample, and
    ``warnings`` what was wrong without stopping it.
    """

    def __init__(
        self,
        name: str,
        decoder: Decoder,
        sample_rate: int | None,
        resources: ExitStack,
        *,
        offset: float = 0.0,
        duration: float | None = None,
    ) -> None:
        self.name = name
        self.sample_rate = sample_rate or decoder.rate
        self.duration_s = 0.0
        self.peak = 0.0
        self._low, self._high = math.inf, -math.inf
        self.warnings: tuple[str, ...] = ()
        self.silence_hint = ""
        """What its owner should know if it is silent."""
        self._decoder = decoder
        self._resources = resources
        self._first = round(offset * decoder.rate)
        self._wanted = None if duration is None else max(1, round(duration * decoder.rate))
        if decoder.rate not in RATES or not 1 <= decoder.channels <= MAX_CHANNELS:
            raise self._error(
                InvalidSamplesError,
                f"{decoder.channels} channels at {decoder.rate} Hz is no music; expected 1 to "
                f"{MAX_CHANNELS} channels at {RATES.start} to {RATES.stop - 1} Hz",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._resources.close()

    def __iter__(self) -> Iterator[Waveform]:
        return _resample(self._mono_blocks(), self._decoder.rate, self.sample_rate)

    @property
    def n_samples(self) -> int | None:
        """At ``sample_rate``, of the whole; None where that is not known or no part can be read."""
        places = self._decoder.places
        if places is None or self._first or self._wanted is not None:
            return None
        rate = self._decoder.rate
        return (2 * places.n_samples * self.sample_rate + rate) // (2 * rate)  # as soxr rounds

    @property
    def claimed_s(self) -> float | None:
        """Seconds of the whole as a trustworthy header promises; None where none does."""
        claimed = self._decoder.claimed
        return None if claimed is None else claimed / self._decoder.rate

    def read_at(self, first: int, n_samples: int, *, alone: bool = False) -> Waveform | None:
        """Samples ``first`` to ``first + n_samples`` of what iterating would give, float32.

        For a reader whose ``n_samples`` is known and that is not iterated over. Within 1e-5: the
        resampler begins a little before, where its phase is the same. None where they do not
        decode, or are too many. Raises InvalidSamplesError. ``peak`` is of what was read so far,
        ``duration_s`` of the whole. ``alone``: whether channels cancel is judged by these samples
        and not by all of the stretches that they are in, which need not be decoded then.
        """
        places, rate = self._decoder.places, self._decoder.rate
        assert places is not None
        common = math.gcd(rate, self.sample_rate)
        step, to_step = rate // common, self.sample_rate // common
        lead = -(-_LEAD * max(rate, self.sample_rate) // rate)
        begin = max(0, first - lead) // to_step
        end = min(-(-(first + n_samples + lead) // to_step) * step, places.n_samples)
        decoded, behind = begin * step, end
        if (
            self._decoder.channels > 1 and not alone
        ):  # whole stretches, to be mixed as when all is read
            decoded -= decoded % STRETCH
            behind = min(behind + -behind % STRETCH, places.n_samples)
        if (behind - decoded) * self._decoder.channels > _MOST_AT_ONCE:
            return None
        try:
            samples = places.read(decoded, behind - decoded)
        except DecodeError:
            return None
        mono = down_mix(samples, decoded)[begin * step - decoded : end - decoded]
        self._check(mono)
        self.duration_s = places.n_samples / rate
        waveform = np.concatenate(list(_resample([mono], rate, self.sample_rate)))
        return waveform[first - begin * to_step :][:n_samples]

    def _error(self, kind: type[AudioError], message: str) -> AudioError:
        return kind(f"{self.name}: {message}")

    def _mono_blocks(self) -> Iterator[Waveform]:
        first = max(self._first, self._decoder.skipped)
        for mono in down_mix_blocks(self._wanted_blocks(), first):
            self._check(mono)
            yield mono

    def _wanted_blocks(self) -> Iterator[Samples]:
        position, kept, damaged = self._decoder.skipped, 0, False
        try:
            for samples in self._decoder.blocks:
                block = samples[max(0, self._first - position) :]
                position += len(samples)
                if self._wanted is not None:
                    block = block[: self._wanted - kept]
                if not len(block):
                    continue
                kept += len(block)
                self.duration_s = kept / self._decoder.rate
                yield block
                if kept == self._wanted:
                    self.warnings += tuple(self._decoder.notes)
                    return
        except DecodeError:
            damaged = True
        except OSError as error:  # of a disk or a network: half a song is no answer
            raise self._error(
                UnreadableAudioError, f"cannot be read to its end ({error.strerror or error})"
            ) from None
        self.warnings += tuple(self._decoder.notes)
        if not kept:
            raise self._nothing(position, damaged)
        self._note_truncation(position, damaged)

    def _nothing(self, position: int, damaged: bool) -> AudioError:
        if damaged:
            return self._error(UnreadableAudioError, "is damaged: nothing in it decodes")
        if position:
            length = position / self._decoder.rate
            return self._error(EmptyAudioError, f"ends at {length:.1f} s, before the offset")
        return self._error(EmptyAudioError, "holds a header but no audio")

    def _note_truncation(self, position: int, damaged: bool) -> None:
        rate, claimed = self._decoder.rate, self._decoder.claimed or 0
        if claimed > position * 1.01 + rate / 10:
            self.warnings += (
                f"truncated: {position / rate:.1f} s of the {claimed / rate:.1f} s claimed decode",
            )
        elif self._decoder.cut_short:
            self.warnings += (f"truncated: only the first {position / rate:.1f} s are there",)
        elif damaged:
            self.warnings += (f"damaged: {position / rate:.1f} s of it decode",)

    def _check(self, mono: Waveform) -> None:
        low, high = float(mono.min()), float(mono.max())
        require_audible(low, high, self.name)
        self.peak = max(self.peak, high, -low)
        self._low, self._high = min(self._low, low), max(self._high, high)

    @property
    def is_silent(self) -> bool:
        """No sample so far is far from any other."""
        return self._high - self._low < 2 * SILENCE


def open_audio(
    source: Source,
    sample_rate: int | None,
    *,
    offset: float = 0.0,
    duration: float | None = None,
    track: int | None = None,
) -> AudioReader:
    """Open a path, bytes or a binary stream (one that cannot seek is read whole).

    ``sample_rate``: Hz of the blocks, whatever the source's own rate, which None keeps. ``offset``,
    ``duration``: seconds to skip and to read at most, exact to the sample. ``track``: which of
    several audio tracks, from 1 on; None takes the one that FFmpeg would play.

    Raises NoMusicError (no such file), UnreadableAudioError, UnsupportedFormatError (names
    the missing extra), EmptyAudioError.
    """
    if not offset >= 0 or (duration is not None and not duration > 0):
        raise ValueError(f"offset={offset} must be >= 0 and duration={duration} > 0 seconds")
    offset, duration = min(offset, _LONGEST), None if duration is None else min(duration, _LONGEST)
    name = source_name(source)
    with ExitStack() as resources:
        try:
            decoder = open_decoder(_as_file(source, resources), offset, resources, track)
        except AudioError as error:
            raise type(error)(f"{name}: {error}") from None
        except OSError as error:
            reason = error.strerror or error
            raise UnreadableAudioError(f"{name}: cannot be read ({reason})") from None
        reader = AudioReader(
            name, decoder, sample_rate, resources, offset=offset, duration=duration
        )
        reader._resources = resources.pop_all()
        return reader


def open_array(
    waveform: NDArray[Any], rate: int, sample_rate: int, name: str = "<array>"
) -> AudioReader:
    """Read an array at ``rate`` Hz: (samples,) or (samples, channels), float or integer PCM.

    Raises InvalidSamplesError for a shape, dtype or rate that audio does not have, and
    EmptyAudioError.
    """
    require_rate(rate, name)
    samples = as_samples(waveform, name)
    blocks = (
        to_float32(samples[at : at + BLOCK_LENGTH]) for at in range(0, len(samples), BLOCK_LENGTH)
    )
    decoder = Decoder(rate, samples.shape[1], blocks)
    reader = AudioReader(name, decoder, sample_rate, ExitStack())
    reader.silence_hint = silence_hint(samples)
    return reader


def load_audio(
    source: Source,
    sample_rate: int,
    *,
    offset: float = 0.0,
    duration: float | None = None,
) -> Waveform:
    """The whole source as one mono waveform, float32 (samples,) at ``sample_rate`` Hz.

    Takes what :func:`open_audio` takes, raises what it and :class:`AudioReader` raise.
    """
    with open_audio(source, sample_rate, offset=offset, duration=duration) as reader:
        return np.concatenate(list(reader))


def require_sound(reader: AudioReader, n_fft: int) -> None:
    """Refuse what has no genre, in training as in inference. Call it after the last block.

    ``n_fft``: samples of a frame, at the reader's ``sample_rate``.

    Raises EmptyAudioError where less than one frame was read, and SilentAudioError.
    """
    rate = reader.sample_rate
    if reader.duration_s * rate < n_fft:
        raise EmptyAudioError(
            f"{reader.name}: lasts {reader.duration_s * 1000:.1f} ms; one frame needs "
            f"{1000 * n_fft / rate:.0f} ms"
        )
    if reader.is_silent:
        raise SilentAudioError(
            f"{reader.name}: is silence, so it has no genre{reader.silence_hint}"
        )


def source_name(source: Source) -> str:
    """The path as given; "<bytes>" or "<stream>" for what has none."""
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    if _is_traversable(source):
        return str(source)
    return "<bytes>" if isinstance(source, bytes | bytearray | memoryview) else "<stream>"


def _as_file(source: Source, resources: ExitStack) -> BinaryIO:
    if isinstance(source, bytes | bytearray | memoryview):
        return io.BytesIO(source)
    if not isinstance(source, str | os.PathLike):
        return _seekable(_as_stream(source, resources))
    try:
        if Path(source).is_fifo() and not os.fspath(source).startswith("/dev/"):
            # Opening it would wait for somebody to write, perhaps for ever.
            raise UnreadableAudioError("is a pipe; hand it over as /dev/stdin")
        path = reachable(os.fsdecode(source))
        return _seekable(resources.enter_context(open(path, "rb")))
    except FileNotFoundError:
        raise NoMusicError("no such file") from None
    except IsADirectoryError:
        raise NoMusicError("is a folder, not a file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableAudioError(f"cannot be opened ({reason})") from None


def _as_stream(source: BinaryIO | Traversable, resources: ExitStack) -> BinaryIO:
    """An open stream of bytes; refuses what is no source at all."""
    if _is_traversable(source):
        try:
            return resources.enter_context(cast("BinaryIO", source.open("rb")))
        except (FileNotFoundError, KeyError):
            raise NoMusicError("no such file") from None
        except IsADirectoryError:
            raise NoMusicError("is a folder, not a file") from None
    if isinstance(source, np.ndarray):
        raise UnreadableAudioError("is an array; predict_array takes it, with its rate")
    if isinstance(source, io.TextIOBase):
        raise UnreadableAudioError('is open as text; open it with "rb"')
    if not hasattr(source, "read") or not hasattr(source, "seekable"):
        raise UnreadableAudioError(
            f"is of type {type(source).__name__}; expected a path, bytes or an open binary file"
        )
    return cast("BinaryIO", source)


def _is_traversable(source: object) -> TypeGuard[Traversable]:
    return hasattr(source, "joinpath") and hasattr(source, "open")


def _seekable(stream: BinaryIO) -> BinaryIO:
    try:
        return stream if stream.seekable() else io.BytesIO(stream.read())
    except ValueError as error:  # it is closed
        raise UnreadableAudioError(f"cannot be read ({error})") from None


def _resample(blocks: Iterable[Waveform], rate: int, to_rate: int) -> Iterator[Waveform]:
    if rate == to_rate:
        yield from blocks
        return
    stream = soxr.ResampleStream(rate, to_rate, 1, dtype="float32", quality=_QUALITY)
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
