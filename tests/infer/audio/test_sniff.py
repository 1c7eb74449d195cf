"""MPEG frames are found and described as they are."""

import io

import numpy as np
import pytest

from melonnx.infer.audio.sniff import find_mpeg_stream, info_frame
from tests.conftest import encode, make_song


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 32000, 44100, 48000])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_the_tag_is_read(rate, channels, mode):
    song = make_song(4, rate, channels)
    mp3 = encode(song, rate, "MP3", "MPEG_LAYER_III", bitrate_mode=mode)
    stream = find_mpeg_stream(io.BytesIO(mp3))
    assert stream is not None
    assert stream.start == 0
    frame = 1152 if rate >= 32000 else 576
    assert 0 <= stream.claimed_samples - len(song) <= 3 * frame  # the encoder pads both ends
    assert stream.claimed_bytes == pytest.approx(len(mp3), rel=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_a_stream_is_found_wherever_it_begins_within_the_limit(seed):
    mp3 = encode(make_song(1), 22050, "MP3", "MPEG_LAYER_III")
    rng = np.random.default_rng(seed)
    for n_bytes in (65_500, 1 << 20, 3_000_000):
        junk = rng.bytes(n_bytes + seed)
        file = io.BytesIO(junk + mp3)
        stream = find_mpeg_stream(file, limit=4_000_000)
        assert stream is not None
        assert stream.start == len(junk)
        assert find_mpeg_stream(file, len(junk)) == stream
    assert find_mpeg_stream(file) is None


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (22050, 2), (44100, 2), (48000, 1)])
def test_info_frame_promises_more_than_any_file_has(rate, channels):
    mp3 = encode(make_song(2, rate, channels), rate, "MP3", "MPEG_LAYER_III")
    first = find_mpeg_stream(io.BytesIO(mp3))
    assert first is not None
    bare = mp3[mp3.index(mp3[first.start : first.start + 2], first.start + 4) :]
    stream = find_mpeg_stream(io.BytesIO(info_frame(bare) + bare))
    assert stream is not None
    assert stream.start == 0
    assert stream.claimed_samples >= 6 * 3600 * rate


def test_layer_ii_has_no_info_frame():
    assert info_frame(b"\xff\xfd\x84\x04") == b""


def test_info_frame_needs_a_frame_header():
    with pytest.raises(ValueError, match="frame header"):
        info_frame(b"\xff\xfb\xff\xff")
