"""The bytes choose the decoder, and lengths in headers are never believed."""

import contextlib
import errno
import io
import os
import sys

import numpy as np
import pytest

from melonnx.infer.audio.joined import Joined
from melonnx.infer.audio.reader import load_audio, open_audio
from melonnx.infer.errors import (
    AudioError,
    EmptyAudioError,
    UnreadableAudioError,
    UnsupportedFormatError,
)
from tests.conftest import RATE, encode, make_song

MP3 = {"format_": "MP3", "subtype": "MPEG_LAYER_III"}


def encode_mp3(seconds, level=0.5, mode="CONSTANT", seed=0):
    song = make_song(seconds, 44100, 2, seed)
    return encode(song, 44100, **MP3, bitrate_mode=mode, compression_level=level)


def without_tag(mp3):
    """The stream without its Xing or Info frame, which LAME writes first."""
    return mp3[mp3.index(b"\xff\xfb", 4) :]


def encode_av(seconds, container, codec, bit_rate=128_000, rate=44100, title=""):
    av = pytest.importorskip("av", reason="needs the ffmpeg extra")
    buffer = io.BytesIO()
    samples = make_song(seconds, 44100, 2)
    with av.open(buffer, "w", format=container) as out:
        out.metadata["title"] = title
        stream = out.add_stream(codec, rate=rate if codec != "libopus" else 48000, layout="stereo")
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples.T), format="fltp", layout="stereo"
        )
        frame.sample_rate = 44100
        for part in av.AudioResampler(stream.format, "stereo", stream.rate).resample(frame):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def read(data):
    with open_audio(data, RATE) as reader:
        waveform = np.concatenate(list(reader))
    return waveform, reader


@pytest.mark.parametrize(
    ("format_", "subtype"),
    [
        *[("WAV", kind) for kind in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "ULAW")],
        ("WAV", "MS_ADPCM"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("AIFF", "PCM_16"),
        ("AU", "PCM_16"),
        ("CAF", "PCM_16"),
        ("MP3", "MPEG_LAYER_III"),
    ],
)
def test_every_format_of_soundfile_gives_the_song(format_, subtype):
    song = make_song(3)
    waveform, reader = read(encode(song, RATE, format_, subtype))
    n_samples = min(len(waveform), len(song))
    assert reader.duration_s == pytest.approx(3, abs=0.1)
    assert np.corrcoef(waveform[:n_samples], song[:n_samples, 0])[0, 1] > 0.9
    assert reader.warnings == ()


def test_opus_at_its_own_rate():
    waveform, reader = read(encode(make_song(3, 48000), 48000, "OGG", "OPUS"))
    assert len(waveform) == pytest.approx(3 * RATE, abs=RATE / 10)
    assert reader.warnings == ()


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp4", "aac"), ("adts", "aac"), ("asf", "wmav2"), ("webm", "libopus")],
)
def test_the_ffmpeg_extra_gives_the_song(container, codec):
    data = encode_av(3, container, codec)
    waveform, reader = read(data)
    song = load_audio(encode(make_song(3, 44100, 2), 44100, "WAV", "FLOAT"), RATE)
    assert reader.duration_s == pytest.approx(3, abs=0.15)
    # Level too: PyAV's own mono mix would be 3 dB hot.
    assert np.sqrt(np.mean(waveform**2) / np.mean(song**2)) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("front", [b"", b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)])
def test_mp2_decodes_whole(front):
    data = front + encode_av(6, "mp2", "mp2", bit_rate=96_000)
    waveform, reader = read(data)
    assert len(waveform) / RATE == pytest.approx(6, abs=0.05)
    assert reader.warnings == ()


