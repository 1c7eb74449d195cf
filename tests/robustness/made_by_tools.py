"""Odd files as public tools make them (Debian's ffmpeg, lame, flac, oggenc, opusenc, speexenc)."""

import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.conftest import encode, make_song
from tests.robustness.entry import Entry, Maker

__all__ = ["MADE_BY_TOOLS", "by_ffmpeg", "run", "song"]

SECONDS = 11


@cache
def song(rate: int = 44100, channels: int = 2, seed: int = 0, seconds: float = SECONDS) -> bytes:
    """A wav of 16 bits."""
    return encode(make_song(seconds, rate, channels, seed), rate, "WAV", "PCM_16")


def run(*command: str | Path) -> None:
    """Run a tool; what it says is in the error."""
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def _made(tool: Callable[[Path, Path], None], wav: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "song.wav"), Path(folder, "made")
        source.write_bytes(wav)
        tool(source, target)
        return target.read_bytes()


@cache
def by_ffmpeg(options: str, wav: bytes | None = None) -> bytes:
    """What FFmpeg makes of a song; ``options`` end with "-f FORMAT"."""
    command = ("ffmpeg", "-v", "error", "-y", "-i")
    return _made(
        lambda source, target: run(*command, source, *options.split(), target), wav or song()
    )


@cache
def _oggenc(wav: bytes, title: str = "") -> bytes:
    return _made(lambda source, target: run("oggenc", "-Q", "-t", title, source, "-o", target), wav)


@cache
def _opusenc(wav: bytes) -> bytes:
    return _made(lambda source, target: run("opusenc", "--quiet", source, target), wav)


@cache
def _flac(wav: bytes, *options: str) -> bytes:
    return _made(lambda source, target: run("flac", "-s", *options, source, "-o", target), wav)


@cache
def _speexenc(wav: bytes) -> bytes:
    return _made(lambda source, target: run("speexenc", "--quiet", source, target), wav)


@cache
def _lame(wav: bytes, *options: str) -> bytes:
    return _made(lambda source, target: run("lame", "--quiet", *options, source, target), wav)


def _other() -> bytes:
    """Another song, at another rate, with another number of channels."""
    return song(22050, 1, 1)


def _write(make: Callable[[], bytes]) -> Maker:
    return lambda path: (path.write_bytes(make()), None)[1]


def _coat(codec: str, container: str, rate: int = 48000) -> bytes:
    """A bitstream in bursts of S/PDIF, in the place of samples."""
    bursts = by_ffmpeg(f"-ar 48000 -strict -2 -c:a {codec} -f spdif")
    return _as_samples(bursts, rate, container)


def _raw(codec: str, container: str) -> bytes:
    """The bare frames in the place of samples."""
    muxer = {"dca": "dts"}.get(codec, codec)
    return _as_samples(by_ffmpeg(f"-ar 48000 -strict -2 -c:a {codec} -f {muxer}"), 48000, container)


@cache
def _as_samples(bits: bytes, rate: int, container: str) -> bytes:
    command = f"ffmpeg -v error -y -f s16le -ar {rate} -ac 2 -i"
    return _made(
        lambda source, target: run(*command.split(), source, "-f", container, target), bits
    )


def _tracks(container: str, defaults: str, codec: str = "aac") -> bytes:
    """A commentary of two seconds before the song."""

    def make(source: Path, target: Path) -> None:
        other = source.with_name("other.wav")
        other.write_bytes(song(22050, 1, 1, 2.0))
        command = f"ffmpeg -v error -y -i {other} -i {source} -map 0 -map 1 -c:a {codec} {defaults}"
        run(*command.split(), "-f", container, target)

    return _made(make, song())


def _with_picture(container: str, codecs: str) -> bytes:
    def make(source: Path, target: Path) -> None:
        film = "ffmpeg -v error -y -f lavfi -i testsrc=d=11:r=5:s=128x96 -i"
        run(*film.split(), source, *codecs.split(), "-f", container, target)

    return _made(make, song())


def _module() -> bytes:
    return b"a tune".ljust(1080, b"\0") + b"M.K." + bytes(4096)


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _jingle() -> bytes:
    return song(22050, 1, 1, 2.0)


_TWICE = 2 * SECONDS
_SECOND = "-disposition:a:0 0 -disposition:a:1 default"

