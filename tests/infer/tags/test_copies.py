"""Every place where a file may have its genre is seen, and all places agree afterwards."""

import shutil
import subprocess

import mutagen
import pytest
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TCON, TIT2, ParseID3v1
from mutagen.mp4 import MP4, MP4FreeForm

from melonnx.infer.errors import TagError
from melonnx.infer.tags.fields import read_genres, write_genres
from melonnx.infer.tags.log import restore
from tests.infer.conftest import packets_and_samples
from tests.infer.tags.test_log import write

FREE = "----:com.apple.iTunes:GENRE"


def ape(path, **items):
    tags = APEv2()
    tags["Title"] = "In the APE tag"
    tags["MP3GAIN_MINMAX"] = "120,210"
    for key, value in items.items():
        tags[key] = value
    tags.save(path)


def id3v1(path, genre):
    fields = b"A title".ljust(30, b"\0") + bytes(30) + bytes(30) + b"1984" + bytes(30)
    path.write_bytes(path.read_bytes() + b"TAG" + fields + bytes([genre]))


def info(path, *, odd=False, **entries):
    """An INFO list behind the audio of a wav; ``odd``: the byte that evens the end is missing."""
    parts = b""
    for name, text in entries.items():
        data = text.encode("cp1252") + b"\0"
        parts += name.encode() + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)
    chunk = b"LIST" + (len(parts) + 4).to_bytes(4, "little") + b"INFO" + parts
    data = path.read_bytes() + chunk + (b"odd " + b"\1\0\0\0x" if odd else b"")
    path.write_bytes(data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:])


def in_ape(path):
    ape(path, Genre=["Polka", "Ska"])
    return ["Polka", "Ska"]


def in_ape_before_id3v1(path):
    ape(path, genre="Polka")
    id3v1(path, 17)
    return ["Polka"]


def in_id3v1_beside_id3(path):
    tags = ID3()
    tags.add(TIT2(encoding=0, text="Title"))
    tags.save(path)
    id3v1(path, 9)
    return ["Metal"]


def in_info(path):
    info(path, INAM="A title", IGNR="Chanson fran\xe7aise", ICMT="More")
    return ["Chanson française"]


def in_info_before_an_odd_end(path):
    info(path, odd=True, IGNR="Polka")
    return ["Polka"]


def free_form(path):
    song = MP4(path)
    song[FREE] = [MP4FreeForm(b"Polka"), MP4FreeForm(b"Ska")]
    song["----:com.apple.iTunes:MOOD"] = [MP4FreeForm(b"calm")]
    song.save()
    return ["Polka", "Ska"]


def id3_before_flac(path):
    tags = ID3()
    tags.add(TIT2(encoding=0, text="Title"))
    tags.add(TCON(encoding=0, text="Polka"))
    tags.save(path)
    return ["Polka"]


def id3v1_behind_flac(path):
    id3v1(path, 9)
    return ["Metal"]


CASES = {
    "mp3": (in_ape, in_ape_before_id3v1, in_id3v1_beside_id3),
    "wav": (in_info, in_info_before_an_odd_end),
    "m4a": (free_form,),
    "flac": (id3_before_flac, id3v1_behind_flac),
}
PAIRS = [(kind, dress) for kind, dresses in CASES.items() for dress in dresses]


@pytest.mark.parametrize(("kind", "dress"), PAIRS)
def test_each_copy_is_seen_kept_in_step_and_given_back(make_file, tmp_path, kind, dress):
    path, log = make_file(kind), tmp_path / "log"
    genres = dress(path)
    before, audio = path.read_bytes(), packets_and_samples(path)
    assert read_genres(path) == genres
    assert write([path], log) == ["kept"]
    assert path.read_bytes() == before
    assert write([path], log, label="tango", overwrite=True) == ["tagged"]
    assert read_genres(path) == ["Tango"]
    # To FFmpeg, an ID3v1 tag behind a flac is a part of the last packet.
    first = 1 if dress is id3v1_behind_flac else 0
    assert packets_and_samples(path)[first:] == audio[first:]
    assert write([path], log, label="swing", overwrite=True) == ["tagged"]
    assert read_genres(path) == ["Swing"]
    assert b"Polka" not in path.read_bytes()
    assert [row.outcome for row in restore(log)] == ["restored"] * 2
    assert path.read_bytes() == before


def test_the_rest_of_an_ape_tag_stays(make_file):
    path = make_file("mp3")
    in_ape_before_id3v1(path)
    write_genres(path, ["Heavy Metal", "Ska"])
    tags = APEv2(path)
    assert {key: str(value) for key, value in tags.items()} == {
        "Title": "In the APE tag",
        "MP3GAIN_MINMAX": "120,210",
        "genre": "Heavy Metal\0Ska",
    }
    assert ParseID3v1(path.read_bytes()[-128:])["TCON"].genres == ["Heavy Metal"]


def test_an_ape_tag_without_a_genre_gets_none(make_file):
    path = make_file("mp3")
    ape(path)
    before = path.read_bytes()
    write_genres(path, ["Rock"])
    assert path.read_bytes().endswith(before[-200:])


def test_a_damaged_ape_tag_is_left_alone_with_a_line(make_file):
    path = make_file("mp3")
    ape(path, Genre="Polka")
    data = path.read_bytes()
    at = data.rindex(b"Title") - 8
    path.write_bytes(data[:at] + b"\xff\xff" + data[at + 2 :])
    for work in (read_genres, lambda path: write_genres(path, ["Rock"])):
        with pytest.raises(TagError, match="APE tag that cannot be read"):
            work(path)


