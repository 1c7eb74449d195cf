"""Writes a model file again that also knows which songs it has learnt from, and nothing else new.

    python -m tests.benchmarks.add_learnt FILE.onnx OUT.onnx DATA [DATA ...] [--without GENRE ...]

For files that were exported before they could know. DATA are the folders that FILE was trained on,
as ``melonnx train`` had them, in the same encodings. Every weight and every step is as in FILE,
which is checked; the entry, at most 20 kB, lists no song. A twin of either is made anew.
"""

import argparse
from pathlib import Path

import onnx

from melonnx.export.place import put_in_place
from melonnx.export.seal import describe, seal
from melonnx.export.wave.twin import twin_path
from melonnx.infer.model.session import find_model, load_model
from melonnx.train.data.readers.dataset import read_datasets
from melonnx.train.evaluate.learnt_songs import learnt_from


def main() -> None:
    """Write OUT, and print how many songs it knows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--without", action="append", default=[])
    given = parser.parse_args()
    file, info = find_model(given.file), load_model(given.file, device="cpu").info
    roots = [root.resolve() for root in given.data]
    dataset = read_datasets(roots, None, subgenres=False, without=given.without, weights={})
    learnt = learnt_from(dataset.tracks)
    before, after = onnx.load(file), onnx.load(file)
    describe(after, info, learnt)
    assert after.graph == before.graph
    out, wave = given.out, twin_path(given.out).exists() or twin_path(file).exists()
    put_in_place(seal(after), out, print, wave=wave)
    has = load_model(out, device="cpu").learnt
    assert has is not None
    size = out.stat().st_size - file.stat().st_size
    print(f"{out}: {has.songs} of {len(dataset.tracks)} songs, {size / 1e3:.1f} kB more")


if __name__ == "__main__":
    main()