MADE_BY_TOOLS = [
    # Links one behind the other: a player goes through all.
    Entry(b"chained.ogg", _write(lambda: _oggenc(song()) + _oggenc(_other())), seconds=_TWICE,
          tools=("oggenc",)),
    Entry(b"same_chained.ogg", _write(lambda: 2 * _oggenc(song())), seconds=_TWICE,
          tools=("oggenc",)),
    Entry(b"radio.ogg", _write(lambda: _oggenc(song(), "a") + _oggenc(song(seed=2), "b")),
          seconds=_TWICE, tools=("oggenc",)),
    Entry(b"chained_cut.ogg", _write(lambda: (_oggenc(song()) + _oggenc(_other()))[:-5000]),
          says="truncated", tools=("oggenc",)),
    Entry(b"chained_mixed.ogg", _write(lambda: _oggenc(song()) + _opusenc(_other())),
          seconds=_TWICE, tools=("oggenc", "opusenc"), like_ffmpeg=False),
    Entry(b"chained.opus", _write(lambda: _opusenc(song()) + _opusenc(_other())), seconds=_TWICE,
          tools=("opusenc",)),
    Entry(b"flac_in_ogg.oga", _write(lambda: _flac(song(), "--ogg")), seconds=SECONDS,
          tools=("flac",)),
    Entry(b"chained.oga", _write(lambda: _flac(song(), "--ogg") + _flac(_other(), "--ogg")),
          seconds=_TWICE, tools=("flac",)),
    Entry(b"song.spx", _write(lambda: _speexenc(_other())), seconds=SECONDS, tools=("speexenc",)),
    Entry(b"chained.spx", _write(lambda: _speexenc(_other()) + _speexenc(song(16000, 1))),
          seconds=_TWICE, tools=("speexenc",), like_ffmpeg=False),
    Entry(b"film.ogg", _write(lambda: _with_picture("ogg", "-c:v libtheora -c:a libvorbis")),
          seconds=SECONDS, tools=("ffmpeg",)),
    # Bitstreams in the place of samples.
    *(Entry(f"{codec}_in_bursts.{suffix}".encode(), _write(lambda c=codec, f=kind: _coat(c, f)),
            seconds=SECONDS, tools=("ffmpeg",), like_ffmpeg=kind == "wav")
      for codec in ("ac3", "dca") for suffix, kind in (("wav", "wav"), ("flac", "flac"),
                                                       ("aiff", "aiff"))),
    Entry(b"eac3_in_bursts.wav", _write(lambda: _coat("eac3", "wav", 192_000)), seconds=SECONDS,
          tools=("ffmpeg",), like_ffmpeg=False),
    *(Entry(f"raw_{codec}.wav".encode(), _write(lambda c=codec: _raw(c, "wav")), seconds=SECONDS,
            tools=("ffmpeg",)) for codec in ("ac3", "eac3", "dca")),
    Entry(b"raw_ac3.flac", _write(lambda: _raw("ac3", "flac")), seconds=SECONDS, tools=("ffmpeg",),
          like_ffmpeg=False),
    # Several audio tracks.
    Entry(b"commentary.mka", _write(lambda: _tracks("matroska", _SECOND)), says="track 2 of 2",
          tools=("ffmpeg",)),
    Entry(b"commentary.mp4", _write(lambda: _tracks("mp4", _SECOND)), says="track 2 of 2",
          tools=("ffmpeg",)),
    # Half a download: Matroska tells how long it is of all tracks together.
    Entry(b"cut.webm", _write(lambda: _half(by_ffmpeg("-c:a libopus -f webm"))), says="truncated",
          tools=("ffmpeg",)),
    # Parts that differ.
    Entry(b"jingle.mp3", _write(lambda: _lame(_jingle()) + _lame(song())), seconds=SECONDS + 2,
          tools=("lame",)),
    Entry(b"mono_on_the_way.mp3", _write(lambda: _lame(song()) + _lame(song(), "-m", "m")),
          seconds=_TWICE, tools=("lame",)),
    Entry(b"joined.flac", _write(lambda: _flac(song()) + _flac(_other())), seconds=_TWICE,
          tools=("flac",), like_ffmpeg=False),
    Entry(b"joined_rates.aac", _write(lambda: by_ffmpeg("-c:a aac -f adts")
                                      + by_ffmpeg("-c:a aac -f adts", _other())),
          seconds=_TWICE, tools=("ffmpeg",)),
    # What libsndfile declines.
    Entry(b"free_format.mp3", _write(lambda: _lame(song(), "--freeformat", "-b", "160")),
          seconds=SECONDS, tools=("lame",), like_ffmpeg=False),
    Entry(b"song.wv", _write(lambda: by_ffmpeg("-c:a wavpack -f wv")), seconds=SECONDS,
          tools=("ffmpeg",)),
    Entry(b"song.tta", _write(lambda: by_ffmpeg("-f tta")), seconds=SECONDS, tools=("ffmpeg",)),
    Entry(b"song.ac3", _write(lambda: by_ffmpeg("-f ac3")), seconds=SECONDS, tools=("ffmpeg",)),
    Entry(b"song.dts", _write(lambda: by_ffmpeg("-strict -2 -c:a dca -f dts")), seconds=SECONDS,
          tools=("ffmpeg",)),
    Entry(b"avi.mp4", _write(lambda: _with_picture("avi", "-c:v mpeg4 -c:a mp3")), seconds=SECONDS,
          tools=("ffmpeg",)),
    Entry(b"flv.mp4", _write(lambda: by_ffmpeg("-c:a aac -f flv")), seconds=SECONDS,
          tools=("ffmpeg",)),
    Entry(b"ts.mp4", _write(lambda: by_ffmpeg("-c:a mp2 -f mpegts")), seconds=SECONDS,
          tools=("ffmpeg",)),
    Entry(b"alac.caf", _write(lambda: by_ffmpeg("-c:a alac -f caf")), seconds=SECONDS,
          tools=("ffmpeg",)),
    Entry(b"module.mp3", _write(_module), "unsupported_format", "a tracker module"),
    Entry(b"notes.mp3", _write(lambda: b"MThd\0\0\0\x06" + bytes(99)), "unsupported_format",
          "MIDI"),
]  # fmt: skip
