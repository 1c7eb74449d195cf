"""What a waveform twin has before and behind its network, in ONNX's own text.

Step by step what :mod:`melonnx.infer.frontend.mel`, :mod:`melonnx.infer.frontend.windows`
and the predictor do; each constant comes from there. Syntax:
https://onnx.ai/onnx/repo-docs/Syntax.html.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.frontend.mel import SMALLEST as SMALLEST_POWER
from melonnx.infer.frontend.mel import TINY, hann, mel_filterbank
from melonnx.infer.frontend.mel_spec import FULL_SCALE, LOUDEST, RANGE, MelSpec
from melonnx.infer.frontend.mfcc import cepstrum_matrix, delta_matrix
from melonnx.infer.frontend.windows import CELLS
from melonnx.infer.model.calibration import SMALLEST
from melonnx.infer.model.hierarchy import sum_by_genre
from melonnx.infer.model.metadata import ModelInfo
from melonnx.infer.model.pooling import SMALLEST_OF_WINDOW

__all__ = ["NETWORK", "Constants", "front_end", "prediction"]

Constants = dict[str, NDArray[Any] | np.float32]
"""By the names that the text calls them."""

NETWORK = "network_"
"""Before the names of the network's own inputs and outputs."""

_DOUBLINGS = 24
"""Of a cell's size: enough for years of music."""

_POWER = """
    padded = Pad (waveform, padding)
    spectrum = STFT <onesided = 1> (padded, hop_length, hann)
    by_bin = ReduceSumSquare <axes = [-1], keepdims = 0> (spectrum)
    power = MatMul (by_bin, filters)
"""

_WINDOWS = """
    power_shape = Shape (power)
    n_frames = Gather (power_shape, one)
    beyond = Sub (n_frames, window)
    last = Max (beyond, zero)
    last_up = Add (last, window_hop_less_one)
    n_before_last = Div (last_up, window_hop)
    n_side_by_side = Add (n_before_last, one)
"""

_ALL_STARTS = """
    number = Range (zero, n_side_by_side, one)
    unbounded = Mul (number, window_hop)
    starts = Min (unbounded, last)
"""

# In double, as numpy.linspace does it: the frames it falls on are the same to the last.
_SPREAD_STARTS = """
    n_windows = Min (n_side_by_side, max_windows)
    number = Range (zero, n_windows, one)
    unbounded = Mul (number, window_hop)
    side_by_side = Min (unbounded, last)
    last_double = Cast <to = 11> (last)
    step = Div (last_double, n_steps)
    number_double = Cast <to = 11> (number)
    places = Mul (number_double, step)
    places_down = Cast <to = 7> (places)
    is_end = Equal (number, end)
    spread = Where (is_end, last, places_down)
"""

_MIDDLE_START = """
    n_windows = Min (n_side_by_side, max_windows)
    number = Range (zero, n_windows, one)
    side_by_side = Mul (number, window_hop)
    half = Div (last, two)
    spread = Add (number, half)
"""

_CELLS = """
    frames_up = Add (n_frames, window_less_one)
    n_cells = Div (frames_up, window)
    is_beyond = Greater (n_cells, cell_limits)
    is_beyond_int = Cast <to = 7> (is_beyond)
    doublings = ReduceSum <keepdims = 0> (is_beyond_int)
    cell = Gather (cell_sizes, doublings)
    into_cell = Mod (spread, cell)
    in_cells = Sub (spread, into_cell)
    is_more = GreaterOrEqual (n_before_last, max_windows)
    starts = Where (is_more, in_cells, side_by_side)
"""

_PATCHES = """
    starts_column = Unsqueeze (starts, one_axis)
    rows_unwrapped = Add (starts_column, window_rows)
    rows = Mod (rows_unwrapped, n_frames)
    patches_power = Gather <axis = 1> (power, rows)
    patches_shape = Shape <start = 0, end = 2> (patches_power)
"""

_LEVEL = """
    by_frame = ReduceSum <keepdims = 1> (power, last_axis)
    mean = ReduceMean <axes = [1, 2], keepdims = 1> (by_frame)
    mean_column = Unsqueeze (mean, one_axis)
    is_silent = Less (mean_column, tiny)
    mean_or_one = Where (is_silent, one_float, mean_column)
    gain_of_sound = Div (level_gain, mean_or_one)
    gain = Where (is_silent, zero_float, gain_of_sound)
    amplified = Mul (patches_power, gain)
    above_one = Add (amplified, one_float)
    natural = Log (above_one)
    normalised = Mul (natural, log10_e)
"""

