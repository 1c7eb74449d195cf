"""An address is had alone, or the reason why not is one line."""

import socket

import pytest

from melonnx.demo.page.address import listen
from melonnx.infer.errors import MelonnxError


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_what_is_no_host_is_one_line(host):
    with pytest.raises(MelonnxError, match="cannot be had"):
        listen(host, 0)


def test_a_taken_port_leaves_no_socket_open(recwarn):
    with listen("127.0.0.1", 0) as first, pytest.raises(MelonnxError, match="try --port"):
        listen("127.0.0.1", first.getsockname()[1])
    assert not [one for one in recwarn if one.category is ResourceWarning]


def test_an_address_is_never_shared_with_another_server(monkeypatch):
    """Windows lets two servers of this option have one address."""
    monkeypatch.setattr("sys.platform", "win32")
    with listen("127.0.0.1", 0) as listener:
        assert not listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
