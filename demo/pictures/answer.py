"""Draws an answer alone, without its song: what ``Prediction.plot`` gives."""

import numpy as np
from matplotlib.figure import Figure

from melonnx.demo.pictures.predictions import MOST_GENRES, plot_probabilities, plot_timeline
from melonnx.demo.pictures.style import DARK, LEFT, LIGHT, panels
from melonnx.infer.prediction import Prediction

__all__ = ["draw_answer"]

_WIDTH = 9.0


def draw_answer(prediction: Prediction, *, dark: bool = False) -> Figure:
    """Every genre's probability, and below it the timeline, where there is one.

    Of a stretch, the likeliest genre alone is known. Raises ValueError where there is no answer.
    """
    if not prediction.probabilities:
        raise ValueError(f"{prediction!r} has no answer to draw")
    style = DARK if dark else LIGHT
    genres = list(prediction.probabilities)[:MOST_GENRES]
    stretches = [one for one in prediction.timeline if one.end_s > one.start_s]
    told = list(dict.fromkeys(one.label for one in stretches if one.score))
    heights = [(0.3 + 0.22 * len(rows), 0.0) for rows in (genres, told) if rows]
    left = max(LEFT, 0.15 + 0.075 * max(map(len, [*genres, *told])))
    figure, axes = panels(heights, style, _WIDTH, left)
    score = prediction.score or 0.0
    plot_probabilities(axes[0], prediction.probabilities, style, score, unsure=prediction.unsure)
    if told:
        shares = np.array(
            [[one.score if one.label == genre else 0.0 for genre in told] for one in stretches]
        )
        bounds = [stretches[0].start_s, *(one.end_s for one in stretches)]
        plot_timeline(axes[1], shares, bounds, told, style)
    return figure
