"""Chains, bitstreams among samples and odd headers, where the files can be made without tools."""

import base64
import io
import sys
import zlib
from contextlib import ExitStack

import numpy as np
import pytest

from melonnx.infer.audio.coded import find_coded, may_be_coded
from melonnx.infer.audio.decoders.decoder import DecodeError
from melonnx.infer.audio.decoders.one_shape import in_one_shape, to_channels
from melonnx.infer.audio.formats import _MAGIC
from melonnx.infer.audio.ogg import find_links
from melonnx.infer.audio.reader import load_audio, open_audio
from melonnx.infer.errors import AudioError, UnreadableAudioError, UnsupportedFormatError
from tests.conftest import RATE, encode, make_song

VORBIS = encode(make_song(3), RATE, "OGG", "VORBIS")
OPUS = encode(make_song(2, 48000, 2, 1), 48000, "OGG", "OPUS")


def read(data, rate=RATE, **how):
    with open_audio(data, rate, **how) as reader:
        waveform = np.concatenate(list(reader))
    return waveform, reader


def page(payload, flags, serial, granule=0, number=0):
    """A page of Ogg; its checksum is left out, which nobody asks for here."""
    lacing = bytes([255] * (len(payload) // 255) + [len(payload) % 255])
    head = b"OggS\0" + bytes([flags]) + granule.to_bytes(8, "little") + serial
    return head + number.to_bytes(4, "little") + bytes(4) + bytes([len(lacing)]) + lacing + payload


@pytest.fixture
def without_av(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)


@pytest.mark.usefixtures("without_av")
def test_each_link_is_heard_as_it_is_alone():
    alone = [load_audio(data, 48000) for data in (VORBIS, OPUS)]
    waveform, reader = read(VORBIS + OPUS, 48000)
    assert reader.warnings == ()
    assert reader.duration_s == pytest.approx(5, abs=0.01)
    for part, first in ((alone[0], 0), (alone[1], 3 * 48000)):
        there = waveform[first + 1000 :][: len(part) - 2000]
        assert np.corrcoef(there, part[1000 : len(there) + 1000])[0, 1] > 0.999


@pytest.mark.usefixtures("without_av")
def test_the_same_link_again_and_a_last_one_that_is_cut_off():
    waveform, reader = read(3 * VORBIS)
    assert len(waveform) == 9 * RATE
    waveform, reader = read(2 * VORBIS + VORBIS[: len(VORBIS) // 2])
    assert 6 * RATE < len(waveform) < 9 * RATE
    assert [one.partition(":")[0] for one in reader.warnings] == ["truncated"]


@pytest.mark.usefixtures("without_av")
def test_a_skeleton_and_pictures_are_stepped_over_without_the_extra():
    skeleton = page(b"fishead\0" + bytes(56), 2, b"skel")
    first = 27 + 1 + VORBIS[27]
    links = find_links(io.BytesIO(VORBIS), len(VORBIS))
    assert len(links) == 1
    others = page(b"x" * 300, 4, b"skel", number=1)
    data = skeleton + VORBIS[:first] + others + VORBIS[first:]
    assert np.array_equal(load_audio(data, RATE), load_audio(VORBIS, RATE))


@pytest.mark.usefixtures("without_av")
def test_a_link_that_needs_the_extra_is_told_and_the_others_are_heard():
    speex = b"Speex   " + b"1.2".ljust(20, b"\0") + (1).to_bytes(4, "little") * 2
    speex += (16000).to_bytes(4, "little") + bytes(8) + (1).to_bytes(4, "little") + bytes(28)
    link = page(speex, 2, b"spx!") + page(bytes(400), 4, b"spx!", number=1)
    for data in (VORBIS + link, link + VORBIS):
        waveform, reader = read(data)
        assert len(waveform) == 3 * RATE
        assert len(reader.warnings) == 1
        assert "Speex audio" in reader.warnings[0]
        assert "not heard" in reader.warnings[0]
    with pytest.raises(UnsupportedFormatError, match="is Speex audio"):
        load_audio(link, RATE)


def test_a_stream_joined_in_its_midst_is_heard_from_the_next_link_on():
    waveform, reader = read(VORBIS[VORBIS.index(b"OggS", 4000) :] + OPUS)
    assert len(waveform) / RATE == pytest.approx(2, abs=0.1)
    assert "begins in the midst of a stream" in reader.warnings[0]


def test_many_false_beginnings_take_no_time():
    false = page(b"\x01vorbis" + bytes(60), 2, b"none") + b"."
    with pytest.raises(AudioError):
        load_audio(false * 20_000, RATE)
    assert len(read(VORBIS + false * 20_000)[0]) == 3 * RATE


@pytest.mark.parametrize("seed", range(30))
def test_any_damage_to_a_chain_gives_a_waveform_or_one_of_our_errors(seed):
    rng = np.random.default_rng(seed)
    data = bytearray(VORBIS + OPUS + VORBIS)[: rng.integers(1000, 3 * len(VORBIS))]
    for at in rng.integers(0, len(data), 15):
        data[at] = rng.integers(0, 256)
    try:
        assert np.isfinite(load_audio(bytes(data), RATE)).all()
    except AudioError as error:
        assert "\n" not in str(error)


def test_no_music_looks_like_a_bitstream():
    rng = np.random.default_rng(0)
    for samples in (
        rng.integers(-32768, 32768, 1 << 18),
        (make_song(8)[:, 0] * 32767).round(),
        np.zeros(99_999),
        np.full(9999, 0x0B77),
    ):
        assert find_coded(samples.astype("<i2").tobytes()) is None
    assert not may_be_coded((make_song(8)[:, 0] * 32767).astype("<i2").tobytes())


@pytest.mark.parametrize("kind", ["WAV", "AIFF"])
@pytest.mark.usefixtures("without_av")
def test_a_peak_chunk_of_another_length_costs_nothing(kind):
    order = "little" if kind == "WAV" else "big"
    song = make_song(2, RATE, 2)
    data = bytearray(encode(song, RATE, kind, "FLOAT"))
    expected = load_audio(bytes(data), RATE)
    at = data.index(b"PEAK") + 4
    length = int.from_bytes(data[at : at + 4], order)
    data[at : at + 4] = (length + 8).to_bytes(4, order)
    data[at + 4 + length : at + 4 + length] = bytes(8)
    data[4:8] = (len(data) - 8).to_bytes(4, order)
    np.testing.assert_array_equal(load_audio(bytes(data), RATE), expected)


def test_a_track_that_is_not_there_is_told():
    for data in (VORBIS, encode(make_song(2), RATE, "WAV"), VORBIS + OPUS):
        np.testing.assert_array_equal(read(data, track=1)[0], read(data)[0])
        with pytest.raises(UnreadableAudioError, match="has 1 audio track, so there is no track 2"):
            load_audio_track(data, 2)


def load_audio_track(data, track):
    with ExitStack() as stack:
        return list(stack.enter_context(open_audio(data, RATE, track=track)))


def test_a_file_that_names_others_gets_none_of_them(tmp_path):
    """FFmpeg would follow playlists and lists of files, wherever they lead."""
    secret = tmp_path / "secret.wav"
    secret.write_bytes(encode(make_song(2), RATE, "WAV"))
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {secret}\n",
    ):
        with pytest.raises(UnreadableAudioError, match="looks like text"):
            load_audio(text.encode(), RATE)


def test_parts_are_brought_to_one_shape():
    left = np.sin(np.arange(1000, dtype=np.float32))[:, None]
    both = np.hstack([left, -left])
    assert to_channels(left, 1) is left
    np.testing.assert_array_equal(to_channels(both, 6), np.tile(both, (1, 3)))
    np.testing.assert_array_equal(to_channels(both, 1), left)  # the mean is silence
    np.testing.assert_allclose(to_channels(np.hstack([left, left / 2]), 1), left * 0.75, rtol=1e-6)

    def breaks():
        yield both
        raise DecodeError("here")

    found = []
    with pytest.raises(DecodeError):
        found.extend(map(len, in_one_shape(breaks(), 8000, 16000, 2)))
    assert sum(found) == 2000


@pytest.mark.parametrize("tag", [b"", b"ID3\x04\0\0\0\0\0\0"], ids=["bare", "behind a tag"])
def test_a_signature_and_hardly_more_is_one_line(tag):
    """As a fuzzer found it: two bytes of a frame's header."""
    signs = [b"\0" * at + sign for at, sign, _ in _MAGIC]
    signs += [
        b"\xff\xfd\0\0",
        b"\xff\xfb\x90\0",
        b"\x0b\x77",
        b"\x56\xe0",
        b"\x47",
        b"OggS",
        b"RIFF",
    ]
    for sign in signs:
        for filling in (b"", b"\0\0", b"\xff" * 9):
            for length in range(1, len(sign + filling) + 1):
                with pytest.raises(AudioError) as caught:
                    read(tag + (sign + filling)[:length])
                assert "\n" not in str(caught.value)


def test_a_rate_that_no_audio_has_is_refused_before_it_is_resampled():
    """As a fuzzer found it: from 2 GHz, FFmpeg made a filter of seconds and 800 MB."""
    pytest.importorskip("av", reason="needs the ffmpeg extra")
    wav = (
        "UklGRjQQAABXQVZFZm10IBQAAAARAAEAIlYAelwrAAAAAgQAAvpjA/lhMXQEAAAAyB8AAGRhdGEAEIAASAEAAHd3d3dD"
        "Dg4ODg4ODg4ODg4ODg4ODg4ODg51UzI="
    )
    with pytest.raises(UnreadableAudioError, match="not audio in any format"):
        read(base64.b64decode(wav))


@pytest.mark.parametrize("layout", ["5.1", "7.1", "hexadecagonal", "22.2"])
def test_eight_channels_and_more_are_heard_as_libsndfile_hears_them(layout):
    """PyAV reads pointers behind the last channel's: a segmentation fault."""
    av = pytest.importorskip("av", reason="needs the ffmpeg extra")
    channels = av.AudioLayout(layout).nb_channels
    song = (make_song(2, channels=channels) * 9000).astype(np.int16)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as out:
        stream = out.add_stream("pcm_s16le", rate=RATE, layout=layout)
        frame = av.AudioFrame.from_ndarray(song.reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate = RATE
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    waveform = load_audio(buffer.getvalue(), RATE)
    assert waveform == pytest.approx(load_audio(encode(song, RATE, "WAV"), RATE), abs=1e-6)


def test_a_stream_that_comes_up_on_the_way_is_passed_over():
    """As a fuzzer found it: PyAV looked for one more stream than it had, at the end of an flv."""
    pytest.importorskip("av", reason="needs the ffmpeg extra")
    packed = "eNpz8wljZBiugIOBgR1DUIiDgYkFyg5kGAWjgIkfmFAyoZz1kOwAAPApApw="
    waveform, _ = read(zlib.decompress(base64.b64decode(packed)), 16000)
    assert 0 < len(waveform) < 100
