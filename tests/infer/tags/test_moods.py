"""Styles, moods and energy in tags: written as players read them, and undone to the byte."""

import json
import shutil
import subprocess
import warnings

import mutagen
import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3, TCON, TIT2, TMOO, TXXX
from mutagen.mp4 import MP4FreeForm

from melonnx.infer.cli.group import app
from melonnx.infer.errors import TagError
from melonnx.infer.prediction import Prediction
from melonnx.infer.tags.containers.names import ENERGY, GENRE, MOOD, STYLE, VALENCE
from melonnx.infer.tags.fields import Style, read_fields, write_fields
from melonnx.infer.tags.log import restore
from melonnx.infer.tags.tagging import Rules, tag_songs
from tests.infer.conftest import KINDS, packets_and_samples
from tests.infer.tags.test_odd_frames import TITLE, frame, put, tag

FIELDS = (GENRE, STYLE, MOOD, ENERGY, VALENCE)
TAGS = {"alternative rock": 0.9, "rnb": 0.8, "mellow": 0.7, "metal": 0.6, "sad": 0.5, "indie": 0.4}
SONG = Prediction(
    "", label="metal", tags=TAGS, said=tuple(TAGS)[:5], energy=0.196, valence=0.912
)  # fmt: skip
ALL = {
    GENRE: ["Metal", "Alternative Rock", "R&B"], STYLE: ["Alternative Rock", "R&B"],
    MOOD: ["Calm", "Mellow", "Sad"], ENERGY: ["20"], VALENCE: ["91"],
}  # fmt: skip
EVERYTHING = {"styles": True, "style_field": True, "mood": True}


def run(path, log=None, *, song=SONG, **rules):
    from dataclasses import replace

    def hear(songs):
        return (replace(song, path=one) for one in songs)

    (row,) = tag_songs([str(path)], hear, Rules(**rules), log)
    return row


def one_text(values):
    return "; ".join(values)


def by_kid3(path):
    kid3 = shutil.which("kid3-cli")
    if kid3 is None:
        pytest.skip("needs kid3-cli")
    told = subprocess.run(
        [kid3, *(part for field in FIELDS for part in ("-c", f"get {field.title()}")), path],
        capture_output=True, text=True, check=True, env={"QT_QPA_PLATFORM": "offscreen"},
    ).stdout  # fmt: skip
    return told.replace("|", "\n").split("\n")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("v24", [False, True])
def test_all_fields_come_out_as_they_went_in_and_go_again(make_file, tmp_path, kind, v24):
    path = make_file(kind)
    before, audio = path.read_bytes(), packets_and_samples(path)
    style = Style(v24=v24)
    shown = run(path, style=style, **EVERYTHING)
    assert (shown.outcome, path.read_bytes()) == ("tag", before)
    assert [str(change) for change in shown.changes] == [
        "STYLE: Alternative Rock; R&B", "MOOD: Calm; Mellow; Sad", "ENERGY: 20", "VALENCE: 91",
    ]  # fmt: skip
    assert run(path, tmp_path / "log", style=style, **EVERYTHING).outcome == "tagged"
    assert packets_and_samples(path) == audio
    is_one_text = kind in {"mp3", "wav", "aiff"} and not v24
    found = read_fields(path, FIELDS)
    assert found == {name: [one_text(v)] if is_one_text else v for name, v in ALL.items()}
    assert run(path, style=style, **EVERYTHING).outcome == "kept"
    assert run(path, style=style, overwrite=True, **EVERYTHING).outcome == "same"
    assert [row.outcome for row in restore(tmp_path / "log")] == ["restored"]
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", KINDS)
def test_kid3_reads_each_value(make_file, kind):
    path = make_file(kind)
    write_fields(path, ALL)
    told = by_kid3(path)
    wanted = [one_text(values) for values in ALL.values()]
    if kind not in {"mp3", "wav", "aiff"}:  # of lists it shows the first, or all
        wanted = [values[0] for values in ALL.values()]
    assert [value for value in wanted if value in told] == wanted


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("v24", [False, True])
def test_taglib_reads_each_value(make_file, kind, v24):
    taglib = pytest.importorskip("taglib", reason="needs pytaglib")
    path = make_file(kind)
    write_fields(path, ALL, Style(v24=v24))
    with taglib.File(str(path)) as song:
        told = {name: song.tags[name] for name in FIELDS}
    is_one_text = kind in {"mp3", "wav", "aiff"} and not v24
    assert told == {name: [one_text(v)] if is_one_text else v for name, v in ALL.items()}


