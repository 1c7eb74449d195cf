"""What an export refuses; here, so that a pipeline's needs no Keras."""

from melonnx.infer.errors import MelonnxError

__all__ = ["KerasFileError", "ProofError"]


class ProofError(MelonnxError):
    """The converted model is not equal to what it was made of; nothing was written."""

    status = "proof"


class KerasFileError(MelonnxError):
    """A Keras model, or the description beside it, cannot become a model file."""

    status = "keras_file"
