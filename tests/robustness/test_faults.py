"""Whatever breaks around a long run, it says so in a line; repaired, the same command finishes.

Nothing is lost, nothing is there twice: the output is that of a run that nobody disturbed.
"""

import csv
import os
import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path

import pytest

from tests.robustness.faults import (
    PATIENCE_S,
    SONGS,
    at_the_gate,
    ended,
    finish,
    last_line,
    limit_files,
    require_same_rows,
    rows,
    run,
    state,
    stop,
    wait,
    workers,
)


@pytest.mark.parametrize("more", [(), ("--cluster", "local[2]")], ids=["batch", "cluster"])
@pytest.mark.parametrize("whom", ["the run", "a worker"])
def test_stopped_and_continued(quiet, music, tmp_path, environment, more, whom):
    if more:
        pytest.importorskip("distributed", reason="needs the cluster extra")
    output = tmp_path / "genres.csv"
    with at_the_gate(music, output, environment, *more) as (process, go):
        pid = process.pid if whom == "the run" else workers(process)[0]
        stop(pid)
        go()
        if whom == "a worker" and not more:  # the other one hears the rest
            wait(lambda: rows(output) == SONGS, process)
        assert state(pid) == "T"
        assert process.poll() is None
        os.kill(pid, signal.SIGCONT)
        code, told = ended(process)
    assert code == 1
    assert f"{SONGS + 1} heard now" in told
    assert rows(output) == SONGS + 1
    require_same_rows(output, quiet("genres.csv"))
    if not more:
        assert output.read_bytes() == quiet("genres.csv")


def test_a_worker_that_is_killed_costs_nothing(quiet, music, tmp_path, environment):
    """As by a system that is out of memory."""
    output = tmp_path / "genres.csv"
    with at_the_gate(music, output, environment) as (process, go):
        os.kill(workers(process)[0], signal.SIGKILL)
        go()
        assert ended(process)[0] == 1
    assert rows(output) == SONGS + 1
    assert output.read_bytes() == quiet("genres.csv")


@pytest.mark.parametrize("more", [(), ("--cluster", "local[2]")], ids=["batch", "cluster"])
def test_a_file_that_crashes_its_worker_is_a_row_that_says_so(music, tmp_path, environment, more):
    if more:
        pytest.importorskip("distributed", reason="needs the cluster extra")
    output = tmp_path / "genres.csv"
    result = run(music, output, *more, env=environment(SEGFAULT="song 07"))
    assert result.returncode == 1
    assert f"{SONGS + 1} heard now" in result.stderr
    assert "; 2 failed (1 crashed, 1 unreadable)\n" in result.stderr
    with output.open(newline="") as file:
        table = {Path(row["path"]).name: row for row in csv.DictReader(file)}
    assert len(table) == rows(output) == SONGS + 1
    failed = {name: row["status"] for name, row in table.items() if row["status"] != "ok"}
    assert failed == {"song 07.wav": "crashed", "bad.mp3": "unreadable"}
    why = "two workers died while they heard it" if more else "(SIGSEGV)"
    assert why in table["song 07.wav"]["error"]


def test_the_second_run_on_an_output_refuses(quiet, music, tmp_path, environment):
    output = tmp_path / "genres.csv"
    (tmp_path / "link.csv").symlink_to("genres.csv")
    others = [(output, ()), (tmp_path / "link.csv", ()), (output, ("--json", "--fresh"))]
    with at_the_gate(music, output, environment) as (process, go):
        for path, more in others:
            second = run(music, path, *more)
            assert second.returncode == 1
            assert second.stderr == (
                f"melonnx: {output}.journal: another run writes it; wait for its end, or write to "
                "another file\n"
            )
        go()
        assert ended(process)[0] == 1
    assert rows(output) == SONGS + 1
    assert output.read_bytes() == quiet("genres.csv")


