"""Frames that no library parses stay byte for byte, and readers still find the genre."""

import shutil
import subprocess

import pytest
from mutagen.id3 import ID3

from melonnx.infer.errors import TagError
from melonnx.infer.tags.fields import read_genres, write_genres
from tests.infer.conftest import packets_and_samples


def frame(name, content, *, version=3, flags=b"\0\0"):
    size = len(content)
    raw = size.to_bytes(4) if version == 3 else bytes(size >> n & 127 for n in (21, 14, 7, 0))
    return name + raw + flags + content


def tag(body, *, version=3, flags=0, claim=None):
    size = len(body) if claim is None else claim
    sizes = bytes(size >> n & 127 for n in (21, 14, 7, 0))
    return b"ID3" + bytes([version, 0, flags]) + sizes + body


TITLE = frame(b"TIT2", b"\0A title")
ODD = {
    "space-padded TSA": frame(b"TSA ", b"\0Sort album"),
    "space-padded TSP": frame(b"TSP ", b"\0Sort artist"),
    "space-padded CM1": frame(b"CM1 ", b"\x01\xff\xfe\0"),
    "TPE1 without encoding": frame(b"TPE1", b"Somebody"),
    "POPM without NUL": frame(b"POPM", b"nobody@nowhere"),
    "empty COMM": frame(b"COMM", b""),
    "empty TXXX": frame(b"TXXX", b""),
    "empty TRCK": frame(b"TRCK", b""),
    "one byte of COMM": frame(b"COMM", b"\x01"),
    "lower-case id": frame(b"tit2", b"\0lower"),
    "odd RVAD": frame(b"RVAD", b"\x03\x10\x00\x01"),
    "grouped PRIV": frame(b"PRIV", b"\x07owner\0data", flags=b"\0\x20"),
    "compressed": frame(b"TXXX", b"\0\0\0\x05not zlib", flags=b"\0\x80"),
    "LINK": frame(b"LINK", b"TIT2http://archive.org/details/x\0more"),
    "unknown": frame(b"ZZZ9", bytes(range(256))),
    "two of a name": frame(b"TIT2", b"\0Another title") * 2,
    "no letters": frame(b"\xff\xfe\0\x01", b"???"),
}


def put(path, front):
    path.write_bytes(front + path.read_bytes())
    return path


def frames_in(path):
    """The bytes of the tag, cut by nothing but their place."""
    data = path.read_bytes()
    size = int.from_bytes(bytes([data[9]])) | data[8] << 7 | data[7] << 14 | data[6] << 21
    return data[10 : 10 + size]


@pytest.mark.parametrize("padding", [0, 300])
@pytest.mark.parametrize("genre", [b"", frame(b"TCON", b"\0Polka")])
@pytest.mark.parametrize("odd", ODD)
def test_odd_frames_stay_byte_for_byte(make_file, odd, genre, padding):
    path = put(make_file("mp3"), tag(TITLE + ODD[odd] + genre + bytes(padding)))
    audio = packets_and_samples(path)
    assert read_genres(path) == ["Polka"] * bool(genre)
    for name in ("Rock", "Ποπ " * 100):
        write_genres(path, [name.strip()])
        body = frames_in(path)
        assert body.startswith(TITLE)
        assert body.count(ODD[odd]) == 1
        assert body.count(b"TCON") == 1
        assert b"Polka" not in body
        again = ID3(path, translate=False)
        assert (again["TCON"].text, again.version) == ([name.strip()], (2, 3, 0))
    assert packets_and_samples(path) == audio


def test_all_odd_frames_at_once(make_file):
    odd = b"".join(ODD.values())
    path = put(make_file("mp3"), tag(TITLE + odd))
    write_genres(path, ["Rock"])
    assert odd[:-13] in frames_in(path).replace(frame(b"TCON", b"\0Rock"), b"")
    assert ID3(path)["TCON"].text == ["Rock"]


