"""The command ``melonnx listen``."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from melonnx.infer.cli.options import Device, Genres, Model, Sure, Threads, Track
from melonnx.infer.cli.shell import complete
from melonnx.infer.results.listing import say

if TYPE_CHECKING:
    from melonnx.infer.arrays import Waveform
    from melonnx.infer.prediction import Prediction
    from melonnx.infer.stream import Stream

__all__ = ["app"]

app = typer.Typer()


@app.command()
def listen(
    source: Annotated[
        str,
        typer.Argument(metavar="FILE|-", help="An audio file; - for raw PCM on standard input."),
    ],
    rate: Annotated[
        int, typer.Option(min=1000, max=1_000_000, help="Of -: samples a second.")
    ] = 44100,
    channels: Annotated[int, typer.Option(min=1, max=64, help="Of -: channels.")] = 2,
    encoding: Annotated[
        str,
        typer.Option(
            help="Of -: s16le or f32le.", autocompletion=complete.one_of("s16le", "f32le")
        ),
    ] = "s16le",
    realtime: Annotated[
        bool, typer.Option("--realtime", help="Of FILE: no faster than it sounds.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    top: Annotated[
        int | None,
        typer.Option(min=1, help="Genres to name: 3 by default, 5 on a terminal, all with --json."),
    ] = None,
    tags: Annotated[
        bool,
        typer.Option(
            "--tags",
            help="In lines: mood, energy, valence and tags, too, of a model that knows. JSON and "
            "the display have them always.",
        ),
    ] = False,
    length: Annotated[float, typer.Option(min=1, help="Seconds that an answer rests on.")] = 30.0,
    hop: Annotated[float, typer.Option(min=0.1, help="Seconds between answers.")] = 3.0,
    track: Track = None,
    sure: Sure = 90,
    model: Model = None,
    device: Device = "auto",
    threads: Threads = None,
    genres: Genres = None,
) -> None:
    """Tell the genre of what is playing, as it plays.

    A live display on a terminal; elsewhere a line for each answer. Ends with the sound or with
    Ctrl-C, and says what was heard.

    A radio: ffmpeg -i URL -f s16le -ac 2 -ar 44100 - | melonnx listen -
    """
    from melonnx.infer.audio.pcm import ENCODINGS, read_pcm
    from melonnx.infer.audio.reader import open_audio
    from melonnx.infer.cli.live import Display, print_stream_lines
    from melonnx.infer.explain.stretches import Stretches
    from melonnx.infer.predictor import Predictor
    from melonnx.infer.wanted import read_genre_list

    if encoding not in ENCODINGS:
        raise typer.BadParameter(f"one of {', '.join(ENCODINGS)}", param_hint="--encoding")
    from_pipe = source == "-"
    if from_pipe and (sys.stdin is None or sys.stdin.isatty()):
        raise typer.BadParameter("pipe raw PCM into it, or name a file", param_hint="-")
    if from_pipe and track is not None:
        raise typer.BadParameter("goes with a file", param_hint="--track")
    wanted = None if genres is None else read_genre_list(genres)
    predictor = Predictor(model, device, threads, sure=sure, genres=wanted)  # type: ignore[arg-type]
    if tags and not predictor.info.heads:
        name = f"{predictor.info.name} {predictor.info.version}"
        raise typer.BadParameter(f"{name} tells genres only", param_hint="--tags")
    stretches = Stretches()
    live = sys.stdout.isatty() and not as_json
    with ExitStack() as resources:
        if from_pipe:
            name, reader = "<stdin>", None
            blocks: Iterable[Any] = read_pcm(sys.stdin.buffer, rate, channels, encoding, name)
        else:
            name, reader = source, resources.enter_context(open_audio(source, None, track=track))
            rate = reader.sample_rate
            blocks = _paced(reader, rate) if realtime else reader
        kept = top if as_json else None
        try:
            stream = predictor.stream(rate, length=length, hop=hop, top=kept, name=name)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        heard = _hear(stream, blocks)
        try:
            if live:
                with Display(name, predictor.genres, top or 5) as display:
                    display.show(heard, stretches)
            else:
                print_stream_lines(heard, stretches, top or 3, as_json=as_json, tags=tags)
        except KeyboardInterrupt:  # the usual end of a radio
            pass
        for warning in reader.warnings if reader else ():
            say(f"{name}: {warning}")
    print(stretches.summary(), file=sys.stdout if live else sys.stderr)


def _hear(stream: "Stream", blocks: Iterable[Any]) -> Iterator[tuple[float, list["Prediction"]]]:
    """Yield after each block the seconds heard so far, and the predictions that it completed."""
    for block in blocks:
        predictions = stream.push(block)
        yield stream.heard_s, predictions
    last = stream.close()
    yield stream.heard_s, [last] if last else []


def _paced(blocks: Iterable["Waveform"], rate: int) -> Iterator["Waveform"]:
    """Hold each sample back until it would have sounded."""
    from time import monotonic, sleep

    from melonnx.infer.audio.pcm import BLOCK_S

    begin, n_samples, size = monotonic(), 0, max(1, round(rate * BLOCK_S))
    for block in blocks:
        for at in range(0, len(block), size):
            part = block[at : at + size]
            n_samples += len(part)
            sleep(max(0.0, begin + n_samples / rate - monotonic()))
            yield part
