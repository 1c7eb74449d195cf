"""Puts a proved model in place by rename, with its waveform twin if one is wanted."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import onnx

from melonnx.export.difference import Worst
from melonnx.export.errors import ProofError
from melonnx.export.proof_clips import Clip
from melonnx.export.seal import seal
from melonnx.export.wave.graph import waveform_twin
from melonnx.export.wave.twin import prove_twin, twin_path
from melonnx.infer.errors import ModelFileError
from melonnx.infer.model.session import load_model
from melonnx.infer.results.replace import writing
from melonnx.train.progress import Say

__all__ = ["put_in_place"]


def put_in_place(
    data: bytes,
    out: Path,
    say: Say,
    *,
    wave: bool = False,
    clips: Iterable[Clip] | None = None,
) -> dict[str, Worst] | None:
    """Write ``data``, a sealed model, to ``out`` once the runtime has opened it.

    ``wave``: its waveform twin, too, proved on ``clips``
    (:func:`melonnx.export.proof_clips.proof_clips` by default); its worst differences by output are
    returned. Without, a twin that lies beside another ``out`` is removed, which is said: it would
    answer for a model that is gone. A kill leaves a model with its own twin, or with none.

    Raises ProofError where the runtime refuses the file or the twin differs; then ``out`` and its
    twin are as they were. Raises OSError.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    beside, found = twin_path(out), None
    with ExitStack() as after_the_model, writing(out) as part:
        part.write_bytes(data)
        try:
            load_model(part, device="cpu")
            twin = waveform_twin(onnx.ModelProto.FromString(data)) if wave else None
        except ModelFileError as error:
            reason = str(error).replace(part.name, out.name)
            raise ProofError(f"the runtime refuses the model: {reason}") from None
        if twin is not None:
            found = prove_twin(twin, part, clips)
            after_the_model.enter_context(writing(beside)).write_bytes(seal(twin))
        is_another = not out.exists() or out.read_bytes() != data
        if is_another and beside.exists():
            beside.unlink()
            if not wave:
                say(
                    f"removed {beside}, the twin of another model; melonnx wave {out} makes its own"
                )
    return found