@pytest.mark.parametrize("claim", [50, 100_000])
def test_a_frame_longer_than_its_tag_stays_and_nothing_is_put_behind_it(make_file, claim):
    cut = b"APIC" + claim.to_bytes(4) + b"\0\0" + b"\0image/png\0\x03\0\x89PNG" + bytes(12)
    path = put(make_file("mp3"), tag(TITLE + cut))
    audio = packets_and_samples(path)
    write_genres(path, ["Rock"])
    assert frames_in(path) == TITLE + frame(b"TCON", b"\0Rock") + cut
    assert packets_and_samples(path) == audio


@pytest.mark.parametrize("kind", ["wav", "aiff"])
def test_odd_frames_in_a_chunk_stay_too(make_file, kind):
    path = make_file(kind)
    write_genres(path, ["Polka"])
    plain = path.read_bytes()
    body = TITLE + b"".join(ODD.values())
    order = {"wav": "little", "aiff": "big"}[kind]
    at = plain.lower().rindex(b"id3 ")
    chunk = tag(body)
    chunk = plain[at : at + 4] + len(chunk).to_bytes(4, order) + chunk + b"\0" * (len(chunk) % 2)
    data = plain[:at] + chunk
    path.write_bytes(data[:4] + (len(data) - 8).to_bytes(4, order) + data[8:])
    audio = packets_and_samples(path)
    write_genres(path, ["Rock"])
    assert read_genres(path) == ["Rock"]
    assert all(odd in path.read_bytes() for odd in ODD.values())
    assert packets_and_samples(path) == audio


def test_unsynchronised_tags_keep_what_they_say(make_file):
    private = frame(b"PRIV", b"owner\0\xff\xfb\xff\0\xff")
    plain = TITLE + private
    written = plain.replace(b"\xff\0", b"\xff\0\0").replace(b"\xff\xfb", b"\xff\0\xfb") + b"\0"
    path = put(make_file("mp3"), tag(written, flags=0x80))
    before = [(priv.owner, priv.data) for priv in ID3(path).getall("PRIV")]
    assert before == [("owner", b"\xff\xfb\xff\0\xff")]
    write_genres(path, ["Ποπ"])
    again = ID3(path)
    assert [(priv.owner, priv.data) for priv in again.getall("PRIV")] == before
    assert (str(again["TIT2"]), again["TCON"].text) == ("A title", ["Ποπ"])


@pytest.mark.parametrize("size", [20, 200, 70_000])
def test_24_with_sizes_as_itunes_wrote_them(make_file, size):
    """Eight bits a byte, where seven are due."""
    picture = b"APIC" + (size + 13).to_bytes(4) + b"\0\0\0image/png\0\x03\0" + b"\x01" * size
    path = put(make_file("mp3"), tag(TITLE + picture + frame(b"TALB", b"\0Album"), version=4))
    write_genres(path, ["x" * 300])
    again = ID3(path)
    assert (str(again["TALB"]), again["TCON"].text) == ("Album", ["x" * 300])
    assert picture in frames_in(path)


def test_24_frames_with_flags_stay(make_file):
    grouped = frame(b"PRIV", b"\x07owner\0data", version=4, flags=b"\0\x40")
    path = put(make_file("mp3"), tag(TITLE + grouped, version=4))
    write_genres(path, ["Ποπ"])
    assert frames_in(path).startswith(TITLE + grouped + b"TCON")
    assert ID3(path).version == (2, 4, 0)


def test_a_footer_and_an_extended_header_go_with_what_they_said(make_file):
    body = TITLE
    head = tag(b"\0\0\0\x06\x01\0" + body, version=4, flags=0x50)
    path = put(make_file("mp3"), head + b"3DI" + head[3:10])
    audio = packets_and_samples(path)
    write_genres(path, ["Rock"])
    assert path.read_bytes()[5] == 0
    assert (str(ID3(path)["TIT2"]), ID3(path)["TCON"].text) == ("A title", ["Rock"])
    assert packets_and_samples(path) == audio


