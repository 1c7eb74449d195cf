"""The genre is written, and nothing else moves."""

import mutagen
import pytest
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, TCON, TIT2, TPE1, TXXX, TYER
from mutagen.mp4 import MP4, MP4Cover

from melonnx.infer.errors import TagError
from melonnx.infer.tags.fields import read_genres, write_genres
from tests.infer.conftest import KINDS, encode_m4a, packets_and_samples

IMAGE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


def dress(path, genre="Polka"):
    """Title, artist and picture, as the format has them, and a genre."""
    song = mutagen.File(path)
    if song.tags is None:
        song.add_tags()
    tags = song.tags
    if isinstance(tags, ID3):
        tags.add(TIT2(encoding=3, text="Ça alors"))
        tags.add(TPE1(encoding=3, text=["Ольга", "B"]))
        tags.add(TXXX(encoding=3, desc="MusicBrainz", text="1234"))
        tags.add(APIC(encoding=0, mime="image/png", type=3, desc="", data=IMAGE))
        tags.add(TCON(encoding=3, text=genre))
    elif isinstance(song, MP4):
        tags["\xa9nam"], tags["\xa9ART"] = ["Ça alors"], ["Ольга", "B"]
        tags["trkn"], tags["covr"] = [(3, 12)], [MP4Cover(IMAGE, MP4Cover.FORMAT_PNG)]
        tags["----:com.apple.iTunes:mood"] = [b"calm"]
        tags["\xa9gen"] = [genre]
    else:
        tags["Title"], tags["ARTIST"] = ["Ça alors"], ["Ольга", "B"]
        tags["Genre"] = [genre]
    if isinstance(song, FLAC):
        picture = Picture()
        picture.data, picture.mime, picture.type = IMAGE, "image/png", 3
        song.add_picture(picture)
    song.save()


def others(path):
    """All tags but the genre, as mutagen gives them to any program."""
    song = mutagen.File(path)
    names = {"TCON", "genre", "\xa9gen"}
    tags = {key: value for key, value in song.tags.items() if key not in names}
    pictures = [picture.write() for picture in getattr(song, "pictures", [])]
    return tags, pictures


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_tags_gets_the_genre_and_keeps_its_audio(make_file, kind):
    path = make_file(kind)
    audio = packets_and_samples(path)
    assert read_genres(path) == []
    write_genres(path, ["Heavy Metal"])
    assert read_genres(path) == ["Heavy Metal"]
    assert packets_and_samples(path) == audio


@pytest.mark.parametrize("kind", KINDS)
def test_other_tags_and_pictures_stay_as_they_are(make_file, kind):
    path = make_file(kind)
    dress(path)
    audio, before = packets_and_samples(path), others(path)
    assert before[0]
    assert read_genres(path) == ["Polka"]
    write_genres(path, ["Ποπ 流行"])
    assert read_genres(path) == ["Ποπ 流行"]
    assert others(path) == before
    assert packets_and_samples(path) == audio


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_comment_that_moves_everything_moves_no_audio(make_file, kind):
    """The new tags need more room than the padding has: Ogg pages are numbered anew."""
    path = make_file(kind)
    dress(path, "x" * 70_000)
    audio, before = packets_and_samples(path), others(path)
    write_genres(path, ["Rock"])
    assert (read_genres(path), others(path)) == (["Rock"], before)
    assert packets_and_samples(path) == audio
    write_genres(path, ["y" * 200_000])
    assert others(path) == before
    assert packets_and_samples(path) == audio


@pytest.mark.parametrize("minor", [3, 4])
def test_id3_keeps_its_version(make_file, minor):
    path = make_file("mp3")
    tags = ID3()
    tags.add(TIT2(encoding=1, text="Title"))
    tags.add(TYER(encoding=0, text="1999"))
    tags.save(path, v2_version=minor)
    write_genres(path, ["Ποπ"])
    again = ID3(path, translate=False)
    assert again.version == (2, minor, 0)
    assert (again["TIT2"].text, again["TYER"].text) == (["Title"], ["1999"])
    assert again["TCON"].text == ["Ποπ"]


def test_new_id3_tags_are_of_the_version_that_everything_reads(make_file):
    for kind, opened in (("mp3", ID3), ("wav", mutagen.File), ("aiff", mutagen.File)):
        path = make_file(kind)
        write_genres(path, ["Rock"])
        tags = opened(path)
        assert (tags if kind == "mp3" else tags.tags).version == (2, 3, 0)


def test_numbers_of_old_tags_are_read_as_names(make_file):
    path = make_file("mp3")
    tags = ID3()
    tags.add(TCON(encoding=0, text="(17)"))
    tags.save(path, v2_version=3)
    assert read_genres(path) == ["Rock"]


def id3v1(title, artist, genre):
    fields = title.ljust(30, b"\0") + artist.ljust(30, b"\0") + bytes(30) + b"1984" + bytes(30)
    return b"TAG" + fields + bytes([genre])


def test_an_id3v1_tag_beside_changes_in_its_genre_only(make_file):
    path = make_file("mp3")
    tags = ID3()
    tags.add(TIT2(encoding=0, text="Only a title"))
    tags.save(path, v2_version=3)
    tail = id3v1(b"Another title", b"An artist", 12)
    path.write_bytes(path.read_bytes() + tail)
    audio = packets_and_samples(path)
    write_genres(path, ["Metal"])
    assert path.read_bytes()[-128:] == tail[:-1] + bytes([9])
    write_genres(path, ["Of no number"])
    assert path.read_bytes()[-128:] == tail[:-1] + bytes([255])
    assert packets_and_samples(path) == audio
    assert "TPE1" not in ID3(path, load_v1=False)


