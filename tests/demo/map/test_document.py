"""The map is one file that holds its songs, whatever they are called."""

import base64
import json
import re

import numpy as np

from melonnx.demo.map.document import to_html
from melonnx.infer.similar.index import Index, npz_writer

NAMES = ["/a/</script><b>.mp3", "/b/not utf-8 \udcff.mp3", "/c/<!-- %%SONGS%%.mp3"]
INDEX = Index(
    NAMES, ["pop", "rock", "pop"], np.ones(3), np.eye(3, 4, dtype=np.float32), "m 1",
    np.array([False, True, False]),
)  # fmt: skip
PLACES = np.array([[0, 0], [1, 0.5], [0.25, 1]], np.float32)


def songs_of(text):
    (data,) = re.findall(
        r'<script id="songs" type="application/json">(.*?)</script>', text, re.DOTALL
    )
    return json.loads(data)


def test_all_songs_are_in_it_and_none_ends_its_script():
    text = to_html(INDEX, PLACES, "tsne", "mine & <yours> %%SONGS%%")
    assert text.count("<title>mine &amp; &lt;yours&gt; %%SONGS%%</title>") == 1
    assert "%%TITLE%%" not in text
    songs = songs_of(text)
    assert songs["paths"] == NAMES
    assert songs["genres"] == ["pop", "rock"]
    unpacked = {
        name: np.frombuffer(base64.b64decode(songs[name]), "<u2").tolist()
        for name in ("genre", "unsure", "x", "y")
    }
    assert unpacked["genre"] == [0, 1, 0]
    assert unpacked["unsure"] == [0, 1, 0]
    assert unpacked["x"] == [0, 65535, 16384]
    assert not re.search(r"(src|href)=|https?://|@import|url\(", text)


def test_the_command_writes_it_and_refuses_what_is_no_page(melonnx, tmp_path):
    index, out = tmp_path / "i.npz", tmp_path / "map.html"
    with npz_writer(index, "m 1") as add:
        for at, row in enumerate(np.eye(5, 6, dtype=np.float32)):
            add(f"/{at}.mp3", "pop", 0.9, row, unsure=at == 0)
    run = melonnx("map", index, "-o", out, "--layout", "pca")
    assert (run.returncode, run.stderr) == (0, f"melonnx: 5 songs in {out}\n")
    assert len(songs_of(out.read_text())["paths"]) == 5
    assert melonnx("map", index, "-o", tmp_path / "map.png").returncode == 2
