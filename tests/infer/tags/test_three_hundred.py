"""300 files in ten formats, made by others' tools: tagged, read by others' readers, undone."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from melonnx.infer.prediction import Prediction
from tests.conftest import encode, make_song

pytest.importorskip("mutagen", reason="needs the tags extra")

TOOLS = ("ffmpeg", "metaflac", "vorbiscomment", "mp3gain", "AtomicParsley", "kid3-cli", "wavpack")
MISSING = [tool for tool in (*TOOLS, "ffprobe", "exiftool") if shutil.which(tool) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}")

FFMPEG = {
    "v23.mp3": ("-c:a", "libmp3lame", "-id3v2_version", "3", "-write_id3v1", "1"),
    "v24.mp3": ("-c:a", "libmp3lame", "-id3v2_version", "4"),
    "plain.flac": ("-c:a", "flac"),
    "plain.ogg": ("-c:a", "libvorbis"),
    "plain.opus": ("-c:a", "libopus"),
    "flac.oga": ("-c:a", "flac", "-f", "ogg"),
    "aac.m4a": ("-c:a", "aac"),
    "alac.m4a": ("-c:a", "alac"),
    "plain.wav": ("-c:a", "pcm_s16le"),
    "plain.aiff": ("-c:a", "pcm_s16be", "-write_id3v2", "1"),
}
GENRES = ("", "Polka", "Hard Bop")
COPIES = 10


def do(*command):
    result = subprocess.run(
        list(map(str, command)), capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    assert result.returncode == 0, (command, result.stderr[-500:])
    return result.stdout.decode(errors="replace")


@pytest.fixture
def folder(tmp_path):
    """In memory, if that goes: a disk would be waited for a thousand times."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as name:
        yield Path(name)


@pytest.fixture
def library(folder):
    """Thirty files by the tools, each ten times: by format and the genre that they have."""
    made, music = folder / "made", folder / "music"
    made.mkdir()
    music.mkdir()
    (made / "song.wav").write_bytes(encode(make_song(1, 44100, 2), 44100, "WAV", "PCM_16"))
    (made / "cover.png").write_bytes(cover(made))
    tags = ("-metadata", "title=Côte d'Azur", "-metadata", "artist=Ann", "-metadata", "album=One")
    outputs = []
    for name, how in FFMPEG.items():
        for number, genre in enumerate(GENRES):
            path = made / f"{number} {name}"
            has_genre = ("-metadata", f"genre={genre}") if genre else ()
            outputs += [*how, *tags, *has_genre, path]
    do("ffmpeg", "-nostdin", "-v", "error", "-i", made / "song.wav", *outputs)
    # As collections have them, by the programs that people use.
    do("mp3gain", "-q", "-r", "-c", *made.glob("* v24.mp3"))  # an APE tag
    for path in made.glob("*.flac"):
        do("metaflac", f"--import-picture-from={made / 'cover.png'}", path)
        do("metaflac", "--set-tag=MUSICBRAINZ_TRACKID=0-1", "--set-tag=odd=", path)
    for path in made.glob("*.ogg"):
        do("vorbiscomment", "-a", "-t", "DESCRIPTION=two\\nlines", path)
    for path in made.glob("*.m4a"):
        do("AtomicParsley", path, "--artwork", made / "cover.png", "--bpm", "120", "--overWrite")
    do("kid3-cli", "-c", "set comment 'by Kid3'", *made.glob("* v23.mp3"), *made.glob("*.aiff"))
    do("wavpack", "-q", made / "song.wav", "-o", music / "no tags of ours.wv")
    songs = {}
    for number, genre in enumerate(GENRES):
        for name in FFMPEG:
            for copy in range(COPIES):
                path = music / f"{copy} {number} {name}"
                shutil.copyfile(made / f"{number} {name}", path)
                songs[path] = genre
    return songs, music


def cover(folder):
    path = folder / "cover.png"
    source = ("-f", "lavfi", "-i", "color=red:size=32x32")
    do("ffmpeg", "-nostdin", "-v", "error", *source, "-frames:v", "1", path)
    return path.read_bytes()


def test_tagged_read_by_others_and_undone(melonnx, library, folder):
    songs, music = library
    before = {path: path.read_bytes() for path in music.iterdir()}
    assert len(songs) == 300
    chances = {"metal": 0.6, "rock": 0.3, "pop": 0.1}
    rows = [
        Prediction(str(path), label="metal", score=0.9, probabilities=chances).to_dict()
        for path in before
    ]
    results = folder / "results.jsonl"
    results.write_text("".join(json.dumps(row) + "\n" for row in rows))
    state = os.environ | {"XDG_STATE_HOME": str(folder / "state")}
    options = ("--top", "2", "--add", "--write")
    run = melonnx("tag", "--from", results, *options, env=state)
    assert run.returncode == 1
    assert "300 got a genre; 1 failed (1 whose tags cannot be read" in run.stderr
    assert "no tags of ours.wv: no tags can be written: it is no mp3" in run.stderr

    expected = {path: [*filter(None, [genre]), "Metal", "Rock"] for path, genre in songs.items()}
    read_by_taglib(expected)
    some = {path: genres for path, genres in expected.items() if path.name.startswith("0 ")}
    read_by_exiftool(some)
    read_by_ffprobe(some)
    read_by_kid3(some)

    log = run.stderr.splitlines()[-1].rpartition("--undo ")[2]
    undone = melonnx("tag", "--undo", log, env=state)
    assert undone.stderr == "melonnx: 300 files are what they were\n"
    assert {path: path.read_bytes() for path in music.iterdir()} == before


def parts(said):
    """However a reader joins several."""
    text = "; ".join(said) if isinstance(said, list) else said
    for sign in ("\0", "\n", "|", ", ", "/", ";"):
        text = text.replace(sign, "; ")
    return [part.strip() for part in text.split(";") if part.strip()]


def read_by_taglib(expected):
    taglib = pytest.importorskip("taglib")
    for path, genres in expected.items():
        with taglib.File(str(path)) as song:
            assert parts(song.tags["GENRE"]) == genres, path
            assert song.tags["TITLE"] == ["Côte d'Azur"], path


def read_by_exiftool(expected):
    said = json.loads(do("exiftool", "-j", "-a", "-G4", "-Genre", *expected))
    for row in said:
        genres = [part for key in row if key.endswith("Genre") for part in parts(row[key])]
        path = Path(row["SourceFile"])
        assert set(genres) >= set(expected[path]), row  # ID3v1 may tell one of them again


def read_by_ffprobe(expected):
    for path, genres in expected.items():
        entries = "format_tags=genre:stream_tags=genre"
        said = json.loads(
            do("ffprobe", "-v", "error", "-show_entries", entries, "-of", "json", path)
        )
        told = [said["format"], *said["streams"]]
        found = [
            one["tags"][key]
            for one in told
            for key in one.get("tags", {})
            if key.lower() == "genre"
        ]
        # Of the lists of ID3v2.4 and MP4 it tells the first.
        assert parts(found[0]) in (genres, genres[:1]), (path, found)


def read_by_kid3(expected):
    for path, genres in expected.items():
        if path.name.startswith("0 1 "):  # one of each format: it starts slowly
            which = ("3",) if path.suffix == ".wav" else ()  # Kid3's third tag is RIFF's INFO
            told = do("kid3-cli", "-c", " ".join(("get genre", *which)), path)
            assert parts(told) in (genres, genres[:1]), path
