"""Serialises a finished model with a checksum of itself, so that damage is noticed."""

import onnx

from melonnx.infer.model.onnx_file import CHECKSUM_KEY, checksum

__all__ = ["seal"]


def seal(model: onnx.ModelProto) -> bytes:
    """The bytes of ``model``'s file; equal models give equal bytes.

    An earlier checksum is replaced. Whoever changes the model afterwards seals it again: the
    runtime refuses a file whose checksum does not fit.
    """
    sealed = onnx.ModelProto.FromString(model.SerializeToString())
    entries = [entry for entry in sealed.metadata_props if entry.key != CHECKSUM_KEY]
    del sealed.metadata_props[:]
    sealed.metadata_props.extend(entries)
    found = checksum(sealed.SerializeToString(deterministic=True))
    sealed.metadata_props.add(key=CHECKSUM_KEY, value=found)
    return sealed.SerializeToString(deterministic=True)
