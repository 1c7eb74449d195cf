"""Several genres: real lists where a format has them, one text where it has none."""

import mutagen
import pytest
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC
from mutagen.id3 import APIC, ID3, PRIV, TALB, TCON, TDAT, TIT2, TORY, TYER

from melonnx.infer.errors import TagError
from melonnx.infer.prediction import Prediction
from melonnx.infer.tags.fields import Style, read_genres, write_genres
from melonnx.infer.tags.log import restore
from melonnx.infer.tags.tagging import Rules, tag_songs
from tests.infer.conftest import KINDS, packets_and_samples
from tests.infer.tags.test_odd_frames import ODD, TITLE, frame, put, tag

CHANCES = {"metal": 0.5, "rock": 0.3, "hiphop": 0.15, "pop": 0.05}
NAMES = ["Metal", "Rock", "Hip-Hop"]


def run(path, log=None, **rules):
    def hear(songs):
        return (Prediction(song, label="metal", probabilities=CHANCES) for song in songs)

    (row,) = tag_songs([str(path)], hear, Rules(**rules), log)
    return row


@pytest.mark.parametrize(
    ("rules", "genres"),
    [
        ({}, ["Metal"]),
        ({"top": 3}, ["Metal", "Rock"]),
        ({"top": 3, "least": 0.1}, NAMES),
        ({"top": 9, "least": 0}, [*NAMES, "Pop"]),
        ({"top": 9, "least": 0, "names": {"metal": "", "pop": "ROCK"}}, ["Rock", "Hip-Hop"]),
        ({"top": 9, "least": 0.9}, ["Metal"]),
    ],
)
def test_which_genres_a_song_gets(make_file, rules, genres):
    row = run(make_file("flac"), **rules)
    assert (row.new, row.outcome) == ("; ".join(genres), "tag")


def as_readers_see_it(path):
    """By mutagen, on which Picard and beets (mediafile) stand."""
    tags = mutagen.File(path).tags
    if isinstance(tags, ID3):
        return tags["TCON"].text
    return list(tags["\xa9gen" if path.suffix == ".m4a" else "genre"])


