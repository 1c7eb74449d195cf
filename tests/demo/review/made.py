"""A library of short songs as ``melonnx classify -o`` would describe it, without hearing them."""

import json
from pathlib import Path

from melonnx.infer.prediction import Prediction, Segment
from tests.conftest import encode, make_song

__all__ = ["LABELS", "make_library"]

LABELS = ("rock", "pop", "jazz", "folk")
RATE = 8000


def make_library(folder: Path, songs: int = 6, seconds: float = 4.0) -> Path:
    """``library.jsonl`` in ``folder``, beside ``music/``: albums of three songs, every second song
    unsure, with embeddings.
    """
    rows = []
    for number in range(songs):
        album = folder / "music" / f"album {number // 3}"
        album.mkdir(parents=True, exist_ok=True)
        path = album / f"song {number}.wav"
        path.write_bytes(encode(make_song(seconds, RATE, seed=number), RATE, "WAV", "PCM_16"))
        first = number % len(LABELS)
        labels = LABELS[first:] + LABELS[:first]
        shares = (0.4, 0.3, 0.2, 0.1) if number % 2 else (0.97, 0.01, 0.01, 0.01)
        half = seconds / 2
        segments = (Segment(0, half, labels[1], 0.5), Segment(half, seconds, labels[0], 0.8))
        prediction = Prediction(
            str(path), label=labels[0], score=shares[0], unsure=bool(number % 2),
            probabilities=dict(zip(labels, shares, strict=True)), timeline=segments,
            duration_s=seconds, model="made 1.0",
        )  # fmt: skip
        row = {**prediction.to_dict(), "embedding": [number % 3, number / songs] * 100}
        row["timeline"] = [{**one, "energy": 0.5} for one in row["timeline"]]  # a newer melonnx's
        rows.append(row)
    failed = Prediction("gone.mp3", status="unreadable", error="gone.mp3: is damaged")
    rows.append({**failed.to_dict(), "embedding": None})
    results = folder / "library.jsonl"
    results.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return results
