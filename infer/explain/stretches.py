"""Joins a stream's predictions to stretches of one label: what was playing, and until when."""

from collections import defaultdict, deque

from melonnx.infer.prediction import Prediction, Segment
from melonnx.infer.units import clock

__all__ = ["Stretches"]

_MOST_STRETCHES = 64


class Stretches:
    """What a stream was found to be so far; of one without end, only the last stretches.

    A prediction of the last 30 s counts for what is new in it: from the one before it to its end.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        """By label; "no music", or by status where there was no answer."""
        self.latest: deque[Segment] = deque(maxlen=_MOST_STRETCHES)
        """Neighbours have different labels; the score is the highest in the stretch, energy and
        valence are the last answer's in it."""

    def add(self, prediction: Prediction) -> None:
        """Take in the next prediction of a stream."""
        if prediction.end_s is None:
            raise ValueError(f"{prediction.path}: is no prediction of a stream")
        label = prediction.label or prediction.status
        if not prediction.is_music:
            label = "no music"
        score = prediction.score or 0.0
        begin = self.latest[-1].end_s if self.latest else 0.0
        self.seconds[label] += prediction.end_s - begin
        if self.latest and self.latest[-1].label == label:
            last = self.latest.pop()
            begin, score = last.start_s, max(last.score, score)
        moods = prediction.energy, prediction.valence
        self.latest.append(Segment(begin, prediction.end_s, label, score, *moods))

    def summary(self) -> str:
        """One line: how long it was heard, and how long each label was the answer."""
        falling = sorted(self.seconds.items(), key=lambda entry: -entry[1])
        parts = [f"{label} {clock(seconds)}" for label, seconds in falling]
        return f"heard {clock(sum(self.seconds.values()))}: {', '.join(parts) or 'nothing'}"