def test_an_id3v1_tag_alone_is_not_hidden_by_the_new_one(make_file):
    path = make_file("mp3")
    path.write_bytes(path.read_bytes() + id3v1(b"A title", b"An artist", 9))
    assert read_genres(path) == ["Metal"]
    write_genres(path, ["Rock"])
    tags = ID3(path, load_v1=False)
    assert (str(tags["TIT2"]), str(tags["TPE1"])) == ("A title", "An artist")
    assert path.read_bytes()[-128:] == id3v1(b"A title", b"An artist", 17)


def test_id3v22_stays_what_it_is_with_all_that_it_has(make_file):
    path = make_file("mp3")

    def frame(name, text):
        return name + (len(text) + 1).to_bytes(3) + b"\0" + text

    frames = frame(b"TT2", b"A title") + frame(b"TCO", b"Polka") + frame(b"TYE", b"1999")
    size = len(frames)
    header = b"ID3\x02\0\0" + bytes([0, 0, size >> 7, size & 127])
    path.write_bytes(header + frames + path.read_bytes())
    audio = packets_and_samples(path)
    assert read_genres(path) == ["Polka"]
    for genre in ("Rock", "Ποπ"):
        write_genres(path, [genre])
        tags = ID3(path)
        assert tags.version == (2, 2, 0)
        assert [str(tags[name]) for name in ("TIT2", "TDRC", "TCON")] == ["A title", "1999", genre]
    assert packets_and_samples(path) == audio


def test_an_ape_tag_stays(make_file):
    path = make_file("mp3")
    tags = APEv2()
    tags["Title"] = "In the other tag"
    tags.save(path)
    write_genres(path, ["Rock"])
    assert str(APEv2(path)["Title"]) == "In the other tag"


@pytest.mark.parametrize("flags", ["faststart", "frag_keyframe+empty_moov"])
def test_an_m4a_whose_audio_moves_still_plays_to_the_sample(make_file, flags):
    """Tags that stand before the audio shift it, and every offset to it has to follow."""
    path = make_file("m4a")
    path.write_bytes(encode_m4a(movflags=flags))
    audio = packets_and_samples(path)
    write_genres(path, ["x" * 5000])
    assert read_genres(path) == ["x" * 5000]
    assert packets_and_samples(path) == audio


@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_chained_streams_keep_their_audio(make_file, kind):
    path = make_file(kind)
    path.write_bytes(path.read_bytes() * 2)
    before = path.read_bytes()
    write_genres(path, ["Rock"])
    assert read_genres(path) == ["Rock"]
    assert path.read_bytes().endswith(before[-5000:])


def test_an_id3_tag_before_a_flac_stays(make_file):
    path = make_file("flac")
    front = b"ID3\x03\0\0\0\0\0\x0a" + bytes(10)
    path.write_bytes(front + path.read_bytes())
    write_genres(path, ["Rock"])
    assert path.read_bytes().startswith(front + b"fLaC")
    assert read_genres(path) == ["Rock"]


def test_the_bytes_decide_what_a_file_is(make_file):
    path = make_file("flac")
    lying = path.rename(path.with_suffix(".mp3"))
    write_genres(lying, ["Rock"])
    assert FLAC(lying)["genre"] == ["Rock"]


def cut(data):
    return data[: len(data) * 2 // 3]


@pytest.mark.parametrize(
    ("kind", "damage", "message"),
    [
        ("wav", cut, "cut short"),
        ("aiff", cut, "cut short"),
        ("wav", lambda data: data[:40] + b"\xff" * 4 + data[44:], "cut short, or a recording"),
        ("flac", lambda data: data[:4] + b"\x84\xff\xff\xff" + data[8:], "cannot be read"),
        ("flac", lambda data: data[:20], "cannot be read|ends within"),
        ("m4a", lambda data: data.replace(b"moov", b"voom"), "cannot be read"),
        ("m4a", lambda data: data.replace(b"udta", b"udta\0\0"), "cannot be read|ends within|box"),
        ("ogg", lambda data: data[:3000] + b"x" + data[3001:4000] + data[4100:], "between its Ogg"),
        ("ogg", lambda data: data.replace(b"\x01vorbis", b"\x01unhear"), "no tags can be written"),
        ("mp3", lambda data: b"only words\n" * 99, "no tags can be written"),
        ("mp3", lambda data: b"", "no tags can be written"),
        ("mp3", lambda data: b"ID3\x05\0\0\0\0\0\0" + data, "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_error_and_stays_as_it_is(make_file, kind, damage, message):
    path = make_file(kind)
    data = damage(path.read_bytes())
    path.write_bytes(data)
    with pytest.raises(TagError, match=message) as caught:
        write_genres(path, ["Rock"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_damage_anywhere_is_a_tag_error_or_no_harm(make_file, kind, seed):
    """Bytes of the first 4,000 changed at random: never another error, never changed audio."""
    import random

    chance = random.Random(seed)
    path = make_file(kind)
    dress(path)
    data = bytearray(path.read_bytes())
    for _ in range(8):
        data[chance.randrange(4, min(4000, len(data)))] = chance.randrange(256)
    path.write_bytes(data)
    try:
        write_genres(path, ["Rock"])
    except TagError:
        return
    assert read_genres(path) == ["Rock"]


def test_a_tag_that_claims_more_than_there_is_says_so(make_file):
    path = make_file("mp3")
    write_genres(path, ["Rock"])
    data = bytearray(path.read_bytes())
    assert data[:3] == b"ID3"
    data[6:10] = b"\x7f" * 4
    path.write_bytes(data)
    for work in (read_genres, lambda path: write_genres(path, ["Metal"])):
        with pytest.raises(TagError, match=r"has tags that cannot be read .*cut short"):
            work(path)
    assert path.read_bytes() == data
