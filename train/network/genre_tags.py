"""The open network: the backbone's own tags, sorted into genres by a table, with nothing learnt.

Its weights are the backbone's alone, so they may be passed on and sold as the backbone's may.
"""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from melonnx.train.network.transfer import TRANSFER, evidence_of_frames

__all__ = ["GENRE_TAGS", "TAGS", "TAG_SETTINGS", "build_tag_network", "with_all_outputs"]

TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s",
    "alternative rock", "jazz", "beautiful", "metal", "chillout", "male vocalists",
    "classic rock", "soul", "indie rock", "Mellow", "electronica", "80s", "folk", "90s", "chill",
    "instrumental", "punk", "oldies", "blues", "hard rock", "ambient", "acoustic", "experimental",
    "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening", "sexy",
    "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb", "indie pop",
    "sad", "House", "happy",
)  # fmt: skip
"""What the backbone tells, in its order: the commonest last.fm tags of the Million Song Dataset."""

GENRE_TAGS: dict[str, tuple[str, ...]] = {
    "ambient": ("ambient",),
    "blues": ("blues",),
    "country": ("country",),
    "electronic": ("electronic", "electronica", "electro", "House"),
    "folk": ("folk", "acoustic"),
    "hiphop": ("Hip-Hop",),
    "jazz": ("jazz",),
    "metal": ("metal", "heavy metal"),
    "pop": ("pop", "indie pop", "catchy", "female vocalists"),
    "punk": ("punk",),
    "rock": (
        "rock", "alternative rock", "classic rock", "hard rock", "indie rock", "Progressive rock",
        "alternative", "indie",
    ),
    "soul": ("soul", "rnb", "funk"),
}  # fmt: skip
"""The tags that speak for each genre, of which the likeliest counts. Classical music, disco, latin
and reggae have no tag among the fifty."""

TAG_SETTINGS = replace(TRANSFER, network="genre_tags", max_windows=10, copies=0)

_MOST_TAGS = max(map(len, GENRE_TAGS.values()))


def build_tag_network(backbone: keras.Model) -> keras.Model:
    """Log-mels float32 [batch, frames, 96] to logits [batch, genres of ``GENRE_TAGS``].

    A genre's logit is the logarithm of the probability of its likeliest tag, so that the softmax
    is that probability over the sum of all genres'.
    """
    kernel, bias = backbone.get_layer("tags").get_weights()
    columns = _columns()
    tags = layers.Dense(len(columns), name="tag_logits")
    rows = layers.Reshape((_MOST_TAGS, len(GENRE_TAGS)), name="tags_by_genre")(
        tags(backbone.get_layer("embedding").output)
    )
    best = layers.GlobalMaxPooling1D(name="best_tag")(rows)
    network = keras.Model(
        backbone.input, layers.Activation("log_sigmoid", name="logits")(best), name="genre_tags"
    )
    tags.set_weights([kernel[:, columns], bias[columns]])
    return network


def _columns() -> NDArray[np.int64]:
    """The backbone's tags, one of each genre in turn; a genre with few names its first again."""
    return np.array([
        TAGS.index(tags[row] if row < len(tags) else tags[0])
        for row in range(_MOST_TAGS)
        for tags in GENRE_TAGS.values()
    ])  # fmt: skip


def with_all_outputs(network: keras.Model) -> keras.Model:
    """The same weights with the three outputs of a model file.

    ``evidence`` [batch, frames, 1, genres]: what each frame adds to the logit of the genre's
    likeliest tag, as :func:`melonnx.train.network.transfer.with_all_outputs` has it, times the
    slope of the logarithm of that tag's probability; the mean over frames is the patch's logit.
    """
    tags = network.get_layer("tag_logits")
    by_frame = evidence_of_frames(network, tags)
    pick = _LikeliestTag(name="evidence")
    outputs = {
        "probabilities": layers.Softmax()(network.output),
        "embedding": network.get_layer("embedding").output,
        "evidence": pick([by_frame, tags.output, network.output]),
    }
    return keras.Model(network.input, outputs)


class _LikeliestTag(layers.Layer):
    """Evidence by genre from that by tag [batch, frames, 1, tags], tag logits and genre logits."""

    def call(self, inputs: list[Any]) -> Any:
        by_tag, tags, logits = inputs
        tags = ops.reshape(tags, (-1, _MOST_TAGS, len(GENRE_TAGS)))
        best = ops.max(tags, axis=1)
        is_best = ops.cast(tags >= best[:, None], "float32")
        share = is_best / ops.sum(is_best, axis=1, keepdims=True)
        slope = share * ops.sigmoid(-best)[:, None]
        frames = ops.shape(by_tag)[1]
        by_tag = ops.reshape(by_tag, (-1, frames, _MOST_TAGS, len(GENRE_TAGS)))
        by_genre = ops.sum(by_tag * slope[:, None], axis=2)
        constant = logits[:, None] - ops.mean(by_genre, axis=1, keepdims=True)
        return (by_genre + constant)[:, :, None]
