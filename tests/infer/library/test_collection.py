"""A library in a file: any end of the command keeps what was heard, and nothing is heard twice."""

import csv
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from melonnx.infer.errors import JournalError
from melonnx.infer.library.journal import ModelKey, open_journal
from tests.conftest import RATE, encode, make_song

MELONNX = str(Path(sys.executable).with_name("melonnx"))
SONGS = 24


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Short songs of odd names, three of them bad."""
    root = tmp_path_factory.mktemp("library")
    for i in range(SONGS):
        song = encode(make_song(2 + i % 3, seed=i), RATE, "WAV", "PCM_16")
        (root / f"album {i // 8}").mkdir(exist_ok=True)
        (root / f"album {i // 8}" / f"song {i}.wav").write_bytes(song)
    (root / 'a\n"b",c.wav').write_bytes(song)
    (root / "caf\udce9.wav").write_bytes(song)
    (root / "bad.mp3").write_text("words\n" * 99)
    (root / "empty.flac").touch()
    (root / "cut.wav").write_bytes(song[:30])
    return root


def command(music, output, *more):
    return [
        *("classify", music, "-r", "--model", "genre-small", "--workers", 2),
        *(() if output is None else ("-o", output)),
        *more,
    ]


@pytest.fixture(scope="module")
def quiet(melonnx, music, tmp_path_factory):
    """What an undisturbed run writes, and with a journal beside it."""
    output = tmp_path_factory.mktemp("quiet") / "genres.csv"
    result = melonnx(*command(music, output))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"melonnx: 29 songs in {output}; 29 heard now (")
    sure, unsure, failed = result.stderr.rstrip(")\n").split("; ")[-3:]
    assert int(sure.split()[0]) + int(unsure.split()[0]) == 26
    assert unsure.split()[1] == "unsure"
    assert failed.startswith("3 failed (")
    return output


def read(path):
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


def start(music, output, *more):
    """Start it, and wait until it has heard something."""
    line = [MELONNX, *map(str, command(music, output, *more))]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, process_group=0)
    journal = output.with_name(f"{output.name}.journal")
    before = max(1, rows(journal))  # the header
    while rows(journal) <= before and process.poll() is None:
        time.sleep(0.01)
    return process


def rows(journal):
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def test_each_song_is_one_row_in_order(quiet, music):
    table = read(quiet)
    names = [row["path"].removeprefix(f"{music}/") for row in table]
    assert names == sorted(names, key=lambda name: name.split("/"))
    assert len(set(names)) == SONGS + 5
    status = {name: row["status"] for name, row in zip(names, table, strict=True)}
    assert {name: word for name, word in status.items() if word != "ok"} == {
        "bad.mp3": "unreadable", "empty.flac": "empty", "cut.wav": "unreadable",
    }  # fmt: skip


def test_killed_again_and_again_it_writes_what_a_quiet_run_writes(quiet, music, tmp_path, melonnx):
    output = tmp_path / "genres.csv"
    for _ in range(3):
        process = start(music, output)
        process.kill()
        process.communicate()
        assert not output.exists()
    result = melonnx(*command(music, output))
    assert result.returncode == 1
    heard = int(result.stderr.partition("; ")[2].partition(" ")[0])
    assert heard < SONGS + 5
    assert output.read_bytes() == quiet.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"genres.csv", "genres.csv.journal"}


def test_ctrl_c_leaves_what_is_done_and_the_same_command_goes_on(quiet, music, tmp_path, melonnx):
    output = tmp_path / "genres.csv"
    process = start(music, output)
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, told = process.communicate()
    assert time.monotonic() - began < 60  # a second, but for a busy machine
    assert process.returncode == 130
    assert told.startswith("melonnx: stopped at ")
    assert "the same command goes on" in told
    done = read(output)
    assert 0 < len(done) < SONGS + 5
    assert all(row in read(quiet) for row in done)
    assert melonnx(*command(music, output)).returncode == 1
    assert output.read_bytes() == quiet.read_bytes()


def test_a_full_disk_is_one_line_and_keeps_what_was_heard(quiet, music, tmp_path, melonnx):
    output = tmp_path / "genres.csv"

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    result = melonnx(*command(music, output), preexec_fn=limit)
    assert result.returncode == 1
    assert result.stderr == (
        f"melonnx: {output}: cannot be written (File too large); what was heard is kept in its "
        "journal\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["genres.csv.journal"]
    assert rows(tmp_path / "genres.csv.journal") > 2
    assert "29 songs" in melonnx(*command(music, output)).stderr
    assert output.read_bytes() == quiet.read_bytes()


def test_run_again_it_hears_what_is_new_or_changed(music, tmp_path, melonnx):
    library = tmp_path / "library"
    library.mkdir()
    for name in ("a", "b", "c"):
        os.link(music / "album 0" / "song 1.wav", library / f"{name}.wav")
    output = tmp_path / "genres.csv"

    def run(*more):
        result = melonnx(*command(library, output, *more))
        assert result.returncode == 0
        return result.stderr.partition("; ")[2].partition(" (")[0]

    assert run() == "3 heard now"
    assert run() == "0 heard now"
    first = output.read_bytes()
    (library / "c.wav").unlink()
    (library / "b.wav").unlink()
    (library / "b.wav").write_bytes((music / "album 0" / "song 2.wav").read_bytes())
    os.link(music / "album 0" / "song 3.wav", library / "d.wav")
    assert run() == "2 heard now"
    assert [row["path"].rpartition("/")[2] for row in read(output)] == ["a.wav", "b.wav", "d.wav"]
    assert run("--top", "1", "--timeline", "--min-score", "1") == "0 heard now"
    assert list(read(output)[0])[-1] == "timeline"
    assert {row["unsure"] for row in read(output)} == {"true"}
    assert run("--json", "--embeddings") == "3 heard now"
    assert len(json.loads(output.read_text().splitlines()[0])["embedding"]) == 200
    assert run("--fresh") == "3 heard now"
    assert output.read_bytes() != first
    output.unlink()
    assert run("--model", "genre-base") == "3 heard now"


def test_one_run_at_a_time_writes_an_output(music, tmp_path, melonnx):
    output = tmp_path / "genres.csv"
    with open_journal(tmp_path / "genres.csv.journal", ModelKey("m 0", "00")):
        result = melonnx(*command(music, output))
    assert result.returncode == 1
    assert "another run writes it" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    with (
        pytest.raises(JournalError),
        open_journal(tmp_path / "x" / "y.journal", ModelKey("m 0", "00")),
    ):
        pass


def test_a_library_that_is_not_there_leaves_the_output_alone(quiet, tmp_path, melonnx):
    before = quiet.read_bytes()
    (tmp_path / "unmounted").mkdir()
    result = melonnx(*command(tmp_path / "unmounted", quiet))
    assert result.returncode == 1
    assert result.stderr == (
        f"melonnx: {tmp_path / 'unmounted'}: is a folder without music; {quiet} stays as it is\n"
    )
    assert quiet.read_bytes() == before


def test_in_a_pipe_the_rows_are_those_of_the_file(quiet, music, melonnx):
    result = melonnx(*command(music, None, "--csv"), encoding="utf-8", errors="surrogateescape")
    assert result.stdout.encode(errors="surrogateescape") == quiet.read_bytes()
    assert result.returncode == 1
    shown = melonnx(
        *command(music, None, "--format", r"{path}\t{label}\t{score:.2f}"), errors="replace"
    )
    lines = [line.split("\t") for line in shown.stdout.splitlines()]
    assert len(lines) == SONGS + 2
    assert [line[1] for line in lines] == [row["label"] for row in read(quiet) if row["label"]]


def test_paths_on_stdin_in_globs_and_in_playlists(music, melonnx, tmp_path):
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n{music}/album 0/song 1.wav\n")
    found = melonnx(
        *("classify", "-", tmp_path / "list.m3u8", f"{music}/album 0/song 2*"),
        *("--model", "genre-small", "--format", "{path}"),
        input=f"{music}/album 0/song 0.wav\n",
    )
    names = [line.rpartition("/")[2] for line in found.stdout.splitlines()]
    assert names == ["song 0.wav", "song 1.wav", "song 2.wav"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--json", "--csv"], "one at a time"),
        (["--parquet"], "-o FILE"),
        (["--fresh"], "-o FILE"),
        (["--embeddings"], "goes with --json"),
        (["-o", "genres.xls"], "ends in none of"),
        (["-o", "genres.csv", "--embeddings"], "goes with --json"),
        (["--format", "{genre}"], "is no field"),
        (["--format", "{score:.2q}"], "Unknown format code"),
        (["--min-score", "2"], "--min-score"),
    ],
)
def test_what_cannot_be_is_refused_before_any_song(melonnx, music, tmp_path, arguments, reason):
    result = melonnx(
        "classify", music, *arguments, cwd=tmp_path, env=os.environ | {"COLUMNS": "200"}
    )
    assert result.returncode == 2
    assert reason in result.stderr
    assert not list(tmp_path.iterdir())
