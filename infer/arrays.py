"""Names of the arrays that go from room to room, with their shapes."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["LogMel", "MelPower", "Samples", "Waveform"]

Samples = NDArray[np.float32]
"""(samples, channels), as decoded."""
Waveform = NDArray[np.float32]
"""(samples,), mono, at the model's sample rate."""
MelPower = NDArray[np.float32]
"""(frames, n_mels), power."""
LogMel = NDArray[np.float32]
"""(frames, n_mels), at least 0; in decibels (``MelSpec.log_gain`` 0) at most 1, the clip's loudest
bin."""
