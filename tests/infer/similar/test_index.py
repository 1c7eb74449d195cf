"""An index reads back as it was written, in each of its layouts."""

import json

import numpy as np
import pytest

from melonnx.infer.errors import IndexFileError
from melonnx.infer.similar.index import npz_writer, read_index

NAMES = ["a/one.mp3", 'b/t\nwo,".mp3', "c/not utf-8 \udcff.mp3", "d/" + "long" * 50]
EMBEDDINGS = np.random.default_rng(0).standard_normal((4, 7)).astype(np.float32)
SCORES = [0.1 + 0.2, 0.5, 1.0, 1 / 3]


def write_npz(path):
    with npz_writer(path, "tiny 0") as add:
        for name, score, embedding in zip(NAMES, SCORES, EMBEDDINGS, strict=True):
            add(name, "rock", score, embedding)
    return path


def write_json(path):
    rows = [
        {"path": name, "label": "rock", "score": score, "model": "tiny 0", "embedding": embedding}
        for name, score, embedding in zip(NAMES, SCORES, EMBEDDINGS.tolist(), strict=True)
    ]
    failed = {"path": "x", "label": None, "score": None, "model": "tiny 0", "embedding": None}
    path.write_text("".join(json.dumps(row) + "\n" for row in [failed, *rows]))
    return path


@pytest.mark.parametrize(("write", "name"), [(write_npz, "i.npz"), (write_json, "i.jsonl")])
def test_what_is_written_is_read(tmp_path, write, name):
    index = read_index(write(tmp_path / name))
    assert index.paths == NAMES
    assert index.labels == ["rock"] * 4
    assert index.scores.tolist() == SCORES
    assert index.embeddings.dtype == np.float32
    assert (index.embeddings == EMBEDDINGS).all()
    assert index.model == "tiny 0"


def test_npz_is_plain_arrays_equal_in_every_byte_and_alone(tmp_path):
    first, second = write_npz(tmp_path / "a.npz"), write_npz(tmp_path / "b.npz")
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]
    with np.load(first, allow_pickle=False) as arrays:
        assert set(arrays) == {"paths", "labels", "scores", "unsure", "embeddings", "model"}
        assert arrays["model"].shape == ()


def test_an_index_of_no_song_reads(tmp_path):
    with npz_writer(tmp_path / "none.npz", "tiny 0"):
        pass
    assert read_index(tmp_path / "none.npz").embeddings.shape == (0, 0)


def test_what_is_no_index_says_so(tmp_path):
    for name, text, reason in (
        ("a.npz", "words", "is no index"),
        ("a.jsonl", "words", "is no index"),
        ("b.jsonl", '{"path": "a"}', "has no embeddings"),
        ("a.parquet", "words", "is no index"),
        ("a.txt", "", "ends in .npz"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(IndexFileError, match=reason):
            read_index(tmp_path / name)
    with pytest.raises(IndexFileError, match="cannot be read"):
        read_index(tmp_path / "gone.npz")


def test_two_models_do_not_mix(tmp_path):
    row = {"path": "a", "label": "rock", "score": 1, "embedding": [1.0]}
    rows = [row | {"model": model} for model in ("tiny 0", "tiny 1")]
    (tmp_path / "i.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(IndexFileError, match="heard by 2 models: tiny 0, tiny 1"):
        read_index(tmp_path / "i.jsonl")


def test_damage_of_any_kind_is_one_error(tmp_path):
    with npz_writer(tmp_path / "i.npz", "tiny 0") as add:
        for i in range(20):
            add(f"{i}.mp3", "rock", 0.5, np.arange(8, dtype=np.float32) + i)
    whole = (tmp_path / "i.npz").read_bytes()
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(600):
        data = bytearray(whole)
        for at in rng.integers(0, len(data), 3):
            data[at] = rng.integers(256)
        (tmp_path / "damaged.npz").write_bytes(data[: rng.integers(1, 2 * len(data))])
        try:
            read_index(tmp_path / "damaged.npz")
        except IndexFileError:
            refused += 1
    assert refused > 300


@pytest.mark.parametrize("data", [b"", b"[" * 100_000])
@pytest.mark.parametrize("name", ["i.npz", "i.jsonl"])
def test_neither_nothing_nor_a_heap_of_brackets_is_a_traceback(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    if name == "i.jsonl" and not data:
        assert read_index(path).paths == []
        return
    with pytest.raises(IndexFileError, match="is no index"):
        read_index(path)


@pytest.mark.parametrize(
    "change", [{"path": 1}, {"path": None}, {"label": 2.5}, {"model": [1]}, {"embedding": "x"}]
)
@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_columns_of_other_kinds_are_refused(tmp_path, suffix, change):
    row = {"path": "a", "label": "rock", "score": 0.5, "embedding": [1.0, 2.0], "model": "m 1"}
    path = tmp_path / f"i.{suffix}"
    if suffix == "jsonl":
        path.write_text(json.dumps(row | change))
    else:
        import pyarrow
        from pyarrow.parquet import write_table

        write_table(pyarrow.Table.from_pylist([row | change]), path)
    with pytest.raises(IndexFileError):
        read_index(path)


def test_rows_of_a_table_that_differ_in_length_are_not_mixed(tmp_path):
    import pyarrow
    from pyarrow.parquet import write_table

    row = {"path": "a", "label": "rock", "score": 0.5, "model": "m 1"}
    rows = [row | {"embedding": [1.0]}, row | {"embedding": [1.0, 2.0, 3.0]}]
    write_table(pyarrow.Table.from_pylist(rows), tmp_path / "i.parquet")
    with pytest.raises(IndexFileError):
        read_index(tmp_path / "i.parquet")


def test_nothing_lies_beside_an_index_that_is_written(tmp_path):
    """Windows removes no file that is open."""
    with npz_writer(tmp_path / "i.npz", "tiny 0") as add:
        add("a", "rock", 0.5, np.ones(4, np.float32))
        assert not list(tmp_path.iterdir())
