"""The last step before the network: windows of the log-mel as it takes them."""

import numpy as np

from melonnx.infer.frontend.mel_spec import MelSpec
from melonnx.infer.frontend.mfcc import mfcc_windows
from melonnx.infer.frontend.windows import Patches

__all__ = ["as_features"]


def as_features(patches: Patches, spec: MelSpec) -> Patches:
    """What the network takes, float32 [windows, frames, n_features].

    ``patches`` [windows, frames, n_mels] themselves, or the MFCC of each window. Deltas are of the
    window's own frames, so that it gives the same wherever in a song it is.
    """
    if spec.mfcc is None:
        return patches
    decibels = (patches.astype(np.float64) - 1) * spec.depth_db
    return mfcc_windows(decibels, spec.mfcc)
