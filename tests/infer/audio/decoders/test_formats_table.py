"""The table of formats in docs/library.md is what is heard, without PyAV and with it.

python -m pytest tests/infer/audio/decoders/test_formats_table.py
"""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from melonnx.infer.audio.reader import load_audio
from melonnx.infer.errors import UnreadableAudioError, UnsupportedFormatError
from tests.conftest import RATE
from tests.robustness.made_by_tools import MADE_BY_TOOLS, by_ffmpeg, run, song

DOCS = (Path(__file__).parents[4] / "docs" / "library.md").read_text("utf-8")

FFMPEG = {
    "wav, PCM": "-f wav",
    "wav, ADPCM": "-c:a adpcm_ms -f wav",
    "wav, WMA inside": "-c:a wmav2 -f wav",
    "w64": "-f w64",
    "aiff": "-f aiff",
    "au": "-f au",
    "caf, PCM": "-c:a pcm_s16le -f caf",
    "caf, ALAC": "-c:a alac -f caf",
    "flac": "-f flac",
    "mp3": "-f mp3",
    "mp2": "-f mp2",
    "ogg (Vorbis)": "-c:a libvorbis -f ogg",
    "opus": "-c:a libopus -f ogg",
    "oga (FLAC in Ogg)": "-c:a flac -f ogg",
    "spx (Speex)": "-ar 32000 -c:a libspeex -f ogg",
    "m4a, mp4, mov (AAC)": "-c:a aac -f mp4",
    "m4a (ALAC)": "-c:a alac -f ipod",
    "3gp": "-c:a aac -f 3gp",
    "aac (ADTS)": "-c:a aac -f adts",
    "aac (LATM)": "-c:a aac -f latm",
    "wma": "-c:a wmav2 -f asf",
    "webm, mka, mkv": "-c:a libopus -f matroska",
    "wv (WavPack)": "-c:a wavpack -f wv",
    "tta": "-f tta",
    "ac3": "-f ac3",
    "eac3": "-f eac3",
    "dts": "-strict -2 -c:a dca -f dts",
    "thd (TrueHD)": "-strict -2 -c:a truehd -f truehd",
    "mlp": "-strict -2 -c:a mlp -f mlp",
    "avi": "-c:a mp3 -f avi",
    "flv": "-c:a aac -f flv",
    "ts, m2ts": "-c:a mp2 -f mpegts",
    "mpg, vob": "-c:a mp2 -f vob",
    "rm": "-c:a ac3 -f rm",
    "nut": "-f nut",
    "voc": "-f voc",
    "sox": "-f sox",
    "adx": "-c:a adpcm_adx -f adx",
    "wtv": "-c:a mp2 -f wtv",
}
"""By the row's name: how FFmpeg makes it."""
ENTRIES = {
    "ac3 or dts in a wav, flac or aiff": "ac3_in_bursts.wav",
    "mp3, free format": "free_format.mp3",
    "mod, xm, it, s3m": "module.mp3",
    "mid": "notes.mp3",
}
"""Rows whose file is in the corpus."""


def dsf() -> bytes:
    """A tone of a second as DSD, which no program in Debian writes: one bit, first-order noise."""
    rate = 2_822_400
    tone = 0.5 + 0.3 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    bits = np.diff(np.floor(np.cumsum(tone)), prepend=0).astype(np.uint8)
    data = np.packbits(bits, bitorder="little").tobytes()
    data += bytes(-len(data) % 4096)
    little = lambda value, n: value.to_bytes(n, "little")  # noqa: E731
    form = b"fmt " + little(52, 8)
    for value in (1, 0, 1, 1, rate, 1):
        form += little(value, 4)
    form += little(rate, 8) + little(4096, 4) + bytes(4)
    body = form + b"data" + little(12 + len(data), 8) + data
    return b"DSD " + little(28, 8) + little(28 + len(body), 8) + bytes(8) + body


def mpc(folder: Path) -> bytes:
    source, target = folder / "song.wav", folder / "song.mpc"
    source.write_bytes(song())
    run("mpcenc", "--silent", source, target)
    return target.read_bytes()


def heard(data: bytes) -> bool:
    try:
        return float(np.abs(load_audio(data, RATE)).max()) > 0.01
    except (UnreadableAudioError, UnsupportedFormatError):
        return False


def rows() -> dict[str, tuple[bool, bool]]:
    table = DOCS.partition("| format |")[2].partition("\n\n")[0]
    found = re.findall(r"^\| ([^|]+) \| (yes|no) \| (yes|no) \|$", table, re.MULTILINE)
    return {name: (without == "yes", with_ == "yes") for name, without, with_ in found}


def test_each_row_is_measured():
    assert rows().keys() == {*FFMPEG, *ENTRIES, "dsf", "mpc"}


@pytest.mark.parametrize("name", rows())
def test_row_is_what_is_heard(name, tmp_path, monkeypatch):
    pytest.importorskip("av", reason="needs the ffmpeg extra")
    try:
        if name in FFMPEG:
            data = by_ffmpeg(FFMPEG[name])
        elif name in ENTRIES:
            entry = next(one for one in MADE_BY_TOOLS if one.name == ENTRIES[name].encode())
            entry.make(tmp_path / "song")
            data = (tmp_path / "song").read_bytes()
        else:
            data = dsf() if name == "dsf" else mpc(tmp_path)
    except FileNotFoundError as error:
        pytest.skip(f"{name} needs {error.filename} to be made")
    with_av = heard(data)
    monkeypatch.setitem(sys.modules, "av", None)
    assert (heard(data), with_av) == rows()[name]


def test_what_needs_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    for name, kind in (
        ("wv (WavPack)", "WavPack audio"),
        ("tta", "True Audio"),
        ("dts", "DTS audio"),
        ("avi", "an AVI video"),
        ("ts, m2ts", "an MPEG transport stream"),
        ("spx (Speex)", "Speex audio"),
        ("caf, ALAC", "a CAF whose coding libsndfile does not know"),
    ):
        try:
            data = by_ffmpeg(FFMPEG[name])
        except FileNotFoundError:
            pytest.skip("needs ffmpeg to make them")
        with pytest.raises(UnsupportedFormatError, match=kind) as caught:
            load_audio(data, RATE)
        assert 'pip install "melonnx[ffmpeg]"' in str(caught.value)


def test_libraries_write_nothing_on_stderr(tmp_path):
    """A program that uses ours owns its stderr; FFmpeg has much to say of damage."""
    pytest.importorskip("av", reason="needs the ffmpeg extra")
    try:
        data = bytearray(by_ffmpeg(FFMPEG["ts, m2ts"]))
    except FileNotFoundError:
        pytest.skip("needs ffmpeg to make it")
    data[50_000:60_000] = np.random.default_rng(0).bytes(10_000)
    (tmp_path / "damaged.ts").write_bytes(data)
    mp3 = by_ffmpeg("-f mp3")
    (tmp_path / "cut.mp3").write_bytes(mp3[: len(mp3) // 2])
    program = (
        "import sys; from melonnx.infer.audio.reader import load_audio\n"
        "for path in sys.argv[1:]: load_audio(path, 22050)"
    )
    command = [sys.executable, "-c", program, *map(str, sorted(tmp_path.iterdir()))]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
