"""The outputs of a model file, for each kind of network."""

import keras

from melonnx.infer.model.session import MUSIC, OUTPUTS
from melonnx.train.network import cnn, genre_tags, transfer

__all__ = ["with_all_outputs"]

_KINDS = {
    "six_convolutions": cnn.with_all_outputs,
    "transfer": transfer.with_all_outputs,
    "genre_tags": genre_tags.with_all_outputs,
}


def with_all_outputs(network: keras.Model) -> keras.Model:
    """The same weights with the outputs ``probabilities``, ``embedding`` and ``evidence``, and
    ``music`` where the network tells it.

    What they are is said where each kind of network is built; its name says which it is. A
    network that has these outputs is returned as it is.
    """
    if isinstance(network.output, dict) and set(network.output) - {MUSIC} == set(OUTPUTS):
        return network
    return _KINDS[network.name](network)
