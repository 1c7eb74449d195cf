"""300 files in ten formats, made by others' tools: tagged, read by others' readers, undone."""

import json
import os
import shutil
import subprocess
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from melonnx.infer.prediction import Prediction
from tests.conftest import encode, make_song

pytest.importorskip("mutagen", reason="needs the tags extra")

TOOLS = ("ffmpeg", "metaflac", "vorbiscomment", "mp3gain", "AtomicParsley", "kid3-cli", "wavpack")
MISSING = [tool for tool in (*TOOLS, "ffprobe", "exiftool") if shutil.which(tool) is None]
MISSING += [] if find_spec("eyed3") else ["eyeD3"]
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
    eyed3 = ("-m", "eyed3.main", "--user-text-frame=LABEL:by eyeD3", "--bpm=120")
    do(sys.executable, *eyed3, *made.glob("* v24.mp3"))
    if shutil.which("opustags"):  # Debian 12 has none
        for path in made.glob("*.opus"):
            do("opustags", "--in-place", "--add", "LABEL=by opustags", path)
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


def tag(melonnx, folder, songs, *options):
    """As a user tags what was heard: what undoes it, and the genres that each has now."""
    chances = {"metal": 0.6, "rock": 0.3, "pop": 0.1}
    rows = [
        Prediction(str(path), label="metal", score=0.9, probabilities=chances).to_dict()
        for path in (folder / "music").iterdir()
    ]
    results = folder / "results.jsonl"
    results.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ("tag", "--from", results, "--top", "2", "--add", "--write", *options)
    run = melonnx(*command, env=os.environ | {"XDG_STATE_HOME": str(folder / "state")})
    assert run.returncode == 1
    assert "300 got a genre; 1 failed (1 whose tags cannot be read" in run.stderr
    assert "no tags of ours.wv: no tags can be written: it is no mp3" in run.stderr
    expected = {path: [*filter(None, [genre]), "Metal", "Rock"] for path, genre in songs.items()}
    return run.stderr.splitlines()[-1].rpartition("--undo ")[2], expected


def test_tagged_read_by_others_and_undone(melonnx, library, folder):
    songs, music = library
    before = {path: path.read_bytes() for path in music.iterdir()}
    assert len(songs) == 300
    for options, kinds in (((), FFMPEG), (("--id3v24",), ("mp3", "aiff"))):
        log, expected = tag(melonnx, folder, songs, *options)
        some = {
            path: genres
            for path, genres in expected.items()
            if path.name.startswith("0 ") and path.name.endswith(tuple(kinds))
        }
        read_by_taglib(expected)
        read_by_beets(expected)
        read_by_eyed3(some, v24=bool(options))
        read_by_exiftool(some)
        read_by_ffprobe(some)
        read_by_kid3(some)
        read_by_opustags(some)
        undone = melonnx("tag", "--undo", log)
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


def read_by_beets(expected):
    """With mediafile, which reads for it."""
    mediafile = pytest.importorskip("mediafile")
    for path, genres in expected.items():
        if path.suffix not in {".wav", ".oga"}:  # RIFF's INFO and FLAC in Ogg are not of its kinds
            song = mediafile.MediaFile(path)
            assert parts(song.genres) == genres, path
            assert song.title == "Côte d'Azur", path


def read_by_eyed3(expected, *, v24):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import eyed3
    for path, genres in expected.items():
        if path.suffix == ".mp3":
            tag = eyed3.load(path).tag
            if v24 or "v24" in path.name:
                assert tag.version == (2, 4, 0), path
            # It takes a list of ID3v2.4 for one text.
            text = tag.frame_set[b"TCON"][0].text
            assert parts(text) == genres, (path, text)


def read_by_opustags(expected):
    if shutil.which("opustags"):
        for path, genres in expected.items():
            if path.suffix == ".opus":
                lines = do("opustags", path).splitlines()
                told = [line.partition("=")[2] for line in lines if line.startswith("GENRE=")]
                assert told == genres, path


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
