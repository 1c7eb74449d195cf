"""``melonnx tag`` as a user meets it."""

import json
import os
import signal
import subprocess
import sys

import pytest

from melonnx.infer.model.session import load_model
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.decisions import Decision, append, key_of
from melonnx.infer.tags.fields import read_genres, write_genres
from tests.conftest import RATE, encode, make_song
from tests.infer.conftest import KINDS


@pytest.fixture
def results(make_file, tmp_path):
    """Seven files and what was said of them before: the last one is unsure."""
    paths = [make_file(kind) for kind in KINDS]
    rows = [
        Prediction(str(path), label="metal", score=0.9, unsure=path.suffix == ".aiff").to_dict()
        for path in paths
    ]
    file = tmp_path / "results.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file, paths


@pytest.fixture
def state(tmp_path):
    """The environment of a user who has a folder of states."""
    return os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}


def test_shown_first_then_written_then_undone(melonnx, results, state):
    file, paths = results
    before = [path.read_bytes() for path in paths]
    shown = melonnx("tag", "--from", file, env=state)
    assert shown.returncode == 0
    assert shown.stdout.splitlines()[0] == f"{paths[0]}\t-\tMetal\ttag"
    assert shown.stdout.splitlines()[-1] == f"{paths[-1]}\t-\tMetal\tunsure"
    assert "6 would get a genre (--write does it); 1 are left alone: unsure" in shown.stderr
    assert [path.read_bytes() for path in paths] == before

    written = melonnx("tag", "--from", file, "--write", env=state)
    assert written.returncode == 0
    assert [read_genres(path) for path in paths] == [["Metal"]] * 6 + [[]]
    undo = written.stderr.splitlines()[-1].rpartition("--undo ")[2]
    assert undo.startswith(state["XDG_STATE_HOME"])

    again = melonnx("tag", "--from", file, "--write", env=state)
    assert "6 keep the genre that they have (--overwrite or --add)" in again.stderr
    undone = melonnx("tag", "--undo", undo, env=state)
    assert (undone.returncode, undone.stderr) == (0, "melonnx: 6 files are what they were\n")
    assert [path.read_bytes() for path in paths] == before


def test_what_was_decided_is_sure_and_is_found_beside_the_results(melonnx, results, state):
    file, paths = results
    beside = file.with_name("results.decisions.jsonl")
    songs = [key_of(str(path)) for path in paths]
    append(
        beside, [Decision("a", (songs[-1],), ("pop", "Britpop")), Decision("b", (songs[0],), ())]
    )
    shown = melonnx("tag", "--from", file, env=state)
    assert shown.stdout.splitlines()[0].endswith("no music")
    assert shown.stdout.splitlines()[-1] == f"{paths[-1]}\t-\tPop; Britpop\ttag"
    alone = melonnx("tag", paths[-1], "--decisions", beside, "--model", "no such model", env=state)
    assert alone.stdout.splitlines() == [f"{paths[-1]}\t-\tPop; Britpop\ttag"]  # nothing is heard
    lists = melonnx("organize", "--from", file, "--to", file.parent / "lists", env=state)
    placed = [line.split("\t")[0] for line in lists.stdout.splitlines()]
    assert placed == [str(paths[0]), "metal.m3u8", "pop.m3u8"]


def test_songs_are_heard_where_nobody_has_before(melonnx, tmp_path, state):
    music = tmp_path / "music"
    music.mkdir()
    for name in ("one.wav", "two.wav"):
        (music / name).write_bytes(encode(make_song(12), RATE, "WAV", "PCM_16"))
    (music / "words.mp3").write_text("only words\n" * 99)
    write_genres(music / "two.wav", ["Polka"])
    run = melonnx("tag", music, "--model", "genre-small", "--unsure", "--write", env=state)
    assert run.returncode == 1
    (genre,) = read_genres(music / "one.wav")
    assert genre.lower().replace("-", "") in load_model("genre-small").info.labels
    assert read_genres(music / "two.wav") == ["Polka"]
    assert f"melonnx: {music / 'words.mp3'}: no tags can be written" in run.stderr
    assert sorted(path.name for path in music.iterdir()) == ["one.wav", "two.wav", "words.mp3"]


def test_the_map_and_the_log_are_where_they_are_told(melonnx, results, tmp_path):
    file, paths = results
    (tmp_path / "map.toml").write_text('metal = "Heavy Metal"')
    log = tmp_path / "my log.jsonl"
    options = ("--map", tmp_path / "map.toml", "--log", log, "--unsure", "--write")
    assert melonnx("tag", "--from", file, *options).returncode == 0
    assert [read_genres(path) for path in paths] == [["Heavy Metal"]] * 7
    assert len(log.read_text().splitlines()) == 7


