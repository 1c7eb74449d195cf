"""The page's layout: what stands where, and what calls what."""

from pathlib import Path

import gradio as gr

from melonnx.demo import cards
from melonnx.demo.actions import TABS, Actions
from melonnx.demo.choice import Choice
from melonnx.demo.limits import Limits
from melonnx.demo.pictures import STAGES
from melonnx.infer.model import MODELS_FOLDER

__all__ = ["SAMPLE", "build_page"]

SAMPLE = MODELS_FOLDER / "sample.mp3"
_SAMPLE_NAME = "Metal madness, by Sectoid"

_VIEW = """() => [
  document.body.classList.contains("dark") ? "dark" : "light",
  window.innerWidth < 700 ? "narrow" : "wide",
].join(" ")"""
"""What the browser says of itself."""


def build_page(choice: Choice, limits: Limits, folder: Path) -> gr.Blocks:
    """The page as Gradio blocks, whose files lie in ``folder``.

    Theme, style and script belong to whoever serves it (:mod:`melonnx.demo.serve`).
    """
    actions = Actions(choice, limits, folder)
    kept = round(limits.keep_minutes * 60)
    with gr.Blocks(
        title="melonnx",
        analytics_enabled=False,
        delete_cache=(min(60, kept), kept),
    ) as page:
        gr.HTML(
            "<h1>melonnx</h1><p>Which genre is it, and why?</p>", elem_id="title"
        )
        model = gr.Dropdown(choice.names, value=choice.names[0], label="Model", render=False)
        with gr.Tab("One song"):
            song, view = _lay_out_song(actions, model)
        with gr.Tab("Several songs"):
            _lay_out_table(actions, model, limits)
        _add_endpoints(actions, song, model)
    page.queue(
        max_size=limits.queue, default_concurrency_limit=limits.concurrency, api_open=False
    )
    return page
