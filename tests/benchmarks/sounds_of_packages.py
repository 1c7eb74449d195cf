"""Makes the folders of sounds that are no music, for ``--not-music``, of Debian's packages.

    apt-get download PACKAGE && dpkg -x PACKAGE_*.deb UNPACKED/PACKAGE   # each of those below
    python -m tests.benchmarks.sounds_of_packages UNPACKED LEARNT KEPT

Short files of one folder are joined, with pauses, to clips of 6 to 20 s at 22,050 Hz. ``LEARNT``
gets a folder for each speaker or kind that models learn from, ``KEPT`` those that only
``tests.benchmarks.not_music`` asks of. Noises are made by ``melonnx.train.data.noises``, not here.

The packages, versions as of Debian 12, and the licences of their sounds:

- ``asterisk-core-sounds-en-wav``, ``-es-wav``, ``-fr-wav``, ``-it-wav``, ``-ru-wav`` 1.6.1: prompts
  of a telephone exchange (CC BY-SA 3.0);
- ``klettres-data`` 22.12: letters and syllables read in many languages (GPL 2 or later);
- ``wesnoth-1.16-data`` 1.16.9: effects of a game (GPL 2 or later, CC BY-SA 4.0 for some);
- ``hedgewars-data`` 1.0.2: voices and effects of a game (GPL 2, GFDL 1.2 for some).
"""

import sys
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from melonnx.infer.audio.reader import load_audio
from melonnx.infer.errors import AudioError

_RATE = 22050
_SECONDS = 6.0, 20.0
_PAUSE_S = 0.1, 0.6
_LONGEST_S = 30.0
"""Of a file that is taken: those of games that are longer may be music."""
_CLIPS = 60
_SUFFIXES = {".wav", ".ogg"}

_LEARNT = {
    "prompts-en": "asterisk-core-sounds-en-wav/**/en_US_f_Allison/*",
    "prompts-en-digits": "asterisk-core-sounds-en-wav/**/en_US_f_Allison/[dlp]*/*",
    "prompts-es": "asterisk-core-sounds-es-wav/**/es_MX_f_Allison/*",
    "prompts-es-digits": "asterisk-core-sounds-es-wav/**/es_MX_f_Allison/[dlp]*/*",
    "letters-ml": "klettres-data/**/ml/*/*",
    "letters-romance": "klettres-data/**/[efip][rst]*/*/*",
    "letters-slavic": "klettres-data/**/[clru]*/*/*",
    "letters-germanic": "klettres-data/**/[dn]*/*/*",
    "effects": "wesnoth-1.16-data/**/core/sounds/*",
    "ambience": "wesnoth-1.16-data/**/core/sounds/ambient/*",
}
_KEPT = {
    "prompts-fr": "asterisk-core-sounds-fr-wav/**/fr_CA_f_June/*",
    "prompts-it": "asterisk-core-sounds-it-wav/**/it_IT_m_Carlo/*",
    "prompts-ru": "asterisk-core-sounds-ru-wav/**/ru_RU_f_IvrvoiceRU/*",
    "game-voices": "hedgewars-data/**/voices/[BCDHMPR]*/*",
    "game-effects": "hedgewars-data/**/Sounds/*",
}

Samples = NDArray[np.float32]


def main(unpacked: str, learnt: str, kept: str) -> None:
    """Write both folders and print how many clips each kind has."""
    for patterns, out in ((_LEARNT, Path(learnt)), (_KEPT, Path(kept))):
        for kind, pattern in patterns.items():
            paths = sorted(p for p in Path(unpacked).glob(pattern) if p.suffix in _SUFFIXES)
            rng = np.random.default_rng(zlib.crc32(kind.encode()))
            folder = out / kind
            folder.mkdir(parents=True, exist_ok=True)
            n_clips = 0
            for clip in _clips(paths, rng):
                soundfile.write(folder / f"{kind}-{n_clips:03}.flac", clip, _RATE)
                n_clips += 1
            print(f"{out.name}/{kind}: {n_clips} clips of {len(paths)} files", flush=True)


def _clips(paths: Sequence[Path], rng: np.random.Generator) -> Iterator[Samples]:
    """At most so many clips, each of files drawn by chance."""
    sounds = [sound for path in paths if (sound := _read(path)) is not None]
    for _ in range(_CLIPS if sounds else 0):
        wanted = int(rng.uniform(*_SECONDS) * _RATE)
        parts: list[Samples] = []
        while sum(map(len, parts)) < wanted:
            pause = np.zeros(int(rng.uniform(*_PAUSE_S) * _RATE), np.float32)
            parts += [sounds[rng.integers(len(sounds))], pause]
        clip = np.concatenate(parts)[:wanted]
        yield clip / max(1.0, float(np.abs(clip).max()))


def _read(path: Path) -> Samples | None:
    try:
        sound = load_audio(path, _RATE)
    except AudioError:
        return None
    return sound if len(sound) <= _LONGEST_S * _RATE and np.abs(sound).max() > 0 else None


if __name__ == "__main__":
    main(*sys.argv[1:])
