"""On a cluster each file is heard exactly once, whatever dies."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from melonnx.infer.errors import WorkerError
from melonnx.infer.library.journal import unpack
from melonnx.infer.library.workers import Hearing, Job
from melonnx.infer.model.session import find_model
from tests.conftest import RATE, encode, make_song

pytest.importorskip("distributed", reason="needs the cluster extra")

from melonnx.infer.library import cluster
from melonnx.infer.library.cluster import connect, hear_in_cluster
from melonnx.infer.library.remote_files import find_songs

SMALL = Hearing(find_model("genre-small"), "genre-small 2.1", "cpu", embedding=True)
POISON = """
import os, signal
from melonnx.infer.library import cluster
if not hasattr(cluster, "unpoisoned"):  # a preload is run twice
    cluster.unpoisoned = cluster.hear_file
def poisoned(predictor, path, *, embedding):
    if "poison" in path:
        os.kill(os.getpid(), signal.SIGKILL)
    return cluster.unpoisoned(predictor, path, embedding=embedding)
cluster.hear_file = poisoned
"""


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Forty songs, of which one is text."""
    root = tmp_path_factory.mktemp("music")
    for number in range(39):
        song = make_song(2, seed=number)
        (root / f"song {number:02}.wav").write_bytes(encode(song, RATE, "WAV", "PCM_16"))
    (root / "text.mp3").write_text("words\n" * 99)
    return root


def jobs(paths):
    return (Job(number, str(path)) for number, path in enumerate(paths))


def answers(client, paths, hearing=SMALL):
    """Each file's prediction, all of them heard once."""
    heard = list(hear_in_cluster(jobs(paths), client, hearing))
    assert sorted(answer.job.number for answer in heard) == list(range(len(paths)))
    return {answer.job.path: unpack(answer.packed, answer.job.path) for answer in heard}


@pytest.fixture
def poisoned(tmp_path):
    """Two worker processes that die of a file called poison."""
    import dask

    preload = tmp_path / "preload.py"
    preload.write_text(POISON)
    with (
        dask.config.set({"distributed.worker.preload": [str(preload)]}),
        connect("local[2]") as client,
    ):
        yield client


def test_workers_say_what_this_process_says_and_the_killer_is_given_up(poisoned, music, tmp_path):
    from melonnx.infer import Predictor

    paths = sorted(music.iterdir())
    for name in ("poison 1.wav", "poison 2.wav"):
        (tmp_path / name).write_bytes(paths[0].read_bytes())
    paths[3:3] = [tmp_path / "poison 1.wav"]
    paths.append(tmp_path / "poison 2.wav")
    heard = answers(poisoned, paths)
    statuses = {Path(path).name: song.status for path, song in heard.items()}
    assert {name for name, status in statuses.items() if status == "crashed"} == {
        "poison 1.wav", "poison 2.wav",
    }  # fmt: skip
    assert statuses["text.mp3"] == "unreadable"
    assert list(statuses.values()).count("ok") == 39
    here = Predictor("genre-small", "cpu", threads=1).predict(paths[0])
    there = heard[str(paths[0])]
    assert there.probabilities == pytest.approx(here.probabilities, abs=1e-6)
    assert there.embedding == pytest.approx(here.embedding, abs=1e-5)


def test_a_worker_killed_half_way_costs_nothing(music):
    paths = sorted(music.iterdir()) * 3
    with connect("local[2]") as client:
        pids = list(client.run(os.getpid).values())
        seen = []
        for answer in hear_in_cluster(jobs(paths), client, SMALL):
            seen.append(answer.job.number)
            if len(seen) == len(paths) // 2:
                os.kill(pids[0], signal.SIGKILL)
            assert unpack(answer.packed, "").status in ("ok", "unreadable")
    assert sorted(seen) == list(range(len(paths)))


def test_two_runs_on_one_cluster_hear_each_with_its_own_model(tiny_model, music):
    from distributed import Client

    def state(dask_scheduler):
        runs = getattr(dask_scheduler, "melonnx_runs", {})
        return dask_scheduler.allowed_failures, list(dask_scheduler.worker_plugins), len(runs)

    paths = sorted(music.glob("song*"))
    tiny = Hearing(tiny_model, "tiny 0", "cpu")
    with (
        Client(processes=False, n_workers=1, dashboard_address=None) as one,
        Client(one.scheduler.address, set_as_default=False) as two,
    ):
        before = one.run_on_scheduler(state)
        one.run_on_scheduler(cluster._enter, "melonnx-of-a-killed-run", "nobody")
        first = hear_in_cluster(jobs(paths), one, SMALL)
        heard = [next(first)]
        assert one.run_on_scheduler(state)[2] == 1
        assert {song.model for song in answers(two, paths[:9], tiny).values()} == {"tiny 0"}
        heard += first
        assert {unpack(song.packed, "").model for song in heard} == {"genre-small 2.1"}
        assert len(heard) == len(paths)
        assert one.run_on_scheduler(state) == before