@pytest.mark.parametrize("genre", [{}, {"IGNR": "Polka"}])
def test_the_rest_of_an_info_list_stays_and_is_not_hidden(make_file, genre):
    """Beside an ID3 chunk TagLib shows nothing of it: none is added."""
    path = make_file("wav")
    info(path, INAM="A title", **genre, ICMT="More")
    write_genres(path, ["Ποπ"])
    data = path.read_bytes()
    assert read_genres(path) == ["Ποπ"]
    assert b"INAM\x08\0\0\0A title\0" in data
    assert b"ICMT\x05\0\0\0More\0\0" in data
    assert b"id3 " not in data
    taglib = pytest.importorskip("taglib", reason="needs pytaglib")
    with taglib.File(str(path)) as file:
        assert (file.tags["TITLE"], file.tags["GENRE"]) == (["A title"], ["Ποπ"])


def test_a_list_that_a_program_wrote_for_itself_stays_beside_a_new_chunk(make_file):
    path = make_file("wav")
    info(path, ISFT="Lavf61.7.100")
    write_genres(path, ["Rock"])
    assert b"ISFT\x0d\0\0\0Lavf61.7.100\0" in path.read_bytes()
    assert mutagen.File(path).tags["TCON"].text == ["Rock"]


def test_an_id3_chunk_and_an_info_list_agree(make_file):
    path = make_file("wav")
    write_genres(path, ["Polka"])
    info(path, INAM="A title", IGNR="Ska")
    assert read_genres(path) == ["Polka", "Ska"]
    write_genres(path, ["Rock"])
    assert read_genres(path) == ["Rock"]
    assert b"Ska" not in path.read_bytes()


def test_the_rest_of_the_atoms_stays(make_file):
    path = make_file("m4a")
    free_form(path)
    write_genres(path, ["Rock", "Jazz"])
    song = MP4(path)
    assert song["\xa9gen"] == ["Rock", "Jazz"]
    assert [bytes(value) for value in song[FREE]] == [b"Rock", b"Jazz"]
    assert [bytes(value) for value in song["----:com.apple.iTunes:MOOD"]] == [b"calm"]


def test_an_atom_that_would_change_is_named_and_left_alone(make_file):
    """A title that is no UTF-8: mutagen would write it otherwise."""
    path = make_file("m4a")
    song = MP4(path)
    song["\xa9nam"] = ["Title XXXX"]
    song.save()
    data = path.read_bytes().replace(b"XXXX", b"\xff\xfe\xfd\xfc")
    path.write_bytes(data)
    try:
        write_genres(path, ["Rock"])
    except TagError as error:
        assert "©nam" in str(error)
    else:
        assert b"Title \xff\xfe\xfd\xfc" in path.read_bytes()


@pytest.mark.parametrize("entry", [b"TITLE=\xff\xfe", b"without a sign", b"\xff=x"])
def test_comments_that_are_none_stay(make_file, entry):
    path = make_file("flac")
    song = FLAC(path)
    song["xxxx"] = "y" * 20
    song.save()
    entry = entry.ljust(25, b"z")
    path.write_bytes(path.read_bytes().replace(b"xxxx=" + b"y" * 20, entry))
    write_genres(path, ["Rock"])
    assert entry in path.read_bytes()


@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_a_comment_that_would_change_is_named_and_left_alone(make_file, kind):
    """No UTF-8: mutagen writes the pages, and would write it otherwise. ffmpeg hears it yet."""
    path = make_file(kind)
    song = mutagen.File(path)
    song["xxxx"] = "y" * 20
    song.save()
    path.write_bytes(path.read_bytes().replace(b"xxxx=yyyy", b"xxxx=y\xff\xfey"))
    with pytest.raises(TagError, match=r"its xxxx would not come out|cannot be read"):
        write_genres(path, ["Rock"])


def test_flac_comments_keep_their_place_pictures_and_padding(make_file):
    path = make_file("flac")
    song = FLAC(path)
    song["title"], song["genre"], song["artist"] = ["T"], ["Polka", "Ska"], ["A"]
    song.save()
    size = path.stat().st_size
    write_genres(path, ["Rock"])
    again = FLAC(path)
    assert [key for key, _ in again.tags] == ["title", "GENRE", "artist"]
    assert path.stat().st_size == size
    again.delete()
    write_genres(path, ["Rock"])
    assert FLAC(path)["genre"] == ["Rock"]


@pytest.mark.skipif(not shutil.which("metaflac"), reason="needs metaflac")
def test_metaflac_reads_what_was_written(make_file):
    path = make_file("flac")
    id3v1_behind_flac(path)
    write_genres(path, ["Rock", "Ska"])
    shown = subprocess.run(
        ["metaflac", "--show-tag=GENRE", str(path)], capture_output=True, text=True, check=True
    )
    assert shown.stdout.splitlines() == ["GENRE=Rock", "GENRE=Ska"]


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="needs ffprobe")
@pytest.mark.parametrize(("kind", "dress"), PAIRS)
def test_ffprobe_reads_what_was_written(make_file, kind, dress):
    path = make_file(kind)
    dress(path)
    write_genres(path, ["Swing"])
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags", str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = [line for line in shown.stdout.splitlines() if "genre=" in line.lower()]
    assert found
    assert all(set(line.partition("=")[2].split(";")) == {"Swing"} for line in found)
