"""MPEG frames are found, counted and described as they are."""

import io

import pytest

from melonnx.infer.sniff import count_mpeg_samples, find_mpeg_stream, info_frame
from tests.conftest import encode, make_song


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 32000, 44100, 48000])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_counted_samples_are_those_of_the_tag(rate, channels, mode):
    song = make_song(4, rate, channels)
    mp3 = encode(song, rate, "MP3", "MPEG_LAYER_III", bitrate_mode=mode)
    stream = find_mpeg_stream(io.BytesIO(mp3))
    assert stream is not None
    assert stream.claimed_samples is not None
    # The tag counts the frames of music; the walk counts the tag's own frame too.
    frame = 1152 if rate >= 32000 else 576
    assert count_mpeg_samples(io.BytesIO(mp3), stream.start) == stream.claimed_samples + frame
    assert stream.claimed_bytes == pytest.approx(len(mp3), rel=0.02)


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (22050, 2), (44100, 2), (48000, 1)])
def test_info_frame_is_read_back(rate, channels):
    mp3 = encode(make_song(2, rate, channels), rate, "MP3", "MPEG_LAYER_III")
    first = find_mpeg_stream(io.BytesIO(mp3))
    assert first is not None
    bare = mp3[mp3.index(mp3[first.start : first.start + 2], first.start + 4) :]
    tagged = info_frame(bare, 1_152_000) + bare
    stream = find_mpeg_stream(io.BytesIO(tagged))
    assert stream is not None
    assert (stream.start, stream.claimed_samples) == (0, 1_152_000)


def test_info_frame_needs_a_frame_header():
    with pytest.raises(ValueError, match="frame header"):
        info_frame(b"text", 1)
