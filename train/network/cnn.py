"""The network: six 3×3 convolution layers on a log-mel patch, after the original project."""

import keras
from keras import layers

__all__ = ["build_network", "start_from", "with_all_outputs"]

_FILTERS = (16, 32, 64, 96, 128, 128)
_POOLED = 4
_NORM_MOMENTUM = 0.9
"""Small sets have few batches; Keras's 0.99 would lag behind the weights by epochs."""


def build_network(
    n_mels: int, n_labels: int, n_imitated: int = 0, dropout: float = 0.2
) -> keras.Model:
    """Log-mels float32 [batch, frames, n_mels] to logits [batch, labels + imitated].

    Each mel band is normalised on its own; then six blocks of convolution, batch norm and
    ReLU, the first four followed by 2×2 pooling, global average pooling, dropout and a dense
    layer. Any number of frames from 16 on will do. ``n_imitated``: outputs behind the logits that
    learn to be what another network says of the music. ``dropout``: rate of the embedding.
    Source of the shape: the student project that melonnx comes from; the band-wise norm is that
    of PANNs (Kong et al., 2020).
    """
    log_mel = keras.Input((None, n_mels), name="log_mel")
    x = layers.BatchNormalization(momentum=_NORM_MOMENTUM, name="band_norm")(log_mel)
    x = layers.Reshape((-1, n_mels, 1), name="picture")(x)
    for number, filters in enumerate(_FILTERS, 1):
        x = layers.Conv2D(
            filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal",
            name=f"conv_{number}",
        )(x)  # fmt: skip
        x = layers.BatchNormalization(momentum=_NORM_MOMENTUM, name=f"norm_{number}")(x)
        x = layers.ReLU(name=f"relu_{number}")(x)
        if number <= _POOLED:
            x = layers.MaxPooling2D(name=f"pool_{number}")(x)
    embedding = layers.GlobalAveragePooling2D(name="embedding")(x)
    dropped = layers.Dropout(dropout, name="dropout")(embedding)
    logits = layers.Dense(n_labels, name="logits")(dropped)
    if n_imitated:
        imitation = layers.Dense(n_imitated, name="imitation")(dropped)
        logits = layers.Concatenate(name="logits_and_imitation")([logits, imitation])
    return keras.Model(log_mel, logits, name="six_convolutions")


def start_from(network: keras.Model, trained: keras.Model) -> None:
    """Give ``network`` the weights of all layers below the logits that ``trained`` has."""
    for layer in network.layers:
        if layer.weights and layer.name not in ("logits", "imitation"):
            layer.set_weights(trained.get_layer(layer.name).get_weights())


def with_all_outputs(network: keras.Model) -> keras.Model:
    """The same weights with the three outputs of a model file.

    ``probabilities`` [batch, labels]; ``embedding`` [batch, d]; ``evidence`` [batch, frames',
    n_mels', labels], the class activation map (Zhou et al., CVPR 2016): logits by place, whose
    mean over places is the patch's logits.
    """
    features = network.get_layer("embedding").input
    kernel, bias = network.get_layer("logits").get_weights()
    by_place = layers.Conv2D(len(bias), 1, name="evidence")
    evidence = by_place(features)
    by_place.set_weights([kernel[None, None], bias])
    outputs = {
        "probabilities": layers.Softmax()(network.output),
        "embedding": network.get_layer("embedding").output,
        "evidence": evidence,
    }
    return keras.Model(network.input, outputs)
