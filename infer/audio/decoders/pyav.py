"""Decodes what libsndfile cannot by PyAV, the ``ffmpeg`` extra: m4a, wma, webm, and many more."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO, cast

import numpy as np

from melonnx.infer.arrays import Samples
from melonnx.infer.audio.decoders.calm_file import CalmFile
from melonnx.infer.audio.decoders.decoder import TRACK_HINT, DecodeError, Decoder
from melonnx.infer.audio.decoders.one_shape import to_channels
from melonnx.infer.audio.formats import FORMATS, Format
from melonnx.infer.errors import MissingExtraError, UnreadableAudioError, UnsupportedFormatError

__all__ = ["has_av", "open_av", "open_unknown"]

_OPTIONS = {"protocol_whitelist": "none"}
"""A file that names other files or addresses gets none of them."""
_TOLD_BY_CONTENT = (
    *("aa", "aax", "acm", "adx", "aea", "afc", "ast", "bonk", "brstm", "bfstm", "boa", "dss"),
    *("dxa", "ea", "film_cpk", "flic", "fsb", "genh", "gxf", "hca", "hcom", "iff", "ircam", "kvag"),
    *("mmf", "mpegts", "msf", "mtaf", "musx", "nistsphere", "nsv", "oma", "osq", "paf", "pvf"),
    *("rka", "roq", "rso", "scd", "sds", "smk", "sol", "sox", "thp", "vag", "vividas", "vqf"),
    *("wavarc", "wsd", "wtv", "wve", "xa", "xvag", "xwma", "yop", "siff", "voc", "rpl", "dsicin"),
)
"""FFmpeg's formats with a signature of their own: in noise it "finds" some of the others."""
_TICKS = 1_000_000
"""A second, where FFmpeg tells how long a file is."""
_FASTEST = 768_000
"""Hz; DSD is decoded at up to 1.4 MHz, in which nobody hears a difference."""

_PLANAR = 7
"""Channels that PyAV can hand over one by one. Of eight or more it looks for others behind the
last, and reads memory that is not the frame's."""
_RATES = range(1_000, 12_000_001)
"""Hz; from others, a damaged header's, FFmpeg's resampler makes filters of gigabytes."""


def has_av() -> bool:
    """PyAV is installed."""
    try:
        import av
    except ModuleNotFoundError:
        return False
    return bool(av)


def open_av(
    file: BinaryIO,
    kind: str,
    resources: ExitStack,
    track: int | None = None,
    *,
    what: str = "",
    demuxer: str = "",
) -> Decoder:
    """Open the audio stream of ``file`` that FFmpeg would play, or the ``track``-th from 1 on.

    ``kind``: a key of ``FORMATS``. ``what``, ``demuxer``: where more is known than it says.

    Raises UnsupportedFormatError where the extra is missing or FFmpeg does not know ``kind``, and
    UnreadableAudioError where nothing decodes or ``track`` is not there.
    """
    format_ = FORMATS[kind]
    what = what or format_.what
    if not format_.demuxer:
        raise UnsupportedFormatError(f"is {what}, which is not decoded here")
    if not has_av():
        raise UnsupportedFormatError(f"is {what}. {MissingExtraError('ffmpeg', 'PyAV')}")
    refused = UnreadableAudioError(f"looks like {what}, but holds no audio that decodes")
    decoder = _open(
        file, Format(what, demuxer or format_.demuxer, format_.tells_length), resources, track
    )
    if decoder is None:
        raise refused
    return decoder


def open_unknown(file: BinaryIO, resources: ExitStack, track: int | None) -> Decoder | None:
    """Open what only FFmpeg may know, by a signature that it knows; None where it does not."""
    return _open(file, Format("audio"), resources, track) if has_av() else None


