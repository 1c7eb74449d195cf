"""The page's layout: what stands where, and what calls what."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from melonnx.demo.page.actions import TABS, Actions
from melonnx.demo.page.cards import answers
from melonnx.demo.page.cards.why import BUSY
from melonnx.demo.page.limits import Limits
from melonnx.demo.page.models import RATES, Choice
from melonnx.demo.page.threads import on_workers
from melonnx.demo.page.visitors import remember_little
from melonnx.demo.pictures.song import STAGES
from melonnx.demo.songs import EXAMPLES
from melonnx.infer.library.find import AUDIO_SUFFIXES
from melonnx.infer.model.metadata import DEFAULT_SURE

__all__ = ["build_page"]

_Work = Callable[[Callable[..., Any]], Callable[..., Any]]

_VIEW = """[
  document.body.classList.contains("dark") ? "dark" : "light",
  window.innerWidth < 700 ? "narrow" : "wide",
].join(" ")"""
"""What the browser says of itself, for pictures that suit it."""

_ASKING = f"""() => [
  {json.dumps(BUSY)},
  {{__type__: "update", value: "Asking …", interactive: false}},
]"""
_ASKED = """(why) => {
  // The button, which could not keep the focus, hands it on to what it was pressed for.
  setTimeout(() => document.querySelector("#why .card")?.focus({preventScroll: true}), 100);
  const failed = why?.includes("card busy");
  return [failed ? "" : why, {__type__: "update", value: "Ask why", interactive: true}];
}"""


def build_page(choice: Choice, limits: Limits, folder: Path) -> gr.Blocks:
    """The page as Gradio blocks, whose files lie in ``folder``.

    Theme, style and script belong to whoever serves it (:mod:`melonnx.demo.page.serving`).
    """
    actions = Actions(choice, limits, folder)
    work = partial(on_workers, ThreadPoolExecutor(limits.concurrency, "melonnx-page"))
    with gr.Blocks(title="melonnx", analytics_enabled=False) as page:
        with gr.Row(elem_id="top"):
            _html("title", "<h1>melonnx</h1><p>Which genre is it, and why?</p>")
            model = gr.Dropdown(
                [(choice.describe(name), name) for name in choice.names],
                value=choice.names[0],
                label="Model",
                elem_id="model",
                filterable=False,
                min_width=160,
            )
            sure = gr.Dropdown(
                [(f"{rate}% of cases", rate) for rate in RATES],
                value=DEFAULT_SURE,
                label="Sure: right in",
                elem_id="sure",
                filterable=False,
                min_width=160,
            )
        with gr.Accordion("Which genres it may be", open=False, elem_id="which"):
            genres = gr.CheckboxGroup(
                choice.genres, label="Only those that are ticked; with none, all", elem_id="genres"
            )
        settings = model, sure, genres
        with gr.Tabs():
            with gr.Tab("One song"):
                song = _lay_out_song(actions, work, *settings)
            with gr.Tab("Several songs"):
                _lay_out_table(actions, work, *settings)
        gr.on(
            [page.load, model.change],
            work(actions.offer),
            [model, sure],
            sure,
            concurrency_id="network",
            api_visibility="private",
            show_progress="hidden",
        )
        _add_endpoints(actions, work, song, model)
    page.queue(max_size=limits.queue, default_concurrency_limit=limits.concurrency, api_open=False)
    remember_little(page, limits.queue + limits.concurrency)
    return page


def _lay_out_song(
    actions: Actions,
    work: _Work,
    model: gr.Dropdown,
    sure: gr.Dropdown,
    genres: gr.CheckboxGroup,
) -> gr.Audio:
    view = gr.Textbox(visible=False)
    with gr.Row(equal_height=False):
        with gr.Column(min_width=320):
            song = gr.Audio(
                sources=["upload", "microphone"],
                type="filepath",
                label="Song",
                elem_id="song",
                editable=False,
                buttons=[],
                waveform_options=gr.WaveformOptions(show_recording_waveform=False),
            )
            _html("microphone", '<div class="told"></div>')
            timeline = _html("timeline")
            _html("try", "<h2>Or try one of these</h2>")
            with gr.Row(elem_id="examples"):
                examples = [
                    gr.Button(f"{one.title}\n{one.artist}", size="sm", min_width=120)
                    for one in EXAMPLES
                ]
        with gr.Column(min_width=320):
            answer = _html("answer", answers.idle(actions.limits))
    with gr.Column(visible=False, elem_id="below") as below:
        overlay = gr.Checkbox(
            label="Lay over it what spoke for the genre, and against it",
            elem_id="overlay",
            render=False,
        )
        pictures = []
        with gr.Tabs(elem_id="stages"):
            for stage, name in TABS.items():
                with gr.Tab(name):
                    if stage == "mel":
                        overlay.render()
                    pictures.append(_html(f"picture-{stage}"))
        with gr.Row(elem_id="ask", equal_height=True):
            against = gr.Dropdown(
                [], label="Why this genre, and not", elem_id="against", filterable=False
            )
            ask = gr.Button("Ask why", variant="primary", elem_id="ask-why")
        why = _html("why")

    how: Any = {
        "concurrency_id": "network",
        "api_visibility": "private",
        "show_progress": "minimal",
    }
    gr.on(
        [song.change, model.change, sure.input, genres.input],
        work(actions.show),
        [song, model, sure, view, overlay, genres],
        [answer, timeline, below, against, why, *pictures],
        js=f"""(song, model, sure, view, overlay, genres) =>
            [song, model, sure, {_VIEW}, overlay, genres]""",
        show_progress_on=[answer],
        trigger_mode="always_last",
        **how,
    )
    overlay.change(
        work(actions.switch),
        [song, model, view, overlay, genres],
        pictures[list(TABS).index("mel")],
        js=f"(song, model, view, overlay, genres) => [song, model, {_VIEW}, overlay, genres]",
        trigger_mode="always_last",
        **how,
    )
    # The first and the last step are the browser's own: there is no waiting for them.
    here: Any = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
    ask.click(None, None, [why, ask], js=_ASKING, **here).then(
        work(lambda song, *others: actions.ask(song and song["path"], *others)),
        [song, model, view, against, genres],
        why,
        js=f"(song, model, view, against, genres) => [song, model, {_VIEW}, against, genres]",
        api_name="ask",
        preprocess=False,  # else a genre is refused once Gradio has forgotten what it had offered
        concurrency_id="network",
        api_visibility="private",
        show_progress="hidden",
    ).then(None, why, [why, ask], js=_ASKED, **here)
    for example, button in zip(EXAMPLES, examples, strict=True):
        path = str(example.path)
        button.click(partial(str, path), None, song, api_visibility="private", queue=False)
    return song


def _lay_out_table(
    actions: Actions,
    work: _Work,
    model: gr.Dropdown,
    sure: gr.Dropdown,
    genres: gr.CheckboxGroup,
) -> None:
    limits = actions.limits
    songs = gr.File(
        file_count="multiple",
        file_types=["audio", *sorted(AUDIO_SUFFIXES)],
        label=f"Songs: {limits.files} at most, {limits.file_mb} MB each",
        elem_id="songs",
        height=180,
    )
    _html("add", '<button type="button">Add songs</button>')
    table = _html("table")
    gr.on(
        [songs.change, model.change, sure.input, genres.input],
        work(actions.show_table),
        [songs, model, sure, genres],
        table,
        concurrency_id="network",
        api_visibility="private",
        show_progress="minimal",
        trigger_mode="always_last",
    )


def _add_endpoints(actions: Actions, work: _Work, song: gr.Audio, model: gr.Dropdown) -> None:
    """``/classify``, ``/picture`` and ``/explain``, for programs."""
    stage = gr.Dropdown([*STAGES, "all"], value="mel", label="stage", visible=False)
    against = gr.Textbox("", label="against", visible=False)
    dark = gr.Checkbox(value=False, label="dark", visible=False)
    answer = gr.JSON(label="answer", visible=False)
    explanation = gr.JSON(label="explanation", visible=False)
    file = gr.File(label="picture", visible=False)
    sure = gr.Number(DEFAULT_SURE, label="sure", precision=0, visible=False)
    _endpoint("classify", work(actions.classify), [song, model, sure], answer)
    _endpoint("picture", work(actions.picture), [song, stage, model, dark, sure, against], file)
    _endpoint("explain", work(actions.explain), [song, against, model, sure], explanation)


def _endpoint(name: str, call: Callable[..., Any], inputs: list[Any], output: Component) -> None:
    hidden = gr.Button(visible=False)
    hidden.click(call, inputs, output, api_name=name, concurrency_id="network")


def _html(name: str, value: str = "") -> gr.HTML:
    return gr.HTML(value, elem_id=name, apply_default_css=False)
