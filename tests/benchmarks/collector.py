"""Prints what a head would learn from a collector's decisions, on songs that are not yet decided.

    python -m tests.benchmarks.collector RUN DATA KEPT [PICTURE]

RUN: a run with folds (``melonnx train --folds``), exported, of which each fold's network has not
heard the artists of its test part. Those songs, of ``songs/`` and ``previews/`` in DATA, are one
library each, and their ``tracks.csv`` is the collector, who has two names of their own: what its
``style`` calls indie, and R&B. KEPT: a folder for what was heard. PICTURE: where the curves are
drawn. Right is the collector's own name, or else the genre or one of ``also``. Each of five seeds
draws four fifths of each library; what is printed is the mean over libraries and seeds, and how
far the seeds' means spread (standard deviation).
"""

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from melonnx.demo.review.worth import worth_asking
from melonnx.infer import Predictor
from tests.benchmarks.drawn_head import LearntHead, fit, probabilities, with_own_labels

OWN = {"indie": "indie", "r&b": "R&B"}
"""By a word of ``style``: what the collector calls it."""
COUNTS = (0, 25, 50, 100, 200)
SEEDS = 5
SHARE = 0.8
"""Of each library's songs, that a seed draws."""
NEAREST = 200
"""Decisions that are spread over unlike songs, in the order that is."""
STRENGTHS = {"strong": (1000.0, 30.0), "weak": (30.0, 30.0)}
"""How far the model's labels are drawn to what they were, and own ones to where they begin."""
FROM_NOTHING = 30.0


@dataclass(frozen=True)
class Library:
    """What one fold's network, which has not heard these artists, says of them."""

    head: LearntHead
    embeddings: NDArray[np.float64]
    unsure: NDArray[np.bool_]
    about: list[dict[str, str]]

    def truth(self, *, own: bool) -> list[str]:
        """What the collector calls each song."""
        return [_own_name(row) if own else row["genre"] for row in self.about]


def _own_name(row: dict[str, str]) -> str:
    words = row["style"].lower()
    return next((name for word, name in OWN.items() if word in words), row["genre"])


def libraries(run: Path, data: Path, kept: Path) -> Iterator[Library]:
    """One for each fold."""
    about: dict[str, dict[str, str]] = {}
    for folder in ("songs", "previews"):
        with (data / folder / "tracks.csv").open(newline="", encoding="utf-8") as file:
            about |= {f"{folder}/{row['path']}": row for row in csv.DictReader(file)}
    for fold in sorted(run.glob("fold-*")):
        heard = kept / f"{fold.name}.npz"
        if not heard.exists():
            hear(fold, data, set(about), heard)
        with np.load(heard, allow_pickle=False) as arrays:
            rows = [about[str(path)] for path in arrays["paths"]]
            head = head_of(fold / "model.onnx")
            yield Library(head, arrays["E"].astype(np.float64), arrays["unsure"], rows)


def hear(fold: Path, data: Path, known: set[str], out: Path) -> None:
    """Keep embeddings, and whether the answer is unsure, of a fold's test songs."""
    predictor = Predictor(fold / "model.onnx", device="cpu")
    with (fold / "tracks.csv").open(newline="", encoding="utf-8") as file:
        tracks = [row["path"] for row in csv.DictReader(file) if row["part"] == "test"]
    paths = [path for path in tracks if path in known]
    answers = [predictor.predict(data / path) for path in paths]
    np.savez(
        out,
        paths=np.array(paths),
        E=np.array([answer.embedding for answer in answers]),
        unsure=np.array([answer.unsure for answer in answers]),
    )


def head_of(file: Path) -> LearntHead:
    """A model's last layer, its temperature in it."""
    info, graph = Predictor(file, device="cpu").info, onnx.load(file).graph
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights |= {
        node.output[0]: weights[node.input[0]]
        for node in graph.node
        if node.op_type == "Cast" and node.input[0] in weights
    }
    product = next(  # further heads multiply the embedding, too
        node
        for node in graph.node
        if node.op_type == "MatMul"
        and node.input[0] == "embedding"
        and weights[node.input[1]].shape[-1] == len(info.labels)
    )
    added = next(node for node in graph.node if product.output[0] in node.input)
    kernel, bias = (weights[node.input[1]].astype(np.float64) for node in (product, added))
    return LearntHead(info.labels, kernel / info.temperature, bias / info.temperature)


def orders(library: Library, seed: int) -> dict[str, NDArray[np.int64]]:
    """By name, in which order the collector decides."""
    said = probabilities(library.head, library.embeddings)
    worth = worth_asking(
        said.astype(np.float32), library.unsure, library.embeddings.astype(np.float16)
    )
    return {
        "random": np.random.default_rng(seed).permutation(len(said)),
        "least sure": np.argsort(said.max(axis=1), kind="stable"),
        "the page's": np.argsort(-worth, kind="stable"),
        "and diverse": spread(worth - 2 * library.unsure, library.unsure, library.embeddings),
    }


