"""Finds damage in an ONNX file, and what would make it reach outside, without the onnx package.

Walks the protobuf wire format (https://protobuf.dev/programming-guides/encoding) along the
few fields of onnx.proto that can hold a tensor; the field numbers below are that file's.
"""

import hashlib
from collections.abc import Iterator

__all__ = [
    "CHECKSUM_KEY",
    "METADATA_KEY",
    "checksum",
    "has_external_data",
    "is_damaged",
    "read_metadata",
]

METADATA_KEY = "melonnx"
"""Metadata entry of what a model says of itself."""

CHECKSUM_KEY = "melonnx.sha256"
"""Metadata entry of what :func:`checksum` says of the rest of the file."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DATA_LOCATION = "tensor", 14
_EXTERNAL = 1
_METADATA, _KEY, _VALUE = 14, 1, 2
"""Of the model; of an entry."""
_LOW_BITS = 0xFFFFFFFF
"""Readers keep the low 32 bits of an enum and of a field's key, whatever the file says beyond."""

# message -> {field number: message of the field's value}
_NESTED = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse_tensor"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse_tensor",
        23: "sparse_tensor",
    },
    "sparse_tensor": {1: "tensor", 2: "tensor"},
    "tensor": {},
}  # fmt: skip


def has_external_data(model: bytes) -> bool:
    """True where any tensor of the model lies in another file.

    Raises ValueError where ``model`` is no well-formed protobuf message.
    """
    stack: list[tuple[str, memoryview]] = [("model", memoryview(model))]
    while stack:
        kind, message = stack.pop()
        nested = _NESTED[kind]
        for number, value in _fields(message):
            if isinstance(value, memoryview):
                if number in nested:
                    stack.append((nested[number], value))
            elif (kind, number) == _DATA_LOCATION and value & _LOW_BITS == _EXTERNAL:
                return True
    return False


def checksum(model: bytes) -> str:
    """sha256 over number and content of each field of the model but the checksum's own entry.

    Raises ValueError as :func:`has_external_data` does.
    """
    return _read_checksum(model)[0]


def is_damaged(model: bytes) -> bool:
    """True where the model names another checksum than it has; one that names none may be whole.

    Raises ValueError as :func:`has_external_data` does.
    """
    found, named = _read_checksum(model)
    return named is not None and named != found.encode()


def read_metadata(model: bytes, key: str) -> bytes:
    """The metadata entry ``key``; b"" where there is none.

    Raises ValueError as :func:`has_external_data` does.
    """
    for number, value in _fields(memoryview(model)):
        if number == _METADATA and isinstance(value, memoryview):
            entry = dict(_fields(value))
            found = entry.get(_VALUE)
            if entry.get(_KEY) == key.encode() and isinstance(found, memoryview):
                return bytes(found)
    return b""


def _read_checksum(model: bytes) -> tuple[str, bytes | None]:
    digest, named = hashlib.sha256(), None
    for number, value in _fields(memoryview(model)):
        if number == _METADATA and isinstance(value, memoryview):
            entry = dict(_fields(value))
            if entry.get(_KEY) == CHECKSUM_KEY.encode():
                value = entry.get(_VALUE)
                named = bytes(value) if isinstance(value, memoryview) else b""
                continue
        digest.update(f"{number}:".encode())
        digest.update(value if isinstance(value, memoryview) else f"{value};".encode())
    return digest.hexdigest(), named


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        key &= _LOW_BITS
        wire_type = key & 7
        if wire_type == _VARINT:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if wire_type == _BYTES:
            length, at = _varint(message, at)
        elif wire_type in (_FIXED64, _FIXED32):
            length = 8 if wire_type == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire_type} at byte {at}")
        if at + length > len(message):
            raise ValueError(f"a field of {length} bytes at byte {at} runs past the end")
        yield key >> 3, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError(f"a number at byte {at} does not end")
