"""Makes the table of what the backbone's fifty tags say of songs, for ``melonnx train --head``.

    python -m tests.benchmarks.tag_table MUSICNN.whl OUT.npz FOLDER [MODEL]

``MUSICNN.whl`` is the package ``musicnn`` 0.1.0 (ISC licence). Its output layer is asked, of the
embedding of ``MODEL``, a model file whose embedding is the backbone's own: ``genre-open`` by
default. Rows: ``path`` from ``FOLDER`` on; ``tags`` [songs, 50], the sigmoid of the mean logit over
the windows; and ``tags_labels``, in small letters.
"""

import sys
from pathlib import Path

import numpy as np

from melonnx.infer.library.find import find_music
from melonnx.infer.model.heads import song_values
from melonnx.infer.model.session import load_model
from melonnx.train.data.tracks import Track
from melonnx.train.network.backbone import load_backbone
from melonnx.train.network.embeddings import embed_songs
from melonnx.train.network.genre_tags import TAGS
from melonnx.train.progress import say


def main(package: str, out: str, folder: str, model: str = "genre-open") -> None:
    """Write the table."""
    root = Path(folder).resolve()
    kernel, bias = load_backbone(Path(package)).get_layer("tags").get_weights()
    tracks = [Track(path, "") for path in sorted(find_music(root, recursive=True))]
    heard = embed_songs(load_model(model, device="cpu"), tracks, say)
    np.savez(
        out,
        path=np.array([path.relative_to(root).as_posix() for path in heard]),
        tags=np.stack([song_values(windows @ kernel + bias, 1) for windows in heard.values()]),
        tags_labels=np.array([tag.lower() for tag in TAGS]),
    )
    print(f"{out}: {len(heard)} songs")


if __name__ == "__main__":
    main(*sys.argv[1:])