def spread(
    worth: NDArray[np.floating], unsure: NDArray[np.bool_], embeddings: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Unsure songs first, each worth less the more it is like one that comes before it."""
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    near, left, order = np.zeros(len(worth)), np.ones(len(worth), bool), []
    for _ in range(min(NEAREST, len(worth))):
        now = int(np.where(left, worth * (1 - near) + 2 * unsure, -1).argmax())
        near = np.maximum(near, units @ units[now])
        left[now] = False
        order.append(now)
    rest = np.argsort(-(worth + 2 * unsure), kind="stable")
    return np.array([*order, *rest[left[rest]]])


def drawn(library: Library, seed: int) -> Library:
    """A part of it, by chance."""
    n = len(library.about)
    kept = np.sort(np.random.default_rng(seed).permutation(n)[: round(SHARE * n)])
    about = [library.about[row] for row in kept]
    return Library(library.head, library.embeddings[kept], library.unsure[kept], about)


def right(
    head: LearntHead, library: Library, truth: list[str], rows: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Of each song of ``rows``, whether ``head`` says what the collector would."""
    said = probabilities(head, library.embeddings[rows]).argmax(axis=1)
    found: list[bool] = []
    for row, answer in zip(rows, said, strict=True):
        about = library.about[row]
        others = about["also"].split(";") if truth[row] == about["genre"] else []
        found.append(head.labels[answer] in (truth[row], *others))
    return np.array(found)


def after(
    library: Library, truth: list[str], own: tuple[str, ...], decided: NDArray[np.int64]
) -> dict[str, LearntHead]:
    """The heads that are compared, each fitted to the same decisions."""
    old = library.head
    if not len(decided):
        return {"the model": old}
    labels = (*old.labels, *own)
    rows = np.array([row for row in decided if truth[row] in labels])
    targets = np.eye(len(labels))[[labels.index(truth[row]) for row in rows]]
    vectors, spread = library.embeddings[rows], library.embeddings.std(axis=0)
    prior = with_own_labels(old, own, vectors, targets)
    heads = {"the model": old}
    for name, (of_model, of_own) in STRENGTHS.items():
        strength = np.array([of_model] * len(old.labels) + [of_own] * len(own))
        heads[f"{name} prior"] = fit(prior, vectors, targets, strength, spread)
    nothing = LearntHead(labels, np.zeros_like(prior.kernel), np.zeros(len(labels)))
    strength = np.full(len(labels), FROM_NOTHING)
    return heads | {"from nothing": fit(nothing, vectors, targets, strength, spread)}


Curves = dict[tuple[str, int, str], list[float]]
"""By order, decisions and head: of each seed, the share that is right of what is not decided."""


def curves(known: list[Library], own: tuple[str, ...]) -> Curves:
    """The mean over the libraries, a seed each."""
    found: Curves = {}
    for seed in range(SEEDS):
        shares: dict[tuple[str, int, str], list[float]] = {}
        for library in (drawn(one, seed) for one in known):
            truth = library.truth(own=bool(own))
            for order, rows in orders(library, seed).items():
                for count in COUNTS:
                    decided, rest = rows[:count], rows[count:]
                    for name, head in after(library, truth, own, decided).items():
                        share = float(right(head, library, truth, rest).mean())
                        shares.setdefault((order, count, name), []).append(share)
        for key, of_libraries in shares.items():
            found.setdefault(key, []).append(float(np.mean(of_libraries)))
    return found


def draw(by_names: dict[str, Curves], picture: Path) -> None:
    """Orders beside each other as the model is, and heads beside each other in the page's order."""
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams["svg.hashsalt"], rcParams["svg.fonttype"] = "melonnx", "none"
    lines = [
        ("random", "the model", "asked by lot", "#6b7280", "-"),
        ("least sure", "the model", "least sure first", "#0072b2", "-"),
        ("the page's", "the model", "the page's order", "#d55e00", "-"),
        ("and diverse", "the model", "and diverse", "#009e73", "-"),
        ("the page's", "strong prior", "the page's, head of strong prior", "#d55e00", "--"),
        ("the page's", "from nothing", "the page's, head from nothing", "#d55e00", ":"),
    ]
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (title, found) in zip(panels, by_names.items(), strict=True):
        for order, head, label, colour, style in lines:
            counts = [count for count in COUNTS if count or head == "the model"]
            values = 100 * np.array([found[order, count, head] for count in counts])
            mean, around = values.mean(axis=1), values.std(axis=1)
            axes.plot(counts, mean, style, color=colour, label=label)
            axes.fill_between(
                counts, mean - around, mean + around, color=colour, alpha=0.15, linewidth=0
            )
        axes.set(title=title, xlabel="songs decided", xticks=COUNTS, ylim=(30, 100))
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("right on the rest (%)")
    panels[1].legend(fontsize=8, loc="lower right")
    figure.savefig(picture, metadata={"Date": None})


def main(run: str, data: str, kept: str, picture: str | None = None) -> None:
    """A table for the model's own names, and one with the collector's."""
    known = list(libraries(Path(run), Path(data), Path(kept)))
    print(f"{len(known)} libraries, {sum(len(one.about) for one in known)} songs, {SEEDS} seeds")
    made: dict[str, Curves] = {}
    for title, own in (("the model's names", ()), ("and two own names", tuple(OWN.values()))):
        print(f"\n{title}: {', '.join(own) or 'none of the collector'}\n")
        names = ("the model", *(f"{name} prior" for name in STRENGTHS), "from nothing")
        print("| order | decided | " + " | ".join(names) + " |")
        print("|---" * (2 + len(names)) + "|")
        made[title] = found = curves(known, own)
        for order, count in dict.fromkeys((order, count) for order, count, _ in found):
            cells = [
                f"{100 * np.mean(found[order, count, name]):.1f} ± "
                f"{100 * np.std(found[order, count, name]):.1f}"
                for name in (names if count else names[:1])
            ]
            print(f"| {order} | {count} | " + " | ".join(cells) + " |", flush=True)
    if picture is not None:
        draw(made, Path(picture))


if __name__ == "__main__":
    main(*sys.argv[1:])