def _open(
    file: BinaryIO, format_: Format, resources: ExitStack, track: int | None
) -> Decoder | None:
    import av
    from av.error import FFmpegError

    if file.seekable():
        file.seek(0)
    calm = CalmFile(file)
    options = _OPTIONS
    if not format_.demuxer:
        options = _OPTIONS | {"format_whitelist": ",".join(_TOLD_BY_CONTENT)}
    try:
        container = resources.enter_context(
            av.open(
                cast("Any", calm),
                format=format_.demuxer or None,
                options=options,
                metadata_errors="replace",
            )
        )
    except (FFmpegError, ValueError):
        calm.require_whole()
        return None
    stream, notes = _choose(container.streams.audio, track)
    if stream is None:
        return None
    rate = stream.rate
    while rate > _FASTEST:
        rate //= 2
    seconds = _claimed_s(container, stream) if format_.tells_length else 0.0
    claimed = int(seconds * rate) or None
    blocks = _blocks(container, stream, rate, calm)
    return Decoder(rate, stream.channels, blocks, claimed=claimed, notes=notes)


def _claimed_s(container: Any, stream: Any) -> float:
    """Seconds that a header promises of ``stream``; 0 where it does not."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration and len(container.streams) == 1:  # Matroska tells it of all together
        return container.duration / _TICKS
    return 0.0


def _choose(streams: Any, track: int | None) -> tuple[Any, list[str]]:
    """The stream that FFmpeg would play: a default one, then one of most channels, then the first.

    With a line that says which, where there are several.
    """
    if track is not None and track > len(streams):
        tracks = "1 audio track" if len(streams) == 1 else f"{len(streams)} audio tracks"
        raise UnreadableAudioError(f"has {tracks}, so there is no track {track}")
    decodable = [
        (number, stream)
        for number, stream in enumerate(streams, 1)
        if stream.codec_context is not None and stream.rate in _RATES and stream.channels
    ]
    if track is not None:
        decodable = [found for found in decodable if found[0] == track]
    if not decodable:
        return None, []
    number, stream = max(decodable, key=lambda found: (_is_default(found[1]), found[1].channels))
    if len(streams) == 1:
        return stream, []
    named = [stream.metadata.get(name, "") for name in ("language", "title")]
    called = ", ".join(" ".join(name.split())[:60] for name in named if name not in ("", "und"))
    return stream, [
        f"heard track {number} of {len(streams)}" + f" ({called})" * bool(called)
        + (TRACK_HINT if track is None else "")
    ]  # fmt: skip


def _is_default(stream: Any) -> bool:
    return bool(getattr(stream, "disposition", 0) & 1)  # PyAV before 14 does not tell


def _blocks(container: Any, stream: Any, rate: int, calm: CalmFile) -> Iterator[Samples]:
    """Blocks of one shape, though the stream may change its rate and channels on the way."""
    from av import AudioResampler
    from av.error import FFmpegError

    resampler, shape, channels = None, None, stream.channels
    try:
        for frame in _frames(container, stream):
            if resampler is None or shape != (
                frame.format.name,
                frame.layout.name,
                frame.sample_rate,
            ):
                yield from _as_blocks(resampler, None, channels)
                if frame.sample_rate not in _RATES:
                    raise DecodeError(f"a frame of {frame.sample_rate} Hz")
                shape = frame.format.name, frame.layout.name, frame.sample_rate
                format_ = "fltp" if frame.layout.nb_channels <= _PLANAR else "flt"
                resampler = AudioResampler(format=format_, layout=frame.layout, rate=rate)
            yield from _as_blocks(resampler, frame, channels)
        calm.require_whole()
        yield from _as_blocks(resampler, None, channels)
    except (FFmpegError, ValueError) as error:
        calm.require_whole()
        raise DecodeError(str(error)) from error


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """Its frames. Of streams that came up on the way PyAV looks for one more when all is told."""
    try:
        yield from container.decode(stream)
    except IndexError:
        return


def _as_blocks(resampler: Any, frame: Any, channels: int) -> Iterator[Samples]:
    """Resample a frame; None gives what ``resampler`` still holds."""
    for part in resampler.resample(frame) if resampler is not None else ():
        values = part.to_ndarray()
        values = values.T if part.format.is_planar else values.reshape(-1, part.layout.nb_channels)
        yield to_channels(values.astype(np.float32, copy=False), channels)
