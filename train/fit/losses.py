"""What the light network is trained by: the right genre, and the likeness of an imitation."""

from typing import Any

import keras
from keras import ops

__all__ = ["GenreAccuracy", "GenreLoss"]

_IMITATION = 2.0
"""Weight of the imitation; it is learnt from less easily than the genres are learnt by heart."""


@keras.saving.register_keras_serializable("melonnx")
class GenreLoss(keras.losses.Loss):
    """Cross-entropy of the logits, plus the mean squared error of the outputs behind them."""

    def __init__(self, n_labels: int, label_smoothing: float, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._n_labels, self._label_smoothing = n_labels, label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss [batch] from answers and outputs, both [batch, labels + imitated]."""
        loss = keras.losses.categorical_crossentropy(
            y_true[:, : self._n_labels],
            y_pred[:, : self._n_labels],
            from_logits=True,
            label_smoothing=self._label_smoothing,
        )
        if y_pred.shape[-1] == self._n_labels:
            return loss
        wrong = y_true[:, self._n_labels :] - y_pred[:, self._n_labels :]
        return loss + _IMITATION * ops.mean(ops.square(wrong), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The arguments, for Keras."""
        own = {"n_labels": self._n_labels, "label_smoothing": self._label_smoothing}
        return super().get_config() | own


@keras.saving.register_keras_serializable("melonnx")
class GenreAccuracy(keras.metrics.CategoricalAccuracy):
    """Share of patches whose likeliest label is right; imitations do not count."""

    def __init__(self, n_labels: int, name: str = "accuracy", **keywords: Any) -> None:
        super().__init__(name=name, **keywords)
        self._n_labels = n_labels

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Count a batch."""
        return super().update_state(
            y_true[:, : self._n_labels], y_pred[:, : self._n_labels], sample_weight
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments, for Keras."""
        return super().get_config() | {"n_labels": self._n_labels}
