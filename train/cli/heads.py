"""``melonnx train --head``: a new head for genres, or further ones beside them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from melonnx.train.cli.datasets import read_data
from melonnx.train.progress import say

if TYPE_CHECKING:
    from melonnx.train.cli.exporters import MakeHeads

__all__ = ["add_heads", "train_head", "try_labels"]


def train_head(
    load_exporter: "Callable[[], MakeHeads]",
    data: Sequence[Path],
    out: Path,
    artists: Path | None,
    base: Path | None,
    without: Sequence[str],
    weights: dict[str, float],
    cache: Path,
) -> None:
    """Write ``out``: genres of one's own on the network of ``base``; prints what they are worth."""
    from melonnx.train.own_genres import warnings_of

    export_head = load_exporter().own_genres  # first, so that what is not installed is told at once
    dataset = read_data(data, artists, without, weights, subgenres=False)
    tracks, of = list(dataset.tracks), " and ".join(root.resolve().name for root in data)
    made = export_head(tracks, base, out, name=out.stem, dataset=of, say=say, cache=cache)
    print(f"split by artist: {made.info.split}", "", *made.own.report.lines(), "", sep="\n")
    for line in warnings_of(made.own):
        print(f"note: {line}")
    print(f"wrote {out} ({out.stat().st_size / 1e6:.2f} MB)")
    say(f"done; now: melonnx classify SONG --model {out}")


def try_labels(
    data: Sequence[Path],
    artists: Path | None,
    base: Path | None,
    without: Sequence[str],
    weights: dict[str, float],
    cache: Path,
) -> None:
    """Print how well a head would tell the folders apart, and what to look at; writes no model."""
    from melonnx.infer.model.session import find_model, load_model
    from melonnx.train.label_check import label_lines
    from melonnx.train.network.embedding_cache import EmbeddingCache
    from melonnx.train.network.embeddings import embed_songs
    from melonnx.train.own_genres import fit_own_genres, warnings_of

    model = load_model(base, device="cpu")
    dataset = read_data(data, artists, without, weights, subgenres=False)
    say(f"{len(dataset.tracks)} songs; hearing them with {model.info.name} {model.info.version}")
    heard = embed_songs(model, dataset.tracks, say, EmbeddingCache(cache, find_model(base)))
    songs = [track for track in dataset.tracks if track.path in heard]
    own = fit_own_genres(songs, [heard[track.path] for track in songs], model.info.pooling)
    low, high = own.report.accuracy_interval
    print(f"split by artist: {own.split.partition(';')[0]}")
    print(f"accuracy {own.report.accuracy:.1%} (95%: {low:.1%} to {high:.1%})", "", sep="\n")
    print(*label_lines(own.answers, own.report.confusion), "", sep="\n")
    for line in warnings_of(own):
        print(f"note: {line}")
    say("nothing was written; with --out MINE.onnx instead of --try it becomes a model file")


def add_heads(
    load_exporter: "Callable[[], MakeHeads]",
    data: Sequence[Path],
    out: Path,
    artists: Path | None,
    base: Path | None,
    names: Sequence[str],
    teacher: Path | None,
    cache: Path,
) -> None:
    """Write ``out``: ``base`` with a head for each column of ``names``; prints what they are worth.

    The first is of ``teacher``, where there is one.
    """
    from melonnx.train.data.columns import read_column, read_taught

    export_heads = load_exporter().further
    roots = [root.resolve() for root in data]
    columns = [
        read_taught(teacher, roots[0], name) if teacher and not number
        else read_column(roots, artists, name)
        for number, name in enumerate(names)
    ]  # fmt: skip
    dataset = read_data(data, artists, (), {}, subgenres=False)
    of = " and ".join(root.name for root in roots)
    made = export_heads(dataset.tracks, columns, base, out, dataset=of, say=say, cache=cache)
    for name, head in made.items():
        print(f"{name} ({head.kind}), {head.split}")
        for figure, value in head.metrics.items():
            print(f"  {figure}: {value}")
    print(f"wrote {out} ({out.stat().st_size / 1e6:.2f} MB)")
    say(f"done; now: melonnx classify SONG --tags --model {out}")
