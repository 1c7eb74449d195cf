"""Uploads go when they are old, and all of them when the page does."""

import os
import time

import pytest

from melonnx.demo.page.upload_folder import is_private, private_folder, sweep


def test_folder_is_private_and_gone_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))

    def use():
        with private_folder() as folder:
            assert os.environ["GRADIO_TEMP_DIR"] == str(folder)
            assert is_private(folder)
            assert folder.stat().st_mode & 0o077 == 0
            (folder / "song.mp3").write_bytes(b"x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        use()
    assert not list(tmp_path.iterdir())
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path)


def test_sweep_takes_what_is_old_and_leaves_what_is_not(tmp_path):
    old, new = tmp_path / "a" / "old.mp3", tmp_path / "b" / "new.mp3"
    for path in (old, new):
        path.parent.mkdir()
        path.write_bytes(b"x")
    long_ago = time.time() - 1000
    os.utime(old, (long_ago, long_ago))
    sweep(tmp_path, 50)
    assert not old.exists()
    assert new.exists()
    os.utime(old.parent, (long_ago, long_ago))
    sweep(tmp_path, 50)
    assert not old.parent.exists()
    assert tmp_path.exists()


def test_a_folder_that_a_request_takes_away_meanwhile_does_not_end_the_sweep(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    walk = os.walk

    def slow(*arguments, **how):
        found = list(walk(*arguments, **how))
        (tmp_path / "gone").rmdir()
        return found

    monkeypatch.setattr(os, "walk", slow)
    sweep(tmp_path, 50)
