"""Work is done by the pool's threads only, whatever thread asks."""

from concurrent.futures import ThreadPoolExecutor
from inspect import signature
from threading import get_ident

import pytest

from melonnx.demo.page.threads import on_workers


def name(song: str) -> tuple[str, int]:
    return song, get_ident()


def letters(song: str):
    for letter in song:
        yield letter, get_ident()


def fail(song: str):
    yield song
    raise ValueError(song)


def test_calls_and_steps_are_the_pools():
    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(8) as callers:
        worker = pool.submit(get_ident).result()
        answers = callers.map(on_workers(pool, name), "abcdefgh")
        assert list(answers) == [(letter, worker) for letter in "abcdefgh"]
        steps = on_workers(pool, letters)
        assert list(steps("xyz")) == [(letter, worker) for letter in "xyz"]
        assert list(signature(steps).parameters) == ["song"]


def test_errors_come_through():
    with ThreadPoolExecutor(1) as pool:
        steps = on_workers(pool, fail)("song")
        assert next(steps) == "song"
        with pytest.raises(ValueError, match="song"):
            next(steps)
