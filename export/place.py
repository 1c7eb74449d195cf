"""Puts a proved model in place by rename, with its waveform twin if one is wanted."""

from pathlib import Path

import onnx

from melonnx.export.difference import Worst
from melonnx.export.errors import ProofError
from melonnx.export.proof_clips import proof_clips
from melonnx.export.seal import seal
from melonnx.export.twin import prove_twin, twin_path
from melonnx.export.wave import waveform_twin
from melonnx.infer.errors import ModelFileError
from melonnx.infer.model import load_model

__all__ = ["put_in_place"]


def put_in_place(
    model: onnx.ModelProto, out: Path, *, wave: bool = False
) -> dict[str, Worst] | None:
    """Write ``model`` to ``out``; gives the twin's worst differences where ``wave`` wants one.

    Raises ProofError where the runtime refuses the file or the twin differs; then ``out`` is as it
    was.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary, twin_out = out.with_name(f".{out.name}.tmp"), twin_path(out)
    temporary_twin = out.with_name(f".{twin_out.name}.tmp")
    found = None
    try:
        temporary.write_bytes(seal(model))
        loaded = load_model(temporary, device="cpu")
        if wave:
            twin = waveform_twin(model)
            found = prove_twin(twin, temporary, proof_clips(loaded.info.mel_spec.sample_rate))
            temporary_twin.write_bytes(seal(twin))
            temporary_twin.replace(twin_out)
        temporary.replace(out)
    except ModelFileError as error:
        raise ProofError(f"the runtime refuses the model: {error}") from None
    finally:
        temporary.unlink(missing_ok=True)
        temporary_twin.unlink(missing_ok=True)
    return found
