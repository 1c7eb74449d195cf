"""Worker processes answer every file once, whatever becomes of them."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from melonnx.infer.errors import WorkerError
from melonnx.infer.library import workers
from melonnx.infer.library.journal import unpack
from melonnx.infer.library.workers import Hearing, Job, hear_in_processes, stop_on_interrupt
from melonnx.infer.model.session import MODELS_FOLDER
from tests.conftest import RATE, encode, make_song

HEARING = Hearing(MODELS_FOLDER / "genre-small.onnx", "genre-small 2.1", "cpu", embedding=True)

POISONED = """
import os, signal
from melonnx.infer.library import workers

def work(connection, hearing):
    predict = workers.Predictor.predict

    def poisoned(predictor, path):
        if "poison" in path:
            os.kill(os.getpid(), signal.SIGKILL)
        if "once" in path and not os.path.exists(path + ".died"):
            open(path + ".died", "w").close()
            os.kill(os.getpid(), signal.SIGSEGV)
        if "bug" in path:
            raise MemoryError("no room")
        return predict(predictor, path)

    workers.Predictor.predict = poisoned
    workers._work(connection, hearing)

def never_ready(connection, hearing):
    os._exit(3)


def nameless(connection, hearing):
    os.kill(os.getpid(), 40)
"""


@pytest.fixture
def songs(tmp_path):
    song = encode(make_song(3), RATE, "WAV", "PCM_16")
    names = ("a", "poison", "b", "once", "c", "bug", "d")
    paths = [tmp_path / f"{name}.wav" for name in names]
    for path in paths:
        path.write_bytes(song)
    return [str(path) for path in paths]


@pytest.fixture
def poisoned(tmp_path, monkeypatch):
    """A module that workers, too, can import: what it does to them happens in them."""
    (tmp_path / "poisoned.py").write_text(POISONED)
    monkeypatch.syspath_prepend(tmp_path)
    import poisoned

    yield poisoned
    monkeypatch.delitem(__import__("sys").modules, "poisoned")


def heard(paths, n_workers=2, stop=None):
    jobs = (Job(number, path) for number, path in enumerate(paths))
    return {
        Path(job.path).stem: unpack(packed, job.path)
        for job, packed in hear_in_processes(jobs, n_workers, HEARING, stop)
    }


def test_a_file_that_kills_its_process_costs_only_itself(songs, poisoned, monkeypatch):
    monkeypatch.setattr(workers, "_work", poisoned.work)
    answers = heard(songs)
    status = {name: answer.status for name, answer in answers.items()}
    good = dict.fromkeys(("a", "b", "once", "c", "d"), "ok")
    assert status == {**good, "poison": "crashed", "bug": "error"}
    assert answers["poison"].error == (
        f"{songs[1]}: two processes died while they heard it (SIGKILL)"
    )
    assert answers["bug"].error == f"{songs[5]}: cannot be heard (MemoryError: no room)"
    assert answers["poison"].model == answers["a"].model == "genre-small 2.1"
    assert answers["a"].embedding.dtype == np.float32
    assert (answers["a"].embedding == answers["d"].embedding).all()


def test_a_signal_without_a_name_has_a_number(songs, poisoned, monkeypatch):
    monkeypatch.setattr(workers, "_work", poisoned.nameless)
    with pytest.raises(WorkerError, match=r"end as they start \(signal 40\)"):
        heard(songs)


def test_processes_that_never_come_up_end_the_run(songs, poisoned, monkeypatch):
    monkeypatch.setattr(workers, "_work", poisoned.never_ready)
    with pytest.raises(WorkerError, match=r"end as they start \(exit code 3\)"):
        heard(songs)


def test_a_job_of_none_is_asked_again_after_the_next_answer(songs):
    def jobs():
        yield Job(0, songs[0])
        yield None
        yield Job(1, songs[2])

    assert [job.number for job, _ in hear_in_processes(jobs(), 1, HEARING)] == [0, 1]


def test_no_job_starts_no_process():
    assert list(hear_in_processes(iter(()), 0, HEARING)) == []


def interrupt_and_wait():
    """Another thread of this process may be the one that is told first."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)


def test_ctrl_c_ends_it_and_pressed_twice_it_interrupts(songs):
    with stop_on_interrupt() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert heard(songs, stop=stop) == {}
        with pytest.raises(KeyboardInterrupt):
            interrupt_and_wait()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
