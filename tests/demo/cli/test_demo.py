"""``melonnx demo``: refuses what it cannot do before it serves, and asks for a password."""

import socket
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

pytest.importorskip("gradio", reason="needs the demo extra")
from tests.demo.running import run_page


def test_help_is_there_without_gradio(melonnx):
    result = melonnx("demo", "--help")
    assert result.returncode == 0
    assert "--max-file-mb" in result.stdout


def test_password_must_be_in_the_environment(melonnx, monkeypatch):
    monkeypatch.delenv("MELONNX_DEMO_AUTH", raising=False)
    result = melonnx("demo", "--auth")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "MELONNX_DEMO_AUTH=user:password" in result.stderr


def test_taken_port_and_bad_model_are_one_line(melonnx, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = melonnx("demo", "--port", str(taken.getsockname()[1]))
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "cannot be had (Address already in use)" in result.stderr
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    result = melonnx("demo", "--model", tmp_path / "bad.onnx")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "is not an ONNX file" in result.stderr


def test_with_auth_nothing_is_told_to_a_stranger(tmp_path):
    with run_page(tmp_path, "--auth", MELONNX_DEMO_AUTH="me:secret:word") as running:
        assert running.address.startswith("http://127.0.0.1:")
        for path in ("config", "gradio_api/info", "gradio_api/file=/etc/passwd"):
            with pytest.raises(HTTPError) as refused:
                urlopen(f"{running.address}/{path}")
            assert refused.value.code == 401
        login = Request(f"{running.address}/login")
        with pytest.raises(HTTPError):
            urlopen(login, urlencode({"username": "me", "password": "no"}).encode())
        with urlopen(
            login, urlencode({"username": "me", "password": "secret:word"}).encode()
        ) as answer:
            assert answer.status == 200
    assert not list(tmp_path.glob("melonnx-demo-*"))