@pytest.mark.parametrize("kind", KINDS)
def test_lists_are_lists_and_23_has_one_text(make_file, tmp_path, kind):
    path = make_file(kind)
    before, audio = path.read_bytes(), packets_and_samples(path)
    assert run(path, tmp_path / "log", top=3, least=0.1).outcome == "tagged"
    is_id3 = kind in {"mp3", "wav", "aiff"}
    assert as_readers_see_it(path) == (["Metal; Rock; Hip-Hop"] if is_id3 else NAMES)
    assert packets_and_samples(path) == audio
    assert run(path, top=3, least=0.1, overwrite=True).outcome == "same"
    assert [row.outcome for row in restore(tmp_path / "log")] == ["restored"]
    assert path.read_bytes() == before
    assert run(path, tmp_path / "log", top=3, least=0.1, style=Style(v24=True)).outcome == "tagged"
    assert as_readers_see_it(path) == NAMES
    assert [row.outcome for row in restore(tmp_path / "log")] == ["restored", "same"]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("separator", "read"),
    [("; ", ["A; Ö"]), ("/", ["A/Ö"]), (None, ["A"]), ("\0", ["A", "Ö"])],
)
def test_the_separator_of_23(make_file, separator, read):
    path = make_file("mp3")
    write_genres(path, ["A", "Ö"], Style(separator))
    assert ID3(path)["TCON"].text == read
    assert ID3(path).version == (2, 3, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_added_genres_come_behind_and_none_is_there_twice(make_file, tmp_path, kind):
    path, log = make_file(kind), tmp_path / "log"
    write_genres(path, ["hip hop", "Shoegaze"])
    before = path.read_bytes()
    assert run(path, log, top=3, least=0.1).outcome == "kept"
    row = run(path, log, top=3, least=0.1, add=True)
    expected = ["hip hop", "Shoegaze", "Metal", "Rock"]
    assert row.outcome == "tagged"
    assert "; ".join(as_readers_see_it(path)) == "; ".join(expected)
    assert run(path, log, top=3, least=0.1, add=True).outcome == "same"
    assert [row.outcome for row in restore(log)] == ["restored"]
    assert path.read_bytes() == before


def test_24_keeps_all_that_23_had(make_file, tmp_path):
    path = make_file("mp3")
    tags = ID3()
    for part in (
        *(
            TIT2(encoding=1, text="Ça"),
            TALB(encoding=0, text="Album"),
            TYER(encoding=0, text="1999"),
        ),
        *(
            TDAT(encoding=0, text="2112"),
            TORY(encoding=0, text="1998"),
            PRIV(owner="o", data=b"\xff\xe0"),
        ),
        APIC(encoding=0, mime="image/png", type=3, desc="", data=bytes(range(256)) * 9),
        TCON(encoding=0, text="Polka"),
    ):
        tags.add(part)
    tags.save(path, v2_version=3)
    before, audio = path.read_bytes(), packets_and_samples(path)
    run(path, tmp_path / "log", overwrite=True, style=Style(v24=True), top=2)
    again = ID3(path)
    assert again.version == (2, 4, 0)
    assert [str(again[name]) for name in ("TIT2", "TALB", "TDRC", "TDOR")] == [
        *("Ça", "Album", "1999", "1998"),
    ]
    assert again["APIC:"].data == bytes(range(256)) * 9
    assert again.getall("PRIV")[0].data == b"\xff\xe0"
    assert again["TCON"].text == ["Metal", "Rock"]
    assert packets_and_samples(path) == audio
    assert [row.outcome for row in restore(tmp_path / "log")] == ["restored"]
    assert path.read_bytes() == before


@pytest.mark.parametrize("odd", ODD)
def test_odd_frames_of_23_keep_their_content_in_24_or_are_named(make_file, odd):
    path = put(make_file("mp3"), tag(TITLE + ODD[odd]))
    before = path.read_bytes()
    if odd in {"grouped PRIV", "compressed"}:
        with pytest.raises(TagError, match=r"a frame (PRIV|TXXX) that is packed"):
            write_genres(path, ["Rock"], Style(v24=True))
        assert path.read_bytes() == before
        return
    write_genres(path, ["Rock"], Style(v24=True))
    assert ODD[odd][10:20] in path.read_bytes()[:3000]
    assert ID3(path)["TCON"].text == ["Rock"]


def test_what_cannot_become_24_is_named_and_left_alone(make_file):
    cut = b"APIC" + bytes([0, 0, 99, 0]) + b"\0\0\0image/png"
    path = put(make_file("mp3"), tag(TITLE + cut))
    before = path.read_bytes()
    with pytest.raises(TagError, match="a frame APIC that is cut short"):
        write_genres(path, ["Rock"], Style(v24=True))
    assert path.read_bytes() == before


def test_copies_have_lists_too(make_file):
    path = put(make_file("mp3"), tag(TITLE + frame(b"TCON", b"\0Polka")))
    ape = APEv2()
    ape["Genre"] = "Polka"
    ape.save(path)
    write_genres(path, NAMES)
    assert list(APEv2(path)["Genre"]) == NAMES
    assert ID3(path)["TCON"].text == ["; ".join(NAMES)]
    assert read_genres(path) == ["; ".join(NAMES), *NAMES]


def navidrome(values):
    """Its rule: a single value is parted at ; / and , but real lists are kept."""
    import re

    return [part.strip() for part in re.split("[;/,]", values[0])] if len(values) == 1 else values


@pytest.mark.parametrize("kind", KINDS)
def test_navidrome_sees_the_genres_one_by_one(make_file, kind):
    path = make_file(kind)
    write_genres(path, NAMES)
    assert navidrome(as_readers_see_it(path)) == NAMES


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("style", [Style(), Style(v24=True)])
def test_beets_sees_the_genres_one_by_one(make_file, kind, style):
    mediafile = pytest.importorskip("mediafile", reason="needs the beets extra")
    path = make_file(kind)
    write_genres(path, NAMES, style)
    found = mediafile.MediaFile(path).genres
    if len(found) == 1:  # as its import parts it: "; " before all others
        found = found[0].split("; ")
    assert found == NAMES


def test_flac_lists_are_repeated_comments(make_file):
    path = make_file("flac")
    write_genres(path, NAMES)
    assert [value for key, value in FLAC(path).tags if key == "GENRE"] == NAMES
