"""What other systems do, simulated: nobody has run these on one."""

import errno
import os
import subprocess
import sys
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace

import pytest

from melonnx.infer import system


def test_two_runs_do_not_hold_one_file(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with path.open("rb+") as first, path.open("rb+") as second:
        system.lock(first)
        with pytest.raises(BlockingIOError) as told:
            system.lock(second)
        assert told.value.errno in (errno.EAGAIN, errno.EACCES)


def test_windows_locks_a_byte_behind_the_end_and_stays_where_it_was(tmp_path, monkeypatch):
    asked = []
    file = (tmp_path / "file").open("wb+")

    def locking(handle, mode, n_bytes):
        asked.append((handle == file.fileno(), mode, n_bytes, file.tell()))

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_NBLCK=2, locking=locking))
    with file:
        file.write(b"abc")
        system.lock(file)
        assert asked == [(True, 2, 1, 1 << 40)]
        assert file.tell() == 3


def test_without_any_locks_nothing_is_locked(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", None)
    with (tmp_path / "file").open("wb") as file:
        system.lock(file)


@pytest.mark.parametrize("knows_it", [True, False])
def test_a_mac_waits_for_the_disk_itself_where_the_disk_knows_that(monkeypatch, knows_it):
    asked = []

    def fcntl(handle, command):
        asked.append((handle, command))
        if not knows_it:
            raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(system.sys, "platform", "darwin")
    monkeypatch.setitem(sys.modules, "fcntl", SimpleNamespace(F_FULLFSYNC=51, fcntl=fcntl))
    monkeypatch.setattr(os, "fsync", lambda handle: asked.append((handle, "fsync")))
    system.flush_to_disk(7)
    assert asked == [(7, 51)] + [(7, "fsync")] * (not knows_it)


@pytest.mark.parametrize(
    ("platform", "error", "gone"),
    [
        ("linux", BrokenPipeError(errno.EPIPE, ""), True),
        ("linux", OSError(errno.EINVAL, ""), False),
        ("win32", OSError(errno.EINVAL, ""), True),
        ("win32", OSError(errno.ENOSPC, ""), False),
    ],
)
def test_a_closed_pipe_by_either_name(monkeypatch, platform, error, gone):
    monkeypatch.setattr(system.sys, "platform", platform)
    assert system.has_gone(error) == gone


def test_a_wait_that_windows_breaks_off_is_no_error():
    def interrupted():
        raise InterruptedError

    assert system.unless_interrupted(interrupted, []) == []
    assert system.unless_interrupted(lambda: [1], []) == [1]


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("C:\\Music\\song.mp3", "C:\\Music\\song.mp3"),
        ("C:/Music/" + "a" * 250, "\\\\?\\C:\\Music\\" + "a" * 250),
        ("C:\\" + "a" * 250 + "\\..\\b", "C:\\" + "a" * 250 + "\\..\\b"),
        ("\\\\nas\\music\\" + "a" * 250, "\\\\?\\UNC\\nas\\music\\" + "a" * 250),
        ("\\\\?\\C:\\" + "a" * 250, "\\\\?\\C:\\" + "a" * 250),
    ],
)
def test_a_long_path_on_windows_is_given_in_its_long_form(monkeypatch, path, given):
    monkeypatch.setattr(system.sys, "platform", "win32")
    assert system.reachable(path) == given


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("\\\\?\\C:\\Music\\song.mp3", "C:\\Music\\song.mp3"),
        ("\\\\?\\UNC\\nas\\music\\song.mp3", "\\\\nas\\music\\song.mp3"),
        ("\\\\nas\\music\\song.mp3", "\\\\nas\\music\\song.mp3"),
    ],
)
def test_a_log_names_a_long_path_as_people_do(monkeypatch, path, short):
    monkeypatch.setattr(system.sys, "platform", "win32")
    assert system.spelt_short(PureWindowsPath(path)) == short


def test_elsewhere_a_path_stays_as_it_is():
    assert system.reachable("Music/" + "a" * 300) == "Music/" + "a" * 300
    assert system.spelt_short(Path("\\\\?\\C:\\song.mp3")) == "\\\\?\\C:\\song.mp3"


def test_what_the_terminal_has_no_letters_for_is_no_crash(tmp_path):
    name = "Bj\u00f6rk \u65e5\u672c.mp3"
    (tmp_path / name).write_bytes(b"no music")
    for encoding in ("cp1252", "ascii"):
        ran = subprocess.run(
            [sys.executable, "-m", "melonnx.infer", "classify", name],
            cwd=tmp_path, capture_output=True, check=False,
            env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C",
                              "PYTHONCOERCECLOCALE": "0"},
        )  # fmt: skip
        assert ran.returncode == 1
        assert b"Traceback" not in ran.stderr
        assert ran.stderr.startswith(b"melonnx: Bj\\")
        assert b"is not audio" in ran.stderr