def test_bad_files_cost_a_line_each_and_the_exit_code(melonnx, results, state):
    file, paths = results
    paths[0].write_text("only words")
    paths[1].unlink()
    paths[2].chmod(0o444)
    run = melonnx("tag", "--from", file, "--write", env=state)
    assert run.returncode == 1
    said = run.stderr.splitlines()
    assert said[0].startswith(f"melonnx: {paths[0]}: no tags can be written")
    assert said[1] == f"melonnx: {paths[1]}: No such file or directory"
    assert said[2] == f"melonnx: {paths[2]}: is read-only"
    assert "3 got a genre; 1 are left alone: unsure (--unsure); 3 failed" in said[3]
    assert [read_genres(path) for path in paths[3:6]] == [["Metal"]] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_a_full_disk_is_a_line_and_nothing_is_half_written(melonnx, results, state):
    """The system refuses to let files grow beyond 100 kB, as a full disk does."""
    file, paths = results
    before = {path: path.read_bytes() for path in paths}
    large = [path for path in paths if len(before[path]) > 100_000]
    assert 0 < len(large) < len(paths)

    import resource

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    run = melonnx("tag", "--from", file, "--unsure", "--write", env=state, preexec_fn=limit)
    assert run.returncode == 1
    for path in paths:
        if path in large:
            assert path.read_bytes() == before[path]
            assert f"melonnx: {path}: File too large" in run.stderr
        else:
            assert read_genres(path) == ["Metal"]
    assert not [path for path in file.parent.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give files, or --from RESULTS"),
        (("song.mp3", "--from", "results.jsonl"), "give files, or --from RESULTS"),
        (("song.mp3", "--log", "log.jsonl"), "is for --write"),
        (("--undo", "log.jsonl", "--write"), "needs nothing else"),
    ],
)
def test_what_cannot_be_meant_is_said(melonnx, arguments, message):
    run = melonnx("tag", *arguments, env=os.environ | {"COLUMNS": "200"})
    assert run.returncode == 2
    assert message in run.stderr


def test_without_mutagen_the_extra_is_named(tmp_path, results):
    program = (
        "import sys; sys.modules['mutagen'] = None\n"
        f"sys.argv = ['melonnx', 'tag', '--from', {str(results[0])!r}]\n"
        "from melonnx.infer.cli.main import main; main()"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert 'pip install "melonnx[tags]"' in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_several_genres_at_the_prompt(melonnx, make_file, tmp_path, state):
    path = make_file("mp3")
    row = Prediction(str(path), label="metal", score=0.6, probabilities={"metal": 0.6, "rock": 0.3})
    file = tmp_path / "results.jsonl"
    file.write_text(json.dumps(row.to_dict()))
    options = ("tag", "--from", file, "--top", "3", "--min", "0.25", "--write")
    run = melonnx(*options, "--separator", "/", env=state)
    assert (run.returncode, run.stdout) == (0, f"{path}\t-\tMetal; Rock\ttagged\n")
    assert read_genres(path) == ["Metal/Rock"]
    assert "1 have it already" in melonnx(*options, "--add", "--separator", "/", env=state).stderr
    assert "1 got a genre" in melonnx(*options, "--overwrite", "--id3v24", env=state).stderr
    assert read_genres(path) == ["Metal", "Rock"]


def test_options_that_do_not_go_together(melonnx, results):
    file, _ = results
    for options in (("--add", "--overwrite"), ("--separator", ""), ("--min", "2"), ("--top", "0")):
        run = melonnx("tag", "--from", file, *options)
        assert run.returncode == 2
        assert options[0] in run.stderr


def test_a_name_that_players_take_for_two_is_warned_about(melonnx, results, tmp_path):
    file, _ = results
    (tmp_path / "map.csv").write_text('metal,"Rock, Hard"\n')
    run = melonnx("tag", "--from", file, "--map", tmp_path / "map.csv")
    assert "some players take 'Rock, Hard' for several genres" in run.stderr


def test_the_summary_tells_between_what_a_song_is_torn(melonnx, make_file, tmp_path):
    rows = [
        Prediction(
            str(make_file("mp3", str(number))), label="hiphop", score=0.4, unsure=True,
            probabilities={"hiphop": 0.4, second: 0.3},
        ).to_dict()
        for number, second in enumerate(("pop", "pop", "soul"))
    ]  # fmt: skip
    file = tmp_path / "results.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = melonnx("tag", "--from", file).stderr
    assert "3 are left alone: unsure (--unsure)" in told
    assert "the unsure ones are Hip-Hop or Pop (2), Hip-Hop or Soul (1); --unsure takes" in told


def test_an_odd_frame_costs_no_other_file(melonnx, make_file, tmp_path, state):
    """A genre that cannot be read is one line; what lies beside goes on."""
    from tests.infer.tags.test_odd_frames import TITLE, frame, put, tag

    good, bad = make_file("mp3", "good"), make_file("mp3", "bad")
    put(bad, tag(TITLE + frame(b"TCON", b"\x90\x91", flags=b"\0\x40")))
    put(good, tag(TITLE + frame(b"LINK", b"TIT2http://archive.org/x\0more")))
    before = bad.read_bytes()
    rows = [Prediction(str(path), label="metal", score=0.9).to_dict() for path in (bad, good)]
    file = tmp_path / "results.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = melonnx("tag", "--from", file, "--write", "--overwrite", env=state)
    assert run.returncode == 1
    assert run.stderr.splitlines()[0] == (
        f"melonnx: {bad}: has a genre that cannot be read (its frame TCON is encrypted)"
    )
    assert "1 got a genre; 1 failed" in run.stderr
    assert bad.read_bytes() == before
    assert read_genres(good) == ["Metal"]
