"""Draws two mel spectrograms of each genre side by side."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from melonnx.demo.pictures.stages import plot_mel_image
from melonnx.demo.pictures.style import DARK, LIGHT, colour_bar, grid, heading, set_time_axis
from melonnx.infer.audio.reader import open_audio, require_sound
from melonnx.infer.errors import AudioError, NoMusicError
from melonnx.infer.explain.stages import Listener, Raster
from melonnx.infer.frontend.mel import MelSpec, mel_power
from melonnx.infer.library.find import find_music

__all__ = ["Example", "draw_gallery", "find_examples"]

_SPEC = MelSpec(hop_length=512)
_SECONDS = 30.0
_EXAMPLES = 2


@dataclass(frozen=True)
class Example:
    """One song of a genre."""

    name: str
    mel_spectrogram: Raster
    duration_s: float


def find_examples(root: Path, say: Callable[[str], None]) -> dict[str, list[Example]]:
    """Two songs of each folder in ``root``, its name being the genre: their first 30 s at most.

    They are taken from a third and two thirds of the way through the sorted files; the next
    one is taken where a file is no music, and ``say`` is told so. Raises NoMusicError where
    ``root`` has no folder with music.
    """
    try:
        folders = sorted(path for path in root.iterdir() if path.is_dir())
    except OSError as error:
        raise NoMusicError(f"{root}: cannot be listed ({error.strerror})") from None
    found: dict[str, list[Example]] = {}
    for folder in folders:
        try:
            songs = find_music(folder)
        except NoMusicError:
            continue
        examples = _examples(songs, say)
        if examples:
            found[folder.name] = examples
    if not found:
        raise NoMusicError(f"{root}: has no folders of music, one for each genre")
    return found


def draw_gallery(examples: dict[str, list[Example]], *, dark: bool = False) -> Figure:
    """One row a genre; the time axes are as long as the longest song."""
    style = DARK if dark else LIGHT
    figure, rows = grid(len(examples), _EXAMPLES, style)
    longest = max(one.duration_s for songs in examples.values() for one in songs)
    for row, (genre, songs) in zip(rows, examples.items(), strict=True):
        for axes in row[len(songs) :]:
            axes.set_visible(False)
        for axes, song in zip(row, songs, strict=False):
            image = plot_mel_image(axes, song.mel_spectrogram, style.heat)
            set_time_axis(axes, longest)
            last = row is rows[-1]
            axes.tick_params(labelbottom=last, labelleft=axes is row[0])
            axes.set_xlabel(axes.get_xlabel() if last else "")
            axes.set_ylabel("Hz" if axes is row[0] else "")
            if row is rows[0] and song is songs[-1]:
                colour_bar(axes, image, "dB", style)
        heading(row[0], genre, style)
    return figure


def _examples(songs: list[Path], say: Callable[[str], None]) -> list[Example]:
    third = len(songs) // 3
    taken: list[Example] = []
    for song in dict.fromkeys((songs[third], songs[2 * third], *songs)):
        try:
            taken.append(_example(song))
        except AudioError as error:
            say(f"left out: {error}")
        if len(taken) == _EXAMPLES:
            break
    return taken


def _example(song: Path) -> Example:
    listener = Listener(_SPEC.sample_rate, _SPEC)
    with open_audio(song, _SPEC.sample_rate, duration=_SECONDS) as reader:
        for _ in listener.mel(mel_power(reader, _SPEC)):
            pass
        require_sound(reader, _SPEC.n_fft)
    return Example(song.name, listener.mel_spectrogram, reader.duration_s)
