"""Few threads for the page's work: each keeps the memory that it once took.

Gradio has 40, which each draw in turn: 700 MB after a hundred pictures, where two keep 400.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any

__all__ = ["on_workers"]

_END = object()


def on_workers(pool: ThreadPoolExecutor, call: Callable[..., Any]) -> Callable[..., Any]:
    """``call``, or each step of it if it yields, run by ``pool``, and waited for."""

    @wraps(call)
    def once(*arguments: Any) -> Any:
        return pool.submit(call, *arguments).result()

    @wraps(call)
    def step_by_step(*arguments: Any) -> Iterator[Any]:
        steps = call(*arguments)
        while (step := pool.submit(next, steps, _END).result()) is not _END:
            yield step

    return step_by_step if isgeneratorfunction(call) else once