@pytest.mark.parametrize("v24", [False, True])
def test_eyed3_reads_each_value(make_file, v24):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        eyed3 = pytest.importorskip("eyed3", reason="needs eyeD3")
    path = make_file("mp3")
    write_fields(path, ALL, Style(v24=v24))
    told = eyed3.load(path).tag
    assert told.user_text_frames.get("ENERGY").text == "20"
    mood = told.frame_set[b"TMOO"][0] if v24 else told.user_text_frames.get("MOOD")
    assert mood.text == ("\0" if v24 else "; ").join(ALL[MOOD])


@pytest.mark.parametrize("kind", ["mp3", "flac", "ogg", "opus", "m4a", "aiff"])
def test_ffprobe_reads_them(make_file, kind):
    ffprobe = shutil.which("ffprobe")
    if ffprobe is None:
        pytest.skip("needs ffprobe")
    path = make_file(kind)
    write_fields(path, {MOOD: ["Calm"], ENERGY: ["20"]})
    told = subprocess.run(
        [ffprobe, "-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "json", path],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    values = json.loads(told)
    found = {**values["format"].get("tags", {})}
    for stream in values["streams"]:
        found |= stream.get("tags", {})
    found = {name.upper(): value for name, value in found.items()}
    assert (found.get("TMOO") or found["MOOD"], found["ENERGY"]) == ("Calm", "20")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there_is_kept_field_by_field(make_file, tmp_path, kind):
    path, log = make_file(kind), tmp_path / "log"
    write_fields(path, {GENRE: ["Polka"], MOOD: ["Wistful"]}, Style(v24=True))
    row = run(path, log, mood=True)
    assert (row.outcome, row.new) == ("tagged", None)
    assert [str(change) for change in row.changes] == ["ENERGY: 20", "VALENCE: 91"]
    assert read_fields(path, (GENRE, MOOD)) == {GENRE: ["Polka"], MOOD: ["Wistful"]}
    assert run(path, log, mood=True).outcome == "kept"
    row = run(path, log, mood=True, add=True)
    assert read_fields(path, FIELDS[2:]) == {
        MOOD: ["Wistful", "Calm", "Mellow", "Sad"], ENERGY: ["20"], VALENCE: ["91"]
    }  # fmt: skip
    row = run(path, log, mood=True, overwrite=True)
    assert str(row.changes[0]) == "MOOD: Wistful; Calm; Mellow; Sad -> Calm; Mellow; Sad"
    assert read_fields(path, (GENRE, MOOD)) == {GENRE: ["Metal"], MOOD: ALL[MOOD]}


def test_a_mood_is_written_where_the_genre_is_unsure_and_nothing_of_no_music(make_file, tmp_path):
    from dataclasses import replace

    path = make_file("flac")
    row = run(path, tmp_path / "log", song=replace(SONG, unsure=True), mood=True)
    assert (row.outcome, row.new, row.torn) == ("tagged", None, "Metal")
    assert read_fields(path, FIELDS[:3]) == {GENRE: [], STYLE: [], MOOD: ALL[MOOD]}
    talk = replace(SONG, warnings=("does not sound like music (0.1)",))
    assert run(make_file("ogg"), song=talk, mood=True).outcome == "no music"


def test_a_doubtful_mood_is_none_and_the_map_renames_styles(make_file):
    from dataclasses import replace

    doubtful = replace(SONG, energy=0.5, valence=0.5, said=("rnb",))
    row = run(make_file("mp3"), song=doubtful, mood=True)
    assert [change.field for change in row.changes] == [ENERGY, VALENCE]
    names = {"alternative rock": "Alt", "rnb": ""}
    assert run(make_file("mp3"), styles=True, names=names).new == "Metal; Alt"
    assert run(make_file("mp3"), styles=True, names={"metal": ""}).outcome == "unnamed"


@pytest.mark.parametrize("version", [3, 4])
def test_any_spelling_of_id3_is_read_and_becomes_one(make_file, version):
    path = make_file("mp3")
    tags = ID3()
    for part in (TIT2(encoding=0, text="T"), TMOO(encoding=0, text="Old"), TCON(text="Polka")):
        tags.add(part)
    tags.add(TXXX(encoding=1, desc="mood", text="Ältlich"))
    tags.add(TXXX(encoding=0, desc="Mood swing", text="stays"))
    tags.save(path, v2_version=version)
    assert sorted(read_fields(path, [MOOD])[MOOD]) == ["Old", "Ältlich"]
    write_fields(path, {MOOD: ["Calm", "Süß"]})
    again = ID3(path, translate=False)
    names = [name for name in again if "MO" in name.upper()]
    assert sorted(names) == sorted(["TMOO" if version == 4 else "TXXX:MOOD", "TXXX:Mood swing"])
    assert read_fields(path, [MOOD])[MOOD] == (["Calm", "Süß"] if version == 4 else ["Calm; Süß"])
    assert [str(again[name].text[0]) for name in ("TIT2", "TCON")] == ["T", "Polka"]


def test_id3v22_and_ape_have_them_too(make_file):
    path = put(make_file("mp3"), tag(TITLE + frame(b"TCON", b"\0Polka")))
    ape = APEv2()
    ape["Mood"] = "Old"
    ape.save(path)
    write_fields(path, {MOOD: ["Calm", "Sad"], ENERGY: ["5"]})
    assert list(APEv2(path)["Mood"]) == ["Calm", "Sad"]
    assert "ENERGY" not in APEv2(path)
    assert ID3(path)["TXXX:MOOD"].text == ["Calm; Sad"]
    old = b"TT2" + (5).to_bytes(3) + b"\0Song" + b"TXX" + (9).to_bytes(3) + b"\0Mood\0Old"
    body = b"ID3\2\0\0" + bytes([0, 0, 0, len(old)]) + old
    path = put(make_file("mp3", "two"), body)
    assert read_fields(path, [MOOD])[MOOD] == ["Old"]
    write_fields(path, {MOOD: ["Calm"]})
    assert read_fields(path, [MOOD])[MOOD] == ["Calm"]
    assert b"TT2\0\0\5\0Song" in path.read_bytes()


def test_mp4_has_one_atom_whatever_the_spelling(make_file):
    path = make_file("m4a")
    song = mutagen.File(path)
    for name in ("----:com.apple.iTunes:mood", "----:com.other:Mood"):
        song[name] = [MP4FreeForm(b"Old")]
    song.save()
    write_fields(path, {MOOD: ["Calm", "Sad"]})
    assert read_fields(path, [MOOD])[MOOD] == ["Calm", "Sad"]
    assert len([key for key in mutagen.File(path).tags if "ood" in key]) == 1


def test_a_wav_of_riff_tags_alone_has_no_room_for_a_mood(make_file):
    path = make_file("wav")
    title = b"INAM\6\0\0\0Title\0"
    data = b"LIST" + (4 + len(title)).to_bytes(4, "little") + b"INFO" + title
    whole = bytearray(path.read_bytes() + data)
    whole[4:8] = (len(whole) - 8).to_bytes(4, "little")
    path.write_bytes(whole)
    with pytest.raises(TagError, match="RIFF alone"):
        write_fields(path, {GENRE: ["Rock"], MOOD: ["Calm"]})
    assert path.read_bytes() == whole
    write_fields(path, {GENRE: ["Rock"]})
    assert read_fields(path, [GENRE])[GENRE] == ["Rock"]


def told(capsys, *arguments):
    app(["tag", *map(str, arguments)], standalone_mode=False)
    return capsys.readouterr()


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_results_of_every_kind_are_enough(make_file, tmp_path, capsys, kind):
    from dataclasses import replace

    from melonnx.infer.results.formats import open_output
    from melonnx.infer.results.rows import View

    path, file = make_file("flac"), tmp_path / f"results.{kind}"
    view = View(("metal", "rock"), tags=True)
    with open_output(file, "json" if kind == "jsonl" else kind, view, "x 1") as write:
        write(replace(SONG, path=str(path), score=0.9, probabilities={"metal": 1.0, "rock": 0.0}))
    shown = told(capsys, "--from", file, "--styles", "--mood")
    mood = "MOOD: Calm; Mellow; Sad, ENERGY: 20, VALENCE: 91"
    assert shown.out == f"{path}\t-\tMetal; Alternative Rock; R&B\t{mood}\ttag\n"
    assert "1 would get new fields (--write does it)" in shown.err


def test_what_cannot_tell_them_says_so(make_file, tmp_path):
    from tests.conftest import SMALL_1

    path, file = make_file("flac"), tmp_path / "old.jsonl"
    file.write_text(json.dumps(Prediction(str(path), label="metal", score=0.9).to_dict()))
    for asked, why in (
        (["--from", file, "--mood"], "tells no mood, but genres only; genre-base and"),
        (["--from", file, "--styles"], "tells no style, but genres only"),
        ([path, "--mood", "--model", SMALL_1], "genre-small 1.0 tells no mood, but genres only"),
        ([path, "--style-field", "--model", SMALL_1], "tells no style"),
        ([path, "--styles", "--top", 2], "take one"),
    ):
        with pytest.raises(Exception, match=why):
            app(["tag", *map(str, asked)], standalone_mode=False)
