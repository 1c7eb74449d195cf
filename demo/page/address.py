"""Takes the address of the page before anything slow is loaded."""

import socket
import sys
from contextlib import ExitStack

from melonnx.infer.errors import MelonnxError

__all__ = ["address_of", "listen"]


def listen(host: str, port: int) -> socket.socket:
    """A socket that lets callers wait; raises MelonnxError where the address cannot be had.

    ``port``: 0 takes any that is free.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, place = found[0]
        with ExitStack() as if_it_fails:
            listener = if_it_fails.enter_context(socket.socket(family, kind, protocol))
            if sys.platform != "win32":  # there, it would share an address that is taken
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
            listener.listen(128)
            if_it_fails.pop_all()
    except (OSError, UnicodeError) as error:  # the latter: of a name that can be none
        reason = getattr(error, "strerror", None) or error
        raise MelonnxError(f"{host}:{port} cannot be had ({reason}); try --port") from None
    return listener


def address_of(listener: socket.socket, host: str) -> str:
    """What to open in a browser."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"
