"""What happens on the page: a method for each button, and for each endpoint."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import gradio as gr
from matplotlib.figure import Figure

from melonnx.demo.page.analysis import EvidenceMaps, classify, classify_each, hear, to_csv
from melonnx.demo.page.cards import answers, why
from melonnx.demo.page.limits import Limits
from melonnx.demo.page.models import Choice
from melonnx.demo.pictures.song import Stage, draw, draw_all, to_png
from melonnx.infer.errors import MelonnxError
from melonnx.infer.explain.examine import Examined
from melonnx.infer.explain.explanation import Place, explain, rival_of
from melonnx.infer.model.metadata import DEFAULT_SURE
from melonnx.infer.predictor import Predictor
from melonnx.infer.timeline import places

__all__ = ["TABS", "Actions"]

TABS: dict[Stage, str] = {
    "mel": "Mel",
    "spectrogram": "Spectrogram",
    "waveform": "Waveform",
    "periodogram": "Periodogram",
}
"""The stages that the page shows, and what it calls them."""

_OVER_TIME = ("mel", "evidence", "spectrogram", "waveform")
_WIDE, _NARROW = 9.0, 4.6
"""Inches: on a telephone, letters are as large as on a screen."""
_DPI = 130.0


@dataclass(frozen=True)
class Actions:
    """What the page does with the models of ``choice``, within ``limits``.

    ``song`` is the path of an upload. ``view`` is what the browser says of itself: "dark" and
    "narrow" are in it, or are not.
    """

    choice: Choice
    limits: Limits
    folder: Path
    """Of uploads, and of what is sent back as a file."""
    maps: EvidenceMaps = field(default_factory=EvidenceMaps)

    def offer(self, model: str, sure: int | None) -> Any:
        """The rates that ``model`` has, for the setting of how sure; hidden where there is one."""
        rates = self.choice.rates(model)
        return gr.update(
            choices=[(f"{rate}% of cases", rate) for rate in rates],
            value=self.choice.nearest_rate(model, sure),
            visible=len(rates) > 1,
        )

    def show(
        self,
        song: str | None,
        model: str,
        sure: int | None,
        view: str,
        overlay: bool,
        genres: Sequence[str] | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """The answer as soon as it is there, then the pictures one by one.

        ``genres``: the only ones that may be answers; none for all.

        Yields (answer, timeline, what is below them, genres to ask against, why, then a picture
        for each of ``TABS``).
        """
        if song is None:
            yield self._instead(answers.idle(self.limits))
            return
        try:
            predictor = self.choice.predictor(model)
            rate = self.choice.nearest_rate(model, sure)
            among = self.choice.among(model, genres)
            examined = hear(among, Path(song), self.limits, rate)
        except MelonnxError as error:
            yield self._instead(answers.problem(str(error)))
            return
        prediction, info = examined.prediction, predictor.info
        others = list(prediction.probabilities)[1:]
        heard = places(examined.heard, info, prediction.duration_s)
        yield (
            answers.answer(
                *(prediction, info.bars_at(rate).get(prediction.label or "", 0.0)),
                *(info.genres, heard),
            ),
            answers.timeline(prediction, info.genres, heard),
            gr.update(visible=True),
            gr.update(choices=others, value=others[0], label=f"Why {prediction.label}, and not"),
            "",
            *[""] * len(TABS),
        )
        for number, stage in enumerate(TABS):
            shown: list[Any] = [gr.skip()] * len(TABS)
            which = "evidence" if overlay and stage == "mel" else stage
            shown[number] = self._picture(predictor, Path(song), examined, which, view)
            yield *[gr.skip()] * 5, *shown

    def _instead(self, card: str) -> tuple[Any, ...]:
        """Only ``card``."""
        nothing = [""] * len(TABS)
        return card, "", gr.update(visible=False), gr.skip(), "", *nothing

    def switch(
        self,
        song: str | None,
        model: str,
        view: str,
        overlay: bool,
        genres: Sequence[str] | None = None,
    ) -> Any:
        """The mel spectrogram, with the evidence laid over it or without."""
        if song is None:
            return gr.skip()
        with _in_words():
            predictor = self.choice.predictor(model)
            rate = self.choice.nearest_rate(model, None)  # which is not in the picture
            among = self.choice.among(model, genres)
            examined = hear(among, Path(song), self.limits, rate)
            stage = "evidence" if overlay else "mel"
            return self._picture(predictor, Path(song), examined, stage, view)

    def ask(
        self,
        song: str | None,
        model: str,
        view: str,
        against: str | None,
        genres: Sequence[str] | None = None,
    ) -> str:
        """Why, in words, numbers and a picture of the evidence."""
        if song is None:
            return ""
        try:
            predictor, path = self.choice.predictor(model), Path(song)
            rate = self.choice.nearest_rate(model, None)  # which is not in the words
            among = self.choice.among(model, genres)
            examined = hear(among, path, self.limits, rate)
            evidence = self.maps.of(predictor, path, examined)
            explanation = explain(predictor, examined, evidence, against=against or None)
            shown = why.shown_places(explanation)
            drawn = self._picture(
                predictor, path, examined, "evidence", view, explanation.rival, shown
            )
        except MelonnxError as error:
            return answers.problem(str(error))
        return why.why(explanation, drawn, of_all=len(among.genres) < len(predictor.genres))

    def show_table(
        self,
        songs: list[str] | None,
        model: str,
        sure: int | None,
        genres: Sequence[str] | None = None,
    ) -> Iterator[str]:
        """The table, row by row."""
        paths = [Path(song) for song in songs or ()]
        if not paths:
            yield ""
            return
        if len(paths) > self.limits.files:
            most = self.limits.files
            yield answers.problem(f"{len(paths)} files are too many at once: {most} at most")
            return
        rows = []
        rate = self.choice.nearest_rate(model, sure)
        try:
            predictor = self.choice.among(model, genres)
        except MelonnxError as error:
            yield answers.problem(str(error))
            return
        for row in classify_each(predictor, paths, self.limits, rate):
            rows.append(row)
            csv = to_csv(rows, predictor.info) if len(rows) == len(paths) else None
            yield answers.table(rows, len(paths), csv, predictor.info.genres)

    def classify(self, song: str, model: str, sure: int | None) -> dict[str, Any]:
        """The genre of a song: the JSON of ``melonnx classify --json``, its name as ``song``.

        ``sure``: so many percent of the answers that are not unsure are right, as far as the
        model's file has it.
        """
        with _in_words():
            predictor, rate = self.choice.predictor(model), sure or DEFAULT_SURE
            return _with_name(classify(predictor, _given(song), self.limits, rate).to_dict())

    def picture(
        self,
        song: str,
        stage: Stage | Literal["all"] | None,
        model: str,
        dark: bool,
        sure: int | None,
        against: str = "",
    ) -> str:
        """A picture of a song: a PNG file.

        ``stage``: one, or "all" below each other. ``against``: evidence against this genre; "" for
        all others.
        """
        stage, rival = stage or "mel", against or None
        with _in_words():
            predictor, path = self.choice.predictor(model), _given(song)
            examined = hear(predictor, path, self.limits, sure or DEFAULT_SURE)
            if rival is not None:
                rival_of(examined, rival)
            if stage == "all":
                evidence = self.maps.of(predictor, path, examined)
                figure = draw_all(examined, evidence, against=rival, dark=bool(dark), width=_WIDE)
            else:
                figure = self._draw(predictor, path, examined, stage, "dark" if dark else "", rival)
        place = self.folder / secrets.token_hex(16)
        place.mkdir(parents=True)
        (place / f"{stage}.png").write_bytes(to_png(figure, _DPI))
        return str(place / f"{stage}.png")

    def explain(self, song: str, against: str, model: str, sure: int | None) -> dict[str, Any]:
        """Why a song has its genre: the JSON of ``melonnx explain --json``, its name as ``song``.

        ``against``: a genre, or "" for the runner-up.
        """
        with _in_words():
            predictor, path = self.choice.predictor(model), _given(song)
            examined = hear(predictor, path, self.limits, sure or DEFAULT_SURE)
            evidence = self.maps.of(predictor, path, examined)
            explanation = explain(predictor, examined, evidence, against=against or None)
            return _with_name(explanation.to_dict())

    def _picture(
        self,
        predictor: Predictor,
        song: Path,
        examined: Examined,
        stage: Stage,
        view: str,
        against: str | None = None,
        marked: Sequence[Place] = (),
    ) -> str:
        figure = self._draw(predictor, song, examined, stage, view, against, marked)
        box = figure.axes[0].get_position()
        duration_s = examined.prediction.duration_s if stage in _OVER_TIME else 0.0
        text = f"{TABS.get(stage, 'Evidence')} of {song.name}"
        return answers.picture(
            to_png(figure, _DPI), text, (box.x0, box.y0, box.x1, box.y1), duration_s
        )

    def _draw(
        self,
        predictor: Predictor,
        song: Path,
        examined: Examined,
        stage: Stage,
        view: str,
        against: str | None = None,
        marked: Sequence[Place] = (),
    ) -> Figure:
        evidence = self.maps.of(predictor, song, examined) if stage == "evidence" else None
        view = view or ""
        width = _NARROW if "narrow" in view else _WIDE
        return draw(
            *(stage, examined, evidence), against=against, dark="dark" in view, width=width,
            marked=marked,
        )  # fmt: skip


def _with_name(values: dict[str, Any]) -> dict[str, Any]:
    """Gradio's client takes whatever has a ``path`` for a file, and fetches it."""
    return {"song": values.pop("path"), **values}


def _given(song: str | None) -> Path:
    if not song:
        raise MelonnxError("no song was sent")
    return Path(song)


@contextmanager
def _in_words() -> Iterator[None]:
    """Our errors as Gradio's, which are shown; of others, the page says only that they were."""
    try:
        yield
    except MelonnxError as error:
        raise gr.Error(str(error), print_exception=False) from None