def test_urls_and_a_model_that_the_workers_have_not(tiny_model, music):
    import fsspec
    from distributed import Client

    files = fsspec.filesystem("memory")
    song = min(music.iterdir())
    files.pipe("/band/song.wav", song.read_bytes())
    files.pipe("/band/text.mp3", b"words " * 99)
    urls = ["memory://band/song.wav", "memory://band/text.mp3", "memory://band/gone.wav"]
    urls.append(f"file://{song}")
    hearing = Hearing(tiny_model, "tiny 0", "cpu")
    with Client(processes=False, n_workers=1, dashboard_address=None) as client:
        heard = answers(client, urls, hearing)
    assert [heard[url].status for url in urls] == ["ok", "unreadable", "no_music", "ok"]
    assert heard[urls[0]].probabilities == heard[urls[3]].probabilities
    assert heard[urls[0]].model == "tiny 0"
    for url in urls[1:3]:
        assert heard[url].error.startswith(f"{url}: ")


@pytest.fixture
def bucket(monkeypatch):
    """Of an S3 server on this machine."""
    server_of = pytest.importorskip("moto.server", reason="needs moto[server]")
    s3fs = pytest.importorskip("s3fs")
    import fsspec

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    server = server_of.ThreadedMotoServer("127.0.0.1", free_port())
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    monkeypatch.setitem(fsspec.config.conf, "s3", {"client_kwargs": {"endpoint_url": address}})
    files = s3fs.S3FileSystem(client_kwargs={"endpoint_url": address})
    files.mkdir("records")
    yield files
    server.stop()


def test_a_bucket_is_listed_and_heard(bucket, music):
    from distributed import Client

    songs = sorted(music.iterdir())
    bucket.pipe("records/a/one.wav", songs[0].read_bytes())
    bucket.pipe("records/a/b/two.wav", songs[1].read_bytes())
    bucket.pipe("records/a/cover.jpg", b"no music")
    flat, _ = find_songs(["s3://records/a"])
    deep, known = find_songs(["s3://records/a", "s3://nowhere/at-all"], recursive=True)
    assert flat == ["s3://records/a/one.wav"]
    assert deep[:2] == ["s3://records/a/b/two.wav", "s3://records/a/one.wav"]
    assert deep[2].status == "no_music"
    assert known[deep[1]].size == songs[0].stat().st_size
    bucket.pipe("records/a/one.wav", songs[2].read_bytes() + b"\0\0")
    bucket.invalidate_cache()
    assert find_songs(["s3://records/a"])[1][deep[1]] != known[deep[1]]
    with Client(processes=False, n_workers=1, dashboard_address=None) as client:
        heard = answers(client, deep[:2])
        here = answers(client, [str(songs[1]), str(songs[2])])
    assert [song.label for song in heard.values()] == [song.label for song in here.values()]


@pytest.mark.parametrize("address", ["local[two]", "somewhere", "tcp://127.0.0.1:1"])
def test_no_cluster_is_one_clear_line(address, monkeypatch):
    monkeypatch.setattr("melonnx.infer.library.cluster._CONNECT_S", 1)
    with pytest.raises(WorkerError) as caught, connect(address):
        pass
    assert str(caught.value).startswith(f"{address}: ")
    assert "\n" not in str(caught.value)


def test_one_of_this_machine_says_nothing_where_another_has_dasks_port(recwarn):
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # someone has it already
            stack.enter_context(socket.create_server(("", 8787)))
        client = stack.enter_context(connect("local[1]"))
        assert len(client.scheduler_info()["workers"]) == 1
    assert not [str(one.message) for one in recwarn if "8787" in str(one.message)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def scheduler_and_workers(folder):
    """Started by hand, as an administrator does; yields the address and the processes."""
    port = free_port()
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    address = f"tcp://127.0.0.1:{port}"
    lines = [
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
        *[[*dask, "worker", address, "--nthreads", "1", "--no-dashboard"]] * 2,
    ]
    processes = [subprocess.Popen(line, **quiet) for line in lines]
    try:
        yield address, processes
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(30)


def test_the_command_goes_on_after_the_whole_cluster_died(music, melonnx, tmp_path):
    """Into Parquet parts, each file once, equal to what one machine says."""
    parquet = pytest.importorskip("pyarrow.parquet")
    output = tmp_path / "genres"
    journal = tmp_path / "genres.journal"
    paths = [music, f"file://{music}"]
    command = ["classify", *paths, "--model", "genre-small", "-o", output]
    with scheduler_and_workers(tmp_path) as (address, processes):
        line = [Path(sys.executable).with_name("melonnx"), *command, "--cluster", address]
        running = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
        while running.poll() is None and (
            not journal.exists() or journal.read_bytes().count(b"\n") < 10
        ):
            time.sleep(0.01)
        for process in processes:
            process.kill()
        _, complaint = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "Traceback" not in complaint
    known = journal.read_bytes().count(b"\n")
    assert known >= 10
    again = melonnx(*command, "--cluster", "local[2]")
    assert again.returncode == 1  # of text.mp3
    assert again.stderr.startswith(f"melonnx: 80 songs in {output}; ")
    assert " 80 heard now" not in again.stderr
    (table,) = [parquet.read_table(part) for part in output.glob("part-*.parquet")]
    rows = table.to_pylist()
    assert len({row["path"] for row in rows}) == len(rows) == 80
    assert [row["status"] for row in rows].count("unreadable") == 2
    here = melonnx("classify", music, "--model", "genre-small", "--csv").stdout.splitlines()
    assert [row["label"] for row in rows[:39]] == [line.split(",")[3] for line in here[1:40]]