@pytest.mark.parametrize(
    ("content", "genres"),
    [(b"Rock", ["Rock"]), (b"Folk Rock\0", ["Folk Rock"]), (b"", []), (b"\0", []), (b"\1", [])],
)
def test_a_genre_without_its_encoding_is_seen(make_file, content, genres):
    path = put(make_file("mp3"), tag(frame(b"TCON", content)))
    assert read_genres(path) == genres


def test_a_space_padded_genre_is_seen_and_replaced(make_file):
    path = put(make_file("mp3"), tag(TITLE + frame(b"TCO ", b"\0Polka")))
    assert read_genres(path) == ["Polka"]
    write_genres(path, ["Rock"])
    assert read_genres(path) == ["Rock"]
    assert b"Polka" not in frames_in(path)


@pytest.mark.parametrize(
    ("genre", "message"),
    [
        (frame(b"TCON", b"\x90\x91\x92", flags=b"\0\x40"), "TCON is encrypted"),
        (frame(b"TCON", b"\x90\x91\x92"), "TCON is damaged"),
    ],
)
def test_a_genre_that_cannot_be_read_is_named_and_left_alone(make_file, genre, message):
    path = put(make_file("mp3"), tag(TITLE + genre))
    with pytest.raises(TagError, match=message):
        read_genres(path)


def test_two_tags_in_a_row_agree(make_file):
    second = tag(frame(b"TALB", b"\0Album") + frame(b"TCON", b"\0Polka"))
    path = put(make_file("mp3"), tag(TITLE) + second)
    audio = packets_and_samples(path)
    assert read_genres(path) == ["Polka"]
    write_genres(path, ["Rock"])
    assert read_genres(path) == ["Rock"]
    assert b"Polka" not in path.read_bytes()
    assert packets_and_samples(path) == audio


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="needs ffprobe")
@pytest.mark.parametrize("odd", ODD)
def test_ffprobe_finds_title_and_genre(make_file, odd):
    path = put(make_file("mp3"), tag(TITLE + ODD[odd]))
    write_genres(path, ["Rock"])
    shown = subprocess.run(
        ["ffprobe", "-v", "quiet", "-show_entries", "format_tags", str(path)],
        capture_output=True, check=True,
    ).stdout.decode("utf-8", "replace")  # fmt: skip
    assert "TAG:genre=Rock" in shown


@pytest.mark.parametrize("odd", ODD)
def test_taglib_finds_the_genre_and_all_that_it_found_before(make_file, odd):
    """The library of Navidrome, VLC, Clementine and KDE; it stops at frames that are empty."""
    taglib = pytest.importorskip("taglib", reason="needs pytaglib")
    path = put(make_file("mp3"), tag(TITLE + ODD[odd] + frame(b"TALB", b"\0Album")))

    def told():
        with taglib.File(str(path)) as file:
            return file.tags

    before = told()
    write_genres(path, ["Rock"])
    assert told() == before | {"GENRE": ["Rock"]}


@pytest.mark.parametrize("odd", ODD)
def test_eyed3_finds_the_genre(make_file, odd):
    eyed3 = pytest.importorskip("eyed3", reason="needs eyeD3")
    path = put(make_file("mp3"), tag(TITLE + ODD[odd]))
    try:
        before = eyed3.load(path).tag.title
    except Exception:
        pytest.skip("eyeD3 cannot read this one")
    write_genres(path, ["Rock"])
    found = eyed3.load(path).tag
    assert (found.title, found.genre.name) == (before, "Rock")


@pytest.mark.skipif(not shutil.which("kid3-cli"), reason="needs kid3-cli")
def test_kid3_finds_the_genre(make_file):
    path = put(make_file("mp3"), tag(TITLE + b"".join(ODD.values())))
    write_genres(path, ["Rock"])
    shown = subprocess.run(
        ["kid3-cli", "-c", "get genre", str(path)], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "Rock"