# Between floor and maximum the base of the logarithm cancels.
_DECIBELS = """
    loudest = ReduceMax <axes = [1, 2], keepdims = 1> (power)
    quietest = ReduceMin <axes = [1, 2], keepdims = 1> (power)
    loudest_column = Unsqueeze (loudest, one_axis)
    quietest_column = Unsqueeze (quietest, one_axis)
    is_silent = Less (loudest_column, tiny)
    loudest_or_one = Where (is_silent, one_float, loudest_column)
    gain = Div (one_float, loudest_or_one)
    quietest_scaled = Mul (quietest_column, gain)
    floor_power = Max (quietest_scaled, lowest)
    floor = Log (floor_power)
    has_depth = Less (floor, zero_float)
    height = Neg (floor)
    depth = Where (has_depth, height, one_float)
    scaled = Mul (patches_power, gain)
    above_floor = Max (scaled, lowest)
    below_loudest = Log (above_floor)
    from_floor = Add (below_loudest, height)
    of_sound = Div (from_floor, depth)
    normalised = Where (is_silent, zero_float, of_sound)
"""

_LOUDEST = """
    loudest = ReduceMax <axes = [1, 2], keepdims = 1> (power)
    loudest_column = Unsqueeze (loudest, one_axis)
    is_silent = Less (loudest_column, tiny)
"""

_BELOW_LOUDEST = """
    loudest_or_one = Where (is_silent, one_float, loudest_column)
    scaled = Div (patches_power, loudest_or_one)
    above_floor = Max (scaled, lowest)
"""

_BELOW_FULL_SCALE = """
    floor_of_clip = Mul (loudest_column, lowest)
    floor = Max (floor_of_clip, smallest_power)
    above_floor = Max (patches_power, floor)
"""

_FROM_FIXED_FLOOR = """
    natural = Log (above_floor)
    below_one = Mul (natural, one_over_depth)
    of_sound = Add (below_one, one_float)
    normalised = Where (is_silent, zero_float, of_sound)
"""

_CEPSTRUM = """
    less_one = Sub (normalised, one_float)
    coefficients = MatMul (less_one, cepstrum)
"""

_DELTA = """
    delta_ORDER = MatMul (delta_matrix_ORDER, coefficients)
"""

_TO_NETWORK = """
    network_log_mel = Reshape (FEATURES, patch_shape)
"""

_BY_WINDOW = """
    by_window_shape = Concat <axis = 0> (patches_shape, to_end)
    by_window = Reshape (network_probabilities, by_window_shape)
"""

_MEAN_PROBABILITIES = """
    mean_probabilities = ReduceMean <axes = [1], keepdims = 0> (by_window)
"""

_MEAN_LOGITS = """
    positive_by_window = Max (by_window, smallest_of_window)
    logits_by_window = Log (positive_by_window)
    mean_logits = ReduceMean <axes = [1], keepdims = 0> (logits_by_window)
    mean_probabilities = Softmax <axis = -1> (mean_logits)
"""

_ANSWER = """
    positive = Max (mean_probabilities, smallest)
    logits = Log (positive)
    scaled_logits = Mul (logits, one_over_temperature)
    leaves = Softmax <axis = -1> (scaled_logits)
    embedding_by_window = Reshape (network_embedding, by_window_shape)
    embedding = ReduceMean <axes = [1], keepdims = 0> (embedding_by_window)
    evidence_shape = Concat <axis = 0> (patches_shape, place_shape)
    evidence = Reshape (network_evidence, evidence_shape)
"""

_MUSIC = """
    music_by_window = Reshape (network_music, patches_shape)
    music = ReduceMean <axes = [1], keepdims = 0> (music_by_window)
"""

_HEAD = """
    NAME_by_window_shape = Concat <axis = 0> (patches_shape, to_end)
    NAME_by_window = Reshape (network_NAME, NAME_by_window_shape)
    NAME_mean = ReduceMean <axes = [1], keepdims = 0> (NAME_by_window)
    NAME_scaled = Mul (NAME_mean, NAME_one_over_temperature)
    NAME = Sigmoid (NAME_scaled)
"""

_GENRES = """
    probabilities = MatMul (leaves, genre_of_label)
    label_probabilities = Identity (leaves)
"""

_LABELS = """
    probabilities = Identity (leaves)
"""


