"""Batches are a function of seed and number, augmented crops of the right tracks."""

import numpy as np

from melonnx.train.fit.augmentation import augment, crop, mix_up
from melonnx.train.fit.crops import Examples, crop_batches, every_patch
from melonnx.train.settings import Settings


def labelled():
    log_mels = [np.full((50 + 20 * i, 8), (i + 1) / 10, np.float16) for i in range(6)]
    classes = np.array([0, 0, 0, 0, 1, 1])
    return Examples([(one,) for one in log_mels], np.eye(2, dtype=np.float32)[classes], classes)


def take(number, first=0, seed=3):
    settings = Settings(window=40, batch_size=16, mixup=0.2, seed=seed)
    batches = crop_batches(labelled(), settings, first)
    return [tuple(part.numpy() for part in batch) for batch in batches.take(number)]


def test_batches_do_not_depend_on_where_one_begins():
    for whole, resumed in zip(take(5)[3:], take(2, first=3), strict=True):
        np.testing.assert_array_equal(whole[0], resumed[0])
        np.testing.assert_array_equal(whole[1], resumed[1])


def test_another_seed_is_other_batches():
    assert not np.array_equal(take(1)[0][0], take(1, seed=4)[0][0])


def test_shapes_types_and_targets():
    ((patches, targets),) = take(1)
    assert patches.shape == (16, 40, 8)
    assert patches.dtype == targets.dtype == np.float32
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert patches.min() >= 0
    assert patches.max() <= 1


def test_every_patch_covers_each_track_as_inference_does():
    patches, owners = every_patch([one[0] for one in labelled().log_mels], 40, 20)
    assert patches.shape[1:] == (40, 8)
    assert np.bincount(owners).tolist() == [2, 3, 4, 5, 6, 7]
    for patch, owner in zip(patches, owners, strict=True):
        np.testing.assert_allclose(patch, (owner + 1) / 10, atol=1e-3)


def test_crop_is_a_stretch_of_the_track_and_short_tracks_are_repeated():
    ramp = np.linspace(0, 1, 400, dtype=np.float16)[:, None].repeat(16, axis=1)
    for seed in range(20):
        patch = crop(ramp, 100, np.random.default_rng(seed))
        assert patch.shape == (100, 16)
        steps = np.diff(patch[:, 5])
        assert (steps >= 0).all()
        assert 0.86 * 100 / 400 < patch[-1, 5] - patch[0, 5] < 1.16 * 100 / 400
    assert crop(ramp[:7], 100, np.random.default_rng(0)).shape == (100, 16)


def test_crop_moves_the_pitch_both_ways():
    ridge = np.zeros((200, 64), np.float16)
    ridge[:, 30] = 1
    peaks = [crop(ridge, 50, np.random.default_rng(seed))[0].argmax() for seed in range(40)]
    assert 26 <= min(peaks) < 29
    assert 31 < max(peaks) <= 34


def test_augmented_patches_stay_in_range_and_differ():
    rng = np.random.default_rng(0)
    patch = rng.random((60, 128), np.float32)
    before = patch.copy()
    changed = [augment(patch, np.random.default_rng(seed)) for seed in range(30)]
    np.testing.assert_array_equal(patch, before)
    for one in changed:
        assert one.shape == patch.shape
        assert one.dtype == np.float32
        assert 0 <= one.min() <= one.max() <= 1
        assert np.abs(one - patch).mean() > 0.005
    # A third have their top bands cut, as low-rate sources have.
    assert 3 <= sum(not one[:, -1].any() for one in changed) <= 20


def test_mix_up_keeps_the_larger_share_of_each():
    patches = np.arange(4, dtype=np.float32)[:, None, None] * np.ones((4, 2, 2), np.float32)
    targets = np.eye(4, dtype=np.float32)
    mixed, mixed_targets = mix_up(patches, targets, 0.4, np.random.default_rng(0))
    assert (mixed_targets[np.arange(4), np.arange(4)] >= 0.5).all()
    np.testing.assert_allclose(mixed[:, 0, 0], mixed_targets @ np.arange(4), atol=1e-6)


def test_without_augmentation_batches_hold_the_tracks_own_frames():
    frames = np.arange(300, dtype=np.float16)[:, None].repeat(8, axis=1) / 512
    examples = Examples([(frames,), (frames[:30],)], np.eye(2, dtype=np.float32), np.arange(2))
    settings = Settings(window=40, batch_size=16, mixup=0, augment=False)
    (patches, targets), *_ = crop_batches(examples, settings, 0).take(1).as_numpy_iterator()
    for patch, target in zip(patches * 512, targets, strict=True):
        first = patch[0, 0]
        wanted = np.arange(40) + first if target[0] else np.arange(40) % 30
        np.testing.assert_array_equal(patch, wanted[:, None].repeat(8, axis=1))