@pytest.mark.parametrize("how", ["moved", "removed"])
def test_an_output_folder_that_vanishes(quiet, music, tmp_path, environment, how):
    output = tmp_path / "there" / "genres.csv"
    output.parent.mkdir()
    with at_the_gate(music, output, environment) as (process, go):
        away = output.parent.rename(tmp_path / "away")
        if how == "removed":
            shutil.rmtree(away)
        gate = output.parent / "gate"
        gate.parent.mkdir()
        go()
        code, told = ended(process)
    assert code == 1
    assert told.startswith(f"melonnx: {output}.journal: was moved or removed while it was written;")
    assert list(output.parent.iterdir()) == []
    if how == "moved":
        output.parent.rmdir()
        away.rename(output.parent)
    assert finish(music, output, fewer=how == "moved") == quiet("genres.csv")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few blocks, and what makes it larger."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o"]
    if subprocess.run([*mount, "size=8k", "none", disk], capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield disk, lambda: subprocess.run([*mount, "remount,size=8m", "none", disk], check=True)
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("name", ["genres.csv", "genres.npz"])
def test_a_disk_that_is_full(quiet, music, small_disk, name):
    disk, enlarge = small_disk
    output = disk / name
    filler = disk / "filler"
    filler.write_bytes(bytes(8192))
    for _ in range(2):  # no room for anything, then for a part
        result = run(music, output)
        assert result.returncode == 1
        assert "cannot be written (No space left on device)" in last_line(result)
        assert not output.exists()
        filler.unlink(missing_ok=True)
    known = rows(output)
    assert known > 0
    enlarge()
    assert finish(music, output) == quiet(name)


@pytest.mark.parametrize("name", ["genres.csv", "genres.npz", "genres.parquet", "genres"])
def test_a_limit_of_bytes(quiet, music, tmp_path, name):
    if name in ("genres.parquet", "genres"):
        pytest.importorskip("pyarrow.parquet")
    output = tmp_path / name
    for size in (30, 8000)[name != "genres.csv" :]:
        result = run(music, output, preexec_fn=partial(limit_files, size))
        assert result.returncode == 1
        assert "cannot be written (" in last_line(result)
        assert "File too large" in last_line(result)
    assert finish(music, output) == quiet(name)


def test_a_format_that_is_larger_than_its_journal_keeps_the_journal(music, tmp_path):
    output = tmp_path / "genres.txt"
    assert run(music, output, "--csv").returncode == 1
    journal = tmp_path / "genres.txt.journal"
    first, heard = output.read_bytes(), journal.read_bytes()
    limit = partial(limit_files, len(heard) + 100)
    result = run(music, output, "--format", "{path:>9999}", preexec_fn=limit)
    assert result.returncode == 1
    assert result.stderr.endswith(
        f"{output}: cannot be written (File too large); what was heard is kept in its journal\n"
    )
    assert (output.read_bytes(), journal.read_bytes()) == (first, heard)


@pytest.mark.parametrize("kind", ["pipe", "full"])
def test_an_output_that_is_no_file_stays_what_it_is(music, tmp_path, kind):
    """A file in the place of /dev/null would cost more than a run."""
    output = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(output)
    else:
        try:
            os.mknod(output, 0o20666, os.makedev(1, 7))  # /dev/full by another name
        except PermissionError:
            pytest.skip("needs root")
    before = output.stat()
    result = run(music, output, "--csv")
    assert result.returncode == 1
    assert result.stderr == (
        f"melonnx: {output}: is a device or a pipe; without -o, answers go to stdout\n"
    )
    assert output.stat() == before
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("more", [(), ("--cluster", "local[2]")], ids=["batch", "cluster"])
def test_a_song_that_the_disk_cannot_read_to_its_end(quiet, music, tmp_path, environment, more):
    if more:
        pytest.importorskip("distributed", reason="needs the cluster extra")
    output = tmp_path / "genres.csv"
    result = run(music, output, *more, env=environment(UNREAD="song 07"))
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1, result.stderr
    with output.open(newline="") as file:
        table = {Path(row["path"]).name: row for row in csv.DictReader(file)}
    assert table["song 07.wav"]["status"] == "unreadable"
    assert table["song 07.wav"]["error"] == (
        f"{music}/song 07.wav: cannot be read to its end (Input/output error)"
    )
    assert [row["status"] for row in table.values()].count("ok") == SONGS - 1
    again = run(music, output)
    assert "; 2 heard now" in again.stderr  # it, and bad.mp3
    require_same_rows(output, quiet("genres.csv"))


def test_a_clock_that_jumps_by_decades(quiet, music, tmp_path, environment):
    output = tmp_path / "genres.csv"
    with at_the_gate(music, output, environment, CLOCK_JUMPS=1) as (process, go):
        process.kill()
        go()
        process.communicate(timeout=PATIENCE_S)
    known = rows(output)
    result = run(music, output, env=environment(CLOCK_JUMPS=1))
    assert result.returncode == 1
    assert f"; {SONGS + 1 - known + 1} heard now" in result.stderr  # bad.mp3 again
    speed = float(result.stderr.partition("heard now (")[2].partition(" ")[0])
    assert 0 < speed < 10_000
    assert rows(output) == SONGS + 1
    assert output.read_bytes() == quiet("genres.csv")


@pytest.mark.parametrize("by_s", [-3600, 3600])
def test_a_clock_that_is_set_while_a_cluster_hears(quiet, music, tmp_path, environment, by_s):
    """Dask itself counts its patience by it: heard again is not answered twice."""
    pytest.importorskip("distributed", reason="needs the cluster extra")
    output = tmp_path / "genres.csv"
    how = ("--cluster", "local[2]")
    with at_the_gate(music, output, environment, *how, CLOCK_SET_BY=by_s) as (process, go):
        go()
        code, told = ended(process)
    assert code == 1
    assert f"{SONGS + 1} heard now" in told
    assert rows(output) == SONGS + 1
    require_same_rows(output, quiet("genres.csv"))
