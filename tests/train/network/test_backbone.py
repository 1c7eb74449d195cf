"""The backbone is the function that its checkpoint's names and weights describe, or an error."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from melonnx.train.network.backbone import BackboneError, build_backbone, load_backbone
from tests.train.conftest import random_weights, write_checkpoint


def original(weights, log_mels):
    """The published network in plain operations, each weight by its published name."""

    def conv(x, number):
        scope = f"conv2d_{number}" if number else "conv2d"
        kernel = weights[f"{scope}/kernel"]
        before = (len(kernel) - 1) // 2
        around = [(0, 0), (before, len(kernel) - 1 - before), (0, 0), (0, 0)]
        y = tf.nn.conv2d(np.pad(x, around), kernel, 1, "VALID") + weights[f"{scope}/bias"]
        return norm(np.maximum(y, 0), number + 1)

    def norm(x, number):
        scope = f"batch_normalization_{number}" if number else "batch_normalization"
        gamma, beta, mean, variance = (
            weights[f"{scope}/{name}"]
            for name in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta

    picture = norm(log_mels[..., None], 0)
    front = np.concatenate([conv(picture, number).max(axis=2) for number in range(5)], axis=-1)
    blocks = [front]
    for number in (5, 6, 7):
        x = blocks[-1]
        y = conv(x[..., None], number)[:, :, 0]
        blocks.append(y if number == 5 else x + y)
    features = np.concatenate(blocks, axis=-1)
    pooled = np.stack([features.max(axis=1), features.mean(axis=1)], axis=-1)
    pooled = norm(pooled.reshape(len(pooled), -1), 9)
    dense = pooled @ weights["dense/kernel"] + weights["dense/bias"]
    embedding = norm(np.maximum(dense, 0), 10)
    logits = embedding @ weights["dense_1/kernel"] + weights["dense_1/bias"]
    return {"features": features, "embedding": embedding, "tags": 1 / (1 + np.exp(-logits))}


def patches(n, n_frames):
    return (np.random.default_rng(n_frames).random((n, n_frames, 96)) * 4).astype(np.float32)


def assert_alike(found, wanted):
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        assert np.ptp(values) > 0.01
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-5 * np.abs(values).max())


@pytest.mark.parametrize("n_frames", [187, 40])
def test_each_weight_is_read_to_its_place(unpacked, n_frames):
    log_mels = patches(2, n_frames)
    found = load_backbone(unpacked).predict_on_batch(log_mels)
    assert_alike(found, original(random_weights(), log_mels))


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_the_package_is_read_as_it_is_downloaded(unpacked, tmp_path, kind):
    packed = Path(shutil.make_archive(str(tmp_path / "musicnn"), kind, unpacked))
    renamed = packed.rename(tmp_path / "musicnn-0.1.0-py3-none-any.whl")
    weights = load_backbone(renamed).get_layer("tags").get_weights()
    np.testing.assert_array_equal(weights[0], random_weights()["dense_1/kernel"])


def test_what_is_no_package_is_refused(unpacked, tmp_path):
    text = tmp_path / "text.whl"
    text.write_text("no zip")
    foreign = shutil.make_archive(str(tmp_path / "foreign"), "zip", Path(__file__).parent)
    damaged = Path(shutil.make_archive(str(tmp_path / "damaged"), "zip", unpacked))
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 255
    damaged.write_bytes(data)
    for path, reason in [
        (text, "neither a wheel or sdist nor a folder"),
        (tmp_path / "gone.whl", "neither a wheel or sdist nor a folder"),
        (damaged, "neither a wheel or sdist nor a folder"),
        (Path(foreign), "holds no MSD_musicnn"),
        (tmp_path, "holds no MSD_musicnn"),
    ]:
        with pytest.raises(BackboneError, match=reason) as error:
            load_backbone(path)
        assert str(path) in str(error.value)


@pytest.mark.parametrize("change", ["missing", "another shape", "cut short"])
def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path, change):
    weights = random_weights()
    if change == "missing":
        del weights["batch_normalization_7/beta"]
    if change == "another shape":
        weights["dense/kernel"] = weights["dense/kernel"][:, :100]
    write_checkpoint(tmp_path, weights)
    if change == "cut short":
        data = next(tmp_path.rglob(".data-*"))
        data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(BackboneError, match="MSD_musicnn does not fit"):
        load_backbone(tmp_path)


def test_any_number_of_front_filters_can_be_built():
    network = build_backbone(dict.fromkeys(
        ("timbral_38", "timbral_67", "temporal_128", "temporal_64", "temporal_32"), 2
    ))  # fmt: skip
    shapes = {name: value.shape for name, value in network.predict_on_batch(patches(1, 60)).items()}
    assert shapes == {"embedding": (1, 200), "tags": (1, 50), "features": (1, 60, 202)}


@pytest.fixture(scope="module")
def musicnn():
    """The real package."""
    path = Path(os.environ.get("MELONNX_MUSICNN", ""))
    if not path.is_file():
        pytest.skip("needs the wheel of musicnn 0.1.0; MELONNX_MUSICNN names it")
    return path


def test_the_published_weights_give_what_their_own_graph_gives(musicnn, tmp_path):
    shutil.unpack_archive(musicnn, tmp_path, "zip")
    prefix = f"{tmp_path.as_posix()}/musicnn/MSD_musicnn/"
    log_mels = patches(3, 187)
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        meta = tf.compat.v1.MetaGraphDef.FromString(Path(f"{prefix}.meta").read_bytes())
        for node in meta.graph_def.node:
            node.attr.pop("_output_shapes", None)  # today's import finds other ones
        saver = tf.compat.v1.train.import_meta_graph(meta, clear_devices=True)
        saver.restore(session, prefix)
        names = {
            "features": "model/concat_1:0",
            "embedding": "model/batch_normalization_10/batchnorm/add_1:0",
            "tags": "model/Sigmoid:0",
        }
        tensors = {name: graph.get_tensor_by_name(tensor) for name, tensor in names.items()}
        feeds = {"model/Placeholder:0": log_mels, "model/Placeholder_2:0": False}
        wanted = session.run(tensors, feeds)
    wanted["features"] = wanted["features"][..., 0]
    assert_alike(load_backbone(musicnn).predict_on_batch(log_mels), wanted)


def test_the_open_models_tags_are_the_published_layer(musicnn):
    import onnx
    from onnx import numpy_helper

    from melonnx.infer.model.session import find_model

    graph = onnx.load(find_model("genre-open")).graph
    held = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    wanted = load_backbone(musicnn).get_layer("tags").get_weights()
    for name, weights in zip(("tags_kernel", "tags_bias"), wanted, strict=True):
        np.testing.assert_array_equal(held[name], weights)
