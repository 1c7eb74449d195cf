"""Songs far away: what cannot be listed is a row, whatever its file system raises."""

import io

import pytest

from melonnx.infer.library.remote_files import find_songs

fsspec = pytest.importorskip("fsspec", reason='needs the extra "cluster"')


def test_a_store_s_own_error_is_a_row():
    class CredentialsError(Exception):
        """As botocore's: of no base class that we know."""

    class Locked(fsspec.AbstractFileSystem):
        protocol = "locked"

        def ls(self, path, detail=True, **how):
            raise CredentialsError("Unable to locate credentials\nsee the manual")

        def info(self, path, **how):
            raise CredentialsError("Unable to locate credentials\nsee the manual")

    fsspec.register_implementation("locked", Locked, clobber=True)
    songs, known = find_songs(["locked://music", "locked://*.mp3"])
    assert [song.status for song in songs] == ["no_music"] * 2
    assert "cannot be listed (Unable to locate credentials)" in songs[0].error
    assert not known


def test_a_list_on_stdin_may_name_what_is_far_away(monkeypatch, tmp_path):
    files = fsspec.filesystem("memory")
    files.pipe("/listed/a.mp3", b"x")
    here = tmp_path / "b.mp3"
    here.touch()
    stdin = io.TextIOWrapper(io.BytesIO(f"memory://listed/a.mp3\n{here}\n".encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    songs, known = find_songs(["-"])
    assert songs == ["memory://listed/a.mp3", str(here)]
    assert list(known) == ["memory://listed/a.mp3"]
