"""Decodes all of an Ogg file: links one behind the other, and the audio among other streams."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import BinaryIO

from melonnx.infer.arrays import Samples
from melonnx.infer.audio.decoders.decoder import TRACK_HINT, DecodeError, Decoder
from melonnx.infer.audio.decoders.libsndfile import open_plain
from melonnx.infer.audio.decoders.one_shape import in_one_shape
from melonnx.infer.audio.decoders.pyav import has_av, open_av
from melonnx.infer.audio.headers import is_cut_short
from melonnx.infer.audio.ogg import Link, OggStream, find_links, is_all_celt, packets_of, pages_of
from melonnx.infer.errors import AudioError, UnreadableAudioError, UnsupportedFormatError

__all__ = ["open_ogg"]

_NAMES = {"vorbis": "Vorbis", "opus": "Opus", "flac": "FLAC in Ogg", "speex": "Speex audio"}
_BROKEN = "looks like {}, but holds no audio that decodes"
_RATES = range(1_000, 1_000_001)
_MOST_FAILURES = 50
"""Links in a row that give nothing: noise that looks like Ogg must not take all day."""


def open_ogg(
    file: BinaryIO, size: int, offset_s: float, resources: ExitStack, track: int | None
) -> Decoder:
    """Open an Ogg file of ``size`` bytes.

    ``offset_s``, ``track``, ``resources``: as of ``choose.open_decoder``.
    Chained links follow each other at the highest of their rates, in the most of their channels.

    Raises UnreadableAudioError and UnsupportedFormatError.
    """
    links = find_links(file, size)
    if len(links) <= 1 and track in (None, 1):
        is_whole = len(links) == 1 and links[0].start == 0 and len(links[0].streams) == 1
        codec = links[0].streams[0].codec if is_whole else ""
        if not links or (is_whole and codec in ("vorbis", "opus", "")):
            exact = codec != "opus" or is_all_celt(file, links[0])
            decoder = open_plain(file, "ogg", size, offset_s, resources)
            if decoder is not None and not exact:
                decoder = replace(decoder, places=None)
            if decoder is None and codec and not has_av():
                raise UnreadableAudioError(_BROKEN.format(_NAMES[codec]))
            return decoder or open_av(file, "ogg", resources, track)
    heard = [link for link in links if link.audio]
    if not heard:
        return open_av(file, "ogg", resources, track)
    notes: list[str] = []
    if links[0].start > 0:
        notes.append(f"begins in the midst of a stream: {links[0].start} bytes are not heard")
    first, heard, first_resources = _first_that_opens(file, heard, resources, track, notes)
    if len(heard) == 1:
        return replace(first, cut_short=is_cut_short(file, "ogg", size), notes=first.notes + notes)
    told = [stream for link in heard for stream in link.audio]
    rates = [
        first.rate,
        *(one.rate for one in told if one.rate in _RATES and one.rate > first.rate),
    ]
    rate = min(max(rates), 192_000) if first.rate <= 192_000 else first.rate
    channels = max([first.channels, *(one.channels for one in told if one.channels <= 8)])
    blocks = _blocks(file, heard, first, first_resources, (rate, channels), track, notes)
    return Decoder(rate, channels, blocks, cut_short=is_cut_short(file, "ogg", size), notes=notes)


def _first_that_opens(
    file: BinaryIO, links: list[Link], resources: ExitStack, track: int | None, notes: list[str]
) -> tuple[Decoder, list[Link], ExitStack]:
    """Its decoder, it and those behind it, and what closes it. Raises what the first one does."""
    refused: AudioError | None = None
    for number, link in enumerate(links[:_MOST_FAILURES]):
        own = resources.enter_context(ExitStack())
        try:
            decoder = _open(file, link, _choose(link, track, own_notes := []), own)
        except AudioError as error:
            refused = refused or error
            own.close()
            continue
        notes += own_notes
        if refused is not None:
            notes.append(f"{number} of {len(links)} links not heard: the first {refused}")
        return decoder, links[number:], own
    assert refused is not None
    raise refused


def _choose(link: Link, track: int | None, notes: list[str]) -> OggStream:
    """The one of most channels, as FFmpeg does, or the ``track``-th."""
    audio = link.audio
    if track is not None and track > len(audio):
        tracks = "1 audio track" if len(audio) == 1 else f"{len(audio)} audio tracks"
        raise UnreadableAudioError(f"has {tracks}, so there is no track {track}")
    chosen = audio[track - 1] if track else max(audio, key=lambda stream: stream.channels)
    if len(audio) > 1:
        hint = "" if track else TRACK_HINT
        notes.append(f"heard track {audio.index(chosen) + 1} of {len(audio)}{hint}")
    return chosen


def _open(file: BinaryIO, link: Link, stream: OggStream, resources: ExitStack) -> Decoder:
    """One stream of one link. Raises UnreadableAudioError and UnsupportedFormatError."""
    if stream.codec == "flac":
        view, kind = packets_of(file, link, stream), "flac"
    else:
        view, kind = pages_of(file, link, stream), "ogg"
    decoder = None
    if stream.codec != "speex":  # libsndfile knows it by name only
        decoder = open_plain(view, kind, view.seek(0, 2), 0.0, resources)
    if decoder is None and stream.codec in ("vorbis", "opus"):
        raise UnreadableAudioError(_BROKEN.format(_NAMES[stream.codec]))
    if decoder is None:
        pages = pages_of(file, link, stream)
        decoder = open_av(pages, "ogg", resources, what=_NAMES[stream.codec])
    return replace(decoder, places=None)


def _blocks(
    file: BinaryIO,
    links: list[Link],
    first: Decoder,
    first_resources: ExitStack,
    shape: tuple[int, int],
    track: int | None,
    notes: list[str],
) -> Iterator[Samples]:
    """Blocks of all links at the rate and channels of ``shape``; damage in one costs only that."""
    damage: DecodeError | None = None
    failures = 0
    unheard: dict[str, int] = {}
    for number, link in enumerate(links):
        with first_resources if number == 0 else ExitStack() as resources:
            try:
                decoder = first
                if number:
                    decoder = _open(file, link, _choose(link, track, []), resources)
                failures += 1
                for block in in_one_shape(decoder.blocks, decoder.rate, *shape):
                    failures = 0
                    yield block
            except UnsupportedFormatError as error:
                unheard[str(error)] = unheard.get(str(error), 0) + 1
            except AudioError as error:
                damage = damage or DecodeError(str(error))
            except DecodeError as error:
                damage = damage or error
        if failures > _MOST_FAILURES:
            break
    for reason, count in unheard.items():
        which = "one link" if count == 1 else f"{count} links"
        notes.append(f"{which} of {len(links)} not heard: {reason}")
    if damage is not None:
        raise damage