def front_end(info: ModelInfo) -> tuple[str, Constants]:
    """From ``waveform`` [batch, samples] to ``network_log_mel`` [batch * windows, frames, n_mels].

    Leaves ``patches_shape`` [2], batch and windows, for :func:`prediction`.
    """
    spec, most = info.mel_spec, info.max_windows
    half = spec.n_fft // 2
    constants: Constants = {
        "padding": np.array([0, half, 0, half]),
        "hop_length": np.array(spec.hop_length),
        "hann": hann(spec.n_fft).astype(np.float32),
        "filters": mel_filterbank(spec),
        "zero": np.array(0),
        "one": np.array(1),
        "one_axis": np.array([1]),
        "window": np.array(info.window),
        "window_hop": np.array(info.window_hop),
        "window_hop_less_one": np.array(info.window_hop - 1),
        "window_rows": np.arange(info.window),
        "patch_shape": np.array([-1, info.window, spec.n_features]),
        "zero_float": np.float32(0),
        "one_float": np.float32(1),
        "tiny": np.float32(TINY),
    }
    text = _POWER + _WINDOWS
    if most:
        text += (_SPREAD_STARTS if most > 1 else _MIDDLE_START) + _CELLS
        powers = 2 ** np.arange(_DOUBLINGS)
        constants |= {
            "two": np.array(2),
            "max_windows": np.array(most),
            "n_steps": np.array(most - 1, np.float64),
            "end": np.array(most - 1),
            "window_less_one": np.array(info.window - 1),
            "cell_limits": CELLS * powers,
            "cell_sizes": np.array([1, *(2 * info.window * powers)]),
        }
    else:
        text += _ALL_STARTS
    normalisation, its_constants = _normalisation(spec)
    constants |= its_constants
    features, its_name, its_constants = _features(info)
    text += _PATCHES + normalisation + features + _TO_NETWORK.replace("FEATURES", its_name)
    return text, constants | its_constants


def _features(info: ModelInfo) -> tuple[str, str, Constants]:
    """The step of :mod:`melonnx.infer.frontend.features`, and what its result is called."""
    mfcc, spec = info.mel_spec.mfcc, info.mel_spec
    if mfcc is None:
        return "", "normalised", {}
    matrix = spec.depth_db * cepstrum_matrix(mfcc, spec.n_mels)
    text, constants = _CEPSTRUM, Constants(cepstrum=matrix.astype(np.float32))
    names = ["coefficients"]
    for order in range(1, mfcc.deltas + 1):
        text += _DELTA.replace("ORDER", str(order))
        constants[f"delta_matrix_{order}"] = delta_matrix(order, info.window).astype(np.float32)
        names.append(f"delta_{order}")
    text += f"    features = Concat <axis = -1> ({', '.join(names)})\n"
    return text, "features", constants


def _normalisation(spec: MelSpec) -> tuple[str, Constants]:
    if spec.log_gain:
        return _LEVEL, {
            "last_axis": np.array([2]),
            "level_gain": np.float32(spec.log_gain * spec.level),
            "log10_e": np.float32(np.log10(np.e)),
        }
    lowest = np.float32(10 ** (-spec.top_db / 10))
    if spec.reference == RANGE:
        return _DECIBELS, {"lowest": lowest}
    below = {LOUDEST: _BELOW_LOUDEST, FULL_SCALE: _BELOW_FULL_SCALE}
    return _LOUDEST + below[spec.reference] + _FROM_FIXED_FLOOR, {
        "lowest": lowest,
        "smallest_power": np.float32(SMALLEST_POWER),
        "one_over_depth": np.float32(10 / np.log(10) / spec.depth_db),
    }


def prediction(info: ModelInfo, place_shape: tuple[int, ...]) -> tuple[str, Constants]:
    """From the network's outputs by window to those of the twin.

    ``place_shape``: [frames', n_mels', labels] of the network's evidence.
    """
    constants: Constants = {
        "to_end": np.array([-1]),
        "place_shape": np.array(place_shape),
        "smallest": np.float32(SMALLEST),
        "smallest_of_window": np.float32(SMALLEST_OF_WINDOW),
        "one_over_temperature": np.float32(1 / info.temperature),
    }
    text = _BY_WINDOW + (_MEAN_LOGITS if info.pooling == "logits" else _MEAN_PROBABILITIES)
    text += _ANSWER + _MUSIC * (info.music_bar > 0)
    for name, head in info.heads.items():
        text += _HEAD.replace("NAME", name)
        constants[f"{name}_one_over_temperature"] = np.float32(1 / head.temperature)
    if not info.parents:
        return text + _LABELS, constants
    each = np.eye(len(info.labels))
    belongs = sum_by_genre(each, info.labels, info.parents)
    constants["genre_of_label"] = belongs.astype(np.float32)
    return text + _GENRES, constants