@pytest.mark.parametrize("name", ["song.m4a", "song.mp3"])
def test_m4a_without_the_extra_names_it_whatever_the_file_is_called(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "av", None)
    path = tmp_path / name
    path.write_bytes(b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom" + bytes(5000))
    with pytest.raises(UnsupportedFormatError, match=rf"{name}: is MPEG-4.*melonnx\[ffmpeg\]"):
        load_audio(path, RATE)


def test_damaged_m4a_with_the_extra(tmp_path):
    pytest.importorskip("av", reason="needs the ffmpeg extra")
    path = tmp_path / "song.m4a"
    path.write_bytes(b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom" + bytes(5000))
    with pytest.raises(UnreadableAudioError, match=r"song\.m4a: looks like MPEG-4"):
        load_audio(path, RATE)


@pytest.mark.parametrize("seed", range(40))
def test_any_damage_to_an_m4a_gives_a_waveform_or_one_of_our_errors(seed):
    data = bytearray(encode_av(1, "mp4", "aac"))
    rng = np.random.default_rng(seed)
    for at in rng.integers(data.find(b"moov"), len(data), 15):
        data[at] = rng.integers(0, 256)
    try:
        assert np.isfinite(load_audio(bytes(data), RATE)).all()
    except AudioError as error:
        assert str(error).startswith("<bytes>: ")


def test_aac_that_changes_its_rate_keeps_its_pitch():
    first = encode_av(2, "adts", "aac")
    waveform, _ = read(first + encode_av(2, "adts", "aac", rate=22050))
    expected = load_audio(first, RATE)
    second = waveform[len(expected) :][: RATE + 4000]
    match = np.correlate(second, expected[2000 : 2000 + RATE], "valid").max()
    assert match > 0.9 * np.linalg.norm(expected[2000 : 2000 + RATE]) ** 2


def test_aac_is_known_behind_an_id3_tag():
    data = encode_av(3, "adts", "aac")
    expected, _ = read(data)
    waveform, reader = read(b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + data)
    np.testing.assert_array_equal(waveform, expected)
    assert reader.warnings == ()


def test_aac_whose_length_was_estimated_is_not_called_truncated():
    low, high = (encode_av(6, "adts", "aac", bit_rate=rate) for rate in (24_000, 256_000))
    waveform, reader = read(low + high)
    assert len(waveform) / RATE == pytest.approx(12, abs=0.2)
    assert reader.warnings == ()


def test_mp3_tag_that_counts_too_few_does_not_cut_the_song():
    joined = encode_mp3(3) + encode_mp3(4, seed=1)
    waveform, reader = read(joined)
    assert len(waveform) / RATE == pytest.approx(7, abs=0.15)
    assert reader.warnings == ()


@pytest.mark.parametrize("first_loud", [True, False])
def test_variable_bit_rate_without_a_tag_decodes_whole(first_loud):
    high, low = without_tag(encode_mp3(3, level=0.0)), without_tag(encode_mp3(4, level=0.9))
    waveform, reader = read(high + low if first_loud else low + high)
    assert len(waveform) / RATE == pytest.approx(7, abs=0.15)
    assert reader.warnings == ()


def test_junk_and_large_tags_in_front_of_mp3_are_stepped_over():
    mp3 = encode_mp3(3)
    plain = load_audio(mp3, RATE)
    cover = (
        b"ID3\x04\0\0" + bytes([0, 0x7F, 0x7F, 0x7F]) + b"\x11" * (0x7F << 14 | 0x7F << 7 | 0x7F)
    )
    lying = b"ID3\x04\0\0\x7f\x7f\x7f\x7f"
    for front in (bytes(4096), b"junk" * 50_000, cover, lying):
        waveform, reader = read(front + mp3)
        assert len(waveform) == pytest.approx(len(plain), abs=RATE / 20)
        assert reader.warnings == ()


def test_truncated_mp3_keeps_what_decodes_and_says_so():
    mp3 = encode_mp3(6)
    waveform, reader = read(mp3[: len(mp3) // 2])
    assert len(waveform) / RATE == pytest.approx(3, abs=0.2)
    assert len(reader.warnings) == 1
    assert "truncated" in reader.warnings[0]
    assert "of the 6.0 s" in reader.warnings[0]


@pytest.mark.parametrize(
    ("format_", "subtype"),
    [
        *[(name, "PCM_16") for name in ("WAV", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC")],
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
    ],
)
def test_truncated_files_keep_what_decodes_and_say_so(format_, subtype):
    rng = np.random.default_rng(0)
    rate = 24000 if subtype == "OPUS" else RATE
    data = encode(rng.uniform(-0.5, 0.5, (12 * rate, 2)), rate, format_, subtype)
    assert read(data)[1].warnings == ()
    for share in (0.3, 0.5, 0.99):
        waveform, reader = read(data[: int(len(data) * share)])
        assert len(waveform) / RATE == pytest.approx(12 * share, abs=1.1)  # a page of Ogg
        assert [warning.partition(":")[0] for warning in reader.warnings] == ["truncated"]


def test_a_recorder_that_died_left_a_wav_that_decodes():
    song = make_song(2)
    for riff, data in ((0, 0), (36, 0), (0xFFFFFFFF, 0), (0xFFFFFFFF, 0xFFFFFFFF)):
        wav = bytearray(encode(song, RATE, "WAV", "PCM_16"))
        wav[4:8], wav[40:44] = riff.to_bytes(4, "little"), data.to_bytes(4, "little")
        waveform, reader = read(bytes(wav))
        assert len(waveform) == len(song)
        assert reader.warnings == ()


def test_flac_and_caf_of_unknown_length_decode_and_are_not_called_truncated():
    song = make_song(2)
    flac = bytearray(encode(song, RATE, "FLAC"))
    flac[21] &= 0xF0
    flac[22:26] = bytes(4)  # STREAMINFO's total samples
    caf = bytearray(encode(song, RATE, "CAF", "PCM_16"))
    size = caf.index(b"data") + 4
    caf[size : size + 8] = b"\xff" * 8
    for data in (flac, caf):
        waveform, reader = read(bytes(data))
        assert len(waveform) == pytest.approx(len(song), abs=2)
        assert reader.warnings == ()


@pytest.fixture(scope="module")
def long_mp3():
    return encode_mp3(30, level=0.3)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("width", [500, 3000, 20_000])
@pytest.mark.parametrize("tagged", [True, False])
def test_a_hole_in_an_mp3_costs_only_that(long_mp3, tagged, width, seed):
    damaged = bytearray(long_mp3 if tagged else without_tag(long_mp3))
    at = len(damaged) // 4
    damaged[at : at + width] = np.random.default_rng(seed).bytes(width)
    waveform, reader = read(bytes(damaged))
    lost = 30 - len(waveform) / RATE
    assert lost < 0.6 + width * 30 / len(damaged)
    assert lost < 0.1 or reader.warnings


def test_a_hole_of_two_megabytes_costs_only_that_and_is_told(long_mp3):
    frames = without_tag(long_mp3)
    waveform, reader = read(frames + bytes(2 << 20) + frames)
    assert len(waveform) / RATE == pytest.approx(60, abs=1)
    assert [warning.partition(":")[0] for warning in reader.warnings] == ["damaged"]


def test_many_holes_in_an_mp3_leave_what_is_between_them(long_mp3):
    rng = np.random.default_rng(0)
    damaged = bytearray(long_mp3)
    for at in range(10_000, len(damaged) - 3000, 50_000):
        damaged[at : at + 3000] = rng.bytes(3000)
    waveform, reader = read(bytes(damaged))
    assert len(waveform) / RATE > 30 * 0.85
    assert len(reader.warnings) == 1


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_tags_around_an_mp3_change_no_sample(rate, mode):
    mp3 = encode(make_song(7, rate, 2), rate, **MP3, bitrate_mode=mode)
    expected = load_audio(mp3, RATE)
    assert len(expected) == pytest.approx(7 * RATE, abs=2)
    for data in (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + mp3, mp3 + b"TAG" + bytes(125)):
        waveform, reader = read(data)
        np.testing.assert_array_equal(waveform, expected)
        assert reader.warnings == ()


@pytest.mark.parametrize(
    ("name", "data", "error", "says"),
    [
        ("text.mp3", b"# just some notes\n" * 99, UnreadableAudioError, "looks like text"),
        ("zeros.mp3", bytes(10_000), UnreadableAudioError, "zeros"),
        ("noise.mp3", np.random.default_rng(0).bytes(300_000), UnreadableAudioError, "not audio"),
        ("noise.wav", np.random.default_rng(1).bytes(3_000), UnreadableAudioError, "not audio"),
        ("empty.mp3", b"", EmptyAudioError, "0 bytes"),
        ("header.wav", encode(np.zeros((0, 2)), RATE, "WAV"), EmptyAudioError, "header"),
        ("half.wav", encode(np.zeros((99, 2)), RATE, "WAV")[:20], AudioError, "not audio"),
        ("half.flac", encode(make_song(1), RATE, "FLAC")[:60], AudioError, "half.flac"),
    ],
)
def test_what_is_no_audio_says_so_in_one_line_naming_the_file(tmp_path, name, data, error, says):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(error, match=says) as caught:
        load_audio(path, RATE)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", range(5))
def test_any_cut_of_any_file_gives_a_waveform_or_one_of_our_errors(seed):
    rng = np.random.default_rng(seed)
    for data in (
        encode_mp3(1),
        encode(make_song(1), RATE, "FLAC"),
        encode(make_song(1), RATE, "OGG"),
    ):
        broken = bytearray(data[: rng.integers(1, len(data))])
        for at in rng.integers(0, len(broken), 20):
            broken[at] = rng.integers(0, 256)
        try:
            assert np.isfinite(load_audio(bytes(broken), RATE)).all()
        except AudioError as error:
            assert str(error).startswith("<bytes>: ")


def test_a_good_mp3_decodes_without_a_word_from_libraries(capfd):
    song = make_song(20)
    mp3 = encode(song, RATE, **MP3, bitrate_mode="CONSTANT", compression_level=0.6)
    load_audio(mp3, RATE)
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_length_below_zero_is_no_traceback_on_stderr():
    """Found by fuzzing: libsndfile then seeks to before the start."""
    aiff = bytearray(encode(make_song(1), RATE, "AIFF", "PCM_16"))
    aiff[40] = 255
    with contextlib.suppress(AudioError):
        load_audio(bytes(aiff), RATE)


def test_nothing_lies_before_the_start_of_a_joined_file():
    """libsndfile seeks there in damaged files, and would else be given bytes of the end."""
    joined = Joined(b"head", io.BytesIO(b"..tail"), 2)
    for offset, whence in ((-1, os.SEEK_SET), (-5, os.SEEK_CUR), (-9, os.SEEK_END)):
        with pytest.raises(ValueError, match="before the start"):
            joined.seek(offset, whence)
    assert joined.read() == b"headtail"


class Failing(io.BytesIO):
    """Bytes on a disk that cannot read them from ``at`` on."""

    def __init__(self, data, at):
        super().__init__(data)
        self._at = at

    def read(self, size=-1):
        self._fail()
        return super().read(size)

    def readinto(self, buffer):
        self._fail()
        return super().readinto(buffer)

    def _fail(self):
        if self.tell() >= self._at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize("part", [0, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "AIFF", "MP3", "adts"])
def test_half_of_a_song_is_no_answer_where_the_disk_fails(kind, part, capfd):
    data = encode_av(12, "adts", "aac") if kind == "adts" else encode(make_song(12), RATE, kind)
    with pytest.raises(UnreadableAudioError, match=r"^<stream>: cannot be read .*\(Input/output"):
        read(Failing(data, int(part * len(data))))
    assert capfd.readouterr().err == ""


def test_an_error_of_a_file_system_that_is_no_oserror_is_kept(capfd):
    class Lost(Failing):
        def _fail(self):
            if self.tell() >= self._at:
                raise RuntimeError("the bucket is gone")

    song = encode(make_song(12), RATE, "WAV")
    with pytest.raises(RuntimeError, match="the bucket is gone"):
        read(Lost(song, len(song) // 2))
    assert capfd.readouterr().err == ""


def test_tags_in_another_encoding_cost_no_answer():
    plain = encode_av(3, "ipod", "aac", title="M@lodie")
    latin = plain.replace(b"M@lodie", b"M\xe9lodie")
    assert latin != plain
    assert (read(latin)[0] == read(plain)[0]).all()
