"""Finishes a model: what it says of itself, and a checksum, so that damage is noticed."""

import onnx

from melonnx.infer.model.learnt import LEARNT_KEY, Learnt
from melonnx.infer.model.metadata import METADATA_KEY, ModelInfo
from melonnx.infer.model.onnx_file import CHECKSUM_KEY, checksum

__all__ = ["describe", "seal"]


def describe(model: onnx.ModelProto, info: ModelInfo, learnt: Learnt | None = None) -> None:
    """Write the metadata entries of ``model``, in the place of all that are there.

    Which songs it has learnt from stays as it was where ``learnt`` is None.
    """
    entries = {entry.key: entry.value for entry in model.metadata_props}
    kept = entries.get(LEARNT_KEY) if learnt is None else learnt.to_json()
    del model.metadata_props[:]
    known = {METADATA_KEY: info.to_json()} | ({} if kept is None else {LEARNT_KEY: kept})
    onnx.helper.set_model_props(model, known)


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
